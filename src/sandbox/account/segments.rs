//! Segments: saved searches over contacts.

use serde::{Deserialize, Serialize};

/// Segments of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Segments {}
