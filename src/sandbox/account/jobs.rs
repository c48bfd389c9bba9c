//! Bulk jobs: what each is to do, and how far it has come.
//!
//! The work is kept apart from what a job shows, so that looking at a job never copies 40,000 rows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A bulk job: what it is to do, and how far it has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::sandbox) struct Job {
    pub activity_id: String,
    pub state: JobState,
    /// What is still to be done; nothing once it is.
    pub work: Work,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub percent_done: u32,
    pub errors: Vec<Value>,
    /// The counters; null for a kind of job that has none.
    pub status: Value,
    /// The name of the file that an import came from.
    #[serde(default)]
    pub source_file_name: Option<String>,
    /// An export's file, empty until it is written. No other job has one.
    #[serde(default)]
    pub export: Option<String>,
}

/// How far a job has come. `cancelled` and `timed_out`, which the service has too, never happen here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sandbox) enum JobState {
    /// Queued.
    Initialized,
    /// Begun.
    Processing,
    /// Done, row errors or not.
    Completed,
    /// Could not be done at all.
    Failed,
}

/// The work of a job, done at the moment it completes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) enum Work {
    /// Nothing more.
    #[default]
    Done,
    /// People to create or update.
    Import(ImportOrder),
    /// People to write to a file.
    Export(ExportOrder),
    /// People to delete.
    DeleteContacts(ContactChoice),
    /// People to put on lists.
    AddToLists { whom: ContactChoice, list_ids: Vec<String> },
    /// People to take off lists.
    RemoveFromLists { whom: ContactChoice, list_ids: Vec<String> },
    /// People to tag.
    AddTags { whom: ContactChoice, tag_ids: Vec<String> },
    /// People to take tags off.
    RemoveTags { whom: ContactChoice, tag_ids: Vec<String> },
    /// Lists to delete; the people on them stay.
    DeleteLists(Vec<String>),
    /// Tags to delete, and to take off everyone.
    DeleteTags(Vec<String>),
    /// Custom fields to delete, with everybody's values.
    DeleteFields(Vec<String>),
}

/// An import, whichever way its rows came.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct ImportOrder {
    pub rows: Vec<ImportRow>,
    pub list_ids: Vec<String>,
    /// What everybody with an SMS number has agreed to.
    pub sms_permission: Option<String>,
    /// The name of the file, if it was one; its first line holds the headings.
    pub file: Option<String>,
}

/// One row of an import.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct ImportRow {
    /// Its number in the request, or its line in the file.
    pub place: u64,
    /// As the JSON import has it.
    pub fields: Value,
}

/// An export.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct ExportOrder {
    pub whom: ContactChoice,
    /// Of those only who subscribed lately.
    pub new_subscriber: bool,
    /// Of those only `active`, `unsubscribed` or `removed` ones.
    pub status: Option<String>,
    /// The columns; none for the usual ones.
    pub fields: Vec<String>,
}

/// Whom a job is about; worked out when it runs, not when it is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct ContactChoice {
    pub source: ContactSource,
    /// Ids of people who are left out.
    pub exclude: Vec<String>,
}

/// A way to name people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum ContactSource {
    /// All of the account, deleted ones included.
    #[default]
    Everybody,
    /// Those with these ids, deleted ones included.
    Contacts(Vec<String>),
    /// Those on one of these lists.
    Lists(Vec<String>),
    /// Those who have one of these tags.
    Tags(Vec<String>),
    /// Those whom a segment finds.
    Segment(u64),
    /// Those of one level of engagement.
    Engagement(String),
    /// Those who can be mailed.
    Active,
    /// Those who subscribed lately.
    NewSubscribers,
}
