//! An action as a tool: what a model reads before it calls.
//!
//! Schemas are slimmed, since a model pays for each word of them, and say only what every client takes. A condition over
//! several properties stands in the description in words: providers refuse such keywords at the root of an input, some
//! with the whole list of tools. `invoke` checks it all the same.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use crate::catalog::model::{Action, Effect};

/// Input property of every tool: the connection.
pub(super) const CONNECTION: &str = "_connection";
/// Input property of a listing: where to go on.
pub(super) const PAGE_CURSOR: &str = "_page_cursor";

/// Keywords that must not stand at the root of an input.
const CONDITIONS: [&str; 4] = ["anyOf", "oneOf", "allOf", "not"];

/// The tool of an action. `default` is the connection of a call that names none.
pub(super) fn tool(action: &'static Action, default: Option<&str>) -> Tool {
    Tool::new(action.name.as_str(), description(action), input(action, default))
        .with_title(action.title.as_str())
        .with_raw_output_schema(Arc::new(output(action)))
        .with_annotations(annotations(action))
}

fn description(action: &Action) -> String {
    let mut lines = vec![action.description.as_str()];
    lines.extend(action.pitfalls.iter().map(String::as_str));
    lines.extend(CONDITIONS.iter().filter_map(|keyword| action.input["x-message"][keyword].as_str()));
    lines.extend(match action.effect {
        Effect::Delete => Some("Effect: deletes."),
        Effect::Send => Some("Effect: sends, which cannot be taken back."),
        _ => None,
    });
    lines.join("\n")
}

fn annotations(action: &Action) -> ToolAnnotations {
    let effect = action.effect;
    let repeatable = matches!(effect, Effect::Read | Effect::Update | Effect::Replace | Effect::Delete);
    ToolAnnotations::new()
        .read_only(effect == Effect::Read)
        .destructive(matches!(effect, Effect::Delete | Effect::Replace | Effect::Send))
        .idempotent(repeatable && !action.starts_job)
        .open_world(true)
}

fn input(action: &Action, default: Option<&str>) -> JsonObject {
    let mut schema = object(slim(&action.input));
    schema.retain(|keyword, _| !CONDITIONS.contains(&keyword.as_str()));
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    let connection = match default {
        Some(id) => format!("Id of the connection to use instead of {id}."),
        None => "Id of the connection to use; may be left out where there is exactly one.".to_owned(),
    };
    properties[CONNECTION] = json!({ "type": "string", "title": "Connection", "description": connection });
    if action.page.is_some() {
        let description =
            "The next_cursor of an earlier page, to get the page after it. Leave the other inputs as they were.";
        properties[PAGE_CURSOR] = json!({ "type": "string", "title": "Page cursor", "description": description });
    }
    schema
}

/// What `structuredContent` holds. Nothing is required, because an error has another shape and some clients hold that
/// against this schema too.
fn output(action: &Action) -> JsonObject {
    let outcome = json!({ "type": "string", "enum": ["complete", "partial", "accepted"] });
    let mut schema = json!({
        "type": "object",
        "description": "When isError is true: the error instead, with its code and detail.",
        "properties": { "outcome": outcome, "output": shape(&action.output), "summary": { "type": "string" } },
    });
    let properties = &mut schema["properties"];
    if !action.call.issues.is_empty() {
        let issue = json!({ "pointer": { "type": "string" }, "message": { "type": "string" } });
        let description = "The parts of the output that did not work.";
        let items = json!({ "type": "object", "properties": issue });
        properties["issues"] = json!({ "type": "array", "description": description, "items": items });
    }
    if action.page.is_some() {
        let description = format!("Give it as {PAGE_CURSOR} to get the next page; absent on the last one.");
        properties["next_cursor"] = json!({ "type": "string", "description": description });
    }
    object(schema)
}

/// A schema without what only forms use.
fn slim(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let mut kept = JsonObject::new();
    for (keyword, value) in keywords {
        let value = match keyword.as_str() {
            "examples" => continue,
            name if name.starts_with("x-") => continue,
            "properties" | "patternProperties" => members(value, slim),
            "items" | "additionalProperties" => slim(value),
            _ => value.clone(),
        };
        kept.insert(keyword.clone(), value);
    }
    if let Some(codes) = codes(schema) {
        let description = schema["description"].as_str().unwrap_or_default();
        kept.insert("description".to_owned(), Value::from(format!("{description} {codes}").trim_start()));
    }
    Value::Object(kept)
}

/// What choices mean that are bare numbers or letters: without their labels nobody could choose.
fn codes(schema: &Value) -> Option<String> {
    let labels = schema["x-ui"]["labels"].as_object().filter(|labels| labels.keys().all(|code| code.len() <= 2))?;
    let meanings: Vec<_> =
        labels.iter().map(|(code, label)| format!("{code}: {}", label.as_str().unwrap_or(code))).collect();
    Some(format!("{}.", meanings.join("; ")))
}

