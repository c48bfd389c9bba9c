//! Campaigns from draft to removal, and what may be changed when.

use serde_json::{Value, json};

use super::client::Service;
use super::things::{OWNER, mail, names, text, texts};

/// A campaign with another value of one property of its mail.
fn with(name: &str, property: &str, value: &Value) -> Value {
    let mut mail = mail(OWNER);
    mail[property] = value.clone();
    json!({ "name": name, "email_campaign_activities": [mail] })
}

// [C] the recorded answer: 200 and not 201, sorted names, title case, milliseconds
#[tokio::test]
async fn making_a_campaign_answers_as_recorded() {
    let service = Service::start().await;
    let body = json!({ "name": "News", "email_campaign_activities": [mail(OWNER)] });
    let made = service.post("/emails", &body).await.must(200);
    let wanted = [
        "campaign_activities",
        "campaign_id",
        "created_at",
        "current_status",
        "name",
        "type",
        "type_code",
        "updated_at",
    ];
    assert_eq!(names(&made), wanted);
    assert_eq!((&made["current_status"], &made["type"]), (&json!("Draft"), &json!("CUSTOM_CODE_EMAIL")));
    assert_eq!((&made["type_code"], &made["created_at"]), (&json!(26), &json!("2026-01-15T09:00:00.000Z")));
    let activities = made["campaign_activities"].as_array().unwrap();
    assert_eq!(texts(activities, "role"), ["primary_email", "permalink"]);
    assert_eq!(names(&activities[0]), ["campaign_activity_id", "role"]);
}

// [C] both casings, as seen
#[tokio::test]
async fn the_status_is_written_in_two_ways() {
    let service = Service::start().await;
    let made = service.campaign("News").await;
    assert_eq!(service.read("/emails").await["campaigns"][0]["current_status"], "Draft");
    assert_eq!(service.read(&made.path()).await["current_status"], "DRAFT");
    assert_eq!(service.read(&made.below("")).await["current_status"], "DRAFT");
}

// [O] the collection has no activities, and shows removed ones too; [C] newest first
#[tokio::test]
async fn the_collection_shows_everything_that_ever_was() {
    let service = Service::start().await;
    let first = service.campaign("First").await;
    service.campaign("Second").await;
    service.delete(&first.path()).await.bare(204);
    let all = service.read("/emails").await;
    assert_eq!(names(&all), ["campaigns"]);
    let all = all["campaigns"].as_array().unwrap();
    assert_eq!(texts(all, "name"), ["Second", "First"]);
    assert_eq!(texts(all, "current_status"), ["Draft", "Removed"]);
    assert!(all[0].get("campaign_activities").is_none());
}

// [O] what a campaign needs
#[tokio::test]
async fn what_a_campaign_needs() {
    let service = Service::start().await;
    for (property, value) in [
        ("from_name", json!(null)),
        ("from_name", json!("x".repeat(101))),
        ("from_email", json!(null)),
        ("reply_to_email", json!(null)),
        ("subject", json!(null)),
        ("format_type", json!(null)),
        ("html_content", json!("x".repeat(150_001))),
        ("preheader", json!("x".repeat(251))),
    ] {
        let refusal = service.post("/emails", &with("News", property, &value)).await.refusal(400);
        assert!(refusal.contains(property), "{property}: {refusal}");
    }
    service.post("/emails", &with(&"x".repeat(81), "preheader", &json!("x"))).await.refusal(400);
    service.post("/emails", &json!({ "name": "News", "email_campaign_activities": [] })).await.refusal(400);
    service.post("/emails", &with(&"x".repeat(80), "preheader", &json!("x"))).await.must(200);
}

// [O] the name is unique
#[tokio::test]
async fn a_name_is_taken_once() {
    let service = Service::start().await;
    let first = service.campaign("News").await;
    let second = service.campaign("Other").await;
    service.post("/emails", &with("News", "preheader", &json!("x"))).await.refusal(409);
    service.patch(&second.path(), &json!({ "name": "News" })).await.refusal(409);
    assert_eq!(service.patch(&first.path(), &json!({ "name": "Old news" })).await.must(200)["name"], "Old news");
    service.patch(&second.path(), &json!({ "name": "x".repeat(81) })).await.refusal(400);
}

// [O] senders are addresses of the account that have been confirmed
#[tokio::test]
async fn senders_must_be_confirmed() {
    let service = Service::start().await;
    service.post("/account/emails", &json!({ "email_address": "new@example.com" })).await.must(201);
    for address in ["new@example.com", "stranger@example.com"] {
        for property in ["from_email", "reply_to_email"] {
            service.post("/emails", &with("News", property, &json!(address))).await.refusal(400);
        }
    }
}

