//! The second mail, to those who did not open the first: one for each campaign.
//!
//! Its id is the word `DRAFT` until it has a date, and a number from then on.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::body::{self, Body};
use super::campaign_checks::SUBJECT;
use super::campaign_content::{CUSTOM_CODE, find_primary, format};
use super::campaigns::status;
use super::refusal::{EMAILS, conflict, invalid, unknown};
use super::validate::Checks;
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, Campaign, Resend};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, later, millis};

/// Second mails by method and path.
pub(super) const ROUTES: &[Route] = &[
    route(
        "GET",
        "/emails/activities/{campaign_activity_id}/non_opener_resends",
        CAMPAIGN,
        "campaign:read",
        Handler::Account(get),
    ),
    route(
        "POST",
        "/emails/activities/{campaign_activity_id}/non_opener_resends",
        CAMPAIGN,
        "campaign:send",
        Handler::Account(create),
    ),
    route(
        "DELETE",
        "/emails/activities/{campaign_activity_id}/non_opener_resends/{resend_request_id}",
        CAMPAIGN,
        "campaign:send",
        Handler::Account(delete),
    ),
];

/// Minutes of a day.
const DAY: i64 = 1_440;

const IS_DRAFT: &str = "DRAFT";
const IS_SCHEDULED: &str = "SCHEDULED";
const IS_DONE: &str = "DONE";
const IS_ERROR: &str = "ERROR";

/// How far a second mail has come.
pub(super) fn state(campaign: &Campaign, resend: &Resend) -> &'static str {
    let underway = [status::SCHEDULED, status::EXECUTING].contains(&campaign.status.as_str());
    match (resend.sent, resend.due) {
        (Some(_), _) if resend.failed => IS_ERROR,
        (Some(_), _) => IS_DONE,
        (None, Some(_)) => IS_SCHEDULED,
        (None, None) if underway => IS_SCHEDULED,
        (None, None) => IS_DRAFT,
    }
}

fn request_id(campaign: &Campaign, resend: &Resend) -> String {
    if state(campaign, resend) == IS_DRAFT { IS_DRAFT.to_owned() } else { resend.number.to_string() }
}

/// A second mail as the answer to its making shows it.
fn view(campaign: &Campaign, resend: &Resend) -> Body {
    let days = (resend.delay_minutes % DAY == 0).then_some(resend.delay_minutes / DAY);
    let mut shown = Body::new();
    body::show(&mut shown, "delay_days", days);
    body::show(&mut shown, "delay_minutes", Some(resend.delay_minutes));
    body::show(&mut shown, "resend_subject", Some(resend.subject.clone()));
    body::show(&mut shown, "resend_request_id", Some(request_id(campaign, resend)));
    body::show(&mut shown, "resend_date", resend.sent.map(millis));
    shown
}

/// `GET …/non_opener_resends`: an array with one or none. A draft shows no status.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let campaign = find_primary(account, call)?;
    let shown = campaign.resend.iter().map(|resend| {
        let mut shown = view(campaign, resend);
        let state = state(campaign, resend);
        body::show(&mut shown, "resend_status", (state != IS_DRAFT).then_some(state));
        Value::Object(shown)
    });
    let shown: Vec<Value> = shown.collect();
    Ok(Reply::json(200, &Value::Array(shown)))
}

/// `POST …/non_opener_resends`. The contract has one object in the answer, the guide an array; here it is an array.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let activity = find_primary(account, call)?.primary.campaign_activity_id.clone();
    let first = account.sendings_of(&activity).find(|sending| sending.went_out()).map(|sending| sending.at);
    let campaign = find_primary(account, call)?;
    let sent = body::read(call, EMAILS)?;
    check(&sent)?;
    refuse_unfit(campaign)?;
    let delay_minutes = delay(&sent);
    let now = env.now();
    let resend = Resend {
        campaign_activity_id: env.uuid_v4(),
        number: 100_000 + env.random() % 900_000,
        subject: body::text(&sent, "resend_subject").unwrap_or_default(),
        delay_minutes,
        due: due(first, delay_minutes, now)?,
        ..Resend::default()
    };
    let shown = view(campaign, &resend);
    campaign.resend = Some(resend);
    campaign.updated_at = now;
    Ok(Reply::json(201, &json!([shown])))
}

