//! Reports about whole campaigns: the overview of all that went out, and the figures of some, asked for by their ids.
//!
//! The figures are always those of this moment. An id that stands for nothing sent is told of among the errors; a
//! malformed one spoils the whole call.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{Body, show};
use super::refusal::{REPORTS, invalid, missing};
use super::report_page;
use super::report_rows::{is_reported, last_sent};
use super::report_sums::{self as sums, Sums};
use super::validate::is_uuid;
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, Sending, Tally};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, millis};

const METRICS: &str = "ui:campaign:metrics";
const FRESH: &str = "Figures are those of the moment of asking; the service renews them now and then.";

/// Reports about campaigns by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/reports/summary_reports/email_campaign_summaries", CAMPAIGN, METRICS, Handler::Account(summaries))
        .recorded(),
    route("GET", "/reports/stats/email_campaigns/{campaign_ids}", CAMPAIGN, METRICS, Handler::Account(by_campaign))
        .simplified(FRESH),
    route(
        "GET",
        "/reports/stats/email_campaign_activities/{campaign_activity_ids}",
        CAMPAIGN,
        METRICS,
        Handler::Account(by_activity),
    )
    .simplified(FRESH),
];

/// `GET /reports/summary_reports/email_campaign_summaries`: the campaign that went out last comes first. The only page
/// has no `_links`.
pub(super) fn summaries(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let page = report_page::open(call, 50, 500, env.now())?;
    let (found, links) = report_page::turn(&page, call, campaigns(account, page.until).into_iter());
    let tallies: Vec<Tally> = found.iter().map(|sendings| Tally::of(sendings.iter().copied())).collect();
    let rows = found.iter().zip(&tallies).map(|(sendings, tally)| summary(account, sendings, tally));
    let shown: Vec<Value> = rows.collect();
    let mut answer = Body::new();
    show(&mut answer, "bulk_email_campaign_summaries", Some(shown));
    show(&mut answer, "aggregate_percents", Some(sums::percents(&sums::total(&tallies))));
    show(&mut answer, "_links", links);
    Ok(Reply::json(200, &Value::Object(answer)))
}

/// The sendings of each campaign up to a moment, last sent first.
fn campaigns(account: &Account, until: Timestamp) -> Vec<Vec<&Sending>> {
    let mut campaigns: BTreeMap<&str, Vec<&Sending>> = BTreeMap::new();
    let reported = |sending: &&Sending| sending.at <= until && is_reported(account, sending);
    for sending in account.sendings.iter().filter(reported) {
        campaigns.entry(sending.campaign_id.as_str()).or_default().push(sending);
    }
    let mut campaigns: Vec<Vec<&Sending>> = campaigns.into_values().collect();
    campaigns.sort_by_key(|sendings| Reverse(last_sent(sendings)));
    campaigns
}

/// One line of the overview.
fn summary(account: &Account, sendings: &[&Sending], tally: &Tally) -> Value {
    let id = sendings.first().map_or("", |sending| sending.campaign_id.as_str());
    let campaign = account.campaigns.iter().find(|campaign| campaign.campaign_id == id);
    let mut shown = Body::new();
    show(&mut shown, "campaign_id", Some(id));
    show(&mut shown, "campaign_type", campaign.map(|campaign| campaign.kind.name()));
    show(&mut shown, "last_sent_date", Some(millis(last_sent(sendings))));
    show(&mut shown, "unique_counts", Some(unique_counts(tally)));
    Value::Object(shown)
}

fn unique_counts(tally: &Tally) -> Value {
    json!({
        "sends": tally.sends,
        "opens": tally.unique_opens,
        "clicks": tally.unique_clicks,
        "forwards": tally.forwards,
        "optouts": tally.opt_outs,
        "abuse": 0,
        "bounces": tally.bounces,
        "not_opened": tally.not_opened,
    })
}

/// What figures can be asked for: by campaign or by activity.
struct Subject {
    /// The variable of the path.
    param: &'static str,
    /// Ids to a call.
    max: usize,
    one: &'static str,
    many: &'static str,
}

const CAMPAIGNS: Subject = Subject { param: "campaign_ids", max: 150, one: "campaign", many: "campaigns" };
const ACTIVITIES: Subject =
    Subject { param: "campaign_activity_ids", max: 10, one: "campaign activity", many: "campaign activities" };

/// `GET /reports/stats/email_campaigns/{campaign_ids}`.
pub(super) fn by_campaign(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let ids = CAMPAIGNS.ids(call)?;
    let now = millis(env.now());
    let view = |id: &str, sendings: &[&Sending]| {
        let sums = Sums::of(sendings);
        json!({ "campaign_id": id, "stats": sums.stats(), "percents": sums.percents(), "last_refresh_time": now })
    };
    Ok(CAMPAIGNS.answer(account, &ids, |sending| &sending.campaign_id, view))
}

