//! Bulk jobs, from "initialized" to "completed", and what they do.

use serde_json::{Value, json};

use super::client::Service;
use super::things::{names, text, texts};

async fn start(service: &Service, kind: &str, body: &Value) -> Value {
    service.post(&format!("/activities/{kind}"), body).await.must(201)
}

/// The rows of an import.
fn rows(addresses: &[&str]) -> Vec<Value> {
    addresses.iter().map(|address| json!({ "email": address, "first_name": "Noor" })).collect()
}

async fn id_of(service: &Service, address: &str) -> String {
    let found = service.read(&format!("/contacts?email={}", address.replace('@', "%40"))).await;
    text(&found["contacts"][0], "contact_id")
}

// [O] the states; [C] a finished one on record; [I] times come when they happen
#[tokio::test]
async fn a_job_is_initialized_then_processing_then_completed() {
    let service = Service::start().await;
    let list = service.list("News").await;
    let body = json!({ "source": { "contact_ids": [service.contact("a@example.com").await] }, "list_ids": [list] });
    let job = start(&service, "add_list_memberships", &body).await;
    let id = text(&job, "activity_id");
    assert_eq!((&job["state"], &job["percent_done"]), (&json!("initialized"), &json!(1)));
    assert_eq!((&job["activity_errors"], &job["created_at"]), (&json!([]), &json!("2026-01-15T09:00:00Z")));
    assert_eq!(job["_links"]["self"]["href"], format!("/v3/activities/{id}"));
    assert!(job.get("started_at").is_none() && job.get("completed_at").is_none(), "{job}");
    let done = service.finish(&job).await;
    assert_eq!(done["percent_done"], 100);
    let status = &done["status"];
    assert_eq!((&status["items_total_count"], &status["items_completed_count"]), (&json!(1), &json!(1)));
    assert!(text(&done, "started_at") <= text(&done, "completed_at"), "{done}");
}

// [C] small jobs take about a second
#[tokio::test]
async fn a_small_job_takes_about_a_second() {
    let service = Service::start().await;
    service.options(&json!({ "job_ms": [1_000, 2_000] })).await;
    let job = start(&service, "contact_exports", &json!({})).await;
    let path = format!("/activities/{}", text(&job, "activity_id"));
    for (seconds, state) in [(0, "initialized"), (1, "processing"), (1, "completed")] {
        service.advance(seconds).await;
        assert_eq!(service.read(&path).await["state"], state);
    }
}

// [O] the filter knows all states but the first
#[tokio::test]
async fn jobs_are_listed_by_state() {
    let service = Service::start().await;
    service.job("contact_exports", &json!({})).await;
    for (state, many) in [("processing", 0), ("completed", 1), ("cancelled", 0), ("failed", 0), ("timed_out", 0)] {
        let found = service.read(&format!("/activities?state={state}")).await;
        assert_eq!(found["activities"].as_array().map(Vec::len), Some(many), "{state}");
    }
    service.get("/activities?state=initialized").await.refusal(400);
}

// [O] ten days
#[tokio::test]
async fn a_job_is_forgotten_after_ten_days() {
    let service = Service::start().await;
    let job = service.job("contact_exports", &json!({})).await;
    let path = format!("/activities/{}", text(&job, "activity_id"));
    let token = text(&service.tokens(super::consent::EVERYTHING).await, "refresh_token");
    service.advance(10 * 86_400 - 60).await;
    let token = service.refresh(&token).await.must(200);
    let access = text(&token, "access_token");
    service.with_token(&access, "GET", &path, None).await.must(200);
    service.advance(120).await;
    service.with_token(&access, "GET", &path, None).await.refusal(404);
}

// [O] 1,000 may wait; [I] the array
#[tokio::test]
async fn a_thousand_jobs_may_wait() {
    let service = Service::start().await;
    for _ in 0..1_000 {
        assert_eq!(service.post("/activities/contact_exports", &json!({})).await.status, 201);
    }
    let text = service.post("/activities/contact_exports", &json!({})).await.refusal(429);
    assert_eq!(text, "Too many requests. You exceeded 1,000 queued activities for this user account.");
    service.advance(2).await;
    service.post("/activities/contact_exports", &json!({})).await.must(201);
}

// --- Imports ----------------------------------------------------------------------------------------------------

