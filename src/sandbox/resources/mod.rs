//! The resource services of the stand-in: which operation answers where, under which scope and privilege.
//!
//! Each resource has its own table, which holds what the gate needs before a handler runs, and how sure we are.

mod ab_tests;
mod account_services;
mod automations;
mod body;
mod bulk;
mod campaign_content;
mod campaigns;
mod contact_exports;
mod contact_filter;
mod contact_form;
mod contact_reports;
mod contact_view;
mod contact_write;
mod contacts;
mod custom_fields;
mod email_reports;
mod events;
mod file_import;
mod import;
mod jobs;
mod landing_reports;
mod lists;
mod page;
mod partner_accounts;
pub(super) mod permission;
pub(super) mod privileges;
mod query;
mod refusal;
mod registrations;
mod report_summaries;
mod resends;
mod schedules;
mod segments;
mod sms_reports;
mod social;
mod tags;
mod validate;
mod webhooks;

use crate::sandbox::account::Account;
use crate::sandbox::call::{Answer, Call};
use crate::sandbox::engagement;
use crate::sandbox::env::Env;
use crate::sandbox::world::World;

/// The code of one operation: on the account of the token, or on the whole world as partners see it.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// Sees one account and nothing else.
    Account(fn(&mut Account, &mut Env, &Call) -> Answer),
    /// Sees all accounts.
    World(fn(&mut World, &Call) -> Answer),
}

/// How well the behaviour of an operation is known. Shapes are always those of the published contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// As the vendor's own contract and guide say.
    Official,
    /// As answers of the real service were recorded.
    Recorded,
    /// As follows from the contract, where nobody has written down how the service really acts.
    Inferred,
}

/// One operation: where it is, who may call it, and what answers.
pub(super) struct Route {
    pub method: &'static str,
    /// Path as the contract has it, without `/v3`.
    pub path: &'static str,
    /// Scopes of which the token needs one; none for the privileges of the user.
    pub scopes: &'static [&'static str],
    /// Privilege that the signed-in user needs.
    pub privilege: Option<&'static str>,
    pub handler: Handler,
    pub known: Known,
    /// What the stand-in leaves out or does more simply, for the table that says so; empty for nothing.
    pub simplified: &'static str,
}

const NONE: &[&str] = &[];
const CONTACT: &[&str] = &["contact_data"];
const CAMPAIGN: &[&str] = &["campaign_data"];
const ACCOUNT_READ: &[&str] = &["account_read"];
const ACCOUNT_UPDATE: &[&str] = &["account_update"];
const PARTNER: &[&str] = &["v3api/general.partner"];

/// An operation whose behaviour is official; an empty privilege is none.
const fn route(
    method: &'static str,
    path: &'static str,
    scopes: &'static [&'static str],
    privilege: &'static str,
    handler: Handler,
) -> Route {
    let privilege = if privilege.is_empty() { None } else { Some(privilege) };
    Route { method, path, scopes, privilege, handler, known: Known::Official, simplified: "" }
}

impl Route {
    /// Some of its answers are on record.
    const fn recorded(mut self) -> Self {
        self.known = Known::Recorded;
        self
    }

    /// Its behaviour is deduced from the contract.
    const fn inferred(mut self) -> Self {
        self.known = Known::Inferred;
        self
    }

    /// What is left out here, in words for the table.
    const fn simplified(mut self, what: &'static str) -> Self {
        self.simplified = what;
        self
    }
}

/// Every operation, by resource.
pub(super) const ROUTES: &[&[Route]] = &[
    account_services::ROUTES,
    contacts::ROUTES,
    contact_form::ROUTES,
    lists::ROUTES,
    tags::ROUTES,
    custom_fields::ROUTES,
    import::ROUTES,
    jobs::ROUTES,
    campaigns::ROUTES,
    campaign_content::ROUTES,
    schedules::ROUTES,
    segments::ROUTES,
    bulk::ROUTES,
    file_import::ROUTES,
    contact_exports::ROUTES,
    ab_tests::ROUTES,
    resends::ROUTES,
    email_reports::ROUTES,
    report_summaries::ROUTES,
    contact_reports::ROUTES,
    events::ROUTES,
    registrations::ROUTES,
    social::ROUTES,
    automations::ROUTES,
    landing_reports::ROUTES,
    sms_reports::ROUTES,
    partner_accounts::ROUTES,
    webhooks::ROUTES,
];

/// What has come due since the last request: bulk jobs go on, campaigns go out, people react.
///
/// Called before every request, so that nothing needs a thread of its own and the clock lever is enough.
pub(super) fn tick(account: &mut Account, env: &mut Env) {
    jobs::advance(account, env);
    schedules::advance(account, env);
    engagement::advance(account, env.now());
}
