//! One customer account: everything the v3 service keeps for it.
//!
//! Plain structs in insertion order; the resource files render them. Nothing here knows about HTTP.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::Value;

/// All state of one account.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// The login that consents, e.g. `owner@example.com`; the token's `sub`.
    pub login: String,
    /// The account's public code.
    pub encoded_id: String,
    /// `/account/summary`, kept as the JSON that is shown.
    pub summary: Value,
    /// `/account/summary/physical_address`.
    pub physical_address: Option<Value>,
    /// `/account/emails`, kept as the JSON that is shown.
    pub emails: Vec<Value>,
    /// Contacts in order of creation, deleted ones included.
    pub contacts: Vec<Contact>,
    /// Contact id to index in `contacts`.
    pub by_id: HashMap<String, usize>,
    /// Lower-cased address to index in `contacts`, deleted ones included: deleting frees no address.
    pub by_email: HashMap<String, usize>,
    pub lists: Vec<List>,
    pub tags: Vec<Tag>,
    pub custom_fields: Vec<CustomField>,
    /// Segments that were asked for once: the first answer is "not yet".
    pub segments_asked: BTreeSet<String>,
    /// Bulk jobs, oldest first.
    pub jobs: Vec<Job>,
    pub campaigns: Vec<Campaign>,
    /// Test mails sent per UTC day.
    pub test_sends: BTreeMap<String, u32>,
    /// Mails that would have gone out: tests and campaigns, newest last.
    pub outbox: Vec<Mail>,
}

/// The parts of `email_address`.
#[derive(Debug, Clone, Default)]
pub(super) struct EmailAddress {
    pub address: String,
    pub permission_to_send: String,
    pub opt_in_source: Option<String>,
    pub opt_in_date: Option<Timestamp>,
    pub opt_out_source: Option<String>,
    pub opt_out_date: Option<Timestamp>,
    pub opt_out_reason: Option<String>,
    pub confirm_status: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A person. Core properties are `Option`: an absent one is left out of answers, never `null`.
#[derive(Debug, Clone, Default)]
pub(super) struct Contact {
    pub contact_id: String,
    /// Position since the account began; the `sequence_id` of cross-references.
    pub sequence: u64,
    pub email: Option<EmailAddress>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub job_title: Option<String>,
    pub company_name: Option<String>,
    pub birthday_month: Option<i64>,
    pub birthday_day: Option<i64>,
    /// Always `YYYY-MM-DD`, whatever was sent.
    pub anniversary: Option<String>,
    pub create_source: String,
    pub update_source: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
    /// Sub-resources: shown only when `include` names them.
    pub custom_fields: Vec<Value>,
    pub phone_numbers: Vec<Value>,
    pub street_addresses: Vec<Value>,
    pub list_memberships: Vec<String>,
    pub taggings: Vec<String>,
    pub notes: Vec<Value>,
    pub sms_channel: Option<Value>,
    /// One confirmation mail per unsubscribed contact.
    pub resubscribe_sent: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct List {
    pub list_id: String,
    pub sequence: u64,
    pub name: String,
    pub description: Option<String>,
    pub favorite: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Tag {
    pub tag_id: String,
    pub name: String,
    pub tag_source: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, Default)]
pub(super) struct CustomField {
    pub custom_field_id: String,
    pub label: String,
    /// Made from the label: lower case, blanks as underscores.
    pub name: String,
    pub kind: String,
    pub metadata: Option<Value>,
    pub choices: Option<Value>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A bulk job: what it is to do, and how far it has come.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub activity_id: String,
    pub state: &'static str,
    pub work: Work,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub percent_done: u32,
    pub errors: Vec<Value>,
    pub status: Value,
}

/// The work of a job, done at the moment it completes.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// Rows of a JSON import and the lists they go to.
    JsonImport { rows: Vec<Value>, list_ids: Vec<String> },
    /// Lists to delete; the people on them stay.
    DeleteLists(Vec<String>),
    /// Tags to delete, and to take off everyone.
    DeleteTags(Vec<String>),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Campaign {
    pub campaign_id: String,
    pub name: String,
    /// Title case, as the collection shows it: Draft, Scheduled, Executing, Done, Error, Removed.
    pub status: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub primary: CampaignActivity,
    pub permalink_id: String,
}

#[derive(Debug, Clone, Default)]
pub(super) struct CampaignActivity {
    pub campaign_activity_id: String,
    /// The writable properties as they were sent, ids and status excluded.
    pub content: serde_json::Map<String, Value>,
    pub scheduled: Option<Timestamp>,
    /// What the status was before it was scheduled.
    pub before: String,
    pub sends: Vec<Value>,
    /// Ids of the contacts who had it: sending again reaches only others.
    pub reached: BTreeSet<String>,
}

/// A mail that the sandbox keeps instead of sending.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub at: Timestamp,
    pub to: String,
    pub subject: String,
    pub html: String,
    pub kind: &'static str,
}
