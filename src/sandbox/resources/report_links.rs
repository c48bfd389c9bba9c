//! The links of a mail as reports number them: each address once, in the order of its first appearance.
//!
//! An id is made of where its activity first went out and of the link's place. Later sendings only add to the end, so
//! an id stays what it is, without being kept anywhere.

use std::collections::HashSet;

use super::report_rows::Row;
use crate::sandbox::account::Sending;

/// Ids begin here, so that they have as many digits as the service's.
const FIRST_ID: i64 = 1_100_000_000_000;
/// Ids set aside for one activity: more links than fit into its mail.
const IDS_EACH: i64 = 100_000;

/// The links of one activity.
pub(super) struct Links<'a> {
    first_id: i64,
    urls: Vec<&'a str>,
}

impl<'a> Links<'a> {
    /// Those of an activity's sendings, of which the first has this place in the account.
    pub(super) fn of(place: usize, sendings: &[&'a Sending]) -> Self {
        let mut seen = HashSet::new();
        let all = sendings.iter().copied().flat_map(|sending| &sending.links).map(String::as_str);
        let urls = all.filter(|url| seen.insert(*url)).collect();
        let earlier = i64::try_from(place).unwrap_or(0).saturating_mul(IDS_EACH);
        Self { first_id: FIRST_ID.saturating_add(earlier), urls }
    }

    /// Id and address of each.
    pub(super) fn all(&self) -> impl Iterator<Item = (i64, &'a str)> {
        (self.first_id..).zip(self.urls.iter().copied())
    }

    /// Id and address of the one that a row clicked.
    pub(super) fn clicked(&self, row: &Row<'_>) -> Option<(i64, &'a str)> {
        let clicked = row.url()?;
        self.all().find(|(_, url)| *url == clicked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::account::{Device, Did, Event};

    fn sending(links: [&str; 2], clicked: u16) -> Sending {
        let at = jiff::Timestamp::default();
        let click = Event { contact: 0, kind: Did::Click, at, link: clicked, device: Device::Mobile, bounce: ' ' };
        Sending { links: links.map(str::to_owned).to_vec(), events: vec![click], happened: 1, ..Sending::default() }
    }

    #[test]
    fn an_address_has_one_id_whichever_sending_it_was_in() {
        let first = sending(["https://a.example", "https://b.example"], 1);
        let second = sending(["https://b.example", "https://c.example"], 0);
        let links = Links::of(7, &[&first, &second]);
        let ids: Vec<i64> = links.all().map(|(id, _)| id).collect();
        assert_eq!(ids, [1_100_000_700_000, 1_100_000_700_001, 1_100_000_700_002]);
        for sending in [&first, &second] {
            let clicks = sending.happened().iter().map(|event| Row::done(sending, event));
            let found: Vec<Option<(i64, &str)>> = clicks.map(|row| links.clicked(&row)).collect();
            assert_eq!(found, [Some((1_100_000_700_001, "https://b.example"))]);
        }
    }

    #[test]
    fn what_is_no_click_is_on_no_link() {
        let sending = sending(["https://a.example", "https://b.example"], 0);
        assert_eq!(Links::of(0, &[&sending]).clicked(&Row::sent(&sending, 0)), None);
    }
}
