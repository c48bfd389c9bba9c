//! Events as answers show them: short in the collection, in full on their own.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{self, Body};
use crate::sandbox::account::{EventItem, EventTrack, HostedEvent};
use crate::sandbox::env::{millis, seconds};

/// Where the registration forms would be, which the stand-in does not have.
pub(super) const SITE: &str = "https://events.example.com/ev";

/// Short forms of the zones that accounts commonly have, at standard time.
const ZONES: &[(&str, &str)] = &[
    ("US/Eastern", "EST"),
    ("US/Central", "CST"),
    ("US/Mountain", "MST"),
    ("US/Pacific", "PST"),
    ("US/Alaska", "AKST"),
    ("US/Hawaii", "HST"),
    ("America/New_York", "EST"),
    ("America/Chicago", "CST"),
    ("America/Denver", "MST"),
    ("America/Los_Angeles", "PST"),
    ("Europe/London", "GMT"),
    ("Europe/Berlin", "CET"),
    ("Europe/Paris", "CET"),
    ("UTC", "UTC"),
];

/// The short form of the event's zone, if it is a common one.
fn zone(event: &HostedEvent) -> Option<&'static str> {
    let name = event.content.get("time_zone")?.as_str()?;
    ZONES.iter().find(|(zone, _)| *zone == name).map(|(_, short)| *short)
}

fn registration_url(event: &HostedEvent) -> String {
    format!("{SITE}/reg/{}", event.track.track_id)
}

/// An amount of money as JSON has it.
pub(super) fn money(cents: u32) -> f64 {
    f64::from(cents) / 100.0
}

/// An event in a collection.
pub(super) fn item(event: &HostedEvent, now: Timestamp) -> Value {
    let kept = |name: &str| event.content.get(name).cloned();
    let registered = event.registrations.iter().filter(|registration| registration.holds()).count();
    let items = event.track.items.iter().map(|item| event.items_sold(&item.item_id));
    let metrics = json!({
        "registration_count": registered,
        "ticket_sold": event.tickets_sold(),
        "item_sold": items.fold(0, u32::saturating_add),
    });
    let mut shown = Body::new();
    body::show(&mut shown, "event_id", Some(event.event_id.clone()));
    body::show(&mut shown, "name", Some(event.name.clone()));
    body::show(&mut shown, "title", kept("title"));
    body::show(&mut shown, "description", kept("description"));
    body::show(&mut shown, "start_time", Some(seconds(event.start)));
    body::show(&mut shown, "end_time", Some(seconds(event.end)));
    body::show(&mut shown, "status", Some(event.status_at(now).name()));
    body::show(&mut shown, "registration_url", Some(registration_url(event)));
    body::show(&mut shown, "event_type", kept("event_type"));
    body::show(&mut shown, "location_type", kept("location_type"));
    body::show(&mut shown, "time_zone_type", zone(event));
    body::show(&mut shown, "address", kept("address"));
    body::show(&mut shown, "event_registration_summary_metrics", Some(metrics));
    body::show(&mut shown, "create_time", Some(seconds(event.created_at)));
    Value::Object(shown)
}

/// An event on its own; `eso` is the account's public code.
pub(super) fn view(event: &HostedEvent, eso: &str, now: Timestamp) -> Body {
    let mut shown = Body::new();
    body::show(&mut shown, "event_id", Some(event.event_id.clone()));
    body::show(&mut shown, "campaign_id", Some(event.event_id.clone()));
    body::show(&mut shown, "name", Some(event.name.clone()));
    body::show(&mut shown, "status", Some(event.status_at(now).name()));
    body::show(&mut shown, "event_start", Some(seconds(event.start)));
    body::show(&mut shown, "event_end", Some(seconds(event.end)));
    shown.extend(event.content.clone());
    body::show(&mut shown, "time_zone_abbreviation", zone(event));
    body::show(&mut shown, "eso", Some(eso));
    body::show(&mut shown, "registration_url", Some(registration_url(event)));
    body::show(&mut shown, "event_calendar_url", Some(format!("{SITE}/calendar/{eso}")));
    body::show(&mut shown, "event_widget_url", Some(format!("{SITE}/widget/myevents.js?eso={eso}")));
    body::show(&mut shown, "event_promotions", Some(event.promotions.clone()));
    body::show(&mut shown, "default_track", Some(track(event)));
    body::show(&mut shown, "create_time", Some(millis(event.created_at)));
    body::show(&mut shown, "last_update_time", Some(millis(event.updated_at)));
    body::show(&mut shown, "active_time", event.active_at.map(millis));
    body::show(&mut shown, "cancelled_time", event.cancelled_at.map(millis));
    body::show(&mut shown, "deleted_time", event.deleted_at.map(millis));
    shown
}

/// What has been set up for an event; shown on request only.
pub(super) fn settings(track: &EventTrack) -> Value {
    let prices = track.tickets.iter().map(|ticket| ticket.price_cents);
    let paid = prices.chain(track.items.iter().map(|item| item.price_cents)).any(|cents| cents > 0);
    let codes = body::array(&track.content, "promo_codes").unwrap_or_default();
    json!({
        "event_requires_payments": paid,
        "payment_configured": paid,
        "online_payment_configured": paid,
        "ticket_configured": !track.tickets.is_empty(),
        "item_configured": !track.items.is_empty(),
        "promo_code_configured": !codes.is_empty(),
    })
}

fn track(event: &HostedEvent) -> Value {
    let track = &event.track;
    let items: Vec<Value> = (0_u32..).zip(&track.items).map(|(order, item)| sold(event, item, order)).collect();
    let mut shown = Body::new();
    body::show(&mut shown, "track_id", Some(track.track_id.clone()));
    body::show(&mut shown, "campaign_activity_id", Some(track.campaign_activity_id.clone()));
    body::show(&mut shown, "conf_email_campaign_activity_id", track.confirmation_id.clone());
    shown.extend(track.content.clone());
    body::show(&mut shown, "items", Some(items));
    body::show(&mut shown, "create_time", Some(millis(track.created_at)));
    body::show(&mut shown, "last_update_time", Some(millis(track.updated_at)));
    Value::Object(shown)
}

/// One of the things sold beside the tickets.
fn sold(event: &HostedEvent, item: &EventItem, order: u32) -> Value {
    let sold = event.items_sold(&item.item_id);
    let mut shown = Body::new();
    body::show(&mut shown, "item_id", Some(item.item_id.clone()));
    body::show(&mut shown, "name", Some(item.name.clone()));
    body::show(&mut shown, "display_order", Some(order));
    body::show(&mut shown, "price", Some(money(item.price_cents)));
    body::show(&mut shown, "quantity_total", item.quantity_total);
    body::show(&mut shown, "quantity_remaining", item.quantity_total.map(|total| total.saturating_sub(sold)));
    body::show(&mut shown, "quantity_sold", Some(sold));
    body::show(&mut shown, "deletable_flag", Some(sold == 0));
    body::show(&mut shown, "create_time", Some(millis(item.created_at)));
    body::show(&mut shown, "last_update_time", Some(millis(item.created_at)));
    Value::Object(shown)
}
