//! A pasted token is enough to work: actions run, results come in the form that was asked for, and nothing happens
//! twice or unseen.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use super::{Running, Shop, person};

fn posts(shop: &Shop) -> usize {
    shop.stand.arrived().iter().filter(|call| *call == "POST /v3/contacts").count()
}

#[test]
fn a_token_from_the_environment_makes_a_connection() {
    let shop = Shop::open();
    let listed = shop.home.run(&["connections", "list", "--json"]).done();
    let connection = &listed.json()[0];
    assert_eq!((&connection["id"], &connection["status"]), (&json!("shop"), &json!("expiring")));
    assert_eq!(connection["account"], "owner@example.com");
    assert!(!listed.out.contains(shop.stand.text("access_token")));
    let table = shop.home.run(&["connections", "list"]).done().out;
    assert!(table.starts_with("CONNECTION") && table.contains("a pasted token cannot be refreshed"), "{table}");
}

#[test]
fn a_connection_is_proved_by_calls_that_change_nothing() {
    let shop = Shop::open();
    for args in [&["connections", "check", "shop", "--json"][..], &["connections", "check", "--json"]] {
        let report = shop.home.run(args).done().json();
        let checks = report[0]["checks"].as_array().unwrap();
        assert!(checks.len() == 2 && checks.iter().all(|check| check["ok"] == true), "{report}");
    }
    assert!(shop.stand.arrived().iter().all(|call| call.starts_with("GET ")));
}

#[test]
fn a_removed_connection_is_gone() {
    let shop = Shop::open();
    let remove = ["connections", "remove", "shop"];
    shop.home.run(&remove).done();
    assert_eq!(shop.home.run(&["connections", "list", "--json"]).done().json(), json!([]));
    shop.home.run(&remove).refused(2, &["no connection shop"]);
}

#[test]
fn a_created_contact_is_read_back() {
    let shop = Shop::open();
    let id = shop.person("noor");
    let read = shop.run("get_contact", &json!({ "contact_id": id }), &["--connection", "shop"]).done().json();
    assert_eq!(read["output"]["email_address"]["address"], "noor@example.com");
    assert_eq!((&read["outcome"], &read["meta"]["calls"]), (&json!("complete"), &json!(1)));
    let list = shop.run("list_contacts", &json!({}), &[]).done().json();
    assert_eq!(list["output"]["contacts"][0]["contact_id"], id);
}

#[test]
fn the_input_may_come_from_a_file_or_from_stdin() {
    let shop = Shop::open();
    let file = shop.home.write("noor.json", &person("noor").to_string());
    shop.home.run(&["run", "create_contact", "--input", &format!("@{file}")]).done();
    let mut running = Running::start(shop.home.command(&["run", "create_contact", "--input", "-"]));
    running.say(&person("tomas").to_string());
    running.end().done();
    assert_eq!(posts(&shop), 2);
}

#[test]
fn a_table_is_for_people_and_its_summary_goes_to_stderr() {
    let shop = Shop::open();
    let id = shop.person("noor");
    let ran = shop.run("list_contacts", &json!({}), &["--output", "table"]).done();
    assert!(ran.out.contains("CONTACT_ID") && ran.out.contains(&id) && !ran.out.contains('{'), "{ran:#?}");
    assert!(ran.err.contains("1 item"), "{ran:#?}");
}

#[test]
fn an_output_can_go_to_a_file() {
    let shop = Shop::open();
    let id = shop.person("noor");
    let file = shop.home.named("contacts.json");
    let ran = shop.run("list_contacts", &json!({}), &["--out", &file]).done();
    assert!(ran.out.is_empty() && ran.err.contains(&file), "{ran:#?}");
    let written: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written["contacts"][0]["contact_id"], id);
}

