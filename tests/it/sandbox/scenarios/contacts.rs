//! What a contact looks like, how it is made and replaced, and how much fits into it.

use serde_json::{Value, json};

use super::client::Service;
use super::things::{names, text};

const NOW: &str = "2026-01-15T09:00:00Z";
const PARTS: &str = "custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes";

fn debora() -> Value {
    json!({
        "email_address": { "address": "DLang@example.com" }, "first_name": "Debora", "last_name": "Lang",
        "job_title": "Musician", "company_name": "Acme Corp.", "birthday_month": 11, "birthday_day": 24,
        "anniversary": "2006-11-15", "create_source": "Account"
    })
}

/// The permission of a contact.
fn permission(contact: &Value) -> &str {
    contact["email_address"]["permission_to_send"].as_str().unwrap_or_default()
}

// [C] the recorded resource, member by member
#[tokio::test]
async fn a_contact_looks_as_recorded() {
    let service = Service::start().await;
    let id = text(&service.post("/contacts", &debora()).await.must(201), "contact_id");
    let mut wanted = debora();
    wanted["contact_id"] = json!(id);
    wanted["email_address"] = json!({
        "address": "DLang@example.com", "permission_to_send": "implicit", "created_at": NOW, "updated_at": NOW,
        "opt_in_source": "Account", "opt_in_date": NOW, "confirm_status": "off"
    });
    wanted["created_at"] = json!(NOW);
    wanted["updated_at"] = json!(NOW);
    assert_eq!(service.person(&id, "").await, wanted);
    assert_eq!(service.read("/contacts").await["contacts"], json!([wanted]));
}

// [C] ids of contacts are made of the time, those of campaigns of chance
#[tokio::test]
async fn ids_are_of_two_kinds() {
    let service = Service::start().await;
    let contact = service.contact("a@example.com").await;
    let parts: Vec<&str> = contact.split('-').collect();
    assert!(parts[2].starts_with('1') && parts[4].starts_with("fa163e"), "{contact}");
    let campaign = service.campaign("News").await.campaign;
    assert!(campaign.split('-').nth(2).unwrap().starts_with('4'), "{campaign}");
}

// [C] what has no value is left out; the source of an update appears with the first update
#[tokio::test]
async fn what_has_no_value_is_not_there() {
    let service = Service::start().await;
    let made = service.post("/contacts", &json!({ "first_name": "Noor", "create_source": "Account" })).await.must(201);
    let mut shown = names(&made);
    shown.sort_unstable();
    assert_eq!(shown, ["contact_id", "create_source", "created_at", "first_name", "updated_at"]);
    let change = json!({ "first_name": "Noor", "update_source": "Contact" });
    let path = format!("/contacts/{}", text(&made, "contact_id"));
    assert_eq!(service.put(&path, &change).await.must(200)["update_source"], "Contact");
}

// [C] sub-resources only when they are asked for, and then even when they are empty; [O] G:overview
#[tokio::test]
async fn parts_are_shown_on_request() {
    let service = Service::start().await;
    let id = service.contact("a@example.com").await;
    let bare = service.person(&id, "").await;
    let whole = service.person(&id, PARTS).await;
    for part in PARTS.split(',') {
        assert_eq!((bare.get(part), whole.get(part)), (None, Some(&json!([]))), "{part}");
    }
    assert!(service.read("/contacts?include=taggings").await["contacts"][0]["taggings"].is_array());
    service.get(&format!("/contacts/{id}?include=secrets")).await.refusal(400);
}

// [C] an answer to making one has none of them; [I] unless they were sent
#[tokio::test]
async fn making_a_contact_echoes_the_parts_that_were_sent() {
    let service = Service::start().await;
    let list = service.list("News").await;
    let mut body = debora();
    body["list_memberships"] = json!([list]);
    let made = service.post("/contacts", &body).await.must(201);
    assert_eq!((&made["list_memberships"], made.get("taggings")), (&json!([list]), None));
}

// [C] kept as written, compared without case
#[tokio::test]
async fn an_address_is_kept_as_written_and_found_in_any_case() {
    let service = Service::start().await;
    service.post("/contacts", &debora()).await.must(201);
    let found = service.read("/contacts?email=dlang%40EXAMPLE.com").await;
    assert_eq!(found["contacts"][0]["email_address"]["address"], "DLang@example.com");
    let mut same = debora();
    same["email_address"]["address"] = json!("dlang@example.com");
    service.post("/contacts", &same).await.refusal(409);
}

