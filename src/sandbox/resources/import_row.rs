//! One row of an import: whether it can be taken, and what it changes in a contact.

use serde_json::{Value, json};

use super::body::{self, Body};
use super::contact_write::{self as write, Absent, MAX_PLACES, Stamp, anniversary};
use super::permission;
use super::validate::is_email;
use crate::sandbox::account::{Account, Contact};
use crate::sandbox::env::Env;

/// Custom fields of one row.
const MAX_FIELDS: usize = 25;

/// A row's phone numbers by kind. The plain one has no kind of its own.
const PHONES: &[(&str, &str)] = &[
    ("phone", "other"),
    ("home_phone", "home"),
    ("work_phone", "work"),
    ("mobile_phone", "mobile"),
    ("other_phone", "other"),
];
/// A row's addresses: the beginning of their names, and their kind.
const STREETS: &[(&str, &str)] = &[("", "home"), ("home_", "home"), ("work_", "work"), ("other_", "other")];

/// Why a row was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Something that can be put right in the product.
    Correctable(&'static str),
    /// Something that cannot.
    Final(String),
}

/// Whether a row can be taken.
pub(super) fn check(row: &Body) -> Result<(), Trouble> {
    check_correctable(row)?;
    check_final(row)
}

fn check_correctable(row: &Body) -> Result<(), Trouble> {
    let named = ["email", "first_name", "last_name", "sms_number"].iter().any(|name| body::text(row, name).is_some());
    if !named {
        return Err(Trouble::Correctable("no name and no email address"));
    }
    if body::text(row, "email").is_some_and(|email| !is_email(&email)) {
        return Err(Trouble::Correctable("invalid email address"));
    }
    if !is_birthday(row) {
        return Err(Trouble::Correctable("invalid birthday"));
    }
    if body::text(row, "anniversary").is_some_and(|day| anniversary(&day).is_none()) {
        return Err(Trouble::Correctable("invalid anniversary"));
    }
    Ok(())
}

/// Both month and day, or neither.
fn is_birthday(row: &Body) -> bool {
    let absent = |name: &str| row.get(name).is_none_or(Value::is_null);
    if absent("birthday_month") && absent("birthday_day") {
        return true;
    }
    let (month, day) = (body::integer(row, "birthday_month"), body::integer(row, "birthday_day"));
    month.is_some_and(|month| (1..=12).contains(&month)) && day.is_some_and(|day| (1..=31).contains(&day))
}

fn check_final(row: &Body) -> Result<(), Trouble> {
    for (name, value) in row {
        let length = value.as_str().map_or(0, |text| text.chars().count());
        if length > longest(name) {
            return Err(Trouble::Final(format!("{name} is too long")));
        }
    }
    if PHONES.iter().filter(|(name, _)| body::text(row, name).is_some()).count() > MAX_PLACES {
        return Err(Trouble::Final("too many phone numbers".to_owned()));
    }
    if STREETS.iter().filter(|(start, _)| street(row, start).is_some()).count() > MAX_PLACES {
        return Err(Trouble::Final("too many addresses".to_owned()));
    }
    if body::text(row, "sms_number").is_some_and(|number| !is_sms_number(&number)) {
        return Err(Trouble::Final("invalid SMS number".to_owned()));
    }
    if body::text(row, "sms_consent_date").is_some_and(|day| anniversary(&day).is_none()) {
        return Err(Trouble::Final("invalid SMS consent date".to_owned()));
    }
    Ok(())
}

/// Ten digits of the United States, with or without their code in front.
fn is_sms_number(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.len() == 10 || (digits.len() == 11 && digits.starts_with('1'))
}

/// Characters that a property can have; one that nobody knows may have any number.
fn longest(name: &str) -> usize {
    match name {
        "sms_number" | "sms_consent_date" => 16,
        "email" | "first_name" | "last_name" | "job_title" | "company_name" | "home country" => 50,
        name if name.starts_with("cf:") => 255,
        name if PHONES.iter().any(|(phone, _)| *phone == name) => 50,
        name => {
            let mut parts = STREETS.iter().filter_map(|(start, _)| name.strip_prefix(start));
            parts.find_map(longest_part).unwrap_or(usize::MAX)
        }
    }
}

/// Characters that a part of an address can have.
fn longest_part(part: &str) -> Option<usize> {
    match part {
        "street" | "street2" => Some(255),
        "city" | "state" | "zip" | "country" => Some(50),
        _ => None,
    }
}

