//! What no request can do, however strange: bring the sandbox down, or make it fail where no failure was ordered.
//!
//! Chance begins at a fixed number, so that a failure comes again with the same requests. `FUZZ_SEED` lets it begin at
//! another, and `FUZZ_SECONDS` lets it go on for so long.

mod bytes;
mod calls;
mod dice;
mod known;
mod levers;
mod wire;

use std::time::{Duration, Instant};

use constantcontact::sandbox::{Clock, Options, Seed};
use serde_json::{Value, json};
use url::Url;

use calls::{Contract, Keys, Maker};
use dice::Dice;
use known::Known;
use wire::{Answer, Fuzzed, Request};

/// Where chance begins.
const SEED: u64 = 20_260_115;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn seed() -> u64 {
    setting("FUZZ_SEED").unwrap_or(SEED)
}

/// How many requests, and for how long: on a slow machine fewer, but never less than the least.
struct Bounds {
    started: Instant,
    least: usize,
    most: usize,
    longest: Duration,
}

impl Bounds {
    fn new(least: usize, most: usize) -> Self {
        let seconds = setting("FUZZ_SECONDS");
        let most = if seconds.is_some() { usize::MAX } else { most };
        Self { started: Instant::now(), least, most, longest: Duration::from_secs(seconds.unwrap_or(3)) }
    }

    fn allow(&self, number: usize) -> bool {
        number < self.least || (number < self.most && self.started.elapsed() < self.longest)
    }
}

/// A sandbox whose clock only we move, with a token that outlives every leap of it.
fn options(seed: Seed) -> Options {
    let clock = Clock::Fixed("2026-01-15T09:00:00Z".parse().unwrap());
    Options { seed, clock, limits: false, token_ttl: 100 * 366 * 86_400, ..Options::default() }
}

/// A request with JSON that must be taken; gives what was answered.
fn taken(fuzzed: &Fuzzed, method: &str, path: &str, body: &Value) -> Value {
    let request = Request::new(method, path).with("authorization", format!("Bearer {}", fuzzed.ready.access_token));
    let request = request.carrying("application/json", body.to_string());
    let answer = fuzzed.ask(0, &request).unwrap();
    let text = String::from_utf8_lossy(&answer.body);
    assert!(answer.status < 300, "{method} {path}: {} {text}", answer.status);
    serde_json::from_str(&text).unwrap_or_default()
}

fn advance(fuzzed: &Fuzzed, seconds: u64) {
    taken(fuzzed, "POST", "/_sandbox/clock", &json!({ "advance_seconds": seconds }));
}

/// The tokens that calls are made with. A partner's lives for an hour only.
fn sign_in(fuzzed: &Fuzzed) -> Keys {
    let ready = &fuzzed.ready;
    let request = Request::new("POST", "/partners/oauth2/default/v1/token")
        .with("authorization", levers::basic(&ready.partner_client_id, &ready.partner_client_secret))
        .carrying("application/x-www-form-urlencoded", "grant_type=client_credentials");
    let answer = fuzzed.ask(0, &request).unwrap();
    let token: Value = serde_json::from_slice(&answer.body).unwrap();
    Keys {
        access: ready.access_token.clone(),
        partner: token["access_token"].as_str().unwrap().to_owned(),
        partner_key: ready.partner_client_id.clone(),
    }
}

fn learn(known: &mut Known, answer: &Answer) {
    if let Ok(value) = serde_json::from_slice(&answer.body) {
        known.learn(&value);
    }
    let Some(Ok(back)) = answer.header("location").map(Url::parse) else { return };
    for (name, value) in back.query_pairs().filter(|(name, _)| name == "code") {
        known.keep(&name, json!(value));
    }
}

#[test]
fn a_call_may_be_as_strange_as_it_likes() {
    let fuzzed = Fuzzed::start("fuzz-calls", seed(), options(Seed::Demo));
    let (contract, mut dice, mut known) = (Contract::read(), Dice::new(seed()), Known::default());
    let operations = contract.operations();
    let mut keys = sign_in(&fuzzed);
    let bounds = Bounds::new(2 * operations.len(), 3_000);
    let (mut number, mut good) = (0, 0);
    while bounds.allow(number) {
        if number % 150 == 149 {
            advance(&fuzzed, *dice.pick(&[60, 86_400, 40 * 86_400]));
            keys = sign_in(&fuzzed);
            fuzzed.still_works(number);
        }
        // Every operation once before any comes again, and not in the order of the contract.
        let operation = &operations[(number * 37) % operations.len()];
        let wild = *dice.pick(&[0, 3, 15]);
        let request = Maker::new(&contract, &known, &mut dice, wild).call(operation, &keys);
        if let Some(answer) = fuzzed.ask(number, &request) {
            good += usize::from(answer.status < 300);
            learn(&mut known, &answer);
        }
        number += 1;
    }
    fuzzed.still_works(number);
    println!("{number} calls, {good} of them successful");
    assert!(good > number / 20, "only {good} of {number} calls got far");
}

