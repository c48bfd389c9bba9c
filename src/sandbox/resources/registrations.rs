//! Who has registered for an event: looked up, called off, taken back, marked as paid.
//!
//! A change of many registrations is done for each by itself; those that could not be changed are named in a 207.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{self, Body};
use super::event_check_in as door;
use super::event_page;
use super::events;
use super::query;
use super::refusal::{EVENTS, path_id, unknown};
use super::registration_view as view;
use super::validate::{Checks, is_texts};
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, EventRegistration, HostedEvent, OrderedItem, holds};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

const ALL: &str = "/events/{event_id}/tracks/{track_id}/registrations";

/// Registrations and check-in by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", ALL, CAMPAIGN, "campaign:read", Handler::Account(list))
        .simplified("Nobody registers: registrations come from the demo data, or from a state that was brought in."),
    route("PUT", ALL, CAMPAIGN, "campaign:write", Handler::Account(put_status))
        .inferred()
        .simplified("A cancelled registration comes back only if the track has room; the two count flags lift that."),
    route(
        "PUT",
        "/events/{event_id}/tracks/{track_id}/registrations/payment_status",
        CAMPAIGN,
        "campaign:write",
        Handler::Account(put_payment),
    )
    .inferred()
    .simplified("No money moves: any payment status can follow any other."),
    route(
        "GET",
        "/events/{event_id}/tracks/{track_id}/registrations/{registration_id}",
        CAMPAIGN,
        "campaign:read",
        Handler::Account(get),
    )
    .simplified("The form has three questions: first name, last name and e-mail address."),
    route("POST", "/events/{event_id}/check_in/tickets", CAMPAIGN, "campaign:write", Handler::Account(door::check_in)),
    route("POST", "/events/{event_id}/undo_check_in/tickets", CAMPAIGN, "campaign:write", Handler::Account(door::undo)),
];

const STATUSES: &[&str] = &["PENDING", "REGISTERED", "CANCELED", "EXPIRED", "IN_PROGRESS", "FAILED"];
/// The contract writes two states as one word of its list; it is taken as either of them.
const EITHER: &str = "IN_PROGRESS, FAILED";
const PAYMENTS: &[&str] = &["PENDING", "PAID", "REFUNDED", "CANCELLED", "FAILED", "CHARGED_BACK"];
const SORTS: &[&str] =
    &["first_name", "last_name", "email_address", "registration_status", "payment_status", "tickets", "total"];

/// The event in the path, if the track there is its own.
fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut HostedEvent, Reply> {
    let event = events::find(account, call)?;
    if event.track.track_id == call.param("track_id") { Ok(event) } else { Err(unknown(EVENTS, "track_id")) }
}

/// The state of the payment; a free registration has none.
fn payment(registration: &EventRegistration) -> Option<&str> {
    registration.payment.as_ref().map(|payment| payment.status.as_str())
}

/// `GET …/registrations`: in the order in which they came unless sorted.
pub(super) fn list(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let event = find(account, call)?;
    let page = event_page::open(call, &["limit", "page_size"])?;
    let call = &page.call;
    let statuses: Vec<&str> = STATUSES.iter().copied().chain([EITHER]).collect();
    let status = query::choice(call, "registration_status", &statuses, EVENTS)?;
    let paid = query::choice(call, "payment_status", PAYMENTS, EVENTS)?;
    let sort = query::choice(call, "sort_by", SORTS, EVENTS)?;
    let descending = event_page::descending(call)?;
    let text = call.query("search_text").map(str::to_lowercase);
    let wanted = |registration: &&EventRegistration| {
        status.is_none_or(|status| status.split(", ").any(|status| status == registration.status))
            && (paid.is_none() || payment(registration) == paid)
            && text.as_ref().is_none_or(|text| mentions(registration, text))
    };
    let mut found: Vec<&EventRegistration> = event.registrations.iter().filter(wanted).collect();
    if let Some(sort) = sort {
        found.sort_by(|a, b| if descending { compare(b, a, sort) } else { compare(a, b, sort) });
    }
    Ok(page.answer(found, |registration| view::item(registration, &event.track.track_id)))
}

/// Whether a lower-cased text occurs in a registration's names or address.
fn mentions(registration: &EventRegistration, text: &str) -> bool {
    let held = [&registration.first_name, &registration.last_name, &registration.email_address];
    held.iter().any(|held| held.to_lowercase().contains(text))
}

fn compare(a: &EventRegistration, b: &EventRegistration, sort: &str) -> Ordering {
    let texts = |one: &str, other: &str| one.to_lowercase().cmp(&other.to_lowercase());
    match sort {
        "first_name" => texts(&a.first_name, &b.first_name),
        "last_name" => texts(&a.last_name, &b.last_name),
        "email_address" => texts(&a.email_address, &b.email_address),
        "registration_status" => a.status.cmp(&b.status),
        "payment_status" => payment(a).cmp(&payment(b)),
        "tickets" => a.tickets.len().cmp(&b.tickets.len()),
        _ => a.total_cents().cmp(&b.total_cents()),
    }
}