#[test]
fn pages_follow_each_other_by_cursor() {
    let shop = Shop::open();
    let made: BTreeSet<String> = ["a", "b", "c", "d", "e"].map(|name| shop.person(name)).into();
    let (mut sizes, mut seen) = (Vec::new(), BTreeSet::new());
    let mut page = shop.run("list_contacts", &json!({ "limit": 2 }), &[]).done().json();
    loop {
        let contacts = page["output"]["contacts"].as_array().unwrap();
        sizes.push(contacts.len());
        seen.extend(contacts.iter().map(|contact| contact["contact_id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next"]["cursor"].as_str().map(str::to_owned) else { break };
        page = shop.run("list_contacts", &json!({}), &["--cursor", &cursor]).done().json();
    }
    assert_eq!((sizes, seen), (vec![2, 2, 1], made));
}

#[test]
fn all_prints_one_item_a_line_over_several_pages() {
    let shop = Shop::open();
    let made = ["a", "b", "c", "d", "e"].map(|name| shop.person(name));
    let lines = |more: &[&str]| {
        let ran = shop.run("list_contacts", &json!({}), more).done();
        let item = |line| serde_json::from_str::<Value>(line).unwrap()["contact_id"].as_str().unwrap().to_owned();
        ran.out.lines().map(item).collect::<Vec<String>>()
    };
    assert_eq!(BTreeSet::from_iter(lines(&["--all"])), BTreeSet::from(made));
    assert_eq!(lines(&["--all", "--max", "3"]).len(), 3);
    // The cursor keeps its page size, so that three more people take two calls.
    let first = shop.run("list_contacts", &json!({ "limit": 2 }), &[]).done().json();
    shop.stand.forget();
    assert_eq!(lines(&["--all", "--cursor", first["next"]["cursor"].as_str().unwrap()]).len(), 3);
    assert_eq!(shop.stand.arrived(), ["GET /v3/contacts", "GET /v3/contacts"]);
}

#[test]
fn select_keeps_only_what_is_named() {
    let shop = Shop::open();
    let id = shop.person("noor");
    let result = shop.run("list_contacts", &json!({}), &["--select", "/contacts/*/contact_id"]).done().json();
    assert_eq!(result["output"], json!({ "contacts": [{ "contact_id": id }] }));
}

#[test]
fn a_dry_run_shows_the_call_and_sends_nothing() {
    let shop = Shop::open();
    let call = shop.run("create_contact", &person("noor"), &["--dry-run"]).done().json()["output"].clone();
    assert_eq!((&call["method"], &call["body"]["first_name"]), (&json!("POST"), &json!("noor")));
    assert_eq!(call["url"], format!("{}/contacts", shop.stand.text("api")));
    assert!(shop.stand.arrived().is_empty());
}

#[test]
fn the_same_idempotency_key_gives_the_first_result_again() {
    let shop = Shop::open();
    let key = ["--idempotency-key", "order-1"];
    let [first, again] = [1, 2].map(|_| shop.run("create_contact", &person("noor"), &key).done().json());
    assert_eq!(first["output"]["contact_id"], again["output"]["contact_id"]);
    assert_eq!((first["meta"].get("replayed"), &again["meta"]["replayed"]), (None, &json!(true)));
    shop.run("create_contact", &person("tomas"), &key).refused(2, &["idempotency key", "another input"]);
    assert_eq!(posts(&shop), 1);
}

#[test]
fn the_run_log_tells_which_calls_were_made_and_not_about_whom() {
    let shop = Shop::open();
    shop.person("noor");
    let unknown = json!({ "contact_id": "5b9cbf1e-2f4a-11ef-8a0f-fa163e123456" });
    shop.run("get_contact", &unknown, &[]).refused(6, &["404", "not_found"]);
    // What is refused here spends no call, and leaves no line.
    shop.run("get_contact", &json!({}), &[]).refused(2, &["/contact_id"]);
    let ran = shop.home.run(&["runs", "--json"]).done();
    let runs = ran.json();
    let lines: Vec<_> =
        runs.as_array().unwrap().iter().map(|r| (&r["action"], &r["outcome"], &r["http_status"])).collect();
    let (missed, made) = (json!(["get_contact", "not_found", 404]), json!(["create_contact", "complete", 201]));
    assert_eq!(lines, [(&missed[0], &missed[1], &missed[2]), (&made[0], &made[1], &made[2])]);
    assert!(!ran.out.contains("noor"), "{ran:#?}");
}

#[test]
fn the_quota_counts_the_calls_of_the_api_key() {
    let shop = Shop::with(&[]);
    shop.run("get_user_privileges", &json!({}), &[]).done();
    let quota = shop.home.run(&["quota", "--json"]).done().json();
    assert_eq!(quota[0]["ledger"], shop.stand.text("client_id"));
    assert_eq!((&quota[0]["used"], &quota[0]["left"]), (&json!(1), &json!(9_999)));
}
