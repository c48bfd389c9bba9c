//! The token endpoint, its answers and errors, and the lives of refresh tokens.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use constantcontact::sandbox::{Options, Reuse};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::client::{Reply, Service, still};
use super::consent::{EVERYTHING, FORM, TOKEN, asked, basic, but, pairs, parameter};
use super::things::{names, text};

const DAY: i64 = 86_400;
const DEAD: &str = "The refresh token is invalid or expired.";

/// A refusal of the OAuth server.
#[track_caller]
fn refused(reply: &Reply, status: u16, error: &str, description: &str) {
    assert_eq!(reply.must(status), json!({ "error": error, "error_description": description }));
}

async fn first_refresh_token(service: &Service) -> String {
    text(&service.tokens(EVERYTHING).await, "refresh_token")
}

/// Refreshes, and gives the refresh token to go on with.
async fn refreshed(service: &Service, token: &str) -> String {
    text(&service.refresh(token).await.must(200), "refresh_token")
}

// [O] the members; [R] their order
#[tokio::test]
async fn the_token_answer_has_its_members_in_order() {
    let service = Service::start().await;
    let tokens = service.tokens("contact_data offline_access campaign_data").await;
    assert_eq!(names(&tokens), ["token_type", "expires_in", "access_token", "scope", "refresh_token"]);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(86_400)));
    assert_eq!(tokens["scope"], "contact_data offline_access campaign_data");
    // [C] kept in columns of 50 characters
    assert!(text(&tokens, "refresh_token").len() <= 50);
}

// [O] no error, only no refresh token
#[tokio::test]
async fn a_forgotten_scope_costs_the_refresh_token_silently() {
    let service = Service::start().await;
    assert_eq!(names(&service.tokens("contact_data").await), ["token_type", "expires_in", "access_token", "scope"]);
}

// [O] official samples put them in the query, with an empty body
#[tokio::test]
async fn parameters_may_come_in_the_query() {
    let service = Service::start().await;
    let code = service.code("contact_data").await;
    let redirect_uri = service.ready().redirect_uri.as_str();
    let query = pairs(&[("code", code.as_str()), ("redirect_uri", redirect_uri), ("grant_type", "authorization_code")]);
    let by = basic(&service.ready().client_id, &service.ready().client_secret);
    let headers = [("authorization", by.as_str()), FORM];
    service.call("POST", &format!("{TOKEN}?{query}"), &headers, b"").await.must(200);
}

// [C] one client sends JSON beside its query; alone it is no grant
#[tokio::test]
async fn json_is_passed_over_and_is_no_grant() {
    let service = Service::start().await;
    let code = service.code("contact_data").await;
    let redirect_uri = service.ready().redirect_uri.clone();
    let fields =
        [("code", code.as_str()), ("redirect_uri", redirect_uri.as_str()), ("grant_type", "authorization_code")];
    let by = basic(&service.ready().client_id, &service.ready().client_secret);
    let headers = [("authorization", by.as_str()), ("content-type", "application/json")];
    let body = json!({ "code": code, "redirect_uri": redirect_uri, "grant_type": "authorization_code" }).to_string();
    let alone = service.call("POST", TOKEN, &headers, body.as_bytes()).await;
    assert!((400..500).contains(&alone.status), "{}", alone.text());
    service.call("POST", &format!("{TOKEN}?{}", pairs(&fields)), &headers, body.as_bytes()).await.must(200);
}

// [O] once, and for five minutes; [R] the text
#[tokio::test]
async fn a_code_is_good_once_and_for_five_minutes() {
    let service = Service::start().await;
    let gone = "The authorization code is invalid or has expired.";
    let code = service.code("contact_data").await;
    service.advance(299).await;
    service.redeem(&code).await.must(200);
    refused(&service.redeem(&code).await, 400, "invalid_grant", gone);
    let late = service.code("contact_data").await;
    service.advance(301).await;
    refused(&service.redeem(&late).await, 400, "invalid_grant", gone);
    refused(&service.redeem("made-up").await, 400, "invalid_grant", gone);
}

// [O] the address is repeated exactly; [R] the text
#[tokio::test]
async fn the_redirect_address_is_repeated_exactly() {
    let service = Service::start().await;
    let code = service.code("contact_data").await;
    let other = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", "https://localhost")];
    let text = "The 'redirect_uri' does not match the redirection URI used in the authorization request.";
    refused(&service.grant(&other).await, 400, "invalid_grant", text);
}

// [R] all of them
#[tokio::test]
async fn a_client_that_does_not_prove_itself_is_refused_in_three_ways() {
    let service = Service::start().await;
    let id = service.ready().client_id.as_str();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let wrong = service.form(TOKEN, Some((id, "wrong")), &fields).await;
    refused(&wrong, 401, "invalid_client", "The client secret supplied for a confidential client is invalid.");
    let text = "Client authentication failed. Either the client or the client credentials are invalid.";
    refused(&service.form(TOKEN, None, &fields).await, 401, "invalid_client", text);
    let unknown = service.form(TOKEN, Some(("nobody", "x")), &fields).await.must(401);
    assert_eq!(unknown["errorCode"], "invalid_client");
    assert_eq!(unknown["errorSummary"], "Invalid value for 'client_id' parameter.");
    assert!(unknown.get("error").is_none() && unknown["errorId"].is_string(), "{unknown}");
}

