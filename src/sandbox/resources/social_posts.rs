//! Posts to social media: kept as drafts, or set for a moment to come.
//!
//! The service has no operation that reads a post back, so the answer to making one is all there is to see of it.

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::body::{self, Body};
use super::event_form::is_moment;
use super::refusal::{SOCIAL, invalid};
use super::validate::{Checks, instant};
use crate::sandbox::account::{Account, Social};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, millis};

/// No limit is known.
const ANY: usize = usize::MAX;
const SCHEDULED: &str = "SCHEDULED";
/// Networks of pictures, where words alone make no post.
const PICTURES: &[&str] = &["instagram", "tiktok"];

/// `POST /social/posts`.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, SOCIAL)?;
    check(&sent)?;
    let status = body::text(&sent, "status").unwrap_or_default();
    let now = env.now();
    let at = if status == SCHEDULED { Some(read_time(&sent, now)?) } else { None };
    for post in body::objects(&sent, "profile_posts") {
        check_post(&account.social, post, at.is_some())?;
    }
    let name = clean(&body::text(&sent, "name").unwrap_or_default());
    let name = if name.is_empty() { format!("Social post {}", now.strftime("%Y-%m-%d %H:%M:%S")) } else { name };
    let mut shown = Body::new();
    body::show(&mut shown, "campaign_id", Some(env.uuid_v4()));
    body::show(&mut shown, "name", Some(name));
    body::show(&mut shown, "status", Some(status.clone()));
    body::show(&mut shown, "scheduled_time", at.map(millis));
    let posts = body::objects(&sent, "profile_posts").into_iter();
    let posts: Vec<Value> =
        posts.map(|post| view_post(&account.social, env, post, &status, at.unwrap_or(now))).collect();
    body::show(&mut shown, "profile_posts", Some(posts));
    let shown = Value::Object(shown);
    account.social.posts.push(shown.clone());
    Ok(Reply::json(201, &shown))
}

fn check(sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    checks.text("name", ANY).test("scheduled_time", is_moment).required_one_of("status", &["DRAFT", SCHEDULED]);
    checks.required("profile_posts").not_empty("profile_posts");
    checks.each("profile_posts", ANY, |post| {
        post.required("profiles").each("profiles", ANY, |profile| {
            profile.filled("profile_id", ANY);
        });
        post.each("images", ANY, |image| {
            image.required("url").test("url", |value| value.as_str().is_some_and(is_address));
        });
        post.text("text", ANY).test("settings", is_settings);
    });
    checks.done(SOCIAL)
}

/// Whether a text is a web address with nothing left to encode.
fn is_address(text: &str) -> bool {
    let encoded = text.chars().all(|c| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c));
    encoded && Url::parse(text).is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
}

/// Whether a value holds texts by network and name.
fn is_settings(value: &Value) -> bool {
    let texts = |network: &Value| network.as_object().is_some_and(|named| named.values().all(Value::is_string));
    value.as_object().is_some_and(|networks| networks.values().all(texts))
}

/// When a post is to go out: at once when no time is given.
fn read_time(sent: &Body, now: Timestamp) -> Result<Timestamp, Reply> {
    match body::text(sent, "scheduled_time").as_deref().and_then(instant) {
        None => Ok(now),
        Some(at) if at > now => Ok(at),
        Some(_) => Err(invalid(SOCIAL, "scheduled_time must be in the future")),
    }
}

/// What a post needs besides its shape: profiles that are connected, and something to show there.
fn check_post(social: &Social, post: &Body, scheduled: bool) -> Result<(), Reply> {
    let pictures = !body::array(post, "images").unwrap_or_default().is_empty();
    let profiles = body::objects(post, "profiles");
    if scheduled && profiles.is_empty() {
        return Err(invalid(SOCIAL, "profile_posts.profiles is empty"));
    }
    if scheduled && !pictures && body::text(post, "text").is_none() {
        let names = "profile_posts.text, profile_posts.images";
        return Err(invalid(SOCIAL, &format!("{names} are missing, at least one parameter must be provided")));
    }
    for entry in profiles {
        let id = body::text(entry, "profile_id").unwrap_or_default();
        let profile = social.profile(&id).filter(|profile| profile.connected);
        let profile = profile.ok_or_else(|| invalid(SOCIAL, "profile_posts.profiles.profile_id is invalid"))?;
        if scheduled && !pictures && PICTURES.contains(&profile.network.as_str()) {
            return Err(invalid(SOCIAL, "profile_posts.images is missing"));
        }
    }
    Ok(())
}

/// A name without control characters and angle brackets, and without blanks around it.
fn clean(name: &str) -> String {
    let kept: String = name.chars().filter(|c| !c.is_control() && !['<', '>'].contains(c)).collect();
    kept.trim().to_owned()
}

fn view_post(social: &Social, env: &mut Env, post: &Body, status: &str, at: Timestamp) -> Value {
    let profiles: Vec<Value> =
        body::objects(post, "profiles").into_iter().map(|entry| view_profile(social, env, entry, status, at)).collect();
    let images = body::objects(post, "images").into_iter();
    let images: Vec<Value> =
        images.map(|image| json!({ "image_id": env.uuid_v4(), "url": body::text(image, "url") })).collect();
    let settings = body::object(post, "settings").filter(|settings| !settings.is_empty());
    let mut shown = Body::new();
    body::show(&mut shown, "post_content_id", Some(env.uuid_v4()));
    body::show(&mut shown, "text", body::text(post, "text"));
    body::show(&mut shown, "images", Some(images).filter(|images| !images.is_empty()));
    body::show(&mut shown, "profiles", Some(profiles));
    body::show(&mut shown, "settings", settings.cloned());
    Value::Object(shown)
}

/// What becomes of the post on one profile.
fn view_profile(social: &Social, env: &mut Env, entry: &Body, status: &str, at: Timestamp) -> Value {
    let id = body::text(entry, "profile_id").unwrap_or_default();
    let mut shown = Body::new();
    if let Some(profile) = social.profile(&id) {
        let user = social.connection_of(profile).map(|connection| connection.username.clone());
        body::show(&mut shown, "profile_name", Some(profile.name.clone()));
        body::show(&mut shown, "network", Some(profile.network.clone()));
        body::show(&mut shown, "image_url", profile.image_url.clone());
        body::show(&mut shown, "account_username", user);
    }
    body::show(&mut shown, "profile_id", Some(id));
    body::show(&mut shown, "campaign_activity_id", Some(env.uuid_v4()));
    body::show(&mut shown, "campaign_activity_status", Some(status));
    body::show(&mut shown, "campaign_activity_status_date", Some(millis(at)));
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_to_be_encoded() {
        assert!(is_address("https://images.example.com/path+with%20space?q=a%20b"));
        for bad in ["https://images.example.com/a b.jpg", "ftp://images.example.com/a.jpg", "a.jpg", "https://"] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn settings_are_texts_by_network() {
        assert!(is_settings(&json!({ "tiktok": { "disable_comment": "true" } })));
        assert!(!is_settings(&json!({ "tiktok": { "disable_comment": true } })));
        assert!(!is_settings(&json!({ "tiktok": "true" })));
    }

    #[test]
    fn names_are_cleaned() {
        assert_eq!(clean(" <b>Night\u{7}</b> "), "bNight/b");
        assert_eq!(clean("<>"), "");
    }
}
