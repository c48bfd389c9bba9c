//! Sending: one HTTP call out, one answer in, and an honest word on whether a failed call was sent.
//!
//! No retries here (there is one retry layer, in `invoke`), no redirects, no cookies, and no host that the caller
//! did not name: links from answers never reach this room.

mod client;
mod tls;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;
use url::Url;

use crate::protocol::Sent;

#[cfg(feature = "cli")]
pub(crate) use client::loopback;
pub use client::{HttpClient, HttpSettings};

/// TLS settings for another client of this process: what the operating system trusts, without a process-wide provider.
#[cfg(feature = "otel")]
pub(crate) fn tls_config() -> Result<rustls::ClientConfig, String> {
    tls::config(&[])
}

/// A file, or a text field, of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Field name.
    pub name: String,
    /// File name, for a file.
    pub filename: Option<String>,
    /// Content.
    pub content: Vec<u8>,
}

/// What a call carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// JSON text.
    Json(Vec<u8>),
    /// `application/x-www-form-urlencoded` pairs; may hold secrets, so never shown.
    Form(FormBody),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
}

/// An encoded form that does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct FormBody(pub String);

impl std::fmt::Debug for FormBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FormBody([redacted])")
    }
}

/// What proves who calls.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// Nothing.
    #[default]
    None,
    /// `Authorization: Bearer`.
    Bearer(SecretString),
    /// `Authorization: Basic`, already joined as `id:secret`.
    Basic(SecretString),
    /// A partner's token and the API key beside it.
    Partner {
        /// `Authorization: Bearer`.
        token: SecretString,
        /// `x-api-key`.
        api_key: String,
    },
}

/// One call, ready to send.
#[derive(Debug, Clone)]
pub struct HttpCall {
    /// HTTP method.
    pub method: &'static str,
    /// Full address.
    pub url: Url,
    /// Who calls.
    pub credentials: Credentials,
    /// What it carries.
    pub body: Body,
    /// How long it may take.
    pub timeout: Duration,
}

/// One answer, read to its end.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    /// Status.
    pub status: u16,
    /// Media type, in lower case, with its parameters.
    pub content_type: String,
    /// The service's own id of the request.
    pub request_id: Option<String>,
    /// The whole body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// No connection could be made.
    Connect,
    /// The time ran out.
    Timeout,
    /// The connection broke.
    Broken,
    /// The answer's head came, and then its body broke off.
    CutOff {
        /// The status in the head.
        status: u16,
    },
    /// The call could not even be written.
    Malformed,
}

/// A call without an answer.
#[derive(Debug, Clone)]
pub struct SendFailure {
    /// What broke.
    pub kind: FailureKind,
    /// Whether the service may have seen the call.
    pub sent: Sent,
    /// The cause in words, without address or secrets.
    pub cause: String,
}

/// Something that sends. The runtime has one; a host may bring its own.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one call, once.
    async fn send(&self, call: HttpCall) -> Result<HttpAnswer, SendFailure>;
}
