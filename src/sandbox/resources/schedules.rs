//! Sending as callers see it: schedules, test mails, and the history of what went out.
//!
//! Sending now and sending later are the same thing here: a date, after which the campaign goes its way by itself.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{self, Body};
use super::campaign_checks::check_senders;
use super::campaign_content::{Part, find, find_primary, id_of, not_found};
use super::campaign_footer as footer;
use super::campaign_preview::test_mail;
pub(super) use super::campaign_sending::advance;
use super::campaigns::status;
use super::refusal::{EMAILS, invalid, too_many};
use super::validate::{Checks, instant, is_email};
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, Mail, Sending};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, millis};

/// Sending by method and path.
pub(super) const ROUTES: &[Route] = &[
    route(
        "GET",
        "/emails/activities/{campaign_activity_id}/schedules",
        CAMPAIGN,
        "campaign:read",
        Handler::Account(get),
    ),
    route(
        "POST",
        "/emails/activities/{campaign_activity_id}/schedules",
        CAMPAIGN,
        "campaign:send",
        Handler::Account(create),
    )
    .recorded()
    .simplified("A send fails only for a sender that is not confirmed or an address that is missing."),
    route(
        "DELETE",
        "/emails/activities/{campaign_activity_id}/schedules",
        CAMPAIGN,
        "campaign:send",
        Handler::Account(delete),
    ),
    route(
        "POST",
        "/emails/activities/{campaign_activity_id}/tests",
        CAMPAIGN,
        "campaign:send",
        Handler::Account(test_send),
    ),
    route(
        "GET",
        "/emails/activities/{campaign_activity_id}/send_history",
        CAMPAIGN,
        "campaign:read",
        Handler::Account(history),
    ),
];

/// Test mails that an account can send in a day.
const TESTS_PER_DAY: u32 = 50;
/// Addresses of one call for test mails.
const TESTS_PER_CALL: usize = 5;

/// `GET …/schedules`: empty unless the campaign is scheduled.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let (index, part) = find(account, call)?;
    let campaign = account.campaigns.get(index).ok_or_else(not_found)?;
    let date = campaign.primary.scheduled.filter(|_| part == Part::Primary && campaign.status == status::SCHEDULED);
    Ok(Reply::json(200, &schedule(date)))
}

fn schedule(date: Option<Timestamp>) -> Value {
    date.map_or_else(|| json!([]), |date| json!([{ "scheduled_date": millis(date) }]))
}

/// `POST …/schedules`: for a moment to come, or for now, which answers an empty array.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let id = find_primary(account, call)?.campaign_id.clone();
    let sent = body::read(call, EMAILS)?;
    let now = env.now();
    let date = read_date(&sent, now)?;
    let index = account.campaigns.iter().position(|campaign| campaign.campaign_id == id).ok_or_else(not_found)?;
    check_ready(account, index)?;
    let campaign = account.campaigns.get_mut(index).ok_or_else(not_found)?;
    campaign.primary.before = std::mem::replace(&mut campaign.status, status::SCHEDULED.to_owned());
    campaign.primary.scheduled = Some(date.unwrap_or(now));
    campaign.updated_at = now;
    advance(account, env, now);
    Ok(Reply::json(201, &schedule(date)))
}

/// The moment to send at; `None` for now, which is written as the text `0`.
fn read_date(sent: &Body, now: Timestamp) -> Result<Option<Timestamp>, Reply> {
    Checks::of(sent).required("scheduled_date").text("scheduled_date", 50).done(EMAILS)?;
    let text = body::text(sent, "scheduled_date").unwrap_or_default();
    if text == "0" {
        return Ok(None);
    }
    let date = instant(&text).ok_or_else(|| invalid(EMAILS, "scheduled_date is invalid"))?;
    if date <= now {
        return Err(invalid(EMAILS, "scheduled_date must be in the future"));
    }
    Ok(Some(date))
}

