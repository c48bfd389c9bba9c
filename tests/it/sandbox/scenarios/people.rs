//! Deleting, coming back, leaving, and the filters that see it or do not.

use constantcontact::sandbox::Options;
use serde_json::{Value, json};

use super::client::{Service, still};
use super::things::{text, texts};

/// The official sample of an opt-out, with the read-only source that it carries.
fn leaves(address: &str, source: &str) -> Value {
    json!({
        "first_name": "John", "last_name": "Byrd", "create_source": "Account",
        "email_address": {
            "address": address, "permission_to_send": "unsubscribed", "opt_out_reason": "No longer interested"
        },
        "update_source": source
    })
}

async fn ids(service: &Service, query: &str) -> Vec<String> {
    texts(&service.all(&format!("/contacts?{query}"), "contacts").await, "contact_id")
}

// [O] off the lists, out of sight, but neither opted out nor gone
#[tokio::test]
async fn a_deleted_contact_loses_its_lists_and_keeps_its_permission() {
    let service = Service::start().await;
    let list = service.list("News").await;
    let id = service.contact_with("a@example.com", &json!({ "list_memberships": [list] })).await;
    service.delete(&format!("/contacts/{id}")).await.bare(204);
    let gone = service.person(&id, "list_memberships").await;
    assert_eq!(gone["list_memberships"], json!([]));
    assert_eq!(gone["email_address"]["permission_to_send"], "implicit");
    assert!(gone["email_address"].get("opt_out_source").is_none(), "{gone}");
    // [I] a moment, although the contract has a day
    assert_eq!(gone["deleted_at"], "2026-01-15T09:00:00Z");
    assert!(ids(&service, "").await.is_empty());
    for status in ["all", "deleted"] {
        assert_eq!(ids(&service, &format!("status={status}")).await, [id.as_str()], "{status}");
    }
}

// [O] an update brings one back, by the account only
#[tokio::test]
async fn an_update_by_the_account_revives() {
    let service = Service::start().await;
    let list = service.list("News").await;
    let id = service.contact("a@example.com").await;
    service.delete(&format!("/contacts/{id}")).await.bare(204);
    let back = |source: &str| json!({ "email_address": { "address": "a@example.com" }, "list_memberships": [list], "update_source": source });
    service.put(&format!("/contacts/{id}"), &back("Contact")).await.refusal(400);
    let alive = service.put(&format!("/contacts/{id}"), &back("Account")).await.must(200);
    assert_eq!((alive.get("deleted_at"), &alive["list_memberships"]), (None, &json!([list])));
}

// [O] G:delete: adding to a list brings one back too, and so does an import
#[tokio::test]
async fn lists_and_imports_revive() {
    let service = Service::start().await;
    let list = service.list("News").await;
    for way in ["list", "import"] {
        let address = format!("{way}@example.com");
        let id = service.contact(&address).await;
        service.delete(&format!("/contacts/{id}")).await.bare(204);
        if way == "list" {
            let body = json!({ "source": { "contact_ids": [id] }, "list_ids": [list] });
            service.job("add_list_memberships", &body).await;
        } else {
            service.import(&[address.as_str()], &[list.as_str()]).await;
        }
        assert!(service.person(&id, "").await.get("deleted_at").is_none(), "{way}");
    }
}

// [O] the official sample; who asked is who can undo it
#[tokio::test]
async fn an_opt_out_remembers_who_asked() {
    let service = Service::start().await;
    let id = service.contact("a@example.com").await;
    service.advance(60).await;
    let gone = service.put(&format!("/contacts/{id}"), &leaves("a@example.com", "Contact")).await.must(200);
    let email = &gone["email_address"];
    assert_eq!((&email["permission_to_send"], &email["opt_out_source"]), (&json!("unsubscribed"), &json!("Contact")));
    assert_eq!(email["opt_out_reason"], "No longer interested");
    assert_eq!(email["opt_out_date"], "2026-01-15T09:01:00Z");
    let back = json!({
        "email_address": { "address": "a@example.com", "permission_to_send": "implicit" }, "update_source": "Account"
    });
    service.put(&format!("/contacts/{id}"), &back).await.refusal(400);
    assert_eq!(service.person(&id, "").await["email_address"]["permission_to_send"], "unsubscribed");
}

// [O] what the account itself did, it can undo
#[tokio::test]
async fn the_account_can_take_back_its_own_opt_out() {
    let service = Service::start().await;
    let id = service.contact("a@example.com").await;
    let gone = service.put(&format!("/contacts/{id}"), &leaves("a@example.com", "Account")).await.must(200);
    assert_eq!(gone["email_address"]["opt_out_source"], "Account");
    let back = json!({
        "email_address": { "address": "a@example.com", "permission_to_send": "implicit" }, "update_source": "Account"
    });
    let held = service.put(&format!("/contacts/{id}"), &back).await.must(200);
    assert_eq!(held["email_address"]["permission_to_send"], "implicit");
    assert!(held["email_address"].get("opt_out_date").is_none(), "{held}");
}

