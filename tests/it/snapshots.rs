//! What people read, kept as it is meant to be: `describe`, the error catalogue, the demo's account.

use constantcontact::{
    catalog::Catalog,
    exports,
    hosts::cli::{describe_text, run_demo},
};
use serde_json::Value;

#[test]
fn describe_reads_a_line_a_field() {
    for name in
        ["create_or_update_contact", "list_contacts", "schedule_email_campaign", "start_contact_json_import_job"]
    {
        insta::assert_snapshot!(format!("describe_{name}"), describe_text(Catalog::embedded().action(name).unwrap()));
    }
}

#[test]
fn the_error_catalogue_has_one_meaning_and_one_remedy_each() {
    insta::assert_snapshot!("errors", exports::error_table());
}

#[tokio::test]
async fn the_demo_tells_what_happened() {
    let csv = include_str!("../../examples/contacts.csv");
    let mut account = run_demo(csv, false, &|_| {}).await.unwrap();
    assert!(account.spent() > 20, "{account}");
    assert_eq!(account.total, u64::try_from(account.read_back).unwrap());
    // What differs from run to run.
    account.calls.insert("get_activity".to_owned(), 2);
    account.waited_ms = 0;
    account.day_remaining = None;
    account.campaign.2 = "[time]".to_owned();
    redact(&mut account.seen_by_a_host);
    insta::assert_snapshot!("demo", account.to_string());
}

/// Ids become `[id]`.
fn redact(value: &mut Value) {
    match value {
        Value::String(text) if uuid::Uuid::try_parse(text).is_ok() => "[id]".clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(redact),
        Value::Object(map) => map.values_mut().for_each(redact),
        _ => {}
    }
}
