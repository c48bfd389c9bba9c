//! Requests with one thing wrong: in credentials, path, query, content type or body; and what has to come of it.

use serde_json::Value;

use super::book::Book;
use super::breaks::{self, malformed};
use super::client::Answer;
use super::request::{Payload, Request};
use super::stage::is_of_partners;
use super::values::choices;
use crate::strict::facts::{name, parameters};

/// What a rule that is broken is answered with.
const BAD_REQUEST: &[u16] = &[400];

/// A request with one thing wrong.
pub(super) struct Mutation {
    /// What is wrong.
    pub(super) what: String,
    pub(super) request: Request,
    /// The statuses that are right.
    pub(super) due: &'static [u16],
}

/// All mutations of the valid requests of an operation, of which the first is the smallest; and the properties of the
/// body that no request has.
pub(super) fn all(
    book: &Book,
    operation: &Value,
    valid: &[Request],
    wrong_token: Option<&str>,
) -> (Vec<Mutation>, Vec<String>) {
    let Some(least) = valid.first() else { return (Vec::new(), Vec::new()) };
    let mut found = credentials(operation, least, wrong_token);
    found.extend(path(operation, least));
    found.extend(query(operation, least));
    found.extend(media(operation, valid));
    found.extend(form(operation, valid));
    let (broken, unsent) = bodies(book, operation, valid);
    found.extend(broken);
    (found, unsent)
}

/// The request with a change, and what is wrong with it then.
fn mutation(
    request: &Request,
    what: impl Into<String>,
    due: &'static [u16],
    change: impl FnOnce(&mut Request),
) -> Mutation {
    let mut request = request.clone();
    change(&mut request);
    Mutation { what: what.into(), request, due }
}

fn credentials(operation: &Value, least: &Request, wrong_token: Option<&str>) -> Vec<Mutation> {
    let mut found = vec![mutation(least, "no token", &[401], |request| request.token = None)];
    if let Some(token) = wrong_token {
        let change = |request: &mut Request| request.token = Some(token.to_owned());
        found.push(mutation(least, "a token for something else", &[403], change));
    }
    if is_of_partners(operation) {
        found.push(mutation(least, "no x-api-key", &[401, 403, 415], |request| request.api_key = None));
    }
    found
}

// --- Path and query ---------------------------------------------------------------------------------------------

fn path(operation: &Value, least: &Request) -> Vec<Mutation> {
    let mut found = Vec::new();
    for parameter in parameters(operation, "path") {
        let name = name(parameter);
        let set = |value: String| move |request: &mut Request| put(&mut request.variables, name, value);
        // Of a number, nobody has told which of the two it is.
        let malformed: &[u16] = if parameter["type"] == "integer" { &[400, 404] } else { &[404] };
        found.push(mutation(least, format!("path.{name} malformed"), malformed, set("not-an-id".to_owned())));
        found.push(mutation(least, format!("path.{name} unknown"), &[404], set(unknown(name).to_owned())));
        if let Some(most) = most(parameter) {
            let ids: Vec<String> = (0..=most).map(some_id).collect();
            let what = format!("path.{name} with more than {most} values");
            found.push(mutation(least, what, BAD_REQUEST, set(ids.join(","))));
        }
    }
    found
}

/// A well-formed id that nothing has.
fn unknown(name: &str) -> &'static str {
    match name {
        "segment_id" => "999999999",
        "topic_id" => "99",
        "encoded_account_id" => "a07e1nobody",
        "track_id" => "zzzzzz",
        "resend_request_id" => "999999",
        _ => "99999999-9999-4999-8999-999999999999",
    }
}

fn some_id(number: u64) -> String {
    format!("99999999-9999-4999-8999-{number:012}")
}

fn put(pairs: &mut Vec<(String, String)>, name: &str, value: String) {
    pairs.retain(|(known, _)| known != name);
    pairs.push((name.to_owned(), value));
}

fn query(operation: &Value, least: &Request) -> Vec<Mutation> {
    let mut found = Vec::new();
    for parameter in parameters(operation, "query") {
        let name = name(parameter);
        if parameter["required"] == true {
            let change = |request: &mut Request| request.query.retain(|(known, _)| known != name);
            found.push(mutation(least, format!("query.{name} left out"), BAD_REQUEST, change));
        }
        for (how, text) in wrong_texts(parameter) {
            let change = |request: &mut Request| put(&mut request.query, name, text);
            found.push(mutation(least, format!("query.{name} {how}"), BAD_REQUEST, change));
        }
    }
    found
}

/// Values that break one rule of a parameter each, and how.
fn wrong_texts(parameter: &Value) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    let kind = parameter["items"]["type"].as_str().or_else(|| parameter["type"].as_str()).unwrap_or_default();
    if ["integer", "number", "boolean"].contains(&kind) {
        wrong.push(("of another type".to_owned(), "seven".to_owned()));
    }
    if !choices(parameter).is_empty() {
        wrong.push(("not one of its words".to_owned(), "foreign".to_owned()));
    }
    if let Some(text) = malformed(parameter["format"].as_str().unwrap_or_default()) {
        wrong.push((format!("not of the format {}", parameter["format"]), text.to_owned()));
    }
    if let Some(most) = most(parameter) {
        wrong.push((format!("with more than {most} values"), many(parameter, most)));
        return wrong;
    }
    // The lengths of a number are its limits: a slip of the contract.
    let limit = |limit: &str, slip: &str| parameter[limit].as_i64().or_else(|| parameter[slip].as_i64());
    if let Some(least) = limit("minimum", "minLength") {
        wrong.push((format!("less than {least}"), (least - 1).to_string()));
    }
    if let Some(most) = limit("maximum", "maxLength") {
        wrong.push((format!("more than {most}"), (most + 1).to_string()));
    }
    wrong
}