// [R]
#[tokio::test]
async fn a_request_without_grant_type_or_with_another_one_is_refused() {
    let service = Service::start().await;
    assert_eq!(service.grant(&[]).await.must(400)["error"], "invalid_request");
    let text = "The client is not authorized to use the provided grant type. \
                Configured grant types: [authorization_code, refresh_token].";
    let other = service.grant(&[("grant_type", "client_credentials")]).await;
    refused(&other, 400, "unauthorized_client", text);
}

// --- PKCE -------------------------------------------------------------------------------------------------------

const VERIFIER: &str = "a-verifier-of-43-to-128-characters.is.needed~";

/// The answer to a code of the public application, exchanged with a verifier.
async fn pkce(service: &Service, verifier: &str, by: Option<(&str, &str)>) -> Reply {
    let ready = service.ready();
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
    let asked = but(asked(ready, "contact_data offline_access"), "client_id", &ready.pkce_client_id);
    let proof = vec![("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    let address = service.press("allow", &[asked, proof].concat()).await;
    let code = parameter(&address, "code").unwrap();
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", ready.redirect_uri.as_str()),
        ("code_verifier", verifier),
    ];
    if by.is_none() {
        fields.push(("client_id", ready.pkce_client_id.as_str()));
    }
    service.form(TOKEN, by, &fields).await
}

// [O] no client secret, the id in the body
#[tokio::test]
async fn a_verifier_stands_in_for_the_secret() {
    let service = Service::start().await;
    let tokens = pkce(&service, VERIFIER, None).await.must(200);
    assert!(tokens["refresh_token"].is_string());
}

// [R]
#[tokio::test]
async fn a_wrong_verifier_is_refused() {
    let service = Service::start().await;
    let other = "another-verifier-of-43-to-128-characters-here";
    refused(&pkce(&service, other, None).await, 400, "invalid_grant", "PKCE verification failed.");
}

// [C] an empty secret passes for applications that have none
#[tokio::test]
async fn a_public_application_may_send_an_empty_secret() {
    let service = Service::start().await;
    let id = service.ready().pkce_client_id.clone();
    pkce(&service, VERIFIER, Some((id.as_str(), ""))).await.must(200);
}

// --- Refreshing -------------------------------------------------------------------------------------------------

// [O] once; [C] the very text of the refusal
#[tokio::test]
async fn a_rotating_refresh_token_works_once() {
    let service = Service::start().await;
    let first = first_refresh_token(&service).await;
    let second = refreshed(&service, &first).await;
    assert_ne!(first, second);
    refused(&service.refresh(&first).await, 400, "invalid_grant", DEAD);
    refused(&service.refresh("made-up").await, 400, "invalid_grant", DEAD);
}

// [O] a refresh kills all earlier tokens; [R] what reuse does beyond that, so it can be chosen
#[tokio::test]
async fn reuse_is_an_error_or_ends_the_grant() {
    for (reuse, status) in [(Reuse::ErrorOnly, 200), (Reuse::RevokeFamily, 400)] {
        let service = Service::with(Options { reuse, ..still() }).await;
        let first = first_refresh_token(&service).await;
        let second = refreshed(&service, &first).await;
        service.refresh(&first).await.must(400);
        assert_eq!(service.refresh(&second).await.status, status, "{reuse:?}");
    }
}

// [R] a time of grace, so it can be chosen
#[tokio::test]
async fn within_the_grace_a_replaced_token_still_works() {
    let service = Service::with(Options { grace: 30, ..still() }).await;
    let first = first_refresh_token(&service).await;
    refreshed(&service, &first).await;
    service.advance(30).await;
    service.refresh(&first).await.must(200);
    service.advance(31).await;
    service.refresh(&first).await.must(400);
}

// [O] the other mode of an application
#[tokio::test]
async fn a_long_lived_refresh_token_stays_what_it_is() {
    let service = Service::with(Options { rotating: false, ..still() }).await;
    let first = first_refresh_token(&service).await;
    for _ in 0..3 {
        assert_eq!(refreshed(&service, &first).await, first);
    }
}

// [O] 180 days, and every use begins them anew
#[tokio::test]
async fn an_unused_refresh_token_dies_after_180_days_in_both_modes() {
    for rotating in [true, false] {
        let service = Service::with(Options { rotating, ..still() }).await;
        let mut token = first_refresh_token(&service).await;
        for _ in 0..2 {
            service.advance(179 * DAY).await;
            token = refreshed(&service, &token).await;
        }
        service.advance(180 * DAY + 1).await;
        refused(&service.refresh(&token).await, 400, "invalid_grant", DEAD);
    }
}

// [O] 24 hours, whatever is done with it
#[tokio::test]
async fn an_access_token_lives_24_hours() {
    let service = Service::start().await;
    let token = service.token_for(EVERYTHING).await;
    service.advance(DAY - 1).await;
    service.with_token(&token, "GET", "/contacts", None).await.must(200);
    service.advance(1).await;
    service.with_token(&token, "GET", "/contacts", None).await.must(401);
}

// [O] one a second; [R] the body, which has no `error`
#[tokio::test]
async fn the_token_endpoint_takes_one_request_a_second() {
    let service = Service::with(Options { limits: true, ..still() }).await;
    let first = first_refresh_token(&service).await;
    let refusal = service.refresh(&first).await.must(429);
    assert!(refusal.get("error").is_none(), "{refusal}");
    assert_eq!(refusal["errorCode"], "E0000047");
    assert_eq!(refusal["errorSummary"], "API call exceeded rate limit due to too many requests.");
    assert_eq!(refusal["errorCauses"], Value::Array(Vec::new()));
    service.advance(1).await;
    service.refresh(&first).await.must(200);
}
