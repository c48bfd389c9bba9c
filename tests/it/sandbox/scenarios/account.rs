//! The account itself, its senders, and what each role may do.

use constantcontact::sandbox::{Options, Role};
use serde_json::json;

use super::client::{Service, still};
use super::things::{OWNER, names};

// [O] unlike elsewhere an update changes only what it has
#[tokio::test]
async fn the_summary_is_changed_in_part() {
    let service = Service::start().await;
    let before = service.read("/account/summary").await;
    let after = service.put("/account/summary", &json!({ "website": "https://shop.example.com" })).await.must(200);
    assert_eq!(after["website"], "https://shop.example.com");
    assert_eq!(after["organization_name"], before["organization_name"]);
    assert!(before.get("physical_address").is_none(), "{before}");
    let more = service.read("/account/summary?extra_fields=physical_address").await;
    assert!(more["physical_address"].is_object(), "{more}");
}

// [O] there is one already, so making one is a conflict
#[tokio::test]
async fn an_account_has_one_physical_address() {
    let service = Service::start().await;
    let path = "/account/summary/physical_address";
    let mut address = json!({
        "address_line1": "1 Pier", "city": "Boston", "state_code": "MA", "postal_code": "02110", "country_code": "US"
    });
    service.post(path, &address).await.refusal(409);
    service.put(path, &address).await.must(200);
    assert_eq!(service.read(path).await["address_line1"], "1 Pier");
    address["state_code"] = json!(null);
    service.put(path, &address).await.refusal(400);
}

// [C] a plain array; a role that is in no document; a time with a bare offset
#[tokio::test]
async fn senders_are_a_plain_array() {
    let service = Service::start().await;
    let senders = service.read("/account/emails").await;
    let first = &senders.as_array().unwrap()[0];
    assert_eq!((&first["email_address"], &first["confirm_status"]), (&json!(OWNER), &json!("CONFIRMED")));
    assert_eq!(first["confirm_time"], "2026-01-15T09:00:00.000+0000");
    assert!(first["roles"].as_array().unwrap().contains(&json!("DEFAULT_FROM")), "{first}");
    assert!(first["email_id"].is_u64(), "{first}");
}

// [O] one filter at a time, whole or by its first letter
#[tokio::test]
async fn senders_are_found_by_one_filter() {
    let service = Service::start().await;
    service.post("/account/emails", &json!({ "email_address": "second@example.com" })).await.must(201);
    for (query, many) in [
        ("confirm_status=CONFIRMED", 1),
        ("confirm_status=U", 1),
        ("role_code=CONTACT", 1),
        ("role_code=R", 1),
        ("role_code=O", 0),
        ("email_address=second%40example.com", 1),
    ] {
        let found = service.read(&format!("/account/emails?{query}")).await;
        assert_eq!(found.as_array().map(Vec::len), Some(many), "{query}");
    }
    service.get("/account/emails?confirm_status=C&role_code=C").await.refusal(400);
}

// [O] not confirmed yet, a link in a mail, and once only
#[tokio::test]
async fn a_new_sender_has_to_be_confirmed() {
    let service = Service::start().await;
    let body = json!({ "email_address": "second@example.com" });
    let made = service.post("/account/emails", &body).await.must(201);
    assert_eq!(names(&made), ["email_address", "email_id", "confirm_status"]);
    assert_eq!(made["confirm_status"], "UNCONFIRMED");
    assert_eq!(service.mails_to("second@example.com").await.len(), 1);
    service.post("/account/emails", &body).await.refusal(409);
}

// [O] G:priv: what each role may do
#[tokio::test]
async fn roles_open_different_doors() {
    let service = Service::start().await;
    let details = json!({ "website": "https://shop.example.com" });
    for (role, contacts, lists, campaigns, reports, account) in [
        ("owner", 200, 201, 200, 200, 200),
        ("manager", 200, 201, 200, 200, 403),
        ("campaign_creator", 403, 403, 200, 403, 403),
    ] {
        service.options(&json!({ "role": role })).await;
        assert_eq!(service.get("/contacts").await.status, contacts, "{role}");
        assert_eq!(service.get("/contact_lists").await.status, 200, "{role}");
        assert_eq!(service.post("/contact_lists", &json!({ "name": role })).await.status, lists, "{role}");
        assert_eq!(service.get("/emails").await.status, campaigns, "{role}");
        let summaries = service.get("/reports/summary_reports/email_campaign_summaries").await;
        assert_eq!(summaries.status, reports, "{role}");
        assert_eq!(service.put("/account/summary", &details).await.status, account, "{role}");
    }
}

// [O] a campaign creator writes campaigns and does not send them
#[tokio::test]
async fn a_campaign_creator_cannot_send() {
    let service = Service::with(Options { role: Role::CampaignCreator, ..still() }).await;
    let made = service.campaign("News").await;
    let refusal = service.post(&made.below("/schedules"), &json!({ "scheduled_date": "0" })).await.must(403);
    assert_eq!(refusal["error_key"], "access_denied");
}