// [O] one of these makes a contact; [C] a third source, in no contract
#[tokio::test]
async fn some_name_or_address_is_needed() {
    let service = Service::start().await;
    for (name, value) in [("first_name", json!("A")), ("last_name", json!("B"))] {
        service.post("/contacts", &json!({ name: value, "create_source": "Landing Page" })).await.must(201);
    }
    service.post("/contacts", &json!({ "job_title": "Cook", "create_source": "Account" })).await.refusal(400);
    service.post("/contacts", &json!({ "first_name": "A", "create_source": "Elsewhere" })).await.refusal(400);
}

// [I] the account's word is implicit; the person's own is explicit, as recorded
#[tokio::test]
async fn who_makes_a_contact_decides_its_permission() {
    let service = Service::start().await;
    for (source, wanted) in [("Account", "implicit"), ("Contact", "explicit")] {
        let body = json!({
            "email_address": { "address": format!("{source}@example.com") }, "create_source": source
        });
        let made = service.post("/contacts", &body).await.must(201);
        assert_eq!((permission(&made), &made["email_address"]["opt_in_source"]), (wanted, &json!(source)));
    }
}

// [O] F:codes: a contact on no list is no error
#[tokio::test]
async fn a_contact_needs_no_list() {
    let service = Service::start().await;
    let id = service.contact("a@example.com").await;
    assert_eq!(service.person(&id, "list_memberships").await["list_memberships"], json!([]));
}

// [O] many spellings in, one out
#[tokio::test]
async fn an_anniversary_comes_out_in_one_spelling() {
    let service = Service::start().await;
    for (nth, written) in
        ["11/05/2006", "11/5/2006", "2006/11/05", "2006/11/5", "2006-11-05", "2006-11-5", "11-5-2006", "11-05-2006"]
            .into_iter()
            .enumerate()
    {
        let id = service.contact_with(&format!("a{nth}@example.com"), &json!({ "anniversary": written })).await;
        assert_eq!(service.person(&id, "").await["anniversary"], "2006-11-05", "{written}");
    }
    let bad = json!({ "first_name": "A", "create_source": "Account", "anniversary": "2006-13-05" });
    service.post("/contacts", &bad).await.refusal(400);
}

// [O] how much fits
#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let service = Service::start().await;
    let id = "2cd8027a-78c0-11e9-bfd0-fa163e6b01c1";
    let phone = json!({ "phone_number": "555-0100", "kind": "home" });
    let street = json!({ "kind": "home", "street": "12 Harbour Street" });
    let field = json!({ "custom_field_id": id, "value": "x" });
    for (name, value) in [
        ("first_name", json!("x".repeat(51))),
        ("last_name", json!("x".repeat(51))),
        ("job_title", json!("x".repeat(51))),
        ("company_name", json!("x".repeat(51))),
        ("email_address", json!({ "address": format!("{}@example.com", "x".repeat(69)) })),
        ("phone_numbers", json!([phone, phone, phone, phone])),
        ("phone_numbers", json!([{ "phone_number": "5".repeat(26), "kind": "home" }])),
        ("phone_numbers", json!([{ "phone_number": "555-0100", "kind": "car" }])),
        ("street_addresses", json!([street, street, street, street])),
        ("street_addresses", json!([{ "kind": "mobile" }])),
        ("list_memberships", json!(vec![id; 51])),
        ("taggings", json!(vec![id; 51])),
        ("custom_fields", json!(vec![field; 26])),
        ("custom_fields", json!([{ "custom_field_id": id, "value": "x".repeat(256) }])),
        ("notes", json!(vec![json!({ "content": "x" }); 151])),
        ("notes", json!([{ "content": "x".repeat(2_001) }])),
    ] {
        let body = json!({ "first_name": "Noor", "create_source": "Account", name: value });
        let text = service.post("/contacts", &body).await.refusal(400);
        assert!(text.contains(name), "{name}: {text}");
    }
}

// --- The same address again -------------------------------------------------------------------------------------

