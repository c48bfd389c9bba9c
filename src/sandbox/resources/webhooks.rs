//! Webhooks: the topics that an application of the partner is told of, and where.
//!
//! Subscriptions belong to the application whose key came with the call. The service takes `https` addresses only; the
//! stand-in also takes plain ones on this machine, because only there it delivers.

use serde_json::{Value, json};
use url::Url;

use super::body;
use super::partner_accounts::enter;
use super::refusal::{PARTNER_API, unknown};
use super::validate::Checks;
use super::{Handler, PARTNER, Route, route};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::hook::on_this_machine;
use crate::sandbox::partner::{Subscription, Topic};
use crate::sandbox::world::World;

/// Why not everything that is announced arrives.
const LOCAL: &str = "Notifications go to plain http addresses of this machine only, and nothing disables an account.";

/// Webhooks by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/partner/webhooks/subscriptions", PARTNER, "", Handler::World(list)),
    route("GET", "/partner/webhooks/subscriptions/{topic_id}", PARTNER, "", Handler::World(get)),
    route("PUT", "/partner/webhooks/subscriptions/{topic_id}", PARTNER, "", Handler::World(put)).simplified(LOCAL),
    route("DELETE", "/partner/webhooks/subscriptions/{topic_id}", PARTNER, "", Handler::World(delete)),
    route("POST", "/partner/webhooks/subscriptions/{topic_id}/tests", PARTNER, "", Handler::World(test))
        .simplified(LOCAL),
];

/// The longest address.
const MAX_ADDRESS: usize = 512;

fn view(held: &Subscription) -> Value {
    json!({
        "topic_id": held.topic.id(), "hook_uri": held.hook_uri,
        "topic_name": held.topic.name(), "topic_description": held.topic.description(),
    })
}

fn unknown_topic() -> Reply {
    unknown(PARTNER_API, "topic_id")
}

/// The application, and the topic in the path.
fn asked(world: &mut World, call: &Call) -> Result<(String, Topic), Reply> {
    let key = enter(world, call)?;
    let topic = Topic::numbered(call.param("topic_id")).ok_or_else(unknown_topic)?;
    Ok((key, topic))
}

/// `GET /partner/webhooks/subscriptions`: what the application subscribed to, by topic.
pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let key = enter(world, call)?;
    let mut held: Vec<&Subscription> = world.partner.subscriptions.iter().filter(|held| held.api_key == key).collect();
    held.sort_by_key(|held| held.topic.id());
    Ok(Reply::json(200, &held.into_iter().map(view).collect::<Value>()))
}

/// `GET /partner/webhooks/subscriptions/{topic_id}`.
pub(super) fn get(world: &mut World, call: &Call) -> Answer {
    let (key, topic) = asked(world, call)?;
    let held = world.partner.subscription(&key, topic).ok_or_else(unknown_topic)?;
    Ok(Reply::json(200, &view(held)))
}

/// `PUT /partner/webhooks/subscriptions/{topic_id}`: subscribes, or moves to another address.
pub(super) fn put(world: &mut World, call: &Call) -> Answer {
    let (key, topic) = asked(world, call)?;
    let sent = body::read(call, PARTNER_API)?;
    let mut checks = Checks::of(&sent);
    // A blank one is complained of once.
    let blank_or_good = |v: &Value| v.as_str().is_none_or(|text| text.trim().is_empty() || is_hook(text));
    checks.filled("hook_uri", MAX_ADDRESS).test("hook_uri", blank_or_good).done(PARTNER_API)?;
    let hook_uri = body::text(&sent, "hook_uri").unwrap_or_default();
    world.partner.subscribe(&key, topic, &hook_uri);
    Ok(Reply::json(200, &json!({ "topic_id": topic.id(), "hook_uri": hook_uri })))
}

fn is_hook(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "https") || on_this_machine(text)
}

/// `DELETE /partner/webhooks/subscriptions/{topic_id}`.
pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let (key, topic) = asked(world, call)?;
    if world.partner.unsubscribe(&key, topic) { Ok(Reply::empty(204)) } else { Err(unknown_topic()) }
}

/// `POST /partner/webhooks/subscriptions/{topic_id}/tests`: a notification of an account that does not exist.
pub(super) fn test(world: &mut World, call: &Call) -> Answer {
    let (key, topic) = asked(world, call)?;
    let now = world.env.now();
    let shown = view(world.partner.subscription(&key, topic).ok_or_else(unknown_topic)?);
    world.partner.test(&key, topic, now);
    Ok(Reply::json(201, &shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_https_or_on_this_machine() {
        for good in ["https://hooks.example.com/tier", "http://127.0.0.1:8080/", "http://localhost/hook"] {
            assert!(is_hook(good), "{good}");
        }
        for bad in ["http://hooks.example.com/tier", "hooks.example.com", "ftp://localhost/", "https://"] {
            assert!(!is_hook(bad), "{bad}");
        }
    }
}
