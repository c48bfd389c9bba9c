//! The OAuth server and the levers: forms, JSON, and whole states in which something was changed by hand.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use constantcontact::sandbox::Ready;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{dice::Dice, known::Known, wire::Request};

/// Names, each with values that are taken.
type Values = &'static [(&'static str, &'static [&'static str])];

/// Paths of the OAuth server, and what is near them.
const OAUTH: &[&str] = &[
    "/oauth2/default/v1/authorize",
    "/oauth2/default/v1/authorize",
    "/oauth2/default/v1/token",
    "/oauth2/default/v1/token",
    "/oauth2/default/v1/token",
    "/partners/oauth2/default/v1/token",
    "/oauth2/default/v1/device/authorize",
    "/activate",
    "/oauth2/default/v1/keys",
    "/oauth2/default/v1/revoke",
    "/oauth2/",
    "/oauth2/%00",
    "/oauth2/default/v1/token/",
];

/// Fields of its forms, with values that it takes. Those of the ready line come on top.
const FIELDS: Values = &[
    ("account", &["owner@example.com"]),
    ("client_id", &[]),
    ("client_secret", &[]),
    ("code", &[]),
    ("code_challenge", &["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"]),
    ("code_challenge_method", &["S256", "plain"]),
    ("code_verifier", &["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"]),
    ("decision", &["allow", "deny"]),
    ("device_code", &[]),
    (
        "grant_type",
        &[
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
            "password",
        ],
    ),
    ("prompt", &["login", "none"]),
    ("redirect_uri", &[]),
    ("refresh_token", &[]),
    ("response_type", &["code", "token"]),
    ("scope", &["contact_data offline_access", "v3api/general.partner", "account_read", "openid"]),
    ("state", &["a-state"]),
    ("user_code", &[]),
];

