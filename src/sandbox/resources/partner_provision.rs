//! `POST /partner/accounts`: a new client account, which can be used at once like those from the start.

use jiff::SignedDuration;
use serde_json::{Value, json};
use url::Url;

use super::account_services::WRITABLE;
use super::body::{self, Body};
use super::partner_accounts::{enter, is_login_taken, is_sign_in_taken};
use super::refusal::{PARTNER_API, conflict};
use super::validate::Checks;
use crate::sandbox::account::{Account, Plan, SignIn};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, later, offset_millis};
use crate::sandbox::world::World;

/// How long a new account can be tried without paying.
const TRIAL: SignedDuration = SignedDuration::from_hours(60 * 24);

/// `POST /partner/accounts`.
pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    enter(world, call)?;
    let sent = body::read(call, PARTNER_API)?;
    check(&sent)?;
    refuse_taken(&world.accounts, &sent)?;
    let account = open(&mut world.env, &sent);
    let provision_uuid = world.env.uuid_v4();
    let answer = json!({ "encoded_account_id": account.encoded_id, "provision_uuid": provision_uuid });
    world.accounts.push(account);
    Ok(Reply::json(201, &answer))
}

fn check(sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    check_owner(&mut checks);
    check_place(&mut checks, sent);
    check_sign_in(&mut checks);
    checks.text("partner_account_id", 80).one_of("billing_locale", &["en_US", "en_GB"]);
    checks.flag("managed_site_owner").flag("enable_single_billing").flag("gdpr_opt_out");
    checks.done(PARTNER_API)
}

/// A text with a least and a greatest length.
fn length(checks: &mut Checks<'_>, name: &str, least: usize, most: usize) {
    checks.test(name, |v| v.as_str().is_some_and(|text| (least..=most).contains(&text.chars().count())));
}

fn check_owner(checks: &mut Checks<'_>) {
    checks.required("contact_email").email("contact_email", 80);
    length(checks, "contact_phone", 5, 25);
    length(checks, "organization_name", 1, 50);
    length(checks, "organization_phone", 5, 25);
    length(checks, "first_name", 2, 80);
    length(checks, "last_name", 2, 80);
}

/// A state has two letters in the United States and Canada, and is sent blank elsewhere.
fn check_place(checks: &mut Checks<'_>, sent: &Body) {
    checks.required("country_code");
    checks.test("country_code", |v| v.as_str().is_some_and(|code| (2..=3).contains(&code.len()) && is_letters(code)));
    let country = body::text(sent, "country_code").unwrap_or_default().to_ascii_uppercase();
    let has_states = ["US", "USA", "CA", "CAN"].contains(&country.as_str());
    checks.required("state_code");
    checks.test("state_code", |v| v.as_str().is_some_and(|code| !has_states || (code.len() == 2 && is_letters(code))));
    checks.test("time_zone_id", Value::is_string);
    checks.test("website", |v| v.as_str().is_some_and(is_web_address));
}

fn is_letters(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| ["http", "https"].contains(&url.scheme()))
}

/// A login name, and either a password or an external provider with the id there.
fn check_sign_in(checks: &mut Checks<'_>) {
    checks.required("login_name");
    length(checks, "login_name", 6, 50);
    checks.test("login_name", |v| v.as_str().is_none_or(|t| t.chars().all(is_login_character)));
    length(checks, "password", 8, 80);
    checks.text("external_id", 255).text("external_provider", 80).any_of(&["password", "external_id"]);
    for (one, other) in [("external_id", "external_provider"), ("external_provider", "external_id")] {
        if checks.has(one) {
            checks.required(other);
        }
    }
    if checks.has("password") && checks.has("external_id") {
        checks.say("password, external_id are mutually exclusive");
    }
}

fn is_login_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_@.+".contains(c)
}

/// Login names, ids at a provider, and the partner's own ids are given once.
fn refuse_taken(accounts: &[Account], sent: &Body) -> Result<(), Reply> {
    if is_login_taken(accounts, &body::text(sent, "login_name").unwrap_or_default()) {
        return Err(conflict(PARTNER_API, "login_name already exists"));
    }
    if sign_in(sent).is_some_and(|sign_in| is_sign_in_taken(accounts, &sign_in)) {
        return Err(conflict(PARTNER_API, "external_id already exists"));
    }
    let own = body::text(sent, "partner_account_id");
    if own.is_some() && accounts.iter().any(|account| account.plan.partner_account_id == own) {
        return Err(conflict(PARTNER_API, "partner_account_id already exists"));
    }
    Ok(())
}

fn sign_in(sent: &Body) -> Option<SignIn> {
    Some(SignIn { provider: body::text(sent, "external_provider")?, id: body::text(sent, "external_id")? })
}

