//! What others are given to read: the catalogue as schemas, as an `OpenAPI` document, as pages for people.
//!
//! Pure functions from the catalogue to texts. Nothing is read or written here, the same catalogue gives the same
//! bytes, and no fact about the service stands in this room: who wants another sentence changes an action's file.

mod docs;
mod json_schema;
mod markdown;
mod openapi;
mod protocol;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::catalog::{Catalog, model::Action};

pub use docs::docs;
pub use json_schema::json_schema;
pub use openapi::openapi;
pub use protocol::protocol;
pub use tables::{error_table, retry_table, scope_table};

/// One file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it belongs, below the folder of its export; parts are separated by `/`.
    pub path: String,
    /// All of it, ending in a line break.
    pub text: String,
}

impl Document {
    fn new(path: impl Into<String>, text: String) -> Self {
        Self { path: path.into(), text }
    }

    /// For documents that people read as well.
    fn pretty(path: impl Into<String>, value: &Value) -> Self {
        Self::new(path, format!("{value:#}\n"))
    }

    /// For documents that hold every action: designers refuse files of more than a megabyte.
    fn compact(path: impl Into<String>, value: &Value) -> Self {
        Self::new(path, format!("{value}\n"))
    }
}

/// Every action, sorted by name.
fn actions(catalog: &'static Catalog) -> impl Iterator<Item = &'static Action> {
    catalog.entries().iter().filter_map(move |entry| catalog.action(entry.name))
}

/// The actions of each resource; resources and actions are sorted by name.
fn by_resource(catalog: &'static Catalog) -> BTreeMap<&'static str, Vec<&'static Action>> {
    let mut resources: BTreeMap<&'static str, Vec<&'static Action>> = BTreeMap::new();
    for action in actions(catalog) {
        resources.entry(action.resource.as_str()).or_default().push(action);
    }
    resources
}

/// What people call a resource: the words of its folder's name.
fn label(resource: &str) -> String {
    let words: Vec<&str> = resource.split('_').map(spelt).collect();
    let text = words.join(" ");
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// A word as the actions' titles spell it.
fn spelt(word: &str) -> &str {
    match word {
        "ab" => "A-B",
        "email" => "e-mail",
        "emails" => "e-mails",
        "sms" => "SMS",
        other => other,
    }
}
