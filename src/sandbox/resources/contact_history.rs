//! What one contact was sent and did, for the reports about it, and the period that such a report is about.
//!
//! Nothing is kept by contact: its part is picked out of the sendings when somebody asks.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::query;
use super::refusal::{REPORTS, invalid};
use super::report_rows::Row;
use crate::sandbox::account::Account;
use crate::sandbox::call::{Call, Reply};

/// All that one contact was sent and did, newest first. Removed campaigns are part of it.
pub(super) fn of(account: &Account, place: u32) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for sending in account.sendings.iter().filter(|sending| sending.recipients.contains(&place)) {
        let own = sending.happened().iter().filter(|event| event.contact == place);
        rows.push(Row::sent(sending, place));
        rows.extend(own.map(|event| Row::done(sending, event)));
    }
    rows.sort_by_key(|row| row.at);
    rows.reverse();
    rows
}

/// The rows of each activity that the contact was sent in a period, the one sent last first.
pub(super) fn by_mail<'a>(account: &'a Account, place: u32, period: &Period) -> Vec<Vec<Row<'a>>> {
    let mut mails: BTreeMap<&str, Vec<Row<'a>>> = BTreeMap::new();
    for row in of(account, place).into_iter().filter(|row| period.holds(row.sending.at)) {
        mails.entry(row.sending.campaign_activity_id.as_str()).or_default().push(row);
    }
    let mut mails: Vec<Vec<Row<'a>>> = mails.into_values().collect();
    mails.sort_by_key(|rows| Reverse(sent_at(rows)));
    mails
}

/// When the contact was last sent the mail that some rows are about.
pub(super) fn sent_at(rows: &[Row<'_>]) -> Timestamp {
    rows.iter().map(|row| row.sending.at).max().unwrap_or_default()
}

/// From when to when mails went out that a report is about, both ends included.
pub(super) struct Period {
    start: Timestamp,
    end: Timestamp,
}

impl Period {
    /// Both ends are required.
    pub(super) fn read(call: &Call) -> Result<Self, Reply> {
        let (start, end) = (query::moment(call, "start", REPORTS)?, query::moment(call, "end", REPORTS)?);
        match (start, end) {
            (Some(start), Some(end)) if start <= end => Ok(Self { start, end }),
            (Some(_), Some(_)) => Err(invalid(REPORTS, "end is before start")),
            (None, Some(_)) => Err(invalid(REPORTS, "start is missing")),
            (Some(_), None) => Err(invalid(REPORTS, "end is missing")),
            (None, None) => Err(invalid(REPORTS, "start is missing, end is missing")),
        }
    }

    /// Refuses more than so many years, by the calendar.
    pub(super) fn at_most(self, years: i64) -> Result<Self, Reply> {
        let limit = self.start.to_zoned(TimeZone::UTC).checked_add(years.years());
        if limit.is_ok_and(|limit| limit.timestamp() < self.end) {
            return Err(invalid(REPORTS, &format!("start, end are more than {years} years apart")));
        }
        Ok(self)
    }

    fn holds(&self, at: Timestamp) -> bool {
        (self.start..=self.end).contains(&at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::account::Sending;

    fn period(start: &str, end: &str) -> Result<(i64, i64), u16> {
        let period = Period::read(&Call::asking(&[("start", start), ("end", end)]));
        let period = period.and_then(|period| period.at_most(5));
        period.map(|period| (period.start.as_second(), period.end.as_second())).map_err(|reply| reply.status)
    }

    #[test]
    fn offsets_may_lack_their_colon() {
        let plain = period("2019-01-01T00:00:00-0500", "2019-12-01T00:00:00-0500");
        assert_eq!(plain, period("2019-01-01T05:00:00Z", "2019-12-01T00:00:00-05:00"));
        assert!(plain.is_ok());
    }

    #[test]
    fn periods_have_an_order_and_at_most_so_many_years() {
        assert!(period("2019-01-01T00:00:00Z", "2024-01-01T00:00:00Z").is_ok());
        assert_eq!(period("2019-01-01T00:00:00Z", "2024-01-01T00:00:01Z"), Err(400));
        assert_eq!(period("2019-01-02T00:00:00Z", "2019-01-01T00:00:00Z"), Err(400));
        assert_eq!(period("2019-01-01T00:00:00Z", "tomorrow"), Err(400));
        assert!(Period::read(&Call::asking(&[("start", "2019-01-01")])).is_err());
    }

    #[test]
    fn only_mails_of_the_period_count_and_only_those_to_the_contact() {
        let sending = |id: &str, second: i64, recipients: Vec<u32>| {
            let at = Timestamp::from_second(second).unwrap_or_default();
            Sending { campaign_activity_id: id.to_owned(), at, recipients, ..Sending::default() }
        };
        let sendings = vec![
            sending("a", 10, vec![0, 1]),
            sending("b", 20, vec![1]),
            sending("c", 30, vec![0, 1]),
            sending("d", 40, vec![0]),
        ];
        let account = Account { sendings, ..Account::default() };
        let at = |second: i64| Timestamp::from_second(second).unwrap_or_default();
        let mails = by_mail(&account, 0, &Period { start: at(10), end: at(30) });
        let ids: Vec<&str> = mails.iter().flatten().map(|row| row.sending.campaign_activity_id.as_str()).collect();
        assert_eq!(ids, ["c", "a"]);
    }
}
