//! Segments: saved searches over contacts, under small numbers.
//!
//! The criteria are kept just as they were sent and read anew at each use, because a segment is what its criteria
//! mean now. Their grammar is apart from this; here they are only text.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::Value;

use super::body::{self, Body};
use super::campaigns::status;
use super::page;
use super::query;
use super::refusal::{SEGMENTS, conflict, invalid, missing, unknown};
use super::segment_grammar as grammar;
use super::segment_match as matching;
use super::segment_tree::Node;
use super::validate::Checks;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, Campaign, Segment};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, millis};

/// Segments by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/segments", CONTACT, "contacts:lists:read", Handler::Account(list)),
    route("POST", "/segments", CONTACT, "contacts:lists:write", Handler::Account(create)).simplified(GUESSED),
    route("GET", "/segments/{segment_id}", CONTACT, "contacts:lists:read", Handler::Account(get)),
    route("PUT", "/segments/{segment_id}", CONTACT, "contacts:lists:write", Handler::Account(put)).simplified(GUESSED),
    route("DELETE", "/segments/{segment_id}", CONTACT, "contacts:lists:write", Handler::Account(delete)),
    route("PATCH", "/segments/{segment_id}/name", CONTACT, "contacts:lists:write", Handler::Account(rename)),
];

/// What is said of everything that depends on the meaning of criteria.
const GUESSED: &str = "Of the criteria only one example is published; all other conditions are a guess.";

/// Segments to a page when nothing else is asked for. The service names no maximum.
const DEFAULT_LIMIT: &str = "1000";
/// Characters of the criteria as text.
const MAX_CRITERIA: usize = 20_000;

/// The segment with a number; nobody knows a deleted one.
fn known(account: &Account, segment_id: u64) -> Option<&Segment> {
    account.segments.all.iter().find(|segment| segment.segment_id == segment_id && segment.deleted_at.is_none())
}

/// Whether there is such a segment.
pub(super) fn is_known(account: &Account, segment_id: u64) -> bool {
    known(account, segment_id).is_some()
}

/// The contacts that are in a segment now, as places in the account's contacts.
pub(super) fn members(account: &Account, env: &Env, segment_id: u64) -> Option<Vec<u32>> {
    members_at(account, segment_id, env.now())
}

/// The same at the moment when something was due, which may be some time ago: its days count back from then.
pub(super) fn members_at(account: &Account, segment_id: u64, at: Timestamp) -> Option<Vec<u32>> {
    let segment = known(account, segment_id)?;
    let node = grammar::parse(&segment.criteria).unwrap_or(Node::Unknown);
    Some(matching::places(account, at, &node))
}

/// The segment in the path, deleted or not.
fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut Segment, Reply> {
    let id = call.param("segment_id").parse::<u64>();
    let id = id.map_err(|_| missing(SEGMENTS, "segment_id is in an invalid format."))?;
    account.segments.all.iter_mut().find(|segment| segment.segment_id == id).ok_or_else(not_found)
}

/// The segment in the path, for those who want to change it: a deleted one can only be read.
fn find_living<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut Segment, Reply> {
    let segment = find(account, call)?;
    if segment.deleted_at.is_some() { Err(not_found()) } else { Ok(segment) }
}

fn not_found() -> Reply {
    unknown(SEGMENTS, "segment_id")
}

/// A segment as the collection shows it.
fn item(segment: &Segment) -> Body {
    let mut shown = Body::new();
    body::show(&mut shown, "name", Some(segment.name.clone()));
    body::show(&mut shown, "segment_id", Some(segment.segment_id));
    body::show(&mut shown, "created_at", Some(millis(segment.created_at)));
    body::show(&mut shown, "edited_at", Some(millis(segment.edited_at)));
    shown
}

/// A segment on its own, with its criteria.
fn view(segment: &Segment) -> Value {
    let mut shown = item(segment);
    body::show(&mut shown, "segment_criteria", Some(segment.criteria.clone()));
    Value::Object(shown)
}

/// `GET /segments`: last edited first, or by name. Of the links there is only a next one, so the last page has none.
pub(super) fn list(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let mut call = call.clone();
    if call.query("limit").is_none() {
        call.query.push(("limit".to_owned(), DEFAULT_LIMIT.to_owned()));
    }
    let page = page::open(&call, usize::MAX, SEGMENTS)?;
    let order = query::choice(&page.call, "sort_by", &["date", "name"], SEGMENTS)?;
    let living = account.segments.all.iter().filter(|segment| segment.deleted_at.is_none());
    let mut found: Vec<&Segment> = living.collect();
    if order == Some("name") {
        found.sort_by_cached_key(|segment| segment.name.to_lowercase());
    } else {
        found.sort_by_key(|segment| Reverse((segment.edited_at, segment.segment_id)));
    }
    let (found, next) = page.by_position(found)?;
    let segments: Vec<Value> = found.into_iter().map(|segment| Value::Object(item(segment))).collect();
    let links = next.map(|next| page.links("/segments", Some(next.as_str())));
    let mut answer = Body::new();
    body::show(&mut answer, "segments", Some(segments));
    body::show(&mut answer, "_links", links);
    Ok(Reply::json(200, &Value::Object(answer)))
}

