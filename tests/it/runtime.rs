//! The nine steps against the sandbox: what goes right, what is refused before a call, what is tried again.

use constantcontact::{
    ActionError,
    protocol::{Code, Outcome, Sent},
    sandbox::Options,
};
use serde_json::{Value, json};

use crate::support::{Bench, free, nothing, plain, request};

fn code(outcome: Result<impl std::fmt::Debug, ActionError>) -> ActionError {
    outcome.expect_err("must be refused")
}

async fn list(bench: &Bench, name: &str) -> String {
    bench.get("create_contact_list", json!({ "name": name })).await["list_id"].as_str().unwrap().to_owned()
}

async fn contact(bench: &Bench, address: &str) -> Value {
    let input = json!({ "email_address": { "address": address }, "first_name": "Noor" });
    bench.get("create_contact", input).await
}

#[tokio::test]
async fn a_contact_is_made_read_changed_and_deleted() {
    let bench = Bench::new().await;
    let made = contact(&bench, "noor@example.com").await;
    let id = made["contact_id"].as_str().unwrap();
    let read = bench.get("get_contact", json!({ "contact_id": id })).await;
    assert_eq!(read["first_name"], "Noor");
    let anew = json!({ "contact_id": id, "last_name": "Haddad", "email_address": { "address": "noor@example.com" } });
    let changed = bench.get("update_contact", anew).await;
    assert_eq!(
        (&changed["last_name"], changed.get("first_name")),
        (&json!("Haddad"), None),
        "PUT empties what is left out"
    );
    let gone = bench.run("delete_contact", json!({ "contact_id": id })).await.unwrap();
    assert_eq!((gone.value(), gone.outcome, gone.meta.http_status), (Value::Null, Outcome::Complete, Some(204)));
}

#[tokio::test]
async fn a_duplicate_is_a_conflict_that_names_the_contact_in_the_way_even_a_deleted_one() {
    let bench = Bench::new().await;
    let id = contact(&bench, "noor@example.com").await["contact_id"].as_str().unwrap().to_owned();
    bench.get("delete_contact", json!({ "contact_id": id })).await;
    let error = code(bench.run("create_contact", json!({ "email_address": { "address": "NOOR@example.com" } })).await);
    assert_eq!((error.code, error.sent), (Code::Conflict, Sent::Yes));
    assert_eq!(error.upstream.unwrap().ids["contact_id"], id);
}

