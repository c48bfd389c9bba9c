//! Connections made from a machine without a browser, kept alive while nobody uses them, and what a host is told of
//! them. Sleeping moves the clocks of both sides instead of waiting.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use constantcontact::{
    Connector,
    auth::{ConnectionEvent, ConnectionEvents, DeviceConsent, Kept, authorize::Consent},
    clock::{Clock, SystemClock},
    config::{Flow, Profile},
    protocol::{ActionError, Code},
    sandbox::{Options, Ready},
    store::Status,
    transport::{Body, Credentials, FormBody, HttpAnswer, HttpCall, HttpClient, HttpSettings, SendFailure, Transport},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Bench, CONNECTION, free, nothing, plain, profile, request};

const TOKEN: &str = "/oauth2/default/v1/token";
const DAY: i64 = 86_400;

/// A clock that is moved instead of waited for, and the sandbox's with it.
#[derive(Debug)]
struct Hurry {
    ahead_ms: AtomicI64,
    /// When sleepers sleep for ever.
    ends_ms: AtomicI64,
    root: String,
    slept: Mutex<Vec<u64>>,
    /// At which sleep the sandbox's clock stands still, as if ours went fast.
    still: Mutex<Option<usize>>,
    /// After which sleep a person decides: how, and for which code.
    person: Mutex<Option<(usize, &'static str, String)>>,
}

impl Hurry {
    async fn advance(&self, seconds: i64) {
        self.ahead_ms.fetch_add(seconds * 1_000, Ordering::SeqCst);
        self.advance_sandbox(seconds).await;
    }

    async fn advance_sandbox(&self, seconds: i64) {
        let url = format!("{}/_sandbox/clock", self.root);
        assert_eq!(plain("POST", &url, None, Some(json!({ "advance_seconds": seconds }))).await.0, 200);
    }

    fn slept(&self) -> Vec<u64> {
        self.slept.lock().unwrap().clone()
    }
}

#[async_trait]
impl Clock for Hurry {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_millis(self.ahead_ms.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        if self.now_ms() >= self.ends_ms.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
        let nth = {
            let mut slept = self.slept.lock().unwrap();
            slept.push(seconds);
            slept.len()
        };
        let whole = i64::try_from(seconds).unwrap();
        if *self.still.lock().unwrap() == Some(nth) {
            self.ahead_ms.fetch_add(whole * 1_000, Ordering::SeqCst);
        } else {
            self.advance(whole).await;
        }
        let decision = self.person.lock().unwrap().take_if(|(after, ..)| *after == nth);
        if let Some((_, decision, code)) = decision {
            assert_eq!(press(&self.root, &code, decision).await, 200);
        }
    }

