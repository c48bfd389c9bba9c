//! One call as the sandbox sees it, and the answer it gives.
//!
//! Handlers take a parsed `Call` and return an `Answer`: `Ok` for success, `Err` for a refusal. Both are the same
//! `Reply`, so that a handler can leave early with `?` wherever the service would have refused.

use serde::Serialize;
use serde_json::{Value, json};

/// What a handler answers: either way a reply, so that `?` leaves early with a refusal.
pub(super) type Answer = Result<Reply, Reply>;

/// Who calls: read from the access token by the gate.
#[derive(Debug, Clone, Default)]
pub(super) struct Caller {
    /// The API key (client id) that the token was issued to.
    pub client_id: String,
    /// Index of the account in the world.
    pub account: usize,
    /// Scopes of the token.
    pub scopes: Vec<String>,
}

/// One request, parsed as far as HTTP goes.
#[derive(Debug, Clone, Default)]
pub(super) struct Call {
    pub method: String,
    /// Path as it arrived, with `/v3` for the API.
    pub path: String,
    /// Values of the route's `{variables}`, percent-decoded.
    pub params: Vec<(&'static str, String)>,
    /// Query pairs in order, decoded.
    pub query: Vec<(String, String)>,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub caller: Caller,
}

impl Call {
    /// The value of a path variable of the route; empty when the route has no such variable.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v.as_str())
    }

    /// The first value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All values of a query parameter, whether it was repeated or comma-separated.
    pub(super) fn query_list(&self, name: &str) -> Vec<String> {
        let values = self.query.iter().filter(|(n, _)| n == name);
        values.flat_map(|(_, v)| v.split(',')).filter(|v| !v.is_empty()).map(str::to_owned).collect()
    }

    /// A header's value by its lower-case name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The body as JSON: 415 for another content type, 400 for text that is not JSON.
    pub(super) fn json(&self, namespace: &str) -> Result<Value, Reply> {
        let kind = self.header("content-type").unwrap_or("");
        if !kind.to_ascii_lowercase().starts_with("application/json") {
            let text = "Unsupported media type: the payload must be JSON with Content-Type application/json.";
            return Err(Reply::errors(415, &format!("{namespace}.unsupported_media_type"), text));
        }
        serde_json::from_slice(&self.body)
            .map_err(|_| Reply::errors(400, &format!("{namespace}.malformed_json"), "The JSON could not be parsed."))
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// A JSON body.
    pub(super) fn json(status: u16, body: &impl Serialize) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, body: serde_json::to_vec(body).unwrap_or_default() }
    }

    /// No body at all.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An HTML page.
    pub(super) fn html(status: u16, page: &str) -> Self {
        let headers = vec![("content-type", "text/html; charset=utf-8".to_owned())];
        Self { status, headers, body: page.as_bytes().to_vec() }
    }

    /// Shape A: the array of the resource services.
    pub(super) fn errors(status: u16, key: &str, message: &str) -> Self {
        Self::json(status, &json!([{ "error_key": key, "error_message": message }]))
    }

    /// Shape B: the single object of the gateway.
    pub(super) fn gateway(status: u16, key: &str, message: &str) -> Self {
        Self::json(status, &json!({ "error_key": key, "error_message": message }))
    }

    /// The answer with one more header.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A text that means nothing but itself in a web page, inside quotes too.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
impl Call {
    /// A call that asks for this, for tests of what reads a query.
    pub(super) fn asking(query: &[(&str, &str)]) -> Self {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { query, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn a_text_cannot_leave_its_place_in_a_page() {
        assert_eq!(escape("<a href=\"x\" id='y'>&amp;"), "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;");
        assert_eq!(escape("plain"), "plain");
    }
}
