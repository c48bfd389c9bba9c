//! What can be done is told without a store, a connection or a network: listings, descriptions, documents.

use std::fs;

use serde_json::{Value, json};

use super::{Home, Running};

#[test]
fn the_actions_are_all_listed_without_a_store() {
    let home = Home::new();
    let listed = home.run(&["actions", "--json"]).done().json();
    let actions = listed.as_array().unwrap();
    assert!(actions.len() >= 128);
    for action in actions {
        let keys: Vec<_> = action.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["name", "title", "resource", "method", "path", "effect", "scopes"], "{action}");
    }
    assert!(!home.path("ctct").exists());
}

#[test]
fn filters_leave_only_what_matches() {
    let home = Home::new();
    let list = |args: &[&str]| {
        let listed = home.run(&[&["actions", "--json"][..], args].concat()).done().json();
        let found = listed.as_array().unwrap().clone();
        assert!(!found.is_empty() && found.len() < 128, "{args:?}");
        found
    };
    assert!(list(&["--resource", "contacts"]).iter().all(|a| a["resource"] == "contacts"));
    assert!(list(&["--effect", "delete"]).iter().all(|a| a["effect"] == "delete"));
    let scoped = list(&["--scope", "account_update"]);
    assert!(scoped.iter().all(|a| a["scopes"].as_array().unwrap().contains(&json!("account_update"))));
    assert!(list(&["create", "LIST"]).iter().any(|a| a["name"] == "create_contact_list"));
}

#[test]
fn a_filter_that_matches_nothing_is_taken_for_a_slip() {
    Home::new().run(&["actions", "--resource", "contact"]).refused(2, &["resource contact", "contacts"]);
}

#[test]
fn a_description_holds_all_that_a_caller_needs() {
    let home = Home::new();
    let action = home.run(&["describe", "create_contact", "--json"]).done().json();
    assert_eq!((&action["call"]["method"], &action["call"]["path"]), (&json!("POST"), &json!("/contacts")));
    assert!(action["input"]["properties"]["email_address"].is_object() && action["output"].is_object());
    assert!(action["examples"][0]["input"].is_object());
    let text = home.run(&["describe", "create_contact"]).done().out;
    assert!(["POST /contacts", "contact_data", "ctct run create_contact --input"].iter().all(|w| text.contains(w)));
}

#[test]
fn exports_and_pages_are_written_to_a_folder() {
    let home = Home::new();
    let out = home.named("out");
    for args in [&["export", "json-schema"][..], &["export", "openapi"], &["docs"]] {
        home.run(&[args, &["--out", &out]].concat()).done();
    }
    let read = |name: &str| fs::read_to_string(home.path("out").join(name)).unwrap();
    let schema: Value = serde_json::from_str(&read("actions/create_contact.input.json")).unwrap();
    assert!(schema["properties"]["first_name"].is_object());
    let api: Value = serde_json::from_str(&read("openapi.json")).unwrap();
    assert!(api["paths"]["/contacts"]["post"].is_object());
    assert!(read("README.md").contains("contacts.md") && read("contacts.md").contains("create_contact"));
}

#[test]
fn completions_help_and_version_are_printed() {
    let home = Home::new();
    let script = home.run(&["completions", "bash"]).done().out;
    assert!(script.contains("_ctct()") && script.contains("complete -F _ctct"));
    assert!(home.run(&["--help"]).done().out.contains("Exit codes"));
    assert!(home.run(&["--version"]).done().out.contains(env!("CARGO_PKG_VERSION")));
}

/// Shells are known to close their end early: `ctct completions bash | head -1`.
#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    for args in [&["completions", "bash"][..], &["actions", "--json"]] {
        let mut running = Running::start(Home::new().command(args));
        drop(running.0.stdout.take());
        running.end().done();
    }
}

#[test]
fn the_catalogue_of_this_project_passes_its_check() {
    let home = Home::new();
    let report = home.run(&["catalog", "check", env!("CARGO_MANIFEST_DIR"), "--json"]).done().json();
    let listed = home.run(&["actions", "--json"]).done().json();
    assert_eq!(report["actions"], listed.as_array().unwrap().len());
}

#[test]
fn a_broken_file_of_a_catalogue_is_named_with_line_and_column() {
    let home = Home::new();
    for folder in ["connector", "actions/contacts", "schemas"] {
        fs::create_dir_all(home.path(folder)).unwrap();
    }
    home.write("actions/contacts/get_thing.json", "{\n  \"name\": oops\n}\n");
    let ran = home.run(&["catalog", "check", &home.named("")]).refused(1, &["catalogue"]);
    assert!(ran.err.contains("actions/contacts/get_thing.json") && ran.err.contains("line 2, column 11"), "{ran:#?}");
}