/// `GET …/registrations/{registration_id}`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let event = find(account, call)?;
    let id = path_id(call, "registration_id", EVENTS)?;
    let found = event.registrations.iter().find(|registration| registration.registration_id == id);
    let registration = found.ok_or_else(|| unknown(EVENTS, "registration_id"))?;
    Ok(Reply::json(200, &view::view(event, registration)))
}

/// The registrations to change and the word to change them to, in capitals: the contract's own sample is not.
fn read_change(sent: &Body, name: &str, words: &[&str]) -> Result<(Vec<String>, String), Reply> {
    let word = body::text(sent, name).unwrap_or_default().to_ascii_uppercase();
    let mut checks = Checks::of(sent);
    checks.required("registration_ids").test("registration_ids", is_texts).not_empty("registration_ids");
    checks.required(name);
    if checks.has(name) && !words.contains(&word.as_str()) {
        checks.problem(name, "does not have a valid value");
    }
    checks.done(EVENTS)?;
    Ok((body::ids(sent, "registration_ids"), word))
}

/// 200 without a body when all went well, else 207 with those that did not.
fn outcome(failed: &[String]) -> Reply {
    if failed.is_empty() {
        return Reply::empty(200);
    }
    Reply::json(207, &json!({ "failed_registration_ids": failed }))
}

/// How a change of status deals with what was ordered.
#[derive(Clone, Copy)]
struct Rules {
    /// More tickets than the track has may be taken.
    beyond_tickets: bool,
    /// More items than there are may be taken.
    beyond_items: bool,
    /// What is called off can be sold again.
    return_items: bool,
}

fn read_rules(call: &Call) -> Result<Rules, Reply> {
    let return_items = "return_items_to_inventory";
    Ok(Rules {
        beyond_tickets: query::flag(call, "increase_count", EVENTS)?,
        beyond_items: query::flag(call, "increase_item_count", EVENTS)?,
        return_items: call.query(return_items).is_none() || query::flag(call, return_items, EVENTS)?,
    })
}

/// `PUT …/registrations`.
pub(super) fn put_status(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let event = find(account, call)?;
    let rules = read_rules(call)?;
    let sent = body::read(call, EVENTS)?;
    let (ids, status) = read_change(&sent, "registration_status", STATUSES)?;
    let failed: Vec<String> = ids.into_iter().filter(|id| !change(event, id, &status, rules)).collect();
    Ok(outcome(&failed))
}

/// Gives one registration another status, and tells whether it could.
fn change(event: &mut HostedEvent, id: &str, status: &str, rules: Rules) -> bool {
    let Some(place) = event.registrations.iter().position(|registration| registration.registration_id == id) else {
        return false;
    };
    let comes_back = event.registrations.get(place).is_some_and(|held| !held.holds() && holds(status));
    if comes_back && !has_room(event, place, rules) {
        return false;
    }
    let Some(registration) = event.registrations.get_mut(place) else { return false };
    if registration.holds() {
        registration.items_kept = !rules.return_items;
    }
    status.clone_into(&mut registration.status);
    true
}

/// Whether the tickets and items of a registration that comes back can still be had.
fn has_room(event: &HostedEvent, place: usize, rules: Rules) -> bool {
    let Some(registration) = event.registrations.get(place) else { return false };
    let capacity = event.track.content.get("overall_ticket_capacity").and_then(Value::as_u64);
    let own = registration.tickets.iter().filter(|ticket| !ticket.cancelled).count();
    let tickets = u64::try_from(event.tickets_sold().saturating_add(own)).unwrap_or(u64::MAX);
    if !rules.beyond_tickets && capacity.is_some_and(|capacity| tickets > capacity) {
        return false;
    }
    let left = |ordered: &OrderedItem| {
        let item = event.track.items.iter().find(|item| item.item_id == ordered.item_id);
        let sold = event.items_sold(&ordered.item_id).saturating_add(ordered.count);
        item.and_then(|item| item.quantity_total).is_none_or(|total| sold <= total)
    };
    rules.beyond_items || registration.items_kept || registration.items.iter().all(left)
}

/// `PUT …/registrations/payment_status`. Free registrations are passed over in silence.
pub(super) fn put_payment(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let event = find(account, call)?;
    let sent = body::read(call, EVENTS)?;
    let (ids, status) = read_change(&sent, "payment_status", PAYMENTS)?;
    let now = env.now();
    let failed: Vec<String> = ids.into_iter().filter(|id| !pay(event, id, &status, now)).collect();
    Ok(outcome(&failed))
}

/// Gives one registration another payment status, and tells whether there is such a registration.
fn pay(event: &mut HostedEvent, id: &str, status: &str, now: Timestamp) -> bool {
    let found = event.registrations.iter_mut().find(|registration| registration.registration_id == id);
    let Some(registration) = found else { return false };
    if let Some(payment) = registration.payment.as_mut() {
        status.clone_into(&mut payment.status);
        payment.paid_at = payment.paid_at.or((status == "PAID").then_some(now));
    }
    true
}
