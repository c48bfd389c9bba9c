//! The sign-up form, which creates or changes in part, and brings people back.

use constantcontact::sandbox::Options;
use serde_json::{Value, json};

use super::client::{Service, still};
use super::things::{names, text};

const FORM: &str = "/contacts/sign_up_form";

/// A shop with one list.
async fn shop(options: Options) -> (Service, String) {
    let service = Service::with(options).await;
    let list = service.list("News").await;
    (service, list)
}

fn form(list: &str) -> Value {
    json!({ "email_address": "noor@example.com", "first_name": "Noor", "list_memberships": [list] })
}

async fn signed_up(service: &Service, form: &Value, status: u16) -> Value {
    let done = service.post(FORM, form).await.must(status);
    // [C] clients take these two for all there is
    assert_eq!(names(&done), ["contact_id", "action"]);
    done
}

// [O]
#[tokio::test]
async fn a_new_person_is_created_and_a_known_one_updated() {
    let (service, list) = shop(still()).await;
    let first = signed_up(&service, &form(&list), 201).await;
    let again = signed_up(&service, &form(&list), 200).await;
    assert_eq!((&first["action"], &again["action"]), (&json!("created"), &json!("updated")));
    assert_eq!(first["contact_id"], again["contact_id"]);
}

// [O] only what is sent changes; lists and custom fields are added to
#[tokio::test]
async fn a_form_changes_only_what_it_has() {
    let (service, list) = shop(still()).await;
    let other = service.list("Offers").await;
    let (hobby, town) = (service.field("Hobby").await, service.field("Town").await);
    let value = |id: &str, value: &str| json!({ "custom_field_id": id, "value": value });
    let mut first = form(&list);
    first["last_name"] = json!("Aziz");
    first["custom_fields"] = json!([value(&hobby, "chess"), value(&town, "Salem")]);
    let id = text(&signed_up(&service, &first, 201).await, "contact_id");
    let mut second = form(&other);
    second["custom_fields"] = json!([value(&hobby, "soup")]);
    signed_up(&service, &second, 200).await;
    let held = service.person(&id, "list_memberships,custom_fields").await;
    assert_eq!(held["last_name"], "Aziz");
    assert_eq!(held["list_memberships"], json!([list, other]));
    assert_eq!(held["custom_fields"], json!([value(&hobby, "soup"), value(&town, "Salem")]));
}

// [O] explicit, by the person's own act
#[tokio::test]
async fn a_new_person_is_explicit_where_nothing_has_to_be_confirmed() {
    let (service, list) = shop(still()).await;
    let id = text(&signed_up(&service, &form(&list), 201).await, "contact_id");
    let email = service.person(&id, "").await["email_address"].clone();
    assert_eq!((&email["permission_to_send"], &email["opt_in_source"]), (&json!("explicit"), &json!("Contact")));
    assert_eq!(email["confirm_status"], "off");
}

// [O] pending until confirmed
#[tokio::test]
async fn with_confirmed_opt_in_a_new_person_is_asked_first() {
    let (service, list) = shop(Options { confirmed_opt_in: true, ..still() }).await;
    let id = text(&signed_up(&service, &form(&list), 201).await, "contact_id");
    let email = service.person(&id, "").await["email_address"].clone();
    assert_eq!(email["permission_to_send"], "pending_confirmation");
    assert_eq!(email["confirm_status"], "pending");
    assert_eq!(service.mails_to("noor@example.com").await.len(), 1);
    service.lever("POST", "confirm", Some(&json!({ "email": "noor@example.com" }))).await.must(200);
    let email = service.person(&id, "").await["email_address"].clone();
    assert_eq!((&email["permission_to_send"], &email["confirm_status"]), (&json!("explicit"), &json!("confirmed")));
}

// [O] even who had asked for no more
#[tokio::test]
async fn a_form_brings_back_who_had_opted_out() {
    for confirmed_opt_in in [false, true] {
        let (service, list) = shop(Options { confirmed_opt_in, ..still() }).await;
        let id = service.contact("noor@example.com").await;
        let leave = json!({
            "email_address": { "address": "noor@example.com", "permission_to_send": "unsubscribed" },
            "update_source": "Contact"
        });
        service.put(&format!("/contacts/{id}"), &leave).await.must(200);
        assert_eq!(signed_up(&service, &form(&list), 200).await["contact_id"], json!(id));
        let email = service.person(&id, "").await["email_address"].clone();
        assert_eq!(email["permission_to_send"], "explicit", "confirmed opt-in: {confirmed_opt_in}");
        assert!(email.get("opt_out_date").is_none(), "{email}");
    }
}

// [O]
#[tokio::test]
async fn a_form_revives_a_deleted_contact() {
    let (service, list) = shop(still()).await;
    let id = service.contact("noor@example.com").await;
    service.delete(&format!("/contacts/{id}")).await.bare(204);
    assert_eq!(signed_up(&service, &form(&list), 200).await["contact_id"], json!(id));
    let back = service.person(&id, "list_memberships").await;
    assert_eq!((back.get("deleted_at"), &back["list_memberships"]), (None, &json!([list])));
}

// [O] a list is needed, the address is a text of 50, and phone and street are single
#[tokio::test]
async fn a_form_has_rules_of_its_own() {
    let (service, list) = shop(still()).await;
    for (name, value) in [
        ("list_memberships", Value::Null),
        ("list_memberships", json!([])),
        ("email_address", json!({ "address": "noor@example.com" })),
        ("email_address", json!(format!("{}@example.com", "x".repeat(39)))),
        ("phone_number", json!(["555-0100"])),
        ("street_address", json!([{ "kind": "home" }])),
    ] {
        let mut bad = form(&list);
        bad[name] = value;
        let text = service.post(FORM, &bad).await.refusal(400);
        assert!(text.contains(name) || text == "Email address is invalid", "{name}: {text}");
    }
    let mut good = form(&list);
    good["phone_number"] = json!("555-0100");
    good["street_address"] = json!({ "kind": "home", "street": "12 Harbour Street", "city": "Boston" });
    signed_up(&service, &good, 201).await;
}

// [C] and [I]: the plugin always adds the country
#[tokio::test]
async fn a_state_needs_its_country() {
    let (service, list) = shop(still()).await;
    let mut sent = form(&list);
    sent["street_address"] = json!({ "kind": "home", "state": "MA" });
    assert!(service.post(FORM, &sent).await.refusal(400).contains("Address format"));
    sent["street_address"]["country"] = json!("United States");
    signed_up(&service, &sent, 201).await;
}
