//! The number under which a contact has text messages: how reports write it, and how the person leaves it.

use jiff::Timestamp;
use serde_json::Value;

use super::body::{Body, show};
use crate::sandbox::account::Contact;
use crate::sandbox::env::seconds;

/// A text of a channel; empty when it has none.
pub(super) fn text<'a>(channel: &'a Value, name: &str) -> &'a str {
    channel.get(name).and_then(Value::as_str).unwrap_or("")
}

/// The channel as report rows show it. Of the two forms of the number, the one fit for where the contact lives.
pub(super) fn in_report(contact: &Contact) -> Option<Value> {
    let channel = contact.sms_channel.as_ref()?;
    let (country, dial_code, number) =
        (text(channel, "country_code"), text(channel, "dial_code"), text(channel, "sms_address"));
    let home = lives_in(contact, country);
    let mut shown = Body::new();
    show(&mut shown, "country_code", Some(country));
    show(&mut shown, "state", Some(state(channel)));
    show(&mut shown, "formatted_international", (!home).then(|| international(dial_code, number)));
    show(&mut shown, "formatted_national", home.then(|| national(dial_code, number)));
    Some(Value::Object(shown))
}

/// Whether a contact lives in a country; one without an address is taken to.
fn lives_in(contact: &Contact, code: &str) -> bool {
    let home = contact.street_addresses.first().and_then(|address| address.get("country")).and_then(Value::as_str);
    // Only the United States are known by name here.
    let name = if code.eq_ignore_ascii_case("US") { "United States" } else { code };
    home.is_none_or(|home| home.eq_ignore_ascii_case(code) || home.eq_ignore_ascii_case(name))
}

/// The letter for a channel's permission.
fn state(channel: &Value) -> &'static str {
    let permission = channel.pointer("/sms_channel_consents/0/sms_consent_permission").and_then(Value::as_str);
    match permission.unwrap_or("not_set") {
        "temp_hold" => "T",
        "pending_confirmation" => "P",
        "implicit" => "I",
        "explicit" => "E",
        "unsubscribed" => "O",
        "deprecated" => "D",
        _ => "N",
    }
}

/// Area, exchange and line of a number of North America.
fn parts(dial_code: &str, number: &str) -> Option<(String, String)> {
    if dial_code != "1" || number.len() != 10 {
        return None;
    }
    Some((number.get(..3)?.to_owned(), format!("{}-{}", number.get(3..6)?, number.get(6..)?)))
}

fn national(dial_code: &str, number: &str) -> String {
    parts(dial_code, number).map_or_else(|| number.to_owned(), |(area, rest)| format!("({area}) {rest}"))
}

fn international(dial_code: &str, number: &str) -> String {
    let spaced = parts(dial_code, number).map(|(area, rest)| format!("{area}-{rest}"));
    format!("+{dial_code} {}", spaced.as_deref().unwrap_or(number))
}

/// What a reply with STOP does: the person's own wish, which moves only the channel's own time.
pub(super) fn leave(contact: &mut Contact, at: Timestamp) {
    let Some(channel) = contact.sms_channel.as_mut().and_then(Value::as_object_mut) else { return };
    channel.insert("update_source".to_owned(), "Contact".into());
    let consents = channel.get_mut("sms_channel_consents").and_then(Value::as_array_mut);
    for consent in consents.into_iter().flatten().filter_map(Value::as_object_mut) {
        consent.insert("sms_consent_permission".to_owned(), "unsubscribed".into());
        consent.insert("opt_out_date".to_owned(), seconds(at).into());
        consent.insert("updated_at".to_owned(), seconds(at).into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contact() -> Contact {
        let channel = json!({
            "sms_address": "2345556789", "dial_code": "1", "country_code": "US",
            "sms_channel_consents": [{ "sms_consent_permission": "explicit", "opt_in_date": "2026-01-01T00:00:00Z" }],
        });
        Contact { sms_channel: Some(channel), ..Contact::default() }
    }

    #[test]
    fn at_home_the_number_is_national() {
        let wanted = json!({ "country_code": "US", "state": "E", "formatted_national": "(234) 555-6789" });
        assert_eq!(in_report(&contact()), Some(wanted));
    }

    #[test]
    fn abroad_it_is_international() {
        let abroad = Contact { street_addresses: vec![json!({ "country": "France" })], ..contact() };
        let wanted = json!({ "country_code": "US", "state": "E", "formatted_international": "+1 234-555-6789" });
        assert_eq!(in_report(&abroad), Some(wanted));
    }

    #[test]
    fn numbers_of_other_plans_stay_as_they_are() {
        assert_eq!(national("44", "7700900123"), "7700900123");
        assert_eq!(international("44", "7700900123"), "+44 7700900123");
        assert_eq!(national("1", "00é000000"), "00é000000");
    }

    #[test]
    fn leaving_keeps_the_date_of_the_opt_in() {
        let mut contact = contact();
        leave(&mut contact, Timestamp::UNIX_EPOCH);
        let consent = contact.sms_channel.as_ref().and_then(|c| c.pointer("/sms_channel_consents/0"));
        let wanted = json!({
            "sms_consent_permission": "unsubscribed", "opt_in_date": "2026-01-01T00:00:00Z",
            "opt_out_date": "1970-01-01T00:00:00Z", "updated_at": "1970-01-01T00:00:00Z",
        });
        assert_eq!(consent, Some(&wanted));
    }
}
