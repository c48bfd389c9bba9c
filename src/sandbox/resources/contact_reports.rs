//! Reports about one contact: what it was sent and what it did, told one by one, as rates, and mail by mail.

use std::cmp::Reverse;
use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{Body, show};
use super::contact_history::{self as history, Period};
use super::query;
use super::refusal::{REPORTS, invalid, path_id, unknown};
use super::report_page;
use super::report_rows::Row;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, Did, LandingPage, Visit, Visited};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, millis};

const METRICS: &str = "ui:campaign:metrics";

/// Reports about one contact by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/reports/contact_reports/{contact_id}/activity_details", CONTACT, METRICS, Handler::Account(details)),
    route(
        "GET",
        "/reports/contact_reports/{contact_id}/open_and_click_rates",
        CONTACT,
        METRICS,
        Handler::Account(rates),
    ),
    route("GET", "/reports/contact_reports/{contact_id}/activity_summary", CONTACT, METRICS, Handler::Account(summary)),
];

/// Kinds of activity that can be asked for.
const KINDS: &[&str] = &[
    "em_sends",
    "em_opens",
    "em_clicks",
    "em_bounces",
    "em_optouts",
    "em_forwards",
    "p_contact_open",
    "p_contact_click",
    "p_contact_add",
    "p_contact_update",
];
/// The two ways to ask for them.
const LIST: &str = "tracking_activities_list";
const REPEATED: &str = "tracking_activity_type";
/// Whether rows tell the names of their campaigns.
const NAMES: &str = "include_campaign_activity_names";
/// Rows to a page, whether asked for or not.
const MAX_ROWS: usize = 100;
/// Longest period of the rates.
const MAX_YEARS: i64 = 5;
/// How many campaigns the summary goes back.
const MAX_CAMPAIGNS: usize = 200;

/// The place of the contact in the path; a deleted one keeps its reports.
fn find(account: &Account, call: &Call) -> Result<u32, Reply> {
    let id = path_id(call, "contact_id", REPORTS)?;
    let place = account.by_id.get(&id).and_then(|place| u32::try_from(*place).ok());
    place.ok_or_else(|| unknown(REPORTS, "contact_id"))
}

/// The id of the contact in the path, as answers write it.
fn id(call: &Call) -> String {
    call.param("contact_id").to_ascii_lowercase()
}

/// One line of the details: with a mail, or on a landing page.
enum Line<'a> {
    Mail(Row<'a>),
    Page(&'a LandingPage, &'a Visit),
}

impl<'a> Line<'a> {
    fn at(&self) -> Timestamp {
        match self {
            Self::Mail(row) => row.at,
            Self::Page(_, visit) => visit.at,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Mail(row) => row.kind(),
            Self::Page(_, visit) => match visit.kind {
                Visited::Open => "p_contact_open",
                Visited::Click => "p_contact_click",
                Visited::Add => "p_contact_add",
                Visited::Update => "p_contact_update",
                // Not among the kinds that can be asked for.
                Visited::SmsOptIn => "p_contact_sms_optin",
            },
        }
    }

    fn activity(&self) -> &'a str {
        match self {
            Self::Mail(row) => &row.sending.campaign_activity_id,
            Self::Page(page, _) => &page.campaign_activity_id,
        }
    }

    fn name(&self, account: &'a Account) -> Option<&'a str> {
        match self {
            Self::Mail(row) => {
                let own = account.campaigns.iter().find(|campaign| campaign.campaign_id == row.sending.campaign_id);
                own.map(|campaign| campaign.name.as_str())
            }
            Self::Page(page, _) => Some(page.name.as_str()),
        }
    }
}

/// `GET …/activity_details`.
pub(super) fn details(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let place = find(account, call)?;
    let wanted = kinds(call)?;
    let named = call.query(NAMES).is_none() || query::flag(call, NAMES, REPORTS)?;
    let page = report_page::open(call, MAX_ROWS, MAX_ROWS, env.now())?;
    let found = lines(account, place, page.until);
    let found = found.into_iter().filter(|line| wanted.iter().any(|kind| kind == line.kind()));
    let (found, links) = report_page::turn(&page, call, found);
    let shown: Vec<Value> = found.iter().map(|line| detail(account, call, line, named)).collect();
    let links = links.unwrap_or_else(|| json!({}));
    Ok(Reply::json(200, &json!({ "tracking_activities": shown, "_links": links })))
}

