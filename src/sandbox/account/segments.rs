//! Segments: saved searches over contacts. Who is in one is never kept; it is worked out each time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Segments of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Segments {
    /// In order of creation, deleted ones included: they can still be looked up.
    pub all: Vec<Segment>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Segment {
    /// Counted from 1 within the account.
    pub segment_id: u64,
    pub name: String,
    /// JSON as text, just as it was sent.
    pub criteria: String,
    pub created_at: Timestamp,
    /// When the name or the criteria last changed.
    pub edited_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}