/// Levers with a body, and the properties of their bodies with values that are taken, written as JSON.
const LEVERS: &[(&str, &str, Values)] = &[
    ("POST", "clock", &[("advance_seconds", &["0", "1", "60", "86400", "5000000", "316224000", "316224001", "-1"])]),
    (
        "POST",
        "faults",
        &[
            ("kind", &[r#""throttled""#, r#""slow""#, r#""cut_off""#, r#""duplicate""#, r#""read_lag""#]),
            ("path", &[r#""/v3/contacts""#, r#""/""#, r#""v3""#]),
            ("method", &[r#""GET""#, r#""é""#]),
            ("nth", &["1", "4294967295", "4294967296"]),
            ("times", &["1", "0", "4294967295"]),
            ("probability", &["0.5", "1e-320", "-0.1", "2"]),
            ("delay_ms", &["0", "3600000", "3600001"]),
        ],
    ),
    (
        "PATCH",
        "options",
        &[
            ("role", &[r#""owner""#, r#""manager""#, r#""campaign_creator""#]),
            ("limits", &["true", "false"]),
            ("per_second", &["0", "1", "4294967295"]),
            ("per_day", &["1", "4294967295"]),
            ("token_ttl", &["1", "9223372036854775807"]),
            ("grace", &["0", "9223372036854775807"]),
            ("reuse", &[r#""error_only""#, r#""revoke_family""#]),
            ("read_lag_ms", &["0", "9223372036854775807"]),
            ("engagement", &["true", "false"]),
            ("confirmed_opt_in", &["true", "false"]),
            ("refuse_unknown_segments", &["true", "false"]),
            ("job_ms", &["[0,0]", "[0,9223372036854775807]", "[9223372036854775807,9223372036854775807]", "[1]"]),
            ("sending_ms", &["0", "9223372036854775807"]),
        ],
    ),
    (
        "PATCH",
        "apps/CLIENT",
        &[
            ("redirect_uris", &["[]", r#"["https://localhost"]"#, r#"["x:","é"]"#]),
            ("flow", &[r#""code""#, r#"["pkce","device"]"#, r#""partner""#, "[]"]),
            ("refresh", &[r#""rotating""#, r#""long_lived""#]),
            ("deactivated", &["true", "false"]),
            ("regenerate_secret", &["true", "false"]),
        ],
    ),
    ("POST", "confirm", &[("email", &[r#""noor@example.com""#, r#""""#])]),
    ("POST", "state", &[]),
];

/// Levers that are only looked at, and some that are not there.
const LOOKS: &[&str] = &[
    "",
    "journal",
    "clock",
    "faults",
    "options",
    "apps",
    "accounts",
    "jobs",
    "outbox",
    "outbox?account=owner@example.com&limit=1",
    "outbox?limit=0",
    "outbox?limit=18446744073709551615",
    "journal?limit=18446744073709551616",
    "journal?limit=-1",
    "deliveries",
    "operations",
    "none",
    "apps/",
    "%2e%2e/",
];

/// Hosts that a request may name; most are near.
const HOSTS: &[&str] = &["localhost", "127.0.0.1:1", "[::1]:80", "[", "[::1", "evil.example", ":", "LOCALHOST:é", ""];

/// A request to the OAuth server.
pub(super) fn oauth(dice: &mut Dice, ready: &Ready, known: &Known) -> Request {
    let form = form(dice, ready, known);
    let path = *dice.pick(OAUTH);
    let in_query = dice.percent(30);
    let target = if in_query { format!("{path}?{form}") } else { path.to_owned() };
    let method = if dice.percent(90) { if in_query { "GET" } else { "POST" } } else { "PUT" };
    let request = Request::new(method, target);
    let request = match dice.below(8) {
        0 => request.with("authorization", "Basic !!!"),
        1 => request.with("authorization", format!("Basic {}", STANDARD.encode("no colon"))),
        2 => request.with("authorization", format!("Basic {}", STANDARD.encode(dice.text()))),
        3 | 4 => request,
        5 => request.with("authorization", basic(&ready.partner_client_id, &ready.partner_client_secret)),
        _ => request.with("authorization", basic(&ready.client_id, &ready.client_secret)),
    };
    match dice.below(12) {
        0 => request.carrying("application/json", json!({ "grant_type": "refresh_token" }).to_string()),
        1 => request.carrying("application/x-www-form-urlencoded", b"\xff%zz&=&&%".to_vec()),
        _ if in_query => request,
        _ => request.carrying("application/x-www-form-urlencoded", form),
    }
}

/// What `Authorization` holds for an application.
pub(super) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// A form in which most fields are good, some missing, some twice.
fn form(dice: &mut Dice, ready: &Ready, known: &Known) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for &(name, values) in FIELDS {
        for _ in 0..[0, 1, 1, 1, 1, 1, 1, 2][dice.below(8)] {
            pairs.append_pair(name, &field(dice, ready, known, name, values));
        }
    }
    pairs.finish()
}

fn field(dice: &mut Dice, ready: &Ready, known: &Known, name: &str, values: &[&str]) -> String {
    if dice.percent(12) {
        return dice.text();
    }
    let own = match name {
        "client_id" => vec![&ready.client_id, &ready.pkce_client_id, &ready.partner_client_id],
        "client_secret" => vec![&ready.client_secret],
        "redirect_uri" => vec![&ready.redirect_uri],
        "refresh_token" => vec![&ready.refresh_token],
        _ => Vec::new(),
    };
    if !own.is_empty() && dice.percent(70) {
        return (*dice.pick(&own)).clone();
    }
    match known.one(name, dice) {
        Some(Value::String(text)) => text,
        _ if values.is_empty() => dice.text(),
        _ => (*dice.pick(values)).to_owned(),
    }
}

/// A request to a lever.
pub(super) fn lever(dice: &mut Dice, ready: &Ready) -> Request {
    let request = if dice.percent(35) {
        let method = *dice.pick(&["GET", "GET", "GET", "DELETE", "HEAD", "PUT"]);
        Request::new(method, format!("/_sandbox/{}", dice.pick(LOOKS)))
    } else {
        pulled(dice, ready)
    };
    if dice.percent(6) { request.with("host", *dice.pick(HOSTS)) } else { request }
}

fn pulled(dice: &mut Dice, ready: &Ready) -> Request {
    let &(method, name, properties) = dice.pick(LEVERS);
    let app = *dice.pick(&[&ready.client_id, &ready.pkce_client_id, &ready.partner_client_id]);
    let target = format!("/_sandbox/{}", name.replace("CLIENT", app));
    let mut body = Map::new();
    for &(name, values) in properties {
        // The first is what the lever is about.
        if body.is_empty() || dice.percent(25) {
            let good: Value = serde_json::from_str(dice.pick::<&str>(values)).unwrap();
            body.insert(name.to_owned(), if dice.percent(10) { dice.json(2) } else { good });
        }
    }
    let body = Value::Object(body);
    let text = match dice.below(20) {
        0 => dice.json(3).to_string(),
        1 => json!([body, body]).to_string(),
        2 => "[".repeat(300),
        3 => String::new(),
        _ => body.to_string(),
    };
    Request::new(method, target).carrying("application/json", text)
}

/// What is asked of a sandbox whose state was changed by hand: everything that looks into much of it.
pub(super) const READS: &[&str] = &[
    "/v3/contacts?limit=500&status=all&include_count=true&include=custom_fields,list_memberships,notes,taggings",
    "/v3/contacts/counts",
    "/v3/contact_lists?include_count=true&include_membership_count=all",
    "/v3/contact_tags?include_count=true",
    "/v3/contact_custom_fields",
    "/v3/segments",
    "/v3/activities",
    "/v3/emails",
    "/v3/reports/summary_reports/email_campaign_summaries",
    "/v3/account/summary",
    "/v3/account/emails",
    "/v3/events",
    "/_sandbox/accounts",
    "/_sandbox/jobs",
    "/_sandbox/outbox",
    "/_sandbox/deliveries",
    "/_sandbox/apps",
    "/_sandbox/clock",
];
