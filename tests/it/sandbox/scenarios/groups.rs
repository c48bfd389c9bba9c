//! Lists, tags and custom fields.

use serde_json::{Value, json};

use super::client::Service;
use super::things::{names, text, texts};

// [C] the members of a list on record; a description only where there is one
#[tokio::test]
async fn a_list_looks_as_recorded() {
    let service = Service::start().await;
    let list = service.post("/contact_lists", &json!({ "name": "News" })).await.must(201);
    assert_eq!(names(&list), ["list_id", "name", "favorite", "created_at", "updated_at"]);
    assert_eq!(list["created_at"], "2026-01-15T09:00:00Z");
    let body = json!({ "name": "Offers", "description": "Once a month", "favorite": true });
    let list = service.post("/contact_lists", &body).await.must(201);
    assert_eq!((&list["description"], &list["favorite"]), (&json!("Once a month"), &json!(true)));
}

// [O] unique names of up to 255
#[tokio::test]
async fn names_of_lists_and_tags_are_unique() {
    let service = Service::start().await;
    for path in ["/contact_lists", "/contact_tags"] {
        service.post(path, &json!({ "name": "x".repeat(255) })).await.must(201);
        service.post(path, &json!({ "name": "x".repeat(255) })).await.refusal(409);
        service.post(path, &json!({ "name": "x".repeat(256) })).await.refusal(400);
        service.post(path, &json!({ "name": "" })).await.refusal(400);
    }
}

// [O] all members, or those who can be mailed
#[tokio::test]
async fn members_are_counted_on_request() {
    let service = Service::start().await;
    let list = service.crowd(3).await;
    let id = text(&service.read("/contacts").await["contacts"][0], "contact_id");
    let leave = json!({
        "email_address": { "address": "person0@example.com", "permission_to_send": "unsubscribed" },
        "update_source": "Account"
    });
    service.put(&format!("/contacts/{id}"), &leave).await.must(200);
    let path = format!("/contact_lists/{list}");
    assert!(service.read(&path).await.get("membership_count").is_none());
    assert_eq!(service.read(&format!("{path}?include_membership_count=active")).await["membership_count"], 2);
    let all = service.read("/contact_lists?include_membership_count=all").await;
    assert!(all["lists"][0]["membership_count"].is_u64(), "{all}");
}

// [O] 202, the job and its place in a header; the contacts stay; [O] shown again with status=all
#[tokio::test]
async fn deleting_a_list_is_a_job() {
    let service = Service::start().await;
    let list = service.crowd(2).await;
    let reply = service.delete(&format!("/contact_lists/{list}")).await;
    let job = reply.must(202);
    assert_eq!((&job["state"], &job["percent_done"]), (&json!("initialized"), &json!(1)));
    let place = reply.header("location").unwrap_or_else(|| panic!("{:?}", reply.headers));
    assert!(place.ends_with(&format!("/v3/activities/{}", text(&job, "activity_id"))), "{place}");
    service.finish(&job).await;
    assert_eq!(service.read("/contact_lists").await["lists"], json!([]));
    assert!(service.read("/contact_lists?status=all").await["lists"][0]["deleted_at"].is_string());
    assert_eq!(service.read("/contacts").await["contacts"].as_array().map(Vec::len), Some(2));
}

// [O] the source is set once; an update renames and nothing else; counts on request
#[tokio::test]
async fn a_tag_is_renamed_and_keeps_its_source() {
    let service = Service::start().await;
    let made = service.post("/contact_tags", &json!({ "name": "soup", "tag_source": "Contact" })).await.must(201);
    let path = format!("/contact_tags/{}", text(&made, "tag_id"));
    service.put(&path, &json!({ "name": "soups", "tag_source": "Account" })).await.must(200);
    let held = service.read(&path).await;
    assert_eq!((&held["name"], &held["tag_source"]), (&json!("soups"), &json!("Contact")));
    assert!(held.get("contacts_count").is_none(), "{held}");
    assert_eq!(service.read(&format!("{path}?include_count=true")).await["contacts_count"], 0);
}

