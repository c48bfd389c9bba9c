//! One contact: reading, creating, replacing, deleting it, and the small operations around that.

use serde_json::{Value, json};

use super::body::{self, Body};
use super::contact_checks::{check_known, check_parts, check_person};
use super::contact_choice;
use super::contact_view::{PARTS, apart_from_permission, view, whole};
use super::contact_write::{self as write, Absent, Stamp, known_lists, refuse_taken};
use super::permission;
use super::query;
use super::refusal::{CONTACTS, conflict, invalid, path_id, unknown};
use super::validate::Checks;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, Contact};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// Contacts by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("POST", "/contacts", CONTACT, "contacts:write", Handler::Account(create)).recorded().simplified(
        "No welcome mail is sent, values of custom fields are not held against the field's type, and of states only \
         those of the United States become names.",
    ),
    route("GET", "/contacts/counts", CONTACT, "contacts:read", Handler::Account(counts)).recorded(),
    route("GET", "/contacts/contact_id_xrefs", CONTACT, "contacts:read", Handler::Account(xrefs))
        .simplified("The numbers of the previous API count up from 1."),
    route(
        "GET",
        "/contacts/sms_engagement_history/{contact_id}",
        CONTACT,
        "contacts:read",
        Handler::Account(sms_history),
    )
    .inferred()
    .simplified("Rows come from the channel's latest dates and the replies to campaigns; older ones are lost."),
    route("PUT", "/contacts/resubscribe/{contact_id}", CONTACT, "contacts:write", Handler::Account(resubscribe)),
    route("GET", "/contacts/{contact_id}", CONTACT, "contacts:read", Handler::Account(get)).recorded(),
    route("PUT", "/contacts/{contact_id}", CONTACT, "contacts:write", Handler::Account(put)).recorded().simplified(
        "No welcome mail is sent to a new address, values of custom fields are not held against the field's type, and \
         of states only those of the United States become names.",
    ),
    route("DELETE", "/contacts/{contact_id}", CONTACT, "contacts:write", Handler::Account(delete)),
];

/// Who can be named as the source of a change. `Landing Page` is in no contract, but the service takes it.
const CREATE_SOURCES: &[&str] = &["Account", "Contact", "Landing Page"];
const UPDATE_SOURCES: &[&str] = &["Account", "Contact"];

/// The contact in the path, deleted or not.
fn find(account: &Account, call: &Call) -> Result<usize, Reply> {
    let id = path_id(call, "contact_id", CONTACTS)?;
    account.by_id.get(&id).copied().ok_or_else(not_found)
}

fn not_found() -> Reply {
    unknown(CONTACTS, "contact_id")
}

/// `GET /contacts/{contact_id}`. A deleted contact is still shown, with `deleted_at`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let index = find(account, call)?;
    let parts = query::choices(call, "include", PARTS, CONTACTS)?;
    let contact = account.contacts.get(index).ok_or_else(not_found)?;
    Ok(Reply::json(200, &view(contact, &parts)))
}

/// `POST /contacts`.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, CONTACTS)?;
    check_create(account, &sent)?;
    let email = body::object(&sent, "email_address");
    if let Some(address) = email.and_then(|email| body::text(email, "address")) {
        refuse_taken(account, &address, None)?;
    }
    let source = body::text(&sent, "create_source").unwrap_or_default();
    let stamp = Stamp { source: &source, at: env.now() };
    let mut contact = write::blank(env, &source, stamp.at);
    contact.email = email.map(|email| permission::from_object(email, &source, stamp.at));
    write::set_person(&mut contact, &sent, Absent::Clears);
    write::set_parts(&mut contact, &sent, env, &stamp);
    account.outbox.extend(permission::ask(&mut contact, env));
    // The answer shows the sub-resources that came with the request, and no others; null is the same as not sent.
    let came = sent.iter().filter(|(name, value)| PARTS.contains(&name.as_str()) && !value.is_null());
    let parts: Vec<String> = came.map(|(name, _)| name.clone()).collect();
    let created = Reply::json(201, &view(&contact, &parts));
    write::insert(account, contact);
    Ok(created)
}

fn check_create(account: &Account, sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    checks.required_one_of("create_source", CREATE_SOURCES);
    checks.any_of(&["first_name", "last_name", "email_address", "sms_channel"]);
    check_email(&mut checks);
    check_person(&mut checks);
    check_parts(&mut checks);
    checks.done(CONTACTS)?;
    check_known(account, sent)
}

fn check_email(checks: &mut Checks<'_>) {
    checks.inner("email_address", |email| {
        email.required("address").email("address", 80);
        email.one_of("permission_to_send", permission::PERMISSIONS).text("opt_out_reason", 255);
    });
}

/// `PUT /contacts/{contact_id}`: properties left out are emptied, sub-resources left out stay, a deleted contact comes
/// back.
pub(super) fn put(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let index = find(account, call)?;
    let sent = body::read(call, CONTACTS)?;
    let before = account.contacts.get(index).cloned().ok_or_else(not_found)?;
    let source = check_put(account, &before, &sent)?;
    let email = body::object(&sent, "email_address");
    if let Some(address) = email.and_then(|email| body::text(email, "address")) {
        refuse_taken(account, &address, Some(index))?;
    }
    let stamp = Stamp { source: &source, at: env.now() };
    let mut after = before.clone();
    after.email = email.map(|email| permission::changed(before.email.as_ref(), email, &source, stamp.at));
    write::set_person(&mut after, &sent, Absent::Clears);
    write::set_parts(&mut after, &sent, env, &stamp);
    after.update_source = Some(source.clone());
    after.deleted_at = None;
    touch(&before, &mut after, &stamp);
    let changed = Reply::json(200, &whole(&after));
    write::replace(account, index, after);
    Ok(changed)
}

