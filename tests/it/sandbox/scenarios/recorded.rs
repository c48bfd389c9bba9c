//! What a good client has to absorb, and answers on record from a real account.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::client::Service;
use super::things::{names, text, texts};

// [C] with `include`, parts are there even when they are empty; nothing else comes along
#[tokio::test]
async fn the_only_page_of_contacts_links_nowhere() {
    let service = Service::start().await;
    service.contact("a@example.com").await;
    let page = service.read("/contacts?include=custom_fields").await;
    assert_eq!(page["contacts"][0]["custom_fields"], json!([]));
    // On record both an empty object and none at all.
    assert!(page.get("_links").is_none_or(|links| *links == json!({})), "{page}");
}

// [C] the job of a deleted tag
#[tokio::test]
async fn deleting_a_tag_answers_with_an_inner_path() {
    let service = Service::start().await;
    let tag = service.tag("soup").await;
    // On record it is a 200; the contract has 202.
    let job = service.delete(&format!("/contact_tags/{tag}")).await.must(202);
    let id = text(&job, "activity_id");
    assert_eq!((&job["state"], &job["percent_done"]), (&json!("initialized"), &json!(1)));
    assert_eq!((&job["activity_errors"], &job["status"]), (&json!([]), &json!({})));
    let href = job["_links"]["self"]["href"].as_str().unwrap();
    let account = href.strip_prefix("/contacts-service/v3/accounts/").and_then(|rest| rest.strip_suffix(&id));
    assert!(account.is_some_and(|rest| rest.ends_with("/activities/")), "{href}");
    // Whoever follows it gets nowhere; by its id the job is found.
    assert_eq!(service.call("GET", href, &[], b"").await.status, 403);
    service.finish(&job).await;
}

// [C] all jobs of a page link to the last one
#[tokio::test]
async fn jobs_in_a_collection_all_link_to_the_same_one() {
    let service = Service::start().await;
    for _ in 0..7 {
        service.post("/activities/contact_exports", &json!({})).await.must(201);
    }
    let page = service.read("/activities?limit=5").await;
    let jobs = page["activities"].as_array().unwrap();
    let last = format!("/v3/activities/{}", text(jobs.last().unwrap(), "activity_id"));
    assert!(jobs.iter().all(|job| job["_links"]["self"]["href"] == json!(last)), "{page}");
    let href = page["_links"]["next"]["href"].as_str().unwrap();
    let cursor = href.strip_prefix("/v3/activities?cursor=").unwrap_or_else(|| panic!("{href}"));
    let held = STANDARD.decode(cursor).unwrap();
    let held = String::from_utf8(held).unwrap();
    let next = held.strip_prefix("limit=5&next=").unwrap_or_else(|| panic!("{held}"));
    assert_eq!((next.len(), next.matches('-').count()), (36, 4), "an id: {next}");
}

// [C] newest first, and no link on the only page
#[tokio::test]
async fn the_only_page_of_campaigns_has_no_links() {
    let service = Service::start().await;
    service.campaign("One").await;
    service.campaign("Two").await;
    let page = service.read("/emails").await;
    assert_eq!(names(&page), ["campaigns"]);
    assert_eq!(texts(page["campaigns"].as_array().unwrap(), "name"), ["Two", "One"]);
}

// [C] codes of states come out as names
#[tokio::test]
async fn codes_of_states_are_expanded() {
    let service = Service::start().await;
    let street = json!({ "kind": "home", "city": "Chicago", "state": "IL", "country": "US" });
    let id = service.contact_with("a@example.com", &json!({ "street_addresses": [street] })).await;
    let held = service.person(&id, "street_addresses").await;
    assert_eq!(held["street_addresses"][0]["state"], "Illinois");
}

// [C] an explicit permission is not taken back to implicit
#[tokio::test]
async fn an_explicit_permission_cannot_be_lowered() {
    let service = Service::start().await;
    let made = json!({ "email_address": { "address": "a@example.com" }, "create_source": "Contact" });
    let id = text(&service.post("/contacts", &made).await.must(201), "contact_id");
    let lower = json!({
        "email_address": { "address": "a@example.com", "permission_to_send": "implicit" }, "update_source": "Account"
    });
    service.put(&format!("/contacts/{id}"), &lower).await;
    assert_eq!(service.person(&id, "").await["email_address"]["permission_to_send"], "explicit");
}

