//! Contacts, and what groups and describes them: lists, tags, custom fields.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The parts of `email_address`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct EmailAddress {
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
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Contact {
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
    /// Lists that the contact gets once that mail is confirmed.
    #[serde(default)]
    pub resubscribe_lists: Vec<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct List {
    pub list_id: String,
    pub sequence: u64,
    pub name: String,
    pub description: Option<String>,
    pub favorite: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Tag {
    pub tag_id: String,
    pub name: String,
    pub tag_source: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct CustomField {
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
