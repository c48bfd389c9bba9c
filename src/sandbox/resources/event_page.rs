//! Pages of events and registrations.
//!
//! Unlike the other services, this one has no links: a page names a cursor for the next and one for the previous, and
//! says how many there are in all. A cursor means nothing to the caller; here it holds the first request's query.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use url::form_urlencoded;

use super::body::{self, Body};
use super::query;
use super::refusal::{EVENTS, invalid};
use crate::sandbox::call::{Call, Reply};

/// Items to a page: the most, and what is taken when nothing else is asked for.
const MOST: usize = 100;
/// Parameters that say which page is wanted, not what is on it.
const PAGING: &[&str] = &["limit", "page_size", "next", "prev"];
/// The name under which a cursor keeps the place where its page begins.
const START: &str = "at";

/// One page as it was asked for.
pub(super) struct EventPage {
    /// The call with the query of the first request, whether it came in the query or in the cursor.
    pub call: Call,
    limit: usize,
    /// Items before the page.
    start: usize,
}

/// Reads cursor and length of a page; `lengths` are the parameters that can tell the length.
pub(super) fn open(call: &Call, lengths: &[&str]) -> Result<EventPage, Reply> {
    let sent = |name| call.query(name).filter(|text| !text.is_empty());
    let cursor = match (sent("next"), sent("prev")) {
        (Some(_), Some(_)) => return Err(invalid(EVENTS, "prev, next are mutually exclusive")),
        (next, prev) => next.or(prev),
    };
    let asked = length(call, lengths)?;
    let Some(cursor) = cursor else {
        return Ok(EventPage { call: call.clone(), limit: asked.unwrap_or(MOST), start: 0 });
    };
    let (start, query) = decode(cursor).ok_or_else(|| invalid(EVENTS, "cursor is invalid"))?;
    let call = Call { query, ..call.clone() };
    // A length sent along with the cursor counts; without one it is that of the page before.
    let limit = asked.or(length(&call, &["limit"])?).unwrap_or(MOST);
    Ok(EventPage { call, limit, start })
}

/// The length asked for. Where two parameters tell it, they have to agree.
fn length(call: &Call, names: &[&str]) -> Result<Option<usize>, Reply> {
    let mut asked: Option<usize> = None;
    for name in names {
        let Some(text) = call.query(name) else { continue };
        let number = text.parse::<usize>().ok().filter(|n| (1..=MOST).contains(n));
        let number = number.ok_or_else(|| invalid(EVENTS, &format!("{name} does not have a valid value")))?;
        if asked.is_some_and(|other| other != number) {
            return Err(invalid(EVENTS, &format!("{} must have the same value", names.join(", "))));
        }
        asked = Some(number);
    }
    Ok(asked)
}

/// Whether the order is to be turned round.
pub(super) fn descending(call: &Call) -> Result<bool, Reply> {
    Ok(query::choice(call, "sort_order", &["ASC", "DESC"], EVENTS)? == Some("DESC"))
}

impl EventPage {
    /// The answer: the items of this page, and where the others are.
    pub(super) fn answer<T>(&self, found: Vec<T>, view: impl Fn(T) -> Value) -> Reply {
        let total = found.len();
        let end = self.start.saturating_add(self.limit);
        let records: Vec<Value> = found.into_iter().skip(self.start).take(self.limit).map(view).collect();
        let before = self.start.saturating_sub(self.limit);
        let mut shown = Body::new();
        body::show(&mut shown, "records", Some(records));
        body::show(&mut shown, "total_records", Some(total));
        body::show(&mut shown, "next_cursor", (total > end).then(|| self.cursor(end)));
        body::show(&mut shown, "prev_cursor", (self.start > 0).then(|| self.cursor(before)));
        Reply::json(200, &Value::Object(shown))
    }

    /// The cursor of the page that begins at a place.
    fn cursor(&self, start: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair(START, &start.to_string());
        query.append_pair("limit", &self.limit.to_string());
        query.extend_pairs(self.call.query.iter().filter(|(name, _)| !PAGING.contains(&name.as_str())));
        URL_SAFE_NO_PAD.encode(query.finish())
    }
}

/// Where the page of a cursor begins, and the query around it.
fn decode(cursor: &str) -> Option<(usize, Vec<(String, String)>)> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor.trim_end_matches('=')).ok()?;
    let pairs: Vec<(String, String)> = form_urlencoded::parse(&bytes).into_owned().collect();
    let start = pairs.iter().find(|(name, _)| name == START).and_then(|(_, place)| place.parse().ok())?;
    Some((start, pairs.into_iter().filter(|(name, _)| name != START).collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn opened(pairs: &[(&str, &str)]) -> Result<EventPage, u16> {
        open(&Call::asking(pairs), &["limit", "page_size"]).map_err(|reply| reply.status)
    }

    fn page(pairs: &[(&str, &str)]) -> (Value, Option<String>) {
        let page = opened(pairs).unwrap_or_else(|status| panic!("{status}"));
        let reply = page.answer(vec![1, 2, 3], |number| json!(number));
        let text = page.call.query("search_text").map(str::to_owned);
        (serde_json::from_slice(&reply.body).unwrap_or_default(), text)
    }

    fn cursor<'a>(shown: &'a Value, name: &str) -> &'a str {
        shown.get(name).and_then(Value::as_str).unwrap_or("")
    }

    #[test]
    fn a_cursor_leads_on_and_back_and_keeps_the_filters() {
        let (first, _) = page(&[("limit", "2"), ("search_text", "sea & sun")]);
        assert_eq!((&first["records"], &first["total_records"]), (&json!([1, 2]), &json!(3)));
        assert_eq!(first.get("prev_cursor"), None);
        let (second, text) = page(&[("next", cursor(&first, "next_cursor"))]);
        assert_eq!((&second["records"], text.as_deref()), (&json!([3]), Some("sea & sun")));
        assert_eq!(second.get("next_cursor"), None);
        let (back, _) = page(&[("prev", cursor(&second, "prev_cursor"))]);
        assert_eq!(back["records"], json!([1, 2]));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let refused = [
            vec![("next", "?")],
            vec![("next", "eA")],
            vec![("next", "a"), ("prev", "b")],
            vec![("limit", "101")],
            vec![("limit", "0")],
            vec![("limit", "5"), ("page_size", "6")],
        ];
        for pairs in refused {
            assert_eq!(opened(&pairs).map(|page| page.limit), Err(400), "{pairs:?}");
        }
        assert_eq!(opened(&[("limit", "5"), ("page_size", "5")]).map(|page| page.limit), Ok(5));
    }
}
