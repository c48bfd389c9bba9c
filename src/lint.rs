//! The lint of the catalogue: what the types cannot say. Every finding names the action and the place.
//!
//! Run by a test over the embedded catalogue, and by `ctct catalog check` over a folder, for whoever adds an action.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    catalog::{Catalog, manifest::Manifest, model::Action},
    schema,
};

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The action, or the manifest.
    pub action: String,
    /// What is wrong, and where.
    pub what: String,
}

/// Checks the embedded catalogue.
pub fn embedded() -> Vec<Finding> {
    let catalog = Catalog::embedded();
    let actions: Vec<&Action> = catalog.entries().iter().filter_map(|e| catalog.action(e.name)).collect();
    check(&actions, catalog.manifest())
}

/// Checks these actions against themselves, each other and the manifest.
pub fn check(actions: &[&Action], manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for action in actions {
        let mut say = |what: String| findings.push(Finding { action: action.name.clone(), what });
        if !seen.insert((&action.call.method, &action.call.path)) {
            say(format!("another action also calls {} {}", action.call.method, action.call.path));
        }
        titles(action, &mut say);
        needs(action, manifest, &mut say);
        wiring(action, &mut say);
        words("input", &action.input, &mut say);
        words("output", &action.output, &mut say);
        inputs(action, manifest, &mut say);
        examples(action, &mut say);
    }
    lookups(actions, manifest, &mut findings);
    findings
}

fn titles(action: &Action, say: &mut impl FnMut(String)) {
    let title = &action.title;
    let last = title.chars().last().unwrap_or(' ');
    if title.chars().count() > 80
        || title.contains(['/', '\\', '<', '>', '*', '%', '&', '?'])
        || !(last.is_alphanumeric() || last == ')')
    {
        say("title: at most 80 characters, none of /\\<>*%&?, ending in a letter, a digit or )".to_owned());
    }
    for (place, text) in
        [("description", &action.description)].into_iter().chain(action.pitfalls.iter().map(|p| ("pitfalls", p)))
    {
        if let Some(fault) = sentence(text, 4) {
            say(format!("{place}: {fault}"));
        }
    }
}

fn needs(action: &Action, manifest: &Manifest, say: &mut impl FnMut(String)) {
    if action.scopes.is_empty() && action.scopes_why.as_deref().unwrap_or_default().is_empty() {
        say("scopes: name one, or say in scopes_why why none is needed".to_owned());
    }
    for scope in action.scopes.iter().filter(|s| !manifest.scopes.contains_key(*s)) {
        say(format!("scopes: the manifest does not declare {scope}"));
    }
    for deviation in &action.deviations {
        if let Some(fault) = sentence(&deviation.because, 4) {
            say(format!("deviations, {}: {fault}", deviation.place));
        }
    }
}

fn wiring(action: &Action, say: &mut impl FnMut(String)) {
    let properties = &action.input["properties"];
    for name in action.call.path_variables().filter(|n| properties.get(n).is_none()) {
        say(format!("call.path: {{{name}}} is not an input"));
    }
    for name in action.call.path_variables() {
        if !action.input["required"].as_array().is_some_and(|r| r.iter().any(|v| v == name)) {
            say(format!("call.path: {{{name}}} must be required"));
        }
    }
    let paged = action.page.is_some();
    for parameter in &action.call.query {
        let paging = paged && matches!(parameter.name.as_str(), "next" | "prev" | "cursor" | "page" | "offset");
        if properties.get(parameter.property()).is_none() && !paging {
            say(format!("call.query: {} is not an input", parameter.property()));
        }
    }
    let body = action.call.body.as_str();
    if !matches!(body, "none" | "rest" | "multipart") && properties.get(body).is_none() {
        say(format!("call.body: {body} is not an input"));
    }
}

/// Every property has a label and a sentence; every choice has a label.
fn words(place: &str, schema: &Value, say: &mut impl FnMut(String)) {
    for group in ["properties", "patternProperties"] {
        for (name, property) in schema[group].as_object().into_iter().flatten() {
            let here = format!("{place}.{name}");
            let title = property["title"].as_str().unwrap_or_default();
            let description = property["description"].as_str().unwrap_or_default();
            if title.is_empty() || title == name || title.contains('_') {
                say(format!("{here}: the title must be a form label"));
            }
            if let Some(fault) = sentence(description, 3) {
                say(format!("{here}: the description {fault}"));
            }
            if plain(description) == plain(name) || plain(description) == plain(title) {
                say(format!("{here}: the description repeats the name"));
            }
            labels(&here, property, say);
            words(&here, property, say);
        }
    }
    if schema["items"].is_object() {
        words(&format!("{place}[]"), &schema["items"], say);
    }
}

