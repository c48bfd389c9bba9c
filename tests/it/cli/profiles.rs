//! Profiles hold what an application needs; their secrets go in by reference and never come out.

use serde_json::json;

use super::Home;

const KEY: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const OTHER_KEY: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

fn add(home: &Home, more: &[&str]) -> super::Ran {
    home.run(&[&["profiles", "add", "app", "--client-id", KEY][..], more].concat())
}

#[test]
fn a_secret_is_shown_as_its_reference_only() {
    let home = Home::new().with("APP_SECRET", "hidden-value");
    add(&home, &["--client-secret", "env:APP_SECRET"]).done();
    let shown = home.run(&["profiles", "show", "app", "--json"]).done();
    assert_eq!((&shown.json()["client_id"], &shown.json()["client_secret"]), (&json!(KEY), &json!("env:APP_SECRET")));
    assert_eq!(shown.json()["flow"], "authorization_code");
    let listed = home.run(&["profiles", "list", "--json"]).done();
    assert_eq!((&listed.json()[0]["id"], &listed.json()[0]["from"]), (&json!("app"), &json!("store")));
    let table = home.run(&["profiles", "show", "app"]).done();
    assert!([shown, listed, table].iter().all(|ran| !ran.out.contains("hidden-value")));
}

#[test]
fn what_is_left_out_is_what_the_service_expects() {
    let home = Home::new();
    let added = add(&home, &["--json"]).done().json();
    assert_eq!((&added["flow"], &added["client_secret"]), (&json!("authorization_code_pkce"), &json!("not set")));
    assert_eq!(added["redirect_uri"], "http://localhost:4173/callback");
    assert!(added["scopes"].as_array().unwrap().contains(&json!("offline_access")));
}

#[test]
fn a_removed_profile_is_gone() {
    let home = Home::new();
    add(&home, &[]).done();
    home.run(&["profiles", "remove", "app"]).done();
    home.run(&["profiles", "show", "app"]).refused(1, &["no profile app", "ctct profiles add"]);
    home.run(&["profiles", "remove", "app"]).refused(1, &["app", "not in the store"]);
}

#[test]
fn the_file_wins_over_the_store() {
    let home = Home::new();
    add(&home, &[]).done();
    let text = format!("[profiles.app]\nclient_id = \"{OTHER_KEY}\"\nclient_secret = \"hidden-value\"\n");
    let file = home.write("profiles.toml", &text);
    let shown = home.run(&["--config", &file, "profiles", "show", "app", "--json"]).done();
    assert_eq!((&shown.json()["client_id"], &shown.json()["client_secret"]), (&json!(OTHER_KEY), &json!("set")));
    assert!(!shown.out.contains("hidden-value"));
    let listed = home.run(&["--config", &file, "profiles", "list", "--json"]).done().json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["from"]), (1, &json!("file")));
    assert_eq!(home.run(&["profiles", "show", "app", "--json"]).done().json()["client_id"], KEY);
}

#[test]
fn the_file_of_the_home_folder_needs_no_flag() {
    let home = Home::new();
    home.write(
        ".config/constantcontact/ctct.toml",
        &format!("[profiles.app]\nclient_id = \"{KEY}\"\nflow = \"authorization_code_pkce\"\n"),
    );
    assert_eq!(home.run(&["profiles", "list", "--json"]).done().json()[0]["from"], "file");
    home.run(&["profiles", "remove", "app"]).refused(1, &["app", "TOML file"]);
}

#[test]
fn a_broken_file_is_named_with_its_line_and_without_its_secrets() {
    let home = Home::new();
    let file = home
        .write("profiles.toml", &format!("[profiles.app]\nclient_id = \"{KEY}\"\nclient_secret = \"hidden-value\n"));
    let ran = home.run(&["--config", &file, "profiles", "list"]).refused(1, &[&file, "line 3"]);
    assert!(!ran.err.contains("hidden-value"), "{ran:#?}");
    let file = home.write("more.toml", &format!("[profiles.app]\nclient_id = \"{KEY}\"\ncolour = \"red\"\n"));
    home.run(&["--config", &file, "profiles", "list"]).refused(1, &[&file, "line 3", "colour", "client_secret"]);
    let missing = home.named("nowhere.toml");
    home.run(&["--config", &missing, "profiles", "list"]).refused(1, &[&missing]);
}

#[test]
fn a_secret_typed_on_the_command_line_is_refused_and_not_repeated() {
    let ran = add(&Home::new(), &["--client-secret", "hidden-value"]).refused(1, &["client secret", "env:NAME"]);
    assert!(!ran.err.contains("hidden-value"), "{ran:#?}");
}

#[test]
fn what_cannot_work_is_refused_when_it_is_added() {
    let home = Home::new();
    add(&home, &["--flow", "implicit"]).refused(1, &["implicit", "authorization_code_pkce"]);
    add(&home, &["--flow", "authorization_code"]).refused(1, &["app", "client_secret is missing"]);
    add(&home, &["--scope", "contacts"]).refused(1, &["no scope contacts", "contact_data"]);
    add(&home, &["--action", "list_contact"]).refused(1, &["list_contact", "ctct actions"]);
    add(&home, &["--redirect-uri", "nowhere"]).refused(1, &["app", "redirect address", "nowhere"]);
    add(&home, &["--api-base", "https://api.example.com/v3"])
        .refused(1, &["https://api.example.com/v3", "this machine"]);
    let old = ["profiles", "add", "app", "--client-id", "abcd1234abcd1234abcd1234"];
    home.run(&old).refused(1, &["app", "retired v2 service", "developer portal"]);
    assert_eq!(home.run(&["profiles", "list", "--json"]).done().json(), json!([]));
}
