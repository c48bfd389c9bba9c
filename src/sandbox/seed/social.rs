//! What is connected to social networks, the hashtags that somebody saved, and one post that waits.

use serde_json::{Value, json};

use super::Sower;
use crate::sandbox::account::{Account, HashtagGroup, SocialConnection, SocialProfile};
use crate::sandbox::env::millis;

/// Networks, and the number of the user there.
const NETWORKS: &[(&str, &str)] = &[("facebook", "100000000000101"), ("instagram", "17840000000000202")];

const HASHTAGS: &[(&str, &[&str])] =
    &[("Courses", &["cookingclass", "learntocook", "bostonfood"]), ("Shop", &["kitchenshop", "enamel", "shoplocal"])];

/// All of it.
pub(super) fn add(sower: &mut Sower<'_>, account: &mut Account) {
    for (network, user) in NETWORKS {
        account.social.connections.push(connection(network, user));
        account.social.profiles.push(profile(sower, network, user));
    }
    for (name, hashtags) in HASHTAGS {
        account.social.hashtag_groups.push(HashtagGroup {
            hashtag_group_id: sower.env.uuid_v4(),
            name: (*name).to_owned(),
            hashtags: hashtags.iter().map(|hashtag| (*hashtag).to_owned()).collect(),
        });
    }
    if let Some(profile) = account.social.profiles.first() {
        let post = post(sower, profile);
        account.social.posts.push(post);
    }
}

fn connection(network: &str, user: &str) -> SocialConnection {
    SocialConnection {
        network: network.to_owned(),
        network_account_id: user.to_owned(),
        username: "harbourkitchen".to_owned(),
        display_name: "Harbour Kitchen".to_owned(),
        account_url: Some(format!("https://{network}.example/harbourkitchen")),
        ..SocialConnection::default()
    }
}

fn profile(sower: &mut Sower<'_>, network: &str, user: &str) -> SocialProfile {
    SocialProfile {
        profile_id: sower.env.uuid_v4(),
        network: network.to_owned(),
        name: "Harbour Kitchen".to_owned(),
        handle: Some("harbourkitchen".to_owned()),
        network_profile_id: format!("{user}7"),
        network_account_id: user.to_owned(),
        url: Some(format!("https://{network}.example/harbourkitchen")),
        connected: true,
        accessible: true,
        ..SocialProfile::default()
    }
}

/// A post for tomorrow, as the answer to its making was.
fn post(sower: &mut Sower<'_>, profile: &SocialProfile) -> Value {
    let at = millis(sower.morning(-1));
    json!({
        "campaign_id": sower.env.uuid_v4(),
        "name": "Bread course",
        "status": "SCHEDULED",
        "scheduled_time": at,
        "profile_posts": [{
            "post_content_id": sower.env.uuid_v4(),
            "text": "Four places left in the bread course on Saturday.",
            "profiles": [{
                "profile_name": profile.name,
                "network": profile.network,
                "account_username": "harbourkitchen",
                "profile_id": profile.profile_id,
                "campaign_activity_id": sower.env.uuid_v4(),
                "campaign_activity_status": "SCHEDULED",
                "campaign_activity_status_date": at,
            }],
        }],
    })
}
