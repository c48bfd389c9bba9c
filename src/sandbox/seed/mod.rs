//! What stands in an account at the start: next to nothing, a small business, or a great many people.
//!
//! Everything is dated back from the present, and what went out passes through the same code as later mails do, so
//! that reports, people and campaigns agree from the first call on.

mod automations;
mod campaigns;
mod desk;
mod dice;
mod events;
mod groups;
mod landing;
mod large;
mod letters;
mod people;
mod social;
mod texts;
mod timeline;
mod words;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use self::dice::Dice;
use super::{
    account::Account,
    env::{Env, Seed, later, offset_millis},
    resources,
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// How far back the data go.
const THREE_YEARS: i64 = 3 * 365 * DAY;

/// What all makers of data need: ids, chance, and the moment that everything is dated back from.
struct Sower<'a> {
    env: &'a mut Env,
    dice: Dice,
    now: Timestamp,
}

impl<'a> Sower<'a> {
    fn new(env: &'a mut Env) -> Self {
        let dice = Dice::new(env.options.random);
        let now = env.now();
        // Nothing here is finer than a second.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self { env, dice, now }
    }

    /// So many seconds ago.
    fn ago(&self, seconds: i64) -> Timestamp {
        shifted(self.now, -seconds)
    }

    /// The morning, by the clocks of the school, so many days ago. From one day on, it is over.
    fn morning(&self, days: i64) -> Timestamp {
        let second = self.now.as_second();
        let midnight = second - second.rem_euclid(DAY);
        Timestamp::from_second(midnight - days * DAY + 14 * HOUR + 300).unwrap_or(self.now)
    }

    /// Some moment after `from`, and not after the present.
    fn since(&mut self, from: Timestamp) -> Timestamp {
        let span = self.now.as_second() - from.as_second();
        shifted(from, self.dice.up_to(span))
    }
}

/// So many seconds later, or earlier where they are negative.
fn shifted(at: Timestamp, seconds: i64) -> Timestamp {
    later(at, SignedDuration::from_secs(seconds))
}

/// The `nth` account of this world, with what the options want in it.
pub(super) fn account(env: &mut Env, nth: usize) -> Account {
    let mut account = empty(env, nth);
    match env.options.seed {
        Seed::Empty => {}
        Seed::Demo => demo(&mut Sower::new(env), &mut account),
        Seed::Large => large::fill(&mut Sower::new(env), &mut account),
    }
    account
}

/// An empty but usable account.
fn empty(env: &Env, nth: usize) -> Account {
    // The first has the names that the documentation uses.
    let number = if nth == 0 { String::new() } else { (nth + 1).to_string() };
    let login = format!("owner{number}@example.com");
    let encoded_id = format!("a07e1sandbox{number}");
    let address = json!({
        "address_line1": "12 Harbour Street", "city": "Boston", "state_code": "MA", "postal_code": "02110", "country_code": "us"
    });
    let summary = json!({
        "contact_email": login, "contact_phone": "+1 555-0100", "country_code": "us",
        "encoded_account_id": encoded_id, "first_name": "Sam", "last_name": "Owner",
        "organization_name": "Harbour Kitchen", "organization_phone": "+1 555-0101", "state_code": "MA",
        "time_zone_id": "US/Eastern", "website": "https://www.example.com"
    });
    let sender = json!({
        "email_address": login, "email_id": 1, "confirm_status": "CONFIRMED",
        "confirm_time": offset_millis(env.now()), "confirm_source_type": "SITE_OWNER",
        "roles": ["CONTACT", "BILLING", "REPLY_TO", "DEFAULT_FROM"], "pending_roles": []
    });
    Account { login, encoded_id, summary, physical_address: Some(address), emails: vec![sender], ..Account::default() }
}

/// A cooking school with a shop, three years old.
fn demo(sower: &mut Sower<'_>, account: &mut Account) {
    groups::add(sower, account);
    account.contacts = people::contacts(sower, account);
    account.index();
    let mut partings = timeline::planned(sower, &account.contacts);
    campaigns::add(sower, account, &mut partings);
    timeline::pass(account, &mut partings, sower.now);
    events::add(sower, account);
    social::add(sower, account);
    automations::add(sower, account);
    landing::add(sower, account);
    texts::add(sower, account);
    desk::add(sower, account);
    // Does the work of the jobs that were ordered.
    resources::tick(account, sower.env);
}

#[cfg(test)]
mod tests;