// [O] recipients are not taken at the start; they are set by an update
#[tokio::test]
async fn recipients_come_by_an_update() {
    let service = Service::start().await;
    let list = service.list("News").await;
    let body = with("News", "contact_list_ids", &json!([list]));
    let made = service.post("/emails", &body).await.must(200);
    let activity = text(&made["campaign_activities"][0], "campaign_activity_id");
    let path = format!("/emails/activities/{activity}");
    assert_eq!(service.read(&path).await["contact_list_ids"], json!([]));
    let mut update = mail(OWNER);
    update["contact_list_ids"] = json!([list]);
    service.put(&path, &update).await.must(200);
    assert_eq!(service.read(&path).await["contact_list_ids"], json!([list]));
}

// [C] the members on record; [O] the larger parts only when asked for
#[tokio::test]
async fn an_activity_shows_its_larger_parts_on_request() {
    let service = Service::start().await;
    let made = service.campaign("News").await;
    let held = service.read(&made.below("")).await;
    let mut shown = names(&held);
    shown.sort_unstable();
    let wanted = [
        "campaign_activity_id",
        "campaign_id",
        "contact_list_ids",
        "current_status",
        "format_type",
        "from_email",
        "from_name",
        "reply_to_email",
        "role",
        "segment_ids",
        "subject",
    ];
    assert_eq!(shown, wanted);
    assert_eq!((&held["role"], &held["format_type"]), (&json!("primary_email"), &json!(5)));
    let include = "physical_address_in_footer,permalink_url,html_content";
    let whole = service.read(&made.below(&format!("?include={include}"))).await;
    assert_eq!(whole["html_content"], mail(OWNER)["html_content"]);
    // [O] the account's address, where none was given
    assert_eq!(whole["physical_address_in_footer"]["address_line1"], "12 Harbour Street");
    assert!(whole["permalink_url"].is_string(), "{whole}");
}

// [O] plain properties are replaced, the larger parts stay when they are left out
#[tokio::test]
async fn an_update_replaces_plain_properties_and_keeps_the_larger_parts() {
    let service = Service::start().await;
    let body = with("News", "preheader", &json!("before"));
    let made = service.post("/emails", &body).await.must(200);
    let path = format!("/emails/activities/{}", text(&made["campaign_activities"][0], "campaign_activity_id"));
    let update = json!({
        "from_name": "Sam", "from_email": OWNER, "reply_to_email": OWNER, "subject": "Bread day"
    });
    service.put(&path, &update).await.must(200);
    let held = service.read(&format!("{path}?include=html_content")).await;
    assert_eq!((&held["subject"], held.get("preheader")), (&json!("Bread day"), None));
    assert_eq!(held["html_content"], mail(OWNER)["html_content"]);
    // [C] these four every time
    for name in ["from_name", "from_email", "reply_to_email", "subject"] {
        let mut short = update.clone();
        short[name] = Value::Null;
        service.put(&path, &short).await.refusal(400);
    }
}

// [O] lists or one segment, not both; an empty array clears
#[tokio::test]
async fn a_mail_goes_to_lists_or_to_one_segment() {
    let service = Service::start().await;
    let (list, made) = (service.list("News").await, service.campaign("News").await);
    let segment = service.segment("Sleepers", super::segments::PUBLISHED).await;
    let put = |lists: Value, segments: Value| {
        let mut body = mail(OWNER);
        body["contact_list_ids"] = lists;
        body["segment_ids"] = segments;
        body
    };
    service.put(&made.below(""), &put(json!([list]), json!([segment]))).await.refusal(400);
    service.put(&made.below(""), &put(json!([]), json!([segment, segment]))).await.refusal(400);
    service.put(&made.below(""), &put(json!([list]), json!([]))).await.must(200);
    let held = service.put(&made.below(""), &put(json!([]), json!([segment]))).await.must(200);
    assert_eq!((&held["contact_list_ids"], &held["segment_ids"]), (&json!([]), &json!([segment])));
}

// [O] and [I]: what is scheduled is unscheduled first, and what went out in this format stays as it is
#[tokio::test]
async fn only_a_draft_can_be_changed() {
    let service = Service::start().await;
    let (list, made) = (service.crowd(2).await, service.campaign("News").await);
    service.address(&made, "contact_list_ids", &json!([list])).await;
    let later = json!({ "scheduled_date": "2026-01-16T09:00:00Z" });
    service.post(&made.below("/schedules"), &later).await.must(201);
    service.put(&made.below(""), &mail(OWNER)).await.refusal(400);
    service.delete(&made.below("/schedules")).await.bare(204);
    service.send(&made, &[&list]).await;
    service.put(&made.below(""), &mail(OWNER)).await.refusal(400);
    service.put(&format!("/emails/activities/{}", made.permalink), &mail(OWNER)).await.refusal(400);
}

