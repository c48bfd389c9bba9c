//! The retry table, cell by cell: every trouble in every shape in which it comes, for an action of every kind, against a
//! server that counts what really arrived.
//!
//! A table is easy to write and easy to bypass. So each cell is tried over real HTTP, and what the table promises is
//! read from the table itself: a row without a case does not compile, and one that says "again" where something may
//! have happened is found by counting, whatever it says. The waiting between attempts only moves the clock.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use constantcontact::{
    ActionRequest, Connector,
    catalog::{Catalog, model::Effect},
    clock::{Clock, SystemClock},
    invoke::retry::{ATTEMPTS, Repeat, TABLE, Trouble, Verdict, verdict},
    protocol::{Code, Sent},
    transport::{HttpAnswer, HttpCall, HttpClient, HttpSettings, SendFailure, Transport},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Bench, request};

/// Actions of every effect, and some that start jobs: those are harmful whatever their effect is.
const ACTIONS: [&str; 9] = [
    "get_contact",
    "update_contact",
    "create_or_update_contact",
    "delete_contact",
    "create_contact_list",
    "schedule_email_campaign",
    "start_contact_json_import_job",
    "start_list_memberships_add_job",
    "delete_contact_list",
];

/// What the service says to simultaneous writes. The sandbox has no such answer to order, so that of another order that
/// does nothing is put into these words.
const SIMULTANEOUS: &str = r#"[{"error_key":"contacts.api.conflict","error_message":"You sent simultaneous requests that are attempting to modify the same contact."}]"#;

/// Nobody listens there.
const DEAD_PORT: u16 = 9;

/// A clock that goes on as ever, and is moved instead of waited for.
#[derive(Debug, Default)]
pub(crate) struct Quick(AtomicI64);

impl Quick {
    /// Sets it ahead by so much, or back.
    pub(crate) fn shift(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// How far it is ahead: by what it was set, and by all that was slept.
    pub(crate) fn ahead_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Clock for Quick {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_millis(self.ahead_ms())
    }

    async fn sleep(&self, duration: Duration) {
        self.shift(i64::try_from(duration.as_millis()).unwrap());
        // Whoever waits lets others go on.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    fn random(&self, bytes: &mut [u8]) {
        SystemClock.random(bytes);
    }
}

/// A shape in which a trouble comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A fault that the sandbox makes on order.
    Fault(&'static str),
    /// The call goes to a port where nobody listens.
    DeadPort,
    /// The answer takes longer than the call may.
    TimeOut,
    /// The service says that another call is changing the same thing.
    Busy,
}

impl Way {
    /// What the sandbox is to do.
    fn order(self) -> Option<&'static str> {
        match self {
            Self::Fault(kind) => Some(kind),
            Self::DeadPort => None,
            Self::TimeOut => Some("slow"),
            Self::Busy => Some("error503"),
        }
    }

    /// Whether the service has done what was asked, although nobody hears of it.
    fn does_it(self) -> bool {
        matches!(self, Self::Fault("reset_after" | "error500_after" | "cut_off") | Self::TimeOut)
    }
}

/// Every shape of a trouble. A new trouble does not compile without one.
fn ways(trouble: Trouble) -> &'static [Way] {
    match trouble {
        Trouble::NotSent => &[Way::DeadPort],
        Trouble::Unauthorized => &[Way::Fault("unauthorized")],
        Trouble::Throttled => &[Way::Fault("throttled")],
        Trouble::Unanswered => &[Way::Fault("reset"), Way::Fault("reset_after"), Way::TimeOut],
        Trouble::CutOff => &[Way::Fault("cut_off")],
        Trouble::ServerError => {
            &[Way::Fault("error500"), Way::Fault("error500_after"), Way::Fault("error503"), Way::Fault("html")]
        }
        Trouble::Busy => &[Way::Busy],
    }
}

/// What a trouble is called once nothing more is tried.
fn said(trouble: Trouble, way: Way) -> (Code, Sent) {
    match trouble {
        Trouble::NotSent => (Code::Unavailable, Sent::No),
        Trouble::Unauthorized => (Code::ReconnectRequired, Sent::Yes),
        Trouble::Throttled => (Code::Throttled, Sent::Yes),
        Trouble::Unanswered if way == Way::TimeOut => (Code::Timeout, Sent::Maybe),
        Trouble::Unanswered => (Code::Unavailable, Sent::Maybe),
        Trouble::CutOff | Trouble::ServerError => (Code::Unavailable, Sent::Yes),
        Trouble::Busy => (Code::Conflict, Sent::Yes),
    }
}

