//! One call against one operation: path, query, headers, body, in this order.

use serde_json::Value;

use super::call::{Call, decoded, media};
use super::facts::{Facts, has, name, parameters};
use super::multipart::{Part, parts};
use super::{json, text};

/// All that is wrong with a call.
pub(super) fn judge(facts: &Facts, operation: &Value, variables: &[(&str, &str)], call: &Call) -> Vec<String> {
    let mut say = Vec::new();
    path(operation, variables, &mut say);
    query(operation, call, &mut say);
    credentials(operation, call, &mut say);
    accept(operation, call, &mut say);
    body(facts, operation, call, &mut say);
    say
}

fn path(operation: &Value, variables: &[(&str, &str)], say: &mut Vec<String>) {
    for parameter in parameters(operation, "path") {
        let name = name(parameter);
        match variables.iter().find(|(variable, _)| *variable == name) {
            Some((_, value)) => text::check(parameter, &[*value], decoded, &format!("path {name}"), say),
            None => say.push(format!("path {name}: is missing")),
        }
    }
}

fn query(operation: &Value, call: &Call, say: &mut Vec<String>) {
    for (given, _) in &call.query {
        if !parameters(operation, "query").any(|parameter| name(parameter) == given) {
            say.push(format!("query {given}: is not in the contract"));
        }
    }
    for parameter in parameters(operation, "query") {
        let at = format!("query {}", name(parameter));
        let given = call.query(name(parameter));
        if !given.is_empty() {
            text::check(parameter, &given, str::to_owned, &at, say);
        } else if parameter["required"] == true {
            say.push(format!("{at}: is required"));
        }
    }
}

fn credentials(operation: &Value, call: &Call, say: &mut Vec<String>) {
    let token = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if token.is_none_or(|token| token.trim().is_empty()) {
        say.push("header authorization: a bearer token is required".to_owned());
    }
    // A partner shows the key of the application beside the token.
    if has(&operation["authorizer"], "api_key") && call.header("x-api-key").is_none_or(str::is_empty) {
        say.push("header x-api-key: is required".to_owned());
    }
}

/// Whether the caller takes what the operation gives; one that says nothing takes anything.
fn accept(operation: &Value, call: &Call, say: &mut Vec<String>) {
    let Some(accept) = call.header("accept") else { return };
    let takes = |kind: &str| kind == "*/*" || has(&operation["produces"], kind);
    if !accept.split(',').any(|kind| takes(media(kind))) {
        say.push(format!("header accept: does not take {}", operation["produces"]));
    }
}

fn body(facts: &Facts, operation: &Value, call: &Call, say: &mut Vec<String>) {
    let json = parameters(operation, "body").next();
    let form = parameters(operation, "formData").next();
    match (json, form) {
        (None, None) if call.body.is_empty() => {}
        (None, None) => say.push("body: the operation takes none".to_owned()),
        (Some(json), _) if call.body.is_empty() => {
            if json["required"] == true {
                say.push("body: is required".to_owned());
            }
        }
        _ if call.kind().is_none_or(|kind| !has(&operation["consumes"], kind)) => {
            say.push(format!("header content-type: must be one of {}", operation["consumes"]));
        }
        (Some(json), _) => document(facts, json, call, say),
        (None, Some(_)) => self::form(operation, call, say),
    }
}

fn document(facts: &Facts, parameter: &Value, call: &Call, say: &mut Vec<String>) {
    match serde_json::from_slice(&call.body) {
        Ok(value) => json::check(facts, &parameter["schema"], &value, "body", say),
        Err(fault) => say.push(format!("body: is not JSON: {fault}")),
    }
}

fn form(operation: &Value, call: &Call, say: &mut Vec<String>) {
    let found = match parts(call.header("content-type").unwrap_or_default(), &call.body) {
        Ok(found) => found,
        Err(fault) => return say.push(format!("body: {fault}")),
    };
    for part in &found {
        if !parameters(operation, "formData").any(|parameter| name(parameter) == part.name) {
            say.push(format!("part {}: is not in the contract", part.name));
        }
    }
    for parameter in parameters(operation, "formData") {
        let given: Vec<&Part> = found.iter().filter(|part| part.name == name(parameter)).collect();
        field(parameter, &given, say);
    }
}

fn field(parameter: &Value, given: &[&Part], say: &mut Vec<String>) {
    let at = format!("part {}", name(parameter));
    let file = parameter["type"] == "file";
    if given.is_empty() && parameter["required"] == true {
        say.push(format!("{at}: is required"));
    }
    for part in given {
        if part.is_file != file {
            say.push(format!("{at}: must {}come as a file", if file { "" } else { "not " }));
        }
        if part.content.is_empty() {
            say.push(format!("{at}: is empty"));
        }
    }
    if !file && !given.is_empty() {
        let texts: Vec<_> = given.iter().map(|part| String::from_utf8_lossy(&part.content)).collect();
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        text::check(parameter, &texts, str::to_owned, &at, say);
    }
}
