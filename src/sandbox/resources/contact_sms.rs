//! The SMS channel of a contact, as it is written: the number, and what the person agreed to.

use serde_json::{Value, json};

use super::body::{self, Body};
use super::contact_parts::Stamp;
use crate::sandbox::account::Contact;
use crate::sandbox::env::{Env, seconds};

/// Sets the SMS channel if one was sent.
pub(super) fn set_sms(contact: &mut Contact, sent: &Body, env: &mut Env, stamp: &Stamp<'_>) {
    let Some(sms) = body::object(sent, "sms_channel") else { return };
    let old = contact.sms_channel.as_ref();
    let of_old = |name: &str| old.and_then(|old| old.get(name)).cloned();
    let (address, dial_code) = sms_number(sms);
    let before = of_old("sms_channel_consents");
    let consents: Vec<Value> = body::objects(sms, "sms_channel_consents")
        .iter()
        .map(|sent| consent(sent, same_type(before.as_ref(), sent), stamp))
        .collect();
    let shown = json!({
        "sms_channel_id": of_old("sms_channel_id").unwrap_or_else(|| env.uuid_v1().into()),
        "sms_address": address,
        "dial_code": dial_code,
        "country_code": body::text(sms, "country_code").unwrap_or_else(|| "US".to_owned()),
        "update_source": stamp.source,
        "create_source": of_old("create_source").unwrap_or_else(|| stamp.source.into()),
        "sms_channel_consents": consents,
    });
    contact.sms_channel = Some(shown);
}

/// Number and dial code. A whole number has the code in front; only that of the United States is known here.
pub(super) fn sms_number(sms: &Body) -> (String, String) {
    let digits = |text: String| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let dial_code = body::text(sms, "dial_code").map_or_else(|| "1".to_owned(), digits);
    if let Some(whole) = body::text(sms, "full_sms_address").map(digits) {
        let rest = whole.strip_prefix(dial_code.as_str()).filter(|rest| rest.len() >= 10);
        return (rest.unwrap_or(&whole).to_owned(), dial_code);
    }
    (body::text(sms, "sms_address").map(digits).unwrap_or_default(), dial_code)
}

/// The consent of the same type that the channel already has.
fn same_type<'a>(before: Option<&'a Value>, sent: &Body) -> Option<&'a Value> {
    let before = before.and_then(Value::as_array)?;
    before.iter().find(|old| old.get("consent_type") == sent.get("consent_type"))
}

/// A consent as it is kept. It is dated by what was agreed or taken back; one that stays as it was keeps its date, and
/// an opt-out does not make the opt-in unsaid.
fn consent(sent: &Body, old: Option<&Value>, stamp: &Stamp<'_>) -> Value {
    let of_old = |name: &str| old.and_then(|old| old.get(name)).cloned();
    let now = || Value::from(seconds(stamp.at));
    let permission = body::text(sent, "sms_consent_permission").unwrap_or_default();
    let stays = of_old("sms_consent_permission").is_some_and(|held| held.as_str() == Some(permission.as_str()));
    let since = |name: &str| of_old(name).filter(|_| stays).unwrap_or_else(now);
    let (agrees, leaves) = (["explicit", "implicit"].contains(&permission.as_str()), permission == "unsubscribed");
    let opt_in = if agrees { Some(since("opt_in_date")) } else { of_old("opt_in_date").filter(|_| leaves) };
    let mut shown = Body::new();
    body::show(&mut shown, "sms_consent_permission", Some(permission));
    body::show(&mut shown, "consent_type", body::text(sent, "consent_type"));
    body::show(&mut shown, "opt_in_date", opt_in);
    body::show(&mut shown, "opt_out_date", leaves.then(|| since("opt_out_date")));
    body::show(&mut shown, "advertised_frequency", sent.get("advertised_frequency").and_then(as_text));
    body::show(&mut shown, "advertised_interval", body::text(sent, "advertised_interval"));
    body::show(&mut shown, "created_at", Some(of_old("created_at").unwrap_or_else(now)));
    body::show(&mut shown, "updated_at", Some(now()));
    Value::Object(shown)
}

/// The frequency is a number in requests, and a text in answers.
fn as_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn agreed(permission: &str, old: Option<&Value>, second: i64) -> Value {
        let sent = json!({
            "sms_consent_permission": permission, "consent_type": "promotional_sms", "advertised_frequency": 2,
        });
        let at = Timestamp::from_second(second).unwrap_or_default();
        let sent = sent.as_object().cloned().unwrap_or_default();
        consent(&sent, old, &Stamp { source: "Contact", at })
    }

    fn text<'a>(consent: &'a Value, name: &str) -> Option<&'a str> {
        consent.get(name).and_then(Value::as_str)
    }

    #[test]
    fn only_a_change_of_mind_has_a_new_date() {
        let first = agreed("explicit", None, 0);
        assert_eq!((text(&first, "advertised_frequency"), text(&first, "opt_out_date")), (Some("2"), None));
        let again = agreed("explicit", Some(&first), 60);
        assert_eq!(text(&again, "opt_in_date"), text(&first, "opt_in_date"));
        assert_eq!(text(&again, "updated_at"), Some("1970-01-01T00:01:00Z"));
        let gone = agreed("unsubscribed", Some(&again), 120);
        assert_eq!(text(&gone, "opt_in_date"), text(&first, "opt_in_date"));
        assert_eq!(text(&gone, "opt_out_date"), Some("1970-01-01T00:02:00Z"));
    }

    #[test]
    fn who_was_not_asked_yet_has_no_date() {
        let waiting = agreed("pending_confirmation", None, 0);
        assert_eq!((text(&waiting, "opt_in_date"), text(&waiting, "opt_out_date")), (None, None));
    }

    #[test]
    fn a_whole_number_is_taken_apart() {
        let number = |sms: Value| sms_number(&sms.as_object().cloned().unwrap_or_default());
        let parts = ("7815551212".to_owned(), "1".to_owned());
        assert_eq!(number(json!({ "full_sms_address": "+1 781-555-1212" })), parts);
        assert_eq!(number(json!({ "sms_address": "(781) 555-1212", "dial_code": "+1" })), parts);
    }
}