// [C] the words for a list that nobody has
#[tokio::test]
async fn an_unknown_list_is_refused_in_these_words() {
    let service = Service::start().await;
    let body = json!({
        "email_address": { "address": "a@example.com" }, "create_source": "Account",
        "list_memberships": ["2cd8027a-78c0-11e9-bfd0-fa163e6b01c1"]
    });
    assert_eq!(service.post("/contacts", &body).await.refusal(400), "list_id not found");
}

// [C] no key makes a call safe to repeat; the second one is another campaign's or a conflict
#[tokio::test]
async fn nothing_makes_a_call_safe_to_repeat() {
    let service = Service::start().await;
    let body = json!({ "first_name": "Noor", "create_source": "Account" }).to_string();
    let bearer = format!("Bearer {}", service.ready().access_token);
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("idempotency-key", "the-same")];
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(text(&service.call("POST", "/v3/contacts", &headers, body.as_bytes()).await.must(201), "contact_id"));
    }
    assert_ne!(ids[0], ids[1]);
}

// [O] one address, four shapes
#[tokio::test]
async fn an_address_has_a_shape_for_each_door() {
    let service = Service::start().await;
    let list = service.list("News").await;
    service.contact("object@example.com").await;
    let form = json!({ "email_address": "text@example.com", "list_memberships": [list] });
    service.post("/contacts/sign_up_form", &form).await.must(201);
    service.import(&["row@example.com"], &[&list]).await;
    let job = service.upload("people.csv", "email\nline@example.com\n", &list).await.must(201);
    service.finish(&job).await;
    let all = service.all("/contacts", "contacts").await;
    let found: Vec<&str> = all.iter().filter_map(|one| one["email_address"]["address"].as_str()).collect();
    assert_eq!(found, ["object@example.com", "text@example.com", "row@example.com", "line@example.com"]);
}

// [O] success has many numbers
#[tokio::test]
async fn success_has_many_numbers() {
    let service = Service::start().await;
    let (list, tag, field) = (service.list("L").await, service.tag("t").await, service.field("F").await);
    let (contact, campaign) = (service.contact("a@example.com").await, service.campaign("News").await);
    let segment = service.segment("Sleepers", super::segments::PUBLISHED).await;
    assert_eq!(service.get(&format!("/contacts?segment_id={segment}")).await.status, 202);
    for (path, status) in [
        (format!("/contacts/{contact}"), 204),
        (campaign.path(), 204),
        (format!("/contact_custom_fields/{field}"), 204),
        (format!("/segments/{segment}"), 204),
        (format!("/contact_lists/{list}"), 202),
        (format!("/contact_tags/{tag}"), 202),
    ] {
        assert_eq!(service.delete(&path).await.status, status, "{path}");
    }
}

// [O] four forms of time; that of automations is told beside them
#[tokio::test]
async fn each_service_writes_time_in_its_own_way() {
    let service = Service::start().await;
    let list = service.crowd(1).await;
    let campaign = service.campaign("News").await;
    let seconds = |value: &Value| value.as_str().is_some_and(|text| text.len() == 20 && text.ends_with('Z'));
    let millis = |value: &Value| value.as_str().is_some_and(|text| text.len() == 24 && text.ends_with('Z'));
    let contact = service.read("/contacts").await["contacts"][0].clone();
    assert!(seconds(&contact["created_at"]) && seconds(&contact["email_address"]["opt_in_date"]), "{contact}");
    assert!(seconds(&service.read(&format!("/contact_lists/{list}")).await["updated_at"]));
    assert!(seconds(&service.read("/activities").await["activities"][0]["completed_at"]));
    assert!(millis(&service.read(&campaign.path()).await["created_at"]));
    assert!(text(&service.read("/account/emails").await[0], "confirm_time").ends_with("+0000"));
}

// [O] bodies that are empty where one would expect something
#[tokio::test]
async fn some_answers_have_no_body() {
    let service = Service::start().await;
    let contact = service.contact("a@example.com").await;
    let reply = service.delete(&format!("/contacts/{contact}")).await;
    assert_eq!((reply.status, reply.body.len(), reply.header("content-type")), (204, 0, None));
}
