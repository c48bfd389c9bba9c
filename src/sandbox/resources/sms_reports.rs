//! Text messages: the report on campaigns, and what one contact agreed to and took back.
//!
//! Both read the campaigns that an account started with; the API cannot make one.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{Body, show};
use super::query;
use super::refusal::{REPORTS, invalid};
use super::report_page;
use super::sms_channel;
use super::sms_history::{Change, consents, row};
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, SmsCampaign, SmsDid, SmsEvent, SmsTally};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, millis};

/// Text message reports by method and path.
pub(super) const ROUTES: &[Route] = &[route("GET", SUMMARIES, CAMPAIGN, "ui:campaign:metrics", Handler::Account(list))
    .simplified("No message can be sent: campaigns come from the demo data, or from a state that was brought in.")];

const SUMMARIES: &str = "/reports/summary_reports/sms_campaign_summaries";
/// Campaigns to a page, at most and by default.
const MAX_ROWS: usize = 50;

/// `GET /reports/summary_reports/sms_campaign_summaries`: the percentages are those of the page.
pub(super) fn list(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let page = report_page::open(call, MAX_ROWS, MAX_ROWS, env.now())?;
    let start = query::moment(call, "start_at", REPORTS)?;
    let start = start.ok_or_else(|| invalid(REPORTS, "start_at is missing"))?;
    let end = query::moment(call, "end_at", REPORTS)?;
    let now = page.until;
    let wanted = |campaign: &&SmsCampaign| {
        campaign.at <= now && campaign.at >= start && end.is_none_or(|end| campaign.at <= end)
    };
    let mut found: Vec<&SmsCampaign> = account.sms.campaigns.iter().filter(wanted).collect();
    found.sort_by_key(|campaign| Reverse(campaign.at));
    let (found, links) = report_page::turn(&page, call, found.into_iter());
    let counted: Vec<_> = found.into_iter().map(|campaign| (campaign, SmsTally::of(campaign, now))).collect();
    let total = counted.iter().fold(SmsTally::default(), |total, (_, tally)| total.plus(*tally));
    let shown: Vec<Value> = counted.iter().map(|(campaign, tally)| summary(campaign, tally)).collect();
    let mut answer = Body::new();
    show(&mut answer, "bulk_sms_campaign_summaries", Some(shown));
    show(&mut answer, "aggregate_percents", Some(percents(&total)));
    show(&mut answer, "_links", links);
    Ok(Reply::json(200, &Value::Object(answer)))
}

/// One campaign and its sums. Nobody can tell whether a text message was opened, so that count is left out.
fn summary(campaign: &SmsCampaign, tally: &SmsTally) -> Value {
    json!({
        "campaign_id": campaign.campaign_id,
        "campaign_name": campaign.name,
        "last_sent_date": millis(campaign.at),
        "unique_counts": {
            "sends": tally.sends,
            "delivers": tally.delivers,
            "clicks": tally.clicks,
            "optouts": tally.opt_outs,
        },
        "campaign_type": "SMS",
    })
}

/// Deliveries and what came back are shares of the sends; the rest are shares of the deliveries.
fn percents(total: &SmsTally) -> Value {
    json!({
        "deliver": percent(total.delivers, total.sends),
        "click": percent(total.clicks, total.delivers),
        "bounce": percent(total.sends.saturating_sub(total.delivers), total.sends),
        "unsubscribe": percent(total.opt_outs, total.delivers),
    })
}

/// A share in whole percent, halves upwards; nothing of nothing is none.
fn percent(part: usize, whole: usize) -> f64 {
    let doubled = part.saturating_mul(200).saturating_add(whole);
    let rounded = doubled.checked_div(whole.saturating_mul(2)).unwrap_or(0);
    f64::from(u32::try_from(rounded).unwrap_or(u32::MAX))
}

/// Applies the opt-outs that have come due: who replies STOP gets no more messages.
pub(super) fn advance(account: &mut Account, now: Timestamp) {
    let Account { sms, contacts, .. } = account;
    for campaign in &mut sms.campaigns {
        while let Some(event) = campaign.events.get(campaign.applied).filter(|event| event.at <= now) {
            if event.kind == SmsDid::OptOut
                && let Some(contact) = contacts.get_mut(event.contact as usize)
            {
                sms_channel::leave(contact, event.at);
            }
            campaign.applied += 1;
        }
    }
}

/// The body of `GET /contacts/sms_engagement_history/{contact_id}`: newest first, empty for who never had a number.
pub(super) fn engagement_history(account: &Account, place: usize) -> Value {
    let contact = account.contacts.get(place);
    let found = contact.and_then(|contact| Some((contact, contact.sms_channel.as_ref()?)));
    let Some((contact, channel)) = found else { return json!([]) };
    let mut changes = replies(account, place);
    changes.extend(consents(channel));
    changes.sort_by_key(|change| Reverse(change.key()));
    // A reply is also what the channel shows; the reply, which came first, knows more.
    changes.dedup_by_key(|change| change.key());
    changes.iter().map(|change| row(contact, channel, change)).collect()
}

