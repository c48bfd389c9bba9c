//! What may be written of an event: the checks, and how a change is merged into what stands.
//!
//! A change leaves alone what it does not name, inside the address, the host, the meeting and the track as well; only
//! the lists of a track are replaced as a whole. Read-only properties that are sent back are passed over.

use jiff::Timestamp;
use serde_json::Value;

use super::body::{self, Body};
use super::refusal::EVENTS;
use super::validate::{Checks, instant, is_uuid};
use crate::sandbox::account::HostedEvent;
use crate::sandbox::call::Reply;
use crate::sandbox::env::millis;

/// Properties that hold texts, and how long each may be.
type Texts = &'static [(&'static str, usize)];
type Names = &'static [&'static str];

/// No limit is known.
const ANY: usize = usize::MAX;

const EVENT: Texts =
    &[("description", 600), ("title", 100), ("event_type", ANY), ("location_type", ANY), ("time_zone", ANY)];
const EVENT_FLAGS: Names = &[
    "display_contact_flag",
    "display_end_time_flag",
    "display_on_calendar_flag",
    "display_time_zone_flag",
    "notify_owner_on_reg",
];
const EVENT_OTHERS: Names = &["currency_type", "event_code"];
const CURRENCIES: Names = &[
    "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "MYR", "NOK", "NZD",
    "PHP", "PLN", "RUB", "SEK", "SGD", "THB", "TRY", "TWD", "USD",
];
const METADATA: Names = &["items_enabled", "paid_event", "promo_codes_enabled"];
const HOST: Texts = &[
    ("email_address", 128),
    ("from_email_address", 128),
    ("name", 100),
    ("organization_name", 255),
    ("phone_number", 25),
];
const ADDRESS: Texts = &[
    ("address_type", ANY),
    ("line1", 80),
    ("line2", 80),
    ("city", 80),
    ("country", 128),
    ("country_code", 2),
    ("location_name", 100),
    ("postal_code", 25),
    ("state", 80),
    ("state_code", 2),
];
const PLACE: Names = &["latitude", "longitude"];
const MEETING: Texts = &[("instructions", ANY), ("label", ANY), ("provider_type", ANY), ("url", ANY)];
const MEETING_FLAGS: Names = &["enabled_flag"];
const TRACK: Texts = &[
    ("items_header", ANY),
    ("platform_fee_scope_type", ANY),
    ("registration_end_time", ANY),
    ("registration_type", ANY),
    ("tickets_header", ANY),
];
const TRACK_FLAGS: Names = &["reg_manually_closed_flag", "restrict_to_single_ticket_flag"];
const CAPACITY: &str = "overall_ticket_capacity";
const MEDIA: Texts = &[
    ("create_time", ANY),
    ("external_id", ANY),
    ("external_url", ANY),
    ("internal_id", ANY),
    ("last_update_time", ANY),
    ("media_type", ANY),
];
const CODE: Texts = &[
    ("name", ANY),
    ("id", ANY),
    ("description", ANY),
    ("discount_code_scope", ANY),
    ("discount_code_type", ANY),
    ("status", ANY),
    ("start_time", ANY),
    ("end_time", ANY),
    ("deleted_time", ANY),
];
const CODE_FLAGS: Names = &["paused_flag", "time_limit_flag"];
const CODE_NUMBERS: Names = &["discount_percent", "quantity_available", "quantity_total", "quantity_used"];
const CODE_OTHERS: Names = &["discount_amount", "items", "tickets"];

/// Times that the service sets; what is sent for them is looked at and dropped.
const TIMES: Texts = &[("create_time", ANY), ("last_update_time", ANY)];
/// What the service finds out about an event; likewise.
const SETTINGS: Names = &[
    "event_requires_payments",
    "item_configured",
    "online_payment_configured",
    "payment_configured",
    "promo_code_configured",
    "ticket_configured",
];

/// Whether a value is a moment.
pub(super) fn is_moment(value: &Value) -> bool {
    value.as_str().and_then(instant).is_some()
}

