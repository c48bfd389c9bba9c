//! What the service does not say itself: the reason of a 403, the contact behind a 409, the account behind a 404;
//! writes that take turns; and what of all this is written down.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use constantcontact::{
    ActionError, Connector,
    catalog::Catalog,
    config::{PartnerApp, SecretSource},
    protocol::{Code, RetryKind, Sent},
    sandbox::{Options, Role},
    transport::{HttpAnswer, HttpCall, HttpClient, HttpSettings, SendFailure, Transport},
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{Bench, CONNECTION, free, nothing, profile, request};

const PRIVILEGES: &str = "/v3/account/user/privileges";
const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;
const SIMULTANEOUS: &str = r#"[{"error_key":"contacts.api.conflict","error_message":"You sent simultaneous requests that are attempting to modify the same contact."}]"#;
const LIST: &str = "9d6c0e3a-2f4a-11ef-8a0f-fa163e654321";

/// Answers some calls itself, in words that the sandbox does not know, and lets the others through.
struct Between {
    inner: HttpClient,
    answers: Mutex<Vec<Answer>>,
    /// How many of the calls that it answers are under way, and how many were at most.
    now: AtomicUsize,
    most: AtomicUsize,
}

/// An answer to the first `times` calls of this method and path.
struct Answer {
    method: &'static str,
    path: &'static str,
    status: u16,
    body: &'static str,
    times: usize,
    takes: Duration,
    given: usize,
}

impl Answer {
    fn to(method: &'static str, path: &'static str, status: u16, body: &'static str) -> Self {
        Self { method, path, status, body, times: usize::MAX, takes: Duration::ZERO, given: 0 }
    }
}

impl Between {
    fn with(answers: Vec<Answer>) -> Arc<Self> {
        let inner = HttpClient::new(HttpSettings::default());
        Arc::new(Self {
            inner,
            answers: Mutex::new(answers),
            now: AtomicUsize::default(),
            most: AtomicUsize::default(),
        })
    }

    /// A connector of its own on the bench's store, through this.
    fn connector(self: &Arc<Self>, bench: &Bench) -> Connector {
        let transport: Arc<dyn Transport> = Arc::clone(self) as _;
        Connector::builder(Arc::clone(&bench.store), bench.key.clone()).transport(transport).build()
    }

    /// How many calls it answered itself.
    fn given(&self) -> usize {
        self.answers.lock().unwrap().iter().map(|a| a.given).sum()
    }

    fn answer(&self, call: &HttpCall) -> Option<(HttpAnswer, Duration)> {
        let mut answers = self.answers.lock().unwrap();
        let mut fitting = answers.iter_mut().filter(|a| a.method == call.method && a.path == call.url.path());
        let answer = fitting.find(|a| a.given < a.times)?;
        answer.given += 1;
        let (status, body) = (answer.status, Bytes::from_static(answer.body.as_bytes()));
        let content_type = "application/json".to_owned();
        Some((HttpAnswer { status, content_type, request_id: None, body }, answer.takes))
    }
}

#[async_trait]
impl Transport for Between {
    async fn send(&self, call: HttpCall) -> Result<HttpAnswer, SendFailure> {
        let Some((answer, takes)) = self.answer(&call) else { return self.inner.send(call).await };
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(takes).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(answer)
    }
}

fn code(outcome: Result<impl std::fmt::Debug, ActionError>) -> ActionError {
    outcome.expect_err("must be refused")
}

/// What is granted to the connection's token becomes unknown, as with a pasted opaque one.
async fn make_opaque(bench: &Bench) {
    let mut connection = bench.store.connection(CONNECTION).await.unwrap().unwrap();
    connection.scopes = None;
    let tokens = bench.store.tokens(CONNECTION).await.unwrap().unwrap();
    bench.store.put_connection(&connection, &tokens).await.unwrap();
}

async fn contact(bench: &Bench, address: &str) -> String {
    let made = bench.get("create_contact", json!({ "email_address": { "address": address } })).await;
    made["contact_id"].as_str().unwrap().to_owned()
}