/// How many values may be listed. A text that has a maximum but no minimum is a list: the contract then counts.
fn most(parameter: &Value) -> Option<u64> {
    let counts = parameter["type"] == "string" && parameter.get("minimum").is_none();
    parameter["maxItems"].as_u64().or_else(|| parameter["maximum"].as_u64().filter(|_| counts))
}

/// One value more than may be listed, ids or numbers.
fn many(parameter: &Value, most: u64) -> String {
    let ids = ["lists", "tags", "list_ids"].contains(&name(parameter));
    let values: Vec<String> = (0..=most).map(|n| if ids { some_id(n) } else { (n + 1).to_string() }).collect();
    values.join(",")
}

// --- Body -------------------------------------------------------------------------------------------------------

/// A body of another kind, none, or half of one.
fn media(operation: &Value, valid: &[Request]) -> Vec<Mutation> {
    const JSON: &str = "application/json";
    let Some(request) = valid.iter().find(|request| !matches!(request.payload, Payload::Nothing)) else {
        return Vec::new();
    };
    let raw = |what: &str, due, kind, text: &str| {
        mutation(request, what, due, |request| request.payload = Payload::Raw(kind, text.to_owned()))
    };
    let Payload::Json(body) = &request.payload else {
        return vec![
            raw("body of another content type", &[415], JSON, "{}"),
            raw("body broken off", BAD_REQUEST, "multipart/form-data; boundary=B", "--B\r\nContent-Disp"),
        ];
    };
    // One operation documents 406 where all others have 415.
    let unsupported: &[u16] = if operation["responses"].get("406").is_some() { &[406, 415] } else { &[415] };
    let mut found = vec![
        raw("body of another content type", unsupported, "text/plain", &body.to_string()),
        raw("body broken off", BAD_REQUEST, JSON, "{\"a\":"),
        raw("body of another type", BAD_REQUEST, JSON, "[]"),
    ];
    if parameters(operation, "body").any(|body| body["required"] == true) {
        found.push(raw("body left out", BAD_REQUEST, JSON, ""));
    }
    found
}

fn form(operation: &Value, valid: &[Request]) -> Vec<Mutation> {
    let mut found = Vec::new();
    let Some((request, Payload::Form(fields))) = valid.last().map(|request| (request, &request.payload)) else {
        return found;
    };
    for parameter in parameters(operation, "formData") {
        let name = name(parameter);
        let without = || fields.iter().filter(|(known, _)| known != name).cloned().collect::<Vec<_>>();
        let mut add = |what: String, fields| {
            found.push(mutation(request, what, BAD_REQUEST, |request| request.payload = Payload::Form(fields)));
        };
        if parameter["required"] == true {
            add(format!("part.{name} left out"), without());
        }
        for (how, text) in wrong_texts(parameter) {
            let mut fields = without();
            fields.push((name.to_owned(), text));
            add(format!("part.{name} {how}"), fields);
        }
    }
    found
}

fn bodies(book: &Book, operation: &Value, valid: &[Request]) -> (Vec<Mutation>, Vec<String>) {
    let Some(schema) = parameters(operation, "body").next().map(|body| &body["schema"]) else {
        return (Vec::new(), Vec::new());
    };
    // The whole bodies come first: their breaks have more around them.
    let sent = valid.iter().rev().filter_map(|request| match &request.payload {
        Payload::Json(body) => Some((request, body)),
        _ => None,
    });
    let (requests, sent): (Vec<&Request>, Vec<&Value>) = sent.unzip();
    let (broken, unsent) = breaks::all(book, schema, &sent);
    let Some(request) = requests.first() else { return (Vec::new(), unsent) };
    let broken = broken.into_iter().map(|one| {
        let change = |request: &mut Request| request.payload = Payload::Json(one.body);
        mutation(request, one.what, BAD_REQUEST, change)
    });
    (broken.collect(), unsent)
}

// --- Answers ----------------------------------------------------------------------------------------------------

/// What is wrong with a refusal, if anything: its status, or the shape of its body.
pub(super) fn objection(answer: &Answer, due: &[u16]) -> Option<String> {
    if !due.contains(&answer.status) {
        let due: Vec<String> = due.iter().map(u16::to_string).collect();
        return Some(format!("answered {} where {} was due", answer.told(), due.join(" or ")));
    }
    let body = answer.json();
    let says = |one: &Value, name: &str| one[name].as_str().is_some_and(|text| !text.is_empty());
    let tells = |one: &Value| says(one, "error_key") && says(one, "error_message");
    // The gateway answers with an object, all that is behind it with an array.
    let fits = match answer.status {
        401 | 403 => tells(&body),
        _ => body.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(tells)),
    };
    (!fits).then(|| format!("answered {}, which is not the shape of an error", answer.told()))
}
