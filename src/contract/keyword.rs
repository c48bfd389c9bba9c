//! When two schemas say the same of one thing.
//!
//! Same means the same to a user of ours, not letter for letter: a number that the wire writes as a text, the order of
//! an `enum` and the machine's widths (`int32`) make no difference.

use std::collections::BTreeSet;

use serde_json::Value;

/// How a machine keeps a value, or the wire joins a list: no business of a user's.
const WIRE_FORMATS: [&str; 5] = ["csv", "int32", "int64", "float", "double"];

/// The type that a schema of the contract has, written down or not.
pub(super) fn kind(schema: &Value) -> Option<&str> {
    let object = schema.get("properties").is_some() || schema.get("allOf").is_some();
    schema["type"].as_str().or_else(|| object.then_some("object"))
}

/// Whether our type may stand for the contract's.
pub(super) fn agree(theirs: Option<&str>, ours: Option<&str>) -> bool {
    theirs == ours || (is_number(ours) && (theirs == Some("string") || is_number(theirs)))
}

/// Whether a type is one of the two of numbers.
pub(super) fn is_number(kind: Option<&str>) -> bool {
    matches!(kind, Some("integer" | "number"))
}

/// Whether both give one keyword the same meaning.
pub(super) fn equal(keyword: &str, theirs: Option<&Value>, ours: Option<&Value>) -> bool {
    match keyword {
        "enum" => choices(theirs) == choices(ours),
        "format" => meaning(theirs) == meaning(ours),
        _ => same(theirs, ours),
    }
}

/// `1` and `1.0` are the same limit.
fn same(theirs: Option<&Value>, ours: Option<&Value>) -> bool {
    let numbers = theirs.and_then(Value::as_f64).zip(ours.and_then(Value::as_f64));
    theirs == ours || numbers.is_some_and(|(theirs, ours)| theirs.total_cmp(&ours).is_eq())
}

fn meaning(format: Option<&Value>) -> Option<&str> {
    format.and_then(Value::as_str).filter(|format| !WIRE_FORMATS.contains(format))
}

/// The choices of an `enum`, without order; an empty one says nothing.
fn choices(list: Option<&Value>) -> Option<BTreeSet<String>> {
    let list = list?.as_array()?.iter();
    let choices: BTreeSet<String> =
        list.map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect();
    (!choices.is_empty()).then_some(choices)
}

/// The texts of a list, such as `required`.
pub(super) fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A value as a report shows it.
pub(super) fn show(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), Value::to_string)
}
