//! Bulk jobs: what each is to do, and how far it has come.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A bulk job: what it is to do, and how far it has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::sandbox) struct Job {
    pub activity_id: String,
    pub state: JobState,
    pub work: Work,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub percent_done: u32,
    pub errors: Vec<Value>,
    pub status: Value,
}

/// How far a job has come. The stand-in uses the first three; the others are the service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sandbox) enum JobState {
    /// Queued.
    Initialized,
    /// Begun.
    Processing,
    /// Done, row errors or not.
    Completed,
}

/// The work of a job, done at the moment it completes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::sandbox) enum Work {
    /// Rows of a JSON import and the lists they go to.
    JsonImport { rows: Vec<Value>, list_ids: Vec<String> },
    /// Lists to delete; the people on them stay.
    DeleteLists(Vec<String>),
    /// Tags to delete, and to take off everyone.
    DeleteTags(Vec<String>),
}
