//! A JSON body against the contract's definitions.

use serde_json::{Map, Value};

use super::facts::{Facts, has};
use super::{formats, text};

/// Checks a value and all that is in it; its depth is that of the value, which the JSON reader has limited.
pub(crate) fn check(facts: &Facts, schema: &Value, value: &Value, at: &str, say: &mut Vec<String>) {
    let schema = facts.resolve(schema);
    let kind = schema["type"].as_str().or_else(|| schema.get("properties").map(|_| "object"));
    if let Some(kind) = kind.filter(|kind| !is(value, kind)) {
        return say.push(format!("{at}: is not of the type {kind}"));
    }
    let choices = &schema["enum"];
    if choices.as_array().is_some_and(|choices| !choices.contains(value)) {
        say.push(format!("{at}: is not one of {choices}"));
    }
    match value {
        Value::String(text) => string(schema, text, at, say),
        Value::Number(number) => {
            let format = schema["format"].as_str().unwrap_or_default();
            if !formats::fits(format, &number.to_string()) {
                say.push(format!("{at}: does not have the format {format}"));
            }
            text::limits(schema, number.as_f64().unwrap_or_default(), at, say);
        }
        Value::Array(items) => array(facts, schema, items, at, say),
        Value::Object(object) => properties(facts, schema, object, at, say),
        Value::Null | Value::Bool(_) => {}
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn string(schema: &Value, text: &str, at: &str, say: &mut Vec<String>) {
    text::length(schema, text, at, say);
    if let Some(format) = schema["format"].as_str().filter(|format| !formats::fits(format, text)) {
        say.push(format!("{at}: does not have the format {format}"));
    }
}

fn array(facts: &Facts, schema: &Value, items: &[Value], at: &str, say: &mut Vec<String>) {
    let count = items.len() as u64;
    if schema["maxItems"].as_u64().is_some_and(|most| count > most) {
        say.push(format!("{at}: {count} items, at most {} are allowed", schema["maxItems"]));
    }
    if schema["minItems"].as_u64().is_some_and(|least| count < least) {
        say.push(format!("{at}: {count} items, at least {} are needed", schema["minItems"]));
    }
    // What the contract says of writing an item (`readOnly`) is a slip where it says the list can be written.
    for (position, item) in items.iter().enumerate() {
        check(facts, &schema["items"], item, &format!("{at}[{position}]"), say);
    }
}

fn properties(facts: &Facts, schema: &Value, object: &Map<String, Value>, at: &str, say: &mut Vec<String>) {
    let known = schema["properties"].as_object().filter(|known| !known.is_empty());
    for name in known.into_iter().flat_map(Map::keys).filter(|name| has(&schema["required"], name)) {
        // Only the service fills a property that is read only, whatever else the contract says of it.
        if !object.contains_key(name) && !read_only(facts, &schema["properties"][name]) {
            say.push(format!("{at}.{name}: is required"));
        }
    }
    for (name, value) in object {
        let at = format!("{at}.{name}");
        match (known.and_then(|known| known.get(name)), schema.get("additionalProperties")) {
            (Some(property), _) => {
                if read_only(facts, property) {
                    say.push(format!("{at}: is read only"));
                }
                check(facts, property, value, &at, say);
            }
            (None, Some(Value::Bool(true))) => {}
            (None, Some(more)) if more.is_object() => check(facts, more, value, &at, say),
            // An object whose properties the contract does not tell may hold anything.
            (None, None) if known.is_none() => {}
            (None, _) => say.push(format!("{at}: is not in the contract")),
        }
    }
}

fn read_only(facts: &Facts, property: &Value) -> bool {
    property["readOnly"] == true || facts.resolve(property)["readOnly"] == true
}
