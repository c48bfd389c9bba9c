//! A plain HTTP client with a stand-in to talk to: one connection a call, nothing repeated, redirects left alone.

use std::time::Duration;

use constantcontact::sandbox::{Clock, Options, Ready, Sandbox};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::sandbox::http::{Headers, head, header};
use crate::support::free;

/// A stand-in, and the token that it gave out at its start.
pub(super) struct Service {
    sandbox: Sandbox,
    root: String,
    token: String,
}

/// One answer, just as it came. Status 0 is none at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

/// No limits, and a clock that only the test moves.
pub(super) fn still() -> Options {
    Options { clock: Clock::Fixed("2026-01-15T09:00:00Z".parse().unwrap()), ..free() }
}

impl Service {
    /// With limits off and the clock at rest.
    pub(super) async fn start() -> Self {
        Self::with(still()).await
    }

    pub(super) async fn with(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        let root = sandbox.ready().api.trim_end_matches("/v3").to_owned();
        let token = sandbox.ready().access_token.clone();
        Self { sandbox, root, token }
    }

    /// The same with another token.
    pub(super) fn holding(self, token: String) -> Self {
        Self { token, ..self }
    }

    pub(super) fn ready(&self) -> &Ready {
        self.sandbox.ready()
    }

    /// Writes the state to the file of the options.
    pub(super) fn save(&self) {
        self.sandbox.save().unwrap();
    }

    /// A call with these headers and no others but those of the transport.
    pub(super) async fn call(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        exchange(&self.root, method, target, headers, body).await
    }

    /// A call to the API with this token.
    pub(super) async fn with_token(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str())];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        self.call(method, &format!("/v3{path}"), &headers, body.as_bytes()).await
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.with_token(&self.token, "GET", path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.with_token(&self.token, "POST", path, Some(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.with_token(&self.token, "PUT", path, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.with_token(&self.token, "PATCH", path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Reply {
        self.with_token(&self.token, "DELETE", path, None).await
    }

    /// A body of another kind than JSON.
    pub(super) async fn post_as(&self, path: &str, kind: &str, body: &[u8]) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        self.call("POST", &format!("/v3{path}"), &headers, body).await
    }

    /// What must be there.
    pub(super) async fn read(&self, path: &str) -> Value {
        self.get(path).await.must(200)
    }

    /// All items of a collection under a name: every page, by nothing but its links.
    pub(super) async fn all(&self, path: &str, name: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page = self.read(&path).await;
            items.extend(page[name].as_array().unwrap_or_else(|| panic!("{path}: {page}")).iter().cloned());
            next = next_path(&page);
        }
        items
    }

    /// Pulls a lever.
    pub(super) async fn lever(&self, method: &str, name: &str, body: Option<&Value>) -> Reply {
        let body = body.map(Value::to_string).unwrap_or_default();
        let headers = [("content-type", "application/json")];
        self.call(method, &format!("/_sandbox/{name}"), &headers, body.as_bytes()).await
    }

    /// Moves the clock.
    pub(super) async fn advance(&self, seconds: i64) {
        self.lever("POST", "clock", Some(&serde_json::json!({ "advance_seconds": seconds }))).await.must(200);
    }

    /// Changes options while it runs.
    pub(super) async fn options(&self, change: &Value) {
        self.lever("PATCH", "options", Some(change)).await.must(200);
    }

    /// Orders faults.
    pub(super) async fn faults(&self, orders: &Value) {
        self.lever("POST", "faults", Some(orders)).await.must(204);
    }

    /// Puts what no operation of the API can make into the account, by way of its state.
    pub(super) async fn plant(&self, change: impl FnOnce(&mut Value)) {
        let mut state = self.lever("GET", "state", None).await.must(200);
        change(&mut state);
        self.lever("PUT", "state", Some(&state)).await.must(204);
    }
}

/// The path of the next page, without the version. It has no host, and the version in front.
pub(super) fn next_path(page: &Value) -> Option<String> {
    let href = page.pointer("/_links/next/href")?.as_str()?;
    Some(href.strip_prefix("/v3").unwrap_or_else(|| panic!("{href}")).to_owned())
}

impl Reply {
    fn parse(answer: &[u8]) -> Self {
        let (status, headers, body) = head(answer).unwrap_or_default();
        Self { status, headers, body: body.to_vec() }
    }

    /// A header by its lower-case name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null where it is something else.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub(super) fn must(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// A refusal by one of the resource services: an array, of which this is the first text.
    #[track_caller]
    pub(super) fn refusal(&self, status: u16) -> String {
        let body = self.must(status);
        assert!(body[0]["error_key"].is_string(), "an array of keys and texts: {body}");
        body[0]["error_message"].as_str().unwrap_or_default().to_owned()
    }

    /// A refusal with exactly this key and this text.
    #[track_caller]
    pub(super) fn refused(&self, status: u16, key: &str, text: &str) {
        assert_eq!(self.must(status), serde_json::json!([{ "error_key": key, "error_message": text }]));
    }

    /// Nothing but a status.
    #[track_caller]
    pub(super) fn bare(&self, status: u16) {
        assert_eq!((self.status, self.text().as_str()), (status, ""));
    }
}

async fn exchange(root: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let host = root.trim_start_matches("http://");
    let length = body.len().to_string();
    let mut lines = vec![format!("{method} {target} HTTP/1.1"), "connection: close".to_owned()];
    if !headers.iter().any(|(name, _)| *name == "host") {
        lines.push(format!("host: {host}"));
    }
    if method != "GET" {
        lines.push(format!("content-length: {length}"));
    }
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let head = lines.join("\r\n") + "\r\n\r\n";
    let mut stream = TcpStream::connect(host).await.unwrap();
    // A server may answer or leave before it has read everything; what it said is what counts.
    let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
    Reply::parse(&answer)
}
