//! A technology partner's client accounts: who may ask, which accounts there are, and the users added to them.
//!
//! Every account of the stand-in belongs to the one partnership, those from the start too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::body::{self, Body};
use super::page::decode_base64;
use super::refusal::{PARTNER_API, conflict, invalid, unknown};
use super::validate::Checks;
use super::{Handler, PARTNER, Route, partner_billing, partner_operations, partner_plans, partner_provision};
use super::{query, route, tick};
use crate::sandbox::account::{Account, PartnerUser, SignIn};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;
use crate::sandbox::gate::unauthorized;
use crate::sandbox::partner::Partner;
use crate::sandbox::world::World;

/// Client accounts by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/partner/accounts", PARTNER, "", Handler::World(list)).simplified("All accounts count as managed."),
    route("POST", "/partner/accounts", PARTNER, "", Handler::World(partner_provision::create))
        .simplified("The owner's address is confirmed at once, and passwords are neither judged nor kept."),
    route("GET", "/partner/accounts/{encoded_account_id}/plan", PARTNER, "", Handler::World(partner_plans::get))
        .simplified("Tiers above the second and all prices are made up."),
    route("PUT", "/partner/accounts/{encoded_account_id}/plan", PARTNER, "", Handler::World(partner_plans::put))
        .simplified("There is one group of plans, and a change of plan is announced like a change of tier."),
    route(
        "PUT",
        "/partner/accounts/{encoded_account_id}/status/cancel",
        PARTNER,
        "",
        Handler::World(partner_plans::cancel),
    )
    .simplified("A cancelled account is marked as such, but tokens for it go on working."),
    route(
        "POST",
        "/partner/accounts/{encoded_account_id}/account_operations/sync",
        PARTNER,
        "",
        Handler::World(partner_operations::sync),
    )
    .inferred(),
    route("POST", "/partner/accounts/{encoded_account_id}/users/sso", PARTNER, "", Handler::World(add_user))
        .inferred()
        .simplified("Single sign-on counts as switched on everywhere; the user is kept, but cannot sign in."),
    route(
        "POST",
        "/partner/accounts/{encoded_account_id}/contacts/unsubscribe",
        PARTNER,
        "",
        Handler::World(partner_operations::unsubscribe),
    )
    .inferred(),
];

/// Accounts to a page: at least, and at most, which is also the default.
const LIMITS: (usize, usize) = (10, 50);
/// Roles that a partner can give.
const ROLES: &[&str] = &["account_manager", "campaign_creator"];

/// One client account with what a handler needs beside it.
pub(super) struct Client<'w> {
    pub account: &'w mut Account,
    pub env: &'w mut Env,
    pub partner: &'w mut Partner,
}

/// Admits a call to a partner's endpoint, and gives the key of the application: partners show it beside their token.
///
/// That a missing key is a 415 and an unknown one a 401 is inferred from what the guide says of missing headers and of
/// invalid keys in general.
pub(super) fn enter(world: &mut World, call: &Call) -> Result<String, Reply> {
    let key = call.header("x-api-key").map(str::trim).filter(|key| !key.is_empty());
    let key = key.ok_or_else(no_key)?;
    let app = world.authority.apps.iter().find(|app| app.client_id == key).ok_or_else(unauthorized)?;
    if app.deactivated {
        return Err(Reply::gateway(403, "access_denied", "Request forbidden because the application is deactivated."));
    }
    partner_billing::advance(world);
    Ok(key.to_owned())
}

fn no_key() -> Reply {
    Reply::errors(415, &format!("{PARTNER_API}.unsupported_media_type"), "x-api-key is missing")
}

/// Admits a call, and finds the place of the account in its path.
pub(super) fn place(world: &mut World, call: &Call) -> Result<usize, Reply> {
    enter(world, call)?;
    let id = call.param("encoded_account_id");
    world.accounts.iter().position(|account| account.encoded_id == id).ok_or_else(no_account)
}

/// Admits a call, and finds the account in its path.
pub(super) fn client<'w>(world: &'w mut World, call: &Call) -> Result<Client<'w>, Reply> {
    let place = place(world, call)?;
    let World { accounts, env, partner, .. } = world;
    let account = accounts.get_mut(place).ok_or_else(no_account)?;
    tick(account, env);
    Ok(Client { account, env, partner })
}

fn no_account() -> Reply {
    unknown(PARTNER_API, "encoded_account_id")
}

/// `GET /partner/accounts`, cancelled ones included.
pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    enter(world, call)?;
    let kind = query::choice(call, "account_type", &["all", "managed", "unmanaged"], PARTNER_API)?;
    let (limit, offset) = (limit(call), offset(call)?);
    let World { accounts, env, .. } = world;
    let total = if kind == Some("unmanaged") { 0 } else { accounts.len() };
    let asked = accounts.iter_mut().take(total).skip(offset).take(limit);
    let shown: Vec<Value> = asked
        .map(|account| {
            tick(account, env);
            view(account)
        })
        .collect();
    Ok(Reply::json(200, &json!({ "site_owner_list": shown, "_links": links(offset, limit, total, kind) })))
}

