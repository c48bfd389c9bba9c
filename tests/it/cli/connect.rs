//! Consent: a person is sent to the page and comes back, by listening or by pasting; what it came to is said at once.

use std::net::TcpListener;

use serde_json::json;
use url::{Url, form_urlencoded};

use super::{Home, Ran, Running, Stand, free_port, http, json_line};

/// A home with the profile `app` of the sandbox's application with a secret.
fn app(stand: &Stand, more: &[&str]) -> Home {
    let home = Home::new().with("APP_SECRET", stand.text("client_secret"));
    profile(
        &home,
        stand,
        &[&["--client-id", stand.text("client_id"), "--client-secret", "env:APP_SECRET"][..], more].concat(),
    );
    home
}

/// Adds the profile `app`, whose addresses are the sandbox's.
fn profile(home: &Home, stand: &Stand, credentials: &[&str]) {
    let (api, authorize, token) = (stand.text("api"), stand.text("authorize"), stand.text("token"));
    let places = ["--api-base", api, "--authorize-url", authorize, "--token-url", token];
    let free = ["--per-second", "0", "--per-day", "0"];
    home.run(&[&["profiles", "add", "app"][..], credentials, &places, &free].concat()).done();
}

/// `ctct connect` under way, and the address that it sends a person to.
fn begin(home: &Home, more: &[&str]) -> (Running, Url) {
    let args = [&["connect", "shop", "--profile", "app", "--json"][..], more].concat();
    let mut running = Running::start(home.command(&args));
    let announced = json_line(running.0.stderr.as_mut().unwrap());
    let open = announced["open"].as_str().unwrap_or_else(|| panic!("{announced}"));
    (running, open.parse().unwrap())
}

/// Presses a button of the consent page, and gives the address that the browser is sent back to.
fn press(open: &Url, button: &str) -> String {
    let (status, _, page) = http("GET", open, "");
    assert!(status == 200 && page.contains(&format!("value=\"{button}\"")), "{page}");
    let mut form = form_urlencoded::Serializer::new(String::new());
    let form = form.extend_pairs(open.query_pairs()).append_pair("decision", button).finish();
    let (status, head, _) = http("POST", open, &form);
    let location = head.lines().find_map(|l| l.split_once(": ").filter(|(k, _)| k.eq_ignore_ascii_case("location")));
    assert_eq!(status, 302, "{head}");
    location.unwrap().1.to_owned()
}

/// Connects by pasting what the browser was sent back to.
fn consent(home: &Home) -> Ran {
    let (mut running, open) = begin(home, &["--paste"]);
    running.say(&format!("{}\n", press(&open, "allow")));
    running.end()
}

#[test]
fn consent_by_pasting_makes_a_connection_that_works() {
    let stand = Stand::start(&[]);
    let home = app(&stand, &[]);
    let made = consent(&home).done();
    let connection = made.json();
    assert_eq!((&connection["id"], &connection["status"]), (&json!("shop"), &json!("active")));
    assert_eq!(connection["account"], "owner@example.com");
    assert!(made.err.is_empty(), "{made:#?}");
    home.run(&["run", "list_contacts"]).done();
}

#[test]
fn consent_by_pkce_needs_no_secret() {
    let stand = Stand::start(&[]);
    let home = Home::new();
    profile(&home, &stand, &["--client-id", stand.text("pkce_client_id")]);
    assert_eq!(consent(&home).done().json()["status"], "active");
}

#[test]
fn the_browser_is_listened_for_at_the_redirect_address() {
    let redirect = format!("http://localhost:{}/callback", free_port());
    let stand = Stand::start(&["--redirect-uri", &redirect]);
    let home = app(&stand, &["--redirect-uri", &redirect]);
    let (running, open) = begin(&home, &[]);
    let back = Url::parse(&press(&open, "allow")).unwrap();
    // What else a browser asks for does not end the waiting.
    assert_eq!(http("GET", &back.join("/favicon.ico").unwrap(), "").0, 404);
    let (status, _, page) = http("GET", &back, "");
    assert!(status == 200 && page.contains("the terminal says how it went"), "{page}");
    assert_eq!(running.end().done().json()["status"], "active");
}

