//! The shapes of refusals, their keys and texts, the headers around them, and the quotas.

use constantcontact::sandbox::{Options, Role};
use serde_json::{Value, json};

use super::client::{Reply, Service, still};
use super::consent::{EVERYTHING, asked, parameter};
use super::things::text;

const VALIDATION: &str = "contacts.api.validation.error";
const UNKNOWN: &str = "2cd8027a-78c0-11e9-bfd0-fa163e6b01c1";

/// A refusal by the gateway: one object with a key and a text.
#[track_caller]
fn by_gateway(reply: &Reply, status: u16) -> (String, String) {
    let body = reply.must(status);
    (text(&body, "error_key"), text(&body, "error_message"))
}

// [F] body and headers of one answer, byte by byte; those of the network in front of the service are left out
#[tokio::test]
async fn the_401_is_59_bytes_with_its_headers() {
    let service = Service::start().await;
    let reply = service.call("GET", "/v3/contacts", &[], b"").await;
    assert_eq!((reply.status, reply.body.len()), (401, 59));
    assert_eq!(reply.text(), r#"{"error_key":"unauthorized","error_message":"Unauthorized"}"#);
    for (name, value) in [
        ("content-type", "application/json"),
        ("content-length", "59"),
        ("www-authenticate", "Bearer realm=api.cc.email"),
        ("x-amzn-errortype", "UnauthorizedException"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-headers", "Content-Type,X-Amz-Date,Authorization,X-Api-Key"),
        ("access-control-allow-methods", "GET,POST,PUT,DELETE,PATCH,OPTIONS"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    for name in ["x-amzn-requestid", "x-amz-apigw-id"] {
        assert!(reply.header(name).is_some_and(|value| !value.is_empty()), "{name}");
    }
}

// [I] clients treat all of them alike
#[tokio::test]
async fn no_token_a_broken_one_and_an_ended_one_are_refused_alike() {
    let service = Service::start().await;
    let ended = service.token_for("contact_data").await;
    let none = service.call("GET", "/v3/contacts", &[], b"").await;
    let broken = service.with_token("broken", "GET", "/contacts", None).await;
    let basic = service.call("GET", "/v3/contacts", &[("authorization", "Basic eDp5")], b"").await;
    service.advance(86_400).await;
    let late = service.with_token(&ended, "GET", "/contacts", None).await;
    for reply in [broken, basic, late] {
        assert_eq!((reply.status, &reply.body), (401, &none.body));
        assert_eq!(reply.header("www-authenticate"), none.header("www-authenticate"));
    }
}

// [C] the only correlation id there is
#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let service = Service::start().await;
    let (first, second) = (service.get("/contacts").await, service.get("/contacts").await);
    let ids = [&first, &second].map(|reply| reply.header("x-amzn-requestid").unwrap_or_default().to_owned());
    assert!(ids[0].len() == 36 && ids[0] != ids[1], "{ids:?}");
    assert_eq!(first.header("access-control-allow-origin"), Some("*"));
}

// [O] G:priv: the object and its text
#[tokio::test]
async fn a_missing_privilege_is_a_403_object() {
    let service = Service::with(Options { role: Role::CampaignCreator, ..still() }).await;
    let refusal = by_gateway(&service.get("/contacts").await, 403);
    let text = "Request forbidden due to insufficient user privileges.";
    assert_eq!(refusal, ("access_denied".to_owned(), text.to_owned()));
}

// [O] 403 for a missing scope; [I] an object
#[tokio::test]
async fn a_missing_scope_is_a_403_object() {
    let service = Service::start().await;
    let token = service.token_for("contact_data").await;
    service.with_token(&token, "GET", "/contacts", None).await.must(200);
    by_gateway(&service.with_token(&token, "GET", "/emails", None).await, 403);
}

// [O] neither scope nor privilege: the call to tell one 403 from another
#[tokio::test]
async fn anybody_may_ask_for_the_own_privileges() {
    let service = Service::with(Options { role: Role::CampaignCreator, ..still() }).await;
    let token = service.token_for("offline_access").await;
    let held = service.with_token(&token, "GET", "/account/user/privileges", None).await.must(200);
    let campaigns = held.as_array().unwrap().iter().find(|one| one["privilege_name"] == "campaign:create");
    assert!(campaigns.is_some_and(|one| one["privilege_id"].is_u64()), "{held}");
}

// [C] the gateway's own words; billing has no published operation
#[tokio::test]
async fn a_path_that_leads_nowhere_is_forbidden() {
    let service = Service::start().await;
    for path in ["/nowhere", "/contacts/a/b/c", "/billing/plan", "/reports/email_reports/x"] {
        assert_eq!(service.get(path).await.must(403), json!({ "message": "Forbidden" }), "{path}");
    }
    let outside = service.call("GET", "/.well-known/openid-configuration", &[], b"").await;
    assert_eq!(outside.must(403), json!({ "message": "Forbidden" }));
    let bearer = format!("Bearer {}", service.ready().access_token);
    let unversioned = service.call("GET", "/contacts", &[("authorization", bearer.as_str())], b"").await;
    assert_eq!(unversioned.must(403), json!({ "message": "Forbidden" }));
}

// [O] 404 and not 400, with this very text
#[tokio::test]
async fn a_malformed_id_is_not_found() {
    let service = Service::start().await;
    let reply = service.get("/contacts/12345").await;
    reply.refused(404, "contacts.api.not_found", "contact_id is in an invalid format.");
}

// [O] 404; [I] the key
#[tokio::test]
async fn an_unknown_id_is_not_found() {
    let service = Service::start().await;
    for path in ["contacts", "contact_lists", "contact_tags", "contact_custom_fields", "activities"] {
        let body = service.get(&format!("/{path}/{UNKNOWN}")).await.must(404);
        assert_eq!(body[0]["error_key"], "contacts.api.not_found", "{path}");
    }
}

// [O]
#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_405() {
    let service = Service::start().await;
    assert_eq!(service.delete("/contacts").await.status, 405);
    assert_eq!(service.patch(&format!("/contact_lists/{UNKNOWN}"), &json!({})).await.status, 405);
}

// [O] F:codes
#[tokio::test]
async fn another_content_type_is_415_and_broken_json_400() {
    let service = Service::start().await;
    let good = r#"{"email_address":{"address":"a@example.com"},"create_source":"Account"}"#;
    service.post_as("/contacts", "text/plain", good.as_bytes()).await.refusal(415);
    for broken in [r#"{"create_source":"Account",}"#, "{", "", "create_source=Account"] {
        service.post_as("/contacts", "application/json", broken.as_bytes()).await.refusal(400);
    }
    service.post_as("/contacts", "application/json; charset=utf-8", good.as_bytes()).await.must(201);
}

// [C] several failures are one element, joined by a comma
#[tokio::test]
async fn several_failures_are_one_text() {
    let service = Service::start().await;
    let reply = service.post("/contacts", &json!({ "email_address": { "address": "a@example.com" } })).await;
    let text = "create_source is missing, create_source does not have a valid value";
    reply.refused(400, VALIDATION, text);
    let null = json!({ "email_address": { "address": "a@example.com" }, "create_source": null });
    service.post("/contacts", &null).await.refused(400, VALIDATION, text);
}

// [O] and [C]: texts on record
#[tokio::test]
async fn texts_on_record() {
    let service = Service::start().await;
    let list = service.list("News").await;
    let counted = service.get("/contact_lists?include_membership_count=some").await;
    counted.refused(400, VALIDATION, "include_membership_count does not have a valid value");
    let form = |address: Value| json!({ "email_address": address, "list_memberships": [list] });
    let sign_up = service.post("/contacts/sign_up_form", &form(json!("nobody"))).await;
    sign_up.refused(400, VALIDATION, "Email address is invalid");
    let object = service.post("/contacts/sign_up_form", &form(json!({ "address": "a@example.com" }))).await;
    assert!(object.refusal(400).contains("email_address"));
    let field = json!({
        "first_name": "Noor", "create_source": "Account",
        "custom_fields": [{ "custom_field_id": UNKNOWN, "value": "x" }]
    });
    let unknown = service.post("/contacts", &field).await;
    unknown.refused(400, VALIDATION, "custom_fields.custom_field_id is invalid");
}

// --- Quotas -----------------------------------------------------------------------------------------------------

fn limited() -> Options {
    Options { limits: true, ..still() }
}

// [O] four in a second, an object; no header says when to come back
#[tokio::test]
async fn the_fifth_call_in_a_second_is_throttled() {
    let service = Service::with(limited()).await;
    for _ in 0..4 {
        service.get("/contacts").await.must(200);
    }
    let reply = service.get("/contacts").await;
    assert_eq!(reply.must(429), json!({ "error_key": "throttled", "error_message": "Too Many Requests" }));
    let tells = |(name, _): &(String, String)| name == "retry-after" || name.contains("ratelimit");
    assert!(!reply.headers.iter().any(tells), "{:?}", reply.headers);
    service.advance(1).await;
    service.get("/contacts").await.must(200);
}

// [O] 10,000 in a day, begun anew at midnight UTC; here 3
#[tokio::test]
async fn the_day_ends_at_midnight_utc() {
    let service = Service::with(Options { per_day: 3, ..limited() }).await;
    for _ in 0..3 {
        service.get("/account/user/privileges").await.must(200);
    }
    let exceeded = json!({ "error_key": "quota_exceeded", "error_message": "Limit Exceeded" });
    assert_eq!(service.get("/account/user/privileges").await.must(429), exceeded);
    // It is nine in the morning.
    service.advance(15 * 3_600 - 1).await;
    assert_eq!(service.get("/account/user/privileges").await.must(429), exceeded);
    service.advance(1).await;
    service.get("/account/user/privileges").await.must(200);
}

// [O] support: the API key counts, whatever the account and the token
#[tokio::test]
async fn all_accounts_of_an_application_share_its_quota() {
    let service = Service::with(Options { accounts: 2, ..limited() }).await;
    let fields = [asked(service.ready(), EVERYTHING), vec![("account", "owner2@example.com")]].concat();
    let code = parameter(&service.press("allow", &fields).await, "code").unwrap();
    let other = text(&service.redeem(&code).await.must(200), "access_token");
    for _ in 0..2 {
        service.get("/contacts").await.must(200);
        service.with_token(&other, "GET", "/contacts", None).await.must(200);
    }
    service.get("/contacts").await.must(429);
    service.with_token(&other, "GET", "/contacts", None).await.must(429);
}
