//! A contact as answers show it: properties without a value are left out, never null, and lists of things only where
//! they were asked for.

use serde_json::Value;

use super::body::{Body, show};
use crate::sandbox::account::{Contact, EmailAddress};
use crate::sandbox::env::seconds;

/// The sub-resources, which `include` asks for.
pub(super) const PARTS: &[&str] =
    &["custom_fields", "list_memberships", "phone_numbers", "street_addresses", "taggings", "notes"];

/// A contact with all of its sub-resources.
pub(super) fn whole(contact: &Contact) -> Value {
    let parts: Vec<String> = PARTS.iter().map(|part| (*part).to_owned()).collect();
    view(contact, &parts)
}

/// A contact with the named sub-resources, which are then there even when they are empty.
pub(super) fn view(contact: &Contact, parts: &[String]) -> Value {
    let mut shown = Body::new();
    show(&mut shown, "contact_id", Some(contact.contact_id.clone()));
    show(&mut shown, "email_address", contact.email.as_ref().map(email));
    show_person(&mut shown, contact);
    show(&mut shown, "update_source", contact.update_source.clone());
    show(&mut shown, "create_source", Some(contact.create_source.clone()));
    show(&mut shown, "created_at", Some(seconds(contact.created_at)));
    show(&mut shown, "updated_at", Some(seconds(contact.updated_at)));
    show(&mut shown, "deleted_at", contact.deleted_at.map(seconds));
    for part in PARTS.iter().filter(|part| parts.iter().any(|wanted| wanted == *part)) {
        show(&mut shown, part, Some(part_of(contact, part)));
    }
    show(&mut shown, "sms_channel", contact.sms_channel.clone());
    Value::Object(shown)
}

fn show_person(shown: &mut Body, contact: &Contact) {
    show(shown, "first_name", contact.first_name.clone());
    show(shown, "last_name", contact.last_name.clone());
    show(shown, "job_title", contact.job_title.clone());
    show(shown, "company_name", contact.company_name.clone());
    show(shown, "birthday_month", contact.birthday_month);
    show(shown, "birthday_day", contact.birthday_day);
    show(shown, "anniversary", contact.anniversary.clone());
}

fn part_of(contact: &Contact, part: &str) -> Value {
    match part {
        "custom_fields" => contact.custom_fields.clone().into(),
        "list_memberships" => contact.list_memberships.clone().into(),
        "phone_numbers" => contact.phone_numbers.clone().into(),
        "street_addresses" => contact.street_addresses.clone().into(),
        "taggings" => contact.taggings.clone().into(),
        _ => contact.notes.clone().into(),
    }
}

fn email(email: &EmailAddress) -> Value {
    let mut shown = Body::new();
    show(&mut shown, "address", Some(email.address.clone()));
    show(&mut shown, "permission_to_send", Some(email.permission_to_send.clone()));
    show(&mut shown, "created_at", Some(seconds(email.created_at)));
    show(&mut shown, "updated_at", Some(seconds(email.updated_at)));
    show(&mut shown, "opt_in_source", email.opt_in_source.clone());
    show(&mut shown, "opt_in_date", email.opt_in_date.map(seconds));
    show(&mut shown, "opt_out_source", email.opt_out_source.clone());
    show(&mut shown, "opt_out_date", email.opt_out_date.map(seconds));
    show(&mut shown, "opt_out_reason", email.opt_out_reason.clone());
    show(&mut shown, "confirm_status", Some(email.confirm_status.clone()));
    Value::Object(shown)
}

/// All that an opt-out does not touch, to see whether an update was more than one.
pub(super) fn apart_from_permission(contact: &Contact) -> Value {
    let mut shown = whole(contact);
    if let Some(fields) = shown.as_object_mut() {
        fields.retain(|name, _| !["email_address", "updated_at", "update_source"].contains(&name.as_str()));
    }
    let address = contact.email.as_ref().map(|email| email.address.clone());
    Value::Array(vec![shown, address.into()])
}
