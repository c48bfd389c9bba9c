//! Events and their registrations, social posts, automations.

use serde_json::{Value, json};

use super::client::Service;
use super::things::{names, text, texts};

const CONTACT: &str = "2cd8027a-78c0-11e9-bfd0-fa163e6b01c1";
const PAID: &str = "5b1f9a3e-1111-4222-8333-444455556666";
const FREE: &str = "6b1f9a3e-1111-4222-8333-444455556666";

/// Makes an event; everything is in the query.
async fn event(service: &Service, name: &str) -> String {
    let path = format!("/events/default?name={name}&start_time=2026-02-01T18:00:00Z&end_time=2026-02-01T20:00:00Z");
    let bearer = format!("Bearer {}", service.ready().access_token);
    let headers = [("authorization", bearer.as_str())];
    let made = service.call("POST", &format!("/v3{path}"), &headers, b"").await.must(201);
    text(&made, "event_id")
}

/// One person's order, as the form on the web would leave it.
fn registration(id: &str, cents: u32, payment: &Value) -> Value {
    let ticket = |key: &str, cancelled: bool| json!({ "key": key, "name": "Seat", "price_cents": cents, "checked_in_at": null, "cancelled": cancelled });
    json!({
        "registration_id": id, "contact_id": CONTACT, "first_name": "Noor", "last_name": "Aziz",
        "email_address": "noor@example.com", "new_contact": false, "status": "REGISTERED",
        "at": "2026-01-14T09:00:00Z", "order_number": "AB12CD",
        "tickets": [ticket(&format!("{}good", &id[..1]), false), ticket(&format!("{}gone", &id[..1]), true)],
        "items": [], "items_kept": false, "payment": payment
    })
}

/// An event with a paid and a free registration, and the path of its registrations.
async fn booked() -> (Service, String, String) {
    let service = Service::start().await;
    let id = event(&service, "Concert").await;
    let payment = json!({
        "method": "STRIPE", "status": "PAID", "paid_at": "2026-01-14T09:00:00Z", "transaction_id": "t"
    });
    let both = json!([registration(PAID, 2_500, &payment), registration(FREE, 0, &Value::Null)]);
    service.plant(|state| state["accounts"][0]["events"]["hosted"][0]["registrations"] = both).await;
    let shown = service.read(&format!("/events/{id}")).await;
    let path = format!("/events/{id}/tracks/{}/registrations", text(&shown["default_track"], "track_id"));
    (service, id, path)
}

async fn publish(service: &Service, id: &str) {
    service.patch(&format!("/events/{id}"), &json!({ "status": "ACTIVE" })).await.bare(204);
}

// [O] query parameters and no body; a change answers nothing
#[tokio::test]
async fn an_event_is_made_by_its_query_and_changed_without_an_answer() {
    let service = Service::start().await;
    let id = event(&service, "Concert").await;
    let path = format!("/events/{id}");
    let shown = service.read(&path).await;
    assert_eq!((&shown["name"], &shown["status"]), (&json!("Concert"), &json!("DRAFT")));
    service.patch(&path, &json!({ "title": "Night of the sea" })).await.bare(204);
    assert_eq!(service.read(&path).await["title"], "Night of the sea");
}

// [O] 200, or 207 where a part could not be copied
#[tokio::test]
async fn a_copy_may_fail_in_part() {
    let service = Service::start().await;
    let path = format!("/events/{}/copy", event(&service, "Concert").await);
    let copy = service.post(&path, &json!({ "target_event_name": "Second night" })).await.must(200);
    assert_eq!(copy["status"], "DRAFT");
    let body = json!({ "target_event_name": "Third night", "source_campaign_activities": [CONTACT] });
    service.post(&path, &body).await.must(207);
}

// [O] cursors both ways, which exclude one another, and a total
#[tokio::test]
async fn events_are_paged_by_cursors() {
    let service = Service::start().await;
    for name in ["One", "Two", "Three"] {
        event(&service, name).await;
    }
    let first = service.read("/events?limit=2").await;
    assert_eq!(texts(first["records"].as_array().unwrap(), "name"), ["Three", "Two"]);
    assert_eq!(first["total_records"], 3);
    assert!(first.get("_links").is_none() && first.get("prev_cursor").is_none(), "{first}");
    let second = service.read(&format!("/events?next={}", text(&first, "next_cursor"))).await;
    assert_eq!((&second["records"][0]["name"], second.get("next_cursor")), (&json!("One"), None));
    let back = service.read(&format!("/events?prev={}", text(&second, "prev_cursor"))).await;
    assert_eq!(back["records"], first["records"]);
    let both = format!("/events?next={}&prev={}", text(&first, "next_cursor"), text(&second, "prev_cursor"));
    service.get(&both).await.refusal(400);
}

// [O] while the event is on, or over
#[tokio::test]
async fn the_door_opens_with_the_event() {
    let (service, id, _) = booked().await;
    let path = format!("/events/{id}/check_in/tickets");
    let ticket = json!({ "order_ticket_keys": ["5good"] });
    service.post(&path, &ticket).await.refusal(400);
    publish(&service, &id).await;
    service.post(&path, &ticket).await.bare(204);
    service.post(&format!("/events/{id}/undo_check_in/tickets"), &ticket).await.bare(204);
    // [O] a ticket that was called off, and one that is none
    service.post(&path, &json!({ "order_ticket_keys": ["5gone"] })).await.refusal(400);
    service.post(&path, &json!({ "order_ticket_keys": ["nobody"] })).await.refusal(404);
}