/// Ids and values of a row's custom fields, which must exist. Their values are texts; a blank one says nothing.
pub(super) fn custom_fields(account: &Account, row: &Body) -> Result<Vec<(String, Value)>, Trouble> {
    let mut found = Vec::new();
    for (key, value) in row {
        let Some(name) = key.strip_prefix("cf:") else { continue };
        let field = account.custom_fields.iter().find(|field| field.name == name);
        let field = field.ok_or_else(|| Trouble::Final(format!("unknown custom field {name}")))?;
        let text = match value {
            Value::Null => continue,
            Value::String(text) if text.trim().is_empty() => continue,
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => return Err(Trouble::Final(format!("{key} is invalid"))),
        };
        found.push((field.custom_field_id.clone(), text.into()));
    }
    if found.len() > MAX_FIELDS {
        return Err(Trouble::Final("too many custom fields".to_owned()));
    }
    Ok(found)
}

/// Writes what the row has, and nothing else. A deleted contact comes back.
pub(super) fn fill(
    contact: &mut Contact,
    row: &Body,
    fields: &[(String, Value)],
    sms_permission: Option<&str>,
    env: &mut Env,
    stamp: &Stamp<'_>,
) {
    contact.deleted_at = None;
    if contact.email.is_none() {
        let address = body::text(row, "email");
        contact.email = address.map(|email| permission::fresh(&email, Some("implicit"), stamp.source, stamp.at));
    }
    write::set_person(contact, row, Absent::Keeps);
    for (id, value) in fields {
        write::set_custom_field(contact, id, Some(value), None);
    }
    for (name, kind) in PHONES {
        if let Some(number) = body::text(row, name) {
            write::set_phone(contact, &pairs(&[("phone_number", number.as_str()), ("kind", *kind)]), env, stamp);
        }
    }
    for (start, kind) in STREETS {
        if let Some(mut street) = street(row, start) {
            body::show(&mut street, "kind", Some(*kind));
            write::set_street(contact, &street, env, stamp);
        }
    }
    fill_sms(contact, row, sms_permission, env, stamp);
}

fn pairs(pairs: &[(&str, &str)]) -> Body {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}

/// The address whose names begin with `start`, if the row has any part of it.
fn street(row: &Body, start: &str) -> Option<Body> {
    let part = |name: &str| body::text(row, &format!("{start}{name}"));
    let lines: Vec<String> = ["street", "street2"].into_iter().filter_map(part).collect();
    let mut street = Body::new();
    body::show(&mut street, "street", (!lines.is_empty()).then(|| lines.join(", ")));
    body::show(&mut street, "city", part("city"));
    body::show(&mut street, "state", part("state"));
    body::show(&mut street, "postal_code", part("zip"));
    // The contract writes the home address's country with a blank.
    let country = part("country").or_else(|| body::text(row, "home country").filter(|_| start == "home_"));
    body::show(&mut street, "country", country);
    (!street.is_empty()).then_some(street)
}

/// The digits of the row's SMS number, as contacts have them.
pub(super) fn sms_number(row: &Body) -> Option<String> {
    let number = body::text(row, "sms_number")?;
    Some(write::sms_number(&pairs(&[("full_sms_address", number.as_str())])).0)
}

/// Sets the SMS channel. Without the day of the consent there is none, whatever the import says. What somebody agreed
/// to or refused before stays: an import changes nobody's permission.
fn fill_sms(contact: &mut Contact, row: &Body, sms_permission: Option<&str>, env: &mut Env, stamp: &Stamp<'_>) {
    let Some(number) = body::text(row, "sms_number") else { return };
    if sms_number(row).is_some_and(|digits| has_answered(contact, &digits)) {
        return;
    }
    let day = body::text(row, "sms_consent_date").and_then(|day| anniversary(&day));
    let permission = sms_permission.filter(|_| day.is_some()).unwrap_or("not_set");
    let mut channel = pairs(&[("full_sms_address", number.as_str())]);
    let consents = json!([{ "sms_consent_permission": permission, "consent_type": "promotional_sms" }]);
    channel.insert("sms_channel_consents".to_owned(), consents);
    let mut sent = Body::new();
    sent.insert("sms_channel".to_owned(), Value::Object(channel));
    write::set_sms(contact, &sent, env, stamp);
    let dated = contact.sms_channel.as_mut().and_then(|c| c.pointer_mut("/sms_channel_consents/0/opt_in_date"));
    if let (Some(slot), Some(day)) = (dated, day) {
        *slot = format!("{day}T00:00:00Z").into();
    }
}