// [O] a footer of one's own
#[tokio::test]
async fn a_footer_names_its_state() {
    let service = Service::start().await;
    let footer = |more: Value| {
        let mut footer = json!({ "address_line1": "1 Pier", "organization_name": "Harbour Kitchen" });
        footer.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        footer
    };
    let american = footer(json!({ "country_code": "US", "state_code": "MA" }));
    let made = service.post("/emails", &with("One", "physical_address_in_footer", &american)).await.must(200);
    let activity = text(&made["campaign_activities"][0], "campaign_activity_id");
    let held = service.read(&format!("/emails/activities/{activity}?include=physical_address_in_footer")).await;
    // The service fills in the names.
    assert_eq!(held["physical_address_in_footer"]["state_name"], "Massachusetts");
    let elsewhere = footer(json!({ "country_code": "FR", "state_non_us_name": "Bretagne" }));
    service.post("/emails", &with("Two", "physical_address_in_footer", &elsewhere)).await.must(200);
    for bad in [json!({ "country_code": "US" }), json!({ "state_code": "MA" })] {
        service.post("/emails", &with("Three", "physical_address_in_footer", &footer(bad))).await.refusal(400);
    }
}

// [O] gone from reading, not from the collection
#[tokio::test]
async fn a_removed_campaign_has_no_activity_to_read() {
    let service = Service::start().await;
    let made = service.campaign("News").await;
    service.delete(&made.path()).await.bare(204);
    assert_eq!(service.read(&made.path()).await["current_status"], "REMOVED");
    service.get(&made.below("")).await.refusal(404);
    let renamed = service.patch(&made.path(), &json!({ "name": "Other" })).await;
    assert!([400, 409].contains(&renamed.status), "{}", renamed.text());
}

// [O] not while it waits to go out
#[tokio::test]
async fn a_scheduled_campaign_cannot_be_deleted() {
    let service = Service::start().await;
    let (list, made) = (service.crowd(1).await, service.campaign("News").await);
    service.address(&made, "contact_list_ids", &json!([list])).await;
    let later = json!({ "scheduled_date": "2026-01-16T09:00:00Z" });
    service.post(&made.below("/schedules"), &later).await.must(201);
    service.delete(&made.path()).await.refusal(400);
    service.delete(&made.below("/schedules")).await.bare(204);
    service.delete(&made.path()).await.bare(204);
}

// [O] old numbers lead to campaigns; at most fifty at a time
#[tokio::test]
async fn cross_references_take_fifty_numbers() {
    let service = Service::start().await;
    let made = service.campaign("News").await;
    let numbers = |many: u64| (1..=many).map(|nth| (1_100_000_000_000 + nth).to_string()).collect::<Vec<_>>().join(",");
    let path = |many: u64| format!("/emails/campaign_id_xrefs?v2_email_campaign_ids={}", numbers(many));
    let found = service.read(&path(50)).await;
    assert_eq!(text(&found["xrefs"][0], "campaign_id"), made.campaign);
    assert_eq!(found["xrefs"].as_array().map(Vec::len), Some(1));
    service.get(&path(51)).await.refusal(400);
}

// --- A/B tests --------------------------------------------------------------------------------------------------

fn trial(size: i64, hours: i64) -> Value {
    json!({ "alternative_subject": "Bread day", "test_size": size, "winner_wait_duration": hours })
}

// [O] the type changes with the test, and in the end is that of a newsletter whatever it was
#[tokio::test]
async fn a_test_changes_the_type_of_its_campaign() {
    let service = Service::start().await;
    let made = service.campaign("News").await;
    let path = made.below("/abtest");
    // [I]
    service.get(&path).await.refusal(404);
    assert_eq!(service.post(&path, &trial(10, 6)).await.must(201), trial(10, 6));
    assert_eq!(service.read(&path).await, trial(10, 6));
    assert_eq!(service.read(&made.path()).await["type_code"], 57);
    service.post(&path, &trial(10, 6)).await.refusal(409);
    service.delete(&path).await.bare(204);
    assert_eq!(service.read(&made.path()).await["type_code"], 10);
}

// [O]
#[tokio::test]
async fn a_test_has_limits() {
    let service = Service::start().await;
    let path = service.campaign("News").await.below("/abtest");
    for (size, hours) in [(4, 6), (51, 6), (10, 7), (10, 0)] {
        service.post(&path, &trial(size, hours)).await.refusal(400);
    }
    for (size, hours) in [(5, 6), (50, 12), (10, 24), (10, 48)] {
        service.post(&path, &trial(size, hours)).await.must(201);
        service.delete(&path).await.bare(204);
    }
}

// [O] drafts only
#[tokio::test]
async fn only_a_draft_can_have_a_test() {
    let service = Service::start().await;
    let (list, made) = (service.crowd(2).await, service.campaign("News").await);
    service.send(&made, &[&list]).await;
    service.post(&made.below("/abtest"), &trial(10, 6)).await.refusal(400);
}
