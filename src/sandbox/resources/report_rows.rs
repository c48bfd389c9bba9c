//! The rows of e-mail reports: who was sent a mail, and who did what with it, newest first.
//!
//! A row is a view on a sending and one of its events; only the rows of the page asked for become JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{Body, show};
use super::campaigns::status;
use super::refusal::{REPORTS, path_id, unknown};
use super::report_links::Links;
use super::report_page::{self, ReportPage};
use crate::sandbox::account::{Account, Campaign, Contact, Did, Event, Sending};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::env::millis;

/// Whether a sending counts in the reports about campaigns: failed attempts and those of removed campaigns do not.
pub(super) fn is_reported(account: &Account, sending: &Sending) -> bool {
    let removed =
        |campaign: &Campaign| campaign.campaign_id == sending.campaign_id && campaign.status == status::REMOVED;
    sending.went_out() && !account.campaigns.iter().any(removed)
}

/// When the last of some sendings went out.
pub(super) fn last_sent(sendings: &[&Sending]) -> Timestamp {
    sendings.iter().map(|sending| sending.at).max().unwrap_or_default()
}

/// One row: a mail to one recipient, or something that this recipient did with it.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub sending: &'a Sending,
    /// Place in the account's contacts.
    pub place: u32,
    pub at: Timestamp,
    /// What was done; nothing when the row is the mail itself.
    event: Option<&'a Event>,
}

impl<'a> Row<'a> {
    /// The mail itself.
    pub(super) fn sent(sending: &'a Sending, place: u32) -> Self {
        Self { sending, place, at: sending.at, event: None }
    }

    /// Something that was done with it.
    pub(super) fn done(sending: &'a Sending, event: &'a Event) -> Self {
        Self { sending, place: event.contact, at: event.at, event: Some(event) }
    }

    /// Whether it is of this kind.
    pub(super) fn is(&self, did: Did) -> bool {
        self.event.is_some_and(|event| event.kind == did)
    }

    /// Its kind, as `tracking_activity_type` writes it.
    pub(super) fn kind(&self) -> &'static str {
        match self.event.map(|event| event.kind) {
            None => "em_sends",
            Some(Did::Open) => "em_opens",
            Some(Did::Click) => "em_clicks",
            Some(Did::Bounce) => "em_bounces",
            Some(Did::OptOut) => "em_optouts",
            Some(Did::Forward) => "em_forwards",
        }
    }

    /// What it was done on.
    pub(super) fn device(&self) -> Option<&'static str> {
        self.event.map(|event| event.device.name())
    }

    /// Why the mail came back.
    pub(super) fn bounce_code(&self) -> Option<char> {
        self.event.filter(|event| event.kind == Did::Bounce).map(|event| event.bounce)
    }

    /// The address that was clicked.
    pub(super) fn url(&self) -> Option<&'a str> {
        let event = self.event.filter(|event| event.kind == Did::Click)?;
        self.sending.links.get(usize::from(event.link)).map(String::as_str)
    }
}

/// All that went out of one campaign activity.
pub(super) struct Mailed<'a> {
    /// Place of its first sending in the account's: a number that never changes.
    first: usize,
    /// Oldest first.
    sendings: Vec<&'a Sending>,
    /// Up to when things count.
    until: Timestamp,
}

/// What had gone out by a moment of the activity in the path. A draft has no reports, so it is not found.
pub(super) fn find<'a>(account: &'a Account, call: &Call, until: Timestamp) -> Result<Mailed<'a>, Reply> {
    let id = path_id(call, "campaign_activity_id", REPORTS)?;
    let first = account.sendings.iter().position(|sending| sending.campaign_activity_id == id);
    let own =
        |sending: &&Sending| sending.campaign_activity_id == id && sending.at <= until && is_reported(account, sending);
    let sendings: Vec<&Sending> = account.sendings.iter().filter(own).collect();
    match first {
        Some(first) if !sendings.is_empty() => Ok(Mailed { first, sendings, until }),
        _ => Err(unknown(REPORTS, "campaign_activity_id")),
    }
}

