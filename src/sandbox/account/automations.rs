//! Automations: workflows that contacts walk through.
//!
//! A workflow has up to two definitions: the one being drafted and the one that is in force. Both are kept as the JSON
//! that is shown, because the stand-in runs neither.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Automations of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Automations {
    /// In the order of their creation.
    pub flows: Vec<AutomationFlow>,
}

/// One workflow.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct AutomationFlow {
    pub id: String,
    pub name: String,
    /// Whether somebody chose the name.
    pub name_explicitly_set: bool,
    pub description: Option<String>,
    /// The template it was made from; none when it was made from scratch.
    pub template_id: Option<String>,
    /// Objects of `key`, `value` and `display_value`.
    pub structured_tags: Vec<Value>,
    pub active: Option<Value>,
    pub draft: Option<Value>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When the definition in force came into force.
    pub promoted_at: Option<Timestamp>,
}
