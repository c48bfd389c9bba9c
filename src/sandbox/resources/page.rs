//! Pages and the links between them.
//!
//! The contacts service hides nothing in its cursor: it is the base64 of the first request's query with `next` added,
//! so a caller follows it without repeating filters. Campaigns do it another way: plain parameters, and an offset in
//! base64 whose padding is written as `*`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::refusal::invalid;
use crate::sandbox::call::{Call, Reply};

/// Items to a page when nothing else is asked for.
const DEFAULT_LIMIT: usize = 50;

/// One page as it was asked for.
pub(super) struct Page {
    /// The call with the query of the first request, whether it came in the query or in the cursor.
    pub call: Call,
    /// Items to a page.
    pub limit: usize,
    /// Where the page begins, as the link said.
    next: Option<String>,
    namespace: &'static str,
}

/// Reads limit and cursor of a call to one of the contacts service's collections.
pub(super) fn open(call: &Call, max: usize, namespace: &'static str) -> Result<Page, Reply> {
    let mut call = call.clone();
    let mut next = None;
    if let Some(cursor) = call.query("cursor").map(str::to_owned) {
        let (start, query) = decode(&cursor).ok_or_else(|| bad_cursor(namespace))?;
        next = Some(start);
        // What else came with the cursor is ignored: the cursor already holds it.
        call.query = query;
    }
    let limit = limit(&call, max, namespace)?;
    Ok(Page { call, limit, next, namespace })
}

impl Page {
    /// The items of this page, and the position of the next one, counted from 1. Of what follows the page only one
    /// item is looked for: a collection can be long.
    pub(super) fn by_position<T>(&self, items: impl IntoIterator<Item = T>) -> Result<(Vec<T>, Option<String>), Reply> {
        let position = match &self.next {
            None => 1,
            Some(text) => text.parse::<usize>().map_err(|_| bad_cursor(self.namespace))?,
        };
        let start = position.checked_sub(1).ok_or_else(|| bad_cursor(self.namespace))?;
        let end = start.saturating_add(self.limit);
        let mut items = items.into_iter().skip(start);
        let found: Vec<T> = items.by_ref().take(self.limit).collect();
        let next = items.next().map(|_| end.saturating_add(1).to_string());
        Ok((found, next))
    }

    /// The wanted items of this page, and the id with which the next one begins. Where the page begins is looked for
    /// among all items: the one that the cursor names may no longer be wanted when its page is asked for.
    pub(super) fn by_id<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        id: impl Fn(&T) -> &str,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<(Vec<T>, Option<String>), Reply> {
        let mut items = items.into_iter().peekable();
        if let Some(start) = &self.next {
            while items.peek().is_some_and(|item| id(item) != start) {
                items.next();
            }
            if items.peek().is_none() {
                return Err(bad_cursor(self.namespace));
            }
        }
        let mut items = items.filter(wanted);
        let found: Vec<T> = items.by_ref().take(self.limit).collect();
        let next = items.next().map(|item| id(&item).to_owned());
        Ok((found, next))
    }

    /// The cursor for the page that begins at `next`.
    fn cursor(&self, next: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &self.limit.to_string());
        query.append_pair("next", next);
        query.extend_pairs(self.call.query.iter().filter(|(name, _)| name != "limit"));
        STANDARD.encode(query.finish())
    }

    /// `_links`: the next page under `path`, or `{}` on the last one.
    pub(super) fn links(&self, path: &str, next: Option<&str>) -> Value {
        next.map_or_else(|| json!({}), |next| link(&format!("/v3{path}?cursor={}", self.cursor(next))))
    }

    /// `_links` of tags, whose link repeats the limit before the cursor.
    pub(super) fn links_with_limit(&self, path: &str, next: Option<&str>) -> Value {
        let href = |next| format!("/v3{path}?limit={}&cursor={}", self.limit, self.cursor(next));
        next.map_or_else(|| json!({}), |next| link(&href(next)))
    }
}

/// `{"next": {"href": …}}`. The link has no host, but it has the version.
fn link(href: &str) -> Value {
    json!({ "next": { "href": href } })
}

fn bad_cursor(namespace: &str) -> Reply {
    invalid(namespace, "cursor is invalid")
}

/// Items to a page: 400 below 1 and above the collection's maximum.
fn limit(call: &Call, max: usize, namespace: &str) -> Result<usize, Reply> {
    let Some(text) = call.query("limit") else { return Ok(DEFAULT_LIMIT.min(max)) };
    let number = text.parse::<usize>().ok().filter(|n| (1..=max).contains(n));
    number.ok_or_else(|| invalid(namespace, "limit does not have a valid value"))
}

/// Base64 with or without padding, of either alphabet, with a plus that a query parser made into a blank.
pub(super) fn decode_base64(text: &str) -> Option<String> {
    let plain = |c| match c {
        ' ' | '-' => '+',
        '_' => '/',
        other => other,
    };
    let text: String = text.trim_end_matches(['=', '*']).chars().map(plain).collect();
    String::from_utf8(STANDARD_NO_PAD.decode(text).ok()?).ok()
}

/// A cursor's `next`, and the query around it.
fn decode(cursor: &str) -> Option<(String, Vec<(String, String)>)> {
    let text = decode_base64(cursor)?;
    let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let next = pairs.iter().find(|(name, _)| name == "next").map(|(_, value)| value.clone())?;
    Some((next, pairs.into_iter().filter(|(name, _)| name != "next" && name != "cursor").collect()))
}

/// One page of campaigns: an offset from 0.
pub(super) struct OffsetPage {
    pub offset: usize,
    pub limit: usize,
}