    fn random(&self, bytes: &mut [u8]) {
        SystemClock.random(bytes);
    }
}

/// Presses a button of the activation page.
async fn press(root: &str, code: &str, decision: &str) -> u16 {
    let body = Body::Form(FormBody(format!("user_code={code}&decision={decision}")));
    let url = format!("{root}/activate").parse().unwrap();
    let call = HttpCall { method: "POST", url, credentials: Credentials::None, body, timeout: Duration::from_secs(10) };
    HttpClient::new(HttpSettings::default()).send(call).await.unwrap().status
}

/// Sends as ever, but puts one word of what is answered in the place of another.
struct Retold {
    inner: HttpClient,
    words: (&'static str, &'static str),
}

#[async_trait]
impl Transport for Retold {
    async fn send(&self, call: HttpCall) -> Result<HttpAnswer, SendFailure> {
        let mut answer = self.inner.send(call).await?;
        let text = String::from_utf8_lossy(&answer.body).replace(self.words.0, self.words.1);
        answer.body = text.into_bytes().into();
        Ok(answer)
    }
}

/// What a host was told.
#[derive(Default)]
struct Heard(Mutex<Vec<(&'static str, ConnectionEvent)>>);

impl Heard {
    fn note(&self, what: &'static str, event: &ConnectionEvent) {
        self.0.lock().unwrap().push((what, event.clone()));
    }

    fn words(&self) -> Vec<(&'static str, i64)> {
        self.0.lock().unwrap().iter().map(|(what, event)| (*what, event.generation)).collect()
    }
}

impl ConnectionEvents for Heard {
    fn refreshed(&self, event: &ConnectionEvent) {
        self.note("refreshed", event);
    }

    fn refresh_failed(&self, event: &ConnectionEvent) {
        self.note("refresh_failed", event);
    }

    fn reconnect_required(&self, event: &ConnectionEvent) {
        self.note("reconnect_required", event);
    }
}

/// A bench, and a connector on it whose clock hurries.
struct Haste {
    bench: Bench,
    clock: Arc<Hurry>,
    heard: Arc<Heard>,
    connector: Connector,
}

impl Haste {
    async fn new(options: Options) -> Self {
        Self::with(options, ("\u{0}", "")).await
    }

    async fn with(options: Options, words: (&'static str, &'static str)) -> Self {
        let bench = Bench::with(options).await;
        let clock = Arc::new(Hurry {
            ahead_ms: AtomicI64::new(0),
            ends_ms: AtomicI64::new(i64::MAX),
            root: root(bench.sandbox.ready()),
            slept: Mutex::default(),
            still: Mutex::default(),
            person: Mutex::default(),
        });
        let heard = Arc::new(Heard::default());
        let transport = Retold { inner: HttpClient::new(HttpSettings::default()), words };
        let connector = Connector::builder(Arc::clone(&bench.store), bench.key.clone())
            .clock(clock.clone())
            .transport(Arc::new(transport))
            .events(heard.clone())
            .build();
        connector.profiles().put(device(&bench)).await.unwrap();
        Self { bench, clock, heard, connector }
    }

    async fn begin(&self) -> DeviceConsent {
        let profile = self.connector.profiles().get("device").await.unwrap();
        DeviceConsent::begin(&profile, self.connector.keeper()).await.unwrap()
    }

    /// Connects `till`, with a person who decides after so many sleeps.
    async fn connect(&self, after: usize, decision: &'static str) -> Result<Vec<String>, ActionError> {
        let consent = self.begin().await;
        *self.clock.person.lock().unwrap() = Some((after, decision, consent.user_code.clone()));
        consent.finish("till", self.connector.keeper()).await.map(|connected| connected.warnings)
    }

    async fn status(&self, id: &str) -> Status {
        self.bench.store.connection(id).await.unwrap().unwrap().status
    }

    async fn outcome(&self) -> Kept {
        let reports = self.connector.keeper().keep_alive().await.unwrap();
        assert_eq!(reports.len(), 1);
        assert_eq!(reports[0].error.is_some(), reports[0].outcome == Kept::Failed);
        reports[0].outcome
    }

    /// The words of the newest line that the run log has of a refresh.
    async fn refresh_line(&self, outcome: &str) -> String {
        self.connector.flush().await;
        let runs = self.bench.store.runs(10).await.unwrap();
        let line = runs.into_iter().find(|run| run.action == "connection_refresh").unwrap();
        assert_eq!((line.outcome.as_str(), line.connection.as_deref()), (outcome, Some(CONNECTION)));
        line.detail.unwrap()
    }

    async fn call(&self) -> Result<(), ActionError> {
        self.connector.invoke(request("get_user_privileges", nothing())).await.map(|_| ())
    }
}

fn root(ready: &Ready) -> String {
    ready.api.trim_end_matches("/v3").to_owned()
}

/// The profile of the sandbox's application without a secret, for a device.
fn device(bench: &Bench) -> Profile {
    let ready = bench.sandbox.ready();
    Profile {
        id: "device".to_owned(),
        client_id: ready.pkce_client_id.clone(),
        client_secret: None,
        flow: Flow::Device,
        device_url: Some(ready.device.clone()),
        ..profile(&bench.sandbox, false)
    }
}

#[tokio::test]
async fn a_device_is_connected_once_a_person_allows_it() {
    let haste = Haste::new(free()).await;
    let consent = haste.begin().await;
    assert_eq!(consent.page.path(), "/activate");
    assert!(consent.page_with_code.as_ref().unwrap().query().unwrap().contains(&consent.user_code));
    assert!(!format!("{consent:?}").contains("device_code: \""), "a device's code is not shown");
    assert_eq!(haste.connect(3, "allow").await.unwrap(), Vec::<String>::new());
    assert_eq!(haste.clock.slept(), [5, 5, 5], "asked at the given interval");
    assert_eq!(haste.status("till").await, Status::Active);
    // Its refresh token is taken from the client id alone.
    let connection = haste.bench.store.connection("till").await.unwrap().unwrap();
    haste.connector.keeper().live("till", connection.generation, Some(connection.generation)).await.unwrap();
    assert_eq!(haste.heard.words(), [("refreshed", connection.generation + 1)]);
}

#[tokio::test]
async fn a_device_that_is_told_to_slow_down_does() {
    let haste = Haste::new(free()).await;
    *haste.clock.still.lock().unwrap() = Some(2);
    haste.connect(4, "allow").await.unwrap();
    assert_eq!(haste.clock.slept(), [5, 5, 10, 10]);
}

#[tokio::test]
async fn a_denial_on_the_other_device_is_said_to_be_one_and_leaves_nothing() {
    let haste = Haste::new(free()).await;
    let error = haste.connect(1, "deny").await.unwrap_err();
    assert_eq!(error.code, Code::Rejected);
    assert!(error.detail.contains("consent was denied"), "{}", error.detail);
    assert!(haste.bench.store.connection("till").await.unwrap().is_none());
}

#[tokio::test]
async fn asking_ends_with_the_code() {
    let haste = Haste::new(free()).await;
    let error = haste.begin().await.finish("till", haste.connector.keeper()).await.unwrap_err();
    assert_eq!(error.code, Code::Timeout);
    assert!(error.detail.contains("ctct connect"), "{}", error.detail);
    let slept: u64 = haste.clock.slept().iter().sum();
    assert!((560..600).contains(&slept), "{slept}");
}

#[tokio::test]
async fn an_ended_code_is_understood_under_both_its_names() {
    for words in [("\u{0}", ""), ("invalid_grant", "expired_token")] {
        let haste = Haste::with(free(), words).await;
        let consent = haste.begin().await;
        haste.clock.advance_sandbox(601).await;
        let error = consent.finish("till", haste.connector.keeper()).await.unwrap_err();
        assert_eq!(error.code, Code::Timeout, "{words:?}: {error:?}");
        assert_eq!(haste.clock.slept(), [5], "nothing is asked after the end");
    }
}

#[tokio::test]
async fn trouble_that_may_pass_does_not_throw_the_persons_code_away() {
    let haste = Haste::new(free()).await;
    let order = |(kind, nth): (&str, u32)| json!({ "kind": kind, "path": TOKEN, "nth": nth });
    let orders = [("error500", 1), ("reset", 2), ("throttled", 3), ("html", 4)].map(order);
    haste.bench.faults(Value::Array(orders.to_vec())).await;
    haste.connect(2, "allow").await.unwrap();
    assert_eq!(haste.status("till").await, Status::Active);
    assert_eq!(haste.clock.slept(), [5, 10, 15, 20, 25], "asked less often after trouble");
}

#[tokio::test]
async fn a_code_that_is_unknown_or_decided_is_refused_by_the_page() {
    let haste = Haste::new(free()).await;
    let (consent, root) = (haste.begin().await, root(haste.bench.sandbox.ready()));
    assert_eq!(press(&root, "BBBBBBBB", "allow").await, 400);
    let typed = format!("{}-{}", &consent.user_code[..4], &consent.user_code[4..]).to_lowercase();
    assert_eq!(press(&root, &typed, "deny").await, 200, "typed by a person");
    assert_eq!(press(&root, &consent.user_code, "allow").await, 400);
}

#[tokio::test]
async fn each_flow_keeps_to_its_own_way() {
    let haste = Haste::new(free()).await;
    let manifest = haste.connector.catalog().manifest();
    let error = Consent::begin(&device(&haste.bench), manifest, &SystemClock, false).unwrap_err();
    assert_eq!(error.code, Code::Config);
    let by_code = profile(&haste.bench.sandbox, false);
    assert_eq!(DeviceConsent::begin(&by_code, haste.connector.keeper()).await.unwrap_err().code, Code::Config);
    let elsewhere = Profile { device_url: Some("https://example.com/device".to_owned()), ..device(&haste.bench) };
    assert_eq!(haste.connector.profiles().put(elsewhere).await.unwrap_err().code, Code::Config);
}

#[tokio::test]
async fn keep_alive_refreshes_what_was_idle_for_a_third_of_the_time_and_leaves_the_rest() {
    let haste = Haste::new(free()).await;
    assert_eq!(haste.outcome().await, Kept::Fresh);
    for _ in 0..4 {
        haste.clock.advance(59 * DAY).await;
        assert_eq!(haste.outcome().await, Kept::Fresh);
        haste.clock.advance(2 * DAY).await;
        assert_eq!(haste.outcome().await, Kept::Refreshed);
    }
    assert_eq!(haste.bench.count("POST", TOKEN).await, 4);
    haste.call().await.unwrap();
}

#[tokio::test]
async fn a_host_that_runs_for_two_years_loses_no_connection() {
    let haste = Haste::new(free()).await;
    let keeper = haste.connector.keeper().clone();
    let from = haste.clock.now_ms();
    let end = from + 730 * DAY * 1_000;
    // It stops between two looks: a store in memory does not outlive a statement that is dropped half-way.
    haste.clock.ends_ms.store(end, Ordering::SeqCst);
    let two_years = async {
        while haste.clock.now_ms() < end {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    tokio::select! {
        () = keeper.stay_alive() => {}
        () = two_years => {}
    }
    haste.clock.ends_ms.store(i64::MAX, Ordering::SeqCst);
    let refreshes = haste.bench.count("POST", TOKEN).await;
    assert!((11..=13).contains(&refreshes), "every two months, and no oftener: {refreshes}");
    haste.call().await.unwrap();
}

#[tokio::test]
async fn the_run_log_tells_what_became_of_connections_and_why() {
    let haste = Haste::new(free()).await;
    haste.call().await.unwrap();
    haste.clock.advance(3 * 3_600).await;
    haste.bench.faults(json!({ "kind": "unauthorized", "path": "/v3/account" })).await;
    haste.call().await.unwrap();
    let detail = haste.refresh_line("refreshed").await;
    assert!(detail.contains("refused it after 180 minutes without use"), "{detail}");
    // Lines that are older than a month are gone by then.
    haste.clock.advance(200 * DAY).await;
    haste.call().await.unwrap_err();
    haste.refresh_line("reconnect_required").await;
}

#[tokio::test]
async fn a_token_that_was_used_only_once_is_known_to_have_lain_unused() {
    let haste = Haste::new(free()).await;
    haste.clock.advance(2 * DAY).await;
    haste.call().await.unwrap();
    haste.clock.advance(3 * 3_600).await;
    haste.bench.faults(json!({ "kind": "unauthorized", "path": "/v3/account" })).await;
    haste.call().await.unwrap();
    assert_eq!(haste.bench.count("POST", TOKEN).await, 2);
    let detail = haste.refresh_line("refreshed").await;
    assert!(detail.contains("refused it after 180 minutes without use"), "{detail}");
}

#[tokio::test]
async fn a_refresh_that_failed_for_many_callers_is_told_once() {
    let haste = Haste::new(free()).await;
    haste.clock.advance(2 * DAY).await;
    haste.bench.faults(json!({ "kind": "error503", "path": TOKEN })).await;
    let calls = tokio::join!(haste.call(), haste.call(), haste.call());
    assert!(calls.0.is_err() && calls.1.is_err() && calls.2.is_err(), "{calls:?}");
    assert_eq!(haste.bench.count("POST", TOKEN).await, 1);
    assert_eq!(haste.heard.words(), [("refresh_failed", 1)]);
}

#[tokio::test]
async fn keep_alive_says_what_it_cannot_keep() {
    let haste = Haste::new(free()).await;
    haste.clock.advance(181 * DAY).await;
    assert_eq!(haste.outcome().await, Kept::Failed);
    assert_eq!(haste.status(CONNECTION).await, Status::ReconnectRequired);
    assert_eq!(haste.outcome().await, Kept::Skipped);
    assert_eq!(haste.heard.words(), [("reconnect_required", 1)]);
    let access = haste.bench.sandbox.ready().access_token.clone();
    haste.bench.adopt(&access, None, DAY).await;
    assert_eq!(haste.outcome().await, Kept::Skipped, "a pasted token has nothing to refresh with");
}

#[tokio::test]
async fn a_token_is_refreshed_within_a_day_whatever_it_was_promised() {
    let haste = Haste::new(Options { token_ttl: 2 * DAY, ..free() }).await;
    let ready = haste.bench.sandbox.ready().clone();
    haste.bench.adopt(&ready.access_token, Some(&ready.refresh_token), 2 * DAY).await;
    haste.clock.advance(DAY - 900).await;
    haste.call().await.unwrap();
    assert_eq!(haste.bench.count("POST", TOKEN).await, 0);
    haste.clock.advance(600).await;
    haste.call().await.unwrap();
    assert_eq!(haste.bench.count("POST", TOKEN).await, 1);
}

#[tokio::test]
async fn a_token_that_lay_unused_is_tried_first_and_refreshed_when_it_is_refused() {
    let haste = Haste::new(free()).await;
    haste.clock.advance(3 * 3_600).await;
    haste.call().await.unwrap();
    assert_eq!(haste.bench.count("POST", TOKEN).await, 0, "not refreshed needlessly");
    haste.clock.advance(3 * 3_600).await;
    haste.bench.faults(json!({ "kind": "unauthorized", "path": "/v3/account" })).await;
    haste.call().await.unwrap();
    assert_eq!(haste.bench.count("POST", TOKEN).await, 1);
}

#[tokio::test]
async fn a_host_is_told_what_becomes_of_its_connections() {
    let haste = Haste::new(free()).await;
    haste.clock.advance(2 * DAY).await;
    haste.bench.faults(json!({ "kind": "error503", "path": TOKEN })).await;
    assert!(haste.call().await.is_err());
    haste.call().await.unwrap();
    haste.clock.advance(200 * DAY).await;
    assert!(haste.call().await.is_err());
    assert_eq!(haste.heard.words(), [("refresh_failed", 1), ("refreshed", 2), ("reconnect_required", 2)]);
    let ready = haste.bench.sandbox.ready();
    for (what, event) in haste.heard.0.lock().unwrap().iter() {
        assert_eq!(event.connection, CONNECTION, "{what}");
        let text = serde_json::to_string(event).unwrap();
        assert!([&ready.refresh_token, &ready.client_secret].iter().all(|secret| !text.contains(*secret)), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_prints_code_and_link_and_waits_for_the_person() {
    let bench = Bench::new().await;
    let (ready, home) = (bench.sandbox.ready().clone(), tempfile::tempdir().unwrap());
    let ctct = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctct"));
        command.args(args).env("HOME", home.path()).env("CTCT_HOME", home.path().join("ctct"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let add = ["profiles", "add", "till", "--flow", "device", "--client-id", ready.pkce_client_id.as_str()];
    let places = ["--api-base", ready.api.as_str(), "--token-url", &ready.token, "--device-url", &ready.device];
    assert!(ctct(&[&add[..], &places].concat()).status().unwrap().success());
    let mut running = ctct(&["connect", "till", "--json"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(running.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let code = told["user_code"].as_str().unwrap();
    assert!(told["open"].as_str().unwrap().ends_with(code), "{told}");
    assert_eq!(press(&root(&ready), code, "allow").await, 200);
    let mut out = String::new();
    running.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(running.wait().unwrap().success());
    let connection: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&connection["id"], &connection["status"]), (&json!("till"), &json!("active")));
    let kept = ctct(&["connections", "keep-alive", "--json"]).output().unwrap();
    let kept: Value = serde_json::from_slice(&kept.stdout).unwrap();
    assert_eq!((&kept[0]["connection"], &kept[0]["outcome"]), (&json!("till"), &json!("fresh")));
}
