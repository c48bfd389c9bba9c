//! E-mail campaigns: the shell around the mail itself, from draft to removal.
//!
//! The two casings of a status are the service's: title case in collections and answers to writes, capitals where one
//! campaign is read. Campaigns are never gone; a deleted one is `Removed` and stays in the collection.

use serde_json::{Value, json};

use super::body::{self, Body};
use super::campaign_checks::{check, check_senders};
use super::campaign_content::created;
use super::campaign_footer as footer;
use super::page;
use super::query;
use super::refusal::{EMAILS, conflict, invalid, path_id, unknown};
use super::validate::Checks;
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, Campaign, CampaignActivity};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, millis};

/// Campaigns by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/emails", CAMPAIGN, "campaign:read", Handler::Account(list)).recorded(),
    route("POST", "/emails", CAMPAIGN, "campaign:write", Handler::Account(create)).recorded(),
    route("GET", "/emails/campaign_id_xrefs", CAMPAIGN, "campaign:read", Handler::Account(xrefs))
        .simplified("The numbers of the previous API count up from 1100000000001."),
    route("GET", "/emails/{campaign_id}", CAMPAIGN, "campaign:read", Handler::Account(get)),
    route("PATCH", "/emails/{campaign_id}", CAMPAIGN, "campaign:write", Handler::Account(rename)),
    route("DELETE", "/emails/{campaign_id}", CAMPAIGN, "campaign:delete", Handler::Account(delete)),
];

/// The number of the first campaign in the previous version of the API.
const FIRST_OLD_ID: u64 = 1_100_000_000_001;

/// The states of a campaign, as the collection writes them.
pub(super) mod status {
    pub(in super::super) const DRAFT: &str = "Draft";
    pub(in super::super) const SCHEDULED: &str = "Scheduled";
    pub(in super::super) const EXECUTING: &str = "Executing";
    pub(in super::super) const DONE: &str = "Done";
    pub(in super::super) const ERROR: &str = "Error";
    pub(in super::super) const REMOVED: &str = "Removed";
}

/// The campaign in the path, removed ones included.
fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut Campaign, Reply> {
    let id = path_id(call, "campaign_id", EMAILS)?;
    let found = account.campaigns.iter_mut().find(|campaign| campaign.campaign_id == id);
    found.ok_or_else(|| unknown(EMAILS, "campaign_id"))
}

/// A campaign as a collection shows it. The service sorts these names.
fn item(campaign: &Campaign) -> Body {
    let mut shown = Body::new();
    body::show(&mut shown, "campaign_id", Some(campaign.campaign_id.clone()));
    body::show(&mut shown, "created_at", Some(millis(campaign.created_at)));
    body::show(&mut shown, "current_status", Some(campaign.status.clone()));
    body::show(&mut shown, "name", Some(campaign.name.clone()));
    body::show(&mut shown, "type", Some(campaign.kind.name()));
    body::show(&mut shown, "type_code", Some(campaign.kind.code()));
    body::show(&mut shown, "updated_at", Some(millis(campaign.updated_at)));
    shown
}

/// A campaign on its own, with its activities.
fn view(campaign: &Campaign) -> Body {
    let activity = |id: &str, role: &str| json!({ "campaign_activity_id": id, "role": role });
    let mut activities = vec![
        activity(&campaign.primary.campaign_activity_id, "primary_email"),
        activity(&campaign.permalink_id, "permalink"),
    ];
    activities.extend(campaign.resend.iter().map(|resend| activity(&resend.campaign_activity_id, "resend")));
    let mut shown = Body::new();
    body::show(&mut shown, "campaign_activities", Some(activities));
    shown.extend(item(campaign));
    shown
}

/// `GET /emails`: newest first, removed ones too. The only page has no `_links`.
pub(super) fn list(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let page = page::open_offset(call, 500, EMAILS)?;
    let after = query::moment(call, "after_date", EMAILS)?;
    let before = query::moment(call, "before_date", EMAILS)?;
    let wanted = |campaign: &&Campaign| {
        let changed = campaign.updated_at.as_millisecond();
        after.is_none_or(|after| changed >= after.as_millisecond())
            && before.is_none_or(|before| changed < before.as_millisecond())
    };
    let found: Vec<&Campaign> = account.campaigns.iter().rev().filter(wanted).collect();
    let links = page.links(call, "/emails", found.len());
    let shown = found.into_iter().skip(page.offset).take(page.limit);
    let shown: Vec<Value> = shown.map(|campaign| Value::Object(item(campaign))).collect();
    let mut answer = Body::new();
    body::show(&mut answer, "campaigns", Some(shown));
    body::show(&mut answer, "_links", links);
    Ok(Reply::json(200, &Value::Object(answer)))
}

