//! The service's API as the catalogue knows it, as one `OpenAPI` 3.1 document: an operation per action.
//!
//! It is for designers that call the service themselves, so it describes the wire: parameters where they travel, lists
//! as they are written, bodies without what the address already says.

mod body;
mod operation;
mod parameters;
mod security;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Document, actions, by_resource, label};
use crate::catalog::{Catalog, manifest::Manifest};

/// `openapi.json`.
pub fn openapi(catalog: &'static Catalog) -> Vec<Document> {
    let manifest = catalog.manifest();
    let tags: Vec<Value> =
        by_resource(catalog).into_keys().map(|resource| json!({ "name": label(resource) })).collect();
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": manifest.title, "version": env!("CARGO_PKG_VERSION"), "description": manifest.description },
        "servers": [{ "url": manifest.hosts.api }],
        "tags": tags,
        "paths": paths(catalog),
        "components": { "schemas": errors(manifest), "securitySchemes": security::schemes(manifest) },
    });
    vec![Document::compact("openapi.json", &document)]
}

fn paths(catalog: &'static Catalog) -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for action in actions(catalog) {
        let path = paths.entry(action.call.path.as_str()).or_default();
        path.insert(action.call.method.to_lowercase(), operation::operation(action));
    }
    json!(paths)
}

/// What the service says when it refuses: a list of entries, or a single one.
fn errors(manifest: &Manifest) -> Value {
    let mut keys: Vec<&str> = manifest.errors.values().filter_map(|rule| rule.error_key.as_deref()).collect();
    keys.sort_unstable();
    keys.dedup();
    json!({
        "Error": {
            "title": "Error",
            "description": "Why the service refused the call: one entry, or a list of them.",
            "anyOf": [
                { "type": "array", "items": { "$ref": "#/components/schemas/ErrorEntry" } },
                { "$ref": "#/components/schemas/ErrorEntry" },
            ],
        },
        "ErrorEntry": {
            "type": "object",
            "title": "Error entry",
            "description": "One reason for which the service refused the call.",
            "properties": {
                "error_key": {
                    "type": "string",
                    "title": "Error key",
                    "description": "The service's own key for the error.",
                    "examples": keys,
                },
                "error_message": {
                    "type": "string",
                    "title": "Error message",
                    "description": "The service's own words about the error.",
                },
            },
        },
    })
}
