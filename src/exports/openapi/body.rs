//! What travels in the body: the input without what the address takes, each property in the form it has on the wire.
//!
//! A condition stays only if every property that it names is in the body; what is lost that way is said in words.

use serde_json::{Map, Value, json};

use crate::catalog::model::Action;

/// Keywords of the input's root that speak of properties together.
const CONDITIONS: [&str; 7] =
    ["anyOf", "oneOf", "not", "dependentRequired", "dependentSchemas", "minProperties", "maxProperties"];

/// The request body, where the action has one.
pub(super) fn request_body(action: &Action) -> Option<Value> {
    let (media, schema, required) = match action.call.body.as_str() {
        "none" => return None,
        "rest" => ("application/json", rest(action), true),
        "multipart" => ("multipart/form-data", rest(action), true),
        name => ("application/json", property(action, name, &action.input["properties"][name]), requires(action, name)),
    };
    if schema["properties"].as_object().is_some_and(Map::is_empty) {
        return None;
    }
    let mut content = json!({ "schema": schema });
    if media == "multipart/form-data" {
        content["encoding"] = lists(&schema);
    }
    Some(json!({ "required": required, "content": { media: content } }))
}

/// Sentences of the conditions that the body's schema cannot hold.
pub(super) fn said_elsewhere(action: &Action) -> Vec<String> {
    let sentences = action.input["x-message"].as_object().into_iter().flatten();
    let lost = sentences.filter(|(keyword, _)| !holds(action, keyword));
    lost.filter_map(|(_, sentence)| sentence.as_str()).map(str::to_owned).collect()
}

fn requires(action: &Action, name: &str) -> bool {
    action.input["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name))
}

/// Whether a property of the input travels in the body: neither the path nor the query takes it.
fn in_body(action: &Action, name: &str) -> bool {
    let call = &action.call;
    !call.path_variables().any(|v| v == name) && !call.query.iter().any(|q| q.property() == name)
}

/// The input's schema with only those properties that travel in the body.
fn rest(action: &Action) -> Value {
    let mut out = Map::new();
    for (key, value) in action.input.as_object().into_iter().flatten() {
        let value = match (key.as_str(), value) {
            ("properties", Value::Object(all)) => {
                let kept = all.iter().filter(|(name, _)| in_body(action, name));
                Value::Object(kept.map(|(name, schema)| (name.clone(), property(action, name, schema))).collect())
            }
            ("required", Value::Array(names)) => {
                let kept = names.iter().filter(|name| name.as_str().is_some_and(|name| in_body(action, name)));
                Value::Array(kept.cloned().collect())
            }
            ("x-message", Value::Object(all)) => {
                let kept = all.iter().filter(|(keyword, _)| holds(action, keyword));
                Value::Object(kept.map(|(keyword, sentence)| (keyword.clone(), sentence.clone())).collect())
            }
            (keyword, _) if CONDITIONS.contains(&keyword) && !holds(action, keyword) => continue,
            (_, other) => other.clone(),
        };
        let hollow = value.as_array().is_some_and(Vec::is_empty)
            || key == "x-message" && value.as_object().is_some_and(Map::is_empty);
        if !hollow {
            out.insert(key.clone(), value);
        }
    }
    Value::Object(out)
}

/// Whether the body's schema can hold that condition of the input's root.
fn holds(action: &Action, keyword: &str) -> bool {
    let names = named(keyword, &action.input[keyword]);
    let whole = matches!(action.call.body.as_str(), "rest" | "multipart");
    whole && !names.is_empty() && names.iter().all(|name| in_body(action, name))
}

/// Every property that a condition names, wherever in it.
fn named(keyword: &str, condition: &Value) -> Vec<String> {
    match (keyword, condition) {
        ("required", Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        ("properties", Value::Object(all)) => all.keys().cloned().collect(),
        ("anyOf" | "oneOf" | "allOf", Value::Array(all)) => all.iter().flat_map(|one| named("not", one)).collect(),
        ("not", Value::Object(all)) => all.iter().flat_map(|(keyword, inner)| named(keyword, inner)).collect(),
        ("dependentRequired", Value::Object(all)) => dependent(all, "required"),
        ("dependentSchemas", Value::Object(all)) => dependent(all, "not"),
        _ => Vec::new(),
    }
}

fn dependent(all: &Map<String, Value>, keyword: &str) -> Vec<String> {
    let others = all.values().flat_map(|value| named(keyword, value));
    all.keys().cloned().chain(others).collect()
}

/// A property in the form in which it travels; its words stay with it.
fn property(action: &Action, name: &str, schema: &Value) -> Value {
    let is_file = action.call.body == "multipart" && !schema["properties"]["content_base64"].is_null();
    let mut out = match action.call.encode.get(name).and_then(Value::as_str) {
        Some("json") => json!({ "type": "string", "contentMediaType": "application/json", "contentSchema": schema }),
        Some("string") => json!({ "type": "string", "examples": texts(&schema["examples"]) }),
        _ if is_file => json!({ "type": "string", "contentMediaType": "application/octet-stream" }),
        _ => return schema.clone(),
    };
    for word in ["title", "description", "x-ui"] {
        if let Some(value) = schema.get(word) {
            out[word] = value.clone();
        }
    }
    out
}

fn texts(values: &Value) -> Vec<String> {
    let values = values.as_array().into_iter().flatten();
    values.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}

/// Lists are one part of a multipart body, with commas.
fn lists(schema: &Value) -> Value {
    let parts = schema["properties"].as_object().into_iter().flatten().filter(|(_, part)| part["type"] == "array");
    parts.map(|(name, _)| (name.clone(), json!({ "style": "form", "explode": false }))).collect()
}
