//! Landing pages: and what visitors did on them.

use serde::{Deserialize, Serialize};

/// Landing pages of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct LandingPages {}
