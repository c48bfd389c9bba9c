//! `ctct actions`: the index, filtered. Parses nothing but the index.

use super::{args::ActionsArgs, screen::Screen, table};
use crate::{
    catalog::{Catalog, Entry},
    protocol::{ActionError, Code},
};

pub(super) fn list(args: &ActionsArgs, screen: Screen) -> Result<(), ActionError> {
    let entries = Catalog::embedded().entries();
    known("resource", args.resource.as_deref(), entries.iter().map(|e| e.resource))?;
    known("scope", args.scope.as_deref(), entries.iter().flat_map(|e| e.scopes.iter().copied()))?;
    known("effect", args.effect.as_deref(), ["read", "create", "update", "replace", "delete", "send"].into_iter())?;
    let found: Vec<&Entry> = entries.iter().filter(|e| matches(args, e)).collect();
    screen.show(&found, || text(&found));
    Ok(())
}

fn matches(args: &ActionsArgs, entry: &Entry) -> bool {
    let words = format!("{} {} {}", entry.name, entry.title, entry.resource).to_lowercase();
    args.resource.as_deref().is_none_or(|r| r == entry.resource)
        && args.scope.as_deref().is_none_or(|s| entry.scopes.contains(&s))
        && args.effect.as_deref().is_none_or(|e| e == entry.effect.as_str())
        && args.text.iter().all(|t| words.contains(&t.to_lowercase()))
}

/// A filter that can match nothing is a slip.
fn known<'a>(what: &str, asked: Option<&str>, all: impl Iterator<Item = &'a str>) -> Result<(), ActionError> {
    let Some(asked) = asked else { return Ok(()) };
    let mut all: Vec<&str> = all.collect();
    all.sort_unstable();
    all.dedup();
    if all.contains(&asked) {
        return Ok(());
    }
    Err(ActionError::new(Code::InvalidInput, format!("there is no {what} {asked}; there are {}", all.join(", "))))
}

fn text(found: &[&Entry]) -> String {
    if found.is_empty() {
        return "no action matches".to_owned();
    }
    let row =
        |e: &&Entry| vec![e.name.to_owned(), e.effect.as_str().to_owned(), e.scopes.join(" "), e.title.to_string()];
    table::rows(&["action", "effect", "scope", "title"], found.iter().map(row))
}