/// The time of the last login is documented as never shown.
fn view(account: &Account) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "encoded_account_id", Some(account.encoded_id.clone()));
    body::show(&mut shown, "subscriber_count", Some(partner_billing::active(&account.contacts)));
    body::show(&mut shown, "organization_name", account.summary.get("organization_name").cloned());
    body::show(&mut shown, "site_owner_name", Some(account.login.clone()));
    body::show(&mut shown, "billing_status", Some(account.plan.billing_status.name()));
    Value::Object(shown)
}

/// Accounts to a page. Anything out of range is ignored, not refused.
fn limit(call: &Call) -> usize {
    let (least, most) = LIMITS;
    let asked = call.query("limit").and_then(|text| text.parse::<usize>().ok());
    asked.filter(|limit| (least..=most).contains(limit)).unwrap_or(most)
}

/// Accounts to skip: as a number, or as the links write it.
fn offset(call: &Call) -> Result<usize, Reply> {
    let Some(text) = call.query("offset") else { return Ok(0) };
    let number = text.parse::<usize>().ok().or_else(|| decode_base64(text)?.parse::<usize>().ok());
    number.ok_or_else(|| invalid(PARTNER_API, "offset is invalid"))
}

/// `_links`: the next page, or `{}`. The offset is in base64 whose padding is written as `*`.
fn links(offset: usize, limit: usize, total: usize, kind: Option<&str>) -> Value {
    let end = offset.saturating_add(limit);
    if end >= total {
        return json!({});
    }
    let next = STANDARD.encode(end.to_string()).replace('=', "*");
    let kind = kind.map(|kind| format!("&account_type={kind}")).unwrap_or_default();
    json!({ "next": { "href": format!("/v3/partner/accounts?offset={next}&limit={limit}{kind}") } })
}

/// `POST /partner/accounts/{encoded_account_id}/users/sso`: answered without a body.
pub(super) fn add_user(world: &mut World, call: &Call) -> Answer {
    let place = place(world, call)?;
    let sent = body::read(call, PARTNER_API)?;
    check_user(&sent)?;
    let user = user(&sent);
    refuse_taken(&world.accounts, &user)?;
    let account = world.accounts.get_mut(place).ok_or_else(no_account)?;
    account.plan.users.push(user);
    Ok(Reply::empty(201))
}

fn check_user(sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    checks.filled("first_name", 80).filled("last_name", 80).required_one_of("role_name", ROLES);
    checks.required("contact_email").email("contact_email", 80).filled("login_name", 50);
    checks.filled("external_id", 255).filled("external_provider", 80).done(PARTNER_API)
}

fn user(sent: &Body) -> PartnerUser {
    let text = |name: &str| body::text(sent, name).unwrap_or_default();
    PartnerUser {
        first_name: text("first_name"),
        last_name: text("last_name"),
        role_name: text("role_name"),
        contact_email: text("contact_email"),
        login_name: text("login_name"),
        sign_in: SignIn { provider: text("external_provider"), id: text("external_id") },
    }
}

fn refuse_taken(accounts: &[Account], user: &PartnerUser) -> Result<(), Reply> {
    if is_login_taken(accounts, &user.login_name) {
        return Err(conflict(PARTNER_API, "login_name already exists"));
    }
    if is_sign_in_taken(accounts, &user.sign_in) {
        return Err(conflict(PARTNER_API, "external_id already exists"));
    }
    let mut others = accounts.iter().flat_map(|account| &account.plan.users);
    if others.any(|other| other.contact_email.eq_ignore_ascii_case(&user.contact_email)) {
        return Err(conflict(PARTNER_API, "contact_email already exists"));
    }
    Ok(())
}

/// Whether an owner or a user of any account has this login name.
pub(super) fn is_login_taken(accounts: &[Account], login: &str) -> bool {
    accounts.iter().any(|account| {
        let user = |user: &PartnerUser| user.login_name.eq_ignore_ascii_case(login);
        account.login.eq_ignore_ascii_case(login) || account.plan.users.iter().any(user)
    })
}

/// Whether an owner or a user of any account is this person to an external provider.
pub(super) fn is_sign_in_taken(accounts: &[Account], sign_in: &SignIn) -> bool {
    accounts.iter().any(|account| {
        let plan = &account.plan;
        plan.sign_in.as_ref() == Some(sign_in) || plan.users.iter().any(|user| user.sign_in == *sign_in)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, value: &str) -> Call {
        Call { query: vec![(name.to_owned(), value.to_owned())], ..Call::default() }
    }

    #[test]
    fn a_limit_out_of_range_is_ignored() {
        for (sent, limit_used) in [("10", 10), ("50", 50), ("9", 50), ("51", 50), ("-1", 50), ("many", 50)] {
            assert_eq!(limit(&asked("limit", sent)), limit_used, "{sent}");
        }
    }

    #[test]
    fn an_offset_is_a_number_or_what_the_link_said() {
        for (sent, skipped) in [("0", Ok(0)), ("10", Ok(10)), ("MTA*", Ok(10)), ("MTAw", Ok(100)), ("?", Err(400))] {
            assert_eq!(offset(&asked("offset", sent)).map_err(|reply| reply.status), skipped, "{sent}");
        }
    }

    #[test]
    fn only_a_page_with_another_behind_it_has_a_link() {
        assert_eq!(links(0, 10, 10, None), json!({}));
        let next = json!({ "next": { "href": "/v3/partner/accounts?offset=MTA*&limit=10&account_type=all" } });
        assert_eq!(links(0, 10, 11, Some("all")), next);
    }
}