// [C] the name that is made of the label, and the version
#[tokio::test]
async fn the_name_of_a_custom_field_follows_from_its_label() {
    let service = Service::start().await;
    for (label, name) in [("Hobby", "hobby"), ("Customer ID", "customer_id")] {
        let made = service.post("/contact_custom_fields", &json!({ "label": label, "type": "string" })).await;
        // [O] the contract has 201; one record has 200
        let made = made.must(201);
        assert_eq!((&made["label"], &made["name"], &made["version"]), (&json!(label), &json!(name), &json!(1)));
    }
    service.post("/contact_custom_fields", &json!({ "label": "Hobby", "type": "date" })).await.refusal(409);
    service.post("/contact_custom_fields", &json!({ "label": "x".repeat(51), "type": "date" })).await.refusal(400);
}

// [O] release notes of September 2025, and what became of dates
#[tokio::test]
async fn custom_fields_have_types() {
    let service = Service::start().await;
    for kind in ["string", "date", "datetime", "currency", "text_area", "number", "boolean"] {
        service.post("/contact_custom_fields", &json!({ "label": kind, "type": kind })).await.must(201);
    }
    service.post("/contact_custom_fields", &json!({ "label": "x", "type": "colour" })).await.refusal(400);
    let date = json!({ "label": "True date", "type": "date", "version": 2 });
    assert_eq!(service.post("/contact_custom_fields", &date).await.must(201)["version"], 2);
}

// [O] few choices where they are buttons, many where they drop down
#[tokio::test]
async fn choices_have_limits() {
    let service = Service::start().await;
    let select = |label: &str, shown: &str, many: usize| {
        let choices: Vec<Value> =
            (1..=many).map(|nth| json!({ "choice_label": format!("choice {nth}"), "display_order": nth })).collect();
        json!({ "label": label, "type": "single_select", "metadata": { "display_type": shown }, "choices": choices })
    };
    for (shown, most) in [("radio", 20), ("dropdown", 100)] {
        service.post("/contact_custom_fields", &select(shown, shown, most + 1)).await.refusal(400);
        let made = service.post("/contact_custom_fields", &select(shown, shown, most)).await.must(201);
        assert_eq!(made["choices"].as_array().map(Vec::len), Some(most), "{shown}");
    }
}

// [C] schemas of 2026: contacts hold the choices, and the value may be absent
#[tokio::test]
async fn a_contact_holds_the_choices_of_a_select() {
    let service = Service::start().await;
    let choices = json!([
        { "choice_label": "Red", "display_order": 1 }, { "choice_label": "Blue", "display_order": 2 }
    ]);
    let metadata = json!({ "display_type": "dropdown" });
    let body = json!({ "label": "Colour", "type": "single_select", "metadata": metadata, "choices": choices });
    let field = service.post("/contact_custom_fields", &body).await.must(201);
    let (id, choice) = (text(&field, "custom_field_id"), field["choices"][1]["choice_id"].clone());
    let more = json!({ "custom_fields": [{ "custom_field_id": id, "choice_ids": [choice] }] });
    let contact = service.contact_with("a@example.com", &more).await;
    let held = service.person(&contact, "custom_fields").await["custom_fields"][0].clone();
    assert_eq!((&held["custom_field_id"], &held["choice_ids"]), (&json!(id), &json!([choice])));
}

// [O] a hundred to an account; [C] a thousand lists
#[tokio::test]
async fn an_account_has_a_hundred_custom_fields() {
    let service = Service::start().await;
    for nth in 0..100 {
        service.field(&format!("Field {nth}")).await;
    }
    service.post("/contact_custom_fields", &json!({ "label": "One more", "type": "string" })).await.refusal(400);
    let all = service.all("/contact_custom_fields", "custom_fields").await;
    assert_eq!(texts(&all, "name").len(), 100);
}

// [O] a custom field goes at once, and answers nothing
#[tokio::test]
async fn a_custom_field_is_deleted_with_its_values() {
    let service = Service::start().await;
    let field = service.field("Hobby").await;
    let more = json!({ "custom_fields": [{ "custom_field_id": field, "value": "chess" }] });
    let id = service.contact_with("a@example.com", &more).await;
    service.delete(&format!("/contact_custom_fields/{field}")).await.bare(204);
    assert_eq!(service.person(&id, "custom_fields").await["custom_fields"], json!([]));
}
