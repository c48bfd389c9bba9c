//! The resource services of the stand-in: which operation answers where, under which scope and privilege.
//!
//! The table holds what the gate needs before a handler runs. Literal paths stand before paths with a variable in
//! the same place, because the first match wins.

mod account_services;
mod body;
mod campaign_content;
mod campaigns;
mod contact_filter;
mod contact_form;
mod contact_view;
mod contact_write;
mod contacts;
mod custom_fields;
mod import;
mod jobs;
mod lists;
mod page;
mod permission;
pub(super) mod privileges;
mod query;
mod refusal;
mod schedules;
mod tags;
mod validate;

use crate::sandbox::account::Account;
use crate::sandbox::call::{Answer, Call};
use crate::sandbox::env::Env;

/// The code of one operation.
pub(super) type Handler = fn(&mut Account, &mut Env, &Call) -> Answer;

/// One operation: where it is, who may call it, and what answers.
pub(super) struct Route {
    pub method: &'static str,
    /// Path as the contract has it, without `/v3`.
    pub path: &'static str,
    /// Scopes of which the token needs all; none for the privileges of the user.
    pub scopes: &'static [&'static str],
    /// Privilege that the signed-in user needs.
    pub privilege: Option<&'static str>,
    pub handler: Handler,
}

const CONTACT: &[&str] = &["contact_data"];
const CAMPAIGN: &[&str] = &["campaign_data"];
const ACCOUNT_READ: &[&str] = &["account_read"];
const ACCOUNT_UPDATE: &[&str] = &["account_update"];

const fn route(
    method: &'static str,
    path: &'static str,
    scopes: &'static [&'static str],
    privilege: &'static str,
    handler: Handler,
) -> Route {
    Route { method, path, scopes, privilege: Some(privilege), handler }
}

