//! Registrations for events, with their tickets, items and payment.
//!
//! People register on the web, so no operation of the API adds a registration: `Enrolment` is what the form there
//! would send, for whoever fills an account.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::events::{EventItem, HostedEvent, TicketKind, short_key};
use crate::sandbox::env::Env;

/// The state of a registration that was called off.
pub(in crate::sandbox) const CANCELED: &str = "CANCELED";
/// States of a registration that take up tickets and items.
const HOLDING: &[&str] = &["REGISTERED", "PENDING", "IN_PROGRESS"];

/// One order of one person.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct EventRegistration {
    pub registration_id: String,
    pub contact_id: String,
    pub first_name: String,
    pub last_name: String,
    pub email_address: String,
    /// Whether the account did not know the person before.
    pub new_contact: bool,
    /// REGISTERED, PENDING, CANCELED, EXPIRED, `IN_PROGRESS` or FAILED.
    pub status: String,
    pub at: Timestamp,
    pub order_number: String,
    pub tickets: Vec<EventTicket>,
    pub items: Vec<OrderedItem>,
    /// Whether its items stay sold although it no longer holds.
    pub items_kept: bool,
    /// None for a free one.
    pub payment: Option<EventPayment>,
}

/// A ticket of a registration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct EventTicket {
    /// The order ticket key.
    pub key: String,
    pub name: String,
    pub price_cents: u32,
    pub checked_in_at: Option<Timestamp>,
    /// Called off by itself, its registration left as it is.
    pub cancelled: bool,
}

/// So many of an item, at the price of the day.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct OrderedItem {
    pub item_id: String,
    pub name: String,
    pub price_cents: u32,
    pub count: u32,
}

/// How a registration is paid for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct EventPayment {
    /// PAYPAL, WEPAY, STRIPE, DOOR or CHECK.
    pub method: String,
    /// PENDING, PAID, REFUNDED, CANCELLED, FAILED or `CHARGED_BACK`.
    pub status: String,
    pub paid_at: Option<Timestamp>,
    pub transaction_id: String,
}

/// What the form on the web sends.
#[derive(Debug, Clone, Default)]
pub(in crate::sandbox) struct Enrolment {
    pub contact_id: String,
    pub first_name: String,
    pub last_name: String,
    pub email_address: String,
    pub new_contact: bool,
    pub at: Timestamp,
    /// Places of the tickets in the track's list, one for each ticket.
    pub tickets: Vec<usize>,
    /// Places of the items in the track's list, and how many of each.
    pub items: Vec<(usize, u32)>,
}

/// Whether a registration in this state takes up its tickets and items.
pub(in crate::sandbox) fn holds(status: &str) -> bool {
    HOLDING.contains(&status)
}

impl EventRegistration {
    /// Whether it takes up its tickets and items.
    pub(in crate::sandbox) fn holds(&self) -> bool {
        holds(&self.status)
    }

    /// Whether a ticket of it is called off, by itself or with the whole registration.
    pub(in crate::sandbox) fn calls_off(&self, ticket: &EventTicket) -> bool {
        ticket.cancelled || self.status == CANCELED
    }

    /// Tickets that can be, or have been, checked in.
    pub(in crate::sandbox) fn valid_tickets(&self) -> usize {
        self.tickets.iter().filter(|ticket| !self.calls_off(ticket)).count()
    }

    /// Tickets that have been checked in.
    pub(in crate::sandbox) fn checked_in(&self) -> usize {
        self.tickets.iter().filter(|ticket| ticket.checked_in_at.is_some()).count()
    }

    /// What it costs in all.
    pub(in crate::sandbox) fn total_cents(&self) -> u32 {
        let tickets = self.tickets.iter().map(|ticket| ticket.price_cents);
        let items = self.items.iter().map(|item| item.price_cents.saturating_mul(item.count));
        tickets.chain(items).fold(0, u32::saturating_add)
    }
}

impl Enrolment {
    /// The registration that follows for an event, paid by card at once if it costs anything. Places that the track
    /// does not have are left out.
    pub(in crate::sandbox) fn accepted(self, env: &mut Env, event: &HostedEvent) -> EventRegistration {
        let mut registration = EventRegistration {
            registration_id: env.uuid_v4(),
            status: "REGISTERED".to_owned(),
            order_number: short_key(env).to_ascii_uppercase(),
            tickets: self.tickets(env, event),
            items: self.items(event),
            contact_id: self.contact_id,
            first_name: self.first_name,
            last_name: self.last_name,
            email_address: self.email_address,
            new_contact: self.new_contact,
            at: self.at,
            items_kept: false,
            payment: None,
        };
        registration.payment = (registration.total_cents() > 0).then(|| EventPayment {
            method: "STRIPE".to_owned(),
            status: "PAID".to_owned(),
            paid_at: Some(registration.at),
            transaction_id: env.uuid_v4(),
        });
        registration
    }

    fn tickets(&self, env: &mut Env, event: &HostedEvent) -> Vec<EventTicket> {
        let kinds = self.tickets.iter().filter_map(|place| event.track.tickets.get(*place));
        let ticket = |kind: &TicketKind| EventTicket {
            key: short_key(env),
            name: kind.name.clone(),
            price_cents: kind.price_cents,
            ..EventTicket::default()
        };
        kinds.map(ticket).collect()
    }

    fn items(&self, event: &HostedEvent) -> Vec<OrderedItem> {
        let ordered = self.items.iter().filter_map(|(place, count)| Some((event.track.items.get(*place)?, *count)));
        let item = |(item, count): (&EventItem, u32)| OrderedItem {
            item_id: item.item_id.clone(),
            name: item.name.clone(),
            price_cents: item.price_cents,
            count,
        };
        ordered.map(item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::env::Options;

    fn concert(env: &mut Env) -> HostedEvent {
        let now = env.now();
        let mut event = HostedEvent::draft(env, "Concert".to_owned(), (now, now), serde_json::Map::new());
        event.track.tickets.push(TicketKind { name: "Seat".to_owned(), price_cents: 2_550 });
        let item = EventItem { item_id: "poster".to_owned(), price_cents: 500, ..EventItem::default() };
        event.track.items.push(item);
        event
    }

    #[test]
    fn a_registration_costs_its_tickets_and_items_and_is_counted() {
        let mut env = Env::new(Options::default());
        let mut event = concert(&mut env);
        let sent = Enrolment { tickets: vec![0, 0, 7], items: vec![(0, 3)], ..Enrolment::default() };
        let registration = sent.accepted(&mut env, &event);
        assert_eq!(registration.total_cents(), 2 * 2_550 + 3 * 500);
        assert!(registration.payment.is_some());
        event.registrations.push(registration);
        assert_eq!((event.tickets_sold(), event.items_sold("poster")), (2, 3));
    }

    #[test]
    fn a_cancelled_registration_frees_its_tickets_and_may_keep_its_items() {
        let mut env = Env::new(Options::default());
        let mut event = concert(&mut env);
        let sent = Enrolment { tickets: vec![0], items: vec![(0, 1)], ..Enrolment::default() };
        let mut registration = sent.accepted(&mut env, &event);
        registration.status = CANCELED.to_owned();
        registration.items_kept = true;
        event.registrations.push(registration);
        assert_eq!((event.tickets_sold(), event.items_sold("poster")), (0, 1));
    }
}
