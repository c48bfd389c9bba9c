//! The catalogue as JSON Schema 2020-12: two files per action, a file that names them all, and everything in one.
//!
//! The schemas are the bundles that inputs are checked against, word for word: hints (`x-ui`) and sentences for
//! conditions (`x-message`) stay in, references and ids were never there, so each file stands alone.

use serde_json::{Map, Value, json};

use super::{Document, actions};
use crate::catalog::{Catalog, model::Action};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// `connector.json`, `bundle.json`, and `actions/<name>.input.json` and `actions/<name>.output.json` for each action.
pub fn json_schema(catalog: &'static Catalog) -> Vec<Document> {
    let mut documents = vec![
        Document::pretty("connector.json", &connector(catalog)),
        Document::compact("bundle.json", &bundle(catalog)),
    ];
    for action in actions(catalog) {
        for (side, schema) in [("input", &action.input), ("output", &action.output)] {
            documents.push(Document::pretty(path(action, side), &standalone(action, schema)));
        }
    }
    documents
}

fn path(action: &Action, side: &str) -> String {
    format!("actions/{}.{side}.json", action.name)
}

/// A schema as a document of its own, under its own title where it has one and else under the action's.
fn standalone(action: &Action, schema: &Value) -> Value {
    let mut document = Map::new();
    document.insert("$schema".to_owned(), json!(DIALECT));
    document.insert("title".to_owned(), json!(action.title));
    document.insert("description".to_owned(), json!(action.description));
    for (key, value) in schema.as_object().into_iter().flatten() {
        document.insert(key.clone(), value.clone());
    }
    Value::Object(document)
}

/// What is true of the connector as a whole.
fn identity(catalog: &'static Catalog) -> Value {
    let manifest = catalog.manifest();
    json!({
        "key": manifest.key,
        "title": manifest.title,
        "version": env!("CARGO_PKG_VERSION"),
        "description": manifest.description,
        "categories": manifest.categories,
        "hosts": manifest.hosts,
        "auth": manifest.auth,
        "scopes": manifest.scopes,
        "budget": manifest.budget,
        "lookups": manifest.lookups,
        "check": manifest.check,
    })
}

fn connector(catalog: &'static Catalog) -> Value {
    let mut connector = identity(catalog);
    connector["actions"] = actions(catalog).map(listed).collect();
    connector
}

/// An action in the list of actions, with the paths of its two schemas.
fn listed(action: &'static Action) -> Value {
    let mut entry = json!({ "name": action.name });
    for (key, value) in told(action) {
        entry[key] = value;
    }
    entry["input"] = json!(path(action, "input"));
    entry["output"] = json!(path(action, "output"));
    entry
}

fn bundle(catalog: &'static Catalog) -> Value {
    let by_name: Map<String, Value> = actions(catalog).map(|a| (a.name.clone(), Value::Object(whole(a)))).collect();
    json!({ "connector": identity(catalog), "actions": by_name })
}

/// Everything about an action that a designer may ask for.
fn whole(action: &Action) -> Map<String, Value> {
    let mut entry = told(action);
    let rest = [
        ("pitfalls", json!(action.pitfalls)),
        ("input", action.input.clone()),
        ("output", action.output.clone()),
        ("examples", json!(action.examples)),
    ];
    entry.extend(rest.map(|(key, value)| (key.to_owned(), value)));
    entry
}

/// What both the list and the bundle tell of an action.
fn told(action: &Action) -> Map<String, Value> {
    let facts = [
        ("title", json!(action.title)),
        ("description", json!(action.description)),
        ("resource", json!(action.resource)),
        ("effect", json!(action.effect)),
        ("async", json!(action.starts_job)),
        ("scopes", json!(action.scopes)),
        ("privileges", json!(action.privileges)),
        ("authorizer", json!(action.authorizer)),
    ];
    let page = action.page.as_ref().map(|page| ("page", json!(page)));
    facts.into_iter().chain(page).map(|(key, value)| (key.to_owned(), value)).collect()
}