/// Refuses a bad body; answers who makes the change.
fn check_put(account: &Account, before: &Contact, sent: &Body) -> Result<String, Reply> {
    let mut checks = Checks::of(sent);
    checks.required_one_of("update_source", UPDATE_SOURCES);
    check_email(&mut checks);
    check_person(&mut checks);
    check_parts(&mut checks);
    checks.done(CONTACTS)?;
    check_known(account, sent)?;
    let source = body::text(sent, "update_source").unwrap_or_default();
    // Only the account brings a deleted contact back.
    if before.deleted_at.is_some() && source != "Account" {
        return Err(invalid(CONTACTS, "update_source does not have a valid value"));
    }
    if let Some(email) = body::object(sent, "email_address") {
        permission::may_change(before.email.as_ref(), email, &source)?;
    }
    Ok(source)
}

/// Moves `updated_at`, and ends what an opt-out began. A mere opt-out moves only the address's own time.
fn touch(before: &Contact, after: &mut Contact, stamp: &Stamp<'_>) {
    let leaves = permission::opted_out(after) && !permission::opted_out(before);
    if !(leaves && apart_from_permission(before) == apart_from_permission(after)) {
        after.updated_at = stamp.at;
    }
    if !permission::opted_out(after) {
        after.resubscribe_sent = false;
        after.resubscribe_lists.clear();
    }
}

/// `DELETE /contacts/{contact_id}`: off all lists and out of sight, but neither forgotten nor opted out.
pub(super) fn delete(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let index = find(account, call)?;
    let contact = account.contacts.get_mut(index).filter(|c| c.deleted_at.is_none()).ok_or_else(not_found)?;
    let now = env.now();
    super::bulk_work::delete_contact(contact, now);
    Ok(Reply::empty(204))
}

/// `GET /contacts/counts`.
pub(super) fn counts(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    // The contract's value and its text disagree about the plural; both pass.
    let include = query::choice(call, "include", &["new_subscriber", "new_subscribers"], CONTACTS)?;
    let living: Vec<&Contact> = account.contacts.iter().filter(|c| c.deleted_at.is_none()).collect();
    let with = |wanted: &str| living.iter().filter(|c| permission::of(c) == wanted).count();
    let mut answer = Body::new();
    body::show(&mut answer, "total", Some(living.len()));
    body::show(&mut answer, "explicit", Some(with("explicit")));
    body::show(&mut answer, "implicit", Some(with("implicit")));
    body::show(&mut answer, "pending", Some(with("pending_confirmation")));
    body::show(&mut answer, "unsubscribed", Some(with("unsubscribed")));
    let now = env.now();
    let new = living.iter().filter(|contact| contact_choice::is_new(contact, now)).count();
    body::show(&mut answer, "new_subscriber", include.map(|_| new));
    Ok(Reply::json(200, &Value::Object(answer)))
}

/// `GET /contacts/contact_id_xrefs`: ids that nobody has are simply not in the answer.
pub(super) fn xrefs(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let wanted = query::old_ids(call, "sequence_ids", 500, CONTACTS)?;
    // Contacts are kept in the order of their sequence.
    let found = account.contacts.iter().filter(|c| wanted.binary_search(&c.sequence).is_ok());
    let xrefs: Vec<Value> =
        found.map(|c| json!({ "sequence_id": c.sequence.to_string(), "contact_id": c.contact_id })).collect();
    Ok(Reply::json(200, &json!({ "xrefs": xrefs })))
}

/// `GET /contacts/sms_engagement_history/{contact_id}`.
pub(super) fn sms_history(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let place = find(account, call)?;
    Ok(Reply::json(200, &super::sms_reports::engagement_history(account, place)))
}

/// `PUT /contacts/resubscribe/{contact_id}`: one mail that asks whether the person wants to come back. Until the person
/// says so, nothing else changes.
pub(super) fn resubscribe(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let index = find(account, call)?;
    let sent = body::read(call, CONTACTS)?;
    Checks::of(&sent).required("list_ids").ids("list_ids", write::MAX_LISTS).not_empty("list_ids").done(CONTACTS)?;
    let list_ids = body::ids(&sent, "list_ids");
    known_lists(account, &list_ids)?;
    let contact = account.contacts.get_mut(index).filter(|c| c.deleted_at.is_none()).ok_or_else(not_found)?;
    if !permission::opted_out(contact) {
        return Err(invalid(CONTACTS, "contact is not unsubscribed"));
    }
    if contact.resubscribe_sent {
        return Err(conflict(CONTACTS, "A resubscribe email was already sent to this contact"));
    }
    contact.resubscribe_sent = true;
    contact.resubscribe_lists = list_ids;
    let address = contact.email.as_ref().map_or("", |email| email.address.as_str());
    account.outbox.push(permission::request(address, "resubscribe", env.now()));
    Ok(Reply::empty(200))
}