// [O] new people are implicit, by the account
#[tokio::test]
async fn an_import_makes_implicit_contacts_on_its_lists() {
    let service = Service::start().await;
    let list = service.list("News").await;
    let body = json!({ "import_data": rows(&["a@example.com", "b@example.com"]), "list_ids": [list] });
    let done = service.job("contacts_json_import", &body).await;
    let counters = json!({
        "items_total_count": 2, "person_count": 2, "error_count": 0, "correctable_count": 0,
        "cannot_add_to_list_count": 0
    });
    assert_eq!(done["status"], counters);
    let made = service.person(&id_of(&service, "a@example.com").await, "list_memberships").await;
    assert_eq!(made["email_address"]["permission_to_send"], "implicit");
    assert_eq!(made["email_address"]["opt_in_source"], "Account");
    assert_eq!(made["list_memberships"], json!([list]));
}

// [O] of known people only what was sent changes, and never the permission
#[tokio::test]
async fn an_import_changes_only_what_it_has_and_no_permission() {
    let service = Service::start().await;
    let (old, new) = (service.list("Old").await, service.list("New").await);
    let more = json!({ "last_name": "Aziz", "list_memberships": [old] });
    let id = service.contact_with("a@example.com", &more).await;
    let gone = service.contact("gone@example.com").await;
    let leave = json!({
        "email_address": { "address": "gone@example.com", "permission_to_send": "unsubscribed" },
        "update_source": "Account"
    });
    service.put(&format!("/contacts/{gone}"), &leave).await.must(200);
    let body = json!({ "import_data": rows(&["a@example.com", "gone@example.com"]), "list_ids": [new] });
    let done = service.job("contacts_json_import", &body).await;
    assert_eq!(done["status"]["cannot_add_to_list_count"], 1);
    let held = service.person(&id, "list_memberships").await;
    assert_eq!((&held["first_name"], &held["last_name"]), (&json!("Noor"), &json!("Aziz")));
    assert_eq!(held["list_memberships"], json!([old, new]));
    let left = service.person(&gone, "list_memberships").await;
    assert_eq!(left["email_address"]["permission_to_send"], "unsubscribed");
    assert_eq!(left["list_memberships"], json!([]));
}

// [O] what a person could put right is counted apart, and harms no other row
#[tokio::test]
async fn bad_rows_are_counted_and_the_others_go_on() {
    let service = Service::start().await;
    let list = service.list("News").await;
    let rows = json!([
        { "email": "good@example.com" },
        { "email": "not an address" },
        { "email": "day@example.com", "birthday_month": 13, "birthday_day": 1 },
        { "email": "year@example.com", "anniversary": "2006-13-01" },
        { "job_title": "Cook" },
    ]);
    let done = service.job("contacts_json_import", &json!({ "import_data": rows, "list_ids": [list] })).await;
    assert_eq!((&done["status"]["person_count"], &done["status"]["correctable_count"]), (&json!(1), &json!(4)));
    assert!(done["activity_errors"].as_array().unwrap().iter().all(Value::is_string), "{done}");
    assert_eq!(service.read("/contacts?include_count=true").await["contacts_count"], 1);
}

// [O] custom fields by their names, which must exist
#[tokio::test]
async fn an_import_fills_custom_fields_by_name() {
    let service = Service::start().await;
    let (list, field) = (service.list("News").await, service.field("Favourite Soup").await);
    let rows = json!([{ "email": "a@example.com", "cf:favourite_soup": "leek" }]);
    service.job("contacts_json_import", &json!({ "import_data": rows, "list_ids": [list] })).await;
    let held = service.person(&id_of(&service, "a@example.com").await, "custom_fields").await;
    assert_eq!(held["custom_fields"], json!([{ "custom_field_id": field, "value": "leek" }]));
}

// [O] what is beyond 4 MB is dropped without a word
#[tokio::test]
async fn an_import_is_cut_at_four_megabytes() {
    let service = Service::start().await;
    let list = service.list("News").await;
    // A property that nobody knows takes room all the same.
    let rows: Vec<Value> = (0..6)
        .map(|nth| json!({ "email": format!("a{nth}@example.com"), "first_name": "A", "x": "x".repeat(1_000_000) }))
        .collect();
    let body = json!({ "import_data": rows, "list_ids": [list] });
    let done = service.job("contacts_json_import", &body).await;
    assert_eq!((&done["status"]["items_total_count"], &done["status"]["person_count"]), (&json!(4), &json!(4)));
}

