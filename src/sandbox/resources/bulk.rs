//! Requests for bulk jobs over contacts, lists, tags and custom fields. What the jobs do is in `bulk_work`.

use serde_json::{Value, json};

use super::body;
use super::bulk_work::{counters, lists_named};
use super::contact_choice::{self as choice, Way};
use super::contact_write::known_lists;
use super::jobs;
use super::refusal::{CONTACTS, invalid};
use super::validate::Checks;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, ContactChoice, Work};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// Bulk jobs by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("POST", "/activities/contact_delete", CONTACT, "contacts:write", Handler::Account(delete_contacts))
        .recorded(),
    route("POST", "/activities/add_list_memberships", CONTACT, "contacts:write", Handler::Account(add_to_lists))
        .simplified(ENGAGEMENT),
    route(
        "POST",
        "/activities/remove_list_memberships",
        CONTACT,
        "contacts:write",
        Handler::Account(remove_from_lists),
    )
    .simplified(ENGAGEMENT),
    route("POST", "/activities/list_delete", CONTACT, "contacts:write", Handler::Account(delete_lists)),
    route("POST", "/activities/contacts_taggings_add", CONTACT, "contacts:write", Handler::Account(add_tags)),
    route("POST", "/activities/contacts_taggings_remove", CONTACT, "contacts:write", Handler::Account(remove_tags)),
    route("POST", "/activities/contacts_tags_delete", CONTACT, "contacts:write", Handler::Account(delete_tags)),
    route("POST", "/activities/custom_fields_delete", CONTACT, "contacts:write", Handler::Account(delete_fields)),
];

const ENGAGEMENT: &str =
    "A level of engagement is a share of the mails of the last 90 days; the service's formula is its own.";
/// Lists that one job can be about.
const MAX_LISTS: usize = 50;
/// Tags that one job can put on people or take off them.
const MAX_TAGS: usize = 50;
/// Lists, tags and custom fields that one job can delete. The contract's own number for the last is 0, by a slip.
const MAX_DELETED_LISTS: usize = 100;
const MAX_DELETED_TAGS: usize = 500;
const MAX_DELETED_FIELDS: usize = 100;

const TO_DELETE: &[Way] = &[("contact_ids", 500), ("list_ids", MAX_LISTS)];
/// No number is given for tags here; it is that of the largest other call.
const TO_ADD: &[Way] = &[
    ("contact_ids", 500),
    ("list_ids", MAX_LISTS),
    ("tag_ids", 500),
    ("segment_id", 0),
    ("engagement_level", 0),
    ("all_active_contacts", 0),
];
const TO_REMOVE: &[Way] = &[
    ("contact_ids", 500),
    ("list_ids", MAX_LISTS),
    ("tag_ids", 500),
    ("engagement_level", 0),
    ("all_active_contacts", 0),
];
const TO_TAG: &[Way] = &[
    ("contact_ids", 500),
    ("list_ids", MAX_LISTS),
    ("tag_ids", MAX_TAGS),
    ("all_active_contacts", 0),
    ("new_subscriber", 0),
];

/// `POST /activities/contact_delete`: the people, not the lists they are on.
pub(super) fn delete_contacts(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, CONTACTS)?;
    let mut checks = Checks::of(&sent);
    choice::check_ways(&mut checks, TO_DELETE);
    choice::check_one(&mut checks, &sent, TO_DELETE);
    checks.done(CONTACTS)?;
    let source = choice::read_ways(&sent, TO_DELETE).ok_or_else(|| invalid(CONTACTS, "contact_ids is invalid"))?;
    choice::known(account, &source)?;
    let whom = ContactChoice { source, exclude: Vec::new() };
    let status = counters(count(account, env, &whom), 0, lists_named(&whom));
    jobs::accept(account, env, Work::DeleteContacts(whom), status)
}