/// Opt-outs in reply to a campaign.
fn replies(account: &Account, place: usize) -> Vec<Change> {
    let mut replies = Vec::new();
    for campaign in &account.sms.campaigns {
        let left = |event: &&SmsEvent| event.kind == SmsDid::OptOut && event.contact as usize == place;
        replies.extend(campaign.applied().iter().filter(left).map(|event| Change {
            at: event.at,
            opt_out: true,
            source: "C",
            number: Some(campaign.source_number.clone()),
        }));
    }
    replies
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::sandbox::account::Contact;
    use crate::sandbox::env::{Clock, Options, later};

    fn second(n: i64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, SignedDuration::from_secs(n))
    }

    /// Ten recipients: eight have it, two of them follow the link, one twice, and one leaves.
    fn account() -> Account {
        let channel = json!({
            "sms_channel_id": "3fa85f64-5712-11ef-b3fc-fa163e66bfc6", "create_source": "Contact",
            "sms_channel_consents": [{
                "sms_consent_permission": "explicit", "consent_type": "promotional_sms",
                "opt_in_date": "1970-01-01T00:00:05Z", "advertised_frequency": "2", "advertised_interval": "monthly",
            }],
        });
        let contact = Contact { sms_channel: Some(channel), ..Contact::default() };
        let mut account = Account { contacts: vec![contact], ..Account::default() };
        let event = |contact, kind, at| SmsEvent { contact, kind, at: second(at) };
        let mut events: Vec<SmsEvent> = (0..8).map(|contact| event(contact, SmsDid::Delivery, 11)).collect();
        events.push(event(0, SmsDid::OptOut, 40));
        events.extend([(1, 20), (1, 21), (2, 22)].map(|(contact, at)| event(contact, SmsDid::Click, at)));
        let (recipients, source_number) = ((0..10).collect(), "6035550239".to_owned());
        account.sms.send(SmsCampaign { at: second(10), recipients, source_number, events, ..SmsCampaign::default() });
        account
    }

    fn asked(query: &[(&str, &str)], now: i64) -> (u16, Value) {
        let mut env = Env::new(Options { clock: Clock::Fixed(second(now)), ..Options::default() });
        let (Ok(reply) | Err(reply)) = list(&mut account(), &mut env, &Call::asking(query));
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or_default())
    }

    #[test]
    fn people_count_once_and_percentages_follow() {
        let (_, page) = asked(&[("start_at", "1970-01-01T00:00:00Z")], 50);
        let counts = page.pointer("/bulk_sms_campaign_summaries/0/unique_counts");
        assert_eq!(counts, Some(&json!({ "sends": 10, "delivers": 8, "clicks": 2, "optouts": 1 })));
        let wanted = json!({ "deliver": 80.0, "click": 25.0, "bounce": 20.0, "unsubscribe": 13.0 });
        assert_eq!(page.get("aggregate_percents"), Some(&wanted));
        assert_eq!(page.get("_links"), None);
    }

    #[test]
    fn both_ends_of_the_range_belong_to_it() {
        let rows = |start, end, now| {
            let (_, page) = asked(&[("start_at", start), ("end_at", end)], now);
            page.get("bulk_sms_campaign_summaries").and_then(Value::as_array).map_or(9, Vec::len)
        };
        assert_eq!(rows("1970-01-01T00:00:10Z", "1970-01-01T00:00:10Z", 50), 1);
        assert_eq!(rows("1970-01-01T00:00:11Z", "1970-01-01T00:00:20Z", 50), 0);
        assert_eq!(rows("1970-01-01T00:00:00Z", "1970-01-01T00:00:09Z", 50), 0);
        assert_eq!(rows("1970-01-01T00:00:00Z", "1970-01-01T00:00:20Z", 9), 0);
        assert_eq!(asked(&[], 50).0, 400);
    }

    #[test]
    fn an_opt_out_ends_the_consent_and_is_in_the_history_once() {
        let mut account = account();
        advance(&mut account, second(39));
        assert_eq!(engagement_history(&account, 0).as_array().map(Vec::len), Some(1));
        advance(&mut account, second(40));
        let history = engagement_history(&account, 0);
        let rows = history.as_array().into_iter().flatten();
        let actions: Vec<_> = rows.map(|row| row.pointer("/history_details")).collect();
        let of = |nth: usize, name: &str| actions.get(nth).copied().flatten().and_then(|a| a.get(name)).cloned();
        assert_eq!(actions.len(), 2);
        assert_eq!(of(0, "consent_action_type"), Some(json!("opt_out")));
        assert_eq!(of(0, "source_sms_number"), Some(json!("6035550239")));
        assert_eq!(of(1, "consent_medium_type"), Some(json!("LF")));
        assert_eq!(of(1, "advertised_frequency"), Some(json!(2)));
        assert_eq!(of(1, "advertised_interval"), Some(json!("M")));
        assert_eq!(of(1, "consent_action_time"), Some(json!("1970-01-01 00:00:05 +0000")));
    }

    #[test]
    fn nothing_of_nothing_is_none() {
        assert_eq!(percents(&SmsTally::default())["deliver"], json!(0.0));
    }
}
