//! Values that travel as text: in the path, the query and a form.

use serde_json::Value;

use super::facts::has;
use super::formats;

/// Checks the values given for one parameter. `decode` is applied to each single value, after a list was taken apart:
/// in a path, a comma stands between ids and an encoded one within them.
pub(super) fn check(parameter: &Value, given: &[&str], decode: fn(&str) -> String, at: &str, say: &mut Vec<String>) {
    let repeats = parameter["collectionFormat"] == "multi";
    if given.len() > 1 && !repeats {
        say.push(format!("{at}: is given more than once"));
    }
    let most = most(parameter);
    let list = parameter["format"] == "csv" || (parameter["type"] == "array" && !repeats) || most.is_some();
    let taken_apart = given.iter().flat_map(|text| if list { text.split(',').collect() } else { vec![*text] });
    let values: Vec<String> = taken_apart.map(decode).collect();
    if let Some(most) = most.filter(|most| values.len() as u64 > *most) {
        say.push(format!("{at}: {} values, at most {most} are allowed", values.len()));
    }
    for value in &values {
        one(parameter, value, at, say);
    }
}

/// How many values may be listed. A text that has a maximum but no minimum is a list too: the contract then counts.
fn most(parameter: &Value) -> Option<u64> {
    let counts = parameter["type"] == "string" && parameter.get("minimum").is_none();
    parameter["maxItems"].as_u64().or_else(|| parameter["maximum"].as_u64().filter(|_| counts))
}

fn one(parameter: &Value, text: &str, at: &str, say: &mut Vec<String>) {
    if text.is_empty() {
        return say.push(format!("{at}: is empty"));
    }
    let kind = parameter["items"]["type"].as_str().or_else(|| parameter["type"].as_str()).unwrap_or("string");
    let readable = match kind {
        "integer" => text.parse::<i64>().is_ok(),
        "number" => text.parse::<f64>().is_ok(),
        "boolean" => ["true", "false"].contains(&text),
        _ => true,
    };
    if !readable {
        return say.push(format!("{at}: is not of the type {kind}"));
    }
    let choices = parameter.get("enum").unwrap_or(&parameter["items"]["enum"]);
    if choices.is_array() && !has(choices, text) {
        say.push(format!("{at}: is not one of {choices}"));
    }
    if let Some(format) = parameter["format"].as_str().filter(|format| !formats::fits(format, text)) {
        say.push(format!("{at}: does not have the format {format}"));
    }
    length(parameter, text, at, say);
    range(parameter, text, at, say);
}

/// Limits of a text's length.
pub(super) fn length(facts: &Value, text: &str, at: &str, say: &mut Vec<String>) {
    let length = text.chars().count() as u64;
    if facts["maxLength"].as_u64().is_some_and(|most| length > most) {
        say.push(format!("{at}: is longer than {}", facts["maxLength"]));
    }
    if facts["minLength"].as_u64().is_some_and(|least| length < least) {
        say.push(format!("{at}: is shorter than {}", facts["minLength"]));
    }
}

/// Limits of a number that is written as text; where there is a minimum, even a text has to be a number.
fn range(parameter: &Value, text: &str, at: &str, say: &mut Vec<String>) {
    if parameter["type"] == "string" && parameter.get("minimum").is_none() {
        return;
    }
    match text.parse::<f64>() {
        Ok(number) => limits(parameter, number, at, say),
        Err(_) if parameter.get("minimum").is_some() => say.push(format!("{at}: is not a number")),
        Err(_) => {}
    }
}

/// Limits of a number.
pub(super) fn limits(facts: &Value, number: f64, at: &str, say: &mut Vec<String>) {
    if facts["minimum"].as_f64().is_some_and(|least| number < least) {
        say.push(format!("{at}: is less than {}", facts["minimum"]));
    }
    if facts["maximum"].as_f64().is_some_and(|most| number > most) {
        say.push(format!("{at}: is more than {}", facts["maximum"]));
    }
}
