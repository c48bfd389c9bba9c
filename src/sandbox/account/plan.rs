//! The account as its partner sees it: plan, billing status and users.

use serde::{Deserialize, Serialize};

/// The account as its partner sees it of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Plan {}
