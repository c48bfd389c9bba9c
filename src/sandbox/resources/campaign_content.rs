//! The mail of a campaign: what it says, who sends it, who is to get it.
//!
//! An update replaces the plain properties and leaves the larger parts (HTML, footer, document) alone when they are
//! not sent.

use serde_json::{Map, Value, json};

use super::account_services::is_confirmed;
use super::body::{self, Body};
use super::campaigns::status;
use super::contact_write::known_lists;
use super::query;
use super::refusal::{EMAILS, invalid, path_id, unknown};
use super::validate::Checks;
use super::{CAMPAIGN, Handler, Route, route};
use crate::sandbox::account::{Account, Campaign};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// Mails by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/emails/activities/{campaign_activity_id}", CAMPAIGN, "campaign:read", Handler::Account(get)),
    route("PUT", "/emails/activities/{campaign_activity_id}", CAMPAIGN, "campaign:write", Handler::Account(put)),
    route(
        "GET",
        "/emails/activities/{campaign_activity_id}/previews",
        CAMPAIGN,
        "campaign:read",
        Handler::Account(preview),
    ),
];

/// Parts that are shown only on request and kept when an update leaves them out.
const PARTS: &[&str] = &["physical_address_in_footer", "permalink_url", "html_content", "document_properties"];
/// Plain properties that a mail has from the start.
const PLAIN: &[&str] = &["from_name", "from_email", "reply_to_email", "subject", "preheader"];
/// Lists to which one mail can go: as many as an account has.
const MAX_LISTS: usize = 1_000;

/// The part of a campaign that a path names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The mail.
    Primary,
    /// Its page on the web.
    Permalink,
}