fn labels(place: &str, property: &Value, say: &mut impl FnMut(String)) {
    let choices = property["enum"].as_array().or_else(|| property["items"]["enum"].as_array());
    let labels = [&property["x-ui"]["labels"], &property["items"]["x-ui"]["labels"]];
    for choice in choices.into_iter().flatten() {
        let key = choice.as_str().map_or_else(|| choice.to_string(), str::to_owned);
        if !labels.iter().any(|l| l[&key].is_string()) {
            say(format!("{place}: the choice {key} has no label"));
        }
    }
}

fn inputs(action: &Action, manifest: &Manifest, say: &mut impl FnMut(String)) {
    for (name, property) in action.input["properties"].as_object().into_iter().flatten() {
        if !property["type"].is_string() {
            say(format!("input.{name}: needs exactly one type"));
        }
        if !matches!(property["x-ui"]["placement"].as_str(), Some("primary" | "secondary" | "hidden")) {
            say(format!("input.{name}: x-ui.placement must be primary, secondary or hidden"));
        }
        for lookup in [&property["x-ui"]["lookup"], &property["items"]["x-ui"]["lookup"]] {
            if let Some(unknown) = lookup.as_str().filter(|l| !manifest.lookups.contains_key(*l)) {
                say(format!("input.{name}: the manifest has no look-up {unknown}"));
            }
        }
    }
    for keyword in ["anyOf", "oneOf", "not", "dependentRequired", "dependentSchemas"] {
        if action.input.get(keyword).is_some() && !action.input["x-message"][keyword].is_string() {
            say(format!("input: the condition {keyword} needs its own sentence in x-message"));
        }
    }
}

fn examples(action: &Action, say: &mut impl FnMut(String)) {
    if !action.examples.iter().any(|e| e.output.is_some()) {
        say("examples: at least one needs an input and an output".to_owned());
    }
    let (Ok(input), Ok(output)) = (schema::compile(&action.input), schema::compile(&action.output)) else {
        return say("input or output is not a valid schema".to_owned());
    };
    for (i, example) in action.examples.iter().enumerate() {
        for error in input.iter_errors(&example.input) {
            say(format!("examples[{i}].input{}: {}", error.instance_path(), error.masked()));
        }
        for error in example.output.iter().flat_map(|o| output.iter_errors(o)) {
            say(format!("examples[{i}].output{}: {}", error.instance_path(), error.masked()));
        }
    }
}

/// A look-up's pointers must lead somewhere in the action's output.
fn lookups(actions: &[&Action], manifest: &Manifest, findings: &mut Vec<Finding>) {
    let mut say = |what: String| findings.push(Finding { action: "connector.json".to_owned(), what });
    for (name, lookup) in &manifest.lookups {
        let Some(action) = actions.iter().find(|a| a.name == lookup.action) else {
            say(format!("lookups.{name}: there is no action {}", lookup.action));
            continue;
        };
        let items = below(&action.output, &lookup.items).map(|list| &list["items"]);
        for (what, pointer) in [("value", &lookup.value), ("label", &lookup.label)] {
            if items.and_then(|item| below(item, pointer)).is_none() {
                say(format!("lookups.{name}.{what}: {pointer} is not in what {} gives", lookup.action));
            }
        }
    }
    for name in manifest.check.iter().chain(&manifest.check_partner).filter(|n| !actions.iter().any(|a| a.name == **n))
    {
        say(format!("check: there is no action {name}"));
    }
}

/// The schema of what a pointer through objects points at.
fn below<'a>(schema: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer.split('/').skip(1).try_fold(schema, |here, name| here["properties"].get(name))
}

fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What is wrong with a sentence, if anything.
fn sentence(text: &str, least_words: usize) -> Option<&'static str> {
    let end = text.trim_end_matches(['”', '"', ')']);
    if text.split_whitespace().count() < least_words {
        return Some("is too short to say anything");
    }
    if !end.ends_with('.') {
        return Some("must end with a period");
    }
    if text.chars().count() > 1_000 {
        return Some("is longer than 1,000 characters");
    }
    if text.contains("http://") || text.contains("https://") || html(text) {
        return Some("must hold no address and no HTML");
    }
    None
}

fn html(text: &str) -> bool {
    text.split('<').skip(1).any(|after| {
        let tag = after.trim_start_matches('/');
        tag.split_once('>').is_some_and(|(name, _)| {
            !name.is_empty() && name.len() <= 10 && name.chars().all(|c| c.is_ascii_alphanumeric())
        })
    })
}
