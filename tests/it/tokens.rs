//! The first law: a refresh token is never lost by us.

use constantcontact::{
    protocol::{Code, RetryKind},
    sandbox::{Options, Reuse},
    store::Status,
};
use serde_json::json;

use crate::support::{Bench, CONNECTION, free, nothing, request};

const TOKEN: &str = "/oauth2/default/v1/token";

async fn ended(options: Options) -> Bench {
    let bench = Bench::with(options).await;
    let ready = bench.sandbox.ready().clone();
    bench.adopt(&ready.access_token, Some(&ready.refresh_token), -1).await;
    bench
}

#[tokio::test]
async fn an_ended_token_is_refreshed_once_for_all_callers_of_all_processes() {
    let bench = ended(Options { reuse: Reuse::RevokeFamily, ..free() }).await;
    let processes: Vec<_> = (0..4).map(|_| bench.another()).collect();
    let calls: Vec<_> = (0..24)
        .map(|i| {
            let connector = processes[i % 4].clone();
            tokio::spawn(async move { connector.invoke(request("get_user_privileges", nothing())).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(bench.count("POST", TOKEN).await, 1);
    let connection = bench.store.connection(CONNECTION).await.unwrap().unwrap();
    assert_eq!(connection.status, Status::Active);
}

#[tokio::test]
async fn a_token_near_its_end_is_refreshed_ahead() {
    let bench = Bench::new().await;
    let ready = bench.sandbox.ready().clone();
    bench.adopt(&ready.access_token, Some(&ready.refresh_token), 0).await;
    bench.get("get_user_privileges", nothing()).await;
    assert_eq!(bench.count("POST", TOKEN).await, 1);
}

#[tokio::test]
async fn the_caller_may_go_away_and_the_refresh_still_lands() {
    let bench = ended(Options { reuse: Reuse::RevokeFamily, ..free() }).await;
    bench.faults(json!({ "kind": "slow", "path": TOKEN, "delay_ms": 400 })).await;
    let call = bench.connector.invoke(request("get_user_privileges", nothing()));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(150), call).await.is_err(), "the caller gives up");
    let outcome = bench.another().invoke(request("get_user_privileges", nothing())).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(bench.count("POST", TOKEN).await, 1);
}

#[tokio::test]
async fn trouble_at_the_token_endpoint_blanks_nothing() {
    for kind in ["error500", "error503", "html", "cut_off", "reset"] {
        let bench = ended(free()).await;
        bench.faults(json!({ "kind": kind, "path": TOKEN, "times": 1 })).await;
        let error = bench.run("get_user_privileges", nothing()).await.expect_err(kind);
        assert_ne!(error.code, Code::ReconnectRequired, "{kind}: {error:?}");
        assert_ne!(error.retry.kind, RetryKind::Reconnect, "{kind}");
        let connection = bench.store.connection(CONNECTION).await.unwrap().unwrap();
        assert_eq!(connection.status, Status::Active, "{kind}");
        if kind != "cut_off" {
            bench.get("get_user_privileges", nothing()).await;
        }
    }
}

#[tokio::test]
async fn a_token_endpoint_that_is_busy_is_asked_again() {
    let bench = ended(free()).await;
    bench.faults(json!({ "kind": "throttled", "path": TOKEN, "times": 2 })).await;
    bench.get("get_user_privileges", nothing()).await;
    assert_eq!(bench.count("POST", TOKEN).await, 3);
}

#[tokio::test]
async fn a_holder_that_died_holds_nobody_up_for_long() {
    let bench = ended(free()).await;
    let now = constantcontact::clock::Clock::now_ms(&constantcontact::clock::SystemClock);
    // As a process leaves it that was killed in the middle of a refresh, seconds ago.
    let name = format!("refresh/{CONNECTION}");
    bench.store.take_lease(&name, "dead", now - 9_500, now + 500).await.unwrap().unwrap();
    bench.get("get_user_privileges", nothing()).await;
}

#[tokio::test]
async fn a_lost_answer_is_survived_within_the_servers_grace() {
    let bench = ended(Options { grace: 60, ..free() }).await;
    bench.faults(json!({ "kind": "reset_after", "path": TOKEN, "times": 1 })).await;
    assert!(bench.run("get_user_privileges", nothing()).await.is_err());
    bench.get("get_user_privileges", nothing()).await;
    assert_eq!(bench.count("POST", TOKEN).await, 2);
}

#[tokio::test]
async fn without_grace_a_lost_answer_is_told_as_what_it_is() {
    let bench = ended(free()).await;
    bench.faults(json!({ "kind": "reset_after", "path": TOKEN, "times": 1 })).await;
    assert!(bench.run("get_user_privileges", nothing()).await.is_err());
    let error = bench.run("get_user_privileges", nothing()).await.unwrap_err();
    assert_eq!((error.code, error.retry.kind), (Code::ReconnectRequired, RetryKind::Reconnect));
    assert!(error.detail.contains("broke off"), "{}", error.detail);
    let connection = bench.store.connection(CONNECTION).await.unwrap().unwrap();
    assert_eq!(connection.status, Status::ReconnectRequired);
    let before = bench.arrived().await.len();
    assert_eq!(
        bench.another().invoke(request("get_user_privileges", nothing())).await.unwrap_err().code,
        Code::ReconnectRequired
    );
    assert_eq!(bench.arrived().await.len(), before, "no call is spent on a dead connection");
}

#[tokio::test]
async fn one_refresh_and_one_repeat_on_401_then_stop() {
    let bench = Bench::new().await;
    bench.faults(json!({ "kind": "unauthorized", "path": "/v3/account", "times": 9 })).await;
    let error = bench.run("get_user_privileges", nothing()).await.unwrap_err();
    assert_eq!(error.code, Code::ReconnectRequired);
    assert_eq!(bench.count("GET", "/v3/account/user/privileges").await, 2);
    assert_eq!(bench.count("POST", TOKEN).await, 1);
}

#[tokio::test]
async fn a_long_lived_refresh_token_stays_good() {
    let bench = ended(Options { rotating: false, ..free() }).await;
    bench.get("get_user_privileges", nothing()).await;
    let ready = bench.sandbox.ready().clone();
    bench.adopt(&ready.access_token, Some(&ready.refresh_token), -1).await;
    bench.get("get_user_privileges", nothing()).await;
    assert_eq!(bench.count("POST", TOKEN).await, 2);
}

#[tokio::test]
async fn a_pasted_token_that_has_ended_asks_for_a_new_one() {
    let bench = Bench::new().await;
    let ready = bench.sandbox.ready().clone();
    bench.adopt(&ready.access_token, None, -1).await;
    let error = bench.run("get_user_privileges", nothing()).await.unwrap_err();
    assert_eq!(error.code, Code::ReconnectRequired);
    assert!(error.detail.contains("offline_access"), "{}", error.detail);
    assert_eq!(bench.arrived().await, []);
}

#[tokio::test]
async fn a_key_that_is_not_the_stores_opens_nothing_and_loses_nothing() {
    use constantcontact::{Connector, clock::SystemClock, store::vault::Key};
    let bench = Bench::new().await;
    let stranger = Connector::builder(bench.store.clone(), Key::generate(&SystemClock)).build();
    let error = stranger.invoke(request("get_user_privileges", nothing())).await.unwrap_err();
    assert_eq!(error.code, Code::Store);
    assert!(error.detail.contains("key"), "{}", error.detail);
    bench.get("get_user_privileges", nothing()).await;
}

#[tokio::test]
async fn consenting_again_as_another_account_is_refused_and_changes_nothing() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use constantcontact::auth::TokenSet;
    use secrecy::SecretString;
    let bench = Bench::new().await;
    let before = bench.store.tokens(CONNECTION).await.unwrap();
    let profile = bench.connector.profiles().get("app").await.unwrap();
    let claims = URL_SAFE_NO_PAD.encode(json!({ "sub": "someone.else@example.com" }).to_string());
    let tokens = TokenSet {
        access_token: SecretString::from(format!("e30.{claims}.x")),
        refresh_token: Some(SecretString::from("other")),
        expires_ms: i64::MAX,
        issued_ms: 0,
        scopes: None,
        api_key: None,
    };
    let error = bench.connector.keeper().connected(&profile, &tokens, CONNECTION).await.unwrap_err();
    assert_eq!(error.code, Code::Rejected);
    assert!(error.detail.contains("someone.else@example.com"), "{}", error.detail);
    assert_eq!(bench.store.tokens(CONNECTION).await.unwrap(), before);
}
