//! What a technology partner may do, by two credentials at once.

use serde_json::{Value, json};

use super::client::{Reply, Service};
use super::consent::{FORM, basic, pairs};
use super::things::{names, text, texts};

const PARTNER_TOKEN: &str = "/partners/oauth2/default/v1/token";

/// A partner with its token, beside the stand-in that it works with.
pub(super) struct Partner {
    pub(super) service: Service,
    token: String,
}

impl Partner {
    pub(super) async fn start() -> Self {
        let service = Service::start().await;
        let token = text(&asked(&service, &[FORM]).await.must(200), "access_token");
        Self { service, token }
    }

    /// A call with both credentials.
    pub(super) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let key = self.service.ready().client_id.clone();
        self.call_with(method, path, body, &[("x-api-key", key.as_str())]).await
    }

    /// A call with the token and these headers.
    async fn call_with(&self, method: &str, path: &str, body: Option<&Value>, more: &[(&str, &str)]) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        headers.extend_from_slice(more);
        let body = body.map(Value::to_string).unwrap_or_default();
        self.service.call(method, &format!("/v3/partner{path}"), &headers, body.as_bytes()).await
    }

    /// The one account there is.
    pub(super) async fn account(&self) -> String {
        text(&self.call("GET", "/accounts", None).await.must(200)["site_owner_list"][0], "encoded_account_id")
    }
}

/// A token request as documented: everything in the query, and an empty body.
async fn asked(service: &Service, headers: &[(&str, &str)]) -> Reply {
    let ready = service.ready();
    let by = basic(&ready.partner_client_id, &ready.partner_client_secret);
    let headers = [headers, &[("authorization", by.as_str())]].concat();
    let query = pairs(&[("grant_type", "client_credentials"), ("scope", "v3api/general.partner")]);
    service.call("POST", &format!("{PARTNER_TOKEN}?{query}"), &headers, b"").await
}

// [O] older text: an hour, and no refresh
#[tokio::test]
async fn a_partner_token_lives_an_hour_and_cannot_be_refreshed() {
    let service = Service::start().await;
    let tokens = asked(&service, &[FORM]).await.must(200);
    assert_eq!(names(&tokens), ["token_type", "expires_in", "access_token", "scope"]);
    assert_eq!((&tokens["expires_in"], &tokens["scope"]), (&json!(3_600), &json!("v3api/general.partner")));
}

// [O] a missing header is a 415
#[tokio::test]
async fn a_token_request_without_its_content_type_is_415() {
    let service = Service::start().await;
    assert_eq!(asked(&service, &[]).await.status, 415);
}

// [O] wrong credentials
#[tokio::test]
async fn other_credentials_get_no_partner_token() {
    let service = Service::start().await;
    let (id, secret) = (service.ready().client_id.clone(), service.ready().client_secret.clone());
    let fields = [("grant_type", "client_credentials"), ("scope", "v3api/general.partner")];
    let own = service.form(PARTNER_TOKEN, Some((id.as_str(), secret.as_str())), &fields).await;
    assert!([400, 401].contains(&own.status), "{}", own.text());
    let partner = service.ready().partner_client_id.clone();
    assert_eq!(service.form(PARTNER_TOKEN, Some((partner.as_str(), "wrong")), &fields).await.status, 401);
}

// [O] both at once
#[tokio::test]
async fn a_partner_shows_its_token_and_the_key_of_the_application() {
    let partner = Partner::start().await;
    partner.call("GET", "/accounts", None).await.must(200);
    let alone = partner.call_with("GET", "/accounts", None, &[]).await;
    assert!((400..500).contains(&alone.status), "{}", alone.text());
    let key = partner.service.ready().client_id.clone();
    let headers = [("x-api-key", key.as_str())];
    assert_eq!(partner.service.call("GET", "/v3/partner/accounts", &headers, b"").await.status, 401);
}

// [O] the scope of partners opens nothing else, and an ordinary token opens nothing of theirs
#[tokio::test]
async fn the_two_kinds_of_token_do_not_mix() {
    let partner = Partner::start().await;
    let service = &partner.service;
    assert_eq!(service.with_token(&partner.token, "GET", "/contacts", None).await.status, 403);
    let bearer = format!("Bearer {}", service.ready().access_token);
    let key = service.ready().client_id.clone();
    let headers = [("authorization", bearer.as_str()), ("x-api-key", key.as_str())];
    assert_eq!(service.call("GET", "/v3/partner/accounts", &headers, b"").await.status, 403);
    // [C] the key does no harm elsewhere
    service.call("GET", "/v3/contacts", &headers, b"").await.must(200);
}

