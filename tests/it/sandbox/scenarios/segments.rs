//! Segments, their criteria as text, and who is in them.

use constantcontact::sandbox::Options;
use serde_json::{Value, json};

use super::client::{Service, still};
use super::things::{names, text};

/// The one example that is published.
pub(super) const PUBLISHED: &str = r#"{"version":"1.0.0","criteria":{"type":"and","group":[{"source":"tracking","field":"not_opened","op":"contains-any","const_value":"last-n-campaigns","param":"5"}]}}"#;

impl Service {
    /// Makes a segment; gives its number.
    pub(super) async fn segment(&self, name: &str, criteria: &str) -> u64 {
        let body = json!({ "name": name, "segment_criteria": criteria });
        self.post("/segments", &body).await.must(201)["segment_id"].as_u64().unwrap()
    }

    /// Who is in a segment: asked twice, because the first answer is "not yet".
    pub(super) async fn members(&self, segment: u64) -> Vec<Value> {
        let path = format!("/contacts?segment_id={segment}&limit=500");
        self.get(&path).await.must(202);
        self.all(&path, "contacts").await
    }
}

/// Criteria with one group of conditions, any of which will do.
pub(super) fn any_of(conditions: &Value) -> String {
    let group = json!([{ "type": "or", "group": conditions }]);
    json!({ "version": "1.0.0", "criteria": { "type": "and", "group": group } }).to_string()
}

// [O] text stays text, numbers are small, and the collection has no criteria
#[tokio::test]
async fn criteria_are_kept_as_they_were_sent() {
    let service = Service::start().await;
    let id = service.segment("Sleepers", PUBLISHED).await;
    let held = service.read(&format!("/segments/{id}")).await;
    assert_eq!((held["segment_criteria"].as_str(), &held["name"]), (Some(PUBLISHED), &json!("Sleepers")));
    let all = service.read("/segments").await;
    assert!(all["segments"][0].get("segment_criteria").is_none(), "{all}");
    assert_eq!(all["segments"][0]["segment_id"], json!(id));
}

// [C] one source wants an object: both pass
#[tokio::test]
async fn an_object_passes_too() {
    let service = Service::start().await;
    let criteria: Value = serde_json::from_str(PUBLISHED).unwrap();
    let made = service.post("/segments", &json!({ "name": "Sleepers", "segment_criteria": criteria })).await.must(201);
    let back: Value = serde_json::from_str(&text(&made, "segment_criteria")).unwrap();
    assert_eq!(back, criteria);
}

// [O] the outermost group is an `and`; the limits
#[tokio::test]
async fn criteria_that_cannot_be_meant_are_refused() {
    let service = Service::start().await;
    let or = PUBLISHED.replace("\"type\":\"and\"", "\"type\":\"or\"");
    let many = PUBLISHED.replace("\"5\"", "\"501\"");
    let days = PUBLISHED.replace("last-n-campaigns", "last-n-days").replace("\"5\"", "\"1826\"");
    let long = format!("{PUBLISHED}{}", " ".repeat(20_001));
    for bad in ["", "not JSON", "{}", or.as_str(), many.as_str(), days.as_str(), long.as_str()] {
        let body = json!({ "name": "Bad", "segment_criteria": bad });
        service.post("/segments", &body).await.refusal(400);
    }
    for (name, good) in [("campaigns", many.replace("501", "500")), ("days", days.replace("1826", "1825"))] {
        let body = json!({ "name": name, "segment_criteria": good });
        service.post("/segments", &body).await.must(201);
    }
}

// [O] names are unique; an update needs both, a rename only one
#[tokio::test]
async fn a_segment_is_changed_whole_or_renamed() {
    let service = Service::start().await;
    let (id, _) = (service.segment("One", PUBLISHED).await, service.segment("Two", PUBLISHED).await);
    let path = format!("/segments/{id}");
    let taken = json!({ "name": "Two", "segment_criteria": PUBLISHED });
    service.post("/segments", &taken).await.refusal(409);
    service.put(&path, &taken).await.refusal(409);
    service.put(&path, &json!({ "name": "Three" })).await.refusal(400);
    assert_eq!(service.patch(&format!("{path}/name"), &json!({ "name": "Three" })).await.must(200)["name"], "Three");
    service.patch(&format!("{path}/name"), &json!({ "name": "Two" })).await.refusal(409);
}

// [O] off the collection, but still there by its number
#[tokio::test]
async fn a_deleted_segment_can_still_be_read() {
    let service = Service::start().await;
    let id = service.segment("Sleepers", PUBLISHED).await;
    service.delete(&format!("/segments/{id}")).await.bare(204);
    assert_eq!(service.read("/segments").await["segments"], json!([]));
    service.read(&format!("/segments/{id}")).await;
}

// [O] 202 until it has been worked out
#[tokio::test]
async fn members_are_not_there_at_once() {
    let service = Service::start().await;
    service.crowd(2).await;
    let id = service.segment("Sleepers", PUBLISHED).await;
    let first = service.get(&format!("/contacts?segment_id={id}")).await.must(202);
    assert!(first["status"].is_string(), "{first}");
    let second = service.get(&format!("/contacts?segment_id={id}")).await.must(200);
    assert_eq!(names(&second), ["contacts", "_links"]);
}

// [O] the published example, over a campaign that has gone out
#[tokio::test]
async fn who_did_not_open_is_who_the_report_says() {
    let service = Service::start().await;
    let (list, made) = (service.crowd(60).await, service.campaign("News").await);
    service.send(&made, &[&list]).await;
    service.advance(5 * 3_600).await;
    let id = service.segment("Sleepers", PUBLISHED).await;
    let mut found: Vec<String> = service.members(id).await.iter().map(|one| text(one, "contact_id")).collect();
    let rows = service.all(&made.report("tracking/didnotopens"), "tracking_activities").await;
    let mut wanted: Vec<String> = rows.iter().map(|row| text(row, "contact_id")).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    assert!(!wanted.is_empty() && wanted.len() < 60, "{}", wanted.len());
    assert_eq!(found, wanted);
}

// [I] what nobody has published matches nobody, or is refused
#[tokio::test]
async fn unknown_grammar_matches_nobody_or_is_refused() {
    let strange = any_of(&json!([{ "source": "contact", "field": "shoe_size", "op": "eq", "value": "9" }]));
    let service = Service::start().await;
    service.crowd(2).await;
    let id = service.segment("Feet", &strange).await;
    assert!(service.members(id).await.is_empty());
    let service = Service::with(Options { refuse_unknown_segments: true, ..still() }).await;
    service.post("/segments", &json!({ "name": "Feet", "segment_criteria": strange })).await.refusal(400);
}

// [O] evaluated when the mail goes out
#[tokio::test]
async fn a_segment_is_worked_out_when_the_mail_goes_out() {
    let service = Service::start().await;
    let (tag, made) = (service.tag("soup").await, service.campaign("News").await);
    let criteria = any_of(&json!([{ "source": "tags", "field": "tag_id", "op": "contains-any", "value": [tag] }]));
    let id = service.segment("Soup", &criteria).await;
    service.address(&made, "segment_ids", &json!([id])).await;
    service.post(&made.below("/schedules"), &json!({ "scheduled_date": "2026-01-15T10:00:00Z" })).await.must(201);
    service.contact_with("late@example.com", &json!({ "taggings": [tag] })).await;
    service.contact("other@example.com").await;
    service.advance(3_700).await;
    let history = service.read(&made.below("/send_history")).await;
    assert_eq!((&history[0]["count"], &history[0]["segment_ids"]), (&json!(1), &json!([id])));
}
