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
    #[serde(default)]
    pub kind: CampaignKind,
    #[serde(default)]
    pub ab_test: Option<AbTest>,
    #[serde(default)]
    pub resend: Option<Resend>,
}

/// What a campaign shows as its type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum CampaignKind {
    #[default]
    CustomCode,
    /// What a campaign becomes when its A/B test is taken away again.
    Newsletter,
    AbTest,
}

impl CampaignKind {
    /// The word; that of an A/B test is a guess.
    pub(in crate::sandbox) fn name(self) -> &'static str {
        match self {
            Self::CustomCode => "CUSTOM_CODE_EMAIL",
            Self::Newsletter => "NEWSLETTER",
            Self::AbTest => "AB_TEST",
        }
    }

    /// The number.
    pub(in crate::sandbox) fn code(self) -> u32 {
        match self {
            Self::CustomCode => 26,
            Self::Newsletter => 10,
            Self::AbTest => 57,
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct CampaignActivity {
    pub campaign_activity_id: String,
    /// The writable properties as they were sent, ids and status excluded.
    pub content: serde_json::Map<String, Value>,
    /// When it goes out; kept until it is out.
    pub scheduled: Option<Timestamp>,
    /// What the status was before it was scheduled.
    pub before: String,
}

/// Two subjects for one mail.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct AbTest {
    pub alternative_subject: String,
    /// How many of a hundred get each of the subjects.
    pub test_size: u32,
    /// Hours until the better one is known.
    pub wait_hours: i64,
    /// The test once it has gone out.
    pub trial: Option<AbTrial>,
}

/// An A/B test under way or over.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct AbTrial {
    /// The sendings with the first and with the second subject.
    pub sends: (u64, u64),
    /// Places of those who wait for the better one.
    pub rest: Vec<u32>,
    pub decides_at: Timestamp,
    /// The better subject, once it is known.
    pub winner: Option<String>,
}

/// A mail that goes a second time, to those who did nothing with it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Resend {
    pub campaign_activity_id: String,
    /// Its id once it has a date.
    pub number: u64,
    pub subject: String,
    pub delay_minutes: i64,
    /// When it goes out, once the first mail has.
    pub due: Option<Timestamp>,
    pub sent: Option<Timestamp>,
    /// Whether it could not be sent after all.
    pub failed: bool,
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