// [O] an account is made, and listed; a limit out of range is passed over
#[tokio::test]
async fn accounts_are_made_and_listed() {
    let partner = Partner::start().await;
    let body = json!({
        "contact_email": "new@example.com", "contact_phone": "555-0100", "country_code": "US", "state_code": "MA",
        "organization_name": "Pier Shop", "login_name": "piershop", "password": "not-a-real-one",
        "first_name": "Noor", "last_name": "Aziz", "time_zone_id": "US/Eastern", "website": "https://www.example.com"
    });
    let made = partner.call("POST", "/accounts", Some(&body)).await.must(201);
    partner.call("POST", "/accounts", Some(&body)).await.refusal(409);
    for limit in ["10", "9", "51", "many"] {
        let all = partner.call("GET", &format!("/accounts?limit={limit}"), None).await.must(200);
        let ids = texts(all["site_owner_list"].as_array().unwrap(), "encoded_account_id");
        assert!(ids.len() == 2 && ids.contains(&text(&made, "encoded_account_id")), "{limit}: {ids:?}");
    }
}

// [O] any v3 request, in the name of a managed account
#[tokio::test]
async fn a_partner_calls_the_api_for_its_account() {
    let partner = Partner::start().await;
    let id = partner.service.contact("a@example.com").await;
    let path = format!("/accounts/{}/account_operations/sync", partner.account().await);
    let body = json!({
        "account_operation_url": "/contacts/{contact_id}",
        "account_operation_method": "GET",
        "account_operation_path_parameters": [{ "path_param_key": "contact_id", "path_param_value": id }],
        "account_operation_query_parameters": [{ "query_param_key": "include", "query_param_value": "taggings" }]
    });
    let contact = partner.call("POST", &path, Some(&body)).await.must(200);
    assert_eq!((text(&contact, "contact_id"), &contact["taggings"]), (id, &json!([])));
}

// [O] people are taken off the mail of an account
#[tokio::test]
async fn a_partner_unsubscribes_people() {
    let partner = Partner::start().await;
    let id = partner.service.contact("a@example.com").await;
    let path = format!("/accounts/{}/contacts/unsubscribe", partner.account().await);
    let body = json!({ "email_addresses": ["a@example.com", "nobody@example.com"], "update_source": "Account" });
    partner.call("POST", &path, Some(&body)).await.must(200);
    let email = partner.service.person(&id, "").await["email_address"].clone();
    assert_eq!((&email["permission_to_send"], &email["opt_out_source"]), (&json!("unsubscribed"), &json!("Account")));
}

// [O] a user for single sign-on is answered without a body
#[tokio::test]
async fn a_user_is_added_without_an_answer() {
    let partner = Partner::start().await;
    let path = format!("/accounts/{}/users/sso", partner.account().await);
    let body = json!({
        "first_name": "Noor", "last_name": "Aziz", "role_name": "account_manager", "contact_email": "noor@example.com",
        "login_name": "noor@example.com", "external_id": "ext-1", "external_provider": "provider"
    });
    partner.call("POST", &path, Some(&body)).await.bare(201);
    partner.call("POST", &path, Some(&body)).await.refusal(409);
}

// [O] four topics by number, one address each
#[tokio::test]
async fn there_are_four_topics_to_subscribe_to() {
    let partner = Partner::start().await;
    for topic in 1..=4 {
        let path = format!("/webhooks/subscriptions/{topic}");
        partner.call("GET", &path, None).await.refusal(404);
        let body = json!({ "hook_uri": format!("https://hooks.example.com/{topic}") });
        assert_eq!(partner.call("PUT", &path, Some(&body)).await.must(200)["hook_uri"], body["hook_uri"]);
        assert_eq!(partner.call("GET", &path, None).await.must(200)["hook_uri"], body["hook_uri"]);
    }
    let all = partner.call("GET", "/webhooks/subscriptions", None).await.must(200);
    assert_eq!(all.as_array().map(Vec::len), Some(4));
    partner.call("DELETE", "/webhooks/subscriptions/1", None).await.bare(204);
    partner.call("GET", "/webhooks/subscriptions/1", None).await.refusal(404);
    let body = json!({ "hook_uri": "https://hooks.example.com/5" });
    partner.call("PUT", "/webhooks/subscriptions/5", Some(&body)).await.refusal(404);
    partner.call("PUT", "/webhooks/subscriptions/1", Some(&json!({}))).await.refusal(400);
}
