//! The vendor's Swagger 2.0 document, boiled down to facts.
//!
//! Takes the document as it came out of a YAML or JSON reader, keeps what a machine can check and drops the words, so
//! that the result may lie in the repository and be compared with another publication line by line.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Contract, Operation, Parameter, Source};

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// Keys of a schema or parameter that are words and samples, not promises.
const WORDS: [&str; 4] = ["description", "title", "example", "x-example"];

/// Turns a Swagger 2.0 document into facts. A path that offers no method yet adds no operation.
pub fn from_swagger(document: &Value) -> Result<Contract, String> {
    if document["swagger"] != "2.0" {
        return Err("this is not a Swagger 2.0 document: it does not say swagger: \"2.0\"".to_owned());
    }
    let paths = document["paths"].as_object().ok_or("the document has no paths")?;
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, raw) in entries(item).filter(|(method, _)| METHODS.contains(&method.as_str())) {
            let found = operation(document, path, item, method, raw);
            operations.push(found.map_err(|fault| format!("{method} {path}: {fault}"))?);
        }
    }
    let definitions = entries(&document["definitions"]).map(|(name, schema)| (name.clone(), bare(schema))).collect();
    Ok(Contract { source: source(document), operations, definitions })
}

fn source(document: &Value) -> Source {
    Source {
        build: text(&document["info"]["version"]),
        host: text(&document["host"]),
        base_path: text(&document["basePath"]),
    }
}

fn operation(document: &Value, path: &str, item: &Value, method: &str, raw: &Value) -> Result<Operation, String> {
    let inherited = |key: &str| texts(raw.get(key).unwrap_or(&document[key]));
    Ok(Operation {
        operation_id: text(&raw["operationId"]),
        tag: text(&raw["tags"][0]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        scopes: scopes(document, raw),
        privileges: texts(&raw["x-authorization-privileges"]),
        authorizer: schemes(document, raw).map(|(name, _)| name.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
        consumes: inherited("consumes"),
        produces: inherited("produces"),
        parameters: parameters(document, item, raw)?,
        responses: responses(document, raw),
    })
}

/// The security schemes that an operation asks for, alternatives and companions alike, with their scopes.
fn schemes<'a>(document: &'a Value, raw: &'a Value) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let security = raw.get("security").unwrap_or(&document["security"]);
    security.as_array().into_iter().flatten().flat_map(entries)
}

/// Each scope once, in the document's order: alternative schemes repeat them.
fn scopes(document: &Value, raw: &Value) -> Vec<String> {
    let mut scopes = Vec::new();
    for scope in schemes(document, raw).flat_map(|(_, scopes)| texts(scopes)) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

/// A path may hold parameters for all of its methods, and any of them may be a reference.
fn parameters(document: &Value, item: &Value, raw: &Value) -> Result<Vec<Parameter>, String> {
    let own = raw["parameters"].as_array().into_iter().flatten().map(|one| follow(document, one));
    let shared = item["parameters"].as_array().into_iter().flatten().map(|one| follow(document, one));
    let mut found: Vec<&Value> = own.collect();
    for parameter in shared {
        if !found.iter().any(|one| one["name"] == parameter["name"] && one["in"] == parameter["in"]) {
            found.push(parameter);
        }
    }
    found
        .into_iter()
        .map(|one| serde_json::from_value(bare(one)).map_err(|fault| format!("a parameter: {fault}")))
        .collect()
}

fn responses(document: &Value, raw: &Value) -> BTreeMap<String, Option<Value>> {
    let codes = entries(&raw["responses"]).filter(|(code, _)| !code.starts_with("x-"));
    codes.map(|(code, answer)| (code.clone(), follow(document, answer).get("schema").map(bare))).collect()
}

/// The thing itself, or what it refers to. Schemas keep their references: the facts have the definitions too.
fn follow<'a>(document: &'a Value, thing: &'a Value) -> &'a Value {
    let pointer = thing["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(thing)
}

/// A schema without its words. Only keys of the schema itself are words: a property may well be called `title`.
fn bare(schema: &Value) -> Value {
    let Value::Object(map) = schema else { return schema.clone() };
    map.iter()
        .filter(|(key, _)| !WORDS.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), inner(key, value)))
        .collect()
}

fn inner(key: &str, value: &Value) -> Value {
    match (key, value) {
        ("properties", Value::Object(properties)) => {
            properties.iter().map(|(name, schema)| (name.clone(), bare(schema))).collect()
        }
        ("allOf", Value::Array(members)) => members.iter().map(bare).collect(),
        ("items" | "additionalProperties" | "schema", schema) => bare(schema),
        _ => value.clone(),
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