/// The new account, as a person finds it who signs in for the first time.
fn open(env: &mut Env, sent: &Body) -> Account {
    let encoded_id = encoded_id(env);
    Account {
        login: body::text(sent, "login_name").unwrap_or_default(),
        summary: summary(sent, &encoded_id),
        emails: vec![sender(env, sent)],
        plan: plan(env, sent),
        encoded_id,
        ..Account::default()
    }
}

/// A code like those of the service: a fixed beginning, then letters and digits.
fn encoded_id(env: &mut Env) -> String {
    let mut rest = env.random();
    let mut digit = || {
        let value = u32::try_from(rest % 36).unwrap_or(0);
        rest /= 36;
        char::from_digit(value, 36).unwrap_or('0')
    };
    let tail: String = (0..7).map(|_| digit()).collect();
    format!("a07e1{tail}")
}

/// The account's summary; the account's code goes with it.
fn summary(sent: &Body, encoded_id: &str) -> Value {
    let mut summary = Body::new();
    for name in WRITABLE {
        body::show(&mut summary, name, body::text(sent, name));
    }
    body::show(&mut summary, "encoded_account_id", Some(encoded_id));
    Value::Object(summary)
}

/// The owner's address, from which mail can be sent without another confirmation.
fn sender(env: &Env, sent: &Body) -> Value {
    json!({
        "email_address": body::text(sent, "contact_email"), "email_id": 1, "confirm_status": "CONFIRMED",
        "confirm_time": offset_millis(env.now()), "confirm_source_type": "SITE_OWNER",
        "roles": ["CONTACT", "BILLING", "REPLY_TO", "DEFAULT_FROM"], "pending_roles": []
    })
}

fn plan(env: &Env, sent: &Body) -> Plan {
    Plan {
        trial_ends: Some(later(env.now(), TRIAL)),
        in_pounds: body::text(sent, "billing_locale").as_deref() == Some("en_GB"),
        partner_account_id: body::text(sent, "partner_account_id"),
        sign_in: sign_in(sent),
        ..Plan::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::env::Options;

    fn body(changes: Value) -> Body {
        let mut body = json!({
            "contact_email": "amara@example.com", "country_code": "US", "state_code": "MA",
            "login_name": "amara.okafor", "password": "teal anchor"
        });
        if let (Some(body), Value::Object(changes)) = (body.as_object_mut(), changes) {
            body.extend(changes);
        }
        body.as_object().cloned().unwrap_or_default()
    }

    fn refusal(changes: Value) -> String {
        match check(&body(changes)) {
            Ok(()) => String::new(),
            Err(reply) => String::from_utf8(reply.body).unwrap_or_default(),
        }
    }

    #[test]
    fn what_the_contract_allows_passes() {
        let elsewhere = json!({ "country_code": "SE", "state_code": "" });
        let provider = json!({ "password": null, "external_id": "42", "external_provider": "ExampleID" });
        let words = json!({ "website": "https://www.example.com", "billing_locale": "en_GB", "gdpr_opt_out": true });
        for changes in [json!({}), elsewhere, provider, words] {
            assert_eq!(refusal(changes.clone()), "", "{changes}");
        }
    }

    #[test]
    fn what_it_does_not_is_refused_by_name() {
        let cases = [
            (json!({ "contact_email": null }), "contact_email is missing"),
            (json!({ "country_code": "U" }), "country_code is invalid"),
            (json!({ "state_code": null }), "state_code is missing"),
            (json!({ "state_code": "" }), "state_code is invalid"),
            (json!({ "login_name": "short" }), "login_name is invalid"),
            (json!({ "login_name": "with blank" }), "login_name is invalid"),
            (json!({ "password": "seven77" }), "password is invalid"),
            (json!({ "password": null }), "at least one parameter must be provided"),
            (json!({ "external_id": "42" }), "external_provider is missing"),
            (json!({ "external_id": "42", "external_provider": "ExampleID" }), "mutually exclusive"),
            (json!({ "website": "www.example.com" }), "website is invalid"),
            (json!({ "billing_locale": "sv_SE" }), "billing_locale does not have a valid value"),
            (json!({ "managed_site_owner": "yes" }), "managed_site_owner is invalid"),
        ];
        for (changes, words) in cases {
            let said = refusal(changes.clone());
            assert!(said.contains(words), "{changes}: {said}");
        }
    }

    #[test]
    fn names_are_given_once() {
        let mut env = Env::new(Options::default());
        let sent = body(json!({ "partner_account_id": "client-0042" }));
        let accounts = [open(&mut env, &sent)];
        let taken = |changes: Value| refuse_taken(&accounts, &body(changes)).err().map(|reply| reply.status);
        assert_eq!(taken(json!({ "login_name": "Amara.Okafor" })), Some(409));
        assert_eq!(taken(json!({ "login_name": "somebody", "partner_account_id": "client-0042" })), Some(409));
        assert_eq!(taken(json!({ "login_name": "somebody" })), None);
    }
}
