//! Registrations as answers show them: one line each in the collection, with tickets and order on their own.

use serde_json::{Value, json};

use super::body::{self, Body};
use super::event_view::{SITE, money};
use crate::sandbox::account::{EventRegistration, EventTicket, HostedEvent};
use crate::sandbox::env::millis;

/// What both forms show of check-in; partly checked in is a word of the stand-in's own.
fn check_in(shown: &mut Body, registration: &EventRegistration) {
    let (came, valid) = (registration.checked_in(), registration.valid_tickets());
    let status = match came {
        0 => "NOT_CHECKED_IN",
        _ if came < valid => "PARTIALLY_CHECKED_IN",
        _ => "CHECKED_IN",
    };
    body::show(shown, "checkedIn_tickets", Some(came));
    body::show(shown, "checkin_status", Some(status));
    body::show(shown, "eligible_checkin_tickets", Some(valid));
}

/// A registration in a collection.
pub(super) fn item(registration: &EventRegistration, track_id: &str) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "registration_id", Some(registration.registration_id.clone()));
    body::show(&mut shown, "first_name", Some(registration.first_name.clone()));
    body::show(&mut shown, "last_name", Some(registration.last_name.clone()));
    body::show(&mut shown, "email_address", Some(registration.email_address.clone()));
    body::show(&mut shown, "registration_status", Some(registration.status.clone()));
    body::show(&mut shown, "registration_time", Some(millis(registration.at)));
    body::show(&mut shown, "payment_status", registration.payment.as_ref().map(|payment| payment.status.clone()));
    body::show(&mut shown, "tickets", Some(registration.tickets.len()));
    body::show(&mut shown, "total", Some(money(registration.total_cents())));
    check_in(&mut shown, registration);
    body::show(&mut shown, "new_contact", Some(registration.new_contact));
    body::show(&mut shown, "track_key", Some(track_id));
    Value::Object(shown)
}

/// A registration on its own.
pub(super) fn view(event: &HostedEvent, registration: &EventRegistration) -> Value {
    let tickets: Vec<Value> = registration.tickets.iter().map(ticket).collect();
    let mut shown = Body::new();
    body::show(&mut shown, "registration_id", Some(registration.registration_id.clone()));
    body::show(&mut shown, "contact_id", Some(registration.contact_id.clone()));
    body::show(&mut shown, "registration_status", Some(registration.status.clone()));
    body::show(&mut shown, "registration_date", Some(millis(registration.at)));
    check_in(&mut shown, registration);
    body::show(&mut shown, "display_physical_tickets", Some(!tickets.is_empty()));
    body::show(&mut shown, "contact", Some(person(registration)));
    body::show(&mut shown, "tickets", Some(tickets));
    body::show(&mut shown, "order_summary", Some(order(event, registration)));
    Value::Object(shown)
}

/// What the person wrote into the form.
fn person(registration: &EventRegistration) -> Vec<Value> {
    let fields = [
        ("CONTACT_FIRST_NAME", "First Name", &registration.first_name),
        ("CONTACT_LAST_NAME", "Last Name", &registration.last_name),
        ("CONTACT_EMAIL_ADDRESS", "Email Address", &registration.email_address),
    ];
    let shown = (1_u32..).zip(fields).map(|(place, (name, label, value))| {
        json!({
            "display_order": place,
            "field_label": label,
            "field_name": name,
            "field_type": "TEXT",
            "label_key": format!("registration.field.label.{}", name.to_ascii_lowercase()),
            "field_value": value,
        })
    });
    shown.collect()
}

fn ticket(ticket: &EventTicket) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "order_ticket_key", Some(ticket.key.clone()));
    body::show(&mut shown, "ticket_name", Some(ticket.name.clone()));
    body::show(&mut shown, "price", Some(money(ticket.price_cents)));
    body::show(&mut shown, "checked_in_time", ticket.checked_in_at.map(millis));
    body::show(&mut shown, "editable", Some(false));
    body::show(&mut shown, "fields", Some(json!([])));
    Value::Object(shown)
}

/// What was ordered, and how it is paid for.
fn order(event: &HostedEvent, registration: &EventRegistration) -> Value {
    let text = |name: &str| event.content.get(name).and_then(Value::as_str);
    let currency = text("currency_type").unwrap_or("USD");
    let title = text("title").unwrap_or(&event.name);
    let link = format!("{SITE}/reg/{}/registrations/{}/tickets", event.track.track_id, registration.registration_id);
    let mut shown = Body::new();
    body::show(&mut shown, "number", Some(registration.order_number.clone()));
    body::show(&mut shown, "title", Some(title));
    body::show(&mut shown, "details", Some(lines(registration, currency)));
    if let Some(payment) = &registration.payment {
        body::show(&mut shown, "payment_method", Some(payment.method.clone()));
        body::show(&mut shown, "payment_status", Some(payment.status.clone()));
        body::show(&mut shown, "payment_time", payment.paid_at.map(millis));
        body::show(&mut shown, "payment_transaction_id", Some(payment.transaction_id.clone()));
    }
    body::show(&mut shown, "tickets_link", Some(link));
    body::show(&mut shown, "tickets_text", Some(format!("Tickets: {title}")));
    Value::Object(shown)
}

/// One line for each ticket, and one for each item with all that were ordered of it.
fn lines(registration: &EventRegistration, currency: &str) -> Vec<Value> {
    let tickets = registration.tickets.iter().map(|ticket| ("TICKET", &ticket.name, ticket.price_cents));
    let items = registration.items.iter();
    let items = items.map(|item| ("ITEM", &item.name, item.price_cents.saturating_mul(item.count)));
    let line = |(kind, name, cents): (&str, &String, u32)| {
        json!({
            "amount": formatted(cents, currency),
            "amount_unformatted": money(cents),
            "line_item_type": kind,
            "name": name,
        })
    };
    tickets.chain(items).map(line).collect()
}

/// An amount as people read it.
fn formatted(cents: u32, currency: &str) -> String {
    let amount = format!("{}.{:02}", cents / 100, cents % 100);
    if currency == "USD" { format!("${amount}") } else { format!("{currency} {amount}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_two_digits_and_their_currency() {
        assert_eq!(formatted(2_505, "USD"), "$25.05");
        assert_eq!(formatted(0, "EUR"), "EUR 0.00");
    }

    #[test]
    fn check_in_tells_nobody_some_and_all_apart() {
        let came = EventTicket { checked_in_at: Some(jiff::Timestamp::UNIX_EPOCH), ..EventTicket::default() };
        let state = |tickets: &[&EventTicket]| {
            let tickets = tickets.iter().map(|ticket| (*ticket).clone()).collect();
            let shown = item(&EventRegistration { tickets, ..EventRegistration::default() }, "abc123");
            shown.get("checkin_status").and_then(Value::as_str).unwrap_or("").to_owned()
        };
        let absent = EventTicket::default();
        assert_eq!(state(&[&absent]), "NOT_CHECKED_IN");
        assert_eq!(state(&[&absent, &came]), "PARTIALLY_CHECKED_IN");
        assert_eq!(state(&[&came, &came]), "CHECKED_IN");
    }
}