/// `GET /segments/{segment_id}`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    Ok(Reply::json(200, &view(find(account, call)?)))
}

/// `POST /segments`.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, SEGMENTS)?;
    let criteria = check(&sent, env)?;
    let name = body::text(&sent, "name").unwrap_or_default();
    refuse_taken(account, &name, None)?;
    let now = env.now();
    let segment_id = account.segments.all.last().map_or(1, |last| last.segment_id.saturating_add(1));
    let segment = Segment { segment_id, name, criteria, created_at: now, edited_at: now, deleted_at: None };
    let shown = view(&segment);
    account.segments.all.push(segment);
    Ok(Reply::json(201, &shown))
}

/// `PUT /segments/{segment_id}`: both parts, even if only one changes. New criteria have to be worked out again.
pub(super) fn put(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let id = find_living(account, call)?.segment_id;
    let sent = body::read(call, SEGMENTS)?;
    let criteria = check(&sent, env)?;
    let name = body::text(&sent, "name").unwrap_or_default();
    refuse_taken(account, &name, Some(id))?;
    account.segments_asked.remove(&id.to_string());
    let segment = find_living(account, call)?;
    segment.name = name;
    segment.criteria = criteria;
    segment.edited_at = env.now();
    Ok(Reply::json(200, &view(segment)))
}

/// `PATCH /segments/{segment_id}/name`.
pub(super) fn rename(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let id = find_living(account, call)?.segment_id;
    let sent = body::read(call, SEGMENTS)?;
    Checks::of(&sent).filled("name", usize::MAX).done(SEGMENTS)?;
    let name = body::text(&sent, "name").unwrap_or_default();
    refuse_taken(account, &name, Some(id))?;
    let segment = find_living(account, call)?;
    segment.name = name;
    segment.edited_at = env.now();
    Ok(Reply::json(200, &view(segment)))
}

/// `DELETE /segments/{segment_id}`: off the collection, but still there by its number.
pub(super) fn delete(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let id = find_living(account, call)?.segment_id;
    if is_scheduled(account, id) {
        return Err(conflict(SEGMENTS, "The segment is used by a scheduled campaign"));
    }
    find_living(account, call)?.deleted_at = Some(env.now());
    Ok(Reply::empty(204))
}

/// Whether a campaign that is still to go out goes to the segment.
fn is_scheduled(account: &Account, id: u64) -> bool {
    let named = |campaign: &Campaign| {
        let ids = body::array(&campaign.primary.content, "segment_ids").unwrap_or_default();
        ids.iter().any(|other| other.as_u64() == Some(id))
    };
    account.campaigns.iter().any(|campaign| campaign.status == status::SCHEDULED && named(campaign))
}

/// Refuses a bad body; answers the criteria as they will be kept. An object in the place of the text passes too.
fn check(sent: &Body, env: &Env) -> Result<String, Reply> {
    let mut checks = Checks::of(sent);
    checks.filled("name", usize::MAX).required("segment_criteria");
    checks.test("segment_criteria", |criteria| criteria.is_string() || criteria.is_object()).done(SEGMENTS)?;
    let criteria = match sent.get("segment_criteria") {
        Some(Value::String(text)) => text.clone(),
        Some(object) => object.to_string(),
        None => String::new(),
    };
    let bad = |why: &str| invalid(SEGMENTS, &format!("segment_criteria is invalid: {why}"));
    if criteria.chars().count() > MAX_CRITERIA {
        return Err(bad("more than 20,000 characters"));
    }
    let node = grammar::parse(&criteria).map_err(bad)?;
    if env.options.refuse_unknown_segments && node.is_strange() {
        return Err(bad("unknown source, field or op"));
    }
    Ok(criteria)
}

/// Names are unique among the segments that are not deleted, whatever their case.
fn refuse_taken(account: &Account, name: &str, own: Option<u64>) -> Result<(), Reply> {
    let name = name.to_lowercase();
    let same = |segment: &Segment| {
        segment.deleted_at.is_none() && segment.name.to_lowercase() == name && own != Some(segment.segment_id)
    };
    if account.segments.all.iter().any(same) {
        return Err(conflict(SEGMENTS, "Segment name already exists"));
    }
    Ok(())
}
