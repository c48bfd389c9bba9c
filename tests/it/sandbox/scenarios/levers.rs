//! The levers: faults on order, the journal, the clock, options and applications, and who may pull them.

use constantcontact::sandbox::Options;
use serde_json::{Value, json};

use super::client::{Service, still};
use super::consent::{AUTHORIZE, EVERYTHING, TOKEN, asked, but, claims, pairs, parameter};
use super::things::{names, text};

/// What so many calls for contacts are answered with.
async fn statuses(service: &Service, calls: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..calls {
        statuses.push(service.get("/contacts").await.status);
    }
    statuses
}

// --- Faults -----------------------------------------------------------------------------------------------------

#[tokio::test]
async fn each_fault_answers_as_the_service_would() {
    let service = Service::start().await;
    for (kind, status, body) in [
        ("throttled", 429, json!({ "error_key": "throttled", "error_message": "Too Many Requests" })),
        ("quota_exceeded", 429, json!({ "error_key": "quota_exceeded", "error_message": "Limit Exceeded" })),
        ("unauthorized", 401, json!({ "error_key": "unauthorized", "error_message": "Unauthorized" })),
    ] {
        service.faults(&json!({ "kind": kind })).await;
        assert_eq!(service.get("/contacts").await.must(status), body, "{kind}");
        assert_eq!(service.get("/contacts").await.status, 200, "{kind}");
    }
    for (kind, status) in [("queue_full", 429), ("error500", 500), ("error503", 503), ("not_found", 404)] {
        service.faults(&json!({ "kind": kind })).await;
        service.get("/contacts").await.refusal(status);
    }
    service.faults(&json!({ "kind": "html" })).await;
    let page = service.get("/contacts").await;
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{}", page.text());
}

#[tokio::test]
async fn a_connection_can_break_before_and_after_the_work() {
    let service = Service::start().await;
    let contact = |name: &str| json!({ "first_name": name, "create_source": "Account" });
    for (kind, made) in [("reset", 0), ("reset_after", 1), ("error500", 1), ("error500_after", 2)] {
        service.faults(&json!({ "kind": kind, "method": "POST", "path": "/v3/contacts" })).await;
        let reply = service.post("/contacts", &contact(kind)).await;
        assert!([0, 500].contains(&reply.status), "{kind}: {}", reply.text());
        assert_eq!(service.read("/contacts?include_count=true").await["contacts_count"], made, "{kind}");
    }
}

#[tokio::test]
async fn an_answer_can_be_cut_off() {
    let service = Service::start().await;
    service.contact("a@example.com").await;
    service.faults(&json!({ "kind": "cut_off" })).await;
    let reply = service.get("/contacts").await;
    let promised: usize = reply.header("content-length").unwrap().parse().unwrap();
    assert!(reply.status == 200 && reply.body.len() < promised, "{} of {promised}", reply.body.len());
}

#[tokio::test]
async fn a_row_can_come_twice() {
    let service = Service::start().await;
    let id = service.contact("a@example.com").await;
    service.faults(&json!({ "kind": "duplicate" })).await;
    let page = service.read("/contacts").await;
    let ids: Vec<&str> = page["contacts"].as_array().unwrap().iter().filter_map(|c| c["contact_id"].as_str()).collect();
    assert_eq!(ids, [id.as_str(), id.as_str()]);
}

#[tokio::test]
async fn a_listed_campaign_can_be_gone() {
    let service = Service::start().await;
    let made = service.campaign("News").await;
    let path = format!("/v3{}", made.path());
    service.faults(&json!({ "kind": "not_found", "method": "GET", "path": path })).await;
    assert_eq!(service.read("/emails").await["campaigns"][0]["campaign_id"], json!(made.campaign));
    service.get(&made.path()).await.refusal(404);
}