/// Whether there is more to know of a number's consent than that nobody asked.
fn has_answered(contact: &Contact, number: &str) -> bool {
    let Some(channel) = &contact.sms_channel else { return false };
    let held = channel.pointer("/sms_channel_consents/0/sms_consent_permission").and_then(Value::as_str);
    channel.get("sms_address").and_then(Value::as_str) == Some(number) && held.is_some_and(|held| held != "not_set")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::account::CustomField;
    use crate::sandbox::env::Options;

    fn trouble(row: &Value) -> Option<Trouble> {
        check(&row.as_object().cloned().unwrap_or_default()).err()
    }

    #[test]
    fn what_people_can_correct_is_told_apart() {
        let email = "a@example.com";
        assert_eq!(trouble(&json!({ "email": email, "birthday_month": 2, "birthday_day": 29 })), None);
        for row in [
            json!({}),
            json!({ "phone": "555-0100" }),
            json!({ "email": "a@" }),
            json!({ "email": email, "birthday_month": 2 }),
            json!({ "email": email, "birthday_month": "x", "birthday_day": 1 }),
            json!({ "email": email, "anniversary": "2026-02-30" }),
        ] {
            assert!(matches!(trouble(&row), Some(Trouble::Correctable(_))), "{row}");
        }
        for row in [
            json!({ "email": email, "first_name": "e".repeat(51) }),
            json!({ "sms_number": "12345" }),
            json!({ "sms_number": "555-555-0105", "sms_consent_date": "soon" }),
        ] {
            assert!(matches!(trouble(&row), Some(Trouble::Final(_))), "{row}");
        }
    }

    #[test]
    fn properties_have_lengths_of_their_own_and_unknown_ones_none() {
        let named = |name: &str, length: usize| {
            let mut row = pairs(&[("email", "a@example.com")]);
            row.insert(name.to_owned(), "e".repeat(length).into());
            trouble(&Value::Object(row))
        };
        let known = [("home_street2", 255), ("other_zip", 50), ("country", 50), ("work_phone", 50), ("cf:x", 255)];
        for (name, most) in known {
            assert_eq!(named(name, most), None, "{name}");
            assert!(matches!(named(name, most + 1), Some(Trouble::Final(_))), "{name}");
        }
        assert_eq!(named("shoe_size", 1_000), None);
    }

    #[test]
    fn values_of_custom_fields_are_texts() {
        let field = CustomField { custom_field_id: "a".to_owned(), name: "age".to_owned(), ..CustomField::default() };
        let account = Account { custom_fields: vec![field], ..Account::default() };
        let read = |row: &Value| custom_fields(&account, &row.as_object().cloned().unwrap_or_default());
        assert_eq!(read(&json!({ "cf:age": 7 })), Ok(vec![("a".to_owned(), json!("7"))]));
        assert_eq!(read(&json!({ "cf:age": null })), Ok(Vec::new()));
        assert_eq!(read(&json!({ "cf:age": " " })), Ok(Vec::new()));
        for row in [json!({ "cf:age": [7] }), json!({ "cf:age": {} }), json!({ "cf:size": "7" })] {
            assert!(matches!(read(&row), Err(Trouble::Final(_))), "{row}");
        }
    }

    #[test]
    fn an_import_changes_no_consent_that_was_given() {
        let mut env = Env::new(Options::default());
        let stamp = Stamp { source: "Account", at: env.now() };
        let mut contact = Contact::default();
        for (number, day, permission, wanted) in [
            ("555-555-0105", "", "not_set", "not_set"),
            ("555-555-0105", "2026-01-02", "explicit", "explicit"),
            ("1 555 555 0105", "", "not_set", "explicit"),
            ("555-555-0106", "", "not_set", "not_set"),
        ] {
            let row = pairs(&[("sms_number", number), ("sms_consent_date", day)]);
            fill(&mut contact, &row, &[], Some(permission), &mut env, &stamp);
            let channel = contact.sms_channel.as_ref();
            let held = channel.and_then(|c| c.pointer("/sms_channel_consents/0/sms_consent_permission"));
            assert_eq!(held.and_then(Value::as_str), Some(wanted), "{number}");
        }
    }

    #[test]
    fn sms_numbers() {
        for (text, holds) in [("5555550105", true), ("1-555-555-0105", true), ("25555550105", false), ("", false)] {
            assert_eq!(is_sms_number(text), holds, "{text}");
        }
    }
}
