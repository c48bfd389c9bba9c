//! The catalogue as Markdown pages for people: an index, and a page per resource. Nothing in them is written by hand.

mod action;
mod fields;
mod kind;

use std::collections::BTreeMap;

use super::{
    Document, by_resource, label,
    markdown::{code, table, text},
    tables::scope_table,
};
use crate::catalog::{Catalog, model::Action};

/// `README.md`, and `<resource>.md` for each resource.
pub fn docs(catalog: &'static Catalog) -> Vec<Document> {
    let resources = by_resource(catalog);
    let mut documents = vec![Document::new("README.md", index(catalog, &resources))];
    documents.extend(resources.iter().map(|(name, actions)| Document::new(format!("{name}.md"), page(name, actions))));
    documents
}

fn index(catalog: &'static Catalog, resources: &BTreeMap<&str, Vec<&Action>>) -> String {
    let manifest = catalog.manifest();
    let count: usize = resources.values().map(Vec::len).sum();
    let rows = resources
        .iter()
        .map(|(name, actions)| vec![format!("[{}]({name}.md)", label(name)), actions.len().to_string()]);
    let parts = [
        format!("# {}: actions", text(&manifest.title)),
        text(&manifest.description),
        format!("{count} actions, by what they act on. These pages are made from the action files."),
        table(&["Resource", "Actions"], rows),
        format!("## Scopes\n\n{}", scope_table(catalog)),
    ];
    page_of(&parts)
}

fn page(resource: &str, actions: &[&Action]) -> String {
    let mut parts = vec![format!("# {}", label(resource)), "[All resources](README.md)".to_owned()];
    parts.push(table(&["Action", "Effect", "Call"], actions.iter().map(|action| listed(action))));
    parts.extend(actions.iter().map(|action| action::section(action)));
    page_of(&parts)
}

fn listed(action: &Action) -> Vec<String> {
    let link = format!("[{}](#{})", text(&action.title), action.name);
    vec![link, action.effect.as_str().to_owned(), code(&format!("{} {}", action.call.method, action.call.path))]
}

/// Parts with an empty line between them, and a line break at the end.
fn page_of(parts: &[String]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| part.trim_end()).collect();
    format!("{}\n", parts.join("\n\n"))
}