#[tokio::test]
async fn one_call_can_lag_behind() {
    let service = Service::start().await;
    service.contact("a@example.com").await;
    service.faults(&json!({ "kind": "read_lag", "path": "/v3/contacts", "delay_ms": 60_000 })).await;
    assert_eq!(service.read("/contacts").await["contacts"], json!([]));
    assert_eq!(service.read("/contacts").await["contacts"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_fault_strikes_the_nth_call_and_so_many_after_it() {
    let service = Service::start().await;
    service.faults(&json!({ "kind": "error503", "path": "/v3/contacts", "nth": 2, "times": 2 })).await;
    assert_eq!(statuses(&service, 4).await, [200, 503, 503, 200]);
    let orders = service.lever("GET", "faults", None).await.must(200);
    assert_eq!((&orders[0]["seen"], &orders[0]["struck"]), (&json!(4), &json!(2)));
    service.lever("DELETE", "faults", None).await.bare(204);
    assert_eq!(service.lever("GET", "faults", None).await.must(200), json!([]));
}

#[tokio::test]
async fn chance_strikes_as_often_as_ordered_and_the_same_calls_again() {
    let mut rounds = Vec::new();
    for _ in 0..2 {
        let service = Service::start().await;
        service.faults(&json!({ "kind": "error500", "probability": 0.5 })).await;
        rounds.push(statuses(&service, 60).await);
    }
    let struck = rounds[0].iter().filter(|status| **status == 500).count();
    assert!((15..=45).contains(&struck), "{struck}");
    assert_eq!(rounds[0], rounds[1]);
    for (probability, status) in [(0.0, 200_u16), (1.0, 500)] {
        let service = Service::start().await;
        service.faults(&json!({ "kind": "error500", "probability": probability })).await;
        assert_eq!(statuses(&service, 10).await, [status; 10]);
    }
}

/// Faults do not disturb what would otherwise have happened.
#[tokio::test]
async fn ids_stay_what_they_are_without_faults() {
    let calm = Service::start().await;
    let stormy = Service::start().await;
    stormy.faults(&json!({ "kind": "error500", "path": "/v3/emails", "probability": 0.5 })).await;
    for _ in 0..10 {
        assert_eq!(calm.get("/emails").await.status, 200);
        assert!([200, 500].contains(&stormy.get("/emails").await.status));
    }
    assert_eq!(calm.contact("a@example.com").await, stormy.contact("a@example.com").await);
}

#[tokio::test]
async fn faults_can_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faults.json");
    std::fs::write(&file, r#"[{"kind":"error503","path":"/v3/contacts"},{"kind":"html","path":"/v3/emails"}]"#)
        .unwrap();
    let service = Service::with(Options { faults: Some(file), ..still() }).await;
    assert_eq!(statuses(&service, 2).await, [503, 200]);
    assert_eq!(service.get("/emails").await.status, 502);
}

#[tokio::test]
async fn an_order_that_cannot_be_meant_is_refused_whole() {
    let service = Service::start().await;
    let orders = json!([{ "kind": "error500" }, { "kind": "error500", "probability": 2 }]);
    let refusal = service.lever("POST", "faults", Some(&orders)).await.must(400);
    assert!(text(&refusal, "error").contains("order 2"), "{refusal}");
    assert_eq!(service.get("/contacts").await.status, 200);
}

// --- Journal, clock, options ------------------------------------------------------------------------------------

#[tokio::test]
async fn the_journal_tells_who_called_what() {
    let service = Service::start().await;
    service.read("/contacts?limit=5").await;
    service.call("GET", "/v3/contacts", &[], b"").await;
    let journal = service.lever("GET", "journal", None).await.must(200);
    let calls = journal.as_array().unwrap();
    assert_eq!(names(&calls[0]), ["seq", "at", "method", "path", "query", "status", "client_id", "account"]);
    assert_eq!(
        calls[0],
        json!({
            "seq": 1, "at": "2026-01-15T09:00:00.000Z", "method": "GET", "path": "/v3/contacts", "query": "limit=5",
            "status": 200, "client_id": service.ready().client_id, "account": "owner@example.com"
        })
    );
    assert_eq!((&calls[1]["status"], &calls[1]["client_id"]), (&json!(401), &Value::Null));
    service.lever("DELETE", "journal", None).await.bare(204);
    assert_eq!(service.lever("GET", "journal", None).await.must(200), json!([]));
}

/// Levers are no calls of the service, and secrets in a query are not kept.
#[tokio::test]
async fn the_journal_keeps_no_levers_and_no_secrets() {
    let service = Service::start().await;
    service.lever("GET", "clock", None).await.must(200);
    service.form(&format!("{TOKEN}?refresh_token=very-secret"), None, &[]).await;
    let journal = service.lever("GET", "journal", None).await.must(200);
    assert_eq!(journal.as_array().map(Vec::len), Some(1));
    assert!(!journal.to_string().contains("very-secret"), "{journal}");
}

#[tokio::test]
async fn the_clock_moves_forward_only() {
    let service = Service::start().await;
    let clock = service.lever("GET", "clock", None).await.must(200);
    assert_eq!((&clock["now"], &clock["kind"]), (&json!("2026-01-15T09:00:00.000Z"), &json!("fixed")));
    service.advance(86_400).await;
    assert_eq!(service.lever("GET", "clock", None).await.must(200)["now"], "2026-01-16T09:00:00.000Z");
    for bad in [json!({ "advance_seconds": -1 }), json!({ "advance_seconds": "1" }), json!({})] {
        service.lever("POST", "clock", Some(&bad)).await.must(400);
    }
}

#[tokio::test]
async fn options_change_all_or_none() {
    let service = Service::start().await;
    service.options(&json!({ "limits": true, "per_second": 1 })).await;
    assert_eq!(statuses(&service, 2).await, [200, 429]);
    let bad = json!({ "limits": false, "per_second": 0 });
    service.lever("PATCH", "options", Some(&bad)).await.must(400);
    assert_eq!(statuses(&service, 1).await, [429]);
}

/// A page from elsewhere can point a name of its own at this machine; it gets nowhere.
#[tokio::test]
async fn levers_answer_only_to_this_machine() {
    let service = Service::start().await;
    for host in ["localhost", "localhost:80", "127.0.0.1", "127.9.9.9:1", "[::1]:80"] {
        let reply = service.call("GET", "/_sandbox/clock", &[("host", host)], b"").await;
        assert_eq!(reply.status, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.7"] {
        for path in ["/_sandbox/clock", "/_sandbox/state", "/"] {
            let reply = service.call("GET", path, &[("host", host)], b"").await;
            assert_eq!(reply.status, 403, "{host}{path}");
        }
    }
}

// --- Applications -----------------------------------------------------------------------------------------------

/// Changes the settings of the application with a secret.
async fn set(service: &Service, change: &Value) -> Value {
    service.lever("PATCH", &format!("apps/{}", service.ready().client_id), Some(change)).await.must(200)
}

// [O] 403 for every call of the API; [I] its body
#[tokio::test]
async fn a_deactivated_application_is_refused_everywhere() {
    let service = Service::start().await;
    set(&service, &json!({ "deactivated": true })).await;
    for path in ["/contacts", "/emails", "/account/user/privileges"] {
        let body = service.get(path).await.must(403);
        assert!(body["error_key"].is_string(), "{path}: {body}");
    }
    set(&service, &json!({ "deactivated": false })).await;
    service.get("/contacts").await.must(200);
}

// [O] chosen for each application
#[tokio::test]
async fn an_application_chooses_how_it_refreshes() {
    let service = Service::start().await;
    set(&service, &json!({ "refresh": "long_lived" })).await;
    let token = text(&service.tokens(EVERYTHING).await, "refresh_token");
    assert_eq!(text(&service.refresh(&token).await.must(200), "refresh_token"), token);
    set(&service, &json!({ "refresh": "rotating" })).await;
    assert_ne!(text(&service.refresh(&token).await.must(200), "refresh_token"), token);
    service.refresh(&token).await.must(400);
}

// [O] the old secret is dead at once, and with it every consent that was given under it
#[tokio::test]
async fn a_new_secret_ends_what_was_granted() {
    let service = Service::start().await;
    let token = text(&service.tokens(EVERYTHING).await, "refresh_token");
    let app = set(&service, &json!({ "regenerate_secret": true })).await;
    service.refresh(&token).await.must(401);
    let (id, secret) = (text(&app, "client_id"), text(&app, "client_secret"));
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let reply = service.form(TOKEN, Some((id.as_str(), secret.as_str())), &fields).await;
    assert_eq!(reply.must(400)["error"], "invalid_grant");
}

// [O] several addresses, each matched exactly
#[tokio::test]
async fn an_application_has_several_redirect_addresses() {
    let service = Service::start().await;
    let addresses = ["https://one.example/back", "http://localhost:9/back?fixed=1"];
    set(&service, &json!({ "redirect_uris": addresses })).await;
    for address in addresses {
        let fields = but(asked(service.ready(), "contact_data"), "redirect_uri", address);
        assert!(service.press("allow", &fields).await.starts_with(address), "{address}");
    }
}

/// The way back of the implicit flow.
async fn implicit(service: &Service, button: &str) -> String {
    let fields = but(asked(service.ready(), "contact_data offline_access"), "response_type", "token");
    service.press(button, &fields).await
}

// [O] in the fragment, for eight hours, and without a refresh token
#[tokio::test]
async fn the_implicit_flow_brings_the_token_itself() {
    let service = Service::start().await;
    let address = implicit(&service, "allow").await;
    let (before, fragment) = address.split_once('#').unwrap();
    assert_eq!(before, service.ready().redirect_uri);
    let order: Vec<&str> = fragment.split('&').filter_map(|pair| pair.split('=').next()).collect();
    assert_eq!(order, ["access_token", "token_type", "expires_in", "scope", "state"]);
    assert_eq!(parameter(&address, "expires_in").as_deref(), Some("28800"));
    let token = parameter(&address, "access_token").unwrap();
    assert_eq!(claims(&token)["sub"], "owner@example.com");
    service.advance(28_799).await;
    service.with_token(&token, "GET", "/contacts", None).await.must(200);
    service.advance(1).await;
    service.with_token(&token, "GET", "/contacts", None).await.must(401);
}

// [R] an answer for the fragment, whatever it is
#[tokio::test]
async fn the_implicit_flow_is_denied_in_the_fragment() {
    let service = Service::start().await;
    let address = implicit(&service, "deny").await;
    assert!(address.contains('#') && !address.contains('?'), "{address}");
    assert_eq!(parameter(&address, "error").as_deref(), Some("access_denied"));
}

// [O] an application is bound to its flow
#[tokio::test]
async fn an_application_keeps_to_its_flow() {
    let service = Service::start().await;
    let fields = [("client_id", service.ready().pkce_client_id.as_str()), ("grant_type", "client_credentials")];
    let refusal = service.form(TOKEN, None, &fields).await.must(400);
    assert_eq!(refusal["error"], "unauthorized_client");
    assert!(text(&refusal, "error_description").contains("Configured grant types: ["), "{refusal}");
    set(&service, &json!({ "flow": "device" })).await;
    let query = pairs(&asked(service.ready(), EVERYTHING));
    let reply = service.call("GET", &format!("{AUTHORIZE}?{query}"), &[], b"").await;
    assert_eq!(parameter(reply.header("location").unwrap(), "error").as_deref(), Some("unauthorized_client"));
}
