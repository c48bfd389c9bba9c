//! Recipients who behave like recipients: most do nothing, some open, few click, one in a hundred leaves.
//!
//! What somebody does follows from the seed, the mail and the address alone, not from the order of calls, so that the
//! same campaign to the same people always has the same report.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::account::{Account, Contact, Device, Did, Event, Sending};
use super::env::{Env, split_mix};

/// Out of 10,000 recipients: how many of the mails come back.
const BOUNCES: u64 = 180;
/// Out of 10,000 who have it: how many open it.
const OPENS: u64 = 3_900;
/// Out of 10,000 who opened: how many follow a link, pass it on, leave.
const CLICKS: u64 = 1_900;
const FORWARDS: u64 = 90;
const OPT_OUTS: u64 = 110;
/// The codes of bounces, the commoner ones more than once.
const CODES: [char; 12] = ['B', 'B', 'B', 'B', 'F', 'F', 'D', 'S', 'V', 'X', 'Z', 'B'];

/// Chance that depends on nothing but what it was made from.
struct Dice(u64);

impl Dice {
    /// FNV-1a over the parts: short, and the same on every machine.
    fn of(parts: &[&str], seed: u64) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
        for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self(hash)
    }

    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        split_mix(&mut self.0) % n.max(1)
    }

    /// Whether it happens to `n` of 10,000.
    fn hits(&mut self, n: u64) -> bool {
        self.below(10_000) < n
    }

    /// A delay that is mostly short: the square of an even chance, up to `most` seconds.
    fn delay(&mut self, most: u64) -> SignedDuration {
        let even = self.below(1_000) + 1;
        SignedDuration::from_secs(i64::try_from(even * even * most / 1_000_000).unwrap_or(0) + 5)
    }
}

/// Adds to a sending, whose recipients and links stand, all that will come of it.
pub(super) fn foresee(sending: &mut Sending, contacts: &[Contact], env: &Env) {
    if !env.options.engagement {
        return;
    }
    let links = u64::try_from(sending.links.len()).unwrap_or(0);
    let mut events = Vec::new();
    for place in sending.recipients.iter().copied() {
        let Some(address) = contacts.get(place as usize).and_then(|c| c.email.as_ref()) else { continue };
        let parts = [sending.campaign_activity_id.as_str(), &address.address, &sending.send_id.to_string()];
        behave(&mut events, place, sending.at, links, &mut Dice::of(&parts, env.options.random));
    }
    events.sort_by_key(|event| event.at);
    sending.events = events;
}

/// One recipient's reactions.
fn behave(events: &mut Vec<Event>, contact: u32, at: Timestamp, links: u64, dice: &mut Dice) {
    let device = [Device::Computer, Device::Mobile, Device::Mobile, Device::Tablet];
    let device = device[usize::try_from(dice.below(4)).unwrap_or(0)];
    let event = |kind, at| Event { contact, kind, at, link: 0, device, bounce: ' ' };
    let later = |at: Timestamp, by: SignedDuration| at.checked_add(by).unwrap_or(at);
    if dice.hits(BOUNCES) {
        let bounce = CODES[usize::try_from(dice.below(12)).unwrap_or(0)];
        events.push(Event { bounce, ..event(Did::Bounce, later(at, SignedDuration::from_secs(20))) });
        return;
    }
    if !dice.hits(OPENS) {
        return;
    }
    let opened = later(at, dice.delay(60 * 3_600));
    events.push(event(Did::Open, opened));
    if dice.hits(2_500) {
        events.push(event(Did::Open, later(opened, dice.delay(20 * 3_600))));
    }
    if links > 0 && dice.hits(CLICKS) {
        let mut clicked = opened;
        for _ in 0..=dice.below(2) {
            clicked = later(clicked, dice.delay(300));
            let link = u16::try_from(dice.below(links)).unwrap_or(0);
            events.push(Event { link, ..event(Did::Click, clicked) });
        }
    }
    if dice.hits(FORWARDS) {
        events.push(event(Did::Forward, later(opened, dice.delay(3_600))));
    }
    if dice.hits(OPT_OUTS) {
        events.push(event(Did::OptOut, later(opened, dice.delay(3_600))));
    }
}

/// Lets happen what has come due, and applies what it does to the people: who leaves is unsubscribed from then on.
pub(super) fn advance(account: &mut Account, now: Timestamp) {
    let Account { sendings, contacts, .. } = account;
    let mut leaving: Vec<(Timestamp, u32)> = Vec::new();
    for sending in sendings.iter_mut() {
        let due = sending.events.get(sending.happened..).unwrap_or_default();
        let due = due.get(..due.partition_point(|event| event.at <= now)).unwrap_or_default();
        leaving.extend(due.iter().filter(|event| event.kind == Did::OptOut).map(|event| (event.at, event.contact)));
        sending.happened += due.len();
    }
    // Of several mails that somebody leaves by, the first one counts, whichever of them was sent first.
    leaving.sort_unstable();
    for (at, place) in leaving {
        if let Some(contact) = contacts.get_mut(place as usize) {
            super::resources::permission::leave(contact, at);
        }
    }
}

/// The different web addresses that a mail links to, in the order of their first appearance.
pub(super) fn links(html: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let quoted = html.match_indices("href=").filter_map(|(at, _)| {
        let rest = html.get(at + 5..)?;
        let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
        rest.get(1..)?.split(quote).next()
    });
    let web = quoted.filter(|url| url.starts_with("http://") || url.starts_with("https://"));
    web.filter(|url| seen.insert((*url).to_owned())).map(|url| url.replace("&amp;", "&")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::account::EmailAddress;

    #[test]
    fn who_leaves_twice_left_the_first_time() {
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        let leaves = |second| {
            let (kind, at, device) = (Did::OptOut, at(second), Device::Mobile);
            let events = vec![Event { contact: 0, kind, at, link: 0, device, bounce: ' ' }];
            Sending { recipients: vec![0], events, ..Sending::default() }
        };
        let email = EmailAddress { permission_to_send: "implicit".to_owned(), ..EmailAddress::default() };
        let contact = Contact { email: Some(email), ..Contact::default() };
        let mut account =
            Account { contacts: vec![contact], sendings: vec![leaves(20), leaves(10)], ..Account::default() };
        advance(&mut account, at(30));
        let left = account.contacts.first().and_then(|contact| contact.email.as_ref()?.opt_out_date);
        assert_eq!(left, Some(at(10)));
        assert!(account.sendings.iter().all(|sending| sending.happened == 1));
    }
}