/// Nobody knows whether the call took effect: then what must not happen twice must not be sent twice.
fn may_have_happened(trouble: Trouble) -> bool {
    matches!(trouble, Trouble::Unanswered | Trouble::CutOff | Trouble::ServerError)
}

/// The way out, on which some calls go astray.
struct Road {
    inner: HttpClient,
    trap: Mutex<Option<Trap>>,
}

/// What happens to the first `times` calls of this method and path.
struct Trap {
    way: Way,
    method: &'static str,
    path: String,
    times: u32,
}

impl Road {
    fn trapped(&self, call: &HttpCall) -> Option<Way> {
        let mut trap = self.trap.lock().unwrap();
        let trap = trap.as_mut().filter(|t| t.times > 0 && t.method == call.method && t.path == call.url.path())?;
        trap.times -= 1;
        Some(trap.way)
    }
}

#[async_trait]
impl Transport for Road {
    async fn send(&self, mut call: HttpCall) -> Result<HttpAnswer, SendFailure> {
        let way = self.trapped(&call);
        match way {
            Some(Way::DeadPort) => call.url.set_port(Some(DEAD_PORT)).unwrap(),
            Some(Way::TimeOut) => call.timeout = Duration::from_millis(300),
            _ => {}
        }
        let mut answer = self.inner.send(call).await?;
        if way == Some(Way::Busy) {
            (answer.status, answer.body) = (409, Bytes::from_static(SIMULTANEOUS.as_bytes()));
        }
        Ok(answer)
    }
}

/// One call that can be made now, and how it arrives.
struct Deed {
    action: &'static str,
    method: &'static str,
    path: String,
    input: Value,
}

impl Deed {
    fn request(&self) -> ActionRequest {
        request(self.action, self.input.clone())
    }
}

/// What came of a deed.
#[derive(Debug)]
struct Seen {
    /// Calls that the run counted.
    calls: u32,
    /// Calls that the server counted.
    arrived: usize,
    /// How many of them it answered with success.
    done: usize,
    outcome: Result<(), (Code, Sent)>,
    detail: String,
}

/// A sandbox with a list and a contact in it, and a connector whose clock is quick and whose road has traps.
struct Stage {
    bench: Bench,
    connector: Connector,
    road: Arc<Road>,
    list: String,
    contact: String,
    counter: AtomicUsize,
}

