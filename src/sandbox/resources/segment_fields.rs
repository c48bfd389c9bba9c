//! What a condition of a segment can ask about a contact: its fields, and the tests on them. All of it is a guess,
//! because the service has published no condition on contacts.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::permission;
use super::segment_match::{Marks, before};
use super::segment_tree::{Field, Test};
use super::validate::instant;
use crate::sandbox::account::{Account, Contact};
use crate::sandbox::env::seconds;

/// Properties of a contact that a condition can name besides lists, tags and custom fields.
pub(super) const FIELDS: &[&str] = &[
    "email_address",
    "permission_to_send",
    "opt_in_source",
    "opt_in_date",
    "opt_out_source",
    "opt_out_date",
    "confirm_status",
    "first_name",
    "last_name",
    "job_title",
    "company_name",
    "birthday_month",
    "birthday_day",
    "anniversary",
    "create_source",
    "created_at",
    "updated_at",
    "phone_number",
    "street",
    "city",
    "state",
    "postal_code",
    "country",
];

/// Which contacts pass a test on one of their fields.
pub(super) fn known(account: &Account, now: Timestamp, field: &Field, test: &Test) -> Marks {
    let field = by_id(account, field);
    let passes = |contact: &Contact| holds(test, &held(contact, &field), now);
    account.contacts.iter().map(passes).collect()
}

/// A custom field by its id, whatever way it was named.
fn by_id(account: &Account, field: &Field) -> Field {
    let name = match field {
        Field::Custom(name) => name.strip_prefix("cf:"),
        Field::Lists | Field::Tags | Field::Plain(_) => None,
    };
    let custom = name.and_then(|name| account.custom_fields.iter().find(|custom| custom.name.to_lowercase() == name));
    custom.map_or_else(|| field.clone(), |custom| Field::Custom(custom.custom_field_id.clone()))
}

/// All that a contact has in a field, in lower case.
fn held(contact: &Contact, field: &Field) -> Vec<String> {
    let texts = match field {
        Field::Lists => contact.list_memberships.clone(),
        Field::Tags => contact.taggings.clone(),
        Field::Custom(id) => return custom(contact, id),
        Field::Plain(name) => several(contact, name),
    };
    texts.into_iter().map(|text| text.to_lowercase()).filter(|text| !text.is_empty()).collect()
}

/// The value of a custom field, or the choices.
fn custom(contact: &Contact, id: &str) -> Vec<String> {
    let is_it = |field: &&Value| field.get("custom_field_id").and_then(Value::as_str) == Some(id);
    let Some(field) = contact.custom_fields.iter().find(is_it) else { return Vec::new() };
    let choices = field.get("choice_ids").and_then(Value::as_array);
    let values = field.get("value").into_iter().chain(choices.into_iter().flatten());
    values.filter_map(plain).collect()
}

fn several(contact: &Contact, name: &str) -> Vec<String> {
    let places = match name {
        "phone_number" => &contact.phone_numbers,
        "street" | "city" | "state" | "postal_code" | "country" => &contact.street_addresses,
        _ => return single(contact, name).into_iter().collect(),
    };
    places.iter().filter_map(|place| place.get(name)?.as_str()).map(str::to_owned).collect()
}

fn single(contact: &Contact, name: &str) -> Option<String> {
    let email = contact.email.as_ref();
    match name {
        "email_address" => email.map(|email| email.address.clone()),
        "permission_to_send" => Some(permission::of(contact).to_owned()),
        "opt_in_source" => email?.opt_in_source.clone(),
        "opt_in_date" => email?.opt_in_date.map(seconds),
        "opt_out_source" => email?.opt_out_source.clone(),
        "opt_out_date" => email?.opt_out_date.map(seconds),
        "confirm_status" => email.map(|email| email.confirm_status.clone()),
        "first_name" => contact.first_name.clone(),
        "last_name" => contact.last_name.clone(),
        "job_title" => contact.job_title.clone(),
        "company_name" => contact.company_name.clone(),
        "birthday_month" => contact.birthday_month.map(|month| month.to_string()),
        "birthday_day" => contact.birthday_day.map(|day| day.to_string()),
        "anniversary" => contact.anniversary.clone(),
        "create_source" => Some(contact.create_source.clone()),
        "created_at" => Some(seconds(contact.created_at)),
        "updated_at" => Some(seconds(contact.updated_at)),
        _ => None,
    }
}

