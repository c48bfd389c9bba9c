//! A/B tests of a draft: a second subject, how many people take part, and how long to wait for the outcome.

use serde_json::{Value, json};

use super::body::{self, Body};
use super::campaign_checks::SUBJECT;
use super::campaign_content::find_primary;
use super::campaigns::status;
use super::refusal::{EMAILS, conflict, invalid, missing};
use super::validate::Checks;
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{AbTest, Account, Campaign, CampaignKind};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// A/B tests by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/emails/activities/{campaign_activity_id}/abtest", CAMPAIGN, "campaign:read", Handler::Account(get)),
    route(
        "POST",
        "/emails/activities/{campaign_activity_id}/abtest",
        CAMPAIGN,
        "campaign:write",
        Handler::Account(create),
    ),
    route(
        "DELETE",
        "/emails/activities/{campaign_activity_id}/abtest",
        CAMPAIGN,
        "campaign:write",
        Handler::Account(delete),
    ),
];

/// Hours that a test may take.
const HOURS: &[i64] = &[6, 12, 24, 48];

fn view(test: &AbTest) -> Value {
    json!({
        "alternative_subject": test.alternative_subject,
        "test_size": test.test_size,
        "winner_wait_duration": test.wait_hours,
    })
}

fn no_test() -> Reply {
    missing(EMAILS, "abtest not found")
}

/// `GET …/abtest`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let campaign = find_primary(account, call)?;
    campaign.ab_test.as_ref().map(|test| Reply::json(200, &view(test))).ok_or_else(no_test)
}

/// `POST …/abtest`: one for a draft, whose type it changes.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let campaign = find_primary(account, call)?;
    let sent = body::read(call, EMAILS)?;
    check(&sent)?;
    refuse_sent(campaign)?;
    if campaign.ab_test.is_some() {
        return Err(conflict(EMAILS, "The campaign activity already has an A/B test"));
    }
    let size = body::integer(&sent, "test_size").and_then(|size| u32::try_from(size).ok());
    let test = AbTest {
        alternative_subject: body::text(&sent, "alternative_subject").unwrap_or_default(),
        test_size: size.unwrap_or_default(),
        wait_hours: body::integer(&sent, "winner_wait_duration").unwrap_or_default(),
        trial: None,
    };
    let shown = view(&test);
    campaign.ab_test = Some(test);
    campaign.kind = CampaignKind::AbTest;
    campaign.updated_at = env.now();
    Ok(Reply::json(201, &shown))
}

fn check(sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    checks.filled("alternative_subject", SUBJECT).required("test_size").integer("test_size", 5..=50);
    checks.required("winner_wait_duration");
    let hours = body::integer(sent, "winner_wait_duration");
    if checks.has("winner_wait_duration") && hours.is_none_or(|hours| !HOURS.contains(&hours)) {
        checks.problem("winner_wait_duration", "does not have a valid value");
    }
    checks.done(EMAILS)
}

/// Tests are made and taken away while the mail is a draft.
fn refuse_sent(campaign: &Campaign) -> Result<(), Reply> {
    if campaign.status == status::DRAFT {
        return Ok(());
    }
    Err(invalid(EMAILS, "The campaign activity must be in DRAFT status"))
}

/// `DELETE …/abtest`: the first subject stays, and the type becomes that of a newsletter, whatever it was.
pub(super) fn delete(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let campaign = find_primary(account, call)?;
    if campaign.ab_test.is_none() {
        return Err(no_test());
    }
    refuse_sent(campaign)?;
    campaign.ab_test = None;
    campaign.kind = CampaignKind::Newsletter;
    campaign.updated_at = env.now();
    Ok(Reply::empty(204))
}