// [O] at least one list, at most fifty
#[tokio::test]
async fn an_import_needs_rows_and_lists() {
    let service = Service::start().await;
    let list = service.list("News").await;
    for body in [
        json!({ "list_ids": [list] }),
        json!({ "import_data": [], "list_ids": [list] }),
        json!({ "import_data": rows(&["a@example.com"]) }),
        json!({ "import_data": rows(&["a@example.com"]), "list_ids": [] }),
        json!({ "import_data": rows(&["a@example.com"]), "list_ids": vec![list.clone(); 51] }),
    ] {
        service.post("/activities/contacts_json_import", &body).await.refusal(400);
    }
}

// [O] the headings are counted as an item; lists are one text with commas
#[tokio::test]
async fn a_file_is_imported_line_by_line() {
    let service = Service::start().await;
    let (one, two) = (service.list("One").await, service.list("Two").await);
    let field = service.field("Hobby").await;
    let csv = "email,first_name,last_name,city,zip,country,cf:hobby\r\n\
               a@example.com,Noor,\"Aziz, N\",Boston,02110,United States,chess\r\n\
               not an address,B,B,,,,\r\n";
    let job = service.upload("people.csv", csv, &format!("{one},{two}")).await.must(201);
    let done = service.finish(&job).await;
    assert_eq!(done["status"]["items_total_count"], 3);
    assert_eq!((&done["status"]["person_count"], &done["status"]["correctable_count"]), (&json!(1), &json!(1)));
    let include = "list_memberships,street_addresses,custom_fields";
    let held = service.person(&id_of(&service, "a@example.com").await, include).await;
    assert_eq!((&held["last_name"], &held["list_memberships"]), (&json!("Aziz, N"), &json!([one, two])));
    assert_eq!(held["street_addresses"][0]["postal_code"], "02110");
    assert_eq!(held["custom_fields"], json!([{ "custom_field_id": field, "value": "chess" }]));
}

// [O] the content type is the transport's own, and the file ends in .csv
#[tokio::test]
async fn a_file_of_another_kind_is_415() {
    let service = Service::start().await;
    let list = service.list("News").await;
    service.upload("people.txt", "email\r\na@example.com\r\n", &list).await.refusal(415);
    let path = "/activities/contacts_file_import";
    service.post_as(path, "application/json", b"{}").await.refusal(415);
}

// --- Exports ----------------------------------------------------------------------------------------------------

// [C] the link is there from the start; [I] nothing is behind it before the job is done; [O] CSV, with the token
#[tokio::test]
async fn an_export_is_downloaded_with_the_same_token() {
    let service = Service::start().await;
    service.contact_with("a@example.com", &json!({ "first_name": "Noor" })).await;
    let fields = ["first_name", "email_address"];
    let job = start(&service, "contact_exports", &json!({ "fields": fields })).await;
    let path = format!("/contact_exports/{}", text(&job, "activity_id"));
    assert_eq!(job["_links"]["results"]["href"], format!("/v3{path}"));
    service.get(&path).await.refusal(404);
    service.finish(&job).await;
    let file = service.get(&path).await;
    assert_eq!(file.status, 200);
    assert!(file.header("content-type").unwrap().starts_with("text/csv"));
    // [R] headings for people
    let lines: Vec<String> = file.text().lines().map(str::to_owned).collect();
    assert_eq!(lines, ["First name,Email address", "Noor,a@example.com"]);
    assert_eq!(service.call("GET", &format!("/v3{path}"), &[], b"").await.status, 401);
}

// [O] filters exclude one another
#[tokio::test]
async fn an_export_takes_one_filter() {
    let service = Service::start().await;
    let (list, tag) = (service.list("News").await, service.tag("one").await);
    let both = json!({ "list_ids": [list], "tag_ids": [tag] });
    service.post("/activities/contact_exports", &both).await.refusal(400);
    let unknown = json!({ "fields": ["shoe_size"] });
    service.post("/activities/contact_exports", &unknown).await.refusal(400);
}

