//! The resource services of the stand-in: which operation answers where, under which scope and privilege.
//!
//! Each resource has its own table, which holds what the gate needs before a handler runs, and how sure we are.

mod ab_tests;
pub(super) mod account_services;
mod automation_shapes;
mod automations;
mod body;
mod bulk;
mod bulk_work;
mod campaign_checks;
mod campaign_content;
mod campaign_footer;
mod campaign_preview;
mod campaign_sending;
mod campaign_trial;
mod campaigns;
mod contact_checks;
mod contact_choice;
mod contact_exports;
mod contact_filter;
mod contact_form;
mod contact_history;
mod contact_parts;
mod contact_reports;
mod contact_search;
mod contact_sms;
mod contact_view;
mod contact_write;
mod contacts;
mod custom_fields;
mod email_reports;
mod event_check_in;
mod event_form;
mod event_page;
mod event_view;
mod events;
mod export_file;
mod file_import;
mod import;
mod import_row;
mod jobs;
mod landing_reports;
mod lists;
mod multipart;
mod page;
mod partner_accounts;
pub(super) mod partner_billing;
mod partner_operations;
mod partner_plans;
mod partner_provision;
pub(super) mod permission;
pub(super) mod privileges;
mod query;
mod refusal;
mod registration_view;
mod registrations;
mod report_links;
mod report_page;
mod report_rows;
mod report_summaries;
mod report_sums;
mod resends;
mod schedules;
mod segment_fields;
mod segment_grammar;
mod segment_match;
mod segment_tree;
mod segments;
mod shape;
mod sms_channel;
mod sms_history;
mod sms_reports;
mod social;
mod social_posts;
mod tags;
mod validate;
mod webhooks;

use jiff::Timestamp;

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
    contact_search::ROUTES,
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
    happen(account, env, env.now());
}

/// Lets happen what comes due by a moment without a job: campaigns go out, people react. A job that was due in between
/// does its work after it, as it would have without the jump.
fn happen(account: &mut Account, env: &Env, by: Timestamp) {
    schedules::advance(account, env, by);
    engagement::advance(account, by);
    sms_reports::advance(account, by);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::ROUTES;

    type Told = BTreeMap<(String, String), (Vec<String>, Vec<String>)>;

    /// Scopes and privileges of each operation, as the vendor's contract has them.
    fn contract() -> Told {
        let contract: Value = serde_json::from_str(include_str!("../../../tests/contract/v3.json")).unwrap();
        let texts = |v: &Value| -> Vec<String> {
            let mut texts: Vec<String> = v.as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect();
            texts.sort();
            texts
        };
        let text = |o: &Value, name: &str| o[name].as_str().unwrap().to_owned();
        let operations = contract["operations"].as_array().unwrap().iter();
        operations
            .map(|o| ((text(o, "path"), text(o, "method")), (texts(&o["scopes"]), texts(&o["privileges"]))))
            .collect()
    }

    #[test]
    fn every_operation_of_the_contract_answers_under_its_own_scope_and_privilege() {
        let ours = ROUTES.iter().copied().flatten().map(|route| {
            // The contract names the partners' scope in its list of authorizers, not at each operation.
            let named = route.scopes.iter().filter(|_| !route.path.starts_with("/partner/"));
            let mut scopes: Vec<String> = named.map(|s| (*s).to_owned()).collect();
            scopes.sort();
            let privileges = route.privilege.iter().map(|p| (*p).to_owned()).collect();
            ((route.path.to_owned(), route.method.to_owned()), (scopes, privileges))
        });
        let (ours, theirs): (Told, Told) = (ours.collect(), contract());
        let missing: Vec<_> = theirs.keys().filter(|k| !ours.contains_key(*k)).collect();
        let invented: Vec<_> = ours.keys().filter(|k| !theirs.contains_key(*k)).collect();
        assert!(missing.is_empty() && invented.is_empty(), "missing {missing:#?}, invented {invented:#?}");
        let differ: Vec<_> = ours.iter().filter(|(k, v)| theirs[*k] != **v).map(|(k, v)| (k, v, &theirs[k])).collect();
        assert!(differ.is_empty(), "ours, then theirs: {differ:#?}");
    }
}
