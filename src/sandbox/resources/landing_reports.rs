//! Reports on landing pages: who opened one, followed its links, signed up there.
//!
//! All six are one question over the same visits: those of one kind, each time or once a contact, the newest first.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::body::{Body, show};
use super::refusal::{REPORTS, path_id, unknown};
use super::report_page;
use super::sms_channel;
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, Contact, LandingPage, Visit, Visited};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, millis};

const VISITS: &str = "Nobody visits a page: visits come from the demo data, or from a state that was brought in.";

/// One of the six.
const fn visits(path: &'static str, handler: fn(&mut Account, &mut Env, &Call) -> Answer) -> Route {
    route("GET", path, CAMPAIGN, "ui:campaign:metrics", Handler::Account(handler)).simplified(VISITS)
}

/// Landing page reports by method and path.
pub(super) const ROUTES: &[Route] = &[
    visits("/reports/landing_pages/campaign_details/{campaign_activity_id}/p_unique_contact_clicks", unique_clicks),
    visits("/reports/landing_pages/campaign_details/{campaign_activity_id}/p_unique_contact_opens", unique_opens),
    visits("/reports/landing_pages/campaign_details/{campaign_activity_id}/p_contact_opens", opens),
    visits("/reports/landing_pages/campaign_details/{campaign_activity_id}/p_unique_contact_updates", unique_updates),
    visits("/reports/landing_pages/campaign_details/{campaign_activity_id}/p_unique_contact_adds", unique_adds),
    visits(
        "/reports/landing_pages/campaign_details/{campaign_activity_id}/p_unique_contact_sms_optins",
        unique_opt_ins,
    ),
];

/// Rows to a page when nothing else is asked for, and at most.
const ROWS: usize = 50;
const MAX_ROWS: usize = 500;

/// How often one contact is in a report.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// For every visit.
    Each,
    /// For the latest of its visits; with clicks, for the latest on each link.
    Latest,
}

/// `GET …/p_unique_contact_clicks`.
pub(super) fn unique_clicks(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    report(account, env, call, Visited::Click, Rows::Latest)
}

/// `GET …/p_unique_contact_opens`.
pub(super) fn unique_opens(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    report(account, env, call, Visited::Open, Rows::Latest)
}

/// `GET …/p_contact_opens`.
pub(super) fn opens(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    report(account, env, call, Visited::Open, Rows::Each)
}

/// `GET …/p_unique_contact_updates`.
pub(super) fn unique_updates(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    report(account, env, call, Visited::Update, Rows::Latest)
}

/// `GET …/p_unique_contact_adds`.
pub(super) fn unique_adds(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    report(account, env, call, Visited::Add, Rows::Latest)
}

/// `GET …/p_unique_contact_sms_optins`.
pub(super) fn unique_opt_ins(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    report(account, env, call, Visited::SmsOptIn, Rows::Latest)
}

fn report(account: &Account, env: &Env, call: &Call, kind: Visited, rows: Rows) -> Answer {
    let landing = find(account, call)?;
    let page = report_page::open(call, ROWS, MAX_ROWS, env.now())?;
    let part = call.query("contacts_filter").unwrap_or_default().trim().to_lowercase();
    let mut seen = HashSet::new();
    let visits = landing.happened(page.until).iter().rev().filter(|visit| visit.kind == kind);
    let counted = visits.filter(|visit| rows == Rows::Each || seen.insert((visit.contact, visit.link)));
    let known = counted.filter_map(|visit| Some((visit, account.contacts.get(visit.contact as usize)?)));
    let found = known.filter(|(_, contact)| is_like(contact, &part));
    let (found, links) = report_page::turn(&page, call, found);
    let shown: Vec<Value> = found.into_iter().map(|(visit, contact)| row(landing, visit, contact)).collect();
    // The contract requires the link even where there is no next page; it is null there.
    let links = links.unwrap_or_else(|| json!({ "next": { "href": null } }));
    Ok(Reply::json(200, &json!({ "tracking_activities": shown, "_links": links })))
}

/// The page in the path.
fn find<'a>(account: &'a Account, call: &Call) -> Result<&'a LandingPage, Reply> {
    let id = path_id(call, "campaign_activity_id", REPORTS)?;
    let found = account.landing_pages.pages.iter().find(|page| page.campaign_activity_id == id);
    found.ok_or_else(|| unknown(REPORTS, "campaign_activity_id"))
}

/// Whether a name or the address holds a text, which is in lower case; every contact holds the empty one.
fn is_like(contact: &Contact, part: &str) -> bool {
    let address = contact.email.as_ref().map(|email| email.address.as_str());
    let texts = [contact.first_name.as_deref(), contact.last_name.as_deref(), address];
    part.is_empty() || texts.into_iter().flatten().any(|text| text.to_lowercase().contains(part))
}

