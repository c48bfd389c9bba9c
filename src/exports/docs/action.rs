//! One action as a section of its resource's page.

use serde_json::Value;

use super::super::markdown::{bullets, code, codes, table, text};
use super::fields::{conditions, fields};
use super::kind::{field_kind, kind};
use crate::catalog::model::{Action, Authorizer, Deviation, DeviationKind, PageRecipe};

/// How deep nested fields are listed; the schemas hold what lies deeper.
const DEPTH: usize = 4;

/// The section, under an anchor that is the action's name.
pub(super) fn section(action: &Action) -> String {
    let mut parts = vec![
        format!("<a id=\"{}\"></a>", action.name),
        format!("## {}", text(&action.title)),
        code(&action.name),
        text(&action.description),
        bullets(facts(action)),
    ];
    let chapters = [
        ("Pitfalls", bullets(action.pitfalls.iter().map(|pitfall| text(pitfall)))),
        ("Input", input(action)),
        ("Conditions", bullets(conditions(&action.input))),
        ("Output", output(action)),
        ("Examples", examples(action)),
        ("Differences from the published contract", bullets(action.deviations.iter().map(deviation))),
    ];
    let said = chapters.into_iter().filter(|(_, body)| !body.is_empty());
    parts.extend(said.map(|(head, body)| format!("### {head}\n\n{}", body.trim_end())));
    parts.join("\n\n")
}

fn facts(action: &Action) -> Vec<String> {
    let job = if action.starts_job { "; only starts a job, which ends later" } else { "" };
    let mut facts = vec![
        format!("Effect: {}{job}", action.effect.as_str()),
        format!("Call: {}", code(&format!("{} {}", action.call.method, action.call.path))),
        format!("Scopes: {}", scopes(action)),
    ];
    if !action.privileges.is_empty() {
        facts.push(format!("Privileges: {}", codes(&action.privileges, ", ")));
    }
    if action.authorizer == Authorizer::Partner {
        facts.push("Credentials: those of a technology partner".to_owned());
    }
    facts.extend(action.page.as_ref().map(listing));
    facts
}

fn scopes(action: &Action) -> String {
    if action.scopes.is_empty() {
        return format!("none. {}", text(action.scopes_why.as_deref().unwrap_or_default()));
    }
    codes(&action.scopes, " or ")
}

fn listing(page: &PageRecipe) -> String {
    let items = if page.items.is_empty() { "the answer itself".to_owned() } else { code(&page.items) };
    let most = page.limit_max.map(|most| format!(", at most {most} on a page")).unwrap_or_default();
    format!("Listing: comes page by page, items in {items}{most}")
}

fn input(action: &Action) -> String {
    let fields = fields(&action.input, DEPTH);
    if fields.is_empty() {
        return "None.".to_owned();
    }
    let rows = fields.iter().map(|field| {
        let required = if field.required { "yes" } else { "" };
        vec![code(&field.path), field.label(), field_kind(field), required.to_owned(), field.words()]
    });
    table(&["Field", "Label", "Type", "Required", "What it is"], rows)
}

fn output(action: &Action) -> String {
    let word = |key: &str| text(action.output[key].as_str().unwrap_or_default());
    let whole = format!("**{}** ({}). {}", word("title"), kind(&action.output), word("description"));
    let fields = fields(&action.output, DEPTH);
    if fields.is_empty() {
        return whole;
    }
    let rows = fields.iter().map(|field| vec![code(&field.path), field.label(), field_kind(field), field.words()]);
    format!("{whole}\n\n{}", table(&["Field", "Label", "Type", "What it is"], rows))
}

fn examples(action: &Action) -> String {
    let blocks = action.examples.iter().map(|example| {
        let output = match &example.output {
            Some(Value::Null) => "\n\nOutput: none.".to_owned(),
            Some(output) => format!("\n\nOutput:\n\n{}", json(output)),
            None => String::new(),
        };
        format!("**{}**\n\nInput:\n\n{}{output}", text(&example.title), json(&example.input))
    });
    blocks.collect::<Vec<_>>().join("\n\n")
}

/// Line breaks inside JSON are escaped, so nothing in it can end the block.
fn json(value: &Value) -> String {
    format!("```json\n{value:#}\n```")
}

fn deviation(deviation: &Deviation) -> String {
    let kind = match deviation.kind {
        DeviationKind::Wrong => "the contract is mistaken",
        DeviationKind::Stricter => "allows less",
        DeviationKind::Looser => "allows more",
    };
    format!("{}, {kind}: {}", code(&deviation.place), text(&deviation.because))
}
