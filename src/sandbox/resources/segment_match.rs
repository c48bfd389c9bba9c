//! Who meets the criteria of a segment: each group and condition is worked out for all contacts at once.
//!
//! One mark per contact keeps tracking cheap: the sendings are gone through once per condition, not once per contact.
//! Beyond the published example the meaning is a guess. Not to have opened means here: one of the mails arrived, and
//! none of them was opened, so that segments agree with the reports.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::segment_fields::known;
use super::segment_tree::{Act, Node, Range};
use crate::sandbox::account::{Account, Did, Sending};

/// One mark per contact of the account, in their order.
pub(super) type Marks = Vec<bool>;

/// Places of the contacts that meet the criteria; deleted ones meet none.
pub(super) fn places(account: &Account, now: Timestamp, node: &Node) -> Vec<u32> {
    let marks = marks(account, now, node);
    let marked = (0_u32..).zip(account.contacts.iter().zip(marks));
    let living = marked.filter(|(_, (contact, mark))| *mark && contact.deleted_at.is_none());
    living.map(|(place, _)| place).collect()
}

fn marks(account: &Account, now: Timestamp, node: &Node) -> Marks {
    match node {
        Node::All(parts) => joined(account, now, parts, |one, other| one && other),
        Node::Any(parts) => joined(account, now, parts, |one, other| one || other),
        Node::Tracking(act, range) => tracked(account, now, *act, range),
        Node::Contact(field, test) => known(account, now, field, test),
        Node::Unknown => nobody(account),
    }
}

fn nobody(account: &Account) -> Marks {
    vec![false; account.contacts.len()]
}

fn joined(account: &Account, now: Timestamp, parts: &[Node], join: fn(bool, bool) -> bool) -> Marks {
    let all = parts.iter().map(|part| marks(account, now, part));
    let both = |one: Marks, other: Marks| -> Marks {
        one.into_iter().zip(other).map(|(one, other)| join(one, other)).collect()
    };
    all.reduce(both).unwrap_or_else(|| nobody(account))
}

fn tracked(account: &Account, now: Timestamp, act: Act, range: &Range) -> Marks {
    let since = match range {
        Range::Days(days) => before(now, *days),
        Range::Campaigns(_) | Range::These(_) => Timestamp::MIN,
    };
    let sendings = in_range(account, range);
    match act {
        Act::Sent => reached(account, &sendings, since, false),
        Act::Opened => did(account, &sendings, since, Did::Open),
        Act::Clicked => did(account, &sendings, since, Did::Click),
        Act::NotOpened => left_undone(account, &sendings, since, Did::Open),
        Act::NotClicked => left_undone(account, &sendings, since, Did::Click),
    }
}

/// So many days ago.
pub(super) fn before(now: Timestamp, days: u32) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MIN)
}

fn in_range<'a>(account: &'a Account, range: &Range) -> Vec<&'a Sending> {
    let all = account.sendings.iter();
    match range {
        Range::Days(_) => all.collect(),
        Range::Campaigns(many) => {
            let last = last_campaigns(account, usize::try_from(*many).unwrap_or(usize::MAX));
            all.filter(|sending| last.contains(sending.campaign_id.as_str())).collect()
        }
        Range::These(ids) => {
            let named =
                |sending: &&Sending| ids.contains(&sending.campaign_id) || ids.contains(&sending.campaign_activity_id);
            all.filter(named).collect()
        }
    }
}

/// Ids of the campaigns that went out last. One that went out twice counts once, at its last time.
fn last_campaigns(account: &Account, many: usize) -> HashSet<&str> {
    let mut last = HashSet::new();
    for sending in account.sendings.iter().rev().filter(|sending| sending.went_out()) {
        if last.len() >= many {
            break;
        }
        last.insert(sending.campaign_id.as_str());
    }
    last
}

fn mark(marks: &mut [bool], place: u32) {
    if let Some(mark) = marks.get_mut(place as usize) {
        *mark = true;
    }
}