/// How many people a job will be about, as far as can be told now.
fn count(account: &Account, env: &Env, whom: &ContactChoice) -> usize {
    choice::find(account, whom, env.now()).map_or(0, |found| found.total())
}

/// Reads whom a job is about, and the lists or tags it is about.
fn read(account: &Account, call: &Call, ways: &[Way], (name, max): Way) -> Result<(ContactChoice, Vec<String>), Reply> {
    let sent = body::read(call, CONTACTS)?;
    let mut checks = Checks::of(&sent);
    choice::check_source(&mut checks, &sent, ways);
    checks.required(name).ids(name, max).not_empty(name);
    checks.done(CONTACTS)?;
    let whom = choice::read_source(account, &sent, ways)?;
    Ok((whom, body::ids(&sent, name)))
}

/// `POST /activities/add_list_memberships`.
pub(super) fn add_to_lists(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (whom, list_ids) = read(account, call, TO_ADD, ("list_ids", MAX_LISTS))?;
    known_lists(account, &list_ids)?;
    let status = counters(count(account, env, &whom), 0, Some(list_ids.len()));
    jobs::accept(account, env, Work::AddToLists { whom, list_ids }, status)
}

/// `POST /activities/remove_list_memberships`.
pub(super) fn remove_from_lists(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (whom, list_ids) = read(account, call, TO_REMOVE, ("list_ids", MAX_LISTS))?;
    known_lists(account, &list_ids)?;
    let status = counters(count(account, env, &whom), 0, Some(list_ids.len()));
    jobs::accept(account, env, Work::RemoveFromLists { whom, list_ids }, status)
}

/// `POST /activities/contacts_taggings_add`.
pub(super) fn add_tags(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (whom, tag_ids) = read(account, call, TO_TAG, ("tag_ids", MAX_TAGS))?;
    choice::known_tags(account, &tag_ids)?;
    let status = counters(count(account, env, &whom), 0, None);
    jobs::accept(account, env, Work::AddTags { whom, tag_ids }, status)
}

/// `POST /activities/contacts_taggings_remove`.
pub(super) fn remove_tags(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (whom, tag_ids) = read(account, call, TO_TAG, ("tag_ids", MAX_TAGS))?;
    choice::known_tags(account, &tag_ids)?;
    let status = counters(count(account, env, &whom), 0, None);
    jobs::accept(account, env, Work::RemoveTags { whom, tag_ids }, status)
}

/// The ids in a body that has nothing else.
fn only_ids(call: &Call, name: &str, max: usize) -> Result<Vec<String>, Reply> {
    let sent = body::read(call, CONTACTS)?;
    Checks::of(&sent).required(name).ids(name, max).not_empty(name).done(CONTACTS)?;
    Ok(body::ids(&sent, name))
}

/// `POST /activities/list_delete`: the lists, not the people on them.
pub(super) fn delete_lists(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let ids = only_ids(call, "list_ids", MAX_DELETED_LISTS)?;
    known_lists(account, &ids)?;
    jobs::accept(account, env, Work::DeleteLists(ids), json!({ "list_count": 0 }))
}

/// `POST /activities/contacts_tags_delete`.
pub(super) fn delete_tags(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let ids = only_ids(call, "tag_ids", MAX_DELETED_TAGS)?;
    choice::known_tags(account, &ids)?;
    let status = counters(ids.len(), 0, None);
    jobs::accept(account, env, Work::DeleteTags(ids), status)
}

/// `POST /activities/custom_fields_delete`, the one job without counters.
pub(super) fn delete_fields(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let ids = only_ids(call, "custom_field_ids", MAX_DELETED_FIELDS)?;
    let held = |id: &String| account.custom_fields.iter().any(|field| field.custom_field_id == *id);
    if !ids.iter().all(held) {
        return Err(invalid(CONTACTS, "custom_field_id not found"));
    }
    jobs::accept(account, env, Work::DeleteFields(ids), Value::Null)
}
