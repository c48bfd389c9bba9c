//! Pages of reports: an offset in an opaque `next`, as campaigns have it, under limits of each report's own.
//!
//! Rows come in lazily and only those of the page are looked at: one row more than fits tells whether there is a next
//! page, so nobody has to count a hundred thousand of them. The link also holds the moment of the first page: people go
//! on opening mails while somebody turns the pages, and rows that came, went or moved would hide others.

use jiff::Timestamp;
use serde_json::Value;

use super::page::{self, OffsetPage};
use super::query;
use super::refusal::REPORTS;
use crate::sandbox::call::{Call, Reply};

/// The parameter of a link that holds the moment of the first page.
const AS_OF: &str = "as_of";

/// One page of a report.
pub(super) struct ReportPage {
    page: OffsetPage,
    /// Up to when things count.
    pub until: Timestamp,
}

/// Reads limit and offset of a call: `usual` rows to a page unless asked otherwise, at most `most`.
pub(super) fn open(call: &Call, usual: usize, most: usize, now: Timestamp) -> Result<ReportPage, Reply> {
    let mut page = page::open_offset(call, most, REPORTS)?;
    if call.query("limit").is_none() {
        page.limit = usual;
    }
    let until = query::moment(call, AS_OF, REPORTS)?.map_or(now, |first| first.min(now));
    Ok(ReportPage { page, until })
}

/// The rows of a page, and `_links` when there are more.
pub(super) fn turn<T>(page: &ReportPage, call: &Call, rows: impl Iterator<Item = T>) -> (Vec<T>, Option<Value>) {
    let ReportPage { page, until } = page;
    let mut found: Vec<T> = rows.skip(page.offset).take(page.limit.saturating_add(1)).collect();
    let known = page.offset.saturating_add(found.len());
    found.truncate(page.limit);
    let path = call.path.strip_prefix("/v3").unwrap_or(&call.path);
    let mut next = call.clone();
    if call.query(AS_OF).is_none() {
        next.query.push((AS_OF.to_owned(), until.to_string()));
    }
    (found, page.links(&next, path, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(pairs: &[(&str, &str)]) -> Call {
        Call { path: "/v3/reports/x".to_owned(), ..Call::asking(pairs) }
    }

    fn turned(pairs: &[(&str, &str)], rows: u32) -> (Vec<u32>, String) {
        let call = call(pairs);
        let Ok(page) = open(&call, 3, 5, Timestamp::UNIX_EPOCH) else { return (Vec::new(), "refused".to_owned()) };
        let (found, links) = turn(&page, &call, 0..rows);
        let links = links.unwrap_or_default();
        (found, links.pointer("/next/href").and_then(Value::as_str).unwrap_or("").to_owned())
    }

    #[test]
    fn the_link_leads_to_the_rest_with_the_same_limit_and_filters() {
        let (found, href) = turned(&[("bounce_code", "B"), ("bounce_code", "D")], 4);
        assert_eq!(found, [0, 1, 2]);
        let filters = "bounce_code=B&bounce_code=D&as_of=1970-01-01T00:00:00Z";
        assert_eq!(href, format!("/v3/reports/x?limit=3&next=Mw**&{filters}"));
        assert_eq!(turned(&[("limit", "3"), ("next", "Mw**")], 4), (vec![3], String::new()));
    }

    #[test]
    fn a_page_that_is_just_full_is_the_last() {
        assert_eq!(turned(&[], 3), (vec![0, 1, 2], String::new()));
        assert_eq!(turned(&[("next", "OTk=")], 3), (Vec::new(), String::new()));
    }

    #[test]
    fn limits_are_those_of_the_report() {
        let opened = |limit| open(&call(&[("limit", limit)]), 3, 5, Timestamp::UNIX_EPOCH);
        assert_eq!(opened("6").map(|page| page.page.limit).map_err(|reply| reply.status), Err(400));
        assert_eq!(opened("5").map(|page| page.page.limit).ok(), Some(5));
    }

    #[test]
    fn later_pages_are_of_the_moment_of_the_first() {
        let now: Timestamp = "2026-01-15T09:00:00Z".parse().unwrap_or_default();
        let until = |as_of| open(&call(&[("as_of", as_of)]), 3, 5, now).map(|page| page.until).ok();
        assert_eq!(until("2026-01-15T08:00:00.5Z"), "2026-01-15T08:00:00.5Z".parse::<Timestamp>().ok());
        assert_eq!((until("2026-01-16T08:00:00Z"), until("then")), (Some(now), None));
        let (_, href) = turned(&[("as_of", "1969-12-31T00:00:00Z")], 4);
        assert_eq!(href, "/v3/reports/x?limit=3&next=Mw**&as_of=1969-12-31T00:00:00Z");
    }
}
