//! Two evenings at the school: one that is over, with people who came, and one that people can still register for.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{DAY, HOUR, Sower, shifted};
use crate::sandbox::account::{
    Account, CANCELED, Enrolment, EventItem, EventRegistration, EventStatus, HostedEvent, TicketKind, short_key,
};

/// How long before an evening people can register.
const OPEN: i64 = 40 * DAY;

/// An evening: what is written about it, when it begins, what it costs in cents, and how many orders there are.
struct Evening {
    name: &'static str,
    description: &'static str,
    /// Days ago; negative for what is to come.
    days: i64,
    prices: &'static [(&'static str, u32)],
    orders: usize,
}

const EVENINGS: &[Evening] = &[
    Evening {
        name: "Harvest dinner",
        description: "Five courses at one long table, cooked by our course guests.",
        days: 60,
        prices: &[("Seat", 6_500), ("Student seat", 3_500)],
        orders: 38,
    },
    Evening {
        name: "Open kitchen evening",
        description: "Look over our shoulders, taste, and ask what you like. It costs nothing.",
        days: -25,
        prices: &[("Visitor", 0)],
        orders: 19,
    },
];

/// Both evenings.
pub(super) fn add(sower: &mut Sower<'_>, account: &mut Account) {
    for evening in EVENINGS {
        let mut event = hosted(sower, account, evening);
        event.registrations = registrations(sower, account, &event, evening.orders);
        if event.end <= sower.now {
            close(sower, &mut event);
        }
        account.events.hosted.push(event);
    }
}

/// The evening as people can register for it.
fn hosted(sower: &mut Sower<'_>, account: &Account, evening: &Evening) -> HostedEvent {
    let start = shifted(sower.morning(evening.days), 8 * HOUR);
    let times = (start, shifted(start, 3 * HOUR));
    let paid = evening.prices.iter().any(|(_, cents)| *cents > 0);
    let content = fields(content(account, evening, paid));
    let mut event = HostedEvent::draft(sower.env, evening.name.to_owned(), times, content);
    let (created, opened) = (shifted(start, -OPEN - 3 * DAY), shifted(start, -OPEN));
    event.status = EventStatus::Active;
    (event.created_at, event.updated_at, event.active_at) = (created, opened, Some(opened));
    (event.track.created_at, event.track.updated_at) = (created, opened);
    event.track.content = fields(track(paid));
    let kind = |(name, cents): &(&str, u32)| TicketKind { name: (*name).to_owned(), price_cents: *cents };
    event.track.tickets = evening.prices.iter().map(kind).collect();
    if paid {
        event.track.items.push(EventItem {
            item_id: short_key(sower.env),
            name: "Apron".to_owned(),
            price_cents: 2_200,
            quantity_total: Some(40),
            created_at: created,
        });
    }
    event
}

fn fields(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}

fn content(account: &Account, evening: &Evening, paid: bool) -> Value {
    json!({
        "title": evening.name, "description": evening.description, "event_type": "FOOD_AND_DRINK",
        "location_type": "PHYSICAL", "time_zone": "US/Eastern", "currency_type": "USD",
        "contact": {
            "name": "Sam Owner", "organization_name": "Harbour Kitchen", "email_address": account.login,
            "from_email_address": account.login, "phone_number": "+1 555-0101",
        },
        "address": {
            "address_type": "EVENT", "location_name": "Harbour Kitchen", "line1": "12 Harbour Street",
            "city": "Boston", "state": "Massachusetts", "state_code": "MA", "postal_code": "02110",
            "country": "United States", "country_code": "US",
        },
        "display_contact_flag": true, "display_end_time_flag": true, "display_on_calendar_flag": true,
        "display_time_zone_flag": true, "notify_owner_on_reg": true,
        "event_metadata": { "items_enabled": paid, "paid_event": paid, "promo_codes_enabled": false },
    })
}

fn track(paid: bool) -> Value {
    json!({
        "registration_type": "TICKET", "tickets_header": "Tickets", "items_header": "Items",
        "platform_fee_scope_type": if paid { "REGISTRANT" } else { "OWNER" }, "reg_manually_closed_flag": false,
        "restrict_to_single_ticket_flag": false, "overall_ticket_capacity": 80, "media_assets": [], "promo_codes": [],
    })
}

/// Registrations of people whom the school knows, oldest first.
fn registrations(
    sower: &mut Sower<'_>,
    account: &Account,
    event: &HostedEvent,
    count: usize,
) -> Vec<EventRegistration> {
    let open = shifted(event.start, -OPEN);
    let span = event.start.min(sower.now).as_second() - open.as_second();
    let mut known: Vec<usize> = (0..account.contacts.len())
        .filter(|place| account.contacts.get(*place).is_some_and(|c| c.created_at <= open && c.deleted_at.is_none()))
        .collect();
    let mut enrolments = Vec::new();
    while enrolments.len() < count && !known.is_empty() {
        let place = known.swap_remove(sower.dice.below(known.len()));
        let at = shifted(open, sower.dice.up_to(span));
        enrolments.extend(enrolment(sower, account, event, place, at));
    }
    enrolments.sort_by_key(|enrolment| enrolment.at);
    enrolments.into_iter().map(|enrolment| enrolment.accepted(sower.env, event)).collect()
}

/// One or two tickets of a kind, sometimes with an apron. Who has no address cannot register.
fn enrolment(
    sower: &mut Sower<'_>,
    account: &Account,
    event: &HostedEvent,
    place: usize,
    at: Timestamp,
) -> Option<Enrolment> {
    let contact = account.contacts.get(place)?;
    let kind = sower.dice.below(event.track.tickets.len());
    let apron = !event.track.items.is_empty() && sower.dice.percent(25);
    Some(Enrolment {
        contact_id: contact.contact_id.clone(),
        first_name: contact.first_name.clone().unwrap_or_default(),
        last_name: contact.last_name.clone().unwrap_or_default(),
        email_address: contact.email.as_ref()?.address.clone(),
        new_contact: false,
        at,
        tickets: vec![kind; 1 + sower.dice.below(2)],
        items: if apron { vec![(0, 1)] } else { Vec::new() },
    })
}

/// Most people came; the first to register called it off.
fn close(sower: &mut Sower<'_>, event: &mut HostedEvent) {
    for (turn, registration) in event.registrations.iter_mut().enumerate() {
        if turn == 0 {
            CANCELED.clone_into(&mut registration.status);
            if let Some(payment) = registration.payment.as_mut() {
                "REFUNDED".clone_into(&mut payment.status);
            }
            continue;
        }
        for ticket in &mut registration.tickets {
            let came = sower.dice.percent(88);
            ticket.checked_in_at = came.then(|| shifted(event.start, 600 - sower.dice.up_to(2_400)));
        }
    }
}
