//! Text message campaigns: and what was sent in them.

use serde::{Deserialize, Serialize};

/// Text message campaigns of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Sms {}