/// Reads limit and offset of a call to the campaigns service.
pub(super) fn open_offset(call: &Call, max: usize, namespace: &str) -> Result<OffsetPage, Reply> {
    let limit = limit(call, max, namespace)?;
    let Some(text) = call.query("next") else { return Ok(OffsetPage { offset: 0, limit }) };
    let offset = decode_base64(text).and_then(|number| number.parse::<usize>().ok());
    let offset = offset.ok_or_else(|| invalid(namespace, "next is invalid"))?;
    Ok(OffsetPage { offset, limit })
}

impl OffsetPage {
    /// `_links` when there are more than `total` items up to the end of this page.
    pub(super) fn links(&self, call: &Call, path: &str, total: usize) -> Option<Value> {
        let end = self.offset.saturating_add(self.limit);
        if total <= end {
            return None;
        }
        let next = STANDARD.encode(end.to_string()).replace('=', "*");
        let mut filters = form_urlencoded::Serializer::new(String::new());
        filters.extend_pairs(call.query.iter().filter(|(name, _)| name != "limit" && name != "next"));
        // Times are written plainly in the real links.
        let filters = filters.finish().replace("%3A", ":");
        let separator = if filters.is_empty() { "" } else { "&" };
        Some(link(&format!("/v3{path}?limit={}&next={next}{separator}{filters}", self.limit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(pairs: &[(&str, &str)]) -> Result<Page, u16> {
        open(&Call::asking(pairs), 500, "contacts.api").map_err(|reply| reply.status)
    }

    fn href(links: &Value) -> &str {
        links.pointer("/next/href").and_then(Value::as_str).unwrap_or("")
    }

    #[test]
    fn the_cursor_on_record() {
        let page = opened(&[("limit", "1")]).unwrap_or_else(|status| panic!("{status}"));
        let (items, next) = page.by_position(vec!["a", "b"]).unwrap_or_default();
        assert_eq!(items, ["a"]);
        assert_eq!(href(&page.links("/contacts", next.as_deref())), "/v3/contacts?cursor=bGltaXQ9MSZuZXh0PTI=");
    }

    #[test]
    fn a_cursor_carries_limit_and_filters_and_beats_the_rest_of_the_query() {
        let first = opened(&[("limit", "1"), ("updated_after", "2022-03-11T22:09:02+00:00")]);
        let first = first.unwrap_or_else(|status| panic!("{status}"));
        let links = first.links("/contacts", Some("2"));
        let cursor = href(&links).trim_start_matches("/v3/contacts?cursor=");
        let second = opened(&[("cursor", cursor), ("limit", "9")]).unwrap_or_else(|status| panic!("{status}"));
        assert_eq!(second.limit, 1);
        assert_eq!(second.call.query("updated_after"), Some("2022-03-11T22:09:02+00:00"));
        let (items, next) = second.by_position(vec!["a", "b"]).unwrap_or_default();
        assert_eq!((items, next), (vec!["b"], None));
        assert_eq!(second.links("/contacts", None), json!({}));
    }

    #[test]
    fn the_official_sample_of_a_tag_cursor_lacks_padding() {
        let sample = "bGltaXQ9MSZuZXh0PTJjZDgwMjdhLTc4YzAtMTFlOS1iZmQwLWZhMTYzZTZiMDFjMQ=";
        let page = opened(&[("cursor", sample)]).unwrap_or_else(|status| panic!("{status}"));
        let id = "2cd8027a-78c0-11e9-bfd0-fa163e6b01c1";
        let (items, next) = page.by_id(vec!["x", id], |item| *item, |_| true).unwrap_or_default();
        assert_eq!((items, next), (vec![id], None));
    }

    #[test]
    fn a_page_begins_where_it_was_to_begin_although_that_item_is_no_longer_wanted() {
        // limit=1&next=b
        let page = opened(&[("cursor", "bGltaXQ9MSZuZXh0PWI=")]).unwrap_or_else(|status| panic!("{status}"));
        let all = ["a", "b", "c", "d"];
        let (items, next) = page.by_id(all, |item| *item, |item| *item != "b").unwrap_or_default();
        assert_eq!((items, next.as_deref()), (vec!["c"], Some("d")));
        assert!(page.by_id(["a", "c"], |item| *item, |_| true).is_err());
    }

    #[test]
    fn bad_cursors_and_limits_are_refused() {
        for pairs in
            [[("cursor", "?")], [("cursor", "bGltaXQ9MQ==")], [("limit", "0")], [("limit", "501")], [("limit", "x")]]
        {
            assert_eq!(opened(&pairs).map(|page| page.limit), Err(400), "{pairs:?}");
        }
        // next=0, next=-1: well-formed base64, but no position.
        for cursor in ["bmV4dD0w", "bmV4dD0tMQ=="] {
            let page = opened(&[("cursor", cursor)]).unwrap_or_else(|status| panic!("{status}"));
            assert!(page.by_position(vec![1]).is_err());
        }
    }

    #[test]
    fn campaigns_write_their_offset_with_stars() {
        let first = Call::asking(&[("limit", "1"), ("after_date", "2022-03-11T22:41:18Z")]);
        let page = open_offset(&first, 500, "emails.api").unwrap_or(OffsetPage { offset: 9, limit: 9 });
        let links = page.links(&first, "/emails", 2).unwrap_or_default();
        assert_eq!(href(&links), "/v3/emails?limit=1&next=MQ**&after_date=2022-03-11T22:41:18Z");
        let second = open_offset(&Call::asking(&[("limit", "1"), ("next", "MQ**")]), 500, "emails.api");
        assert_eq!(second.map(|page| page.offset).ok(), Some(1));
        assert_eq!(page.links(&first, "/emails", 1), None);
    }
}
