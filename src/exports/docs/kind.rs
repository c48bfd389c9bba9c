//! What a field may hold, in one cell of a table: its type, its choices with their labels, its limits, its hints.

use serde_json::Value;

use super::super::markdown::{code, text};
use super::fields::Field;

/// What a field may hold, and what a free name must match.
pub(super) fn field_kind(field: &Field<'_>) -> String {
    let name = field.pattern.map(|pattern| format!("; its name matches {}", code(pattern))).unwrap_or_default();
    let deeper = if field.cut { "; holds more, see its schema" } else { "" };
    format!("{}{name}{deeper}", kind(field.schema))
}

/// What a schema allows. Of a list, also what each of its entries may be.
pub(super) fn kind(schema: &Value) -> String {
    let entries = &schema["items"];
    let mut parts = vec![shape(schema)];
    parts.extend(limits(schema, schema));
    parts.extend(limits(entries, schema).into_iter().map(|limit| format!("each {limit}")));
    parts.extend(hints(schema, entries));
    parts.join("; ")
}

fn shape(schema: &Value) -> String {
    let format = schema["format"].as_str().map(|format| format!(" ({format})")).unwrap_or_default();
    match schema["type"].as_str() {
        Some("array") => format!("array of {}", shape(&schema["items"])),
        Some(kind) => format!("{kind}{format}"),
        None => "anything".to_owned(),
    }
}

/// Labels of an entry's choices may stand on the list that holds it.
fn limits(schema: &Value, holder: &Value) -> Vec<String> {
    let mut limits = Vec::new();
    limits.extend(choices(schema, holder));
    limits.extend(schema.get("const").map(|value| format!("always {}", code(&literal(value)))));
    limits.extend(range(schema, ["minimum", "maximum"], ["", ""]));
    limits.extend(schema.get("exclusiveMinimum").map(|limit| format!("more than {limit}")));
    limits.extend(schema.get("exclusiveMaximum").map(|limit| format!("less than {limit}")));
    limits.extend(range(schema, ["minLength", "maxLength"], [" character", " characters"]));
    limits.extend(range(schema, ["minItems", "maxItems"], [" entry", " entries"]));
    limits.extend(range(schema, ["minProperties", "maxProperties"], [" of its fields", " of its fields"]));
    limits.extend(schema["uniqueItems"].as_bool().filter(|unique| *unique).map(|_| "no entry twice".to_owned()));
    limits.extend(schema["pattern"].as_str().map(|pattern| format!("matches {}", code(pattern))));
    limits.extend(schema.get("default").map(|value| format!("{} by default", code(&literal(value)))));
    limits
}

fn choices(schema: &Value, holder: &Value) -> Option<String> {
    let labels = [&schema["x-ui"]["labels"], &holder["x-ui"]["labels"]];
    let choice = |value: &Value| {
        let value = literal(value);
        let label = labels.iter().find_map(|labels| labels[&value].as_str());
        format!("{}{}", code(&value), label.map(|label| format!(" ({})", text(label))).unwrap_or_default())
    };
    let choices: Vec<String> = schema["enum"].as_array()?.iter().map(choice).collect();
    Some(format!("one of {}", choices.join(", ")))
}

/// Two keywords that bound one thing, and the words for one of it and for several.
fn range(schema: &Value, [low, high]: [&str; 2], [one, many]: [&str; 2]) -> Option<String> {
    let unit = |limit: &Value| if limit.as_u64() == Some(1) { one } else { many };
    match (schema.get(low), schema.get(high)) {
        (Some(low), Some(high)) if low == high => Some(format!("exactly {low}{}", unit(low))),
        (Some(low), Some(high)) => Some(format!("{low} to {high}{many}")),
        (Some(low), None) => Some(format!("at least {low}{}", unit(low))),
        (None, Some(high)) => Some(format!("at most {high}{}", unit(high))),
        (None, None) => None,
    }
}

fn hints(schema: &Value, entries: &Value) -> Vec<String> {
    let lookup = [schema, entries].into_iter().find_map(|holder| holder["x-ui"]["lookup"].as_str());
    let mut hints = Vec::new();
    hints.extend(lookup.map(|lookup| format!("look-up {}", code(lookup))));
    hints.extend(schema["x-ui"]["depends_on"].as_str().map(|other| format!("depends on {}", code(other))));
    if schema["x-ui"]["secret"] == true {
        hints.push("secret".to_owned());
    }
    if schema["x-recursive"] == true {
        hints.push("holds the same again".to_owned());
    }
    if entries["x-recursive"] == true {
        hints.push("each holds the same again".to_owned());
    }
    hints
}

/// A value as people write it: text without its quotes.
fn literal(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::kind;

    #[test]
    fn choices_limits_and_look_ups_are_told() {
        let schema = json!({ "type": "array", "maxItems": 1, "x-ui": { "lookup": "lists", "labels": { "a": "First" } },
            "items": { "type": "string", "format": "uuid", "enum": ["a", "b"], "maxLength": 36 } });
        let told = "array of string (uuid); at most 1 entry; each one of `a` (First), `b`; each at most 36 characters; \
                    look-up `lists`";
        assert_eq!(kind(&schema), told);
        assert_eq!(kind(&json!({ "type": "integer", "minimum": 1, "maximum": 12 })), "integer; 1 to 12");
    }
}
