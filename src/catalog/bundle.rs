//! The bundler: makes one self-contained schema out of an action's own words and the nouns it refers to.
//!
//! Nouns are written once, in `schemas/`, and stay open at the top; what is validated, exported and shown is the
//! bundle: every reference replaced by what it points at, `allOf` flattened, and inputs closed at every level.
//! Inlining (rather than `$defs`) keeps one form for all readers, since designers and tool formats drop references.
//! Pure, and used by the build script too, so it may use nothing but `serde_json`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Every JSON file that may be referred to, by its path from the project's root, e.g. `schemas/contact.json`.
pub type Files = BTreeMap<String, Value>;

/// Which half of an action a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What goes in: unknown properties are refused at every level.
    Input,
    /// What comes out: the service may add properties, so nothing is closed.
    Output,
}

/// Bundles `schema`, which stands in the file `base`.
pub fn bundle(schema: &Value, base: &str, files: &Files, side: Side) -> Result<Value, String> {
    let mut whole = inline(schema, base, files, &mut Vec::new())?;
    if side == Side::Input {
        close(&mut whole);
    }
    Ok(whole)
}

fn inline(schema: &Value, base: &str, files: &Files, trail: &mut Vec<String>) -> Result<Value, String> {
    match schema {
        Value::Array(items) => {
            items.iter().map(|item| inline(item, base, files, trail)).collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(object) => inline_object(object, base, files, trail),
        other => Ok(other.clone()),
    }
}

fn inline_object(
    object: &Map<String, Value>,
    base: &str,
    files: &Files,
    trail: &mut Vec<String>,
) -> Result<Value, String> {
    let mut out = Map::new();
    if let Some(Value::String(reference)) = object.get("$ref") {
        out = target(reference, base, files, trail)?;
    }
    for (key, value) in object {
        if key != "$ref" && key != "$defs" {
            out.insert(key.clone(), inline(value, base, files, trail)?);
        }
    }
    if is_schema_of_object(&out) && out.contains_key("allOf") {
        out = flatten(out);
    }
    Ok(Value::Object(out))
}

/// What a reference points at, itself inlined.
fn target(reference: &str, base: &str, files: &Files, trail: &mut Vec<String>) -> Result<Map<String, Value>, String> {
    let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let path = if file.is_empty() { base.to_owned() } else { join(base, file) };
    let key = format!("{path}#{fragment}");
    let document = files.get(&path).ok_or_else(|| format!("{base}: the reference {reference} names no file"))?;
    let found =
        document.pointer(fragment).ok_or_else(|| format!("{base}: the reference {reference} points at nothing"))?;
    if trail.contains(&key) {
        return Ok(cut(found));
    }
    trail.push(key);
    let inlined = inline(found, &path, files, trail)?;
    trail.pop();
    match inlined {
        Value::Object(map) => Ok(map),
        _ => Err(format!("{base}: the reference {reference} points at something that is not a schema")),
    }
}

/// Where a noun holds itself (steps of a workflow within steps), the inner one is described in words only and left open:
/// endless schemas have no inlined form.
fn cut(noun: &Value) -> Map<String, Value> {
    let Value::Object(noun) = noun else { return Map::new() };
    let words = ["type", "title", "description"];
    let mut cut: Map<String, Value> =
        noun.iter().filter(|(key, _)| words.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
    cut.insert("x-recursive".to_owned(), Value::Bool(true));
    cut
}

/// Resolves `../schemas/x.json` against the file that says it.
fn join(base: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn is_schema_of_object(map: &Map<String, Value>) -> bool {
    map.get("type").and_then(Value::as_str) == Some("object")
}

/// Takes the members of `allOf` into the object itself; the object's own words win.
fn flatten(mut own: Map<String, Value>) -> Map<String, Value> {
    let Some(Value::Array(members)) = own.remove("allOf") else { return own };
    let mut properties = Map::new();
    let mut required: Vec<Value> = Vec::new();
    for member in members {
        let Value::Object(member) = member else { continue };
        for (key, value) in member {
            match (key.as_str(), value) {
                ("properties", Value::Object(more)) => properties.extend(more),
                ("required", Value::Array(more)) => required.extend(more),
                ("title" | "description" | "type" | "$defs", _) => {}
                (_, value) => {
                    own.entry(key).or_insert(value);
                }
            }
        }
    }
    if let Some(Value::Object(mine)) = own.remove("properties") {
        // The action's own properties come first in a form: they name what it acts on.
        let shared = std::mem::replace(&mut properties, mine);
        for (key, value) in shared {
            properties.entry(key).or_insert(value);
        }
    }
    if let Some(Value::Array(mine)) = own.remove("required") {
        required.extend(mine);
    }
    let mut seen = Vec::new();
    required.retain(|name| {
        !seen.contains(name) && {
            seen.push(name.clone());
            true
        }
    });
    own.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        own.insert("required".to_owned(), Value::Array(required));
    }
    own
}

/// Refuses unknown properties wherever an object lists the ones it knows.
fn close(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    let lists = map.contains_key("properties") || map.contains_key("patternProperties");
    if is_schema_of_object(map) && lists && !map.contains_key("additionalProperties") {
        map.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    for key in ["properties", "patternProperties"] {
        if let Some(Value::Object(children)) = map.get_mut(key) {
            children.values_mut().for_each(close);
        }
    }
    if let Some(items) = map.get_mut("items") {
        close(items);
    }
}
