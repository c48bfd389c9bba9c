//! A contact as answers show it: properties without a value are left out, never null, and lists of things only where
//! they were asked for.
//!
//! It is written straight from the contact. A page can hold 500 of them with all that they have; to copy each into a
//! value first would take most of the time.

use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::sandbox::account::{Contact, EmailAddress};
use crate::sandbox::env::seconds;

/// The sub-resources, which `include` asks for.
pub(super) const PARTS: &[&str] =
    &["custom_fields", "list_memberships", "phone_numbers", "street_addresses", "taggings", "notes"];

/// A contact and the names of the sub-resources to show with it.
pub(super) struct Shown<'a, P> {
    contact: &'a Contact,
    parts: &'a [P],
}

/// A contact with all of its sub-resources.
pub(super) fn whole(contact: &Contact) -> Shown<'_, &'static str> {
    view(contact, PARTS)
}

/// A contact with the named sub-resources, which are then there even when they are empty.
pub(super) fn view<'a, P: AsRef<str>>(contact: &'a Contact, parts: &'a [P]) -> Shown<'a, P> {
    Shown { contact, parts }
}

impl<P: AsRef<str>> Serialize for Shown<'_, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let contact = self.contact;
        let mut shown = serializer.serialize_map(None)?;
        shown.serialize_entry("contact_id", &contact.contact_id)?;
        show(&mut shown, "email_address", contact.email.as_ref().map(Email))?;
        show_person(&mut shown, contact)?;
        show(&mut shown, "update_source", contact.update_source.as_ref())?;
        shown.serialize_entry("create_source", &contact.create_source)?;
        shown.serialize_entry("created_at", &Seconds(contact.created_at))?;
        shown.serialize_entry("updated_at", &Seconds(contact.updated_at))?;
        show(&mut shown, "deleted_at", contact.deleted_at.map(Seconds))?;
        for part in PARTS.iter().filter(|part| self.parts.iter().any(|wanted| wanted.as_ref() == **part)) {
            show_part(&mut shown, contact, part)?;
        }
        show(&mut shown, "sms_channel", contact.sms_channel.as_ref())?;
        shown.end()
    }
}

/// Writes a property that is shown only when it has a value.
fn show<M: SerializeMap>(shown: &mut M, name: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| shown.serialize_entry(name, &value))
}

fn show_person<M: SerializeMap>(shown: &mut M, contact: &Contact) -> Result<(), M::Error> {
    show(shown, "first_name", contact.first_name.as_ref())?;
    show(shown, "last_name", contact.last_name.as_ref())?;
    show(shown, "job_title", contact.job_title.as_ref())?;
    show(shown, "company_name", contact.company_name.as_ref())?;
    show(shown, "birthday_month", contact.birthday_month)?;
    show(shown, "birthday_day", contact.birthday_day)?;
    show(shown, "anniversary", contact.anniversary.as_ref())
}

fn show_part<M: SerializeMap>(shown: &mut M, contact: &Contact, part: &str) -> Result<(), M::Error> {
    match part {
        "custom_fields" => shown.serialize_entry(part, &contact.custom_fields),
        "list_memberships" => shown.serialize_entry(part, &contact.list_memberships),
        "phone_numbers" => shown.serialize_entry(part, &contact.phone_numbers),
        "street_addresses" => shown.serialize_entry(part, &contact.street_addresses),
        "taggings" => shown.serialize_entry(part, &contact.taggings),
        _ => shown.serialize_entry(part, &contact.notes),
    }
}

/// The `email_address` of a contact.
struct Email<'a>(&'a EmailAddress);

impl Serialize for Email<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(email) = self;
        let mut shown = serializer.serialize_map(None)?;
        shown.serialize_entry("address", &email.address)?;
        shown.serialize_entry("permission_to_send", &email.permission_to_send)?;
        shown.serialize_entry("created_at", &Seconds(email.created_at))?;
        shown.serialize_entry("updated_at", &Seconds(email.updated_at))?;
        show(&mut shown, "opt_in_source", email.opt_in_source.as_ref())?;
        show(&mut shown, "opt_in_date", email.opt_in_date.map(Seconds))?;
        show(&mut shown, "opt_out_source", email.opt_out_source.as_ref())?;
        show(&mut shown, "opt_out_date", email.opt_out_date.map(Seconds))?;
        show(&mut shown, "opt_out_reason", email.opt_out_reason.as_ref())?;
        shown.serialize_entry("confirm_status", &email.confirm_status)?;
        shown.end()
    }
}

/// A moment as the contacts service writes it.
struct Seconds(Timestamp);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&seconds(self.0))
    }
}

/// All that an opt-out does not touch, to see whether an update was more than one.
pub(super) fn apart_from_permission(contact: &Contact) -> Value {
    let mut shown = serde_json::to_value(whole(contact)).unwrap_or_default();
    if let Some(fields) = shown.as_object_mut() {
        fields.retain(|name, _| !["email_address", "updated_at", "update_source"].contains(&name.as_str()));
    }
    let address = contact.email.as_ref().map(|email| email.address.clone());
    Value::Array(vec![shown, address.into()])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contact() -> Contact {
        let email = EmailAddress {
            address: "dlang@example.com".to_owned(),
            permission_to_send: "implicit".to_owned(),
            confirm_status: "off".to_owned(),
            ..EmailAddress::default()
        };
        Contact {
            contact_id: "af73e650-96f0-11ef-b2a0-fa163eafb85e".to_owned(),
            email: Some(email),
            birthday_month: Some(11),
            create_source: "Account".to_owned(),
            ..Contact::default()
        }
    }

    #[test]
    fn what_has_no_value_is_left_out_and_the_rest_keeps_its_order() {
        let text = serde_json::to_string(&view(&contact(), &["notes"])).unwrap_or_default();
        let wanted = concat!(
            r#"{"contact_id":"af73e650-96f0-11ef-b2a0-fa163eafb85e","email_address":{"address":"dlang@example.com","#,
            r#""permission_to_send":"implicit","created_at":"1970-01-01T00:00:00Z","#,
            r#""updated_at":"1970-01-01T00:00:00Z","confirm_status":"off"},"#,
            r#""birthday_month":11,"create_source":"Account","#,
            r#""created_at":"1970-01-01T00:00:00Z","updated_at":"1970-01-01T00:00:00Z","notes":[]}"#,
        );
        assert_eq!(text, wanted);
    }

    #[test]
    fn sub_resources_are_shown_where_they_are_asked_for() {
        let contact = Contact { taggings: vec!["x".to_owned()], notes: vec![json!({})], ..contact() };
        let shown = |shown: Result<Value, serde_json::Error>| shown.unwrap_or_default();
        let some = shown(serde_json::to_value(view(&contact, &["taggings".to_owned()])));
        assert_eq!((some.get("taggings"), some.get("notes")), (Some(&json!(["x"])), None));
        let all = shown(serde_json::to_value(whole(&contact)));
        assert!(PARTS.iter().all(|part| all.get(*part).is_some_and(Value::is_array)));
    }
}
