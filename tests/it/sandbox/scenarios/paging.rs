//! The links between pages, each service in its own way, and how much fits on one.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use serde_json::{Value, json};

use super::client::{Service, next_path};
use super::things::{names, text, texts};

fn href(page: &Value) -> &str {
    page.pointer("/_links/next/href").and_then(Value::as_str).unwrap_or_else(|| panic!("no link in {page}"))
}

/// What a cursor holds.
fn held(href: &str) -> String {
    let cursor = href.split_once("cursor=").unwrap().1;
    String::from_utf8(STANDARD.decode(cursor).unwrap()).unwrap()
}

async fn with_contacts(addresses: &[&str]) -> Service {
    let service = Service::start().await;
    for address in addresses {
        service.contact(address).await;
    }
    service
}

// [C] the very link, recorded
#[tokio::test]
async fn the_cursor_of_contacts_is_the_query_in_base64() {
    let service = with_contacts(&["a@example.com", "b@example.com"]).await;
    let first = service.read("/contacts?limit=1").await;
    assert_eq!(href(&first), "/v3/contacts?cursor=bGltaXQ9MSZuZXh0PTI=");
    let second = service.read(&next_path(&first).unwrap()).await;
    assert_eq!(second["contacts"][0]["email_address"]["address"], "b@example.com");
    // [C] the last page: the member is there, and empty
    assert_eq!(second["_links"], json!({}));
}

// [C] filters are in it too, so that nothing else need be sent; what is sent beside it changes nothing
#[tokio::test]
async fn a_cursor_carries_the_filters() {
    let service = with_contacts(&["a@example.com", "b@example.com"]).await;
    let filter = "updated_after=2022-03-11T22%3A09%3A02%2B00%3A00";
    let page = service.read(&format!("/contacts?limit=1&{filter}")).await;
    assert_eq!(held(href(&page)), format!("limit=1&next=2&{filter}"));
    let plain = service.read(&next_path(&page).unwrap()).await;
    let loaded = service.read(&format!("{}&limit=50&email=a%40example.com", next_path(&page).unwrap())).await;
    assert_eq!((&plain["contacts"], plain["contacts"].as_array().map(Vec::len)), (&loaded["contacts"], Some(1)));
}

// [O] the sample of tags: an id, the limit repeated in front, and padding that is wrong
#[tokio::test]
async fn the_cursor_of_tags_holds_an_id_and_may_lack_padding() {
    let service = Service::start().await;
    let ids = [service.tag("one").await, service.tag("two").await];
    let page = service.read("/contact_tags?limit=1").await;
    assert!(href(&page).starts_with("/v3/contact_tags?limit=1&cursor="), "{page}");
    assert_eq!(held(href(&page)), format!("limit=1&next={}", ids[1]));
    let bare = STANDARD_NO_PAD.encode(format!("limit=1&next={}", ids[1]));
    let last = service.read(&format!("/contact_tags?limit=1&cursor={bare}=")).await;
    assert_eq!((&last["tags"][0]["tag_id"], &last["_links"]), (&json!(ids[1]), &json!({})));
}

// [C] the very links, recorded
#[tokio::test]
async fn campaigns_have_plain_parameters_and_a_starred_offset() {
    let service = Service::start().await;
    service.campaign("One").await;
    service.campaign("Two").await;
    let page = service.read("/emails?limit=1").await;
    assert_eq!(href(&page), "/v3/emails?limit=1&next=MQ**");
    let filtered = service.read("/emails?limit=1&after_date=2022-03-11T22:41:18Z").await;
    assert_eq!(href(&filtered), "/v3/emails?limit=1&next=MQ**&after_date=2022-03-11T22:41:18Z");
    let rest = service.all("/emails?limit=1", "campaigns").await;
    assert_eq!(texts(&rest, "name"), ["Two", "One"]);
}

// [C] `{}` for contacts, lists and tags; nothing at all for custom fields
#[tokio::test]
async fn last_pages_differ() {
    let service = Service::start().await;
    service.list("News").await;
    service.tag("one").await;
    service.field("Hobby").await;
    for path in ["/contacts", "/contact_lists", "/contact_tags", "/activities"] {
        assert_eq!(service.read(path).await.get("_links"), Some(&json!({})), "{path}");
    }
    assert_eq!(names(&service.read("/contact_custom_fields").await), ["custom_fields"]);
}

