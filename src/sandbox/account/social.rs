//! Social media: connections to networks, their profiles, hashtag groups, and what was posted.
//!
//! People connect networks and save hashtags on the web, so nothing of the API adds any; whoever fills an account
//! pushes them here.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Social media of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Social {
    pub connections: Vec<SocialConnection>,
    pub profiles: Vec<SocialProfile>,
    pub hashtag_groups: Vec<HashtagGroup>,
    /// Posts as they were shown when they were made, oldest first.
    pub posts: Vec<Value>,
}

/// The account's link to one user of one network.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct SocialConnection {
    /// Small letters, as `facebook`.
    pub network: String,
    /// The user there.
    pub network_account_id: String,
    pub username: String,
    pub display_name: String,
    pub image_url: Option<String>,
    /// Some networks have none.
    pub account_url: Option<String>,
    /// Whether the network takes no more calls for now.
    pub rate_limited: bool,
    /// What the network said when it was last asked, if that was a refusal: its status and its words.
    pub error: Option<(i32, String)>,
}

/// A page of a connected user, which is what posts go to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct SocialProfile {
    pub profile_id: String,
    pub network: String,
    pub name: String,
    /// Its short name; some networks have none.
    pub handle: Option<String>,
    pub network_profile_id: String,
    /// The `network_account_id` of its connection.
    pub network_account_id: String,
    pub image_url: Option<String>,
    pub url: Option<String>,
    pub connected: bool,
    /// Whether a post would go through right now.
    pub accessible: bool,
    /// What the network lets a post set, as it is shown; only `tiktok` has any.
    pub settings: Option<Map<String, Value>>,
}

/// Hashtags, without their `#`, under a name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct HashtagGroup {
    pub hashtag_group_id: String,
    pub name: String,
    pub hashtags: Vec<String>,
}

impl Social {
    /// The profile with an id.
    pub(in crate::sandbox) fn profile(&self, profile_id: &str) -> Option<&SocialProfile> {
        self.profiles.iter().find(|profile| profile.profile_id == profile_id)
    }

    /// The connection through which a profile is reached.
    pub(in crate::sandbox) fn connection_of(&self, profile: &SocialProfile) -> Option<&SocialConnection> {
        self.connections.iter().find(|connection| connection.owns(profile))
    }
}

impl SocialConnection {
    /// Whether a profile belongs to this user.
    pub(in crate::sandbox) fn owns(&self, profile: &SocialProfile) -> bool {
        self.network == profile.network && self.network_account_id == profile.network_account_id
    }
}