/// Checks a change of an event.
pub(super) fn check(sent: &Body) -> Result<(), Reply> {
    let id = |value: &Value| value.as_str().is_some_and(is_uuid);
    let mut checks = Checks::of(sent);
    if checks.has("name") {
        checks.filled("name", 100);
    }
    texts(&mut checks, EVENT);
    flags(&mut checks, EVENT_FLAGS);
    checks.test("event_id", id).test("campaign_id", id).test("event_start", is_moment).test("event_end", is_moment);
    checks.one_of("currency_type", CURRENCIES).text("event_code", ANY).text("status", ANY);
    texts(&mut checks, TIMES);
    checks.inner("contact", host).inner("address", address).inner("online_meeting", meeting);
    checks.inner("event_metadata", |metadata| flags(metadata, METADATA)).inner("default_track", track);
    checks.inner("event_settings", |settings| flags(settings, SETTINGS));
    checks.done(EVENTS)
}

fn texts(checks: &mut Checks<'_>, table: Texts) {
    for &(name, max) in table {
        checks.text(name, max);
    }
}

fn flags(checks: &mut Checks<'_>, names: Names) {
    for &name in names {
        checks.flag(name);
    }
}

fn numbers(checks: &mut Checks<'_>, names: Names) {
    for &name in names {
        checks.integer(name, i64::from(i32::MIN)..=i64::from(i32::MAX));
    }
}

fn host(checks: &mut Checks<'_>) {
    texts(checks, TIMES);
    checks.required("name").required("organization_name");
    checks.test("phone_number", |value| value.as_str().is_none_or(|text| !text.is_empty()));
    texts(checks, HOST);
}

fn address(checks: &mut Checks<'_>) {
    texts(checks, TIMES);
    checks.required_one_of("address_type", &["EVENT"]);
    checks.test("latitude", Value::is_number).test("longitude", Value::is_number);
    texts(checks, ADDRESS);
}

fn meeting(checks: &mut Checks<'_>) {
    texts(checks, TIMES);
    texts(checks, MEETING);
    flags(checks, MEETING_FLAGS);
}

fn track(checks: &mut Checks<'_>) {
    texts(checks, TRACK);
    flags(checks, TRACK_FLAGS);
    checks.integer(CAPACITY, 0..=i64::from(i32::MAX)).test("registration_end_time", is_moment);
    checks.each("media_assets", ANY, |media| texts(media, MEDIA)).each("promo_codes", ANY, code);
}

fn code(checks: &mut Checks<'_>) {
    checks.filled("name", ANY).test("discount_amount", Value::is_number);
    texts(checks, CODE);
    flags(checks, CODE_FLAGS);
    numbers(checks, CODE_NUMBERS);
    checks.each("items", ANY, |item| {
        item.required("name").text("name", ANY).text("item_id", ANY);
        flags(item, &["associated", "display_item_on_promo_redemption", "hidden_flag"]);
    });
    checks.each("tickets", ANY, |ticket| {
        ticket.required("name").text("name", ANY).required("ticket_type").text("ticket_type", ANY);
        ticket.text("ticket_id", ANY);
        flags(ticket, &["associated", "display_ticket_on_promo_redemption", "hidden_flag"]);
    });
}

/// Merges a checked change into an event; name, times and status are the caller's.
pub(super) fn apply(event: &mut HostedEvent, sent: &Body, now: Timestamp) {
    let content = &mut event.content;
    keep(content, sent, named(EVENT).chain(EVENT_FLAGS.iter().copied()).chain(EVENT_OTHERS.iter().copied()));
    keep_part(content, sent, "contact", named(HOST), now);
    keep_part(content, sent, "address", named(ADDRESS).chain(PLACE.iter().copied()), now);
    keep_part(content, sent, "online_meeting", named(MEETING).chain(MEETING_FLAGS.iter().copied()), now);
    if let Some(metadata) = body::object(sent, "event_metadata") {
        let mut kept = body::object(content, "event_metadata").cloned().unwrap_or_default();
        keep(&mut kept, metadata, METADATA.iter().copied());
        content.insert("event_metadata".to_owned(), Value::Object(kept));
    }
    if let Some(track) = body::object(sent, "default_track") {
        apply_track(&mut event.track.content, track);
        event.track.updated_at = now;
    }
    event.updated_at = now;
}