// [I] the same for these collections
#[tokio::test]
async fn lists_custom_fields_and_jobs_page_as_contacts_do() {
    let service = Service::start().await;
    for name in ["one", "two", "three"] {
        service.list(name).await;
        service.field(name).await;
        service.post("/activities/contact_exports", &json!({})).await.must(201);
    }
    for (path, name) in
        [("/contact_lists", "lists"), ("/contact_custom_fields", "custom_fields"), ("/activities", "activities")]
    {
        let page = service.read(&format!("{path}?limit=2")).await;
        assert!(held(href(&page)).starts_with("limit=2&next="), "{path}");
        assert_eq!(service.all(&format!("{path}?limit=2"), name).await.len(), 3, "{path}");
    }
}

// [O] counts only where they were asked for
#[tokio::test]
async fn totals_are_shown_on_request() {
    let service = with_contacts(&["a@example.com", "b@example.com"]).await;
    service.list("News").await;
    assert!(service.read("/contacts").await.get("contacts_count").is_none());
    assert_eq!(service.read("/contacts?include_count=true&limit=1").await["contacts_count"], 2);
    assert!(service.read("/contact_lists").await.get("lists_count").is_none());
    assert_eq!(service.read("/contact_lists?include_count=true").await["lists_count"], 1);
}

// [O] 50 when nothing else is asked for
#[tokio::test]
async fn fifty_to_a_page() {
    let service = Service::start().await;
    let list = service.crowd(51).await;
    let page = service.read("/contacts").await;
    assert_eq!(page["contacts"].as_array().map(Vec::len), Some(50));
    assert_eq!(held(href(&page)), "limit=50&next=51");
    assert_eq!(service.all(&format!("/contacts?lists={list}"), "contacts").await.len(), 51);
}

// [O] the greatest limit of each collection; [I] that more is refused
#[tokio::test]
async fn each_collection_has_a_greatest_limit() {
    let service = Service::start().await;
    for (path, most) in [
        ("/contacts", 500),
        ("/contact_lists", 1_000),
        ("/contact_tags", 500),
        ("/contact_custom_fields", 100),
        ("/activities", 500),
        ("/emails", 500),
        ("/events", 100),
        ("/reports/summary_reports/email_campaign_summaries", 500),
        ("/reports/summary_reports/sms_campaign_summaries", 50),
    ] {
        // One of them wants to know from when on.
        let more = if path.contains("sms") { "&start_at=2025-01-01T00:00:00Z" } else { "" };
        service.get(&format!("{path}?limit={most}{more}")).await.must(200);
        for limit in [0, most + 1] {
            let status = service.get(&format!("{path}?limit={limit}{more}")).await.status;
            assert_eq!(status, 400, "{path}?limit={limit}");
        }
    }
}

// [I] not documented
#[tokio::test]
async fn a_broken_cursor_is_refused() {
    let service = Service::start().await;
    for cursor in ["%3F", "bGltaXQ9MQ==", "04fe9a97-a579-43c5-bb1a-58ed29bf0a6a"] {
        let reply = service.get(&format!("/contacts?cursor={cursor}")).await;
        reply.refused(400, "contacts.api.validation.error", "cursor is invalid");
    }
}

// [O] filters: how many ids, and what goes together
#[tokio::test]
async fn filters_have_limits() {
    let service = Service::start().await;
    let ids = |many: usize| vec!["2cd8027a-78c0-11e9-bfd0-fa163e6b01c1"; many].join(",");
    for (name, most) in [("lists", 25), ("tags", 50)] {
        service.get(&format!("/contacts?{name}={}", ids(most))).await.must(200);
        service.get(&format!("/contacts?{name}={}", ids(most + 1))).await.refusal(400);
    }
    let segment = json!({ "name": "All", "segment_criteria": super::segments::PUBLISHED });
    let id = service.post("/segments", &segment).await.must(201)["segment_id"].to_string();
    assert_eq!(service.get(&format!("/contacts?segment_id={id}&limit=10")).await.status, 202);
    service.get(&format!("/contacts?segment_id={id}&status=all")).await.refusal(400);
    service.get(&format!("/contacts?segment_id={id},{id}")).await.refusal(400);
}

// [O] several filters must all hold
#[tokio::test]
async fn filters_are_joined_by_and() {
    let service = Service::start().await;
    let (list, tag) = (service.list("News").await, service.tag("one").await);
    let both = json!({ "list_memberships": [list], "taggings": [tag] });
    let wanted = service.contact_with("both@example.com", &both).await;
    service.contact_with("list@example.com", &json!({ "list_memberships": [list] })).await;
    service.contact_with("tag@example.com", &json!({ "taggings": [tag] })).await;
    let found = service.read(&format!("/contacts?lists={list}&tags={tag}")).await;
    assert_eq!(found["contacts"].as_array().map(Vec::len), Some(1));
    assert_eq!(text(&found["contacts"][0], "contact_id"), wanted);
}