/// Every operation of this part, literal paths first.
pub(super) const ROUTES: &[Route] = &[
    // Account.
    Route {
        method: "GET",
        path: "/account/user/privileges",
        scopes: &[],
        privilege: None,
        handler: account_services::privileges,
    },
    route("GET", "/account/summary", ACCOUNT_READ, "account:read", account_services::summary),
    route("PUT", "/account/summary", ACCOUNT_UPDATE, "account:update", account_services::update_summary),
    route("GET", "/account/summary/physical_address", ACCOUNT_READ, "account:read", account_services::address),
    route("POST", "/account/summary/physical_address", ACCOUNT_UPDATE, "account:update", account_services::add_address),
    route("PUT", "/account/summary/physical_address", ACCOUNT_UPDATE, "account:update", account_services::put_address),
    route("GET", "/account/emails", ACCOUNT_READ, "account:read", account_services::emails),
    route("POST", "/account/emails", ACCOUNT_UPDATE, "account:update", account_services::add_email),
    // Contacts.
    route("GET", "/contacts", CONTACT, "contacts:read", contacts::list),
    route("POST", "/contacts", CONTACT, "contacts:write", contacts::create),
    route("POST", "/contacts/sign_up_form", CONTACT, "contacts:write", contact_form::sign_up),
    route("GET", "/contacts/counts", CONTACT, "contacts:read", contacts::counts),
    route("GET", "/contacts/contact_id_xrefs", CONTACT, "contacts:read", contacts::xrefs),
    route("GET", "/contacts/sms_engagement_history/{contact_id}", CONTACT, "contacts:read", contacts::sms_history),
    route("PUT", "/contacts/resubscribe/{contact_id}", CONTACT, "contacts:write", contacts::resubscribe),
    route("GET", "/contacts/{contact_id}", CONTACT, "contacts:read", contacts::get),
    route("PUT", "/contacts/{contact_id}", CONTACT, "contacts:write", contacts::put),
    route("DELETE", "/contacts/{contact_id}", CONTACT, "contacts:write", contacts::delete),
    // Lists.
    route("GET", "/contact_lists", CONTACT, "contacts:lists:read", lists::list),
    route("POST", "/contact_lists", CONTACT, "contacts:lists:write", lists::create),
    route("GET", "/contact_lists/list_id_xrefs", CONTACT, "contacts:lists:read", lists::xrefs),
    route("GET", "/contact_lists/{list_id}", CONTACT, "contacts:lists:read", lists::get),
    route("PUT", "/contact_lists/{list_id}", CONTACT, "contacts:lists:write", lists::put),
    route("DELETE", "/contact_lists/{list_id}", CONTACT, "contacts:lists:write", lists::delete),
    // Tags.
    route("GET", "/contact_tags", CONTACT, "contacts:read", tags::list),
    route("POST", "/contact_tags", CONTACT, "contacts:write", tags::create),
    route("GET", "/contact_tags/{tag_id}", CONTACT, "contacts:read", tags::get),
    route("PUT", "/contact_tags/{tag_id}", CONTACT, "contacts:write", tags::put),
    route("DELETE", "/contact_tags/{tag_id}", CONTACT, "contacts:write", tags::delete),
    // Custom fields.
    route("GET", "/contact_custom_fields", CONTACT, "contacts:read", custom_fields::list),
    route("POST", "/contact_custom_fields", CONTACT, "contacts:write", custom_fields::create),
    route("GET", "/contact_custom_fields/{custom_field_id}", CONTACT, "contacts:read", custom_fields::get),
    route("PUT", "/contact_custom_fields/{custom_field_id}", CONTACT, "contacts:write", custom_fields::put),
    route("DELETE", "/contact_custom_fields/{custom_field_id}", CONTACT, "contacts:write", custom_fields::delete),
    // Bulk jobs.
    route("POST", "/activities/contacts_json_import", CONTACT, "contacts:write", import::create),
    route("GET", "/activities", CONTACT, "contacts:write", jobs::list),
    route("GET", "/activities/{activity_id}", CONTACT, "contacts:write", jobs::get),
    // Campaigns.
    route("GET", "/emails", CAMPAIGN, "campaign:read", campaigns::list),
    route("POST", "/emails", CAMPAIGN, "campaign:write", campaigns::create),
    route("GET", "/emails/campaign_id_xrefs", CAMPAIGN, "campaign:read", campaigns::xrefs),
    route("GET", "/emails/{campaign_id}", CAMPAIGN, "campaign:read", campaigns::get),
    route("PATCH", "/emails/{campaign_id}", CAMPAIGN, "campaign:write", campaigns::rename),
    route("DELETE", "/emails/{campaign_id}", CAMPAIGN, "campaign:delete", campaigns::delete),
    route("GET", "/emails/activities/{campaign_activity_id}", CAMPAIGN, "campaign:read", campaign_content::get),
    route("PUT", "/emails/activities/{campaign_activity_id}", CAMPAIGN, "campaign:write", campaign_content::put),
    route(
        "GET",
        "/emails/activities/{campaign_activity_id}/previews",
        CAMPAIGN,
        "campaign:read",
        campaign_content::preview,
    ),
    route("GET", "/emails/activities/{campaign_activity_id}/schedules", CAMPAIGN, "campaign:read", schedules::get),
    route("POST", "/emails/activities/{campaign_activity_id}/schedules", CAMPAIGN, "campaign:send", schedules::create),
    route(
        "DELETE",
        "/emails/activities/{campaign_activity_id}/schedules",
        CAMPAIGN,
        "campaign:send",
        schedules::delete,
    ),
    route("POST", "/emails/activities/{campaign_activity_id}/tests", CAMPAIGN, "campaign:send", schedules::test_send),
    route(
        "GET",
        "/emails/activities/{campaign_activity_id}/send_history",
        CAMPAIGN,
        "campaign:read",
        schedules::history,
    ),
];

/// What has come due since the last request: bulk jobs go on, campaigns go out.
///
/// Called before every request, so that nothing needs a thread of its own and the clock lever is enough.
pub(super) fn tick(account: &mut Account, env: &mut Env) {
    jobs::advance(account, env);
    schedules::advance(account, env);
}
