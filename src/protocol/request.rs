//! What a host asks for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One request: run this action with this input.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ActionRequest", description = "Run one action with one input.")]
pub struct ActionRequest {
    /// The action's name.
    pub action: String,
    /// The connection's id; may be left out where there is exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// What the action's input schema asks for.
    #[serde(default)]
    pub input: Map<String, Value>,
    /// How to run it.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub options: Options,
}

impl ActionRequest {
    /// A request with no options.
    pub fn new(action: impl Into<String>, input: Map<String, Value>) -> Self {
        Self { action: action.into(), connection: None, input, options: Options::default() }
    }

    /// The same on a named connection.
    #[must_use]
    pub fn on(mut self, connection: impl Into<String>) -> Self {
        self.connection = Some(connection.into());
        self
    }
}

/// How to run a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The same key with the same input gives the first result again, for a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Show the call instead of making it.
    #[serde(skip_serializing_if = "is_usual")]
    pub dry_run: bool,
    /// Where in a listing to go on.
    #[serde(skip_serializing_if = "is_usual")]
    pub page: PageOptions,
    /// Follow the listing to its end and give all items at once.
    #[serde(skip_serializing_if = "is_usual")]
    pub all_pages: bool,
    /// Stop after so many items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// JSON Pointers of the parts of the output that are wanted, with `*` for every entry of a list; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub select: Vec<String>,
    /// Who waits for the answer.
    #[serde(skip_serializing_if = "is_usual")]
    pub priority: Priority,
    /// Milliseconds it may take, waiting included; with `all_pages`, each page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// Who waits for the answer. Where calls have to wait for the quota, the more urgent go first, and nobody waits for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// A person waits, in front of a form or a button. May use the day's reserve.
    Interactive,
    /// An automation waits.
    #[default]
    Action,
    /// A trigger looks for news.
    Poll,
    /// Nobody waits.
    Background,
}

/// Where in a listing to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PageOptions {
    /// The cursor of an earlier result's `next`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Documents stay short: what is as usual is left out.
fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
