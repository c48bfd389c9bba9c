//! The catalogue's files on disk, read and merged into what the library embeds.
//!
//! Used by the build script, and by the maintainer's check of a folder of actions; both must say which file is
//! broken and where. It may use nothing but `serde_json` and the bundler.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Map, Value, json};

use super::bundle::{Files, Side, bundle};

/// What the library embeds.
#[derive(Debug)]
pub struct Embedded {
    /// A JSON array, sorted by name: what a listing needs, and where each action's document lies in `actions`.
    pub index: String,
    /// The action documents, minified, one after the other, with bundled `input` and `output`.
    pub actions: String,
    /// The manifest, minified.
    pub connector: String,
}

/// Reads every JSON file of the catalogue below `root`. Faults name the file, line and column.
pub fn read(root: &Path) -> Result<Files, Vec<String>> {
    let mut files = BTreeMap::new();
    let mut faults = Vec::new();
    for folder in ["connector", "actions", "schemas"] {
        walk(&root.join(folder), folder, &mut files, &mut faults);
    }
    if faults.is_empty() { Ok(files) } else { Err(faults) }
}

fn walk(folder: &Path, name: &str, files: &mut Files, faults: &mut Vec<String>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return faults.push(format!("{name}: {error}")),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let label = format!("{name}/{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            walk(&path, &label, files, faults);
        } else if path.extension().is_some_and(|e| e == "json") {
            match fs::read_to_string(&path).map_err(|e| e.to_string()).and_then(|t| parse(&t)) {
                Ok(value) => drop(files.insert(label, value)),
                Err(fault) => faults.push(format!("{label}: {fault}")),
            }
        }
    }
}

fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|e| format!("not valid JSON at line {}, column {}: {e}", e.line(), e.column()))
}

/// Bundles every action of `files`, sorted by name.
pub fn actions(files: &Files) -> Result<BTreeMap<String, Value>, Vec<String>> {
    let mut actions = BTreeMap::new();
    let mut faults = Vec::new();
    for (path, document) in files.iter().filter(|(path, _)| path.starts_with("actions/")) {
        match action(path, document, files) {
            Ok((name, action)) => {
                if actions.insert(name.clone(), action).is_some() {
                    faults.push(format!("{path}: another file also declares the action {name}"));
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(actions) } else { Err(faults) }
}

fn action(path: &str, document: &Value, files: &Files) -> Result<(String, Value), String> {
    let mut action = document.as_object().cloned().ok_or_else(|| format!("{path}: not a JSON object"))?;
    let name = action.get("name").and_then(Value::as_str).ok_or_else(|| format!("{path}: has no name"))?.to_owned();
    let mut parts = path.split('/').skip(1);
    let (resource, file) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if file != format!("{name}.json") {
        return Err(format!("{path}: declares the action {name}; the file must be actions/<resource>/{name}.json"));
    }
    for (key, side) in [("input", Side::Input), ("output", Side::Output)] {
        let schema = action.get(key).ok_or_else(|| format!("{path}: has no {key}"))?;
        let whole = bundle(schema, path, files, side)?;
        action.insert(key.to_owned(), whole);
    }
    action.remove("$schema");
    action.insert("resource".to_owned(), Value::from(resource));
    Ok((name, Value::Object(action)))
}

/// Everything that the library embeds, out of the files below `root`.
pub fn embed(root: &Path) -> Result<Embedded, Vec<String>> {
    let files = read(root)?;
    let connector =
        files.get("connector/connector.json").ok_or_else(|| vec!["connector/connector.json: missing".to_owned()])?;
    let mut index = Vec::new();
    let mut blob = String::new();
    for (name, action) in actions(&files)? {
        let text = action.to_string();
        index.push(entry(&name, &action, blob.len(), text.len()));
        blob.push_str(&text);
    }
    Ok(Embedded { index: Value::Array(index).to_string(), actions: blob, connector: connector.to_string() })
}

/// One line of the index.
fn entry(name: &str, action: &Value, start: usize, length: usize) -> Value {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), json!(name));
    for key in ["title", "resource", "effect", "scopes"] {
        entry.insert(key.to_owned(), action[key].clone());
    }
    entry.insert("method".to_owned(), action["call"]["method"].clone());
    entry.insert("path".to_owned(), action["call"]["path"].clone());
    entry.insert("start".to_owned(), json!(start));
    entry.insert("length".to_owned(), json!(length));
    Value::Object(entry)
}
