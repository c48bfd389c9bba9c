//! Pages of reports: an offset in an opaque `next`, as campaigns have it, under limits of each report's own.
//!
//! Rows come in lazily and only those of the page are looked at: one row more than fits tells whether there is a next
//! page, so nobody has to count a hundred thousand of them.

use serde_json::Value;

use super::page::{self, OffsetPage};
use super::refusal::REPORTS;
use crate::sandbox::call::{Call, Reply};

/// Reads limit and offset of a call: `usual` rows to a page unless asked otherwise, at most `most`.
pub(super) fn open(call: &Call, usual: usize, most: usize) -> Result<OffsetPage, Reply> {
    let mut page = page::open_offset(call, most, REPORTS)?;
    if call.query("limit").is_none() {
        page.limit = usual;
    }
    Ok(page)
}

/// The rows of a page, and `_links` when there are more.
pub(super) fn turn<T>(page: &OffsetPage, call: &Call, rows: impl Iterator<Item = T>) -> (Vec<T>, Option<Value>) {
    let mut found: Vec<T> = rows.skip(page.offset).take(page.limit.saturating_add(1)).collect();
    let known = page.offset.saturating_add(found.len());
    found.truncate(page.limit);
    let path = call.path.strip_prefix("/v3").unwrap_or(&call.path);
    (found, page.links(call, path, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(pairs: &[(&str, &str)]) -> Call {
        let query = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Call { path: "/v3/reports/x".to_owned(), query, ..Call::default() }
    }

    fn turned(pairs: &[(&str, &str)], rows: u32) -> (Vec<u32>, String) {
        let call = call(pairs);
        let page = open(&call, 3, 5).unwrap_or(OffsetPage { offset: 99, limit: 99 });
        let (found, links) = turn(&page, &call, 0..rows);
        let links = links.unwrap_or_default();
        (found, links.pointer("/next/href").and_then(Value::as_str).unwrap_or("").to_owned())
    }

    #[test]
    fn the_link_leads_to_the_rest_with_the_same_limit_and_filters() {
        let (found, href) = turned(&[("bounce_code", "B"), ("bounce_code", "D")], 4);
        assert_eq!(found, [0, 1, 2]);
        assert_eq!(href, "/v3/reports/x?limit=3&next=Mw**&bounce_code=B&bounce_code=D");
        assert_eq!(turned(&[("limit", "3"), ("next", "Mw**")], 4), (vec![3], String::new()));
    }

    #[test]
    fn a_page_that_is_just_full_is_the_last() {
        assert_eq!(turned(&[], 3), (vec![0, 1, 2], String::new()));
        assert_eq!(turned(&[("next", "OTk=")], 3), (Vec::new(), String::new()));
    }

    #[test]
    fn limits_are_those_of_the_report() {
        assert_eq!(open(&call(&[("limit", "6")]), 3, 5).map(|page| page.limit).map_err(|reply| reply.status), Err(400));
        assert_eq!(open(&call(&[("limit", "5")]), 3, 5).map(|page| page.limit).ok(), Some(5));
    }
}