fn check(sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    checks.filled("resend_subject", SUBJECT).any_of(&["delay_days", "delay_minutes"]).integer("delay_days", 1..=10);
    if !checks.has("delay_days") {
        checks.integer("delay_minutes", 720..=14_400);
    }
    checks.done(EMAILS)
}

/// The delay in minutes. Where days were sent too, the minutes count for nothing.
fn delay(sent: &Body) -> i64 {
    let days = body::integer(sent, "delay_days").map(|days| days.saturating_mul(DAY));
    days.or_else(|| body::integer(sent, "delay_minutes")).unwrap_or(DAY)
}

/// Custom code only, in the states that the contract names, and one at most.
fn refuse_unfit(campaign: &Campaign) -> Result<(), Reply> {
    if campaign.resend.is_some() {
        return Err(conflict(EMAILS, "The campaign activity already has a resend to non-openers"));
    }
    if ![status::DRAFT, status::SCHEDULED, status::DONE].contains(&campaign.status.as_str()) {
        return Err(invalid(EMAILS, "The campaign activity must be in DRAFT, SCHEDULED or DONE status"));
    }
    if format(&campaign.primary.content) != CUSTOM_CODE {
        return Err(invalid(EMAILS, "The campaign activity must have the format_type 5"));
    }
    Ok(())
}

/// When the second mail goes out, if the first has. It cannot be made up for once that moment has passed.
fn due(first: Option<Timestamp>, delay_minutes: i64, now: Timestamp) -> Result<Option<Timestamp>, Reply> {
    let due = first.map(|at| later(at, SignedDuration::from_mins(delay_minutes)));
    if due.is_some_and(|due| due <= now) {
        return Err(invalid(EMAILS, "The delay after the first send has already passed"));
    }
    Ok(due)
}

/// `DELETE …/non_opener_resends/{resend_request_id}`: before it is sent.
pub(super) fn delete(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let campaign = find_primary(account, call)?;
    let wanted = call.param("resend_request_id");
    let resend = campaign.resend.as_ref().filter(|resend| request_id(campaign, resend) == wanted);
    let resend = resend.ok_or_else(|| unknown(EMAILS, "resend_request_id"))?;
    if resend.sent.is_some() {
        return Err(conflict(EMAILS, "The resend to non-openers has already been sent"));
    }
    campaign.resend = None;
    campaign.updated_at = env.now();
    Ok(Reply::empty(204))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(sent: &Value) -> Result<i64, u16> {
        let sent = sent.as_object().cloned().unwrap_or_default();
        check(&sent).map(|()| delay(&sent)).map_err(|reply| reply.status)
    }

    #[test]
    fn delays() {
        assert_eq!(minutes(&json!({ "resend_subject": "s", "delay_days": 3 })), Ok(4_320));
        assert_eq!(minutes(&json!({ "resend_subject": "s", "delay_minutes": 720 })), Ok(720));
        // Whatever the minutes are, the days count.
        assert_eq!(minutes(&json!({ "resend_subject": "s", "delay_days": 1, "delay_minutes": 5 })), Ok(1_440));
        for sent in [
            json!({ "resend_subject": "s" }),
            json!({ "delay_days": 1 }),
            json!({ "resend_subject": "s", "delay_days": 11 }),
            json!({ "resend_subject": "s", "delay_minutes": 719 }),
        ] {
            assert_eq!(minutes(&sent), Err(400), "{sent}");
        }
    }

    #[test]
    fn the_id_is_a_number_once_there_is_a_date() {
        let mut campaign = Campaign { status: status::DRAFT.to_owned(), ..Campaign::default() };
        let mut resend = Resend { number: 389_093, ..Resend::default() };
        assert_eq!(request_id(&campaign, &resend), IS_DRAFT);
        status::SCHEDULED.clone_into(&mut campaign.status);
        assert_eq!(request_id(&campaign, &resend), "389093");
        resend.sent = Some(Timestamp::default());
        assert_eq!(state(&campaign, &resend), IS_DONE);
    }

    #[test]
    fn what_has_passed_cannot_be_scheduled() {
        let now = Timestamp::default();
        assert!(due(Some(now), 720, later(now, SignedDuration::from_mins(720))).is_err());
        assert!(matches!(due(None, 720, now), Ok(None)));
    }
}
