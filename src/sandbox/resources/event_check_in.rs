//! Checking tickets in at the door, and undoing it.
//!
//! All tickets of a call are looked at before the first is marked, so that a refused call changes nothing.

use jiff::Timestamp;

use super::body;
use super::events;
use super::refusal::{EVENTS, invalid, unknown};
use super::validate::{Checks, is_texts};
use crate::sandbox::account::{Account, EventStatus, HostedEvent};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// `POST …/check_in/tickets`. A ticket that is checked in already keeps its first time.
pub(super) fn check_in(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (event, keys) = open(account, call, env.now())?;
    for key in &keys {
        if is_called_off(event, key)? {
            return Err(invalid(EVENTS, "A cancelled ticket cannot be checked in"));
        }
    }
    mark(event, &keys, Some(env.now()));
    Ok(Reply::empty(204))
}

/// `POST …/undo_check_in/tickets`. A ticket that is not checked in stays so.
pub(super) fn undo(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (event, keys) = open(account, call, env.now())?;
    for key in &keys {
        is_called_off(event, key)?;
    }
    mark(event, &keys, None);
    Ok(Reply::empty(204))
}

/// The event in the path, which has to be on or over, and the ticket keys sent.
fn open<'a>(
    account: &'a mut Account,
    call: &Call,
    now: Timestamp,
) -> Result<(&'a mut HostedEvent, Vec<String>), Reply> {
    let event = events::find(account, call)?;
    let sent = body::read(call, EVENTS)?;
    let mut checks = Checks::of(&sent);
    checks.required("order_ticket_keys").test("order_ticket_keys", is_texts).not_empty("order_ticket_keys");
    checks.done(EVENTS)?;
    if ![EventStatus::Active, EventStatus::Complete].contains(&event.status_at(now)) {
        return Err(invalid(EVENTS, "The status of the event does not allow check-in"));
    }
    Ok((event, body::strings(&sent, "order_ticket_keys")))
}

/// Whether a ticket is cancelled; 404 when the event has no such ticket.
fn is_called_off(event: &HostedEvent, key: &str) -> Result<bool, Reply> {
    let found = event.registrations.iter().find_map(|registration| {
        let ticket = registration.tickets.iter().find(|ticket| ticket.key == key)?;
        Some(registration.calls_off(ticket))
    });
    found.ok_or_else(|| unknown(EVENTS, "order_ticket_key"))
}

fn mark(event: &mut HostedEvent, keys: &[String], at: Option<Timestamp>) {
    let tickets = event.registrations.iter_mut().flat_map(|registration| &mut registration.tickets);
    for ticket in tickets.filter(|ticket| keys.contains(&ticket.key)) {
        ticket.checked_in_at = at.map(|at| ticket.checked_in_at.unwrap_or(at));
    }
}