/// `POST /emails`, which answers 200 and not 201.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, EMAILS)?;
    check_create(&sent)?;
    let activity = body::objects(&sent, "email_campaign_activities").first().copied().cloned().unwrap_or_default();
    check_senders(account, &activity)?;
    let name = body::text(&sent, "name").unwrap_or_default();
    refuse_taken(account, &name, None)?;
    let now = env.now();
    let primary = CampaignActivity {
        campaign_activity_id: env.uuid_v4(),
        content: created(&activity),
        ..CampaignActivity::default()
    };
    let campaign = Campaign {
        campaign_id: env.uuid_v4(),
        name,
        status: status::DRAFT.to_owned(),
        created_at: now,
        updated_at: now,
        primary,
        permalink_id: env.uuid_v4(),
        ..Campaign::default()
    };
    let shown = view(&campaign);
    account.campaigns.push(campaign);
    Ok(Reply::json(200, &Value::Object(shown)))
}

fn check_create(sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    checks.filled("name", 80).required("email_campaign_activities").not_empty("email_campaign_activities");
    checks.each("email_campaign_activities", 1, |activity| {
        activity.required("format_type").integer("format_type", 5..=5).required("html_content");
        check(activity);
        footer::check(activity, true);
    });
    let activities = body::objects(sent, "email_campaign_activities").into_iter();
    if activities.filter_map(|activity| body::object(activity, footer::NAME)).any(footer::lacks_state) {
        checks.problem("email_campaign_activities.physical_address_in_footer.state_code", "is missing");
    }
    checks.done(EMAILS)
}

/// Names are unique among the campaigns that are not removed.
fn refuse_taken(account: &Account, name: &str, own: Option<&str>) -> Result<(), Reply> {
    let name = name.to_lowercase();
    let same = |campaign: &Campaign| {
        campaign.status != status::REMOVED
            && campaign.name.to_lowercase() == name
            && own != Some(campaign.campaign_id.as_str())
    };
    if account.campaigns.iter().any(same) { Err(conflict(EMAILS, "Campaign name already exists")) } else { Ok(()) }
}

/// `GET /emails/{campaign_id}`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let campaign = find(account, call)?;
    let mut shown = view(campaign);
    shown.insert("current_status".to_owned(), campaign.status.to_uppercase().into());
    Ok(Reply::json(200, &Value::Object(shown)))
}

/// `PATCH /emails/{campaign_id}`: a new name.
pub(super) fn rename(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let id = find(account, call)?.campaign_id.clone();
    let sent = body::read(call, EMAILS)?;
    Checks::of(&sent).filled("name", 80).done(EMAILS)?;
    let name = body::text(&sent, "name").unwrap_or_default();
    refuse_taken(account, &name, Some(&id))?;
    let campaign = find(account, call)?;
    if campaign.status == status::REMOVED {
        return Err(invalid(EMAILS, "A removed campaign cannot be renamed"));
    }
    campaign.name = name;
    campaign.updated_at = env.now();
    Ok(Reply::json(200, &Value::Object(view(campaign))))
}

/// `DELETE /emails/{campaign_id}`.
pub(super) fn delete(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let campaign = find(account, call)?;
    match campaign.status.as_str() {
        status::SCHEDULED => return Err(invalid(EMAILS, "A scheduled campaign cannot be deleted")),
        status::REMOVED => return Err(unknown(EMAILS, "campaign_id")),
        _ => {}
    }
    status::REMOVED.clone_into(&mut campaign.status);
    campaign.updated_at = env.now();
    Ok(Reply::empty(204))
}

/// `GET /emails/campaign_id_xrefs`: numbers that nothing has are left out.
pub(super) fn xrefs(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let wanted = query::old_ids(call, "v2_email_campaign_ids", 50, EMAILS)?;
    let campaign = |number: u64| account.campaigns.get(usize::try_from(number.checked_sub(FIRST_OLD_ID)?).ok()?);
    let xref = |number: u64| {
        let campaign = campaign(number)?;
        Some(json!({
            "v2_email_campaign_id": number.to_string(),
            "campaign_id": campaign.campaign_id,
            "campaign_activity_id": campaign.primary.campaign_activity_id,
        }))
    };
    let xrefs: Vec<Value> = wanted.into_iter().filter_map(xref).collect();
    Ok(Reply::json(200, &json!({ "xrefs": xrefs })))
}