/// `GET /reports/stats/email_campaign_activities/{campaign_activity_ids}`.
pub(super) fn by_activity(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let ids = ACTIVITIES.ids(call)?;
    let now = millis(env.now());
    let view = |id: &str, sendings: &[&Sending]| {
        let campaign = sendings.first().map(|sending| sending.campaign_id.as_str());
        let mut stats = Sums::of(sendings).stats();
        stats.extend(sums::bounces(sendings));
        json!({ "campaign_id": campaign, "campaign_activity_id": id, "stats": stats, "last_refresh_time": now })
    };
    Ok(ACTIVITIES.answer(account, &ids, |sending| &sending.campaign_activity_id, view))
}

impl Subject {
    /// The ids in the path, each once, in the order sent.
    fn ids(&self, call: &Call) -> Result<Vec<String>, Reply> {
        let mut ids: Vec<String> = Vec::new();
        for id in call.param(self.param).split(',') {
            if !is_uuid(id) {
                return Err(missing(REPORTS, &format!("{} is in an invalid format.", self.param)));
            }
            let id = id.to_ascii_lowercase();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if ids.len() > self.max { Err(invalid(REPORTS, &format!("{} is invalid", self.param))) } else { Ok(ids) }
    }

    /// The figures of what was sent, and an error for the rest.
    fn answer(
        &self,
        account: &Account,
        ids: &[String],
        id_of: impl Fn(&Sending) -> &String,
        view: impl Fn(&str, &[&Sending]) -> Value,
    ) -> Reply {
        let mut results = Vec::new();
        let mut absent = Vec::new();
        for id in ids {
            let own = |sending: &&Sending| id_of(sending) == id && is_reported(account, sending);
            let sendings: Vec<&Sending> = account.sendings.iter().filter(own).collect();
            if sendings.is_empty() {
                absent.push(id.as_str());
            } else {
                results.push(view(id, &sendings));
            }
        }
        let errors = self.errors(&absent, results.is_empty());
        Reply::json(200, &json!({ "results": results, "errors": errors }))
    }

    /// One error when nothing was found, worded as on record for campaigns; otherwise one for each id.
    fn errors(&self, absent: &[&str], nothing: bool) -> Vec<Value> {
        let key = format!("{REPORTS}.not_found.invalid_path_param.{}.", self.param);
        let error = |what: &str| {
            let text = format!("Could not find any {} stats for {what}.", self.one);
            json!({ "error_key": key, "error_message": text })
        };
        if nothing {
            return vec![error(&format!("all requested {}", self.many))];
        }
        absent.iter().map(|id| error(id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "0b9a1f3e-1111-4222-8333-444455556666";
    const DRAFT: &str = "1c9a1f3e-1111-4222-8333-444455556666";

    fn asked(ids: &str) -> Result<Vec<String>, u16> {
        let call = Call { params: vec![("campaign_activity_ids", ids.to_owned())], ..Call::default() };
        ACTIVITIES.ids(&call).map_err(|reply| reply.status)
    }

    fn errors(ids: &[&str]) -> Vec<String> {
        let sending = Sending { campaign_id: SENT.to_owned(), ..Sending::default() };
        let account = Account { sendings: vec![sending], ..Account::default() };
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let reply = CAMPAIGNS.answer(&account, &ids, |sending| &sending.campaign_id, |_, _| json!({}));
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let errors = body.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error.get("error_message")?.as_str().map(str::to_owned)).collect()
    }

    #[test]
    fn one_malformed_id_spoils_the_call_and_too_many_are_refused() {
        assert_eq!(asked(&format!("{SENT},{}", SENT.to_uppercase())), Ok(vec![SENT.to_owned()]));
        assert_eq!(asked(&format!("{SENT},82ee2c37-c8f8-4974-9560-ef93ad51d58z")), Err(404));
        let many: Vec<String> = (0..11).map(|n| format!("{n:08x}-1111-4222-8333-444455556666")).collect();
        assert_eq!(asked(&many.join(",")), Err(400));
    }

    #[test]
    fn what_has_no_figures_is_told_of_among_the_errors() {
        assert_eq!(errors(&[SENT]), Vec::<String>::new());
        assert_eq!(errors(&[SENT, DRAFT]), [format!("Could not find any campaign stats for {DRAFT}.")]);
        assert_eq!(errors(&[DRAFT]), ["Could not find any campaign stats for all requested campaigns."]);
    }
}
