//! The rules of a body, each broken once: what is required left out, limits overstepped, other types, other formats.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::book::{Book, goes_round, is_read_only, kind};
use crate::strict::facts::{Facts, has};

/// One rule broken in one place.
pub(super) struct Break {
    /// Where, and how.
    pub(super) what: String,
    /// The whole body with the break in it.
    pub(super) body: Value,
}

/// What may be put in the place of a value; none leaves the property out.
type Instead = Option<Value>;

/// Goes through a body after its schema.
struct Breaker<'a> {
    facts: &'a Facts,
    /// The definitions around the present place.
    inside: Vec<&'a str>,
    /// What is broken, the pointer to the place, and what comes there instead.
    found: Vec<(String, String, Instead)>,
    /// Properties that the body has.
    sent: BTreeSet<String>,
    /// Properties that it does not have.
    unsent: BTreeSet<String>,
}

/// All breaks of some valid bodies of one schema, each kind once, and the properties that none of the bodies has.
pub(super) fn all(book: &Book, schema: &Value, bodies: &[&Value]) -> (Vec<Break>, Vec<String>) {
    let (mut breaks, mut known) = (Vec::new(), BTreeSet::new());
    let (mut sent, mut unsent) = (BTreeSet::new(), BTreeSet::new());
    for body in bodies {
        let facts = &book.facts;
        let mut breaker =
            Breaker { facts, inside: Vec::new(), found: Vec::new(), sent: BTreeSet::new(), unsent: BTreeSet::new() };
        breaker.value(schema, body, "body", "");
        let new = breaker.found.into_iter().filter(|(what, ..)| known.insert(what.clone()));
        breaks.extend(new.map(|(what, pointer, instead)| Break { what, body: broken(body, &pointer, instead) }));
        sent.extend(breaker.sent);
        unsent.extend(breaker.unsent);
    }
    (breaks, unsent.difference(&sent).cloned().collect())
}

/// The body with something else at a place, or nothing.
fn broken(body: &Value, pointer: &str, instead: Instead) -> Value {
    let mut body = body.clone();
    match (instead, pointer.rsplit_once('/')) {
        (Some(value), _) => {
            if let Some(place) = body.pointer_mut(pointer) {
                *place = value;
            }
        }
        (None, Some((around, name))) => {
            if let Some(object) = body.pointer_mut(around).and_then(Value::as_object_mut) {
                object.remove(name);
            }
        }
        (None, None) => {}
    }
    body
}

impl<'a> Breaker<'a> {
    fn note(&mut self, what: String, pointer: &str, instead: Instead) {
        self.found.push((what, pointer.to_owned(), instead));
    }

    fn value(&mut self, schema: &'a Value, value: &Value, at: &str, pointer: &str) {
        let reference = schema["$ref"].as_str();
        self.inside.extend(reference);
        let schema = self.facts.resolve(schema);
        if !pointer.is_empty() {
            self.note(format!("{at} of another type"), pointer, Some(of_another_type(schema)));
        }
        for (how, instead) in overstepped(schema, value) {
            self.note(format!("{at} {how}"), pointer, Some(instead));
        }
        match value {
            Value::Array(items) => {
                if let Some(first) = items.first() {
                    self.value(&schema["items"], first, &format!("{at}[]"), &format!("{pointer}/0"));
                }
            }
            Value::Object(_) => self.object(schema, value, at, pointer),
            _ => {}
        }
        if reference.is_some() {
            self.inside.pop();
        }
    }

    fn object(&mut self, schema: &'a Value, value: &Value, at: &str, pointer: &str) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if is_read_only(self.facts, property) || goes_round(property, &self.inside) {
                continue;
            }
            let (at, pointer) = (format!("{at}.{name}"), format!("{pointer}/{name}"));
            let Some(value) = value.get(name) else {
                self.unsent.insert(at);
                continue;
            };
            self.sent.insert(at.clone());
            if has(&schema["required"], name) {
                self.note(format!("{at} left out"), &pointer, None);
            }
            self.value(property, value, &at, &pointer);
        }
        if let (Some(more), Some(value)) = (schema.get("additionalProperties"), value.get("example")) {
            self.value(more, value, &format!("{at}.example"), &format!("{pointer}/example"));
        }
    }
}

fn of_another_type(schema: &Value) -> Value {
    match kind(schema) {
        "string" => json!(7),
        "integer" | "number" => json!("seven"),
        "boolean" => json!("yes"),
        _ => json!("one"),
    }
}

/// Values that overstep one limit each, and how.
fn overstepped(schema: &Value, value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::String(text) => texts(schema, text),
        Value::Number(_) => numbers(schema),
        Value::Array(items) => lists(schema, items),
        _ => Vec::new(),
    }
}

fn count(schema: &Value, limit: &str) -> Option<usize> {
    schema[limit].as_u64().and_then(|count| usize::try_from(count).ok())
}

fn texts(schema: &Value, text: &str) -> Vec<(String, Value)> {
    let mut broken = Vec::new();
    if let Some(most) = count(schema, "maxLength") {
        // What begins well is too long and nothing else, where there is room for more letters.
        let fill = most.saturating_add(1).saturating_sub(text.chars().count());
        broken.push((format!("longer than {most}"), json!(format!("{}{text}", "x".repeat(fill)))));
    }
    if let Some(least) = count(schema, "minLength").filter(|least| *least > 0) {
        broken.push((format!("shorter than {least}"), json!("x".repeat(least - 1))));
    }
    if schema["enum"].is_array() {
        broken.push(("not one of its words".to_owned(), json!("foreign")));
    }
    if let Some(wrong) = malformed(schema["format"].as_str().unwrap_or_default()) {
        broken.push((format!("not of the format {}", schema["format"]), json!(wrong)));
    }
    broken
}

/// A text that does not have a format; none for a format that says nothing of texts.
pub(super) fn malformed(format: &str) -> Option<&'static str> {
    match format {
        "uuid" => Some("7"),
        "date" | "date-time" => Some("tomorrow"),
        "email" => Some("nobody"),
        "int32" => Some("3000000000"),
        _ => None,
    }
}

fn numbers(schema: &Value) -> Vec<(String, Value)> {
    let mut broken = Vec::new();
    if schema["format"] == "int32" {
        broken.push(("too large for 32 bits".to_owned(), json!(3_000_000_000_i64)));
    }
    if let Some(least) = schema["minimum"].as_i64() {
        broken.push((format!("less than {least}"), json!(least - 1)));
    }
    if let Some(most) = schema["maximum"].as_i64() {
        broken.push((format!("more than {most}"), json!(most + 1)));
    }
    broken
}

fn lists(schema: &Value, items: &[Value]) -> Vec<(String, Value)> {
    let mut broken = Vec::new();
    let Some(first) = items.first() else { return broken };
    if let Some(most) = count(schema, "maxItems") {
        broken.push((format!("of more than {most} items"), json!(vec![first; most + 1])));
    }
    if let Some(least) = count(schema, "minItems").filter(|least| *least > 0) {
        broken.push((format!("of fewer than {least} items"), json!(vec![first; least - 1])));
    }
    broken
}
