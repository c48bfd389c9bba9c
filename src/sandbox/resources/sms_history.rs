//! What a contact agreed to and took back: the rows of its history of text messages.
//!
//! The channel keeps only how things stand, with the dates of the last opt-in and opt-out; the history is read off it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{Body, show};
use super::sms_channel::text;
use super::validate::instant;
use crate::sandbox::account::Contact;

/// One time that a contact agreed, or took it back.
pub(super) struct Change {
    pub at: Timestamp,
    pub opt_out: bool,
    /// Who did it: the letter for account, contact or system.
    pub source: &'static str,
    /// The number that the contact replied to.
    pub number: Option<String>,
}

impl Change {
    /// What tells it from others: the second, and which way it went.
    pub(super) fn key(&self) -> (i64, bool) {
        (self.at.as_second(), self.opt_out)
    }
}

/// What the channel itself shows.
pub(super) fn consents(channel: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    for consent in channel.get("sms_channel_consents").and_then(Value::as_array).into_iter().flatten() {
        let dated = |name: &str| instant(consent.get(name)?.as_str()?);
        let change = |at, opt_out, source| Change { at, opt_out, source: letter(text(channel, source)), number: None };
        changes.extend(dated("opt_in_date").map(|at| change(at, false, "create_source")));
        changes.extend(dated("opt_out_date").map(|at| change(at, true, "update_source")));
    }
    changes
}

fn letter(source: &str) -> &'static str {
    match source {
        "Account" => "A",
        "Contact" => "C",
        _ => "S",
    }
}

/// A change as the history shows it.
pub(super) fn row(contact: &Contact, channel: &Value, change: &Change) -> Value {
    let channel_id = text(channel, "sms_channel_id");
    json!({
        "contact_id": contact.contact_id,
        "sms_channel_id": channel_id,
        "sms_channel_history_id": history_id(channel_id, change),
        "insert_time": written(change.at),
        "history_details": details(channel, change),
    })
}

/// An id that is the same at every look: the channel's, with the moment in place of its last group.
fn history_id(channel_id: &str, change: &Change) -> String {
    let start = channel_id.rsplit_once('-').map_or(channel_id, |(start, _)| start);
    let (second, opt_out) = change.key();
    let number = second.saturating_mul(2).saturating_add(i64::from(opt_out));
    format!("{start}-{number:012x}")
}

/// Seconds with an offset, as the history writes its times: `2016-03-03T10:53:04+00:00`.
fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

fn details(channel: &Value, change: &Change) -> Value {
    let consent = channel.pointer("/sms_channel_consents/0").unwrap_or(&Value::Null);
    let kind = Some(text(consent, "consent_type")).filter(|kind| !kind.is_empty());
    let mut shown = Body::new();
    show(&mut shown, "state", Some(if change.opt_out { "O" } else { "E" }));
    show(&mut shown, "source", Some(change.source));
    show(&mut shown, "consent_type", Some(kind.unwrap_or("promotional_sms")));
    // This one time has blanks, whatever the contract says of it.
    show(&mut shown, "consent_action_time", Some(change.at.strftime("%Y-%m-%d %H:%M:%S +0000").to_string()));
    show(&mut shown, "consent_action_type", Some(if change.opt_out { "opt_out" } else { "opt_in" }));
    show(&mut shown, "consent_medium_type", Some(medium(change)));
    show(&mut shown, "source_consent_timestamp", Some(written(change.at)));
    show(&mut shown, "source_sms_number", change.number.clone());
    show(&mut shown, "advertised_frequency", frequency(consent));
    show(&mut shown, "advertised_interval", interval(consent));
    Value::Object(shown)
}

/// By what it was done: people join by a form and leave by their telephone; all else is the system's.
fn medium(change: &Change) -> &'static str {
    match (change.source, change.opt_out) {
        ("C", true) => "MD",
        ("C", false) => "LF",
        _ => "SY",
    }
}

/// A number, which consents hold as a text.
fn frequency(consent: &Value) -> Option<i64> {
    let value = consent.get("advertised_frequency")?;
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The first letter of the interval.
fn interval(consent: &Value) -> Option<String> {
    let first = consent.get("advertised_interval")?.as_str()?.chars().next()?;
    Some(first.to_ascii_uppercase().to_string())
}
