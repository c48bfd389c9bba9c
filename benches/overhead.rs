//! `cargo bench`: what the connector costs beside the bare thing, both sides in one run, interleaved.
//!
//! Ratios are what to look at; absolute figures depend on the machine.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use constantcontact::{
    ActionRequest, Connector,
    auth::TokenSet,
    catalog::Catalog,
    clock::{Clock, SystemClock},
    invoke::{bind::bind, decode::decode},
    schema::InputRules,
    store::{Connection, SqliteStore, Status, vault::Key},
    transport::HttpAnswer,
};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

const ROUNDS: usize = 12;
const CALLS: usize = 400;

fn main() {
    // `cargo bench` passes flags of the usual harness; none of them matters here.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // First, while this process is small: a child's peak memory counts from what its parent had when it was started.
    process();
    runtime.block_on(calls());
    pure();
    validators();
}

/// The sandbox in a process of its own, so that its work is on neither side's bill.
struct Stand {
    child: Child,
    ready: Value,
}

impl Stand {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctct"));
        let mut child = command.args(["sandbox", "--limits", "off"]).stdout(Stdio::piped()).spawn().expect("a process");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        Self { child, ready: serde_json::from_str(&line).expect("the ready line") }
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One `get_contact`: through `invoke`, and by a bare client, against the same server.
async fn calls() {
    let sandbox = Stand::start();
    let connector = connector(&sandbox.ready).await;
    let made = run(
        &connector,
        "create_contact",
        json!({ "email_address": { "address": "noor@example.com" }, "first_name": "Noor" }),
    )
    .await;
    let id = made["contact_id"].as_str().expect("an id").to_owned();
    let bare = bare_client();
    let url = format!("{}/contacts/{id}", sandbox.ready["api"].as_str().expect("an address"));
    let token = sandbox.ready["access_token"].as_str().expect("a token");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for _ in 0..CALLS / ROUNDS {
            let start = Instant::now();
            run(&connector, "get_contact", json!({ "contact_id": id })).await;
            ours.push(start.elapsed());
            let start = Instant::now();
            let answer = bare.get(&url).bearer_auth(token).send().await.expect("an answer");
            let _: Value = serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
            theirs.push(start.elapsed());
        }
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    println!(
        "get_contact   through invoke {ours:>9.1?}   bare reqwest {theirs:>9.1?}   ratio {:.2} (goal 1.10)",
        ratio(ours, theirs)
    );
}

async fn run(connector: &Connector, action: &str, input: Value) -> Value {
    let Value::Object(input) = input else { return Value::Null };
    connector.invoke(ActionRequest::new(action, input).on("bench")).await.expect("a result").value()
}

fn bare_client() -> reqwest::Client {
    // A program may install a provider for the whole process; the library itself never does.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

async fn connector(ready: &Value) -> Connector {
    let store = Arc::new(SqliteStore::in_memory().await.expect("a store"));
    let connector = Connector::builder(store, Key::generate(&SystemClock)).build();
    let now = SystemClock.now_ms();
    let connection = Connection {
        id: "bench".to_owned(),
        profile: None,
        account: None,
        scopes: None,
        status: Status::Active,
        reasons: Vec::new(),
        ledger: "bench".to_owned(),
        api_base: ready["api"].as_str().map(str::to_owned),
        partner: false,
        // The service's own pace would be all that is measured.
        per_second: Some(0),
        per_day: Some(0),
        generation: 1,
        created_ms: now,
    };
    let tokens = TokenSet {
        access_token: SecretString::from(ready["access_token"].as_str().expect("a token")),
        refresh_token: None,
        expires_ms: now + 3_600_000,
        issued_ms: now,
        scopes: None,
        api_key: None,
    };
    connector.keeper().adopt(&connection, &tokens).await.expect("adopted");
    connector
}

/// The pure steps alone: validate, bind, decode.
fn pure() {
    let action = Catalog::embedded().action("get_contact").expect("an action");
    let rules = InputRules::compile(action).expect("rules");
    let input = action.examples[0].input.clone();
    let body = action.examples[0].output.as_ref().expect("an output").to_string();
    let answer =
        HttpAnswer { status: 200, content_type: "application/json".to_owned(), request_id: None, body: body.into() };
    let fields: Map<String, Value> = input.as_object().cloned().unwrap_or_default();
    let mut times = Vec::new();
    for _ in 0..ROUNDS * CALLS {
        let start = Instant::now();
        assert!(rules.violations(&input).is_empty());
        let call = bind(action, &fields, None).expect("bound");
        std::hint::black_box(decode(action, &call.query, &answer).expect("decoded"));
        times.push(start.elapsed());
    }
    println!("pure steps    validate, bind and decode {:>9.1?}   (goal 30 µs)", median(&mut times));
}

/// Compiling the rules of each action, which happens on its first use.
fn validators() {
    let catalog = Catalog::embedded();
    let mut times: Vec<Duration> = catalog
        .entries()
        .iter()
        .filter_map(|entry| catalog.action(entry.name))
        .map(|action| {
            let start = Instant::now();
            std::hint::black_box(InputRules::compile(action).expect("rules"));
            start.elapsed()
        })
        .collect();
    let worst = times.iter().max().copied().unwrap_or_default();
    println!(
        "validators    compiled in {:>9.1?} at the median, {worst:.1?} at worst   (goal 1 ms)",
        median(&mut times)
    );
}

/// `ctct actions` as a whole process, beside a process that does nothing.
fn process() {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        ours.push(spawn(env!("CARGO_BIN_EXE_ctct"), &["actions"]));
        theirs.push(spawn("true", &[]));
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    println!("ctct actions  whole process {ours:>9.1?}   `true` {theirs:>9.1?}   (goal 10 ms){}", memory());
}

fn spawn(program: &str, args: &[&str]) -> Duration {
    let start = Instant::now();
    let status = Command::new(program).args(args).stdout(Stdio::null()).status().expect("a process");
    assert!(status.success());
    start.elapsed()
}

#[cfg(unix)]
fn memory() -> String {
    use nix::sys::resource::{UsageWho, getrusage};
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss());
    // Kilobytes on Linux.
    format!("   peak memory {:.1} MB (goal 15 MB)", f64::from(i32::try_from(peak).unwrap_or(i32::MAX)) / 1024.0)
}

#[cfg(not(unix))]
fn memory() -> String {
    String::new()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ratio(ours: Duration, theirs: Duration) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}