#[test]
fn the_oauth_server_and_the_levers_take_anything() {
    let fuzzed = Fuzzed::start("fuzz-levers", seed(), options(Seed::Empty));
    let (mut dice, mut known) = (Dice::new(seed()), Known::default());
    let before = Before::of(&fuzzed);
    let bounds = Bounds::new(200, 2_000);
    let mut number = 0;
    while bounds.allow(number) {
        // Applications end up switched off, and the clock at the end of time.
        if number % 60 == 59 {
            before.comes_back(&fuzzed);
            fuzzed.still_works(number);
        }
        let request = match dice.below(5) {
            0 | 1 => levers::lever(&mut dice, &fuzzed.ready),
            _ => levers::oauth(&mut dice, &fuzzed.ready, &known),
        };
        if let Some(answer) = fuzzed.ask(number, &request) {
            learn(&mut known, &answer);
        }
        // From here on failures would be on order.
        if request.target == "/_sandbox/faults" {
            taken(&fuzzed, "DELETE", "/_sandbox/faults", &Value::Null);
        }
        number += 1;
    }
    before.comes_back(&fuzzed);
    fuzzed.still_works(number);
    println!("{number} requests to the OAuth server and the levers");
}

#[test]
fn a_state_that_was_changed_by_hand_is_refused_or_lived_with() {
    let fuzzed = Fuzzed::start("fuzz-states", seed(), options(Seed::Empty));
    let mut dice = Dice::new(seed());
    furnish(&fuzzed);
    let before = Before::of(&fuzzed);
    let bounds = Bounds::new(5, 100);
    let (mut number, mut lived_with) = (0, 0);
    while bounds.allow(number) {
        let mut state = before.state.clone();
        for _ in 0..=dice.below(3) {
            dice.disturb(&mut state);
        }
        let request = Request::new("PUT", "/_sandbox/state").carrying("application/json", state.to_string());
        if fuzzed.ask(number, &request).is_some_and(|answer| answer.status == 204) {
            lived_with += 1;
            read_everything(&fuzzed, number);
            advance(&fuzzed, 86_400);
            read_everything(&fuzzed, number);
        }
        before.comes_back(&fuzzed);
        number += 1;
    }
    fuzzed.still_works(number);
    println!("{number} states, {lived_with} of them accepted");
}

#[test]
fn bytes_that_are_no_http_harm_nobody() {
    let fuzzed = Fuzzed::start("fuzz-bytes", seed(), options(Seed::Empty));
    let mut dice = Dice::new(seed());
    let token = fuzzed.ready.access_token.clone();
    let waiting = fuzzed.half_open(40);
    let bounds = Bounds::new(100, 1_500);
    let mut number = 0;
    while bounds.allow(number) {
        fuzzed.shout(number, &bytes::bytes(&mut dice, number, &token));
        if number % 100 == 99 {
            fuzzed.still_works(number);
        }
        number += 1;
    }
    for (place, bytes) in bytes::too_much().iter().enumerate() {
        fuzzed.shout(number + place, bytes);
        fuzzed.still_works(number + place);
    }
    let answers = fuzzed.answers(&bytes::pipeline(&token, 50));
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((answers.len(), good), (50, 50), "of a pipeline of 50 requests");
    drop(waiting);
    println!("{number} broken requests");
}

/// A sandbox as it was before anybody pulled its levers.
struct Before {
    state: Value,
    options: Value,
}

impl Before {
    fn of(fuzzed: &Fuzzed) -> Self {
        let look = |name: &str| taken(fuzzed, "GET", &format!("/_sandbox/{name}"), &Value::Null);
        Self { state: look("state"), options: look("options") }
    }

    fn comes_back(&self, fuzzed: &Fuzzed) {
        taken(fuzzed, "PATCH", "/_sandbox/options", &self.options);
        taken(fuzzed, "PUT", "/_sandbox/state", &self.state);
    }
}

/// A little of everything that has places and times in it.
fn furnish(fuzzed: &Fuzzed) {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let list = text(&taken(fuzzed, "POST", "/v3/contact_lists", &json!({ "name": "People" })), "list_id");
    for name in ["noor", "sam", "kim"] {
        let email = json!({ "address": format!("{name}@example.com"), "permission_to_send": "implicit" });
        let person = json!({ "email_address": email, "create_source": "Account", "list_memberships": [list] });
        taken(fuzzed, "POST", "/v3/contacts", &person);
    }
    let mut mail = json!({
        "format_type": 5, "from_name": "Sam", "from_email": "owner@example.com", "reply_to_email": "owner@example.com",
        "subject": "News", "html_content": "<html><body><a href=\"https://www.example.com/\">x</a></body></html>"
    });
    let campaign = json!({ "name": "News", "email_campaign_activities": [mail] });
    let made = taken(fuzzed, "POST", "/v3/emails", &campaign);
    let activity = format!("/v3/emails/activities/{}", text(&made["campaign_activities"][0], "campaign_activity_id"));
    mail["contact_list_ids"] = json!([list]);
    taken(fuzzed, "PUT", &activity, &mail);
    taken(fuzzed, "POST", &format!("{activity}/schedules"), &json!({ "scheduled_date": "0" }));
    let rows = json!({ "import_data": [{ "email": "lee@example.com" }], "list_ids": [list] });
    taken(fuzzed, "POST", "/v3/activities/contacts_json_import", &rows);
    advance(fuzzed, 3_600);
}

/// Whatever is answered, an answer is given.
fn read_everything(fuzzed: &Fuzzed, number: usize) {
    for path in levers::READS {
        let token = format!("Bearer {}", fuzzed.ready.access_token);
        fuzzed.ask(number, &Request::new("GET", *path).with("authorization", token));
    }
}
