//! The smallest answer that the contract allows.

use serde_json::{Map, Value, json};

use super::Good;
use super::facts::{Facts, has};

/// Requirements that lead deeper than this lead in a circle.
const DEEPEST: usize = 8;

/// The lowest success code of an operation, and a body with nothing in it but what is required.
pub(super) fn smallest(facts: &Facts, operation: &Value) -> Good {
    let answers = operation["responses"].as_object().into_iter().flatten();
    let success = answers.filter_map(|(code, schema)| Some((code.parse::<u16>().ok()?, schema)));
    let lowest = success.filter(|(code, _)| (200..300).contains(code)).min_by_key(|(code, _)| *code);
    let (status, schema) = lowest.unwrap_or((200, &Value::Null));
    match schema {
        Value::Null => Good { status, kind: None, body: String::new() },
        _ if has(&operation["produces"], "text/csv") => {
            Good { status, kind: Some("text/csv"), body: "column\r\n".to_owned() }
        }
        schema => {
            let body = value(facts, schema, 0).to_string();
            Good { status, kind: Some("application/json"), body }
        }
    }
}

fn value(facts: &Facts, schema: &Value, depth: usize) -> Value {
    let schema = facts.resolve(schema);
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("string") => json!(text(schema["format"].as_str())),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(0)),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        _ if depth > DEEPEST => json!({}),
        _ => required(facts, schema, depth),
    }
}

fn required(facts: &Facts, schema: &Value, depth: usize) -> Value {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let needed = properties.filter(|(name, _)| has(&schema["required"], name));
    let object: Map<String, Value> =
        needed.map(|(name, property)| (name.clone(), value(facts, property, depth + 1))).collect();
    Value::Object(object)
}

fn text(format: Option<&str>) -> &'static str {
    match format {
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        Some("date") => "2026-01-01",
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("email") => "somebody@example.com",
        _ => "",
    }
}
