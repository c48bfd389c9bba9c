//! Campaigns, their mails, and the mail that the sandbox keeps instead of sending.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Campaign {
    pub campaign_id: String,
    pub name: String,
    /// Title case, as the collection shows it: Draft, Scheduled, Executing, Done, Error, Removed.
    pub status: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub primary: CampaignActivity,
    pub permalink_id: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct CampaignActivity {
    pub campaign_activity_id: String,
    /// The writable properties as they were sent, ids and status excluded.
    pub content: serde_json::Map<String, Value>,
    pub scheduled: Option<Timestamp>,
    /// What the status was before it was scheduled.
    pub before: String,
}

/// One mail that the sandbox keeps instead of sending: tests, confirmations. Those of campaigns are in `Sending`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::sandbox) struct Mail {
    pub at: Timestamp,
    pub to: String,
    pub subject: String,
    pub html: String,
    /// What it is: `test`, `confirm_email`, `resubscribe`.
    pub kind: Cow<'static, str>,
}