fn sign_up(address: &str) -> Value {
    json!({ "email_address": address, "list_memberships": [LIST] })
}

#[tokio::test]
async fn a_role_that_lacks_a_privilege_is_told_which_and_asked_about_once() {
    let bench = Bench::with(Options { role: Role::CampaignCreator, ..free() }).await;
    let read = code(bench.run("list_contacts", nothing()).await);
    assert_eq!((read.code, read.sent), (Code::PrivilegeMissing, Sent::Yes));
    assert!(read.detail.contains("the privilege contacts:read, which"), "{}", read.detail);
    assert_eq!(read.upstream.unwrap().status, 403, "the service's own answer stays");
    let made = code(bench.run("create_contact", json!({ "first_name": "Noor" })).await);
    assert!(made.detail.contains("contacts:write"), "{}", made.detail);
    assert_eq!(bench.count("GET", PRIVILEGES).await, 1, "the second time it was known");
}

#[tokio::test]
async fn many_refusals_at_once_ask_once() {
    let bench = Bench::with(Options { role: Role::CampaignCreator, ..free() }).await;
    let calls = (0..6).map(|_| {
        let connector = bench.connector.clone();
        tokio::spawn(async move { connector.invoke(request("list_contacts", nothing())).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(code(call.await.unwrap()).code, Code::PrivilegeMissing);
    }
    assert_eq!(bench.count("GET", PRIVILEGES).await, 1);
}

#[tokio::test]
async fn a_403_that_gives_no_reason_gets_one_only_where_it_is_certain() {
    let bench = Bench::new().await;
    let refused = || Answer::to("GET", "/v3/contact_lists", 403, FORBIDDEN);
    let known = Between::with(vec![refused()]);
    let error = code(known.connector(&bench).invoke(request("list_contact_lists", nothing())).await);
    assert_eq!(error.code, Code::Rejected, "scope and privilege are there, and the application works");
    let shut_out = Between::with(vec![refused(), Answer::to("GET", PRIVILEGES, 403, FORBIDDEN)]);
    let error = code(shut_out.connector(&bench).invoke(request("list_contact_lists", nothing())).await);
    assert_eq!((error.code, shut_out.given()), (Code::AppDeactivated, 2));
    let page = Between::with(vec![Answer::to("GET", "/v3/contact_lists", 403, "<!doctype html><p>Blocked")]);
    let error = code(page.connector(&bench).invoke(request("list_contact_lists", nothing())).await);
    assert_eq!((error.code, bench.count("GET", PRIVILEGES).await), (Code::Rejected, 1), "a web page says nothing");
    make_opaque(&bench).await;
    let opaque = Between::with(vec![refused()]);
    let error = code(opaque.connector(&bench).invoke(request("list_contact_lists", nothing())).await);
    assert_eq!(error.code, Code::ScopeMissing);
    assert!(error.detail.contains("contact_data"), "{}", error.detail);
}

#[tokio::test]
async fn the_question_itself_is_not_asked_about() {
    let bench = Bench::new().await;
    let refused = Between::with(vec![Answer::to("GET", PRIVILEGES, 403, FORBIDDEN)]);
    let error = code(refused.connector(&bench).invoke(request("get_user_privileges", nothing())).await);
    assert_eq!((error.code, refused.given()), (Code::Rejected, 1));
}

#[tokio::test]
async fn a_conflict_says_how_the_contact_in_the_way_is_and_what_to_do() {
    let bench = Bench::new().await;
    let id = contact(&bench, "noor@example.com").await;
    let again = json!({ "email_address": { "address": "noor@example.com" } });
    for (state, words) in [("active", "change it by update_contact"), ("deleted", "update_source Account")] {
        let error = code(bench.run("create_contact", again.clone()).await);
        assert_eq!((error.code, error.sent), (Code::Conflict, Sent::Yes));
        let upstream = error.upstream.unwrap();
        assert_eq!((upstream.ids["contact_id"].as_str(), upstream.ids["contact_state"].as_str()), (id.as_str(), state));
        assert_eq!(upstream.status, 409);
        assert!(error.detail.contains(words), "{}", error.detail);
        if state == "active" {
            bench.get("delete_contact", json!({ "contact_id": id })).await;
        }
    }
    assert_eq!(bench.count("GET", &format!("/v3/contacts/{id}")).await, 2, "one look each");
    let other = contact(&bench, "sam@example.com").await;
    let taken = json!({ "contact_id": other, "email_address": { "address": "noor@example.com" } });
    let error = code(bench.run("update_contact", taken).await);
    assert_eq!(error.upstream.unwrap().ids["contact_state"], "deleted");
}

#[tokio::test]
async fn a_partners_404_may_mean_the_account() {
    let bench = Bench::new().await;
    let ready = bench.sandbox.ready().clone();
    let client_secret = Some(SecretSource::Value(SecretString::from(ready.partner_client_secret.clone())));
    let mut partner = profile(&bench.sandbox, false);
    partner.partner = Some(PartnerApp { client_id: ready.partner_client_id.clone(), client_secret });
    bench.connector.profiles().put(partner).await.unwrap();
    let path = "/v3/partner/accounts/a07e1mgd0w4p/plan";
    let stranger = Between::with(vec![Answer::to("GET", path, 404, r#"[{"error_message":"not found"}]"#)]);
    let plan = request("get_partner_account_plan", json!({ "encoded_account_id": "a07e1mgd0w4p" }));
    let error = code(stranger.connector(&bench).invoke(plan).await);
    assert_eq!(error.code, Code::NotFound);
    assert!(error.detail.contains("unknown to this partnership"), "{}", error.detail);
}

#[tokio::test]
async fn a_conflict_of_simultaneous_calls_is_repeated_where_that_does_no_harm() {
    let bench = Bench::new().await;
    let done = r#"{"contact_id":"5b9cbf1e-2f4a-11ef-8a0f-fa163e123456","action":"updated"}"#;
    let form = "/v3/contacts/sign_up_form";
    let busy = Answer { times: 1, ..Answer::to("POST", form, 409, SIMULTANEOUS) };
    let update = Between::with(vec![busy, Answer::to("POST", form, 200, done)]);
    let result =
        update.connector(&bench).invoke(request("create_or_update_contact", sign_up("noor@example.com"))).await;
    assert_eq!(result.unwrap().meta.calls, 2);
    let create = Between::with(vec![Answer::to("POST", "/v3/contacts", 409, SIMULTANEOUS)]);
    let made = request("create_contact", json!({ "first_name": "Noor" }));
    let error = code(create.connector(&bench).invoke(made).await);
    assert_eq!((error.code, error.retry.kind, create.given()), (Code::Conflict, RetryKind::After, 1));
}

/// Runs sign-ups for these addresses together, each in a process of its own or all in one; gives how many were under way
/// at most.
async fn together(bench: &Bench, apart: bool, addresses: &[&str]) -> usize {
    let done = r#"{"contact_id":"5b9cbf1e-2f4a-11ef-8a0f-fa163e123456","action":"updated"}"#;
    let form = Answer::to("POST", "/v3/contacts/sign_up_form", 200, done);
    let slow = Between::with(vec![Answer { takes: Duration::from_millis(30), ..form }]);
    let connector = slow.connector(bench);
    let calls = addresses.iter().map(|address| {
        let connector = if apart { slow.connector(bench) } else { connector.clone() };
        let call = request("create_or_update_contact", sign_up(address));
        tokio::spawn(async move { connector.invoke(call).await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!(slow.given(), addresses.len());
    slow.most.load(Ordering::SeqCst)
}

#[tokio::test]
async fn writes_to_one_contact_take_turns_and_writes_to_others_do_not_wait() {
    let bench = Bench::new().await;
    let one = ["noor@example.com", "NOOR@example.com", "noor@example.com", "Noor@Example.com"];
    for apart in [false, true] {
        assert_eq!(together(&bench, apart, &one).await, 1, "apart: {apart}");
        assert!(together(&bench, apart, &["a@example.com", "b@example.com", "c@example.com"]).await > 1);
    }
}

#[tokio::test]
async fn a_turn_that_does_not_come_in_time_is_said_before_anything_is_sent() {
    let bench = Bench::new().await;
    let form = Answer::to("POST", "/v3/contacts/sign_up_form", 200, "{}");
    let slow = Between::with(vec![Answer { takes: Duration::from_millis(1_500), ..form }]);
    let connector = slow.connector(&bench);
    let first = connector.clone();
    let call = request("create_or_update_contact", sign_up("noor@example.com"));
    let first = tokio::spawn(async move { first.invoke(call).await });
    while slow.given() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut hurried = request("create_or_update_contact", sign_up("noor@example.com"));
    hurried.options.timeout_ms = Some(100);
    let error = code(connector.invoke(hurried).await);
    assert_eq!((error.code, error.sent, slow.given()), (Code::Timeout, Sent::No, 1));
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_run_log_keeps_what_was_asked_for_without_what_it_said() {
    let bench = Bench::new().await;
    let who =
        json!({ "email_address": { "address": "noor.secret@example.com" }, "birthday_month": 4, "birthday_day": 9 });
    let made = bench.run("create_contact", who.clone()).await.unwrap();
    let refused = code(bench.run("create_contact", who).await);
    bench.connector.flush().await;
    let made = bench.store.one_run(&made.run_id).await.unwrap().unwrap();
    let input = made.input.clone().unwrap();
    assert_eq!(input["email_address"]["address"], "«23 characters»");
    assert_eq!((&input["birthday_month"], &input["create_source"]), (&json!(4), &json!("Account")));
    assert_eq!(made.detail, None);
    let refused = bench.store.one_run(&refused.run_id.unwrap()).await.unwrap().unwrap();
    assert_eq!((refused.outcome.as_str(), refused.http_status, refused.calls), ("conflict", Some(409), 2));
    let detail = refused.detail.clone().unwrap();
    assert!(detail.contains("contacts.api.conflict") && !detail.contains("already exists"), "{detail}");
    let written = serde_json::to_string(&[made, refused]).unwrap();
    assert!(!written.contains("noor"), "{written}");
}

#[tokio::test]
async fn the_counters_tell_runs_calls_and_trouble() {
    let bench = Bench::new().await;
    bench.faults(json!({ "kind": "throttled", "path": "/v3/contact_lists", "times": 1 })).await;
    bench.get("list_contact_lists", nothing()).await;
    code(bench.run("get_contact", json!({ "contact_id": "5b9cbf1e-2f4a-11ef-8a0f-fa163e123456" })).await);
    code(bench.run("nonsense\"} 1", nothing()).await);
    let text = bench.connector.metrics_text();
    for line in [
        "# TYPE ctct_runs_total counter",
        r#"ctct_runs_total{action="list_contact_lists",outcome="complete"} 1"#,
        r#"ctct_runs_total{action="get_contact",outcome="not_found"} 1"#,
        r#"ctct_runs_total{action="unknown",outcome="unknown_action"} 1"#,
        "ctct_calls_total 3",
        "ctct_retries_total 1",
        "ctct_throttled_total 1",
        "ctct_waited_seconds_total 1.030",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
}

#[test]
fn what_the_manifest_says_of_causes_leads_somewhere() {
    let catalog = Catalog::embedded();
    let manifest = catalog.manifest();
    let rights = catalog.action(&manifest.rights.action).unwrap();
    assert!(rights.scopes.is_empty() && rights.privileges.is_empty(), "it must be open to everyone");
    let item = &rights.output["items"]["properties"];
    assert!(item[manifest.rights.name.trim_start_matches('/')].is_object());
    for (name, rule) in &manifest.errors {
        let Some(look_up) = &rule.look_up else { continue };
        let action = catalog.action(&look_up.action).unwrap();
        assert!(rule.id_in_message.is_some(), "{name}: there is no id to look up");
        assert!(action.input["properties"][&look_up.input].is_object(), "{name}: {} is no input", look_up.input);
        let shown = &action.output["properties"][look_up.deleted.trim_start_matches('/')];
        assert!(shown.is_object(), "{name}: {} is not in the output", look_up.deleted);
    }
}