#[tokio::test]
async fn a_listing_goes_on_by_its_cursor_and_all_pages_give_each_item_once() {
    let bench = Bench::new().await;
    for i in 0..7 {
        contact(&bench, &format!("p{i}@example.com")).await;
    }
    let mut cursor = None;
    let mut seen = Vec::new();
    loop {
        let mut page = request("list_contacts", json!({ "limit": 3, "status": ["all"] }));
        page.options.page.cursor = cursor;
        let result = bench.connector.invoke(page).await.unwrap();
        let contacts = result.value()["contacts"].as_array().unwrap().clone();
        seen.extend(contacts.iter().map(|c| c["contact_id"].as_str().unwrap().to_owned()));
        match result.next {
            Some(next) => cursor = Some(next.cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    let mut all = request("list_contacts", nothing());
    all.options.all_pages = true;
    let result = bench.connector.invoke(all).await.unwrap();
    assert_eq!(result.value().as_array().unwrap().len(), 7);
    assert_eq!(result.meta.calls, 1, "the largest page holds them all");
}

#[tokio::test]
async fn every_style_of_paging_in_the_sandbox_is_followed_to_its_end() {
    let bench = Bench::new().await;
    for i in 0..3 {
        bench.get("create_contact_tag", json!({ "name": format!("tag {i}") })).await;
        list(&bench, &format!("list {i}")).await;
        bench.get("create_custom_field", json!({ "label": format!("Field {i}"), "type": "string" })).await;
    }
    for action in ["list_contact_tags", "list_contact_lists", "list_custom_fields"] {
        let mut seen = 0;
        let mut cursor: Option<String> = None;
        for _ in 0..5 {
            let mut page = request(action, json!({ "limit": 1 }));
            page.options.page.cursor.clone_from(&cursor);
            let result = bench.connector.invoke(page).await.unwrap();
            seen += result.value().as_object().unwrap().values().find_map(Value::as_array).unwrap().len();
            cursor = result.next.map(|n| n.cursor);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((seen, cursor), (3, None), "{action}");
    }
}

#[tokio::test]
async fn what_can_be_refused_before_a_call_is_and_costs_nothing() {
    let bench = Bench::new().await;
    let unknown = code(bench.run("create_contacts", nothing()).await);
    assert_eq!(unknown.code, Code::UnknownAction);
    assert!(unknown.detail.contains("create_contact"), "{}", unknown.detail);
    let invalid = code(bench.run("get_contact", json!({ "contact_id": "../lists", "limit": 5 })).await);
    assert_eq!(invalid.code, Code::InvalidInput);
    let pointers: Vec<_> = invalid.fields.iter().map(|f| f.pointer.as_str()).collect();
    assert_eq!(pointers, ["/contact_id", "/limit"]);
    let mut missing = request("get_user_privileges", nothing());
    missing.connection = Some("nowhere".to_owned());
    assert_eq!(code(bench.connector.invoke(missing).await).code, Code::ConnectionUnknown);
    let partner = code(bench.run("list_partner_webhooks", nothing()).await);
    assert_eq!(partner.code, Code::CredentialsMissing);
    assert_eq!(bench.arrived().await, []);
}

#[tokio::test]
async fn a_dry_run_shows_the_call_and_makes_none() {
    let bench = Bench::new().await;
    let mut dry = request("create_contact_list", json!({ "name": "Newsletter" }));
    dry.options.dry_run = true;
    let shown = bench.connector.invoke(dry).await.unwrap().value();
    assert_eq!((&shown["method"], &shown["body"]["name"]), (&json!("POST"), &json!("Newsletter")));
    assert_eq!(bench.arrived().await, []);
}

#[tokio::test]
async fn reads_are_tried_again_after_trouble_and_succeed() {
    for kind in ["error500", "error503", "reset", "reset_after", "cut_off", "throttled", "unauthorized"] {
        let bench = Bench::new().await;
        bench.faults(json!({ "kind": kind, "path": "/v3/contact_lists", "times": 1 })).await;
        let result = bench.run("list_contact_lists", nothing()).await;
        assert_eq!(result.unwrap_or_else(|e| panic!("{kind}: {e:?}")).meta.calls, 2, "{kind}");
    }
}

#[tokio::test]
async fn nothing_is_made_twice_and_silence_is_not_called_failure() {
    for (kind, sent) in [("reset_after", Sent::Maybe), ("cut_off", Sent::Yes), ("error500_after", Sent::Yes)] {
        let bench = Bench::new().await;
        bench.faults(json!({ "kind": kind, "path": "/v3/contact_lists", "method": "POST", "times": 1 })).await;
        let error = code(bench.run("create_contact_list", json!({ "name": "Newsletter" })).await);
        assert_eq!((error.code, error.sent), (Code::OutcomeUnknown, sent), "{kind}: {error:?}");
        assert_eq!(bench.count("POST", "/v3/contact_lists").await, 1, "{kind}");
    }
    for kind in ["throttled", "unauthorized"] {
        let bench = Bench::new().await;
        bench.faults(json!({ "kind": kind, "path": "/v3/contact_lists", "method": "POST", "times": 1 })).await;
        bench.get("create_contact_list", json!({ "name": "Newsletter" })).await;
        let lists = bench.get("list_contact_lists", nothing()).await;
        assert_eq!(lists["lists"].as_array().unwrap().len(), 1, "{kind}: refused calls may be repeated");
    }
}

#[tokio::test]
async fn each_refusal_keeps_its_meaning() {
    let bench = Bench::new().await;
    let at = |kind: &str| json!({ "kind": kind, "path": "/v3/account/summary", "times": 9 });
    for (kind, expected) in
        [("quota_exceeded", Code::QuotaExhausted), ("queue_full", Code::QueueFull), ("error503", Code::Unavailable)]
    {
        bench.faults(at(kind)).await;
        let mut call = request("get_account_summary", nothing());
        call.options.timeout_ms = Some(3_000);
        let error = code(bench.connector.invoke(call).await);
        assert_eq!(error.code, expected, "{error:?}");
        bench.lever("DELETE", "faults", None).await;
    }
    bench.faults(at("html")).await;
    let error = code(bench.run("get_account_summary", nothing()).await);
    assert!(error.detail.contains("web page"), "{}", error.detail);
    let missing = json!({ "contact_id": "5b9cbf1e-2f4a-11ef-8a0f-fa163e123456" });
    assert_eq!(code(bench.run("get_contact", missing).await).code, Code::NotFound);
}

#[tokio::test]
async fn an_unreachable_service_is_said_to_be_so() {
    let bench = Bench::new().await;
    let mut connection = bench.store.connection(crate::support::CONNECTION).await.unwrap().unwrap();
    connection.api_base = Some("http://127.0.0.1:9/v3".to_owned());
    let tokens = bench.store.tokens(&connection.id).await.unwrap().unwrap();
    bench.store.put_connection(&connection, &tokens).await.unwrap();
    let mut call = request("create_contact_list", json!({ "name": "x" }));
    call.options.timeout_ms = Some(2_000);
    let error = code(bench.another().invoke(call).await);
    assert_eq!((error.code, error.sent), (Code::Unavailable, Sent::No));
}

#[tokio::test]
async fn four_calls_a_second_and_no_429() {
    let bench = Bench::with(Options { limits: true, ..free() }).await;
    let calls = (0..10).map(|_| {
        let connector = bench.connector.clone();
        tokio::spawn(async move { connector.invoke(request("get_user_privileges", nothing())).await.unwrap().meta })
    });
    let mut waited = 0;
    for call in calls.collect::<Vec<_>>() {
        waited += call.await.unwrap().waited_ms;
    }
    let (_, journal) = bench.lever("GET", "journal", None).await;
    let statuses: Vec<_> = journal.as_array().unwrap().iter().map(|e| e["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200; 10]);
    assert!(waited > 1_000, "the ledger made them wait: {waited} ms");
}

#[tokio::test]
async fn someone_else_on_the_key_is_learnt_of() {
    let bench = Bench::with(Options { limits: true, ..free() }).await;
    let ready = bench.sandbox.ready().clone();
    let url = format!("{}/account/user/privileges", ready.api);
    for _ in 0..4 {
        assert_eq!(plain("GET", &url, Some(&ready.access_token), None).await.0, 200);
    }
    let result = bench.run("get_user_privileges", nothing()).await.unwrap();
    assert_eq!(result.meta.http_status, Some(200));
    assert!(result.meta.calls >= 2, "the first was refused: someone else had used the second up");
}

#[tokio::test]
async fn an_idempotency_key_gives_the_first_result_again_and_refuses_another_input() {
    let bench = Bench::new().await;
    let keyed = |name: &str| {
        let mut call = request("create_contact_list", json!({ "name": name }));
        call.options.idempotency_key = Some("k1".to_owned());
        call
    };
    let first = bench.connector.invoke(keyed("Newsletter")).await.unwrap();
    let again = bench.another().invoke(keyed("Newsletter")).await.unwrap();
    assert_eq!((first.value(), again.meta.replayed), (again.value(), true));
    assert_eq!(bench.count("POST", "/v3/contact_lists").await, 1);
    assert_eq!(code(bench.connector.invoke(keyed("Other")).await).code, Code::IdempotencyMismatch);
}

#[tokio::test]
async fn a_key_whose_run_ended_unknown_stays_open_and_one_that_did_nothing_is_free_again() {
    let bench = Bench::new().await;
    let keyed = || {
        let mut call = request("create_contact_list", json!({ "name": "Newsletter" }));
        call.options.idempotency_key = Some("k1".to_owned());
        call.options.timeout_ms = Some(2_000);
        call
    };
    bench.faults(json!([{ "kind": "queue_full", "path": "/v3/contact_lists", "method": "POST" }])).await;
    assert_eq!(code(bench.connector.invoke(keyed()).await).code, Code::QueueFull);
    bench.faults(json!([{ "kind": "reset_after", "path": "/v3/contact_lists", "method": "POST" }])).await;
    assert_eq!(code(bench.connector.invoke(keyed()).await).code, Code::OutcomeUnknown);
    assert_eq!(code(bench.connector.invoke(keyed()).await).code, Code::OutcomeUnknown);
    assert_eq!(bench.count("POST", "/v3/contact_lists").await, 2);
}

#[tokio::test]
async fn only_what_is_selected_comes_back() {
    let bench = Bench::new().await;
    contact(&bench, "noor@example.com").await;
    let mut call = request("list_contacts", nothing());
    call.options.select = vec!["/contacts/*/email_address/address".to_owned()];
    let output = bench.connector.invoke(call).await.unwrap().value();
    assert_eq!(output, json!({ "contacts": [{ "email_address": { "address": "noor@example.com" } }] }));
}

#[tokio::test]
async fn the_run_log_tells_what_happened_and_never_what_was_in_it() {
    let bench = Bench::new().await;
    contact(&bench, "noor.secret@example.com").await;
    bench.connector.flush().await;
    let runs = bench.store.runs(10).await.unwrap();
    assert_eq!((runs[0].action.as_str(), runs[0].outcome.as_str(), runs[0].calls), ("create_contact", "complete", 1));
    assert!(!serde_json::to_string(&runs).unwrap().contains("noor"));
}

#[tokio::test]
async fn a_job_is_accepted_and_ends() {
    let bench = Bench::new().await;
    let id = list(&bench, "Newsletter").await;
    let rows = json!([{ "email": "a@example.com" }, { "email": "b@example.com" }, { "email": "nonsense" }]);
    let job =
        bench.run("start_contact_json_import_job", json!({ "import_data": rows, "list_ids": [id] })).await.unwrap();
    assert_eq!(job.outcome, Outcome::Accepted);
    let activity = job.value()["activity_id"].clone();
    bench.advance(2).await;
    let done = bench.get("get_activity", json!({ "activity_id": activity })).await;
    assert_eq!((&done["state"], &done["status"]["person_count"]), (&json!("completed"), &json!(2)));
}

#[tokio::test]
async fn a_campaign_is_made_aimed_tested_scheduled_and_taken_back() {
    let bench = Bench::new().await;
    let id = list(&bench, "Newsletter").await;
    let letter = json!({
        "format_type": 5, "from_name": "Shop", "from_email": "owner@example.com", "reply_to_email": "owner@example.com",
        "subject": "News", "html_content": "<html><body>Hello</body></html>"
    });
    let made =
        bench.get("create_email_campaign", json!({ "name": "News", "email_campaign_activities": [letter] })).await;
    let activity =
        made["campaign_activities"].as_array().unwrap().iter().find(|a| a["role"] == "primary_email").unwrap();
    let activity = activity["campaign_activity_id"].as_str().unwrap();
    let aimed = json!({
        "campaign_activity_id": activity, "from_name": "Shop", "from_email": "owner@example.com",
        "reply_to_email": "owner@example.com", "subject": "News", "contact_list_ids": [id]
    });
    bench.get("update_email_campaign_activity", aimed).await;
    bench
        .get("send_test_email", json!({ "campaign_activity_id": activity, "email_addresses": ["owner@example.com"] }))
        .await;
    let when = json!({ "campaign_activity_id": activity, "scheduled_date": "2031-01-01T10:00:00Z" });
    bench.get("schedule_email_campaign", when).await;
    let schedules = bench.get("list_email_schedules", json!({ "campaign_activity_id": activity })).await;
    assert_eq!(schedules.as_array().unwrap().len(), 1);
    bench.get("unschedule_email_campaign", json!({ "campaign_activity_id": activity })).await;
    let campaign = bench.get("get_email_campaign", json!({ "campaign_id": made["campaign_id"] })).await;
    assert_eq!(campaign["current_status"].as_str().unwrap().to_lowercase(), "draft");
    bench.get("get_email_preview", json!({ "campaign_activity_id": activity })).await;
    bench.get("list_email_send_history", json!({ "campaign_activity_id": activity })).await;
    bench.get("rename_email_campaign", json!({ "campaign_id": made["campaign_id"], "name": "Old news" })).await;
    bench.get("delete_email_campaign", json!({ "campaign_id": made["campaign_id"] })).await;
}

#[tokio::test]
async fn a_read_that_is_not_ready_is_asked_for_again() {
    let bench = Bench::new().await;
    let part = json!({ "source": "tracking", "field": "opened", "op": "contains-any", "const_value": "last-n-campaigns", "param": "5" });
    let criteria = json!({ "version": "1.0.0", "criteria": { "type": "and", "group": [part] } });
    for name in ["One", "Two"] {
        bench.get("create_segment", json!({ "name": name, "segment_criteria": criteria })).await;
    }
    let result = bench.run("list_contacts", json!({ "segment_id": 1 })).await.unwrap();
    assert_eq!((result.meta.http_status, result.meta.calls), (Some(200), 2));
    let mut hurried = request("list_contacts", json!({ "segment_id": 2 }));
    hurried.options.timeout_ms = Some(200);
    let error = code(bench.connector.invoke(hurried).await);
    assert_eq!(error.code, Code::NotReady);
}

#[tokio::test]
async fn rows_that_the_service_repeats_come_once_when_all_are_asked_for() {
    let bench = Bench::new().await;
    for i in 0..3 {
        contact(&bench, &format!("p{i}@example.com")).await;
    }
    bench.faults(json!({ "kind": "duplicate", "path": "/v3/contacts" })).await;
    assert_eq!(bench.get("list_contacts", nothing()).await["contacts"].as_array().unwrap().len(), 4);
    bench.faults(json!({ "kind": "duplicate", "path": "/v3/contacts" })).await;
    let mut all = request("list_contacts", nothing());
    all.options.all_pages = true;
    assert_eq!(bench.connector.invoke(all).await.unwrap().value().as_array().unwrap().len(), 3);
}

#[test]
fn parts_that_did_not_work_make_a_partial_result() {
    use constantcontact::{
        catalog::Catalog,
        invoke::decode::{Decoded, decode},
        transport::HttpAnswer,
    };
    let answer = |status: u16, body: &'static str| HttpAnswer {
        status,
        content_type: "application/json".to_owned(),
        request_id: None,
        body: body.into(),
    };
    let cases = [
        ("update_event_registration_status", 207, r#"{"failed_registration_ids":["r1","r2"]}"#, 2),
        (
            "get_email_campaign_stats",
            200,
            r#"{"results":[],"errors":[{"error_key":"k","error_message":"none found"}]}"#,
            1,
        ),
    ];
    for (name, status, body, count) in cases {
        let action = Catalog::embedded().action(name).unwrap();
        let Ok(Decoded::Done { outcome, issues, .. }) = decode(action, &[], &answer(status, body)) else {
            panic!("{name}")
        };
        assert_eq!((outcome, issues.len()), (Outcome::Partial, count), "{name}");
    }
}
