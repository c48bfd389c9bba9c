//! Social media: what is connected, and saved hashtags. Posts have a file of their own.

use serde_json::{Value, json};

use super::body::{self, Body};
use super::query;
use super::refusal::{SOCIAL, invalid};
use super::social_posts as posts;
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, HashtagGroup, Social, SocialConnection, SocialProfile};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

const GIVEN: &str =
    "Nothing can be connected: what there is comes from the demo data, or from a state that was brought in.";

/// Social media by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/social/profiles", CAMPAIGN, "campaign:read", Handler::Account(profiles)).simplified(GIVEN),
    route("GET", "/social/connections", CAMPAIGN, "campaign:read", Handler::Account(connections)).simplified(GIVEN),
    route("GET", "/social/hashtags/groups", CAMPAIGN, "campaign:read", Handler::Account(hashtag_groups))
        .simplified(GIVEN),
    route("POST", "/social/posts", CAMPAIGN, "campaign:write", Handler::Account(posts::create))
        .inferred()
        .simplified("A post is kept and never published; no picture is fetched, and no network's limits are known."),
];

/// Hashtag groups to a page: the most, and the usual.
const GROUPS: usize = 5;

/// `GET /social/profiles`: whether each can be posted to is told on request only.
pub(super) fn profiles(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let asked = query::choices(call, "include", &["accessible"], SOCIAL)?;
    let social = &account.social;
    let shown = social.profiles.iter().map(|profile| view_profile(social, profile, !asked.is_empty()));
    Ok(Reply::json(200, &Value::Array(shown.collect())))
}

fn view_profile(social: &Social, profile: &SocialProfile, accessible: bool) -> Value {
    let user = social.connection_of(profile).map(user);
    let mut shown = Body::new();
    body::show(&mut shown, "profile_id", Some(profile.profile_id.clone()));
    body::show(&mut shown, "network", Some(profile.network.clone()));
    body::show(&mut shown, "connected", Some(profile.connected));
    body::show(&mut shown, "name", Some(profile.name.clone()));
    body::show(&mut shown, "handle", profile.handle.clone());
    body::show(&mut shown, "image_url", profile.image_url.clone());
    body::show(&mut shown, "url", profile.url.clone());
    body::show(&mut shown, "network_profile_id", Some(profile.network_profile_id.clone()));
    body::show(&mut shown, "network_user_id", Some(profile.network_account_id.clone()));
    body::show(&mut shown, "account_info", user);
    if accessible {
        body::show(&mut shown, "accessible", Some(profile.connected && profile.accessible));
        body::show(&mut shown, "settings", profile.settings.clone());
    }
    Value::Object(shown)
}

/// The user behind a connection.
fn user(connection: &SocialConnection) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "network", Some(connection.network.clone()));
    body::show(&mut shown, "network_account_id", Some(connection.network_account_id.clone()));
    body::show(&mut shown, "username", Some(connection.username.clone()));
    body::show(&mut shown, "display_name", Some(connection.display_name.clone()));
    body::show(&mut shown, "image_url", connection.image_url.clone());
    body::show(&mut shown, "account_url", connection.account_url.clone());
    Value::Object(shown)
}

/// `GET /social/connections`.
// A handler answers a result whether or not it ever refuses.
#[allow(clippy::unnecessary_wraps)]
pub(super) fn connections(account: &mut Account, _env: &mut Env, _call: &Call) -> Answer {
    let social = &account.social;
    let shown = social
        .connections
        .iter()
        .map(|connection| json!({ "account_info": user(connection), "connection_status": state(social, connection) }));
    let shown: Vec<Value> = shown.collect();
    Ok(Reply::json(200, &json!({ "connections": shown })))
}

/// How a connection is. A refusal by the network is taken as one of the token.
fn state(social: &Social, connection: &SocialConnection) -> Value {
    let active = social.profiles.iter().any(|profile| profile.connected && connection.owns(profile));
    let mut shown = Body::new();
    body::show(&mut shown, "has_token", Some(true));
    body::show(&mut shown, "token_is_valid", Some(connection.error.is_none()));
    body::show(&mut shown, "token_has_scopes", Some(connection.error.is_none()));
    body::show(&mut shown, "is_active_user", Some(active));
    body::show(&mut shown, "rate_limited", Some(connection.rate_limited));
    body::show(&mut shown, "status", connection.error.as_ref().map(|(status, _)| *status));
    body::show(&mut shown, "error", connection.error.as_ref().map(|(_, text)| text.clone()));
    Value::Object(shown)
}

/// A whole number in the query, within bounds.
fn number(call: &Call, name: &str, least: usize, most: usize, usual: usize) -> Result<usize, Reply> {
    let Some(text) = call.query(name) else { return Ok(usual) };
    let number = text.parse::<usize>().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| invalid(SOCIAL, &format!("{name} does not have a valid value")))
}

/// `GET /social/hashtags/groups`: pages are numbered from 0. One beyond the last is empty.
pub(super) fn hashtag_groups(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let limit = number(call, "limit", 1, GROUPS, GROUPS)?;
    let page = number(call, "page", 0, u32::MAX as usize, 0)?;
    let all = &account.social.hashtag_groups;
    let groups = all.iter().skip(page.saturating_mul(limit)).take(limit);
    let groups: Vec<Value> = groups.map(view_group).collect();
    let pages = all.len().div_ceil(limit);
    let next = page.saturating_add(1);
    let href = format!("/v3/social/hashtags/groups?limit={limit}&page={next}");
    let links = if next < pages { json!({ "next": { "href": href } }) } else { json!({}) };
    let position = json!({ "page": page, "size": groups.len(), "total_elements": all.len(), "total_pages": pages });
    Ok(Reply::json(200, &json!({ "hashtag_groups": groups, "page": position, "_links": links })))
}

fn view_group(group: &HashtagGroup) -> Value {
    json!({
        "hashtag_group_id": group.hashtag_group_id,
        "hashtag_group_name": group.name,
        "hashtag_names": group.hashtags,
    })
}
