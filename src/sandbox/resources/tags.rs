//! Contact tags. Deleting one is a bulk job that takes it off everyone first.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::body::{self, Body};
use super::jobs;
use super::page;
use super::query;
use super::refusal::{CONTACTS, conflict, path_id, unknown};
use super::validate::Checks;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, Contact, Tag, Work};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, seconds};

/// Tags by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/contact_tags", CONTACT, "contacts:read", Handler::Account(list)),
    route("POST", "/contact_tags", CONTACT, "contacts:write", Handler::Account(create)),
    route("GET", "/contact_tags/{tag_id}", CONTACT, "contacts:read", Handler::Account(get)),
    route("PUT", "/contact_tags/{tag_id}", CONTACT, "contacts:write", Handler::Account(put)),
    route("DELETE", "/contact_tags/{tag_id}", CONTACT, "contacts:write", Handler::Account(delete)).recorded(),
];

/// The tag in the path.
fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut Tag, Reply> {
    let id = path_id(call, "tag_id", CONTACTS)?;
    let found = account.tags.iter_mut().find(|tag| tag.tag_id == id);
    found.ok_or_else(|| unknown(CONTACTS, "tag_id"))
}

/// A tag, with the number of people who have it where that was asked for.
fn view(tag: &Tag, contacts: Option<usize>) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "tag_id", Some(tag.tag_id.clone()));
    body::show(&mut shown, "name", Some(tag.name.clone()));
    body::show(&mut shown, "contacts_count", contacts);
    body::show(&mut shown, "created_at", Some(seconds(tag.created_at)));
    body::show(&mut shown, "updated_at", Some(seconds(tag.updated_at)));
    body::show(&mut shown, "tag_source", tag.tag_source.clone());
    Value::Object(shown)
}

/// Those who count as having tags: all who are not deleted.
fn counting(account: &Account) -> impl Iterator<Item = &Contact> {
    account.contacts.iter().filter(|contact| contact.deleted_at.is_none())
}

/// How many contacts have each tag, in one walk over them.
fn tagged(account: &Account) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for id in counting(account).flat_map(|contact| &contact.taggings) {
        *counts.entry(id.as_str()).or_insert(0) += 1;
    }
    counts
}

/// `GET /contact_tags`. Its cursor holds the id of the next tag, not a position.
pub(super) fn list(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let page = page::open(call, 500, CONTACTS)?;
    let counted = query::flag(&page.call, "include_count", CONTACTS)?;
    let account: &Account = account;
    let (found, next) = page.by_id(&account.tags, |tag| tag.tag_id.as_str(), |_| true)?;
    let counts = counted.then(|| tagged(account));
    let count = |tag: &Tag| counts.as_ref().map(|counts| counts.get(tag.tag_id.as_str()).copied().unwrap_or(0));
    let tags: Vec<Value> = found.into_iter().map(|tag| view(tag, count(tag))).collect();
    let links = page.links_with_limit("/contact_tags", next.as_deref());
    Ok(Reply::json(200, &json!({ "tags": tags, "_links": links })))
}

/// `GET /contact_tags/{tag_id}`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let counted = query::flag(call, "include_count", CONTACTS)?;
    let tag = find(account, call)?.clone();
    let has_it = |contact: &&Contact| contact.taggings.contains(&tag.tag_id);
    let count = counted.then(|| counting(account).filter(has_it).count());
    Ok(Reply::json(200, &view(&tag, count)))
}

/// `POST /contact_tags`.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, CONTACTS)?;
    Checks::of(&sent).filled("name", 255).test("tag_source", Value::is_string).done(CONTACTS)?;
    let name = body::text(&sent, "name").unwrap_or_default();
    refuse_taken(account, &name, None)?;
    let now = env.now();
    let tag_source = body::text(&sent, "tag_source");
    let tag = Tag { tag_id: env.uuid_v1(), name, tag_source, created_at: now, updated_at: now };
    let shown = view(&tag, None);
    account.tags.push(tag);
    Ok(Reply::json(201, &shown))
}

/// `PUT /contact_tags/{tag_id}`: a new name, and nothing else.
pub(super) fn put(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let id = find(account, call)?.tag_id.clone();
    let sent = body::read(call, CONTACTS)?;
    Checks::of(&sent).filled("name", 255).done(CONTACTS)?;
    let name = body::text(&sent, "name").unwrap_or_default();
    refuse_taken(account, &name, Some(&id))?;
    let tag = find(account, call)?;
    tag.name = name;
    tag.updated_at = env.now();
    Ok(Reply::json(200, &view(tag, None)))
}

fn refuse_taken(account: &Account, name: &str, own: Option<&str>) -> Result<(), Reply> {
    let name = name.to_lowercase();
    let same = |tag: &Tag| tag.name.to_lowercase() == name && own != Some(tag.tag_id.as_str());
    if account.tags.iter().any(same) { Err(conflict(CONTACTS, "Tag name already exists")) } else { Ok(()) }
}

/// `DELETE /contact_tags/{tag_id}`: a job, with 202 as the contract says, where one recording has 200. Its own link is
/// one of the service's inner paths, as on record; a caller that follows it gets nowhere and has to use the activity's
/// id.
pub(super) fn delete(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let id = find(account, call)?.tag_id.clone();
    let job = jobs::queue(account, env, Work::DeleteTags(vec![id]))?;
    let href = format!("/contacts-service/v3/accounts/{}/activities/{}", account.encoded_id, job.activity_id);
    Ok(Reply::json(202, &jobs::view(&job, &href)))
}
