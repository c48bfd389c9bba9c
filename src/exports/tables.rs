//! The three tables that the README and designers' pages show: scopes, errors, and what is tried again.

use std::collections::BTreeMap;

use super::{
    actions,
    markdown::{code, table, text},
};
use crate::{
    catalog::{Catalog, model::Action},
    invoke::retry::{TABLE, Trouble, Verdict},
    protocol::Code,
};

/// Each scope, what it is for, and the actions that need it, as a Markdown table. Actions that need none come last, by
/// the reason for it.
pub fn scope_table(catalog: &'static Catalog) -> String {
    let mut rows = Vec::new();
    for (name, scope) in &catalog.manifest().scopes {
        let asked = if scope.default { " Asked for unless a profile says otherwise." } else { "" };
        let what = format!("{}: {}{asked}", scope.title, scope.description);
        rows.push(vec![code(name), text(&what), titles(actions(catalog).filter(|a| a.scopes.contains(name)))]);
    }
    let mut free: BTreeMap<&str, Vec<&Action>> = BTreeMap::new();
    for action in actions(catalog).filter(|a| a.scopes.is_empty()) {
        free.entry(action.scopes_why.as_deref().unwrap_or_default()).or_default().push(action);
    }
    for (why, actions) in free {
        rows.push(vec!["none".to_owned(), text(why), titles(actions.into_iter())]);
    }
    table(&["Scope", "What for", "Actions"], rows)
}

fn titles<'a>(actions: impl Iterator<Item = &'a Action>) -> String {
    let titles: Vec<String> = actions.map(|action| text(&action.title)).collect();
    if titles.is_empty() { "–".to_owned() } else { titles.join(", ") }
}

/// Each code of an error, what it means and what to do about it, as a Markdown table.
pub fn error_table() -> String {
    let rows = Code::ALL.iter().map(|c| vec![code(c.as_str()), text(c.title()), text(c.remedy())]);
    table(&["Code", "Meaning", "Remedy"], rows)
}

/// What is tried again, by what went wrong and what the action does, as a Markdown table.
pub fn retry_table() -> String {
    let rows = TABLE
        .iter()
        .map(|(trouble, harmless, harmful)| vec![happened(*trouble).to_owned(), follows(*harmless), follows(*harmful)]);
    table(&["What happened", "Reads, updates, replacements, deletions", "Creations, sends, starts of jobs"], rows)
}

fn happened(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::NotSent => "No connection was made",
        Trouble::Unauthorized => "401: the token was not taken",
        Trouble::Throttled => "429: too many calls in one second",
        Trouble::Unanswered => "A time-out or a broken connection: nobody knows whether the call arrived",
        Trouble::CutOff => "A good status came, and its body broke off",
        Trouble::ServerError => "5xx",
        Trouble::Busy => "409: another call was changing the same thing at that moment",
    }
}

fn follows(verdict: Verdict) -> String {
    match verdict {
        Verdict::Retry => "tried again".to_owned(),
        Verdict::RefreshOnce => "token refreshed, then tried again, once".to_owned(),
        Verdict::OutcomeUnknown => code(Code::OutcomeUnknown.as_str()),
        Verdict::GiveUp => "not tried again".to_owned(),
    }
}
