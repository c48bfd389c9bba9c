//! One page on the web, with half a year of visits: people who found the school there, and people it knew already.

use jiff::Timestamp;

use super::{DAY, Sower, shifted};
use crate::sandbox::account::{Account, Contact, Device, LandingPage, Visit, Visited};

/// How long the page has been there.
const AGE: i64 = 180 * DAY;

/// The page.
pub(super) fn add(sower: &mut Sower<'_>, account: &mut Account) {
    let since = sower.ago(AGE);
    let mut visits = Vec::new();
    for (place, contact) in (0_u32..).zip(&account.contacts) {
        if contact.created_at >= since && contact.create_source == "Contact" && sower.dice.percent(40) {
            joined(sower, &mut visits, place, contact);
        } else if contact.created_at < since && sower.dice.percent(4) {
            returned(sower, &mut visits, place, since);
        }
    }
    account.landing_pages.publish(LandingPage {
        campaign_activity_id: sower.env.uuid_v4(),
        name: "A free recipe book".to_owned(),
        links: vec![
            "https://www.example.com/recipes/book".to_owned(),
            "https://www.example.com/courses".to_owned(),
            "https://www.example.com/visit".to_owned(),
        ],
        visits,
    });
}

/// Opened the page, became a contact by its form, and perhaps looked further.
fn joined(sower: &mut Sower<'_>, visits: &mut Vec<Visit>, contact: u32, person: &Contact) {
    let device = device(sower);
    let at = person.created_at;
    visits.push(Visit { contact, kind: Visited::Open, at: shifted(at, -40 - sower.dice.up_to(200)), link: 0, device });
    visits.push(Visit { contact, kind: Visited::Add, at, link: 0, device });
    if person.sms_channel.is_some() {
        visits.push(Visit { contact, kind: Visited::SmsOptIn, at, link: 0, device });
    }
    click(sower, visits, contact, at, device);
}

/// Somebody whom the school knew looked at the page; some changed their data there.
fn returned(sower: &mut Sower<'_>, visits: &mut Vec<Visit>, contact: u32, since: Timestamp) {
    let device = device(sower);
    let at = sower.since(since);
    visits.push(Visit { contact, kind: Visited::Open, at, link: 0, device });
    if sower.dice.percent(20) {
        visits.push(Visit { contact, kind: Visited::Update, at: shifted(at, 90), link: 0, device });
    }
    click(sower, visits, contact, at, device);
}

fn click(sower: &mut Sower<'_>, visits: &mut Vec<Visit>, contact: u32, at: Timestamp, device: Device) {
    if sower.dice.percent(45) {
        let link = u16::try_from(sower.dice.below(3)).unwrap_or(0);
        let at = shifted(at, 5 + sower.dice.up_to(120));
        visits.push(Visit { contact, kind: Visited::Click, at, link, device });
    }
}

fn device(sower: &mut Sower<'_>) -> Device {
    match sower.dice.below(4) {
        0 => Device::Computer,
        1 => Device::Tablet,
        _ => Device::Mobile,
    }
}