impl<'a> Mailed<'a> {
    /// The mails themselves, newest first.
    pub(super) fn sent(&self) -> impl Iterator<Item = Row<'a>> {
        let newest_first = self.sendings.iter().rev().copied();
        newest_first.flat_map(|sending| sending.recipients.iter().map(move |place| Row::sent(sending, *place)))
    }

    /// All that was done with them, newest first: taken from the ends of the sendings, which are in order themselves.
    pub(super) fn done(&self) -> impl Iterator<Item = Row<'a>> {
        let mut rest: Vec<(&'a Sending, &'a [Event])> =
            self.sendings.iter().copied().map(|sending| (sending, sending.happened_by(self.until))).collect();
        std::iter::from_fn(move || {
            let newest = rest.iter_mut().max_by_key(|(_, events)| events.last().map(|event| event.at));
            let (sending, events) = newest?;
            let (event, earlier) = events.split_last()?;
            *events = earlier;
            Some(Row::done(sending, event))
        })
    }

    /// The different links of all its mails.
    pub(super) fn links(&self) -> Links<'a> {
        Links::of(self.first, &self.sendings)
    }
}

/// A set of contacts, by their places: large reports ask it often.
pub(super) struct Places(Vec<bool>);

impl Places {
    /// Nobody yet.
    pub(super) fn none(account: &Account) -> Self {
        Self(vec![false; account.contacts.len()])
    }

    /// Adds one; `false` when it was there already.
    pub(super) fn add(&mut self, place: u32) -> bool {
        self.0.get_mut(place as usize).is_some_and(|held| !std::mem::replace(held, true))
    }

    /// Whether one is there.
    pub(super) fn has(&self, place: u32) -> bool {
        self.0.get(place as usize).copied().unwrap_or(false)
    }
}

/// One page of rows; `more` adds what only this report shows.
pub(super) fn answer<'a>(
    account: &Account,
    call: &Call,
    page: &ReportPage,
    rows: impl Iterator<Item = Row<'a>>,
    more: impl Fn(&mut Body, &Contact, &Row<'_>),
) -> Reply {
    let (rows, links) = report_page::turn(page, call, rows);
    let render = |row: &Row<'_>| {
        let contact = account.contacts.get(row.place as usize)?;
        let mut shown = view(contact, row);
        more(&mut shown, contact, row);
        Some(Value::Object(shown))
    };
    let shown: Vec<Value> = rows.iter().filter_map(render).collect();
    Reply::json(200, &json!({ "tracking_activities": shown, "_links": links.unwrap_or_else(|| json!({})) }))
}

/// What every row shows.
fn view(contact: &Contact, row: &Row<'_>) -> Body {
    let address = contact.email.as_ref().map_or("", |email| email.address.as_str());
    let mut shown = Body::new();
    show(&mut shown, "contact_id", Some(contact.contact_id.as_str()));
    show(&mut shown, "campaign_activity_id", Some(row.sending.campaign_activity_id.as_str()));
    show(&mut shown, "tracking_activity_type", Some(row.kind()));
    show(&mut shown, "email_address", Some(address));
    show(&mut shown, "first_name", contact.first_name.as_deref());
    show(&mut shown, "last_name", contact.last_name.as_deref());
    show(&mut shown, "created_time", Some(millis(row.at)));
    // Only the day, where other resources have the moment.
    show(&mut shown, "deleted_at", contact.deleted_at.map(|at| at.strftime("%Y-%m-%d").to_string()));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::account::Device;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    fn event(kind: Did, contact: u32, second: i64) -> Event {
        Event { contact, kind, at: at(second), link: 0, device: Device::Mobile, bounce: ' ' }
    }

    fn sending(second: i64, events: Vec<Event>) -> Sending {
        let happened = events.len();
        Sending { at: at(second), recipients: vec![0, 1], events, happened, ..Sending::default() }
    }

    #[test]
    fn rows_of_several_sendings_come_newest_first() {
        let early = sending(10, vec![event(Did::Open, 0, 20), event(Did::Open, 1, 50)]);
        let late = sending(30, vec![event(Did::Open, 0, 40), event(Did::Forward, 0, 60)]);
        let times = |mailed: &Mailed<'_>| mailed.done().map(|row| row.at.as_second()).collect::<Vec<i64>>();
        let mailed = |until| Mailed { first: 0, sendings: vec![&early, &late], until: at(until) };
        assert_eq!(times(&mailed(60)), [60, 50, 40, 20]);
        assert_eq!(times(&mailed(49)), [40, 20]);
        let mailed = mailed(60);
        let sent: Vec<i64> = mailed.sent().map(|row| row.at.as_second()).collect();
        assert_eq!(sent, [30, 30, 10, 10]);
    }

    #[test]
    fn a_place_is_added_once() {
        let account = Account { contacts: vec![Contact::default(); 2], ..Account::default() };
        let mut places = Places::none(&account);
        assert_eq!([places.add(1), places.add(1), places.add(2)], [true, false, false]);
        assert_eq!([places.has(0), places.has(1), places.has(2)], [false, true, false]);
    }
}
