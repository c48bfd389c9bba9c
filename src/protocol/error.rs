//! The one error that every face passes on: what is known, what was sent, what to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Code;

/// Whether the call reached the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// No: nothing happened.
    No,
    /// Nobody knows.
    Maybe,
    /// Yes, and it was answered.
    Yes,
}

/// Whether trying again makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryKind {
    /// The same call will fail again, or must not be repeated unseen.
    Never,
    /// The same call may work after a while.
    After,
    /// The same call may work after a person has connected again.
    Reconnect,
}

/// Advice on trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retry {
    /// Whether.
    pub kind: RetryKind,
    /// When: milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u64>,
}

/// One thing that is wrong with the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldError {
    /// JSON Pointer into the input.
    pub pointer: String,
    /// What is wrong, without the value itself.
    pub message: String,
}

/// What the service said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Upstream {
    /// HTTP status.
    pub status: u16,
    /// The service's own key for the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_key: Option<String>,
    /// The service's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// The service's id of the request, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Ids that the service's words contain, e.g. that of the contact which is in the way.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub ids: std::collections::BTreeMap<String, String>,
}

/// Why an action did not work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
#[schemars(
    title = "ActionError",
    description = "Why an action did not work: a code of a closed set, what was sent, and what to do."
)]
pub struct ActionError {
    /// What went wrong.
    pub code: Code,
    /// The code in a few words.
    pub title: String,
    /// What went wrong this time, in a sentence.
    pub detail: String,
    /// Whether the call reached the service.
    pub sent: Sent,
    /// Advice on trying again.
    pub retry: Retry,
    /// What is wrong with the input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
    /// What the service said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Box<Upstream>>,
    /// The run this belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
}

impl ActionError {
    /// An error of which nothing was sent, and which will not go away by itself.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let kind = if code == Code::ReconnectRequired { RetryKind::Reconnect } else { RetryKind::Never };
        Self {
            code,
            title: code.title().to_owned(),
            detail: detail.into(),
            sent: Sent::No,
            retry: Retry { kind, after_ms: None },
            fields: Vec::new(),
            upstream: None,
            run_id: None,
        }
    }

    /// The same with what is known of the sending.
    #[must_use]
    pub fn sent(mut self, sent: Sent) -> Self {
        self.sent = sent;
        self
    }

    /// The same with advice to try again, now known or not when.
    #[must_use]
    pub fn retry_after(mut self, after_ms: Option<u64>) -> Self {
        self.retry = Retry { kind: RetryKind::After, after_ms };
        self
    }

    /// The same with what the service said.
    #[must_use]
    pub fn upstream(mut self, upstream: Upstream) -> Self {
        self.upstream = Some(Box::new(upstream));
        self
    }

    /// The same with the input's faults.
    #[must_use]
    pub fn fields(mut self, fields: Vec<FieldError>) -> Self {
        self.fields = fields;
        self
    }
}
