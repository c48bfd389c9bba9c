//! The campaigns of a year and a half, in the order in which they were made, and what went out of them.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::groups::{GIFTS, GUESTS, NEWS, SHOP, WHOLESALE, WINE, YOUNG};
use super::letters::{LETTERS, Letter, html};
use super::timeline::{Parting, pass};
use super::{DAY, HOUR, Sower, shifted};
use crate::sandbox::account::{
    AbTest, AbTrial, Account, Campaign, CampaignActivity, CampaignKind, Did, Resend, Sending,
};
use crate::sandbox::engagement;
use crate::sandbox::env::Env;
use crate::sandbox::resources::permission::mailable;

/// What has become of a campaign.
#[derive(Clone, Copy)]
enum Fate {
    Sent,
    /// And once more to those who did nothing with it.
    SentTwice,
    /// Two subjects were tried.
    Tested,
    Scheduled,
    Draft,
    Removed,
}

/// How many days ago each letter was made, what became of it, and for which lists it is. It went out two days later.
const CALENDAR: &[(i64, Fate, &[usize])] = &[
    (540, Fate::Sent, &[NEWS]),
    (494, Fate::Sent, &[GUESTS, SHOP]),
    (448, Fate::Sent, &[NEWS]),
    (401, Fate::Sent, &[WINE]),
    (355, Fate::Sent, &[YOUNG]),
    (310, Fate::Sent, &[SHOP, WHOLESALE]),
    (262, Fate::Sent, &[NEWS]),
    (240, Fate::Removed, &[WHOLESALE]),
    (214, Fate::Sent, &[NEWS]),
    (165, Fate::SentTwice, &[NEWS, GIFTS]),
    (110, Fate::Sent, &[GUESTS, WINE]),
    (48, Fate::Tested, &[NEWS]),
    (3, Fate::Sent, &[NEWS]),
    (2, Fate::Draft, &[]),
    (1, Fate::Scheduled, &[GUESTS]),
];

/// Of a hundred people, how many get each of two subjects.
const TEST_SIZE: u32 = 10;
/// The second of them.
const OTHER_SUBJECT: &str = "One minute for your favourite dish";
/// The segment that the next campaign goes to as well: who clicked lately.
const CLICKED: u64 = 2;

/// All campaigns of the small business.
pub(super) fn add(sower: &mut Sower<'_>, account: &mut Account, partings: &mut Vec<Parting>) {
    for (letter, (days, fate, lists)) in LETTERS.iter().zip(CALENDAR) {
        let ids: Vec<String> =
            lists.iter().filter_map(|place| account.lists.get(*place)).map(|list| list.list_id.clone()).collect();
        let mut campaign = drafted(sower, account, letter, ids, *days);
        let (due, next_day) = (sower.morning(days - 2), shifted(campaign.created_at, DAY));
        match fate {
            Fate::Draft => {}
            Fate::Removed => finish(&mut campaign, "Removed", next_day),
            Fate::Scheduled => schedule(sower, &mut campaign),
            Fate::Sent => sent(sower, account, partings, &mut campaign, due),
            Fate::SentTwice => sent_twice(sower, account, partings, &mut campaign, due),
            Fate::Tested => tested(sower, account, partings, &mut campaign, due),
        }
        account.campaigns.push(campaign);
    }
}

/// A campaign as it was made, so many days ago.
pub(super) fn drafted(
    sower: &mut Sower<'_>,
    account: &Account,
    letter: &Letter,
    list_ids: Vec<String>,
    days: i64,
) -> Campaign {
    let at = sower.morning(days);
    let primary = CampaignActivity {
        campaign_activity_id: sower.env.uuid_v4(),
        content: content(account, letter, list_ids),
        ..CampaignActivity::default()
    };
    Campaign {
        campaign_id: sower.env.uuid_v4(),
        name: letter.name.to_owned(),
        status: "Draft".to_owned(),
        created_at: at,
        updated_at: at,
        primary,
        permalink_id: sower.env.uuid_v4(),
        ..Campaign::default()
    }
}

fn content(account: &Account, letter: &Letter, list_ids: Vec<String>) -> Map<String, Value> {
    let mut content = Map::new();
    let mut set = |name: &str, value: Value| content.insert(name.to_owned(), value);
    set("format_type", json!(5));
    set("from_name", "Harbour Kitchen".into());
    set("from_email", account.login.as_str().into());
    set("reply_to_email", account.login.as_str().into());
    set("subject", letter.subject.into());
    if !letter.preheader.is_empty() {
        set("preheader", letter.preheader.into());
    }
    set("html_content", html(letter).into());
    set("contact_list_ids", list_ids.into());
    set("segment_ids", json!([]));
    content
}

/// Ends the work on a campaign.
fn finish(campaign: &mut Campaign, status: &str, at: Timestamp) {
    status.clone_into(&mut campaign.status);
    campaign.updated_at = at;
}

/// It is to go out in six days, and to a segment besides its list.
fn schedule(sower: &Sower<'_>, campaign: &mut Campaign) {
    campaign.primary.before = std::mem::replace(&mut campaign.status, "Scheduled".to_owned());
    campaign.primary.scheduled = Some(sower.morning(-6));
    campaign.primary.content.insert("segment_ids".to_owned(), json!([CLICKED]));
}

/// Went out to everybody on its lists.
pub(super) fn sent(
    sower: &Sower<'_>,
    account: &mut Account,
    partings: &mut Vec<Parting>,
    campaign: &mut Campaign,
    at: Timestamp,
) {
    pass(account, partings, at);
    let mail = prepared(campaign, at);
    let people = recipients(account, &mail);
    dispatch(sower.env, account, mail, people);
    finish(campaign, "Done", at);
}