fn apply_track(content: &mut Body, sent: &Body) {
    keep(content, sent, named(TRACK).chain(TRACK_FLAGS.iter().copied()).chain([CAPACITY]));
    keep_list(content, sent, "media_assets", || named(MEDIA));
    let others = || CODE_FLAGS.iter().chain(CODE_NUMBERS).chain(CODE_OTHERS).copied();
    keep_list(content, sent, "promo_codes", || named(CODE).chain(others()));
}

fn named(table: Texts) -> impl Iterator<Item = &'static str> {
    table.iter().map(|(name, _)| *name)
}

/// Takes over the properties of these names that were sent with a value.
fn keep(held: &mut Body, sent: &Body, names: impl Iterator<Item = &'static str>) {
    for name in names {
        if let Some(value) = sent.get(name).filter(|value| !value.is_null()) {
            held.insert(name.to_owned(), value.clone());
        }
    }
}

/// Merges an inner object, which has times of its own.
fn keep_part(held: &mut Body, sent: &Body, part: &str, names: impl Iterator<Item = &'static str>, now: Timestamp) {
    let Some(sent) = body::object(sent, part) else { return };
    let mut kept = body::object(held, part).cloned().unwrap_or_default();
    keep(&mut kept, sent, names);
    kept.entry("create_time").or_insert_with(|| millis(now).into());
    kept.insert("last_update_time".to_owned(), millis(now).into());
    held.insert(part.to_owned(), Value::Object(kept));
}

/// Replaces a list of objects, each with the properties of these names.
fn keep_list<N: Iterator<Item = &'static str>>(held: &mut Body, sent: &Body, list: &str, names: impl Fn() -> N) {
    if body::array(sent, list).is_none() {
        return;
    }
    let kept = body::objects(sent, list).into_iter().map(|object| {
        let mut kept = Body::new();
        keep(&mut kept, object, names());
        Value::Object(kept)
    });
    held.insert(list.to_owned(), Value::Array(kept.collect()));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Body {
        if let Value::Object(fields) = value { fields } else { Body::new() }
    }

    fn status(value: Value) -> u16 {
        check(&fields(value)).map_or_else(|reply| reply.status, |()| 204)
    }

    #[test]
    fn limits_and_required_parts_are_kept() {
        assert_eq!(status(json!({})), 204);
        assert_eq!(status(json!({ "name": "x".repeat(100), "description": "" })), 204);
        for bad in [
            json!({ "name": "" }),
            json!({ "title": "x".repeat(101) }),
            json!({ "event_start": "soon" }),
            json!({ "currency_type": "XYZ" }),
            json!({ "address": { "line1": "Quay 1" } }),
            json!({ "contact": { "name": "Sam" } }),
            json!({ "contact": { "name": "Sam", "organization_name": "Quay", "phone_number": "" } }),
            json!({ "default_track": { "promo_codes": [{ "discount_percent": 5 }] } }),
        ] {
            assert_eq!(status(bad.clone()), 400, "{bad}");
        }
    }

    #[test]
    fn a_change_leaves_alone_what_it_does_not_name() {
        let mut event = HostedEvent::default();
        let (first, later) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
        let address = json!({ "address_type": "EVENT", "city": "Boston", "line1": "Quay 1" });
        apply(&mut event, &fields(json!({ "title": "Night", "address": address })), first);
        apply(&mut event, &fields(json!({ "title": null, "address": { "city": "Salem" }, "eso": "x" })), later);
        let held = Value::Object(event.content.clone());
        assert_eq!(held.pointer("/title"), Some(&json!("Night")));
        assert_eq!(held.pointer("/address/city"), Some(&json!("Salem")));
        assert_eq!(held.pointer("/address/line1"), Some(&json!("Quay 1")));
        assert_eq!(held.pointer("/address/create_time"), Some(&json!("1970-01-01T00:00:00.000Z")));
        assert_eq!(held.pointer("/eso"), None);
    }
}
