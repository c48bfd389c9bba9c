//! What a host gets back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All done.
    Complete,
    /// Some of it did not work; see `issues`.
    Partial,
    /// The service started a job that ends later.
    Accepted,
}

/// One part that did not work.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Issue {
    /// JSON Pointer into the output.
    pub pointer: String,
    /// What the service said of it.
    pub message: String,
}

/// Where a listing goes on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Next {
    /// To be given as `options.page.cursor`.
    pub cursor: String,
}

/// What is left of the day's quota.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct QuotaLeft {
    /// Calls left today, as far as this ledger knows.
    pub day_remaining: u64,
    /// When the day ends, as an ISO time.
    pub resets_at: String,
}

/// What it cost.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Meta {
    /// Calls made, retries included.
    pub calls: u32,
    /// Milliseconds spent waiting for a permit or before a retry.
    pub waited_ms: u64,
    /// Status of the last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// What is left of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaLeft>,
    /// The service's id of the last request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_request_id: Option<String>,
    /// The result of an earlier run with the same idempotency key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

/// What an action gave.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "ActionResult", description = "What an action gave, and what it cost.")]
pub struct ActionResult {
    /// Id of this run.
    pub run_id: String,
    /// The action's name.
    pub action: String,
    /// How far it came.
    pub outcome: Outcome,
    /// What the action's output schema describes; passed on as it came.
    #[schemars(with = "serde_json::Value")]
    pub output: Box<RawValue>,
    /// Parts that did not work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Issue>,
    /// Where the listing goes on; absent at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// One line for people.
    pub summary: String,
    /// What it cost.
    pub meta: Meta,
}

impl ActionResult {
    /// The output as a value that can be looked into.
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(self.output.get()).unwrap_or_default()
    }
}

/// Any value as raw JSON; `null` for what cannot be JSON, which our own types never are.
pub fn raw<T: Serialize + ?Sized>(value: &T) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
