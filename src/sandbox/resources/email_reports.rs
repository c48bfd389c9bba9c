//! Reports about one campaign activity: who was sent it, who opened, clicked, passed it on, left or never had it.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::body::show;
use super::query;
use super::refusal::{REPORTS, invalid};
use super::report_page::{self, ReportPage};
use super::report_rows::{self as rows, Mailed, Places, Row};
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, Did};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

const METRICS: &str = "ui:campaign:metrics";
const ADDRESS_NOW: &str = "Rows show the address that the contact has now, also where the mail went to an earlier one.";

/// A report with a row for each thing that happened.
const fn tracking(path: &'static str, handler: fn(&mut Account, &mut Env, &Call) -> Answer) -> Route {
    route("GET", path, CAMPAIGN, METRICS, Handler::Account(handler)).simplified(ADDRESS_NOW)
}

/// Reports about one activity by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/reports/email_reports/{campaign_activity_id}/links", CAMPAIGN, METRICS, Handler::Account(links)),
    tracking("/reports/email_reports/{campaign_activity_id}/tracking/sends", sends),
    tracking("/reports/email_reports/{campaign_activity_id}/tracking/opens", opens),
    tracking("/reports/email_reports/{campaign_activity_id}/tracking/unique_opens", unique_opens),
    tracking("/reports/email_reports/{campaign_activity_id}/tracking/didnotopens", did_not_opens),
    tracking("/reports/email_reports/{campaign_activity_id}/tracking/clicks", clicks),
    tracking("/reports/email_reports/{campaign_activity_id}/tracking/forwards", forwards),
    tracking("/reports/email_reports/{campaign_activity_id}/tracking/optouts", opt_outs),
    tracking("/reports/email_reports/{campaign_activity_id}/tracking/bounces", bounces),
];

/// Rows to a page, whether asked for or not.
const MAX_ROWS: usize = 500;
/// Why a mail can come back.
const BOUNCE_CODES: &[&str] = &["B", "D", "F", "S", "V", "X", "Z"];

/// The activity in the path, and the page that was asked for.
fn open<'a>(account: &'a Account, env: &Env, call: &Call) -> Result<(Mailed<'a>, ReportPage), Reply> {
    let page = report_page::open(call, MAX_ROWS, MAX_ROWS, env.now())?;
    Ok((rows::find(account, call, page.until)?, page))
}

/// `GET …/links`: each address once, the clicked ones unless all are asked for.
pub(super) fn links(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let mailed = rows::find(account, call, env.now())?;
    let all = query::flag(call, "no_clicks", REPORTS)?;
    let links = mailed.links();
    let mut who: HashMap<i64, HashSet<u32>> = HashMap::new();
    for row in mailed.done() {
        if let Some((id, _)) = links.clicked(&row) {
            who.entry(id).or_default().insert(row.place);
        }
    }
    let counted = links.all().map(|(id, url)| (id, url, who.get(&id).map_or(0, HashSet::len)));
    let view = |(id, url, clicks): (i64, &str, usize)| json!({ "link_url": url, "url_id": id.to_string(), "unique_clicks": clicks });
    let shown: Vec<Value> = counted.filter(|(_, _, clicks)| all || *clicks > 0).map(view).collect();
    let id = call.param("campaign_activity_id").to_ascii_lowercase();
    Ok(Reply::json(200, &json!({ "campaign_activity_id": id, "link_click_counts": shown })))
}

/// `GET …/tracking/sends`.
pub(super) fn sends(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (mailed, page) = open(account, env, call)?;
    Ok(rows::answer(account, call, &page, mailed.sent(), |_, _, _| {}))
}

/// `GET …/tracking/opens`: each time somebody opened it.
pub(super) fn opens(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (mailed, page) = open(account, env, call)?;
    let found = mailed.done().filter(|row| row.is(Did::Open));
    Ok(rows::answer(account, call, &page, found, |shown, _, row| show(shown, "device_type", row.device())))
}

/// `GET …/tracking/unique_opens`: the last time that each contact opened it.
pub(super) fn unique_opens(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (mailed, page) = open(account, env, call)?;
    let mut seen = Places::none(account);
    let found = mailed.done().filter(|row| row.is(Did::Open) && seen.add(row.place));
    Ok(rows::answer(account, call, &page, found, |shown, _, row| show(shown, "device_type", row.device())))
}

/// `GET …/tracking/didnotopens`: who has it and has not opened it.
pub(super) fn did_not_opens(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (mailed, page) = open(account, env, call)?;
    let mut others = Places::none(account);
    for row in mailed.done().filter(|row| row.is(Did::Open) || row.is(Did::Bounce)) {
        others.add(row.place);
    }
    let found = mailed.sent().filter(|row| !others.has(row.place));
    Ok(rows::answer(account, call, &page, found, |shown, _, _| {
        show(shown, "tracking_activity_type", Some("em_didnotopens"));
    }))
}

/// `GET …/tracking/clicks`: all of them, or those on one link. An id that no link has finds nothing.
pub(super) fn clicks(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (mailed, page) = open(account, env, call)?;
    let only = url_id(call)?;
    let links = mailed.links();
    let on_link = |row: &Row<'_>| only.is_none_or(|id| links.clicked(row).is_some_and(|(clicked, _)| clicked == id));
    let found = mailed.done().filter(|row| row.is(Did::Click) && on_link(row));
    Ok(rows::answer(account, call, &page, found, |shown, _, row| {
        let link = links.clicked(row);
        show(shown, "device_type", row.device());
        show(shown, "url_id", link.map(|(id, _)| id.to_string()));
        show(shown, "link_url", link.map(|(_, url)| url));
    }))
}

/// The link that clicks were asked for; reports write its id as a text, the question is a number.
fn url_id(call: &Call) -> Result<Option<i64>, Reply> {
    let number = |text: &str| text.parse::<i64>().map_err(|_| invalid(REPORTS, "url_id is invalid"));
    call.query("url_id").map(number).transpose()
}

/// `GET …/tracking/forwards`.
pub(super) fn forwards(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (mailed, page) = open(account, env, call)?;
    let found = mailed.done().filter(|row| row.is(Did::Forward));
    Ok(rows::answer(account, call, &page, found, |_, _, _| {}))
}

/// `GET …/tracking/optouts`, with the reason where one was given.
pub(super) fn opt_outs(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (mailed, page) = open(account, env, call)?;
    let found = mailed.done().filter(|row| row.is(Did::OptOut));
    Ok(rows::answer(account, call, &page, found, |shown, contact, _| {
        let reason = contact.email.as_ref().and_then(|email| email.opt_out_reason.as_deref());
        show(shown, "opt_out_reason", reason);
    }))
}

/// `GET …/tracking/bounces`: all of them, or those with some codes.
pub(super) fn bounces(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let (mailed, page) = open(account, env, call)?;
    let codes = query::choices(call, "bounce_code", BOUNCE_CODES, REPORTS)?;
    let wanted = |code: char| codes.is_empty() || codes.iter().any(|wanted| wanted.starts_with(code));
    let found = mailed.done().filter(|row| row.bounce_code().is_some_and(wanted));
    Ok(rows::answer(account, call, &page, found, |shown, contact, row| {
        show(shown, "bounce_code", row.bounce_code().map(String::from));
        show(shown, "current_email_address", contact.email.as_ref().map(|email| email.address.as_str()));
    }))
}