/// One visit as a report shows it.
fn row(page: &LandingPage, visit: &Visit, contact: &Contact) -> Value {
    let mut shown = Body::new();
    show(&mut shown, "contact_id", Some(contact.contact_id.clone()));
    show(&mut shown, "campaign_activity_id", Some(page.campaign_activity_id.clone()));
    show(&mut shown, "tracking_activity_type", Some(name(visit.kind)));
    // Required, even of a contact that has only a number.
    let address = contact.email.as_ref().map(|email| email.address.clone());
    show(&mut shown, "email_address", Some(address.unwrap_or_default()));
    show(&mut shown, "first_name", contact.first_name.clone());
    show(&mut shown, "last_name", contact.last_name.clone());
    let on_page = [Visited::Open, Visited::Click].contains(&visit.kind);
    show(&mut shown, "device_type", on_page.then(|| visit.device.name()));
    if visit.kind == Visited::Click {
        show(&mut shown, "url_id", Some(url_id(page, visit.link)));
        let url = page.links.get(usize::from(visit.link)).cloned();
        show(&mut shown, "link_url", Some(url.unwrap_or_default()));
    }
    show(&mut shown, "created_time", Some(millis(visit.at)));
    show(&mut shown, "deleted_at", contact.deleted_at.map(|at| at.strftime("%Y-%m-%d").to_string()));
    show(&mut shown, "sms_channel", sms_channel::in_report(contact));
    Value::Object(shown)
}

/// The kind of a visit in the contract's words.
fn name(kind: Visited) -> &'static str {
    match kind {
        Visited::Open => "p_contact_opens",
        Visited::Click => "p_contact_click",
        Visited::Add => "p_contact_adds",
        Visited::Update => "p_contact_update",
        Visited::SmsOptIn => "p_contact_sms_optins",
    }
}

/// A number for a link, the same every time: from the end of the page's id and the place of the link.
fn url_id(page: &LandingPage, link: u16) -> String {
    let end = page.campaign_activity_id.rsplit('-').next().unwrap_or_default();
    let number = u64::from_str_radix(end, 16).unwrap_or(0) % 100_000_000;
    format!("11{number:08}{link:03}")
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::sandbox::account::Device;
    use crate::sandbox::env::{Clock, Options, later};

    const PAGE: &str = "98edac88-f4bc-408c-9e64-acd890384231";

    fn account() -> Account {
        let mut account = Account::default();
        for name in ["Josie", "Max"] {
            let contact_id = format!("id of {name}");
            account.contacts.push(Contact { contact_id, first_name: Some(name.to_owned()), ..Contact::default() });
        }
        let visit = |second, contact, kind, link| {
            let at = later(Timestamp::UNIX_EPOCH, SignedDuration::from_secs(second));
            Visit { contact, kind, at, link, device: Device::Tablet }
        };
        let visits = vec![
            visit(4, 0, Visited::Click, 1),
            visit(1, 0, Visited::Open, 0),
            visit(2, 1, Visited::Open, 0),
            visit(3, 0, Visited::Open, 0),
            visit(5, 0, Visited::Click, 0),
            visit(6, 0, Visited::Click, 1),
            visit(99, 1, Visited::Open, 0),
        ];
        let links = vec!["https://www.example.com/a".to_owned(), "https://www.example.com/b".to_owned()];
        account.landing_pages.publish(LandingPage {
            campaign_activity_id: PAGE.to_owned(),
            links,
            visits,
            ..LandingPage::default()
        });
        account
    }

    fn asked(kind: Visited, rows: Rows, query: &[(&str, &str)]) -> Value {
        let at = later(Timestamp::UNIX_EPOCH, SignedDuration::from_secs(50));
        let env = Env::new(Options { clock: Clock::Fixed(at), ..Options::default() });
        let call = Call {
            path: "/v3/reports/x".to_owned(),
            params: vec![("campaign_activity_id", PAGE.to_owned())],
            ..Call::asking(query)
        };
        let (Ok(reply) | Err(reply)) = report(&account(), &env, &call, kind, rows);
        serde_json::from_slice(&reply.body).unwrap_or_default()
    }

    fn times(page: &Value) -> Vec<&str> {
        let rows = page.get("tracking_activities").and_then(Value::as_array).into_iter().flatten();
        rows.filter_map(|row| row.get("created_time")?.as_str()?.get(17..19)).collect()
    }

    #[test]
    fn the_newest_come_first_and_what_is_to_come_does_not() {
        assert_eq!(times(&asked(Visited::Open, Rows::Each, &[])), ["03", "02", "01"]);
        assert_eq!(times(&asked(Visited::Open, Rows::Latest, &[])), ["03", "02"]);
    }

    #[test]
    fn clicks_are_unique_by_contact_and_link() {
        let page = asked(Visited::Click, Rows::Latest, &[]);
        assert_eq!(times(&page), ["06", "05"]);
        let url = page.pointer("/tracking_activities/0/link_url").and_then(Value::as_str);
        assert_eq!(url, Some("https://www.example.com/b"));
    }

    #[test]
    fn a_part_of_a_name_is_enough() {
        assert_eq!(times(&asked(Visited::Open, Rows::Each, &[("contacts_filter", "jo")])), ["03", "01"]);
    }

    #[test]
    fn pages_are_linked_and_the_last_has_null() {
        let first = asked(Visited::Open, Rows::Each, &[("limit", "2")]);
        let href = "/v3/reports/x?limit=2&next=Mg**&as_of=1970-01-01T00:00:50Z";
        assert_eq!(first.pointer("/_links/next/href"), Some(&json!(href)));
        let last = asked(Visited::Open, Rows::Each, &[("limit", "2"), ("next", "Mg**")]);
        assert_eq!(times(&last), ["01"]);
        assert_eq!(last.pointer("/_links/next/href"), Some(&Value::Null));
    }
}
