//! A clock that jumps: what came due in between happens in its order, as if somebody had called all the time.

use serde_json::{Value, json};

use super::client::{Service, next_path};
use super::consent::EVERYTHING;
use super::segments::any_of;
use super::things::{Made, text, texts};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A stand-in, and a token that outlives the jump.
async fn begin() -> Service {
    let service = Service::start().await;
    service.options(&json!({ "token_ttl": 400 * DAY })).await;
    let token = service.token_for(EVERYTHING).await;
    service.holding(token)
}

/// A campaign that is to go out at a moment.
async fn scheduled(service: &Service, name: &str, to: (&str, &Value), date: &str) -> Made {
    let made = service.campaign(name).await;
    service.address(&made, to.0, to.1).await;
    service.post(&made.below("/schedules"), &json!({ "scheduled_date": date })).await.must(201);
    made
}

async fn count(service: &Service, made: &Made) -> Value {
    service.read(&made.below("/send_history")).await[0]["count"].clone()
}

// [I] who has left by one mail does not get the next
#[tokio::test]
async fn who_left_in_between_gets_no_more() {
    let service = begin().await;
    let (list, first) = (service.crowd(2_000).await, service.campaign("Early").await);
    let to = json!([list]);
    let second = scheduled(&service, "Late", ("contact_list_ids", &to), "2026-01-18T09:00:00Z").await;
    service.send(&first, &[&list]).await;
    service.advance(6 * DAY).await;
    let left = service.all(&first.report("tracking/optouts"), "tracking_activities").await;
    let left: Vec<String> = left
        .iter()
        .filter(|row| text(row, "created_time").as_str() <= "2026-01-18T09:00:00.000Z")
        .map(|row| text(row, "contact_id"))
        .collect();
    let sent = texts(&service.all(&second.report("tracking/sends"), "tracking_activities").await, "contact_id");
    assert!(!left.is_empty());
    assert!(!sent.iter().any(|id| left.contains(id)));
    assert_eq!(sent.len(), 2_000 - left.len());
}

// [O] a segment is worked out when the mail goes out: its days count back from then
#[tokio::test]
async fn the_days_of_a_segment_end_when_the_mail_goes_out() {
    let service = begin().await;
    service.crowd(3).await;
    let lately = json!({ "source": "contact", "field": "created_at", "op": "last-n-days", "param": "30" });
    let segment = service.segment("New", &any_of(&json!([lately]))).await;
    let made = scheduled(&service, "News", ("segment_ids", &json!([segment])), "2026-01-16T09:00:00Z").await;
    service.advance(60 * DAY).await;
    assert_eq!(count(&service, &made).await, 3);
}

// [I] a job changes what goes out after it, and nothing before
#[tokio::test]
async fn jobs_and_campaigns_take_turns() {
    let service = Service::start().await;
    let list = service.crowd(3).await;
    let ids = json!([list]);
    let to = ("contact_list_ids", &ids);
    let before = scheduled(&service, "Before", to, "2026-01-15T10:00:00Z").await;
    let after = scheduled(&service, "After", to, "2026-01-15T12:00:00Z").await;
    service.options(&json!({ "job_ms": [HOUR * 1_000, 2 * HOUR * 1_000] })).await;
    service.post("/activities/list_delete", &json!({ "list_ids": [list] })).await.must(201);
    service.advance(5 * HOUR).await;
    assert_eq!((count(&service, &before).await, count(&service, &after).await), (json!(3), json!(0)));
}

/// Three campaigns: one that is sent twice, one with a test, one that is plain.
async fn busy() -> Service {
    let service = Service::start().await;
    let (list, first) = (service.crowd(400).await, service.campaign("Twice").await);
    let again = json!({ "resend_subject": "Still hungry?", "delay_minutes": 720 });
    service.post(&first.below("/non_opener_resends"), &again).await.must(201);
    let tested = service.campaign("Tested").await;
    let test = json!({ "alternative_subject": "Bread day", "test_size": 10, "winner_wait_duration": 6 });
    service.post(&tested.below("/abtest"), &test).await.must(201);
    service.address(&tested, "contact_list_ids", &json!([list])).await;
    service.post(&tested.below("/schedules"), &json!({ "scheduled_date": "2026-01-16T09:00:00Z" })).await.must(201);
    scheduled(&service, "Plain", ("contact_list_ids", &json!([list])), "2026-01-17T09:00:00Z").await;
    service.send(&first, &[&list]).await;
    service
}

// [I] nothing depends on when somebody looks
#[tokio::test]
async fn one_jump_is_the_same_as_many_steps() {
    let (jumped, walked) = (busy().await, busy().await);
    jumped.advance(6 * DAY).await;
    for _ in 0..48 {
        walked.advance(3 * HOUR).await;
    }
    let (jumped, walked) =
        (jumped.lever("GET", "state", None).await.must(200), walked.lever("GET", "state", None).await.must(200));
    let part = |state: &Value, name: &str| state["accounts"][0][name].clone();
    assert_eq!(part(&jumped, "sendings").as_array().map(Vec::len), Some(6));
    for name in ["contacts", "campaigns", "sendings", "jobs"] {
        assert!(part(&jumped, name) == part(&walked, name), "{name}");
    }
}

// [I] a link leads to the rest of what the first page was part of, whatever has happened since
#[tokio::test]
async fn rows_stay_in_their_place_while_time_moves() {
    let service = Service::start().await;
    let (list, made) = (service.crowd(400).await, service.campaign("News").await);
    service.send(&made, &[&list]).await;
    for (report, limit) in [("didnotopens", 150), ("unique_opens", 7), ("opens", 7)] {
        service.advance(3 * HOUR).await;
        let path = made.report(&format!("tracking/{report}?limit={limit}"));
        let whole = service.all(&path, "tracking_activities").await;
        let page = service.read(&path).await;
        service.advance(3 * HOUR).await;
        let next = next_path(&page).unwrap_or_else(|| panic!("{report}: one page only"));
        let mut parts = page["tracking_activities"].as_array().cloned().unwrap_or_default();
        parts.extend(service.all(&next, "tracking_activities").await);
        assert_eq!(parts, whole, "{report}");
        assert_ne!(service.all(&path, "tracking_activities").await, whole, "{report}: nothing has happened");
    }
}
