//! Events: made as drafts or as copies, changed, published, cancelled.
//!
//! How an event gets its ticket kinds, items and registrations is not part of the API: people do that on the web.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::body::{self, Body};
use super::event_form;
use super::event_page;
use super::event_view;
use super::query;
use super::refusal::{EVENTS, invalid, path_id, unknown};
use super::validate::{Checks, instant};
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, EventStatus, HostedEvent};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, later};

/// Events by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/events", CAMPAIGN, "campaign:read", Handler::Account(list)),
    route("POST", "/events/default", CAMPAIGN, "campaign:write", Handler::Account(create))
        .inferred()
        .simplified("The placeholder campaign is ignored, and the draft has no tickets to sell."),
    route("GET", "/events/{event_id}", CAMPAIGN, "campaign:read", Handler::Account(get))
        .simplified("The short name of the time zone is that of standard time, and only common zones have one."),
    route("PATCH", "/events/{event_id}", CAMPAIGN, "campaign:write", Handler::Account(patch))
        .inferred()
        .simplified("Only ACTIVE, CANCELLED and DELETED can be set as status; promotion codes discount nothing."),
    route("POST", "/events/{event_id}/copy", CAMPAIGN, "campaign:write", Handler::Account(copy))
        .inferred()
        .simplified("A copy fails in part only where campaign activities of other events are named."),
];

/// The states that the collection can be narrowed to.
const STATUSES: &[&str] = &["ACTIVE", "DRAFT", "COMPLETE", "DELETED", "CANCELLED", "ERROR"];
const SORTS: &[&str] = &["name", "start_time", "end_time", "created_time", "updated_time"];
/// Characters of a name.
const NAME: usize = 100;

/// The event in the path, deleted ones included.
pub(super) fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut HostedEvent, Reply> {
    let id = path_id(call, "event_id", EVENTS)?;
    let found = account.events.hosted.iter_mut().find(|event| event.event_id == id);
    found.ok_or_else(|| unknown(EVENTS, "event_id"))
}

/// `GET /events`: newest first unless sorted. Deleted ones only when they are asked for.
pub(super) fn list(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let page = event_page::open(call, &["limit"])?;
    let call = &page.call;
    let status = query::choice(call, "event_status", STATUSES, EVENTS)?;
    let sort = query::choice(call, "sort_by", SORTS, EVENTS)?;
    let descending = event_page::descending(call)?;
    let text = call.query("search_text").map(str::to_lowercase);
    let now = env.now();
    let wanted = |event: &&HostedEvent| {
        let held = event.status_at(now);
        status.map_or(held != EventStatus::Deleted, |status| held.name() == status)
            && text.as_ref().is_none_or(|text| mentions(event, text))
    };
    let mut found: Vec<&HostedEvent> = account.events.hosted.iter().rev().filter(wanted).collect();
    if let Some(sort) = sort {
        found.sort_by(|a, b| if descending { compare(b, a, sort) } else { compare(a, b, sort) });
    }
    Ok(page.answer(found, |event| event_view::item(event, now)))
}

/// Whether a lower-cased text occurs in what people read of an event.
fn mentions(event: &HostedEvent, text: &str) -> bool {
    let kept = ["title", "description"].map(|name| event.content.get(name).and_then(Value::as_str));
    let texts = kept.into_iter().flatten().chain([event.name.as_str()]);
    texts.map(str::to_lowercase).any(|held| held.contains(text))
}

fn compare(a: &HostedEvent, b: &HostedEvent, sort: &str) -> Ordering {
    match sort {
        "start_time" => a.start.cmp(&b.start),
        "end_time" => a.end.cmp(&b.end),
        "created_time" => a.created_at.cmp(&b.created_at),
        "updated_time" => a.updated_at.cmp(&b.updated_at),
        _ => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
    }
}

