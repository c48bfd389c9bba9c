//! One request, read to its end.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{HeaderMap, Request};
use percent_encoding::percent_decode_str;

/// One request, parsed as far as HTTP goes.
pub(super) struct Call {
    pub(super) method: String,
    /// As it came, still encoded.
    pub(super) path: String,
    /// Pairs in order, decoded.
    pub(super) query: Vec<(String, String)>,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) async fn read(request: Request<Incoming>) -> Self {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let (method, path) = (head.method.to_string(), head.uri.path().to_owned());
        Self { method, path, query, headers: head.headers, body }
    }

    /// The header of that name; none where it is not text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The media type of the body, without its parameters.
    pub(super) fn kind(&self) -> Option<&str> {
        self.header("content-type").map(media)
    }

    /// The values of one query parameter.
    pub(super) fn query(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// A media type without its parameters.
pub(super) fn media(text: &str) -> &str {
    text.split(';').next().unwrap_or_default().trim()
}

/// A part of a path as its sender meant it.
pub(super) fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}
