//! The sign-up form: creates a contact or updates it in part, by address or by SMS number.
//!
//! It stands for a person's own act, so it brings people back who were deleted or had opted out. Only a new address has
//! to be confirmed, and only where the account wants that.

use serde_json::{Value, json};

use super::body::{self, Body};
use super::contact_checks::{check_custom_fields, check_form_sms, check_known, check_person, check_street};
use super::contact_write::{self as write, Absent, MAX_LISTS, Stamp};
use super::permission;
use super::refusal::{CONTACTS, invalid};
use super::validate::Checks;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, Contact};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// The sign-up form by method and path.
pub(super) const ROUTES: &[Route] =
    &[route("POST", "/contacts/sign_up_form", CONTACT, "contacts:write", Handler::Account(sign_up))
        .recorded()
        .simplified(
            "Calls for one contact wait for each other and none is refused with 409, values of custom fields are not \
             held against the field's type, and of states only those of the United States become names.",
        )];

/// Custom fields that a contact can come to have by the form.
const MAX_FIELDS: usize = 50;

/// `POST /contacts/sign_up_form`.
pub(super) fn sign_up(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let form = body::read(call, CONTACTS)?;
    check(account, &form)?;
    let stamp = Stamp { source: "Contact", at: env.now() };
    let known = existing(account, &form);
    let mut contact = match known.and_then(|index| account.contacts.get(index)) {
        Some(contact) => contact.clone(),
        None => write::blank(env, stamp.source, stamp.at),
    };
    fill(&mut contact, &form, env, &stamp);
    if contact.list_memberships.len() > MAX_LISTS {
        return Err(invalid(CONTACTS, "list_memberships is invalid"));
    }
    if contact.custom_fields.len() > MAX_FIELDS {
        return Err(invalid(CONTACTS, "custom_fields is invalid"));
    }
    account.outbox.extend(permission::ask(&mut contact, env));
    let id = contact.contact_id.clone();
    if let Some(index) = known {
        contact.update_source = Some(stamp.source.to_owned());
        contact.updated_at = stamp.at;
        write::replace(account, index, contact);
        return Ok(Reply::json(200, &json!({ "contact_id": id, "action": "updated" })));
    }
    write::insert(account, contact);
    Ok(Reply::json(201, &json!({ "contact_id": id, "action": "created" })))
}

fn check(account: &Account, form: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(form);
    checks.any_of(&["email_address", "sms_channel"]).email("email_address", 50);
    checks.required("list_memberships").ids("list_memberships", MAX_LISTS).not_empty("list_memberships");
    check_person(&mut checks);
    checks.text("phone_number", 25);
    checks.inner("street_address", |street| {
        check_street(street);
        // A state without a country; the text is the one on record.
        if street.has("state") && !street.has("country") {
            street.say("Address format");
        }
    });
    check_custom_fields(&mut checks, MAX_FIELDS);
    check_form_sms(&mut checks);
    checks.done(CONTACTS)?;
    check_known(account, form)
}

/// Whom the form is about: by address if it has one, else by SMS number.
fn existing(account: &Account, form: &Body) -> Option<usize> {
    if let Some(address) = body::text(form, "email_address") {
        return account.by_email.get(&address.to_lowercase()).copied();
    }
    let (number, _) = write::sms_number(body::object(form, "sms_channel")?);
    by_sms_number(account, &number)
}

/// The contact with an SMS number.
pub(super) fn by_sms_number(account: &Account, number: &str) -> Option<usize> {
    let held = |contact: &Contact| {
        let channel = contact.sms_channel.as_ref();
        channel.and_then(|c| c.get("sms_address")).and_then(Value::as_str) == Some(number)
    };
    account.contacts.iter().position(held)
}

/// Writes what the form has, and nothing else.
fn fill(contact: &mut Contact, form: &Body, env: &mut Env, stamp: &Stamp<'_>) {
    if let Some(address) = body::text(form, "email_address") {
        let confirms = env.options.confirmed_opt_in;
        contact.email = Some(permission::signed_up(contact.email.as_ref(), &address, confirms, stamp.at));
    }
    contact.deleted_at = None;
    // Who has opted out and gave no address here can still answer the question whether to come back.
    if !permission::opted_out(contact) {
        contact.resubscribe_sent = false;
        contact.resubscribe_lists.clear();
    }
    write::set_person(contact, form, Absent::Keeps);
    write::set_custom_fields(contact, form);
    write::add_lists(contact, &body::ids(form, "list_memberships"));
    if body::text(form, "phone_number").is_some() {
        write::set_phone(contact, form, env, stamp);
    }
    if let Some(street) = body::object(form, "street_address") {
        write::set_street(contact, street, env, stamp);
    }
    write::set_sms(contact, form, env, stamp);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::env::Options;

    #[test]
    fn only_an_address_answers_the_question_whether_to_come_back() {
        let mut env = Env::new(Options::default());
        let stamp = Stamp { source: "Contact", at: env.now() };
        let email = permission::fresh("noor@example.com", Some("unsubscribed"), "Contact", stamp.at);
        let mut contact = Contact { email: Some(email), resubscribe_sent: true, ..Contact::default() };
        let form = |form: &Value| form.as_object().cloned().unwrap_or_default();
        fill(&mut contact, &form(&json!({ "first_name": "Noor" })), &mut env, &stamp);
        assert!(contact.resubscribe_sent);
        fill(&mut contact, &form(&json!({ "email_address": "noor@example.com" })), &mut env, &stamp);
        assert!(!contact.resubscribe_sent);
    }
}