// [O] nothing to say when all went well, else a 207 with those that did not
#[tokio::test]
async fn registrations_change_one_by_one() {
    let (service, _, path) = booked().await;
    let cancel = |ids: &[&str]| json!({ "registration_ids": ids, "registration_status": "CANCELED" });
    service.put(&path, &cancel(&[PAID])).await.bare(200);
    assert_eq!(service.read(&format!("{path}/{PAID}")).await["registration_status"], "CANCELED");
    let part = service.put(&path, &cancel(&[FREE, CONTACT])).await.must(207);
    assert!(part.to_string().contains(CONTACT) && !part.to_string().contains(FREE), "{part}");
}

// [O] a free registration has nothing to pay, and is passed over
#[tokio::test]
async fn a_free_registration_is_never_paid() {
    let (service, _, path) = booked().await;
    let body = json!({ "registration_ids": [PAID, FREE], "payment_status": "REFUNDED" });
    service.put(&format!("{path}/payment_status"), &body).await.bare(200);
    let shown = service.read(&path).await;
    let paid = |id: &str| {
        let all = shown["records"].as_array().unwrap();
        all.iter().find(|one| one["registration_id"] == id).unwrap().get("payment_status").cloned()
    };
    assert_eq!((paid(PAID), paid(FREE)), (Some(json!("REFUNDED")), None));
}

// [O] the contract's slip: two states in one word
#[tokio::test]
async fn two_states_can_be_asked_for_in_one_word() {
    let (service, _, path) = booked().await;
    let found = service.read(&format!("{path}?registration_status=IN_PROGRESS%2C%20FAILED")).await;
    assert_eq!((&found["records"], &found["total_records"]), (&json!([]), &json!(0)));
}

// --- Social -----------------------------------------------------------------------------------------------------

/// A page that posts can go to, as somebody would connect it on the web.
async fn connected() -> Service {
    let service = Service::start().await;
    let user = json!({
        "network": "facebook", "network_account_id": "u1", "username": "sam", "display_name": "Sam",
        "image_url": null, "account_url": null, "rate_limited": false, "error": null
    });
    let page = json!({
        "profile_id": "p1", "network": "facebook", "name": "Harbour Kitchen", "handle": null,
        "network_profile_id": "np1", "network_account_id": "u1", "image_url": null, "url": null, "connected": true,
        "accessible": true, "settings": null
    });
    service
        .plant(|state| {
            state["accounts"][0]["social"]["connections"] = json!([user]);
            state["accounts"][0]["social"]["profiles"] = json!([page]);
        })
        .await;
    service
}

// [O] a draft, or a time to come
#[tokio::test]
async fn a_post_is_a_draft_or_has_a_time() {
    let service = connected().await;
    let post = |status: &str, time: Option<&str>| {
        json!({
            "status": status, "scheduled_time": time,
            "profile_posts": [{ "text": "Soup today", "profiles": [{ "profile_id": "p1" }] }]
        })
    };
    assert_eq!(service.post("/social/posts", &post("DRAFT", None)).await.must(201)["status"], "DRAFT");
    let later = service.post("/social/posts", &post("SCHEDULED", Some("2026-02-01T09:00:00Z"))).await.must(201);
    assert_eq!(later["scheduled_time"], "2026-02-01T09:00:00.000Z");
    service.post("/social/posts", &post("POSTED", None)).await.refusal(400);
    service.post("/social/posts", &post("SCHEDULED", Some("2026-01-01T09:00:00Z"))).await.refusal(400);
}

// [O] pages from 0, five to a page
#[tokio::test]
async fn hashtag_groups_are_paged_by_number() {
    let service = Service::start().await;
    let group = |nth: u32| json!({ "hashtag_group_id": format!("g{nth}"), "name": format!("Group {nth}"), "hashtags": ["soup"] });
    let groups: Vec<Value> = (0..7).map(group).collect();
    service.plant(|state| state["accounts"][0]["social"]["hashtag_groups"] = json!(groups)).await;
    service.get("/social/hashtags/groups?page=0&limit=5").await.must(200);
    service.get("/social/hashtags/groups?page=0&limit=6").await.refusal(400);
    let (first, second) = (
        service.read("/social/hashtags/groups?page=0&limit=5").await.to_string(),
        service.read("/social/hashtags/groups?page=1&limit=5").await.to_string(),
    );
    assert!(first.contains("Group 4") && !first.contains("Group 5"), "{first}");
    assert!(second.contains("Group 5") && !second.contains("Group 4"), "{second}");
}

// --- Automations ------------------------------------------------------------------------------------------------

// [O] a status of its own, and everything under one name; [C] times with an offset and a colon
#[tokio::test]
async fn workflows_answer_209() {
    let service = Service::start().await;
    assert_eq!(service.get("/automations/workflows").await.must(209), json!({ "flow_summaries": [] }));
    let trigger = json!({ "type": "Action", "action_name": "contact_added" });
    service.post("/automations/workflows?workflowName=Welcome", &trigger).await.must(201);
    let all = service.get("/automations/workflows").await.must(209);
    assert_eq!(names(&all), ["flow_summaries"]);
    let flow = &all["flow_summaries"][0];
    assert_eq!((&flow["name"], &flow["created_date"]), (&json!("Welcome"), &json!("2026-01-15T09:00:00.000+00:00")));
}