impl Stage {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let road = Arc::new(Road { inner: HttpClient::new(HttpSettings::default()), trap: Mutex::default() });
        let connector = Connector::builder(Arc::clone(&bench.store), bench.key.clone())
            .clock(Arc::new(Quick::default()))
            .transport(Arc::clone(&road) as Arc<dyn Transport>)
            .build();
        let (list, contact, counter) = (String::new(), String::new(), AtomicUsize::default());
        let mut stage = Self { bench, connector, road, list, contact, counter };
        stage.list = stage.new_list().await;
        stage.contact = stage.new_contact().await;
        stage
    }

    /// A name that nothing has yet.
    fn name(&self) -> String {
        format!("n{}", self.counter.fetch_add(1, Ordering::SeqCst))
    }

    async fn made(&self, action: &str, input: Value, id: &str) -> String {
        self.bench.get(action, input).await[id].as_str().unwrap().to_owned()
    }

    async fn new_list(&self) -> String {
        self.made("create_contact_list", json!({ "name": self.name() }), "list_id").await
    }

    async fn new_contact(&self) -> String {
        let address = format!("{}@example.com", self.name());
        self.made("create_contact", json!({ "email_address": { "address": address } }), "contact_id").await
    }

    /// The mail of a campaign that is ready to be scheduled.
    async fn new_mail(&self) -> String {
        let letter = json!({
            "format_type": 5, "from_name": "Shop", "from_email": "owner@example.com",
            "reply_to_email": "owner@example.com", "subject": "News", "html_content": "<html><body>Hello</body></html>"
        });
        let campaign = json!({ "name": self.name(), "email_campaign_activities": [letter] });
        let made = self.bench.get("create_email_campaign", campaign).await;
        let mails = made["campaign_activities"].as_array().unwrap();
        let mail = mails.iter().find(|a| a["role"] == "primary_email").unwrap()["campaign_activity_id"].clone();
        let aimed = json!({
            "campaign_activity_id": mail, "from_name": "Shop", "from_email": "owner@example.com",
            "reply_to_email": "owner@example.com", "subject": "News", "contact_list_ids": [self.list]
        });
        self.bench.get("update_email_campaign_activity", aimed).await;
        mail.as_str().unwrap().to_owned()
    }

    /// This action, on something of its own where it can be done only once.
    async fn deed(&self, action: &'static str) -> Deed {
        let (list, contact) = (&self.list, &self.contact);
        let (method, path, input) = match action {
            "get_contact" => ("GET", format!("/v3/contacts/{contact}"), json!({ "contact_id": contact })),
            "update_contact" => {
                let address = format!("{}@example.com", self.name());
                let whole = json!({ "contact_id": contact, "email_address": { "address": address } });
                ("PUT", format!("/v3/contacts/{contact}"), whole)
            }
            "create_or_update_contact" => {
                let address = format!("{}@example.com", self.name());
                let form = json!({ "email_address": address, "list_memberships": [list] });
                ("POST", "/v3/contacts/sign_up_form".to_owned(), form)
            }
            "delete_contact" => {
                let contact = self.new_contact().await;
                ("DELETE", format!("/v3/contacts/{contact}"), json!({ "contact_id": contact }))
            }
            "create_contact_list" => ("POST", "/v3/contact_lists".to_owned(), json!({ "name": self.name() })),
            "schedule_email_campaign" => {
                let mail = self.new_mail().await;
                let when = json!({ "campaign_activity_id": mail, "scheduled_date": "2031-01-01T10:00:00Z" });
                ("POST", format!("/v3/emails/activities/{mail}/schedules"), when)
            }
            "start_contact_json_import_job" => {
                let row = json!({ "email": format!("{}@example.com", self.name()) });
                let rows = json!({ "import_data": [row], "list_ids": [list] });
                ("POST", "/v3/activities/contacts_json_import".to_owned(), rows)
            }
            "start_list_memberships_add_job" => {
                let contact = self.new_contact().await;
                let who = json!({ "list_ids": [list], "source": { "contact_ids": [contact] } });
                ("POST", "/v3/activities/add_list_memberships".to_owned(), who)
            }
            "delete_contact_list" => {
                let list = self.new_list().await;
                ("DELETE", format!("/v3/contact_lists/{list}"), json!({ "list_id": list }))
            }
            other => panic!("{other} has no case"),
        };
        Deed { action, method, path, input }
    }

    /// Does it, and lets the first `times` of its calls meet this trouble.
    async fn meets(&self, deed: &Deed, way: Way, times: u32) -> Seen {
        let (method, path) = (deed.method, deed.path.clone());
        if let Some(kind) = way.order() {
            let mut order = json!({ "kind": kind, "method": method, "path": path, "times": times });
            if kind == "slow" {
                order["delay_ms"] = json!(1_000);
            }
            self.bench.faults(order).await;
        }
        *self.road.trap.lock().unwrap() = Some(Trap { way, method, path, times });
        let seen = self.see(deed, deed.request()).await;
        *self.road.trap.lock().unwrap() = None;
        self.bench.lever("DELETE", "faults", None).await;
        seen
    }

    /// Does it, and counts.
    async fn see(&self, deed: &Deed, request: ActionRequest) -> Seen {
        self.bench.lever("DELETE", "journal", None).await;
        let outcome = self.connector.invoke(request).await;
        let (_, journal) = self.bench.lever("GET", "journal", None).await;
        let fits = |e: &&Value| e["method"] == deed.method && e["path"] == deed.path.as_str();
        let arrived: Vec<_> = journal.as_array().unwrap().iter().filter(fits).collect();
        let done = arrived.iter().filter(|e| e["status"].as_u64().unwrap() / 100 == 2).count();
        let arrived = arrived.len();
        match outcome {
            Ok(result) => Seen { calls: result.meta.calls, arrived, done, outcome: Ok(()), detail: String::new() },
            Err(error) => {
                // An error does not tell how many calls it took; the run log does, where there was any.
                self.connector.flush().await;
                let run = self.bench.store.one_run(error.run_id.as_deref().unwrap()).await.unwrap();
                let calls = run.map_or(0, |r| r.calls);
                Seen { calls, arrived, done, outcome: Err((error.code, error.sent)), detail: error.detail }
            }
        }
    }
}

fn repeat(action: &str) -> Repeat {
    Repeat::of(Catalog::embedded().action(action).unwrap())
}

/// An answer without a body cannot break off within it.
fn cannot_be(action: &str, trouble: Trouble) -> bool {
    trouble == Trouble::CutOff && Catalog::embedded().action(action).unwrap().call.success == [204]
}

