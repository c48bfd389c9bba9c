//! Events: their tracks, tickets and registrations.

use serde::{Deserialize, Serialize};

/// Events of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Events {}
