//! Contact lists. Deleting one is a bulk job; the people on it stay.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::body::{self, Body};
use super::jobs;
use super::page;
use super::permission;
use super::query;
use super::refusal::{CONTACTS, conflict, invalid, path_id, unknown};
use super::validate::Checks;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, Contact, Job, List, Work};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, seconds};

/// Contact lists by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/contact_lists", CONTACT, "contacts:lists:read", Handler::Account(list))
        .recorded()
        .simplified("There are no lists for text messages."),
    route("POST", "/contact_lists", CONTACT, "contacts:lists:write", Handler::Account(create)),
    route("GET", "/contact_lists/list_id_xrefs", CONTACT, "contacts:lists:read", Handler::Account(xrefs))
        .simplified("The numbers of the previous API count up from 1."),
    route("GET", "/contact_lists/{list_id}", CONTACT, "contacts:lists:read", Handler::Account(get)),
    route("PUT", "/contact_lists/{list_id}", CONTACT, "contacts:lists:write", Handler::Account(put)),
    route("DELETE", "/contact_lists/{list_id}", CONTACT, "contacts:lists:write", Handler::Account(delete)),
];

/// Lists an account can have.
const MAX_LISTS: usize = 1_000;

/// The list in the path. A deleted one is only in the collection.
fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut List, Reply> {
    let id = path_id(call, "list_id", CONTACTS)?;
    let found = account.lists.iter_mut().find(|list| list.list_id == id && list.deleted_at.is_none());
    found.ok_or_else(|| unknown(CONTACTS, "list_id"))
}

/// A list, with its count of members where that was asked for.
fn view(list: &List, members: Option<usize>) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "list_id", Some(list.list_id.clone()));
    body::show(&mut shown, "name", Some(list.name.clone()));
    body::show(&mut shown, "description", list.description.clone());
    body::show(&mut shown, "favorite", Some(list.favorite));
    body::show(&mut shown, "created_at", Some(seconds(list.created_at)));
    body::show(&mut shown, "updated_at", Some(seconds(list.updated_at)));
    body::show(&mut shown, "deleted_at", list.deleted_at.map(seconds));
    body::show(&mut shown, "membership_count", members);
    Value::Object(shown)
}

/// Which members count, if any were asked for.
fn counted(call: &Call) -> Result<Option<&str>, Reply> {
    query::choice(call, "include_membership_count", &["all", "active"], CONTACTS)
}

/// Those who count: everybody, or only who can be mailed.
fn counting<'a>(account: &'a Account, which: &str) -> impl Iterator<Item = &'a Contact> {
    account.contacts.iter().filter(move |contact| which == "all" || permission::mailable(contact))
}

/// Members of each list, in one walk over the contacts.
fn members<'a>(account: &'a Account, which: &str) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for id in counting(account, which).flat_map(|contact| &contact.list_memberships) {
        *counts.entry(id.as_str()).or_insert(0) += 1;
    }
    counts
}

/// `GET /contact_lists`.
pub(super) fn list(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    // The contract says 1,000 and its text 500; callers use 1,000.
    let page = page::open(call, 1_000, CONTACTS)?;
    let call = &page.call;
    let account: &Account = account;
    let statuses = query::choices(call, "status", &["all", "active", "deleted"], CONTACTS)?;
    let channel = query::choice(call, "channel_type", &["email", "sms"], CONTACTS)?;
    let with_total = query::flag(call, "include_count", CONTACTS)?;
    query::flag(call, "include_sms_membership_count", CONTACTS)?;
    // On record: who asks for the number of lists gets the members of each beside it.
    let which = counted(call)?.or(with_total.then_some("all"));
    let counts = which.map(|which| members(account, which));
    let name = call.query("name").map(str::to_lowercase);
    let wanted = |list: &&List| {
        // All lists here are for e-mail.
        channel != Some("sms")
            && admits_status(&statuses, list)
            && name.as_ref().is_none_or(|name| list.name.to_lowercase() == *name)
    };
    let found: Vec<&List> = account.lists.iter().filter(wanted).collect();
    let total = found.len();
    let (found, next) = page.by_position(found)?;
    let count = |list: &List| counts.as_ref().map(|counts| counts.get(list.list_id.as_str()).copied().unwrap_or(0));
    let lists: Vec<Value> = found.into_iter().map(|list| view(list, count(list))).collect();
    let mut answer = Body::new();
    body::show(&mut answer, "lists", Some(lists));
    body::show(&mut answer, "lists_count", with_total.then_some(total));
    body::show(&mut answer, "_links", Some(page.links("/contact_lists", next.as_deref())));
    Ok(Reply::json(200, &Value::Object(answer)))
}

