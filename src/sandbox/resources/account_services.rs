//! The account itself: summary, physical address, sender addresses, and what the signed-in user may do.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{self, Body};
use super::privileges;
use super::query;
use super::refusal::{ACCOUNT, conflict, invalid, missing};
use super::validate::Checks;
use super::{ACCOUNT_READ, ACCOUNT_UPDATE, Handler, NONE, Route, route};
use crate::sandbox::account::{Account, Mail};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, offset_millis};

/// The account by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/account/user/privileges", NONE, "", Handler::Account(privileges))
        .simplified("The service lists more privileges, and knows all but `campaign:create` by other numbers."),
    route("GET", "/account/summary", ACCOUNT_READ, "account:read", Handler::Account(summary))
        .recorded()
        .simplified("No account has a logo."),
    route("PUT", "/account/summary", ACCOUNT_UPDATE, "account:update", Handler::Account(update_summary))
        .simplified("The address for contact need not be a confirmed one, and any text is a time zone."),
    route("GET", "/account/summary/physical_address", ACCOUNT_READ, "account:read", Handler::Account(address)),
    route("POST", "/account/summary/physical_address", ACCOUNT_UPDATE, "account:update", Handler::Account(add_address)),
    route("PUT", "/account/summary/physical_address", ACCOUNT_UPDATE, "account:update", Handler::Account(put_address)),
    route("GET", "/account/emails", ACCOUNT_READ, "account:read", Handler::Account(emails)).recorded(),
    route("POST", "/account/emails", ACCOUNT_UPDATE, "account:update", Handler::Account(add_email))
        .simplified("The mail that asks for a confirmation has no link: a lever of the sandbox confirms in its place."),
];

/// Parts of the summary that are shown on request only.
const EXTRAS: &[&str] = &["physical_address", "company_logo"];
/// Properties of the summary that can be written, in its order.
pub(super) const WRITABLE: &[&str] = &[
    "contact_email",
    "contact_phone",
    "country_code",
    "first_name",
    "last_name",
    "organization_name",
    "organization_phone",
    "state_code",
    "time_zone_id",
    "website",
];
/// Properties of the physical address.
const ADDRESS: &[&str] = &[
    "address_line1",
    "address_line2",
    "address_line3",
    "city",
    "state_code",
    "state_name",
    "postal_code",
    "country_code",
];

/// `GET /account/user/privileges`.
// A handler answers a result whether or not it ever refuses.
#[allow(clippy::unnecessary_wraps)]
pub(super) fn privileges(_account: &mut Account, env: &mut Env, _call: &Call) -> Answer {
    let held = privileges::of(env.options.role);
    let shown: Vec<Value> = held.map(|(id, name)| json!({ "privilege_id": id, "privilege_name": name })).collect();
    Ok(Reply::json(200, &Value::Array(shown)))
}

/// `GET /account/summary`.
pub(super) fn summary(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let extras = query::choices(call, "extra_fields", EXTRAS, ACCOUNT)?;
    let asked = |name: &str| extras.iter().any(|extra| extra == name);
    let mut shown = account.summary.as_object().cloned().unwrap_or_default();
    shown.retain(|name, _| !EXTRAS.contains(&name.as_str()) || asked(name));
    if asked("physical_address") {
        body::show(&mut shown, "physical_address", account.physical_address.clone());
    }
    Ok(Reply::json(200, &Value::Object(shown)))
}

/// `PUT /account/summary`: unlike other updates it changes only what was sent.
pub(super) fn update_summary(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, ACCOUNT)?;
    let mut checks = Checks::of(&sent);
    for name in WRITABLE {
        checks.test(name, Value::is_string);
    }
    checks.text("contact_phone", 25).text("country_code", 2).text("state_code", 2).email("contact_email", 80);
    if moves_to_states(&sent) && account.summary.get("state_code").is_none() {
        checks.required("state_code");
    }
    checks.done(ACCOUNT)?;
    let mut shown = account.summary.as_object().cloned().unwrap_or_default();
    for name in WRITABLE {
        body::show(&mut shown, name, sent.get(*name).filter(|value| !value.is_null()).cloned());
    }
    account.summary = Value::Object(shown.clone());
    shown.retain(|name, _| !EXTRAS.contains(&name.as_str()));
    Ok(Reply::json(200, &Value::Object(shown)))
}

/// Whether an update says that the account is in the United States, where a state is needed.
fn moves_to_states(sent: &Body) -> bool {
    body::text(sent, "country_code").is_some_and(|country| country.eq_ignore_ascii_case("US"))
}

/// `GET /account/summary/physical_address`.
pub(super) fn address(account: &mut Account, _env: &mut Env, _call: &Call) -> Answer {
    let address = account.physical_address.as_ref();
    address.map(|address| Reply::json(200, address)).ok_or_else(no_address)
}

fn no_address() -> Reply {
    missing(ACCOUNT, "physical_address not found")
}

/// `POST /account/summary/physical_address`: only while there is none.
pub(super) fn add_address(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let address = read_address(call)?;
    if account.physical_address.is_some() {
        return Err(conflict(ACCOUNT, "The account already has a physical address"));
    }
    account.physical_address = Some(address.clone());
    Ok(Reply::json(201, &address))
}

