//! The mail of a campaign: what it says, who sends it, who is to get it.
//!
//! An update replaces the plain properties and leaves the larger parts (HTML, footer, document) alone when they are
//! not sent.

use serde_json::{Map, Value, json};

use super::body::{self, Body};
use super::campaign_checks::check_update;
use super::campaign_footer as footer;
use super::campaign_preview::preview;
use super::campaigns::status;
use super::query;
use super::refusal::{EMAILS, invalid, path_id, unknown};
use super::resends;
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, Campaign};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// Mails by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/emails/activities/{campaign_activity_id}", CAMPAIGN, "campaign:read", Handler::Account(get))
        .recorded(),
    route("PUT", "/emails/activities/{campaign_activity_id}", CAMPAIGN, "campaign:write", Handler::Account(put)),
    route(
        "GET",
        "/emails/activities/{campaign_activity_id}/previews",
        CAMPAIGN,
        "campaign:read",
        Handler::Account(preview),
    )
    .simplified("Only the commoner tags are filled in; one that is not known stays as it is written."),
];

/// Parts that are shown only on request and kept when an update leaves them out.
const PARTS: &[&str] = &[footer::NAME, "permalink_url", "html_content", DOCUMENT];
/// Plain properties that a mail has from the start.
pub(super) const PLAIN: &[&str] = &["from_name", "from_email", "reply_to_email", "subject", "preheader"];
/// The format of custom code, and the only one that can be made here.
pub(super) const CUSTOM_CODE: i64 = 5;
/// The format whose sent mails can be changed.
const THIRD_EDITOR: i64 = 3;
/// The formats that have HTML of their own, and those that have properties of a document.
const WITH_HTML: &[i64] = &[1, CUSTOM_CODE];
const WITH_DOCUMENT: &[i64] = &[1, 2];

/// The property that holds the properties of a document.
pub(super) const DOCUMENT: &str = "document_properties";
/// The part of a campaign that a path names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The mail.
    Primary,
    /// Its page on the web.
    Permalink,
    /// The mail that goes to those who did not open the first.
    Resend,
}

/// The campaign activity in the path: where its campaign is, and which part it is. Removed ones cannot be read.
pub(super) fn find(account: &Account, call: &Call) -> Result<(usize, Part), Reply> {
    let id = path_id(call, "campaign_activity_id", EMAILS)?;
    let part = |campaign: &Campaign| {
        if campaign.primary.campaign_activity_id == id {
            return Some(Part::Primary);
        }
        if campaign.resend.as_ref().is_some_and(|resend| resend.campaign_activity_id == id) {
            return Some(Part::Resend);
        }
        (campaign.permalink_id == id).then_some(Part::Permalink)
    };
    let mut living = account.campaigns.iter().enumerate().filter(|(_, c)| c.status != status::REMOVED);
    let found = living.find_map(|(index, campaign)| part(campaign).map(|part| (index, part)));
    found.ok_or_else(not_found)
}

/// 404 for an activity.
pub(super) fn not_found() -> Reply {
    unknown(EMAILS, "campaign_activity_id")
}

/// The campaign of a primary activity in the path; other roles are refused.
pub(super) fn find_primary<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut Campaign, Reply> {
    let (index, part) = find(account, call)?;
    if part != Part::Primary {
        return Err(invalid(EMAILS, "The campaign activity must have the role primary_email"));
    }
    account.campaigns.get_mut(index).ok_or_else(not_found)
}

/// The id of a part.
pub(super) fn id_of(campaign: &Campaign, part: Part) -> &str {
    match part {
        Part::Primary => &campaign.primary.campaign_activity_id,
        Part::Permalink => &campaign.permalink_id,
        Part::Resend => campaign.resend.as_ref().map_or("", |resend| resend.campaign_activity_id.as_str()),
    }
}

/// The subject of a part: the second mail has its own, and all else the first one's.
pub(super) fn subject_of(campaign: &Campaign, part: Part) -> Option<String> {
    let resend = campaign.resend.as_ref().filter(|_| part == Part::Resend);
    resend.map(|resend| resend.subject.clone()).or_else(|| body::text(&campaign.primary.content, "subject"))
}

/// A new mail. Recipients are not taken at this point; they come by an update.
pub(super) fn created(sent: &Body) -> Map<String, Value> {
    let mut content = Map::new();
    content.insert("format_type".to_owned(), json!(CUSTOM_CODE));
    plain(&mut content, sent);
    parts(&mut content, sent);
    content
}

fn plain(content: &mut Map<String, Value>, sent: &Body) {
    for name in PLAIN {
        content.remove(*name);
        body::show(content, name, body::text(sent, name));
    }
}

/// The format of a mail, as the service numbers them.
pub(super) fn format(content: &Body) -> i64 {
    body::integer(content, "format_type").unwrap_or(CUSTOM_CODE)
}