/// What a campaign must have before it can go out.
fn check_ready(account: &Account, index: usize) -> Result<(), Reply> {
    let campaign = account.campaigns.get(index).ok_or_else(not_found)?;
    if ![status::DRAFT, status::DONE, status::ERROR].contains(&campaign.status.as_str()) {
        return Err(invalid(EMAILS, "The campaign activity must be in DRAFT, DONE or ERROR status"));
    }
    let content = &campaign.primary.content;
    let named = |name: &str| !body::array(content, name).unwrap_or_default().is_empty();
    if !named("contact_list_ids") && !named("segment_ids") {
        return Err(invalid(
            EMAILS,
            "contact_list_ids, segment_ids are missing, at least one parameter must be provided",
        ));
    }
    if footer::of(account, content).is_none() {
        return Err(invalid(EMAILS, "The account has no physical address"));
    }
    check_senders(account, content)
}

/// `DELETE …/schedules`: back to what it was.
pub(super) fn delete(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let campaign = find_primary(account, call)?;
    if campaign.status != status::SCHEDULED {
        return Err(invalid(EMAILS, "The campaign activity is not scheduled"));
    }
    campaign.status = std::mem::take(&mut campaign.primary.before);
    campaign.primary.scheduled = None;
    campaign.updated_at = env.now();
    Ok(Reply::empty(204))
}

/// `GET …/send_history`: oldest first. A page on the web has none.
pub(super) fn history(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let (index, part) = find(account, call)?;
    let campaign = account.campaigns.get(index).ok_or_else(not_found)?;
    let sends: Vec<Value> = account.sendings_of(id_of(campaign, part)).map(sent).collect();
    Ok(Reply::json(200, &Value::Array(sends)))
}

/// A sending as the history shows it.
fn sent(sending: &Sending) -> Value {
    let outcome = if sending.went_out() { "COMPLETED" } else { "ERRORED" };
    json!({
        "send_id": sending.send_id,
        "contact_list_ids": sending.list_ids,
        "segment_ids": sending.segment_ids,
        "count": sending.recipients.len(),
        "run_date": millis(sending.at),
        "send_status": outcome,
        "reason_code": sending.reason_code,
    })
}

/// `POST …/tests`: five addresses a call, fifty a day for the account.
pub(super) fn test_send(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let id = find_primary(account, call)?.campaign_id.clone();
    let sent = body::read(call, EMAILS)?;
    check_test(&sent)?;
    let addresses = body::strings(&sent, "email_addresses");
    let now = env.now();
    count_tests(account, addresses.len(), now)?;
    let campaign = account.campaigns.iter().find(|campaign| campaign.campaign_id == id).ok_or_else(not_found)?;
    let content = &campaign.primary.content;
    let subject = body::text(content, "subject").unwrap_or_default();
    let html = test_mail(account, content, body::text(&sent, "personal_message").as_deref());
    let mail = |to| Mail { at: now, to, subject: subject.clone(), html: html.clone(), kind: "test".into() };
    let mails: Vec<Mail> = addresses.into_iter().map(mail).collect();
    account.outbox.extend(mails);
    Ok(Reply::empty(204))
}

fn check_test(sent: &Body) -> Result<(), Reply> {
    let address = |v: &Value| v.as_str().is_some_and(is_email);
    let some = |v: &Value| v.as_array().is_some_and(|all| all.len() <= TESTS_PER_CALL && all.iter().all(address));
    let mut checks = Checks::of(sent);
    checks.required("email_addresses").test("email_addresses", some).not_empty("email_addresses");
    checks.test("personal_message", Value::is_string).done(EMAILS)
}

/// Adds to the day's test mails, or refuses all of the call.
fn count_tests(account: &mut Account, more: usize, now: Timestamp) -> Result<(), Reply> {
    let day = now.strftime("%Y-%m-%d").to_string();
    let sent = account.test_sends.entry(day).or_insert(0);
    let total = sent.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
    if total > TESTS_PER_DAY {
        return Err(too_many(EMAILS, "Too many test emails today"));
    }
    *sent = total;
    Ok(())
}
