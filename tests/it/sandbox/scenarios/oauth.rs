//! The authorize page, what access tokens say, and devices.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use constantcontact::sandbox::Options;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

use super::client::{Reply, Service, still};
use super::consent::{AUTHORIZE, EVERYTHING, TOKEN, asked, but, claims, pairs, parameter};
use super::things::text;

const KEYS: &str = "/oauth2/aus1lm3ry9mF7x2Ja0h8/v1/keys";
const DEVICE: &str = "/oauth2/default/v1/device/authorize";

async fn open(service: &Service, fields: &[(&str, &str)]) -> Reply {
    service.call("GET", &format!("{AUTHORIZE}?{}", pairs(fields)), &[], b"").await
}

/// The address that an application is sent back to without a question to the person.
async fn sent_back(service: &Service, fields: &[(&str, &str)]) -> String {
    let reply = open(service, fields).await;
    assert_eq!(reply.status, 302, "{}", reply.text());
    reply.header("location").unwrap().to_owned()
}

// [F] a plain client gets a page, not JSON
#[tokio::test]
async fn the_authorize_page_is_html() {
    let service = Service::start().await;
    let reply = open(&service, &asked(service.ready(), EVERYTHING)).await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").unwrap().starts_with("text/html"));
}

// [O] G:server; [C] clients rely on the order
#[tokio::test]
async fn the_way_back_has_the_code_first_and_the_state_second() {
    let service = Service::start().await;
    let address = service.press("allow", &asked(service.ready(), "contact_data")).await;
    let code = parameter(&address, "code").unwrap();
    assert_eq!(address, format!("{}?code={code}&state=xyz", service.ready().redirect_uri));
}

// [C] parameters of the query; [R] the text
#[tokio::test]
async fn a_person_who_denies_is_told_of_in_the_query() {
    let service = Service::start().await;
    let address = service.press("deny", &asked(service.ready(), "contact_data")).await;
    assert_eq!(parameter(&address, "error").as_deref(), Some("access_denied"));
    let text = "The resource owner or authorization server denied the request.";
    assert_eq!(parameter(&address, "error_description").as_deref(), Some(text));
    assert_eq!(parameter(&address, "state").as_deref(), Some("xyz"));
}

// [O] the address has to match exactly; [R] the page of status 400
#[tokio::test]
async fn an_unknown_client_or_address_is_never_redirected() {
    let service = Service::start().await;
    let right = asked(service.ready(), "contact_data");
    let longer = format!("{}/", service.ready().redirect_uri);
    for wrong in [("client_id", "nobody"), ("redirect_uri", longer.as_str()), ("redirect_uri", "")] {
        let reply = open(&service, &but(right.clone(), wrong.0, wrong.1)).await;
        assert_eq!((reply.status, reply.header("location")), (400, None), "{wrong:?}");
        assert!(reply.header("content-type").unwrap().starts_with("text/html"), "{wrong:?}");
    }
}

// [R] error and text
#[tokio::test]
async fn an_unknown_scope_is_sent_back() {
    let service = Service::start().await;
    let address = sent_back(&service, &asked(service.ready(), "contact_data coffee")).await;
    assert_eq!(parameter(&address, "error").as_deref(), Some("invalid_scope"));
    let text = "One or more scopes are not configured for the authorization server resource.";
    assert_eq!(parameter(&address, "error_description").as_deref(), Some(text));
}

// [O] scopes are parted by a blank, as + or %20; [C] an encoded plus is none
#[tokio::test]
async fn an_encoded_plus_does_not_part_scopes() {
    let service = Service::start().await;
    let rest = pairs(&asked(service.ready(), "X"));
    for (written, status) in [
        ("contact_data+campaign_data", 200),
        ("contact_data%20campaign_data", 200),
        ("contact_data%2Bcampaign_data", 302),
    ] {
        let query = rest.replace("scope=X", &format!("scope={written}"));
        let reply = service.call("GET", &format!("{AUTHORIZE}?{query}"), &[], b"").await;
        assert_eq!(reply.status, status, "{written}");
    }
}

