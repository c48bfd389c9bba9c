//! `ctct describe`: one action, one readable line a field.

use serde_json::{Value, json, value::RawValue};

use super::screen::Screen;
use crate::{
    catalog::{Catalog, model::Action},
    protocol::ActionError,
};

pub(super) fn show(name: &str, screen: Screen) -> Result<(), ActionError> {
    let catalog = Catalog::embedded();
    let action = catalog.find(name)?;
    let document: Option<&RawValue> = catalog.document(name).and_then(|text| serde_json::from_str(text).ok());
    screen.show(&document, || text(action));
    Ok(())
}

/// The action for people.
pub fn text(action: &Action) -> String {
    let mut lines = vec![format!("{} — {}", action.name, action.title), action.description.clone(), String::new()];
    lines.extend(action.pitfalls.iter().map(|p| format!("  ! {p}")));
    if !action.pitfalls.is_empty() {
        lines.push(String::new());
    }
    let job = if action.starts_job { ", starts a job" } else { "" };
    let scopes = if action.scopes.is_empty() {
        format!("none: {}", action.scopes_why.as_deref().unwrap_or_default())
    } else {
        action.scopes.join(" or ")
    };
    lines.push(format!("Effect      {}{job}", action.effect.as_str()));
    lines.push(format!("Scope       {scopes}"));
    if !action.privileges.is_empty() {
        lines.push(format!("Privilege   {}", action.privileges.join(", ")));
    }
    lines.push(format!("Call        {} {}", action.call.method, action.call.path));
    if let Some(max) = action.page.as_ref().map(|p| p.limit_max) {
        lines.push(format!(
            "Pages       {}",
            max.map_or("as the service cuts them".to_owned(), |m| format!("up to {m} items each"))
        ));
    }
    lines.push(String::new());
    section("Input", &action.input, true, &mut lines);
    for sentence in action.input["x-message"].as_object().into_iter().flat_map(|m| m.values()).filter_map(Value::as_str)
    {
        lines.push(format!("  * {sentence}"));
    }
    lines.push(String::new());
    section("Output", &action.output, false, &mut lines);
    if let Some(example) = action.examples.first() {
        lines.push(String::new());
        lines.push(format!("Example     {}", example.title));
        lines.push(format!("  ctct run {} --input '{}'", action.name, json!(example.input)));
    }
    lines.join("\n")
}

fn section(title: &str, schema: &Value, with_words: bool, lines: &mut Vec<String>) {
    lines.push(title.to_owned());
    let before = lines.len();
    fields(schema, "  ", with_words, lines);
    if lines.len() == before {
        lines.push(format!("  {}", schema["description"].as_str().unwrap_or("Nothing.")));
    }
}

fn fields(schema: &Value, indent: &str, with_words: bool, lines: &mut Vec<String>) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for group in ["properties", "patternProperties"] {
        for (name, property) in schema[group].as_object().into_iter().flatten() {
            let need = if required.contains(&name.as_str()) { ", required" } else { "" };
            let label = property["title"].as_str().unwrap_or_default();
            let words = if with_words { property["description"].as_str().unwrap_or_default() } else { "" };
            lines.push(format!("{indent}{name} ({}{need}) {label}. {words}", kind(property)).trim_end().to_owned());
            if indent.len() < 8 {
                fields(property, &format!("{indent}  "), with_words, lines);
            }
        }
    }
    if schema["items"].is_object() {
        fields(&schema["items"], indent, with_words, lines);
    }
}

/// A type with its limits, in a few words.
fn kind(property: &Value) -> String {
    let choices = |v: &Value| v["enum"].as_array().map(|list| list.iter().map(plain).collect::<Vec<_>>().join(" | "));
    let mut text = match property["type"].as_str().unwrap_or("any") {
        "array" => {
            let items = &property["items"];
            format!(
                "list of {}",
                choices(items).unwrap_or_else(|| format!(
                    "{}s",
                    items["format"].as_str().or(items["type"].as_str()).unwrap_or("value")
                ))
            )
        }
        other => choices(property).unwrap_or_else(|| property["format"].as_str().unwrap_or(other).to_owned()),
    };
    for (keyword, words) in [("minimum", "from"), ("maximum", "to"), ("maxLength", "up to"), ("maxItems", "up to")] {
        if let Some(limit) = property[keyword].as_i64() {
            text = format!("{text}, {words} {limit}");
        }
    }
    text
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
