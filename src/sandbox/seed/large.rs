//! A great many people, kept so lean that all of them fit into little memory: texts no longer than they need to be,
//! and JSON only for the few who have more than a name, an address and a list.

use std::mem::take;

use jiff::Timestamp;

use super::letters::LETTERS;
use super::people::{Names, arrivals, custom_value, somebody};
use super::{Sower, campaigns, groups, timeline};
use crate::sandbox::account::{Account, Contact, List};
use crate::sandbox::resources::permission;

/// People.
pub(super) const PEOPLE: usize = 100_000;
/// Lists; everybody is on one of them, so that each has some 4,500 people.
const LISTS: usize = 22;
/// Campaigns, one a week, each to a list of its own.
pub(super) const CAMPAIGNS: usize = 15;
/// Letters that are good for any week: the first of them.
const GOOD: usize = 7;

/// Everything.
pub(super) fn fill(sower: &mut Sower<'_>, account: &mut Account) {
    account.lists = (1..=LISTS).map(|number| list(sower, number)).collect();
    account.tags = groups::tags(sower);
    account.custom_fields = groups::fields(sower);
    account.contacts = contacts(sower, account);
    account.index();
    send(sower, account);
}

fn list(sower: &mut Sower<'_>, number: usize) -> List {
    let at = sower.morning(1_090);
    List {
        list_id: sower.env.uuid_v1(),
        sequence: u64::try_from(number).unwrap_or(0),
        name: format!("Branch {number:02}"),
        favorite: number == 1,
        created_at: at,
        updated_at: at,
        ..List::default()
    }
}

fn contacts(sower: &mut Sower<'_>, account: &Account) -> Vec<Contact> {
    let mut names = Names::default();
    let mut contacts = Vec::with_capacity(PEOPLE);
    for (sequence, at) in (1_u64..).zip(arrivals(sower, PEOPLE)) {
        let mut contact = contact(sower, account, &mut names, at);
        contact.sequence = sequence;
        contacts.push(contact);
    }
    contacts
}

/// One person. One in five has a tag, one in ten the value of a custom field; some have left.
fn contact(sower: &mut Sower<'_>, account: &Account, names: &mut Names, at: Timestamp) -> Contact {
    let mut contact = somebody(sower, names, at);
    let list = account.lists.get(sower.dice.below(account.lists.len()));
    contact.list_memberships = list.iter().map(|list| list.list_id.clone()).collect();
    if sower.dice.percent(20) {
        let tag = account.tags.get(sower.dice.below(account.tags.len()));
        contact.taggings = tag.iter().map(|tag| tag.tag_id.clone()).collect();
    }
    if sower.dice.percent(10) {
        let field = account.custom_fields.get(sower.dice.below(account.custom_fields.len()));
        contact.custom_fields = field.iter().map(|field| custom_value(&mut sower.dice, field, at)).collect();
    }
    if sower.dice.percent(3) {
        let left = sower.since(at);
        permission::leave(&mut contact, left);
    }
    shrink(&mut contact);
    contact
}

/// Gives back the room that was taken while texts were put together.
fn shrink(contact: &mut Contact) {
    contact.contact_id.shrink_to_fit();
    if let Some(email) = contact.email.as_mut() {
        email.address.shrink_to_fit();
    }
}

/// The campaigns, a week apart, the latest of them yesterday.
fn send(sower: &mut Sower<'_>, account: &mut Account) {
    let lists: Vec<String> = account.lists.iter().map(|list| list.list_id.clone()).collect();
    let weeks = (0_i64..).take(CAMPAIGNS).collect::<Vec<i64>>().into_iter().rev();
    for ((week, list_id), letter) in weeks.zip(lists).zip(LETTERS.iter().take(GOOD).cycle()) {
        let days = week * 7 + 1;
        let mut campaign = campaigns::drafted(sower, account, letter, vec![list_id], days + 2);
        let number = account.campaigns.len() + 1;
        campaign.name = format!("{}, week {number}", take(&mut campaign.name));
        let at = sower.morning(days);
        campaigns::sent(sower, account, &mut Vec::new(), &mut campaign, at);
        account.campaigns.push(campaign);
    }
    timeline::pass(account, &mut Vec::new(), sower.now);
}
