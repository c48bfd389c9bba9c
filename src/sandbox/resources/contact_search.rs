//! `GET /contacts`: the collection, by filters or by segment, and how far behind it may be.
//!
//! The service indexes changes some time after it has made them. One contact read by its id is always up to date; the
//! collection is the one place that lags.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::contact_filter::Filter;
use super::contact_view::{PARTS, Shown, view};
use super::page::{self, Page};
use super::query;
use super::refusal::{CONTACTS, invalid, unknown};
use super::segments::members;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, Contact};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// The collection by method and path.
pub(super) const ROUTES: &[Route] = &[route("GET", "/contacts", CONTACT, "contacts:read", Handler::Account(list))
    .recorded()
    .simplified("Who is in a segment is a guess where its criteria go beyond the one published example.")];

/// `GET /contacts`.
pub(super) fn list(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let page = page::open(call, 500, CONTACTS)?;
    let seen = seen(env);
    if page.call.query("segment_id").is_some() {
        return by_segment(account, env, &page, seen);
    }
    let filter = Filter::read(&page.call, seen)?;
    let parts = query::choices(&page.call, "include", PARTS, CONTACTS)?;
    let counted = query::flag(&page.call, "include_count", CONTACTS)?;
    let account: &Account = account;
    let total = counted.then(|| filter.find(account).count());
    answer(&page, filter.find(account), &parts, total)
}

/// Up to when changes are seen; `None` where all of them are.
fn seen(env: &Env) -> Option<Timestamp> {
    let lag = env.read_lag_ms();
    let moment = || env.now().checked_sub(SignedDuration::from_millis(lag)).unwrap_or(Timestamp::MIN);
    (lag > 0).then(moment)
}

/// The body of the answer.
#[derive(Serialize)]
struct Found<'a> {
    contacts: Vec<Shown<'a, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts_count: Option<usize>,
    #[serde(rename = "_links")]
    links: Value,
}

/// One page of what was found.
fn answer<'a>(
    page: &Page,
    found: impl IntoIterator<Item = &'a Contact>,
    parts: &[String],
    total: Option<usize>,
) -> Answer {
    let (found, next) = page.by_position(found)?;
    let contacts = found.into_iter().map(|contact| view(contact, parts)).collect();
    let links = page.links("/contacts", next.as_deref());
    Ok(Reply::json(200, &Found { contacts, contacts_count: total, links }))
}

/// Contacts of a segment. The filter stands alone with `limit`, and the first question is answered "not yet", as the
/// service does while it works a segment out.
fn by_segment(account: &mut Account, env: &Env, page: &Page, seen: Option<Timestamp>) -> Answer {
    if let Some((name, _)) = page.call.query.iter().find(|(name, _)| name != "segment_id" && name != "limit") {
        return Err(invalid(CONTACTS, &format!("segment_id, {name} are mutually exclusive")));
    }
    let id = segment_id(&page.call)?;
    let places = members(account, env, id).ok_or_else(|| unknown(CONTACTS, "segment_id"))?;
    if account.segments_asked.insert(id.to_string()) {
        return Ok(Reply::json(202, &json!({ "status": "processing" })));
    }
    let contacts = places.iter().filter_map(|place| account.contacts.get(*place as usize));
    let found = contacts.filter(|contact| seen.is_none_or(|seen| contact.created_at <= seen));
    answer(page, found, &[], None)
}

/// Exactly one number.
fn segment_id(call: &Call) -> Result<u64, Reply> {
    let sent = call.query_list("segment_id");
    let number = match sent.as_slice() {
        [one] => one.trim().parse::<u64>().ok(),
        _ => None,
    };
    number.ok_or_else(|| invalid(CONTACTS, "segment_id is invalid"))
}
