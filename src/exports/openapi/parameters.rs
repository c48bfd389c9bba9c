//! Inputs that travel in the address: in its path, and in its query.

use serde_json::{Map, Value, json};

use crate::catalog::model::{Action, QueryParameter, Style};

/// The action's parameters, in the order in which they are written.
pub(super) fn parameters(action: &Action) -> Vec<Value> {
    let path = action.call.path_variables().map(|name| in_path(action, name));
    path.chain(action.call.query.iter().map(|parameter| in_query(action, parameter))).collect()
}

/// Ids listed in a path are one segment, joined by commas.
fn in_path(action: &Action, name: &str) -> Value {
    let property = &action.input["properties"][name];
    let mut parameter = parameter(name, "path", true, property);
    if is_list(property) {
        parameter["style"] = json!("simple");
        parameter["explode"] = json!(false);
    }
    parameter
}

fn in_query(action: &Action, query: &QueryParameter) -> Value {
    let name = query.property();
    let property = &action.input["properties"][name];
    if property.is_null() {
        return cursor(&query.name);
    }
    let required = action.input["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name));
    let mut parameter = parameter(&query.name, "query", required, property);
    if is_list(property) {
        parameter["style"] = json!("form");
        parameter["explode"] = json!(query.style == Style::Multi);
    }
    parameter
}

/// The description stands on the parameter; the schema keeps the rest, hints included.
fn parameter(name: &str, place: &str, required: bool, property: &Value) -> Value {
    let words = property.as_object().into_iter().flatten().filter(|(key, _)| *key != "description");
    let schema: Map<String, Value> = words.map(|(key, value)| (key.clone(), value.clone())).collect();
    json!({
        "name": name,
        "in": place,
        "required": required,
        "description": property["description"],
        "schema": schema,
    })
}

/// What a listing goes on from is no input of an action, since the runtime takes care of it, but it is on the wire.
fn cursor(name: &str) -> Value {
    json!({
        "name": name,
        "in": "query",
        "required": false,
        "description": "Where in the listing to go on: a cursor that an earlier answer gave.",
        "schema": { "type": "string" },
    })
}

fn is_list(property: &Value) -> bool {
    property["type"] == "array"
}
