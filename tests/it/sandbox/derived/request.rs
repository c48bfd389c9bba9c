//! One request, as it goes out.

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::book::key;
use super::client::{Answer, Client, short};
use super::values::plain;

const BOUNDARY: &str = "between-two-parts";

/// What a request carries.
#[derive(Clone)]
pub(super) enum Payload {
    Nothing,
    Json(Value),
    /// Fields of a form in parts; the one named `file` comes as a file.
    Form(Vec<(String, String)>),
    /// A text of any kind.
    Raw(&'static str, String),
}

/// One request of an operation.
#[derive(Clone)]
pub(super) struct Request {
    /// `METHOD /path`, with its variables unfilled.
    pub(super) key: String,
    pub(super) variables: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) payload: Payload,
    /// The bearer token; none sends no such header.
    pub(super) token: Option<String>,
    /// What a partner shows beside its token.
    pub(super) api_key: Option<String>,
}

impl Request {
    /// The request that a filled draft describes.
    pub(super) fn of(operation: &Value, draft: &Value) -> Self {
        let payload = match (draft.get("body"), draft["form"].as_object()) {
            (Some(body), _) => Payload::Json(body.clone()),
            (None, Some(form)) => Payload::Form(pairs(Some(form))),
            (None, None) => Payload::Nothing,
        };
        let (variables, query) = (pairs(draft["path"].as_object()), pairs(draft["query"].as_object()));
        Self { key: key(operation), variables, query, payload, token: None, api_key: None }
    }

    /// Sends it and waits for the answer.
    pub(super) async fn send(&self, client: &mut Client) -> Answer {
        let (method, _) = self.key.split_once(' ').unwrap_or_default();
        let mut headers: Vec<(&str, String)> = Vec::new();
        headers.extend(self.token.as_ref().map(|token| ("authorization", format!("Bearer {token}"))));
        headers.extend(self.api_key.clone().map(|key| ("x-api-key", key)));
        let (kind, body) = self.body();
        headers.extend(kind.map(|kind| ("content-type", kind)));
        client.send(method, &self.target(), &headers, body.as_bytes()).await
    }

    /// Path and query, as they are sent. No value of a variable needs to be encoded.
    fn target(&self) -> String {
        let (_, template) = self.key.split_once(' ').unwrap_or_default();
        let filled = |path: String, (name, value): &(String, String)| path.replace(&format!("{{{name}}}"), value);
        let path = self.variables.iter().fold(format!("/v3{template}"), filled);
        if self.query.is_empty() {
            return path;
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
        format!("{path}?{query}")
    }

    fn body(&self) -> (Option<String>, String) {
        match &self.payload {
            Payload::Nothing => (None, String::new()),
            Payload::Json(body) => (Some("application/json".to_owned()), body.to_string()),
            Payload::Form(fields) => (Some(format!("multipart/form-data; boundary={BOUNDARY}")), form(fields)),
            Payload::Raw(kind, text) => (Some((*kind).to_owned()), text.clone()),
        }
    }

    /// What was sent, in short, for a list of failures.
    pub(super) fn told(&self) -> String {
        let (method, _) = self.key.split_once(' ').unwrap_or_default();
        format!("{method} {} {}", short(&self.target()), short(&self.body().1))
    }
}

fn pairs(object: Option<&Map<String, Value>>) -> Vec<(String, String)> {
    object.into_iter().flatten().map(|(name, value)| (name.clone(), plain(value))).collect()
}

fn form(fields: &[(String, String)]) -> String {
    let part = |(name, content): &(String, String)| {
        let file = if name == "file" { "; filename=\"people.csv\"" } else { "" };
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
    };
    let parts: String = fields.iter().map(part).collect();
    format!("{parts}--{BOUNDARY}--\r\n")
}
