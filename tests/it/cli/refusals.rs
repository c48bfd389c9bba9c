//! Whatever is given wrongly, or lies broken: one clear line that names it, the right exit code, never a panic.

use std::{fs, net::TcpListener, path::PathBuf};

use serde_json::json;

use super::{Home, Shop, free_port};

fn run(action: &str, input: &str) -> super::Ran {
    Home::new().run(&["run", action, "--input", input])
}

fn add(home: &Home, more: &[&str]) -> super::Ran {
    home.run(&[&["connections", "add", "shop"][..], more].concat())
}

/// Does this to a database file, as another program would.
fn sql(file: PathBuf, text: &'static str) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::raw_sql(text).execute(&pool).await.unwrap();
        pool.close().await;
    });
}

#[test]
fn an_unknown_action_is_answered_with_a_near_name() {
    run("list_contact", "{}").refused(2, &["list_contact", "did you mean list_contacts", "unknown_action"]);
    Home::new().run(&["describe", "list_contact"]).refused(2, &["list_contact", "did you mean list_contacts"]);
}

#[test]
fn a_broken_rule_is_named_by_its_property_and_never_by_its_value() {
    let ran = run("list_contacts", r#"{"limit": "seventy-two"}"#).refused(2, &["/limit", "integer", "invalid_input"]);
    assert!(!ran.err.contains("seventy-two"), "{ran:#?}");
    run("list_contacts", r#"{"limits": 3}"#).refused(2, &["/limits", "did you mean limit?"]);
    run("get_contact", "{}").refused(2, &["/contact_id", "is required"]);
}

#[test]
fn several_faults_are_told_together() {
    let ran = run("list_contacts", r#"{"limit": 501, "colour": 1}"#).refused(2, &["/limit", "/colour"]);
    assert!(ran.err.lines().any(|line| line.trim_start().starts_with("/colour: ")), "{ran:#?}");
}

#[test]
fn an_input_that_is_no_json_object_is_told_apart() {
    run("list_contacts", "{\n  oops").refused(2, &["not JSON", "line 2, column 3"]);
    run("list_contacts", "[]").refused(2, &["must be a JSON object"]);
    let missing = Home::new().named("nowhere.json");
    run("list_contacts", &format!("@{missing}")).refused(2, &[&missing]);
}

#[test]
fn an_unknown_connection_is_named() {
    let unknown = ["run", "list_contacts", "--connection", "nowhere"];
    Home::new().run(&unknown).refused(2, &["nowhere", "connection_unknown"]);
    run("list_contacts", "{}").refused(2, &["no connection yet", "ctct connect"]);
}

#[test]
fn a_cursor_of_elsewhere_is_refused() {
    let shop = Shop::open();
    shop.run("list_contacts", &json!({}), &["--cursor", "no cursor"]).refused(2, &["cursor"]);
    shop.run("get_user_privileges", &json!({}), &["--all"]).refused(2, &["get_user_privileges", "no pages"]);
    assert!(shop.stand.arrived().is_empty());
}

#[test]
fn a_token_typed_on_the_command_line_is_refused_and_not_repeated() {
    let ran = add(&Home::new(), &["--access-token", "hidden-value"]).refused(1, &["history", "env:NAME"]);
    assert!(!ran.err.contains("hidden-value"), "{ran:#?}");
}

#[test]
fn a_token_that_is_not_there_is_named_by_its_place() {
    let home = Home::new();
    add(&home, &["--access-token", "env:NOT_SET"]).refused(1, &["the access token", "NOT_SET"]);
    let missing = home.named("nowhere");
    add(&home, &["--access-token", &format!("file:{missing}")]).refused(1, &["the access token", &missing]);
}

#[test]
fn a_token_of_the_retired_service_is_recognised() {
    let home = Home::new().with("TOKEN", "5b9cbf1e-2f4a-11ef-8a0f-fa163e123456");
    add(&home, &["--access-token", "env:TOKEN"])
        .refused(1, &["retired v2 service", "developer portal", "ctct connect"]);
}

#[test]
fn a_token_is_never_sent_to_another_host() {
    let home = Home::new().with("TOKEN", "opaque");
    for base in ["https://api.example.com/v3", "http://127.0.0.1.example.com/v3", "nowhere"] {
        add(&home, &["--access-token", "env:TOKEN", "--api-base", base]).refused(1, &[base]);
    }
}

#[test]
fn a_service_that_cannot_be_reached_is_told_apart() {
    let home = Home::new().with("TOKEN", "opaque");
    let base = format!("http://127.0.0.1:{}/v3", free_port());
    add(&home, &["--access-token", "env:TOKEN", "--api-base", &base]).done();
    let ran = home.run(&["run", "get_user_privileges", "--timeout", "1"]);
    let ran = ran.refused(7, &["cannot be reached", "unavailable"]);
    assert!(!ran.err.contains("may have reached"), "{ran:#?}");
}

#[test]
fn a_token_that_the_service_does_not_take_asks_for_another() {
    let shop = Shop::open();
    let home = Home::new().with("TOKEN", "opaque");
    add(&home, &["--access-token", "env:TOKEN", "--api-base", shop.stand.text("api")]).done();
    home.run(&["run", "get_user_privileges"]).refused(4, &["shop", "reconnect_required"]);
}

#[test]
fn a_sandbox_listens_only_where_it_may() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    home.run(&["sandbox", "--listen", &address]).refused(1, &[&address, "--listen"]);
    home.run(&["sandbox", "--listen", "0.0.0.0:0"]).refused(1, &["0.0.0.0:0", "loopback"]);
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let home = Home::new();
    home.run(&["connections", "list"]).done();
    sql(home.path("ctct/store.sqlite"), "PRAGMA user_version = 99");
    home.run(&["connections", "list"]).refused(1, &["store.sqlite", "newer version", "99"]);
    sql(home.path("ctct/store.sqlite"), "PRAGMA user_version = 2");
    home.run(&["connections", "list"]).done();
}

#[test]
fn a_file_that_is_no_store_is_left_alone() {
    let home = Home::new();
    let text = "People whom we want to write to\n".repeat(500);
    home.write("ctct/store.sqlite", &text);
    home.run(&["connections", "list"]).refused(1, &["store.sqlite", "not a database"]);
    assert_eq!(fs::read_to_string(home.path("ctct/store.sqlite")).unwrap(), text);
    fs::remove_file(home.path("ctct/store.sqlite")).unwrap();
    sql(home.path("ctct/store.sqlite"), "CREATE TABLE stamps (id INTEGER)");
    home.run(&["connections", "list"]).refused(1, &["store.sqlite", "another program", "--data-dir"]);
}

#[test]
fn another_key_opens_nothing_and_the_right_one_opens_all_again() {
    let shop = Shop::open();
    let file = shop.home.path("ctct/key");
    let key = fs::read_to_string(&file).unwrap();
    fs::write(&file, "0".repeat(64)).unwrap();
    let prove = || shop.run("get_user_privileges", &json!({}), &[]);
    prove().refused(1, &["shop", "another key", "bring back the key"]);
    fs::write(&file, "no key").unwrap();
    prove().refused(1, &[file.to_str().unwrap(), "64 hexadecimal digits"]);
    fs::write(&file, key).unwrap();
    prove().done();
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.run(&["connections", "list"]).done();
    let file = home.path("ctct/key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    home.run(&["connections", "list"]).refused(1, &[file.to_str().unwrap(), "chmod 600"]);
}

#[test]
fn an_unknown_flag_or_command_is_named() {
    Home::new().run(&["actions", "--colour"]).refused(2, &["--colour"]);
    Home::new().run(&["konnect"]).refused(2, &["konnect"]);
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let output = Home::new().command(&["actions"]).arg(std::ffi::OsStr::from_bytes(b"\xff")).output().unwrap();
    super::Ran::new(output.status.code(), &output.stdout, &output.stderr).refused(2, &["UTF-8"]);
}

#[test]
fn json_makes_of_any_trouble_one_document() {
    let home = Home::new();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["run", "list_contact"], 2, "unknown_action"),
        (&["actions", "--colour"], 2, "invalid_input"),
        (&["connections", "remove", "nowhere"], 2, "connection_unknown"),
        (&["connect", "shop"], 1, "config"),
        (&["run", "list_contacts", "--input", r#"{"limit": 0}"#], 2, "invalid_input"),
    ];
    for (args, exit, code) in cases {
        let ran = home.run(&[args, &["--json"]].concat());
        assert_eq!((ran.code, ran.out.as_str(), &ran.error()["code"]), (Some(exit), "", &json!(code)), "{ran:#?}");
        assert!(ran.error()["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{ran:#?}");
    }
    // What is missing stands on a line of its own in the words for people.
    let error = home.run(&["describe", "--json"]).error();
    assert!(error["detail"].as_str().unwrap().contains("ACTION"), "{error}");
    let error = home.run(&["run", "list_contacts", "--input", r#"{"limit": 0}"#, "--json"]).error();
    assert_eq!((&error["fields"][0]["pointer"], &error["sent"]), (&json!("/limit"), &json!("no")));
}