// [O] documented as required; [R] the refusal
#[tokio::test]
async fn a_request_without_state_is_sent_back() {
    let service = Service::start().await;
    let fields = but(asked(service.ready(), "contact_data"), "state", "");
    let address = sent_back(&service, &fields).await;
    assert_eq!(parameter(&address, "error").as_deref(), Some("invalid_request"));
}

// [O] release notes of September 2025
#[tokio::test]
async fn a_new_sign_in_can_be_asked_for() {
    let service = Service::start().await;
    let fields = [asked(service.ready(), "contact_data"), vec![("prompt", "login")]].concat();
    assert_eq!(open(&service, &fields).await.status, 200);
}

// [O] S256 is the only documented method; [I] the refusal
#[tokio::test]
async fn a_challenge_in_the_clear_is_sent_back() {
    let service = Service::start().await;
    let ready = service.ready();
    let challenge = [("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")];
    let methods: [&[(&str, &str)]; 2] = [&[], &[("code_challenge_method", "plain")]];
    for id in [&ready.client_id, &ready.pkce_client_id] {
        for method in methods {
            let asked = but(asked(ready, "contact_data"), "client_id", id);
            let address = sent_back(&service, &[&asked[..], &challenge, method].concat()).await;
            assert_eq!(parameter(&address, "error").as_deref(), Some("invalid_request"), "{method:?}");
        }
    }
}

// [C] no discovery; [I] neither revocation nor introspection
#[tokio::test]
async fn there_is_no_discovery_and_no_revocation() {
    let service = Service::start().await;
    service.call("GET", "/oauth2/default/.well-known/openid-configuration", &[], b"").await.bare(404);
    for name in ["revoke", "introspect", "logout"] {
        assert_eq!(service.form(&format!("/oauth2/default/v1/{name}"), None, &[]).await.status, 404, "{name}");
    }
}

// [C] what clients check; [I] the rest of the payload
#[tokio::test]
async fn an_access_token_says_what_clients_check() {
    let service = Service::start().await;
    let token = service.token_for(EVERYTHING).await;
    let said = claims(&token);
    assert_eq!(said["aud"], "https://api.cc.email/v3");
    assert_eq!(said["cid"], json!(service.ready().client_id));
    assert_eq!(said["sub"], "owner@example.com");
    assert!(said["platform_user_id"].is_string(), "{said}");
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 86_400);
    assert_eq!(said["iss"], "https://identity.constantcontact.com/oauth2/aus1lm3ry9mF7x2Ja0h8");
    assert_eq!((&said["ver"], said["jti"].as_str().map(|id| id.starts_with("AT."))), (&json!(1), Some(true)));
}

// [C] clients keep 1,000 to 1,200 characters for it
#[tokio::test]
async fn an_access_token_is_as_long_as_the_real_ones() {
    let service = Service::start().await;
    let length = service.token_for(EVERYTHING).await.len();
    assert!((1_000..=1_200).contains(&length), "{length}");
}

// [C] RS256, with the key found by its id in a set at this path
#[tokio::test]
async fn an_access_token_checks_against_the_published_keys() {
    let service = Service::start().await;
    let token = service.token_for("contact_data").await;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let head: Value = serde_json::from_slice(&decode(token.split('.').next().unwrap())).unwrap();
    assert_eq!(head["alg"], "RS256");
    let keys = service.call("GET", KEYS, &[], b"").await.must(200);
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == head["kid"]).unwrap();
    let (modulus, exponent) = (decode(&text(key, "n")), decode(&text(key, "e")));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let public = RsaPublicKeyComponents { n: modulus, e: exponent };
    public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature)).unwrap();
}

// [O] several people can connect one application
#[tokio::test]
async fn the_person_chooses_the_account_and_the_token_names_it() {
    let service = Service::with(Options { accounts: 2, ..still() }).await;
    let fields = [asked(service.ready(), "contact_data"), vec![("account", "owner2@example.com")]].concat();
    let address = service.press("allow", &fields).await;
    let tokens = service.redeem(&parameter(&address, "code").unwrap()).await.must(200);
    assert_eq!(claims(&text(&tokens, "access_token"))["sub"], "owner2@example.com");
}

