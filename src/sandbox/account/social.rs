//! Social media: profiles, connections, hashtag groups and posts.

use serde::{Deserialize, Serialize};

/// Social media of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Social {}