// [C] clients read the id out of the text; [F] it is so for deleted contacts too
#[tokio::test]
async fn a_taken_address_is_409_with_the_id_of_its_contact() {
    let service = Service::start().await;
    let id = service.contact("a@example.com").await;
    let again = json!({ "email_address": { "address": "A@example.com" }, "create_source": "Account" });
    let message = format!("Email already exists for contact {id}");
    service.post("/contacts", &again).await.refused(409, "contacts.api.conflict", &message);
    service.delete(&format!("/contacts/{id}")).await.bare(204);
    service.post("/contacts", &again).await.refused(409, "contacts.api.conflict", &message);
}

// [F] the trap behind many a 409
#[tokio::test]
async fn a_deleted_contact_is_not_found_by_its_address_unless_all_are_wanted() {
    let service = Service::start().await;
    let id = service.contact("a@example.com").await;
    service.delete(&format!("/contacts/{id}")).await.bare(204);
    let found = service.read("/contacts?email=a%40example.com&include_count=true").await;
    assert_eq!((&found["contacts"], &found["contacts_count"]), (&json!([]), &json!(0)));
    let all = service.read("/contacts?email=a%40example.com&status=all").await;
    assert_eq!(text(&all["contacts"][0], "contact_id"), id);
}

// --- Replacing --------------------------------------------------------------------------------------------------

// [O] core properties that are left out become null, sub-resources stay
#[tokio::test]
async fn an_update_empties_what_it_leaves_out_but_keeps_the_parts() {
    let service = Service::start().await;
    let (list, other) = (service.list("News").await, service.list("Offers").await);
    let mut body = debora();
    body["list_memberships"] = json!([list]);
    body["phone_numbers"] = json!([{ "phone_number": "555-0100", "kind": "home" }]);
    let id = text(&service.post("/contacts", &body).await.must(201), "contact_id");
    let change = json!({ "email_address": { "address": "DLang@example.com" }, "update_source": "Account" });
    let after = service.put(&format!("/contacts/{id}"), &change).await.must(200);
    for gone in ["first_name", "last_name", "job_title", "company_name", "birthday_month", "anniversary"] {
        assert!(after.get(gone).is_none(), "{gone}: {after}");
    }
    assert_eq!(after["list_memberships"], json!([list]));
    assert_eq!(after["phone_numbers"][0]["phone_number"], "555-0100");
    // [I] a part that is sent takes the place of the whole part
    let mut moved = change.clone();
    moved["list_memberships"] = json!([other]);
    assert_eq!(service.put(&format!("/contacts/{id}"), &moved).await.must(200)["list_memberships"], json!([other]));
}

// [O] it has to be said who makes the change
#[tokio::test]
async fn an_update_names_its_source() {
    let service = Service::start().await;
    let id = service.contact("a@example.com").await;
    let text = service.put(&format!("/contacts/{id}"), &json!({ "first_name": "A" })).await.refusal(400);
    assert!(text.contains("update_source is missing"), "{text}");
}

// [F] in place, under the same id; another contact's address is refused
#[tokio::test]
async fn an_address_can_change_but_not_into_anothers() {
    let service = Service::start().await;
    let (id, other) = (service.contact("a@example.com").await, service.contact("b@example.com").await);
    let path = format!("/contacts/{id}");
    let to = |address: &str| json!({ "email_address": { "address": address }, "update_source": "Account" });
    assert_eq!(service.put(&path, &to("c@example.com")).await.must(200)["contact_id"], json!(id));
    let text = service.put(&path, &to("B@example.com")).await.refusal(409);
    assert_eq!(text, format!("Email already exists for contact {other}"));
}

// [C] the plugin's way to add one; [O] newest first
#[tokio::test]
async fn a_note_is_added_by_sending_all_of_them() {
    let service = Service::start().await;
    let id = service.contact_with("a@example.com", &json!({ "notes": [{ "content": "first" }] })).await;
    service.advance(60).await;
    let mut contact = service.person(&id, "notes").await;
    contact["notes"].as_array_mut().unwrap().push(json!({ "content": "second" }));
    contact["update_source"] = json!("Contact");
    let after = service.put(&format!("/contacts/{id}"), &contact).await.must(200);
    let contents: Vec<&str> = after["notes"].as_array().unwrap().iter().filter_map(|n| n["content"].as_str()).collect();
    assert_eq!(contents, ["second", "first"]);
}
