//! The contract as a book of requests: for each operation the smallest one, and one or more with all that it takes.
//!
//! What the contract cannot say, because it is in words or in nobody's, stands in `cases.json`: which filters exclude
//! one another, which campaign must have been sent before. A draft there is laid over the derived one; `null` takes
//! away.

use serde_json::{Map, Value, json};

use super::client::Answer;
use super::values;
use crate::strict::facts::{Facts, has, name, parameters};
use crate::strict::json;

/// How often a definition may stand inside itself.
const TURNS: usize = 1;

/// The contract, and the cases beside it.
pub(super) struct Book {
    pub(super) facts: Facts,
    /// The same for answers, where a property that only the service writes is a property like others.
    answers: Facts,
    cases: Value,
}

/// `METHOD /path` of an operation.
pub(super) fn key(operation: &Value) -> String {
    let text = |name: &str| operation[name].as_str().unwrap_or_default();
    format!("{} {}", text("method"), text("path"))
}

/// Whether only the service writes a property.
pub(super) fn is_read_only(facts: &Facts, property: &Value) -> bool {
    property["readOnly"] == true || facts.resolve(property)["readOnly"] == true
}

/// The type of a schema; one without a word about it is an object.
pub(super) fn kind(schema: &Value) -> &str {
    schema["type"].as_str().unwrap_or("object")
}

/// The definition that a property, or each item of it, refers to.
pub(super) fn reference(property: &Value) -> Option<&str> {
    property["$ref"].as_str().or_else(|| property["items"]["$ref"].as_str())
}

/// Whether a property would lead around in a circle once too often.
pub(super) fn goes_round(property: &Value, inside: &[&str]) -> bool {
    reference(property).is_some_and(|name| inside.iter().filter(|one| **one == name).count() > TURNS)
}

impl Book {
    pub(super) fn open() -> Self {
        let facts = Facts::load();
        let mut answers = facts.0.clone();
        forget_read_only(&mut answers);
        let cases = serde_json::from_str(include_str!("cases.json")).expect("the cases are JSON");
        Self { facts, answers: Facts(answers), cases }
    }

    pub(super) fn operations(&self) -> &[Value] {
        self.facts.0["operations"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// Cases of operations that the contract does not have.
    pub(super) fn idle_cases(&self) -> Vec<&String> {
        let known: Vec<String> = self.operations().iter().map(key).collect();
        self.cases.as_object().into_iter().flat_map(Map::keys).filter(|case| !known.contains(case)).collect()
    }

    /// The drafts of an operation's requests; the first is the smallest.
    pub(super) fn drafts(&self, operation: &Value) -> Vec<Value> {
        let case = &self.cases[key(operation).as_str()];
        let whole = case["full"].as_array().cloned().unwrap_or_else(|| vec![json!({})]);
        let whole = whole.iter().map(|over| self.draft(operation, true, [&case["all"], over]));
        std::iter::once(self.draft(operation, false, [&case["all"], &case["least"]])).chain(whole).collect()
    }

    fn draft(&self, operation: &Value, whole: bool, layers: [&Value; 2]) -> Value {
        let path = operation["path"].as_str().unwrap_or_default();
        let variables: Map<String, Value> = parameters(operation, "path")
            .map(|parameter| (name(parameter).to_owned(), values::variable(path, name(parameter))))
            .collect();
        let mut draft = json!({ "path": variables, "query": sent(operation, "query", whole) });
        let form = sent(operation, "formData", whole);
        if !form.is_empty() {
            draft["form"] = Value::Object(form);
        }
        if let Some(body) = parameters(operation, "body").next().filter(|body| whole || body["required"] == true) {
            let mut writer = Writer { facts: &self.facts, whole, inside: Vec::new() };
            draft["body"] = writer.value("body", &body["schema"]).unwrap_or_default();
        }
        for layer in layers.into_iter().filter(|layer| layer.is_object()) {
            lay(layer, &mut draft);
        }
        draft
    }

    /// What is wrong with the answer to a valid request.
    pub(super) fn complaints(&self, operation: &Value, answer: &Answer) -> Vec<String> {
        let documented = operation["responses"].get(answer.status.to_string()).filter(|_| answer.is_success());
        let Some(schema) = documented else { return vec![format!("answered {}", answer.told())] };
        let empty = answer.body.is_empty();
        let kind = answer.header("content-type").unwrap_or_default();
        let mut say = Vec::new();
        if schema.is_null() {
            if !empty {
                say.push(format!("answer has a body: {}", answer.told()));
            }
        } else if !has(&operation["produces"], kind) {
            say.push(format!("answer is of the kind {kind:?}"));
        } else if kind == "text/csv" {
            if empty {
                say.push("answer is empty".to_owned());
            }
        } else {
            json::check(&self.answers, schema, &answer.json(), "answer", &mut say);
        }
        say
    }
}

/// Takes the mark from every property, at any depth.
fn forget_read_only(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.remove("readOnly");
            object.values_mut().for_each(forget_read_only);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_read_only),
        _ => {}
    }
}

/// The parameters of one place with their values: those that are required, or all.
fn sent(operation: &Value, place: &'static str, whole: bool) -> Map<String, Value> {
    let wanted = parameters(operation, place).filter(|parameter| whole || parameter["required"] == true);
    wanted.map(|parameter| (name(parameter).to_owned(), values::parameter(parameter))).collect()
}

/// Lays one document over another, which is gone through as far as both have the same shape.
fn lay(over: &Value, under: &mut Value) {
    match (over, under) {
        (Value::Object(over), Value::Object(under)) => {
            for (name, value) in over {
                if value.is_null() {
                    under.remove(name);
                } else {
                    lay(value, under.entry(name.clone()).or_insert(Value::Null));
                }
            }
        }
        (Value::Array(over), Value::Array(under)) if over.len() == under.len() => {
            over.iter().zip(under).for_each(|(over, under)| lay(over, under));
        }
        (over, under) => *under = over.clone(),
    }
}

/// Writes a body after its schema.
struct Writer<'a> {
    facts: &'a Facts,
    /// All properties, and not only what is required.
    whole: bool,
    /// The definitions around the present place.
    inside: Vec<&'a str>,
}

impl<'a> Writer<'a> {
    fn value(&mut self, name: &str, schema: &'a Value) -> Option<Value> {
        if goes_round(schema, &self.inside) {
            return None;
        }
        let reference = schema["$ref"].as_str();
        self.inside.extend(reference);
        let value = self.resolved(name, self.facts.resolve(schema));
        if reference.is_some() {
            self.inside.pop();
        }
        value
    }

    fn resolved(&mut self, name: &str, schema: &'a Value) -> Option<Value> {
        if let Some(first) = schema["enum"].get(0) {
            return Some(first.clone());
        }
        Some(match kind(schema) {
            "string" => values::text(name, schema),
            "integer" | "number" => values::number(name, schema),
            "boolean" => schema.get("default").cloned().unwrap_or(json!(false)),
            "array" => json!([self.value(name, &schema["items"])?]),
            _ => Value::Object(self.object(schema)),
        })
    }

    fn object(&mut self, schema: &'a Value) -> Map<String, Value> {
        let mut object = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let wanted = self.whole || has(&schema["required"], name);
            if wanted
                && !is_read_only(self.facts, property)
                && let Some(value) = self.value(name, property)
            {
                object.insert(name.clone(), value);
            }
        }
        if let Some(more) = schema.get("additionalProperties").filter(|more| self.whole && more.is_object()) {
            object.extend(self.value("example", more).map(|value| ("example".to_owned(), value)));
        }
        object
    }
}