/// `GET /events/{event_id}`.
pub(super) fn get(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let with_settings = query::flag(call, "include", EVENTS)?;
    let eso = account.encoded_id.clone();
    let event = find(account, call)?;
    let mut shown = event_view::view(event, &eso, env.now());
    body::show(&mut shown, "event_settings", with_settings.then(|| event_view::settings(&event.track)));
    Ok(Reply::json(200, &Value::Object(shown)))
}

/// `POST /events/default`: everything is in the query, there is no body.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let name = new_name(account, call)?;
    let now = env.now();
    let start = query::moment(call, "start_time", EVENTS)?.unwrap_or_else(|| in_a_month(now));
    let end = query::moment(call, "end_time", EVENTS)?.unwrap_or_else(|| later(start, SignedDuration::from_hours(1)));
    check_times(start, end, "end_time must be after start_time")?;
    let mut event = HostedEvent::draft(env, name.clone(), (start, end), Body::new());
    event_form::apply(&mut event, &defaults(&account.summary, &name), now);
    let shown = event_view::view(&event, &account.encoded_id, now);
    account.events.hosted.push(event);
    Ok(Reply::json(201, &Value::Object(shown)))
}

/// The name in the query, or the first free one of a series.
fn new_name(account: &Account, call: &Call) -> Result<String, Reply> {
    let Some(name) = call.query("name") else {
        let numbers = 1..=account.events.hosted.len().saturating_add(1);
        let mut series = numbers.map(|number| format!("New Event {number}"));
        return series.find(|name| !is_taken(account, name, None)).ok_or_else(taken);
    };
    if name.trim().is_empty() {
        return Err(invalid(EVENTS, "name is empty"));
    }
    if name.chars().count() > NAME {
        return Err(invalid(EVENTS, "name is invalid"));
    }
    if is_taken(account, name, None) { Err(taken()) } else { Ok(name.to_owned()) }
}

/// Names are unique among the events that are not deleted.
fn is_taken(account: &Account, name: &str, own: Option<&str>) -> bool {
    let name = name.to_lowercase();
    account.events.hosted.iter().any(|event| {
        event.status != EventStatus::Deleted
            && event.name.to_lowercase() == name
            && own != Some(event.event_id.as_str())
    })
}

/// No 409 is known of this service.
fn taken() -> Reply {
    invalid(EVENTS, "Event name already exists")
}

/// The full hour thirty days on.
fn in_a_month(now: Timestamp) -> Timestamp {
    let second = now.as_second();
    let hour = Timestamp::from_second(second.saturating_sub(second.rem_euclid(3_600))).unwrap_or(now);
    later(hour, SignedDuration::from_hours(30 * 24))
}

fn check_times(start: Timestamp, end: Timestamp, text: &str) -> Result<(), Reply> {
    if end > start { Ok(()) } else { Err(invalid(EVENTS, text)) }
}

/// What a new event has before anybody has written anything: the account's own details.
fn defaults(summary: &Value, name: &str) -> Body {
    let known = |name: &str| summary.get(name).and_then(Value::as_str).unwrap_or_default();
    let host = format!("{} {}", known("first_name"), known("last_name"));
    let mail = known("contact_email");
    let zone = Some(known("time_zone_id")).filter(|zone| !zone.is_empty()).unwrap_or("US/Eastern");
    let shown = json!({
        "title": name,
        "description": "",
        "event_type": "OTHER",
        "location_type": "PHYSICAL",
        "time_zone": zone,
        "currency_type": "USD",
        "contact": {
            "name": host.trim(), "organization_name": known("organization_name"),
            "email_address": mail, "from_email_address": mail
        },
        "address": { "address_type": "EVENT" },
        "display_contact_flag": true,
        "display_end_time_flag": true,
        "display_on_calendar_flag": false,
        "display_time_zone_flag": true,
        "notify_owner_on_reg": true,
        "event_metadata": { "items_enabled": false, "paid_event": false, "promo_codes_enabled": false },
        "default_track": {
            "registration_type": "TICKET", "tickets_header": "Tickets", "items_header": "Items",
            "platform_fee_scope_type": "OWNER", "reg_manually_closed_flag": false,
            "restrict_to_single_ticket_flag": false, "media_assets": [], "promo_codes": []
        }
    });
    shown.as_object().cloned().unwrap_or_default()
}

