//! One action as one operation: its words, its answers, and what it does to the world.

use serde_json::{Map, Value, json};

use super::{
    body::{request_body, said_elsewhere},
    label,
    parameters::parameters,
    security::requirements,
};
use crate::catalog::model::Action;

pub(super) fn operation(action: &Action) -> Value {
    let mut operation = json!({
        "operationId": action.name,
        "summary": action.title,
        "description": description(action),
        "tags": [label(&action.resource)],
    });
    let parameters = parameters(action);
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if let Some(body) = request_body(action) {
        operation["requestBody"] = body;
    }
    operation["responses"] = responses(action);
    operation["security"] = requirements(action);
    operation["x-effect"] = json!(action.effect);
    operation["x-async"] = json!(action.starts_job);
    if !action.privileges.is_empty() {
        operation["x-privileges"] = json!(action.privileges);
    }
    if let Some(page) = &action.page {
        operation["x-page"] = json!(page);
    }
    operation
}

/// The description, and what no schema can say: what surprises people, and conditions over several places.
fn description(action: &Action) -> String {
    let conditions = said_elsewhere(action);
    let mut out = action.description.clone();
    for (head, sentences) in [("Pitfalls", &action.pitfalls), ("Conditions", &conditions)] {
        if !sentences.is_empty() {
            out = format!("{out}\n\n{head}:\n\n- {}", sentences.join("\n- "));
        }
    }
    out
}

fn responses(action: &Action) -> Value {
    let mut responses = Map::new();
    for status in &action.call.success {
        let pending = action.call.pending == Some(*status);
        let response = if pending { json!({ "description": "Not ready yet: ask again." }) } else { success(action) };
        responses.insert(status.to_string(), response);
    }
    let error = json!({
        "description": "The service refused the call.",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
    });
    responses.insert("default".to_owned(), error);
    Value::Object(responses)
}

fn success(action: &Action) -> Value {
    let output = &action.output;
    let words = output["description"].as_str().unwrap_or(&action.title);
    if output["type"] == "null" {
        return json!({ "description": words });
    }
    let content = match file_type(output) {
        Some(media) => json!({ media: { "schema": { "type": "string" } } }),
        None => json!({ "application/json": { "schema": output } }),
    };
    json!({ "description": words, "content": content })
}

/// The media type of an answer that is a file of text, which our outputs hold as `{content_type, text}`.
fn file_type(output: &Value) -> Option<&str> {
    let properties = output["properties"].as_object().filter(|p| p.len() == 2 && p.contains_key("text"))?;
    let kind = properties.get("content_type")?;
    Some(kind["examples"][0].as_str().unwrap_or("text/csv"))
}