/// The names and types of an output, and nothing by which a client could refuse an answer of the service that came late
/// with a new value or left something out: after a write, that would look like a failure and invite a second one.
fn shape(schema: &Value) -> Value {
    let mut kept = JsonObject::new();
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        let (keyword, value) = match keyword.as_str() {
            "type" if value != "null" => ("type", nullable(value)),
            "enum" => ("examples", value.clone()),
            "items" => ("items", shape(value)),
            group @ ("properties" | "patternProperties") => (group, members(value, shape)),
            _ => continue,
        };
        kept.insert(keyword.to_owned(), value);
    }
    Value::Object(kept)
}

fn nullable(types: &Value) -> Value {
    let mut types = types.as_array().cloned().unwrap_or_else(|| vec![types.clone()]);
    if !types.iter().any(|kind| kind == "null") {
        types.push(Value::from("null"));
    }
    Value::Array(types)
}

/// The members of a group are names with a schema each, whatever the names are.
fn members(group: &Value, each: fn(&Value) -> Value) -> Value {
    group.as_object().into_iter().flatten().map(|(name, schema)| (name.clone(), each(schema))).collect()
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::Tool;
    use serde_json::{Value, json};

    use super::{CONDITIONS, CONNECTION, PAGE_CURSOR, tool};
    use crate::{
        catalog::{Catalog, model::Action},
        protocol::{ActionError, Code, FieldError},
        schema,
    };

    fn all() -> Vec<(&'static Action, Tool)> {
        let catalog = Catalog::embedded();
        catalog.entries().iter().filter_map(|e| catalog.action(e.name)).map(|a| (a, tool(a, None))).collect()
    }

    #[test]
    fn every_input_is_a_schema_that_providers_take() {
        for (action, tool) in all() {
            let input = Value::Object((*tool.input_schema).clone());
            let text = input.to_string();
            assert!(schema::compile(&input).is_ok(), "{}", action.name);
            assert!(CONDITIONS.iter().all(|c| input.get(c).is_none()), "{}", action.name);
            assert!(
                !["\"$ref\":", "\"$defs\":", "\"x-ui\":", "\"x-message\":"].iter().any(|w| text.contains(w)),
                "{}",
                action.name
            );
            assert!(input["properties"][CONNECTION].is_object());
            assert_eq!(input["properties"][PAGE_CURSOR].is_object(), action.page.is_some(), "{}", action.name);
        }
    }

    #[test]
    fn a_condition_that_the_schema_leaves_out_stands_in_the_description() {
        let action = Catalog::embedded().action("create_contact").unwrap();
        let said = action.input["x-message"]["anyOf"].as_str().unwrap();
        assert!(tool(action, None).description.unwrap().contains(said));
    }

    #[test]
    fn a_choice_among_codes_says_what_they_mean() {
        let tool = tool(Catalog::embedded().action("create_ab_test").unwrap(), None);
        let words = tool.input_schema["properties"]["winner_wait_duration"]["description"].as_str().unwrap();
        assert!(words.ends_with("6: 6 hours; 12: 12 hours; 24: 1 day; 48: 2 days."), "{words}");
    }

    #[test]
    fn no_client_can_refuse_an_answer_or_an_error() {
        let field = FieldError { pointer: "/limit".to_owned(), message: "must be at most 500".to_owned() };
        let error = serde_json::to_value(ActionError::new(Code::InvalidInput, "/limit").fields(vec![field])).unwrap();
        let nothing = Value::Null;
        for (action, tool) in all() {
            let output = Value::Object((**tool.output_schema.as_ref().unwrap()).clone());
            let rules = schema::compile(&output).unwrap();
            let outputs = action.examples.iter().filter_map(|e| e.output.as_ref()).chain([&nothing]);
            for output in outputs {
                let content = json!({ "outcome": "complete", "output": output, "summary": "Done" });
                assert!(rules.is_valid(&content), "{}: {content}", action.name);
            }
            assert!(rules.is_valid(&error), "{}", action.name);
        }
    }

    #[test]
    fn the_hints_follow_from_the_effect() {
        let hints = |name: &str| {
            let hints = tool(Catalog::embedded().action(name).unwrap(), None).annotations.unwrap();
            [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint].map(Option::unwrap)
        };
        assert_eq!(hints("get_contact"), [true, false, true]);
        assert_eq!(hints("create_contact"), [false, false, false]);
        assert_eq!(hints("delete_contact"), [false, true, true]);
        assert_eq!(hints("start_contact_delete_job"), [false, true, false]);
        assert_eq!(hints("send_test_email"), [false, true, false]);
    }
}
