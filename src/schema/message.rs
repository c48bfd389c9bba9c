//! Our words for a broken rule: which property, what it must be; never the value itself.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

use crate::protocol::FieldError;

/// One rule broken may concern several properties (several are missing, several are unknown).
pub(super) fn explain(error: &ValidationError<'_>, schema: &Value) -> Vec<FieldError> {
    let at = error.instance_path().as_str();
    let one = |message: String| vec![FieldError { pointer: at.to_owned(), message }];
    match error.kind() {
        Kind::Required { property } => {
            let message = own_words(error, schema).unwrap_or_else(|| "is required".to_owned());
            vec![FieldError { pointer: child(at, property.as_str().unwrap_or_default()), message }]
        }
        Kind::AdditionalProperties { unexpected } => {
            let known = known_names(schema, error.schema_path().as_str());
            unexpected
                .iter()
                .map(|name| FieldError { pointer: child(at, name), message: unknown(name, &known) })
                .collect()
        }
        kind => one(own_words(error, schema).unwrap_or_else(|| words(kind))),
    }
}

fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The sentence that the catalogue gives for a condition, kept beside it under `x-message`.
fn own_words(error: &ValidationError<'_>, schema: &Value) -> Option<String> {
    let (holder, keyword) = split_keyword(error.schema_path().as_str(), error.kind().keyword());
    Some(schema.pointer(&holder)?.get("x-message")?.get(keyword)?.as_str()?.to_owned())
}

/// The schema object that holds the keyword, and the keyword that the message is kept under.
fn split_keyword(path: &str, keyword: &str) -> (String, String) {
    for root in ["dependentSchemas", "dependentRequired"] {
        if path.strip_prefix('/').is_some_and(|p| p.split('/').next() == Some(root)) {
            return (String::new(), root.to_owned());
        }
    }
    let end = path.rfind(&format!("/{keyword}")).unwrap_or(path.len());
    (path[..end].to_owned(), keyword.to_owned())
}

fn known_names(schema: &Value, path: &str) -> Vec<String> {
    let holder = path.strip_suffix("/additionalProperties").unwrap_or(path);
    let properties = schema.pointer(holder).and_then(|s| s["properties"].as_object());
    properties.map(|p| p.keys().cloned().collect()).unwrap_or_default()
}

fn unknown(name: &str, known: &[String]) -> String {
    let near = known.iter().filter(|k| distance(k, name) <= 3).min_by_key(|k| distance(k, name));
    match near {
        Some(near) => format!("is not known here; did you mean {near}?"),
        None => "is not known here".to_owned(),
    }
}

/// Edit distance, for names of a few dozen characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let next = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], next);
        }
    }
    row.last().copied().unwrap_or(0)
}

fn words(kind: &Kind) -> String {
    match kind {
        Kind::Type { kind } => match kind {
            TypeKind::Single(t) => format!("must be {}", article(&t.to_string())),
            TypeKind::Multiple(_) => "has a type that is not allowed here".to_owned(),
        },
        Kind::Enum { options } => format!("must be one of {}", choices(options)),
        Kind::Constant { expected_value } => format!("must be {expected_value}"),
        Kind::Format { format } => format!("must be {}", format_words(format)),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinLength { limit: 1 } => "must not be empty".to_owned(),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::MaxItems { limit } => format!("must have at most {limit} entries"),
        Kind::MinItems { limit } => {
            format!("must have at least {limit} {}", if *limit == 1 { "entry" } else { "entries" })
        }
        Kind::MaxProperties { limit } => format!("must have at most {limit} of its properties"),
        Kind::MinProperties { limit } => format!("must have at least {limit} of its properties"),
        Kind::UniqueItems => "must not hold the same entry twice".to_owned(),
        Kind::Pattern { pattern } => format!("must match the pattern {pattern}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        other => format!("breaks the rule {}", other.keyword()),
    }
}

fn article(word: &str) -> String {
    let article = if word.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
    if word == "null" { "null".to_owned() } else { format!("{article} {word}") }
}

fn choices(options: &Value) -> String {
    let list = options.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect::<Vec<_>>().join(", ")
}

fn format_words(format: &str) -> String {
    match format {
        "email" => "an e-mail address".to_owned(),
        "uuid" => "a UUID, such as 5b9cbf1e-2f4a-11ef-8a0f-fa163e123456".to_owned(),
        "date-time" => "an ISO time, such as 2026-11-22T09:30:00Z".to_owned(),
        "date" => "a date, such as 2026-11-22".to_owned(),
        "uri" => "a full address, such as https://example.com/".to_owned(),
        other => format!("in the format {other}"),
    }
}