/// `PATCH /events/{event_id}`: what is left out stays; 204 and no body.
pub(super) fn patch(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let now = env.now();
    let held = find(account, call)?;
    if ![EventStatus::Draft, EventStatus::Active].contains(&held.status_at(now)) {
        return Err(invalid(EVENTS, "The status of the event does not allow changes"));
    }
    let id = held.event_id.clone();
    let sent = body::read(call, EVENTS)?;
    event_form::check(&sent)?;
    let name = body::text(&sent, "name");
    if name.as_ref().is_some_and(|name| is_taken(account, name, Some(&id))) {
        return Err(taken());
    }
    let event = find(account, call)?;
    let start = time(&sent, "event_start").unwrap_or(event.start);
    let end = time(&sent, "event_end").unwrap_or(event.end);
    check_times(start, end, "event_end must be after event_start")?;
    change_status(event, body::text(&sent, "status").as_deref(), end, now)?;
    (event.start, event.end) = (start, end);
    if let Some(name) = name {
        event.name = name;
    }
    event_form::apply(event, &sent, now);
    Ok(Reply::empty(204))
}

fn time(sent: &Body, name: &str) -> Option<Timestamp> {
    body::text(sent, name).as_deref().and_then(instant)
}

/// Publishes, cancels or deletes an event that is a draft or active. An event completes by itself.
fn change_status(event: &mut HostedEvent, wanted: Option<&str>, end: Timestamp, now: Timestamp) -> Result<(), Reply> {
    let Some(wanted) = wanted.filter(|wanted| *wanted != event.status.name()) else { return Ok(()) };
    match wanted {
        "ACTIVE" if end <= now => return Err(invalid(EVENTS, "event_end must be in the future")),
        "ACTIVE" => (event.status, event.active_at) = (EventStatus::Active, Some(now)),
        "CANCELLED" => (event.status, event.cancelled_at) = (EventStatus::Cancelled, Some(now)),
        "DELETED" => (event.status, event.deleted_at) = (EventStatus::Deleted, Some(now)),
        _ => return Err(invalid(EVENTS, "status does not have a valid value")),
    }
    Ok(())
}

/// `POST /events/{event_id}/copy`: 200, or 207 where some of the campaign activities could not be copied.
pub(super) fn copy(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let now = env.now();
    let source = find(account, call)?.clone();
    let sent = body::read(call, EVENTS)?;
    let mut checks = Checks::of(&sent);
    checks.filled("target_event_name", NAME).ids("source_campaign_activities", usize::MAX).done(EVENTS)?;
    if [EventStatus::Deleted, EventStatus::Error].contains(&source.status_at(now)) {
        return Err(invalid(EVENTS, "The status of the event does not allow a copy"));
    }
    let name = body::text(&sent, "target_event_name").unwrap_or_default();
    if is_taken(account, &name, None) {
        return Err(taken());
    }
    let all = body::array(&sent, "source_campaign_activities").is_none();
    let asked = body::ids(&sent, "source_campaign_activities");
    let copy = source.copied(env, name, |id| all || asked.iter().any(|asked| asked == id));
    let own = source.activities();
    let failed: Vec<&String> = asked.iter().filter(|id| !own.contains(&id.as_str())).collect();
    let mut shown = event_view::view(&copy, &account.encoded_id, now);
    let status = if failed.is_empty() { 200 } else { 207 };
    body::show(&mut shown, "failed_campaign_activities", (status == 207).then(|| json!(failed)));
    account.events.hosted.push(copy);
    Ok(Reply::json(status, &Value::Object(shown)))
}
