//! What a body must hold to be written to a contact: the checks of create, update and sign-up form.
//!
//! An SMS channel has one shape in the first two and another in the form; all else is the same to all three.

use serde_json::Value;

use super::body::{self, Body};
use super::contact_write::{MAX_LISTS, MAX_PLACES, anniversary, known_lists};
use super::refusal::{CONTACTS, invalid};
use super::validate::{Checks, instant, is_uuid};
use crate::sandbox::account::Account;
use crate::sandbox::call::Reply;

const PHONE_KINDS: &[&str] = &["home", "work", "mobile", "other"];
const ADDRESS_KINDS: &[&str] = &["home", "work", "other"];
const SMS_PERMISSIONS: &[&str] = &["explicit", "implicit", "not_set", "pending_confirmation", "unsubscribed"];

/// The properties that every door knows by the same names.
pub(super) fn check_person(checks: &mut Checks<'_>) {
    for name in ["first_name", "last_name", "job_title", "company_name"] {
        checks.text(name, 50);
    }
    checks.integer("birthday_month", 1..=12).integer("birthday_day", 1..=31);
    // Either alone says nothing.
    if checks.has("birthday_month") || checks.has("birthday_day") {
        checks.required("birthday_month").required("birthday_day");
    }
    checks.test("anniversary", |v| v.as_str().is_some_and(|t| t.trim().is_empty() || anniversary(t).is_some()));
}

/// The sub-resources of create and update.
pub(super) fn check_parts(checks: &mut Checks<'_>) {
    check_custom_fields(checks, 25);
    checks.each("phone_numbers", MAX_PLACES, |phone| {
        phone.filled("phone_number", 25).one_of("kind", PHONE_KINDS);
    });
    checks.each("street_addresses", MAX_PLACES, check_street);
    checks.ids("list_memberships", MAX_LISTS).ids("taggings", 50);
    checks.each("notes", 150, |note| {
        note.required("content").text("content", 2000).test("note_id", is_id);
        note.test("created_at", |at| at.as_str().is_some_and(|at| instant(at).is_some()));
    });
    check_sms(checks);
}

/// Values of custom fields; each must name its field.
pub(super) fn check_custom_fields(checks: &mut Checks<'_>, max: usize) {
    checks.each("custom_fields", max, |field| {
        field.required("custom_field_id").test("custom_field_id", is_id).text("value", 255);
        field.test("choice_ids", |ids| ids.as_array().is_some_and(|ids| ids.iter().all(is_choice)));
    });
}

fn is_id(value: &Value) -> bool {
    value.as_str().is_some_and(is_uuid)
}

/// A choice has a text for an id here and a number where it is made; both pass.
fn is_choice(value: &Value) -> bool {
    value.is_string() || value.is_u64()
}

/// One street address.
pub(super) fn check_street(street: &mut Checks<'_>) {
    street.required_one_of("kind", ADDRESS_KINDS).text("street", 255);
    for name in ["city", "state", "postal_code", "country"] {
        street.text(name, 50);
    }
}

/// An SMS channel as create and update take it: the whole number in one.
fn check_sms(checks: &mut Checks<'_>) {
    checks.inner("sms_channel", |sms| {
        sms.required("full_sms_address").test("full_sms_address", is_number);
        sms.required("sms_channel_consents").each("sms_channel_consents", usize::MAX, check_consent);
    });
}

/// An SMS channel as the form takes it: the number in parts, and where the person agreed.
pub(super) fn check_form_sms(checks: &mut Checks<'_>) {
    checks.inner("sms_channel", |sms| {
        sms.required("sms_address").test("sms_address", is_number);
        sms.filled("dial_code", usize::MAX).filled("country_code", 2);
        sms.required("sms_channel_consents").each("sms_channel_consents", usize::MAX, |consent| {
            check_consent(consent);
            for name in ["consent_medium_type", "consent_medium_url", "consent_medium_details"] {
                consent.required(name).test(name, Value::is_string);
            }
            consent.integer("advertised_frequency", 0..=i64::MAX).test("advertised_interval", Value::is_string);
        });
    });
}

fn check_consent(consent: &mut Checks<'_>) {
    consent.required_one_of("sms_consent_permission", SMS_PERMISSIONS);
    consent.required_one_of("consent_type", &["promotional_sms"]).test("consent_medium_details", Value::is_string);
}

/// As many digits as a telephone number can have, however they are set apart.
fn is_number(value: &Value) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    value.as_str().is_some_and(|text| (7..=15).contains(&digits(text)))
}

/// Refuses ids that the account does not have.
pub(super) fn check_known(account: &Account, sent: &Body) -> Result<(), Reply> {
    let field = |id: &str| account.custom_fields.iter().any(|f| f.custom_field_id.eq_ignore_ascii_case(id));
    let fields = body::objects(sent, "custom_fields");
    if !fields.iter().filter_map(|f| body::text(f, "custom_field_id")).all(|id| field(&id)) {
        return Err(invalid(CONTACTS, "custom_fields.custom_field_id is invalid"));
    }
    known_lists(account, &body::ids(sent, "list_memberships"))?;
    let tag = |id: &String| account.tags.iter().any(|t| t.tag_id == *id);
    if body::ids(sent, "taggings").iter().all(tag) { Ok(()) } else { Err(invalid(CONTACTS, "tag_id not found")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::validate::refusal;
    use super::*;

    #[test]
    fn the_form_wants_an_sms_number_in_parts_and_the_others_whole() {
        let agreed = json!([{ "sms_consent_permission": "explicit", "consent_type": "promotional_sms" }]);
        let channel = json!({ "full_sms_address": "1 (781) 555-1212", "sms_channel_consents": agreed });
        let whole = json!({ "sms_channel": channel });
        assert_eq!(refusal(&whole, check_parts), "");
        let refused = refusal(&whole, check_form_sms);
        for name in ["sms_address", "dial_code", "country_code", "sms_channel_consents.consent_medium_url"] {
            assert!(refused.contains(&format!("sms_channel.{name} is missing")), "{name}: {refused}");
        }
    }

    #[test]
    fn blank_ids_and_wild_times_are_refused() {
        for (body, name) in [
            (json!({ "custom_fields": [{ "custom_field_id": "" }] }), "custom_fields.custom_field_id"),
            (json!({ "notes": [{ "content": "x", "created_at": "yesterday" }] }), "notes.created_at"),
            (json!({ "sms_channel": { "full_sms_address": "none", "sms_channel_consents": [] } }), "full_sms_address"),
        ] {
            assert!(refusal(&body, check_parts).contains(&format!("{name} is invalid")), "{body}");
        }
    }
}
