//! What a technology partner has beside its accounts: webhooks, and their deliveries.

use serde::{Deserialize, Serialize};

/// All state of the partner.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Partner {}