/// Who was sent one of the mails, or, if so asked, whom one of them reached without coming back.
fn reached(account: &Account, sendings: &[&Sending], since: Timestamp, arrived: bool) -> Marks {
    let mut marks = nobody(account);
    for sending in sendings.iter().filter(|sending| sending.at >= since) {
        let bounces = sending.happened().iter().filter(|event| arrived && event.kind == Did::Bounce);
        let back: HashSet<u32> = bounces.map(|event| event.contact).collect();
        for place in sending.recipients.iter().filter(|place| !back.contains(*place)) {
            mark(&mut marks, *place);
        }
    }
    marks
}

fn did(account: &Account, sendings: &[&Sending], since: Timestamp, kind: Did) -> Marks {
    let mut marks = nobody(account);
    let events = sendings.iter().flat_map(|sending| sending.happened());
    for event in events.filter(|event| event.kind == kind && event.at >= since) {
        mark(&mut marks, event.contact);
    }
    marks
}

fn left_undone(account: &Account, sendings: &[&Sending], since: Timestamp, kind: Did) -> Marks {
    let done = did(account, sendings, since, kind);
    let got = reached(account, sendings, since, true);
    got.into_iter().zip(done).map(|(got, done)| got && !done).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::account::{Contact, Device, Event};

    /// Three people; two campaigns to the first two. In the older one the first opens; in the newer one the first
    /// opens and clicks, and the second's mail comes back.
    fn account() -> Account {
        let event = |contact, kind, at| Event { contact, kind, at, link: 0, device: Device::Mobile, bounce: 'B' };
        let sending = |name: &str, at: Timestamp, events: Vec<Event>| Sending {
            campaign_id: name.to_owned(),
            at,
            recipients: vec![0, 1],
            happened: events.len(),
            events,
            ..Sending::default()
        };
        let (old, new) = (before(now(), 10), before(now(), 1));
        let older = sending("a", old, vec![event(0, Did::Open, old)]);
        let events = vec![event(1, Did::Bounce, new), event(0, Did::Open, new), event(0, Did::Click, new)];
        let newer = sending("b", new, events);
        Account { contacts: vec![Contact::default(); 3], sendings: vec![older, newer], ..Account::default() }
    }

    fn now() -> Timestamp {
        "2026-06-01T12:00:00Z".parse().unwrap_or_default()
    }

    fn who(act: Act, range: Range) -> Vec<u32> {
        places(&account(), now(), &Node::Tracking(act, range))
    }

    #[test]
    fn who_did_what() {
        assert_eq!(who(Act::Sent, Range::Campaigns(1)), [0, 1]);
        assert_eq!(who(Act::Opened, Range::Campaigns(5)), [0]);
        assert_eq!(who(Act::Clicked, Range::These(vec!["a".to_owned()])), [0_u32; 0]);
        assert_eq!(who(Act::NotClicked, Range::These(vec!["a".to_owned()])), [0, 1]);
    }

    #[test]
    fn a_mail_that_came_back_was_not_left_unopened() {
        assert_eq!(who(Act::NotOpened, Range::Campaigns(1)), [0_u32; 0]);
        assert_eq!(who(Act::NotOpened, Range::Campaigns(2)), [1]);
    }

    #[test]
    fn days_look_at_what_happened_in_them() {
        assert_eq!(who(Act::Opened, Range::Days(1)), [0]);
        assert_eq!(who(Act::NotOpened, Range::Days(2)), [0_u32; 0]);
        assert_eq!(who(Act::NotOpened, Range::Days(30)), [1]);
    }

    #[test]
    fn groups_join_and_deleted_or_unknown_meet_nothing() {
        let sent = Node::Tracking(Act::Sent, Range::Campaigns(1));
        let clicked = Node::Tracking(Act::Clicked, Range::Campaigns(1));
        let mut account = account();
        let parts = vec![sent, clicked, Node::Unknown];
        assert_eq!(places(&account, now(), &Node::All(parts.clone())), [0_u32; 0]);
        assert_eq!(places(&account, now(), &Node::Any(parts.clone())), [0, 1]);
        for contact in &mut account.contacts {
            contact.deleted_at = Some(now());
        }
        assert_eq!(places(&account, now(), &Node::Any(parts)), [0_u32; 0]);
    }
}