/// What the table's cell promises: how many calls are made, and what comes of them.
fn promised(trouble: Trouble, way: Way, action: &str, lasts: bool) -> (u32, Result<(), (Code, Sent)>) {
    let said = said(trouble, way);
    match verdict(trouble, repeat(action)) {
        Verdict::OutcomeUnknown => (1, Err((Code::OutcomeUnknown, said.1))),
        Verdict::GiveUp => (1, Err(said)),
        Verdict::RefreshOnce if lasts => (2, Err(said)),
        Verdict::Retry if lasts => (ATTEMPTS, Err(said)),
        // What was deleted the first time is not there the second time.
        Verdict::Retry if action == "delete_contact" && way.does_it() => (2, Err((Code::NotFound, Sent::Yes))),
        Verdict::Retry | Verdict::RefreshOnce => (2, Ok(())),
    }
}

/// Tries every cell, with trouble that passes or that lasts, and holds what was seen against what the table promises.
async fn try_every_cell(lasts: bool) {
    let times = if lasts { 9 } else { 1 };
    for (trouble, _, _) in TABLE {
        for way in ways(*trouble) {
            let stage = Stage::new().await;
            for action in ACTIONS.into_iter().filter(|a| !cannot_be(a, *trouble)) {
                let deed = stage.deed(action).await;
                let seen = stage.meets(&deed, *way, times).await;
                let cell = format!("{trouble:?} by {way:?}, {action}: {seen:?}");
                let (calls, outcome) = promised(*trouble, *way, action, lasts);
                assert_eq!((seen.calls, seen.outcome), (calls, outcome), "{cell}");
                let lost = if *way == Way::DeadPort { calls.min(times) } else { 0 };
                assert_eq!(seen.arrived, usize::try_from(calls - lost).unwrap(), "{cell}");
                if outcome == Err((Code::NotFound, Sent::Yes)) {
                    assert!(seen.detail.contains("an earlier attempt of this run may have deleted it"), "{cell}");
                }
                if repeat(action) == Repeat::Harmful {
                    // Counted, whatever the table says.
                    assert!(seen.done <= 1, "done twice: {cell}");
                    assert!(seen.arrived <= 1 || !may_have_happened(*trouble), "sent twice: {cell}");
                }
            }
        }
    }
}

#[test]
fn every_effect_has_a_case_every_trouble_one_row_and_every_action_its_place() {
    let catalog = Catalog::embedded();
    let tried: HashSet<_> = ACTIONS.map(|name| catalog.action(name).unwrap().effect).into();
    for entry in catalog.entries() {
        let action = catalog.action(entry.name).unwrap();
        assert!(tried.contains(&action.effect), "nothing with the effect of {} is tried", entry.name);
        let harmful = action.starts_job || matches!(action.effect, Effect::Create | Effect::Send);
        assert_eq!(Repeat::of(action) == Repeat::Harmful, harmful, "{}", entry.name);
    }
    for (nth, (trouble, _, _)) in TABLE.iter().enumerate() {
        assert!(TABLE.iter().skip(nth + 1).all(|(other, _, _)| other != trouble), "{trouble:?} has two rows");
    }
}

#[tokio::test]
async fn trouble_that_passes_is_got_over_wherever_the_table_says_so_and_nowhere_else() {
    try_every_cell(false).await;
}

#[tokio::test]
async fn trouble_that_lasts_is_given_up_in_time_and_called_by_its_name() {
    try_every_cell(true).await;
}

#[tokio::test]
async fn a_refusal_that_is_no_row_of_the_table_is_said_at_once_and_never_repeated() {
    let stage = Stage::new().await;
    for (kind, code) in [("queue_full", Code::QueueFull), ("quota_exceeded", Code::QuotaExhausted)] {
        for action in ACTIONS {
            let deed = stage.deed(action).await;
            let seen = stage.meets(&deed, Way::Fault(kind), 1).await;
            assert_eq!((seen.calls, seen.arrived, seen.done), (1, 1, 0), "{kind}, {action}: {seen:?}");
            assert_eq!(seen.outcome, Err((code, Sent::Yes)), "{kind}, {action}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn a_caller_who_has_no_more_time_is_told_what_is_known_and_nothing_is_sent_again() {
    let stage = Stage::new().await;
    for action in ["get_contact", "delete_contact", "create_contact_list", "start_contact_json_import_job"] {
        let deed = stage.deed(action).await;
        stage
            .bench
            .faults(json!({ "kind": "slow", "method": deed.method, "path": deed.path, "delay_ms": 1_500 }))
            .await;
        let mut hurried = deed.request();
        hurried.options.timeout_ms = Some(600);
        let seen = stage.see(&deed, hurried).await;
        let code = if repeat(action) == Repeat::Harmful { Code::OutcomeUnknown } else { Code::Timeout };
        assert_eq!((seen.calls, seen.arrived, seen.outcome), (1, 1, Err((code, Sent::Maybe))), "{action}");
        stage.bench.lever("DELETE", "faults", None).await;
    }
}