/// All lines of one contact up to a moment, newest first.
fn lines(account: &Account, place: u32, until: Timestamp) -> Vec<Line<'_>> {
    let mails = history::of(account, place).into_iter().filter(|row| row.at <= until);
    let mut lines: Vec<Line<'_>> = mails.map(Line::Mail).collect();
    for page in &account.landing_pages.pages {
        let own = page.happened(until).iter().rev().filter(|visit| visit.contact == place);
        lines.extend(own.map(|visit| Line::Page(page, visit)));
    }
    lines.sort_by_key(|line| Reverse(line.at()));
    lines
}

fn detail(account: &Account, call: &Call, line: &Line<'_>, named: bool) -> Value {
    let mut shown = Body::new();
    show(&mut shown, "contact_id", Some(id(call)));
    show(&mut shown, "campaign_activity_id", Some(line.activity()));
    show(&mut shown, "created_time", Some(millis(line.at())));
    show(&mut shown, "tracking_activity_type", Some(line.kind()));
    if named {
        show(&mut shown, "campaign_activity_name", line.name(account));
    }
    Value::Object(shown)
}

/// The kinds that were asked for, in one of two ways and not in both.
fn kinds(call: &Call) -> Result<Vec<String>, Reply> {
    let list = query::choices(call, LIST, KINDS, REPORTS)?;
    let repeated = query::choices(call, REPEATED, KINDS, REPORTS)?;
    match (list.is_empty(), repeated.is_empty()) {
        (true, true) => {
            let text = format!("{LIST}, {REPEATED} are missing, at least one parameter must be provided");
            Err(invalid(REPORTS, &text))
        }
        (false, false) => Err(invalid(REPORTS, &format!("{LIST}, {REPEATED} are mutually exclusive"))),
        (true, false) => Ok(repeated),
        (false, true) => Ok(list),
    }
}

/// `GET …/open_and_click_rates`: of the mails sent, how many were opened, and how many clicked in.
pub(super) fn rates(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let place = find(account, call)?;
    let period = Period::read(call)?.at_most(MAX_YEARS)?;
    let mails = history::by_mail(account, place, &period);
    let with = |did: Did| mails.iter().filter(|rows| rows.iter().any(|row| row.is(did))).count();
    let shown = json!({
        "contact_id": id(call),
        "included_activities_count": mails.len(),
        "average_open_rate": share(with(Did::Open), mails.len()),
        "average_click_rate": share(with(Did::Click), mails.len()),
    });
    Ok(Reply::json(200, &shown))
}

/// From 0 to 1; 0 of nothing.
fn share(part: usize, whole: usize) -> f64 {
    let number = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

/// `GET …/activity_summary`: what the contact did with each mail of its latest campaigns.
pub(super) fn summary(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let place = find(account, call)?;
    let period = Period::read(call)?;
    let mails = history::by_mail(account, place, &period);
    let mut campaigns: HashSet<&str> = HashSet::new();
    let recent = mails.iter().take_while(|rows| {
        campaigns.extend(rows.first().map(|row| row.sending.campaign_id.as_str()));
        campaigns.len() <= MAX_CAMPAIGNS
    });
    let shown: Vec<Value> = recent.map(|rows| counts(rows)).collect();
    Ok(Reply::json(200, &json!({ "contact_id": id(call), "campaign_activities": shown, "_links": {} })))
}

/// How often each thing happened with one mail.
fn counts(rows: &[Row<'_>]) -> Value {
    let count = |kind: &str| rows.iter().filter(|row| row.kind() == kind).count();
    json!({
        "campaign_activity_id": rows.first().map(|row| row.sending.campaign_activity_id.as_str()),
        "start_on": millis(history::sent_at(rows)),
        "em_bounces": count("em_bounces"),
        "em_clicks": count("em_clicks"),
        "em_forwards": count("em_forwards"),
        "em_opens": count("em_opens"),
        "em_sends": count("em_sends"),
        "em_unsubscribes": count("em_optouts"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_asked_for_in_exactly_one_way() {
        let asked = |pairs: &[(&str, &str)]| kinds(&Call::asking(pairs)).map_err(|reply| reply.status);
        let two = Ok(vec!["em_sends".to_owned(), "em_opens".to_owned()]);
        assert_eq!(asked(&[(LIST, "em_sends,em_opens")]), two);
        assert_eq!(asked(&[(REPEATED, "em_sends"), (REPEATED, "em_opens")]), two);
        assert_eq!(asked(&[]), Err(400));
        assert_eq!(asked(&[(LIST, "em_sends"), (REPEATED, "em_opens")]), Err(400));
        assert_eq!(asked(&[(LIST, "em_naps")]), Err(400));
    }
}