/// Whether what is held passes a test; nothing held passes only where something must be absent.
fn holds(test: &Test, held: &[String], now: Timestamp) -> bool {
    match test {
        Test::OneOf(wanted) => held.iter().any(|text| wanted.contains(text)),
        Test::NoneOf(wanted) => !held.iter().any(|text| wanted.contains(text)),
        Test::Contains(parts) => held.iter().any(|text| parts.iter().any(|part| text.contains(part.as_str()))),
        Test::StartsWith(starts) => held.iter().any(|text| starts.iter().any(|start| text.starts_with(start.as_str()))),
        Test::EndsWith(ends) => held.iter().any(|text| ends.iter().any(|end| text.ends_with(end.as_str()))),
        Test::Above(wanted) => held.iter().any(|text| order(text, wanted) == Some(Ordering::Greater)),
        Test::Below(wanted) => held.iter().any(|text| order(text, wanted) == Some(Ordering::Less)),
        Test::Set => !held.is_empty(),
        Test::NotSet => held.is_empty(),
        Test::LastDays(days) => {
            let window = before(now, *days)..=now;
            held.iter().filter_map(|text| moment(text)).any(|at| window.contains(&at))
        }
    }
}

/// A moment, of which the values here are in lower case.
fn moment(text: &str) -> Option<Timestamp> {
    instant(&text.to_uppercase())
}

/// Numbers are compared as numbers, moments as moments, the rest as text; unlike things have no order.
fn order(one: &str, other: &str) -> Option<Ordering> {
    if let (Ok(one), Ok(other)) = (one.parse::<f64>(), other.parse::<f64>()) {
        return one.partial_cmp(&other);
    }
    match (moment(one), moment(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        (None, None) => Some(one.cmp(other)),
        _ => None,
    }
}

/// A text, a number or a truth as text in lower case; nothing else has a plain text.
pub(super) fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_lowercase(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sandbox::account::CustomField;

    fn passes(field: &Field, test: &Test) -> bool {
        let contact = Contact {
            first_name: Some("Debora".to_owned()),
            birthday_month: Some(4),
            created_at: "2026-05-30T12:00:00Z".parse().unwrap_or_default(),
            custom_fields: vec![json!({ "custom_field_id": "id-1", "choice_ids": [2, "3"] })],
            street_addresses: vec![json!({ "city": "Boston" }), json!({ "city": "Salem", "street": "12 Harbour St" })],
            list_memberships: vec!["l1".to_owned()],
            ..Contact::default()
        };
        let custom =
            CustomField { custom_field_id: "id-1".to_owned(), name: "Hobby".to_owned(), ..CustomField::default() };
        let account = Account { contacts: vec![contact], custom_fields: vec![custom], ..Account::default() };
        known(&account, "2026-06-01T12:00:00Z".parse().unwrap_or_default(), field, test) == [true]
    }

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn texts_are_compared_without_case_and_any_of_several_is_enough() {
        let city = Field::Plain("city");
        assert!(passes(&Field::Plain("first_name"), &Test::StartsWith(texts(&["deb"]))));
        assert!(passes(&city, &Test::OneOf(texts(&["paris", "salem"]))));
        assert!(!passes(&city, &Test::NoneOf(texts(&["salem"]))));
        assert!(passes(&Field::Lists, &Test::OneOf(texts(&["l1"]))));
        assert!(!passes(&Field::Tags, &Test::Contains(texts(&["l"]))));
    }

    #[test]
    fn what_is_absent_passes_only_tests_for_absence() {
        let job = Field::Plain("job_title");
        assert!(passes(&job, &Test::NotSet) && passes(&job, &Test::NoneOf(texts(&["chef"]))));
        assert!(!passes(&job, &Test::Set) && !passes(&job, &Test::Below("z".to_owned())));
    }

    #[test]
    fn numbers_and_moments_have_their_own_order() {
        assert!(passes(&Field::Plain("birthday_month"), &Test::Below("10".to_owned())));
        let created = Field::Plain("created_at");
        assert!(passes(&created, &Test::Above("2026-05-30".to_owned())));
        assert!(!passes(&created, &Test::Above("2026-05-30t14:00:00+02:00".to_owned())));
        assert!(passes(&created, &Test::LastDays(2)) && !passes(&created, &Test::LastDays(1)));
    }

    #[test]
    fn custom_fields_are_found_by_id_and_by_name() {
        for name in ["id-1", "cf:hobby"] {
            assert!(passes(&Field::Custom(name.to_owned()), &Test::OneOf(texts(&["3"]))), "{name}");
        }
        assert!(passes(&Field::Custom("cf:shoe_size".to_owned()), &Test::NotSet));
    }
}