/// The mail of a campaign, without its recipients.
fn prepared(campaign: &Campaign, at: Timestamp) -> Sending {
    let content = &campaign.primary.content;
    let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let lists = content.get("contact_list_ids").and_then(Value::as_array).into_iter().flatten();
    let html = text("html_content");
    Sending {
        send_id: 1,
        campaign_id: campaign.campaign_id.clone(),
        campaign_activity_id: campaign.primary.campaign_activity_id.clone(),
        at,
        list_ids: lists.filter_map(Value::as_str).map(str::to_owned).collect(),
        subject: text("subject"),
        links: engagement::links(&html),
        html,
        ..Sending::default()
    }
}

/// Places of those on its lists who were there by then and can be mailed.
fn recipients(account: &Account, mail: &Sending) -> Vec<u32> {
    let wanted = (0_u32..).zip(&account.contacts).filter(|(_, contact)| {
        contact.created_at <= mail.at
            && mailable(contact)
            && contact.list_memberships.iter().any(|id| mail.list_ids.contains(id))
    });
    wanted.map(|(place, _)| place).collect()
}

/// Keeps a sending, with all that will come of it.
fn dispatch(env: &Env, account: &mut Account, mut mail: Sending, mut people: Vec<u32>) {
    people.shrink_to_fit();
    mail.recipients = people;
    engagement::foresee(&mut mail, &account.contacts, env);
    mail.events.shrink_to_fit();
    account.sendings.push(mail);
}

/// Went out, and three days later once more to those who had done nothing with it.
fn sent_twice(
    sower: &mut Sower<'_>,
    account: &mut Account,
    partings: &mut Vec<Parting>,
    campaign: &mut Campaign,
    at: Timestamp,
) {
    sent(sower, account, partings, campaign, at);
    let again = shifted(at, 3 * DAY);
    pass(account, partings, again);
    let first = prepared(campaign, again);
    let people = idle(account, &first.campaign_activity_id, again);
    let resend = Resend {
        campaign_activity_id: sower.env.uuid_v4(),
        number: 100_000 + sower.env.random() % 900_000,
        subject: format!("Did you see this? {}", first.subject),
        delay_minutes: 3 * 24 * 60,
        sent: Some(again),
        ..Resend::default()
    };
    let (activity, subject) = (resend.campaign_activity_id.clone(), resend.subject.clone());
    dispatch(sower.env, account, Sending { campaign_activity_id: activity, subject, ..first }, people);
    campaign.resend = Some(resend);
    campaign.updated_at = again;
}

/// Who had a mail, has done nothing with it by then, and can still be mailed.
fn idle(account: &Account, activity: &str, by: Timestamp) -> Vec<u32> {
    let mut people = Vec::new();
    for sending in account.sendings_of(activity) {
        let events = sending.events.iter().filter(|event| event.at <= by);
        let stirred: HashSet<u32> = events.map(|event| event.contact).collect();
        people.extend(sending.recipients.iter().copied().filter(|place| !stirred.contains(place)));
    }
    people.retain(|place| account.contacts.get(*place as usize).is_some_and(mailable));
    people
}

/// Went out under two subjects to some, and a day later under the better one to the rest.
fn tested(
    sower: &Sower<'_>,
    account: &mut Account,
    partings: &mut Vec<Parting>,
    campaign: &mut Campaign,
    at: Timestamp,
) {
    pass(account, partings, at);
    let mail = prepared(campaign, at);
    let other = Sending { send_id: 2, subject: OTHER_SUBJECT.to_owned(), ..mail.clone() };
    let (subjects, decides_at) = ([mail.subject.clone(), other.subject.clone()], shifted(at, 24 * HOUR));
    let (first, second, mut rest) = dealt(&recipients(account, &mail));
    let last = Sending { send_id: 3, at: decides_at, ..mail.clone() };
    dispatch(sower.env, account, mail, first);
    dispatch(sower.env, account, other, second);
    pass(account, partings, decides_at);
    let winner = better(account, &campaign.primary.campaign_activity_id, decides_at, subjects);
    rest.retain(|place| account.contacts.get(*place as usize).is_some_and(mailable));
    dispatch(sower.env, account, Sending { subject: winner.clone(), ..last }, rest);
    let trial = AbTrial { sends: (1, 2), rest: Vec::new(), decides_at, winner: Some(winner) };
    let alternative_subject = OTHER_SUBJECT.to_owned();
    let test = AbTest { alternative_subject, test_size: TEST_SIZE, wait_hours: 24, trial: Some(trial) };
    campaign.ab_test = Some(test);
    campaign.kind = CampaignKind::AbTest;
    finish(campaign, "Done", decides_at);
}

/// One in ten for each subject, and the rest.
fn dealt(people: &[u32]) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let (mut first, mut second, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for (turn, place) in (0_u32..).zip(people) {
        match turn % (100 / TEST_SIZE) {
            0 => first.push(*place),
            1 => second.push(*place),
            _ => rest.push(*place),
        }
    }
    (first, second, rest)
}

/// The subject that more people opened by then; the first where they are even.
fn better(account: &Account, activity: &str, by: Timestamp, [first, second]: [String; 2]) -> String {
    let openers = |number: u64| {
        let sent = account.sendings_of(activity).filter(|sending| sending.send_id == number);
        let opens = sent.flat_map(|sending| &sending.events).filter(|e| e.kind == Did::Open && e.at <= by);
        opens.map(|event| event.contact).collect::<HashSet<u32>>().len()
    };
    if openers(2) > openers(1) { second } else { first }
}
