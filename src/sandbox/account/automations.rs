//! Automations: flows of steps that contacts walk through.

use serde::{Deserialize, Serialize};

/// Automations of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Automations {}
