//! The state, taken away and brought back: the same world, with tokens that still work.

use constantcontact::sandbox::Options;
use serde_json::{Value, json};

use super::client::{Reply, Service, still};
use super::consent::EVERYTHING;
use super::things::text;

/// A shop with something of everything in it.
async fn busy() -> Service {
    let service = Service::start().await;
    let (list, tag) = (service.crowd(30).await, service.tag("soup").await);
    service.job("contacts_taggings_add", &json!({ "source": { "list_ids": [list] }, "tag_ids": [tag] })).await;
    let made = service.campaign("News").await;
    service.send(&made, &[&list]).await;
    service.segment("Sleepers", super::segments::PUBLISHED).await;
    service.advance(3_600).await;
    service.read("/contacts").await;
    service
}

async fn state(service: &Service) -> Reply {
    let state = service.lever("GET", "state", None).await;
    assert_eq!(state.status, 200);
    state
}

async fn bring(service: &Service, state: &[u8]) -> Reply {
    service.call("PUT", "/_sandbox/state", &[("content-type", "application/json")], state).await
}

/// What can be seen with a token: the pages of everything, without their headers.
async fn seen(service: &Service, token: &str) -> Vec<(u16, String)> {
    let mut pages = Vec::new();
    for path in [
        "/contacts?include=list_memberships,taggings&limit=500",
        "/contact_lists?include_membership_count=all",
        "/contact_tags?include_count=true",
        "/activities",
        "/emails",
        "/segments",
        "/reports/summary_reports/email_campaign_summaries",
        "/account/summary",
    ] {
        let reply = service.with_token(token, "GET", path, None).await;
        pages.push((reply.status, reply.text()));
    }
    pages
}

#[tokio::test]
async fn a_state_brought_elsewhere_is_the_same_world() {
    let first = busy().await;
    let kept = state(&first).await;
    let second = Service::with(Options { random: 99, ..still() }).await;
    bring(&second, &kept.body).await.bare(204);
    assert_eq!(state(&second).await.body, kept.body);
    let token = first.ready().access_token.clone();
    let pages = seen(&first, &token).await;
    assert!(pages.iter().all(|(status, _)| *status == 200), "{pages:?}");
    assert_eq!(seen(&second, &token).await, pages);
}

#[tokio::test]
async fn both_worlds_go_on_alike() {
    let first = busy().await;
    let second = Service::with(Options { random: 99, ..still() }).await;
    bring(&second, &state(&first).await.body).await.bare(204);
    let token = first.ready().access_token.clone();
    let body = json!({ "first_name": "Noor", "create_source": "Account" });
    let (one, other) = (
        first.with_token(&token, "POST", "/contacts", Some(&body)).await,
        second.with_token(&token, "POST", "/contacts", Some(&body)).await,
    );
    assert_eq!(one.must(201), other.must(201));
}

#[tokio::test]
async fn tokens_of_before_still_work() {
    let first = Service::start().await;
    let tokens = first.tokens(EVERYTHING).await;
    let code = first.code(EVERYTHING).await;
    let second = Service::start().await;
    bring(&second, &state(&first).await.body).await.bare(204);
    second.with_token(&text(&tokens, "access_token"), "GET", "/contacts", None).await.must(200);
    // The credentials of the application came along; those that the second one began with are gone.
    second.refresh(&text(&tokens, "refresh_token")).await.must(200);
    second.redeem(&code).await.must(200);
}

#[tokio::test]
async fn a_state_that_cannot_be_read_changes_nothing() {
    let service = Service::start().await;
    service.contact("a@example.com").await;
    let before = state(&service).await;
    let good: Value = before.json();
    let mut later = good.clone();
    later["version"] = json!(99);
    let mut broken = good.clone();
    broken["authority"] = Value::Null;
    for (bad, word) in [(later.to_string(), "version 99"), (broken.to_string(), ""), ("{".to_owned(), "")] {
        let refusal = bring(&service, bad.as_bytes()).await.must(400);
        assert!(text(&refusal, "error").contains(word), "{refusal}");
    }
    assert_eq!(state(&service).await.body, before.body);
}

#[tokio::test]
async fn a_file_keeps_the_state_from_one_start_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { state: Some(folder.path().join("state.json")), ..still() };
    let first = Service::with(options()).await;
    let id = first.contact("a@example.com").await;
    let token = first.token_for(EVERYTHING).await;
    first.save();
    drop(first);
    let second = Service::with(options()).await;
    let held = second.with_token(&token, "GET", &format!("/contacts/{id}"), None).await.must(200);
    assert_eq!(held["email_address"]["address"], "a@example.com");
    second.lever("POST", "state", None).await.bare(204);
}

#[tokio::test]
async fn without_a_file_there_is_nothing_to_write_to() {
    let service = Service::start().await;
    service.lever("POST", "state", None).await.must(409);
}