#[test]
fn a_denial_is_said_to_be_one_and_leaves_nothing() {
    let stand = Stand::start(&[]);
    let home = app(&stand, &[]);
    let (mut running, open) = begin(&home, &["--paste"]);
    let back = press(&open, "deny");
    assert!(back.contains("access_denied"), "{back}");
    running.say(&back);
    let ran = running.end();
    assert_eq!((ran.code, &ran.error()["code"]), (Some(6), &json!("rejected")));
    assert!(ran.error()["detail"].as_str().unwrap().contains("consent was denied"), "{ran:#?}");
    assert_eq!(home.run(&["connections", "list", "--json"]).done().json(), json!([]));
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let stand = Stand::start(&[]);
    let home = app(&stand, &[]);
    let (mut running, open) = begin(&home, &["--paste"]);
    running.say(&press(&open, "allow").replace("state=", "state=x"));
    let ran = running.end();
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(ran.error()["detail"].as_str().unwrap().contains("state"), "{ran:#?}");
    assert!(!stand.arrived().iter().any(|call| call.ends_with("/token")), "the code was exchanged all the same");
}

#[test]
fn pasting_nothing_says_what_to_paste() {
    let stand = Stand::start(&[]);
    let home = app(&stand, &[]);
    let ran = home.run(&["connect", "shop", "--paste"]);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    let words = ["http://localhost:4173/callback", stand.text("authorize"), "paste the whole address line"];
    assert!(words.iter().all(|word| ran.err.contains(word)), "{ran:#?}");
}

#[test]
fn without_offline_access_the_end_is_foretold_at_once() {
    let stand = Stand::start(&[]);
    let home = app(&stand, &["--scope", "contact_data"]);
    let ran = consent(&home).done();
    assert_eq!(ran.json()["status"], "expiring");
    let note = ran.error()["note"].as_str().unwrap().to_owned();
    assert!(note.contains("offline_access was not asked for") && note.contains("connect again"), "{note}");
}

#[test]
fn connecting_again_keeps_the_connection() {
    let stand = Stand::start(&[]);
    let home = app(&stand, &[]);
    let (first, again) = (consent(&home).done().json(), consent(&home).done().json());
    assert_eq!((&first["id"], &first["created_ms"]), (&again["id"], &again["created_ms"]));
    assert!(first["generation"].as_i64() < again["generation"].as_i64(), "{first} {again}");
    assert_eq!(home.run(&["connections", "list", "--json"]).done().json().as_array().unwrap().len(), 1);
}

#[test]
fn a_missing_scope_is_told_before_anything_is_sent() {
    let stand = Stand::start(&[]);
    let home = app(&stand, &["--scope", "account_read"]);
    consent(&home).done();
    stand.forget();
    home.run(&["run", "list_contacts"]).refused(3, &["contact_data", "shop", "account_read", "scope_missing"]);
    assert!(stand.arrived().is_empty());
    home.run(&["run", "get_account_summary"]).done();
}

#[test]
fn an_action_that_the_profile_leaves_out_is_switched_off() {
    let stand = Stand::start(&[]);
    let home = app(&stand, &["--action", "get_account_summary"]);
    consent(&home).done();
    home.run(&["run", "list_contacts"]).refused(3, &["list_contacts", "profile app", "action_disabled"]);
    home.run(&["run", "get_account_summary"]).done();
}

#[test]
fn a_port_in_use_is_told_before_a_person_is_sent_away() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let stand = Stand::start(&[]);
    let home = app(&stand, &["--redirect-uri", &format!("http://localhost:{port}/callback")]);
    home.run(&["connect", "shop"]).refused(1, &[&port, "--paste"]);
}

#[test]
fn an_address_elsewhere_cannot_be_listened_at() {
    let stand = Stand::start(&[]);
    let home = app(&stand, &["--redirect-uri", "https://example.com/back"]);
    home.run(&["connect", "shop"]).refused(1, &["https://example.com/back", "--paste"]);
}

#[test]
fn connecting_without_a_profile_says_how_to_make_one() {
    Home::new().run(&["connect", "shop"]).refused(1, &["no profile", "ctct profiles add"]);
    Home::new().run(&["connect", "shop", "--profile", "app"]).refused(1, &["no profile app", "ctct profiles add"]);
}