/// Sets the larger parts that were sent, where the format has them. Inside them too, what is left out stays.
fn parts(content: &mut Map<String, Value>, sent: &Body) {
    let format = format(content);
    body::show(content, "html_content", body::text(sent, "html_content").filter(|_| WITH_HTML.contains(&format)));
    for name in [footer::NAME, DOCUMENT] {
        let has = name != DOCUMENT || WITH_DOCUMENT.contains(&format);
        let Some(new) = body::object(sent, name).filter(|_| has) else { continue };
        let mut whole = body::object(content, name).cloned().unwrap_or_default();
        let given = new.iter().filter(|(_, value)| !value.is_null());
        whole.extend(given.map(|(name, value)| (name.clone(), value.clone())));
        if name == footer::NAME {
            footer::complete(&mut whole);
        }
        content.insert(name.to_owned(), Value::Object(whole));
    }
}

/// A mail as answers show it, without its larger parts.
fn view(campaign: &Campaign, part: Part) -> Body {
    let content = &campaign.primary.content;
    let list = |name: &str| content.get(name).cloned().unwrap_or_else(|| json!([]));
    let (role, status) = match part {
        Part::Primary => ("primary_email", campaign.status.to_uppercase()),
        Part::Permalink => ("permalink", campaign.status.to_uppercase()),
        Part::Resend => ("resend", campaign.resend.as_ref().map_or("", |r| resends::state(campaign, r)).to_owned()),
    };
    let mut shown = Body::new();
    body::show(&mut shown, "campaign_activity_id", Some(id_of(campaign, part)));
    body::show(&mut shown, "campaign_id", Some(campaign.campaign_id.clone()));
    body::show(&mut shown, "role", Some(role));
    body::show(&mut shown, "contact_list_ids", Some(list("contact_list_ids")));
    body::show(&mut shown, "segment_ids", Some(list("segment_ids")));
    body::show(&mut shown, "current_status", Some(status));
    for name in ["format_type", "from_email", "from_name", "reply_to_email"] {
        body::show(&mut shown, name, content.get(name).cloned());
    }
    body::show(&mut shown, "subject", subject_of(campaign, part));
    body::show(&mut shown, "preheader", content.get("preheader").cloned());
    shown
}

/// One of the larger parts.
fn larger_part(account: &Account, campaign: &Campaign, name: &str) -> Option<Value> {
    match name {
        footer::NAME => footer::of(account, &campaign.primary.content).map(Value::Object),
        "permalink_url" => Some(permalink(campaign).into()),
        _ => campaign.primary.content.get(name).cloned(),
    }
}

/// The page on the web, at an address that leads nowhere.
fn permalink(campaign: &Campaign) -> String {
    format!("https://sandbox.example/{}", campaign.permalink_id)
}

/// `GET /emails/activities/{campaign_activity_id}`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let (index, part) = find(account, call)?;
    let names = query::choices(call, "include", PARTS, EMAILS)?;
    let campaign = account.campaigns.get(index).ok_or_else(not_found)?;
    let mut shown = view(campaign, part);
    for name in &names {
        body::show(&mut shown, name, larger_part(account, campaign, name));
    }
    Ok(Reply::json(200, &Value::Object(shown)))
}

/// Whether a mail may still be changed: one that went out only in the format of the third editor.
fn is_editable(campaign: &Campaign) -> bool {
    let third = format(&campaign.primary.content) == THIRD_EDITOR;
    campaign.status == status::DRAFT || (campaign.status == status::DONE && third)
}

/// `PUT /emails/activities/{campaign_activity_id}`.
pub(super) fn put(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let campaign = find_primary(account, call)?;
    if !is_editable(campaign) {
        return Err(invalid(EMAILS, "The campaign activity must be in DRAFT status"));
    }
    let has_footer = campaign.primary.content.contains_key(footer::NAME);
    let sent = body::read(call, EMAILS)?;
    check_update(account, &sent, !has_footer)?;
    let campaign = find_primary(account, call)?;
    let content = &mut campaign.primary.content;
    plain(content, &sent);
    parts(content, &sent);
    content.insert("contact_list_ids".to_owned(), body::ids(&sent, "contact_list_ids").into());
    let chosen = body::array(&sent, "segment_ids").unwrap_or_default();
    content.insert("segment_ids".to_owned(), chosen.to_vec().into());
    campaign.updated_at = env.now();
    Ok(Reply::json(200, &Value::Object(view(campaign, Part::Primary))))
}

/// Segments that a mail goes to.
pub(super) fn segment_ids(content: &Body) -> Vec<u64> {
    body::array(content, "segment_ids").unwrap_or_default().iter().filter_map(Value::as_u64).collect()
}
