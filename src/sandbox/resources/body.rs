//! Readers of JSON bodies that were already checked: absent, `null` and blank are the same to all of them.

use serde_json::{Map, Value};

use super::refusal::invalid;
use crate::sandbox::call::{Call, Reply};

/// A JSON object.
pub(super) type Body = Map<String, Value>;

/// The request's body, which has to be an object.
pub(super) fn read(call: &Call, namespace: &str) -> Result<Body, Reply> {
    match call.json(namespace)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(invalid(namespace, "body is invalid")),
    }
}

/// A text; blank counts as absent, because the service stores a blank as null.
pub(super) fn text(body: &Body, name: &str) -> Option<String> {
    body.get(name)?.as_str().filter(|t| !t.trim().is_empty()).map(str::to_owned)
}

/// A whole number.
pub(super) fn integer(body: &Body, name: &str) -> Option<i64> {
    body.get(name)?.as_i64()
}

/// An inner object.
pub(super) fn object<'a>(body: &'a Body, name: &str) -> Option<&'a Body> {
    body.get(name)?.as_object()
}

/// An array; `None` when the property was not sent, which is not the same as sent empty.
pub(super) fn array<'a>(body: &'a Body, name: &str) -> Option<&'a [Value]> {
    body.get(name)?.as_array().map(Vec::as_slice)
}

/// The objects of an array, empty when it was not sent.
pub(super) fn objects<'a>(body: &'a Body, name: &str) -> Vec<&'a Body> {
    array(body, name).unwrap_or_default().iter().filter_map(Value::as_object).collect()
}

/// The texts of an array, empty when it was not sent.
pub(super) fn strings(body: &Body, name: &str) -> Vec<String> {
    let items = array(body, name).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Ids of an array: lower-cased, each once, in the order sent.
pub(super) fn ids(body: &Body, name: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for id in strings(body, name) {
        let id = id.to_ascii_lowercase();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Sets a property that is shown only when it has a value.
pub(super) fn show(body: &mut Body, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        body.insert(name.to_owned(), value.into());
    }
}