// --- Devices ----------------------------------------------------------------------------------------------------

async fn begin(service: &Service) -> Value {
    let id = service.ready().pkce_client_id.as_str();
    let fields = [("client_id", id), ("response_type", "code"), ("scope", "contact_data offline_access")];
    service.form(DEVICE, None, &fields).await.must(200)
}

async fn poll(service: &Service, begun: &Value) -> Reply {
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let code = text(begun, "device_code");
    let fields =
        [("client_id", service.ready().pkce_client_id.as_str()), ("device_code", code.as_str()), ("grant_type", grant)];
    service.form(TOKEN, None, &fields).await
}

async fn type_in(service: &Service, begun: &Value, button: &str) {
    let code = text(begun, "user_code");
    let reply = service.form("/activate", None, &[("user_code", code.as_str()), ("decision", button)]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

// [O] names; [R] values
#[tokio::test]
async fn a_device_gets_two_codes_and_an_address() {
    let service = Service::start().await;
    let begun = begin(&service).await;
    let (code, page) = (text(&begun, "user_code"), text(&begun, "verification_uri"));
    assert_eq!(code.len(), 8);
    assert!(page.ends_with("/activate"), "{page}");
    assert_eq!(begun["verification_uri_complete"], format!("{page}?user_code={code}"));
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&json!(600), &json!(5)));
}

// [O] parameters may come as query or body
#[tokio::test]
async fn a_device_may_ask_in_the_query() {
    let service = Service::start().await;
    let id = service.ready().pkce_client_id.as_str();
    let query = pairs(&[("client_id", id), ("response_type", "code"), ("scope", "contact_data")]);
    assert!(service.form(&format!("{DEVICE}?{query}"), None, &[]).await.must(200)["device_code"].is_string());
}

// [C] the errors; [R] the text of the first
#[tokio::test]
async fn a_device_waits_and_slows_down_when_it_asks_too_often() {
    let service = Service::start().await;
    let begun = begin(&service).await;
    let text = "The device authorization is pending. Please try again later.";
    let pending = json!({ "error": "authorization_pending", "error_description": text });
    assert_eq!(poll(&service, &begun).await.must(400), pending);
    assert_eq!(poll(&service, &begun).await.must(400)["error"], "slow_down");
    service.advance(10).await;
    assert_eq!(poll(&service, &begun).await.must(400), pending);
}

// [O] support: devices do get a refresh token; [C] two integrations
#[tokio::test]
async fn an_allowed_device_gets_both_tokens_once() {
    let service = Service::start().await;
    let begun = begin(&service).await;
    type_in(&service, &begun, "allow").await;
    let tokens = poll(&service, &begun).await.must(200);
    assert_eq!(tokens["expires_in"], 86_400);
    let refresh = text(&tokens, "refresh_token");
    service.advance(5).await;
    assert_eq!(poll(&service, &begun).await.must(400)["error"], "invalid_grant");
    // [C] a public application refreshes with nothing but its id
    let id = service.ready().pkce_client_id.as_str();
    let fields = [("client_id", id), ("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    assert!(service.form(TOKEN, None, &fields).await.must(200)["access_token"].is_string());
}

// [C]
#[tokio::test]
async fn a_denied_device_is_told_so() {
    let service = Service::start().await;
    let begun = begin(&service).await;
    type_in(&service, &begun, "deny").await;
    assert_eq!(poll(&service, &begun).await.must(400)["error"], "access_denied");
}

// [R]
#[tokio::test]
async fn the_code_of_a_device_expires() {
    let service = Service::start().await;
    let begun = begin(&service).await;
    service.advance(601).await;
    let text = "The device code is invalid or has expired.";
    let expired = json!({ "error": "invalid_grant", "error_description": text });
    assert_eq!(poll(&service, &begun).await.must(400), expired);
}