// [F] F:upd: an opt-out moves the time of the address, not that of the contact
#[tokio::test]
async fn updated_after_misses_opt_outs_and_optout_after_finds_them() {
    let service = Service::start().await;
    let id = service.contact_with("a@example.com", &json!({ "first_name": "John", "last_name": "Byrd" })).await;
    service.advance(3_600).await;
    let after = "2026-01-15T09:30:00Z";
    let gone = service.put(&format!("/contacts/{id}"), &leaves("a@example.com", "Contact")).await.must(200);
    assert_eq!(gone["updated_at"], "2026-01-15T09:00:00Z");
    assert_eq!(gone["email_address"]["updated_at"], "2026-01-15T10:00:00Z");
    assert!(ids(&service, &format!("updated_after={after}")).await.is_empty());
    assert_eq!(ids(&service, &format!("optout_after={after}")).await, [id.as_str()]);
    assert!(ids(&service, &format!("optout_before={after}")).await.is_empty());
}

// [O] one mail, and the person stays away until it says otherwise
#[tokio::test]
async fn a_resubscription_is_asked_for_once_and_waits_for_the_person() {
    let service = Service::start().await;
    let list = service.list("News").await;
    let id = service.contact("a@example.com").await;
    service.put(&format!("/contacts/{id}"), &leaves("a@example.com", "Contact")).await.must(200);
    let (path, body) = (format!("/contacts/resubscribe/{id}"), json!({ "list_ids": [list] }));
    service.put(&path, &body).await.bare(200);
    assert_eq!(service.mails_to("a@example.com").await.len(), 1);
    service.put(&path, &body).await.refusal(409);
    assert_eq!(service.person(&id, "").await["email_address"]["permission_to_send"], "unsubscribed");
    service.lever("POST", "confirm", Some(&json!({ "email": "a@example.com" }))).await.must(200);
    let back = service.person(&id, "list_memberships").await;
    assert_eq!(back["email_address"]["permission_to_send"], "explicit");
    assert_eq!(back["list_memberships"], json!([list]));
}

// [O] who is who by default and by status
#[tokio::test]
async fn statuses_narrow_the_collection() {
    let service = Service::start().await;
    let active = service.contact("active@example.com").await;
    let left = service.contact("left@example.com").await;
    service.put(&format!("/contacts/{left}"), &leaves("left@example.com", "Account")).await.must(200);
    let gone = service.contact("gone@example.com").await;
    service.delete(&format!("/contacts/{gone}")).await.bare(204);
    for (query, wanted) in [
        ("", vec![&active, &left]),
        ("status=all", vec![&active, &left, &gone]),
        ("status=active", vec![&active]),
        ("status=unsubscribed", vec![&left]),
        ("status=deleted,unsubscribed", vec![&left, &gone]),
        ("status=pending_confirmation", vec![]),
    ] {
        let found = ids(&service, query).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{query}");
    }
    service.get("/contacts?status=asleep").await.refusal(400);
}

// [O] sums by permission
#[tokio::test]
async fn contacts_are_counted_by_permission() {
    let service = Service::start().await;
    let left = service.contact("left@example.com").await;
    service.put(&format!("/contacts/{left}"), &leaves("left@example.com", "Account")).await.must(200);
    service.contact("a@example.com").await;
    let counts = service.read("/contacts/counts").await;
    assert_eq!(counts, json!({ "total": 2, "explicit": 0, "implicit": 1, "pending": 0, "unsubscribed": 1 }));
    assert_eq!(service.read("/contacts/counts?include=new_subscriber").await["new_subscriber"], 1);
}

// [I] a change takes a while to be listed, while a single contact is always up to date
#[tokio::test]
async fn the_collection_may_lag() {
    let service = Service::with(Options { read_lag_ms: 120_000, ..still() }).await;
    let id = service.contact("a@example.com").await;
    assert!(ids(&service, "").await.is_empty());
    assert_eq!(text(&service.person(&id, "").await, "contact_id"), id);
    service.advance(121).await;
    assert_eq!(ids(&service, "").await, [id.as_str()]);
}

// [O] the number in parts, and each consent
#[tokio::test]
async fn an_sms_channel_comes_out_in_parts() {
    let service = Service::start().await;
    let consents = json!([{ "sms_consent_permission": "explicit", "consent_type": "promotional_sms" }]);
    let body = json!({
        "create_source": "Account",
        "sms_channel": { "full_sms_address": "+1 6175550100", "sms_channel_consents": consents }
    });
    let channel = service.post("/contacts", &body).await.must(201)["sms_channel"].clone();
    assert!(text(&channel, "sms_address").ends_with("6175550100"), "{channel}");
    for name in ["dial_code", "country_code", "create_source"] {
        assert!(channel[name].is_string(), "{name}: {channel}");
    }
    assert!(channel["sms_channel_id"].is_string(), "{channel}");
    assert_eq!(channel["sms_channel_consents"][0]["sms_consent_permission"], "explicit");
}

// [O] sorted; [I] what nobody has is simply missing
#[tokio::test]
async fn old_numbers_lead_to_contacts_and_lists() {
    let service = Service::start().await;
    let (first, second) = (service.contact("a@example.com").await, service.contact("b@example.com").await);
    let found = service.read("/contacts/contact_id_xrefs?sequence_ids=2,1,99").await;
    assert_eq!(texts(found["xrefs"].as_array().unwrap(), "contact_id"), [first, second]);
    let list = service.list("News").await;
    let lists = service.read("/contact_lists/list_id_xrefs?sequence_ids=1").await;
    assert_eq!(text(&lists["xrefs"][0], "list_id"), list);
    let many: Vec<String> = (0..501).map(|number| number.to_string()).collect();
    service.get(&format!("/contacts/contact_id_xrefs?sequence_ids={}", many.join(","))).await.refusal(400);
}