/// `PUT /account/summary/physical_address`: replaces the whole address.
pub(super) fn put_address(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let address = read_address(call)?;
    if account.physical_address.is_none() {
        return Err(no_address());
    }
    account.physical_address = Some(address.clone());
    Ok(Reply::json(200, &address))
}

/// States have a code in the United States and Canada, which comes with a postal code, and a name elsewhere.
fn read_address(call: &Call) -> Result<Value, Reply> {
    let sent = body::read(call, ACCOUNT)?;
    let mut checks = Checks::of(&sent);
    checks.filled("address_line1", 80).filled("city", usize::MAX).filled("country_code", 2).text("state_code", 2);
    for name in ["address_line2", "address_line3"] {
        checks.text(name, 80).test(name, |line| line.as_str() != Some(""));
    }
    checks.test("state_name", Value::is_string).test("postal_code", Value::is_string);
    let country = body::text(&sent, "country_code").unwrap_or_default().to_ascii_uppercase();
    if ["US", "CA"].contains(&country.as_str()) {
        checks.required("state_code").required("postal_code").test("state_name", |_| false);
    } else {
        checks.test("state_code", |_| false);
    }
    checks.done(ACCOUNT)?;
    let mut address = Body::new();
    for name in ADDRESS {
        body::show(&mut address, name, body::text(&sent, name));
    }
    Ok(Value::Object(address))
}

/// `GET /account/emails`: all sender addresses, or those that pass the one filter allowed.
pub(super) fn emails(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let filters: Vec<&str> = ["confirm_status", "role_code", "email_address"]
        .into_iter()
        .filter(|name| call.query(name).is_some())
        .collect();
    if filters.len() > 1 {
        return Err(invalid(ACCOUNT, &format!("{} are mutually exclusive", filters.join(", "))));
    }
    let status = query::choice(call, "confirm_status", &["CONFIRMED", "C", "UNCONFIRMED", "U"], ACCOUNT)?;
    let roles = ["CONTACT", "C", "BILLING", "B", "JOURNALING", "J", "REPLY_TO", "R", "OTHER", "O"];
    let role = query::choice(call, "role_code", &roles, ACCOUNT)?;
    let address = call.query("email_address");
    // The abbreviations are first letters, and no two words begin alike.
    let found = account.emails.iter().filter(|email| {
        status.is_none_or(|status| field(email, "confirm_status").starts_with(status))
            && role.is_none_or(|role| has_role(email, role))
            && address.is_none_or(|address| is_address(email, address))
    });
    let found: Vec<Value> = found.cloned().collect();
    Ok(Reply::json(200, &Value::Array(found)))
}

fn field<'a>(email: &'a Value, name: &str) -> &'a str {
    email.get(name).and_then(Value::as_str).unwrap_or("")
}

fn has_role(email: &Value, wanted: &str) -> bool {
    let roles = email.get("roles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let initial = wanted.len() == 1;
    let is = |role: &str| if initial { role.starts_with(wanted) } else { role == wanted };
    roles.iter().filter_map(Value::as_str).any(is)
}

fn is_address(email: &Value, address: &str) -> bool {
    field(email, "email_address").to_lowercase() == address.trim().to_lowercase()
}

/// Whether campaigns may be sent from an address.
pub(super) fn is_confirmed(account: &Account, address: &str) -> bool {
    let confirmed = |email: &&Value| field(email, "confirm_status") == "CONFIRMED";
    account.emails.iter().filter(confirmed).any(|email| is_address(email, address))
}

/// What the link in the confirmation mail to a new sender does; `false` when none was sent to this address.
pub(in crate::sandbox) fn confirm(account: &mut Account, address: &str, at: Timestamp) -> bool {
    let waits = |email: &&mut Value| is_address(email, address) && field(email, "confirm_status") == "UNCONFIRMED";
    let Some(email) = account.emails.iter_mut().find(waits).and_then(Value::as_object_mut) else { return false };
    email.insert("confirm_status".to_owned(), "CONFIRMED".into());
    email.insert("confirm_time".to_owned(), offset_millis(at).into());
    true
}

/// `POST /account/emails`: unconfirmed, with a mail that asks for the confirmation.
pub(super) fn add_email(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, ACCOUNT)?;
    Checks::of(&sent).filled("email_address", 80).email("email_address", 80).done(ACCOUNT)?;
    let address = body::text(&sent, "email_address").unwrap_or_default();
    if account.emails.iter().any(|email| is_address(email, &address)) {
        return Err(conflict(ACCOUNT, "Email address already exists"));
    }
    let ids = account.emails.iter().filter_map(|email| email.get("email_id")).filter_map(Value::as_u64);
    let id = ids.max().unwrap_or(0).saturating_add(1);
    let answer = json!({ "email_address": address, "email_id": id, "confirm_status": "UNCONFIRMED" });
    let mut kept = answer.as_object().cloned().unwrap_or_default();
    kept.insert("roles".to_owned(), json!([]));
    kept.insert("pending_roles".to_owned(), json!([]));
    account.emails.push(Value::Object(kept));
    let subject = "Please confirm your email address".to_owned();
    account.outbox.push(Mail {
        at: env.now(),
        to: address,
        subject,
        html: String::new(),
        kind: "confirm_email".into(),
    });
    Ok(Reply::json(201, &answer))
}