/// The campaign activity in the path: where its campaign is, and which part it is. Removed ones cannot be read.
pub(super) fn find(account: &Account, call: &Call) -> Result<(usize, Part), Reply> {
    let id = path_id(call, "campaign_activity_id", EMAILS)?;
    let part = |campaign: &Campaign| {
        if campaign.primary.campaign_activity_id == id {
            return Some(Part::Primary);
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

/// What every mail must hold.
pub(super) fn check(mail: &mut Checks<'_>) {
    mail.filled("from_name", 100).filled("subject", 200).text("preheader", 250).text("html_content", 150_000);
    mail.filled("from_email", 80).email("from_email", 80);
    mail.filled("reply_to_email", 80).email("reply_to_email", 80);
}

/// The footer's address. It is whole when first given; later parts of it may come alone.
pub(super) fn check_footer(mail: &mut Checks<'_>, whole: bool) {
    mail.inner("physical_address_in_footer", |footer| {
        if whole {
            footer.required("address_line1").required("country_code").required("organization_name");
        }
        for name in ["address_line1", "address_line2", "address_line3", "city", "organization_name", "postal_code"] {
            footer.test(name, Value::is_string);
        }
        footer.text("country_code", 2).text("state_code", 2).test("state_non_us_name", Value::is_string);
    });
}

/// Refuses senders that are not confirmed addresses of the account.
pub(super) fn check_senders(account: &Account, mail: &Body) -> Result<(), Reply> {
    for name in ["from_email", "reply_to_email"] {
        if !is_confirmed(account, &body::text(mail, name).unwrap_or_default()) {
            return Err(invalid(EMAILS, &format!("{name} is not a confirmed account email address")));
        }
    }
    Ok(())
}

/// A new mail. Recipients are not taken at this point; they come by an update.
pub(super) fn created(sent: &Body) -> Map<String, Value> {
    let mut content = Map::new();
    content.insert("format_type".to_owned(), json!(5));
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

/// Sets the larger parts that were sent. Inside them too, what is left out stays.
fn parts(content: &mut Map<String, Value>, sent: &Body) {
    body::show(content, "html_content", body::text(sent, "html_content"));
    for name in ["physical_address_in_footer", "document_properties"] {
        let Some(new) = body::object(sent, name) else { continue };
        let mut whole = body::object(content, name).cloned().unwrap_or_default();
        whole.extend(new.clone());
        content.insert(name.to_owned(), Value::Object(whole));
    }
    named_country(content);
}

/// The service adds the names of the country and the state; only the United States are known by name here.
fn named_country(content: &mut Map<String, Value>) {
    let footer = content.get_mut("physical_address_in_footer").and_then(Value::as_object_mut);
    let Some(footer) = footer else { return };
    let code = body::text(footer, "country_code").unwrap_or_default().to_ascii_uppercase();
    let name = if code == "US" { "United States".to_owned() } else { code };
    footer.insert("country_name".to_owned(), name.into());
}

/// A mail as answers show it.
fn view(campaign: &Campaign, part: Part, parts: &[String]) -> Value {
    let content = &campaign.primary.content;
    let (id, role) = match part {
        Part::Primary => (&campaign.primary.campaign_activity_id, "primary_email"),
        Part::Permalink => (&campaign.permalink_id, "permalink"),
    };
    let list = |name: &str| content.get(name).cloned().unwrap_or_else(|| json!([]));
    let mut shown = Body::new();
    body::show(&mut shown, "campaign_activity_id", Some(id.clone()));
    body::show(&mut shown, "campaign_id", Some(campaign.campaign_id.clone()));
    body::show(&mut shown, "role", Some(role));
    body::show(&mut shown, "contact_list_ids", Some(list("contact_list_ids")));
    body::show(&mut shown, "segment_ids", Some(list("segment_ids")));
    body::show(&mut shown, "current_status", Some(campaign.status.to_uppercase()));
    for name in ["format_type", "from_email", "from_name", "reply_to_email", "subject", "preheader"] {
        body::show(&mut shown, name, content.get(name).cloned());
    }
    for name in parts {
        let value = content.get(name).cloned();
        body::show(&mut shown, name, value.or_else(|| permalink(name, campaign)));
    }
    Value::Object(shown)
}

/// The page on the web, at an address that leads nowhere.
fn permalink(name: &str, campaign: &Campaign) -> Option<Value> {
    (name == "permalink_url").then(|| format!("https://sandbox.example/{}", campaign.permalink_id).into())
}

/// `GET /emails/activities/{campaign_activity_id}`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let (index, part) = find(account, call)?;
    let parts = query::choices(call, "include", PARTS, EMAILS)?;
    let campaign = account.campaigns.get(index).ok_or_else(not_found)?;
    Ok(Reply::json(200, &view(campaign, part, &parts)))
}

/// `PUT /emails/activities/{campaign_activity_id}`: drafts only. The service lets sent mails of an old format be
/// changed, which cannot be made here.
pub(super) fn put(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let campaign = find_primary(account, call)?;
    if campaign.status != status::DRAFT {
        return Err(invalid(EMAILS, "The campaign activity must be in DRAFT status"));
    }
    let has_footer = campaign.primary.content.contains_key("physical_address_in_footer");
    let sent = body::read(call, EMAILS)?;
    check_put(account, &sent, !has_footer)?;
    let campaign = find_primary(account, call)?;
    let content = &mut campaign.primary.content;
    plain(content, &sent);
    parts(content, &sent);
    content.insert("contact_list_ids".to_owned(), body::ids(&sent, "contact_list_ids").into());
    let segments = body::array(&sent, "segment_ids").unwrap_or_default();
    content.insert("segment_ids".to_owned(), segments.to_vec().into());
    campaign.updated_at = env.now();
    Ok(Reply::json(200, &view(campaign, Part::Primary, &[])))
}

fn check_put(account: &Account, sent: &Body, whole_footer: bool) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    check(&mut checks);
    check_footer(&mut checks, whole_footer);
    checks.ids("contact_list_ids", MAX_LISTS).test("document_properties", Value::is_object);
    let one_number = |v: &Value| v.as_array().is_some_and(|ids| ids.len() <= 1 && ids.iter().all(Value::is_u64));
    checks.test("segment_ids", one_number);
    let filled = |name: &str| !body::array(sent, name).unwrap_or_default().is_empty();
    if filled("contact_list_ids") && filled("segment_ids") {
        checks.say("contact_list_ids, segment_ids are mutually exclusive");
    }
    checks.done(EMAILS)?;
    check_senders(account, sent)?;
    known_lists(account, &body::ids(sent, "contact_list_ids"))
        .map_err(|_| invalid(EMAILS, "contact_list_ids is invalid"))
}

/// `GET /emails/activities/{campaign_activity_id}/previews`.
pub(super) fn preview(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let (index, _) = find(account, call)?;
    let campaign = account.campaigns.get(index).ok_or_else(not_found)?;
    let content = &campaign.primary.content;
    let html = body::text(content, "html_content").unwrap_or_default().replace("[[trackingImage]]", "");
    let mut shown = Body::new();
    body::show(&mut shown, "campaign_activity_id", Some(campaign.primary.campaign_activity_id.clone()));
    for name in PLAIN {
        body::show(&mut shown, name, content.get(*name).cloned());
    }
    body::show(&mut shown, "preview_text_content", Some(plain_text(&html)));
    body::show(&mut shown, "preview_html_content", Some(html));
    Ok(Reply::json(200, &Value::Object(shown)))
}

/// The words of a page, without its tags.
fn plain_text(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}