/// Whether a list is among those asked for; by default those that are not deleted.
fn admits_status(statuses: &[String], list: &List) -> bool {
    let status = if list.deleted_at.is_some() { "deleted" } else { "active" };
    if statuses.is_empty() {
        return status == "active";
    }
    statuses.iter().any(|wanted| wanted == "all" || wanted == status)
}

/// `GET /contact_lists/{list_id}`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let which = counted(call)?;
    let list = find(account, call)?.clone();
    let on_it = |contact: &&Contact| contact.list_memberships.contains(&list.list_id);
    let count = which.map(|which| counting(account, which).filter(on_it).count());
    Ok(Reply::json(200, &view(&list, count)))
}

/// `POST /contact_lists`.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, CONTACTS)?;
    check(&sent)?;
    refuse_taken(account, &sent, None)?;
    if account.lists.iter().filter(|list| list.deleted_at.is_none()).count() >= MAX_LISTS {
        return Err(invalid(CONTACTS, "The account has as many lists as it can have"));
    }
    let now = env.now();
    let sequence = account.lists.last().map_or(1, |last| last.sequence.saturating_add(1));
    let mut list = List { list_id: env.uuid_v1(), sequence, created_at: now, updated_at: now, ..List::default() };
    fill(&mut list, &sent);
    let shown = view(&list, None);
    account.lists.push(list);
    Ok(Reply::json(201, &shown))
}

/// `PUT /contact_lists/{list_id}`: what is left out goes back to its default.
pub(super) fn put(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let id = find(account, call)?.list_id.clone();
    let sent = body::read(call, CONTACTS)?;
    check(&sent)?;
    refuse_taken(account, &sent, Some(&id))?;
    let list = find(account, call)?;
    fill(list, &sent);
    list.updated_at = env.now();
    Ok(Reply::json(200, &view(list, None)))
}

fn check(sent: &Body) -> Result<(), Reply> {
    Checks::of(sent).filled("name", 255).flag("favorite").test("description", Value::is_string).done(CONTACTS)
}

fn fill(list: &mut List, sent: &Body) {
    list.name = body::text(sent, "name").unwrap_or_default();
    list.description = body::text(sent, "description");
    list.favorite = sent.get("favorite").and_then(Value::as_bool).unwrap_or(false);
}

/// Names are unique among the lists that are not deleted, whatever their case.
fn refuse_taken(account: &Account, sent: &Body, own: Option<&str>) -> Result<(), Reply> {
    let name = body::text(sent, "name").unwrap_or_default().to_lowercase();
    let same = |list: &List| {
        list.deleted_at.is_none() && list.name.to_lowercase() == name && own != Some(list.list_id.as_str())
    };
    if account.lists.iter().any(same) { Err(conflict(CONTACTS, "List name already exists")) } else { Ok(()) }
}

/// `DELETE /contact_lists/{list_id}`: a job, whose place is in the `Location` header too.
pub(super) fn delete(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let id = find(account, call)?.list_id.clone();
    let job = jobs::queue(account, env, Work::DeleteLists(vec![id]))?;
    let href = jobs::href(&job.activity_id);
    // This one answer has no counters; the job itself has.
    let shown = jobs::view(&Job { status: Value::Null, ..job }, &href);
    Ok(Reply::json(202, &shown).with("location", href))
}

/// `GET /contact_lists/list_id_xrefs`.
pub(super) fn xrefs(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let wanted = query::old_ids(call, "sequence_ids", 500, CONTACTS)?;
    // Lists are kept in the order of their sequence.
    let found = account.lists.iter().filter(|list| wanted.binary_search(&list.sequence).is_ok());
    let xrefs: Vec<Value> =
        found.map(|list| json!({ "sequence_id": list.sequence.to_string(), "list_id": list.list_id })).collect();
    Ok(Reply::json(200, &json!({ "xrefs": xrefs })))
}