// --- People, lists, tags, fields --------------------------------------------------------------------------------

// [O] the people on the lists, not the lists
#[tokio::test]
async fn contacts_are_deleted_by_id_or_by_list() {
    let service = Service::start().await;
    let list = service.crowd(3).await;
    let other = service.contact("other@example.com").await;
    let done = service.job("contact_delete", &json!({ "list_ids": [list] })).await;
    let counters = json!({ "list_count": 1, "items_total_count": 3, "items_completed_count": 3 });
    assert_eq!(done["status"], counters);
    let left = service.read("/contacts").await;
    assert_eq!(texts(left["contacts"].as_array().unwrap(), "contact_id"), [other.as_str()]);
    service.read(&format!("/contact_lists/{list}")).await;
    service.job("contact_delete", &json!({ "contact_ids": [other] })).await;
    assert_eq!(service.read("/contacts").await["contacts"], json!([]));
    let both = json!({ "contact_ids": [other], "list_ids": [list] });
    service.post("/activities/contact_delete", &both).await.refusal(400);
    let many = json!({ "contact_ids": vec![other; 501] });
    service.post("/activities/contact_delete", &many).await.refusal(400);
}

// [O] sources exclude one another; one source there only is to add
#[tokio::test]
async fn people_go_on_lists_and_off_them() {
    let service = Service::start().await;
    let (from, onto) = (service.crowd(3).await, service.list("Onto").await);
    let body = json!({ "source": { "list_ids": [from] }, "list_ids": [onto] });
    let done = service.job("add_list_memberships", &body).await;
    assert_eq!((&done["status"]["list_count"], &done["status"]["items_completed_count"]), (&json!(1), &json!(3)));
    assert_eq!(service.all(&format!("/contacts?lists={onto}"), "contacts").await.len(), 3);
    let all = json!({ "source": { "all_active_contacts": true }, "list_ids": [onto] });
    service.job("remove_list_memberships", &all).await;
    assert!(service.all(&format!("/contacts?lists={onto}"), "contacts").await.is_empty());
    let two = json!({ "source": { "list_ids": [from], "all_active_contacts": true }, "list_ids": [onto] });
    for kind in ["add_list_memberships", "remove_list_memberships"] {
        service.post(&format!("/activities/{kind}"), &two).await.refusal(400);
    }
}

// [O]
#[tokio::test]
async fn people_are_tagged_and_untagged() {
    let service = Service::start().await;
    let (list, tag) = (service.crowd(3).await, service.tag("soup").await);
    let body = json!({ "source": { "list_ids": [list] }, "tag_ids": [tag] });
    let done = service.job("contacts_taggings_add", &body).await;
    assert_eq!(done["status"]["items_completed_count"], 3);
    let tagged = service.read(&format!("/contact_tags/{tag}?include_count=true")).await;
    assert_eq!(tagged["contacts_count"], 3);
    service.job("contacts_taggings_remove", &json!({ "source": { "tag_ids": [tag] }, "tag_ids": [tag] })).await;
    assert!(service.all(&format!("/contacts?tags={tag}"), "contacts").await.is_empty());
}

// [O] lists, tags and custom fields go; the people stay
#[tokio::test]
async fn groups_are_deleted_and_people_stay() {
    let service = Service::start().await;
    let (list, tag, field) = (service.list("L").await, service.tag("t").await, service.field("F").await);
    let more = json!({
        "list_memberships": [list], "taggings": [tag], "custom_fields": [{ "custom_field_id": field, "value": "x" }]
    });
    let id = service.contact_with("a@example.com", &more).await;
    let done = service.job("list_delete", &json!({ "list_ids": [list] })).await;
    assert_eq!(names(&done["status"]), ["list_count"]);
    service.job("contacts_tags_delete", &json!({ "tag_ids": [tag] })).await;
    service.job("custom_fields_delete", &json!({ "custom_field_ids": [field] })).await;
    let held = service.person(&id, "list_memberships,taggings,custom_fields").await;
    for part in ["list_memberships", "taggings", "custom_fields"] {
        assert_eq!(held[part], json!([]), "{part}");
    }
    for path in [format!("/contact_lists/{list}"), format!("/contact_tags/{tag}")] {
        service.get(&path).await.refusal(404);
    }
}
