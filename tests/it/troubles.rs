//! What goes wrong around a connection (the store full or locked, the clock set back, the token endpoint out of order)
//! loses nothing and leaves one clear state.
//!
//! The store is a real file, and what is wrong with it is made by a second connection, as another process would: a lock
//! that it holds, or a rule that refuses to write. What arrives at the token endpoint is counted, since a refresh token
//! that is used twice is the end of a connection.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use constantcontact::{
    ActionError, ActionResult, Connector,
    clock::{Clock, SystemClock},
    protocol::{Code, Sent},
    sandbox::{Options, Reuse},
    store::{DAY_MS, SealedTokens, SqliteStore, Status},
    transport::{HttpAnswer, HttpCall, HttpClient, HttpSettings, SendFailure, Transport},
};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::{
    retry_cells::Quick,
    support::{Bench, CONNECTION, free, nothing, profile, request},
};

const TOKEN: &str = "/oauth2/default/v1/token";
const DAY: i64 = 86_400;

/// The words of the product behind the token endpoint for a second request within a second.
const OKTA: &str = r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit due to too many requests.","errorLink":"E0000047","errorId":"oae","errorCauses":[]}"#;
/// What something on the way says in the place of the service.
const PAGE: &str = "<!doctype html><title>One moment</title><h1>One moment, please</h1>";

/// From now on no new token fits into the store, and no note of a refresh either.
const NO_ROOM_FOR_TOKENS: &str = "CREATE TRIGGER no_room BEFORE UPDATE OF tokens ON connections BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
const NO_ROOM_FOR_NOTES: &str = "CREATE TRIGGER no_room BEFORE UPDATE OF refresh_intent_ms ON connections BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
const ROOM: &str = "DROP TRIGGER no_room";

/// Nobody else may write.
const LOCK: &str = "BEGIN IMMEDIATE";
const UNLOCK: &str = "ROLLBACK";

/// A server that ends a connection at the first reuse of a refresh token.
fn severe() -> Options {
    Options { reuse: Reuse::RevokeFamily, ..free() }
}

/// A bench whose store is a file.
struct House {
    bench: Bench,
    path: PathBuf,
    _folder: TempDir,
}

/// The same file in the hands of another process.
struct Other(SqliteConnection);

impl Other {
    async fn at(path: &Path) -> Self {
        Self(SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap())
    }

    async fn says(&mut self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.0).await.unwrap();
    }
}

impl House {
    /// A connection whose token has so many seconds to live.
    async fn with(options: Options, seconds: i64) -> Self {
        let limits = options.limits;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let mut bench = Bench::with(options).await;
        bench.store = Arc::new(SqliteStore::open(&path).await.unwrap());
        bench.connector = bench.another();
        bench.connector.profiles().put(profile(&bench.sandbox, limits)).await.unwrap();
        adopt(&bench, seconds).await;
        Self { bench, path, _folder: folder }
    }

    /// A connection whose token has ended.
    async fn ended(options: Options) -> Self {
        Self::with(options, -1).await
    }

    async fn other(&self) -> Other {
        Other::at(&self.path).await
    }

    fn call(&self) -> JoinHandle<Result<ActionResult, ActionError>> {
        let connector = self.bench.connector.clone();
        tokio::spawn(async move { connector.invoke(request("get_user_privileges", nothing())).await })
    }
}

/// Gives the connection the sandbox's own tokens, with so many seconds to live by our count.
async fn adopt(bench: &Bench, seconds: i64) {
    let ready = bench.sandbox.ready();
    bench.adopt(&ready.access_token, Some(&ready.refresh_token), seconds).await;
}

async fn stored(bench: &Bench) -> SealedTokens {
    bench.store.tokens(CONNECTION).await.unwrap().unwrap()
}

async fn status(bench: &Bench) -> (Status, Vec<String>) {
    let connection = bench.store.connection(CONNECTION).await.unwrap().unwrap();
    (connection.status, connection.reasons)
}

/// How many refreshes have arrived.
async fn refreshes(bench: &Bench) -> usize {
    bench.count("POST", TOKEN).await
}

/// Waits until the first refresh has arrived.
async fn refresh_has_arrived(bench: &Bench) {
    let arrival = async {
        while refreshes(bench).await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), arrival).await.expect("a refresh arrives");
}

async fn works(bench: &Bench) {
    bench.get("get_user_privileges", nothing()).await;
}

async fn fails(bench: &Bench) -> ActionError {
    bench.run("get_user_privileges", nothing()).await.expect_err("must fail")
}

/// The refresh token that is stored is the newest: with it, another process can go on.
async fn goes_on_elsewhere(bench: &Bench) {
    let (elsewhere, generation) = (bench.another(), stored(bench).await.generation);
    let token = elsewhere.keeper().live(CONNECTION, generation, Some(generation)).await.unwrap();
    assert_eq!(token.generation, generation + 1);
    elsewhere.invoke(request("get_user_privileges", nothing())).await.unwrap();
    assert_eq!(status(bench).await, (Status::Active, Vec::new()));
}

// The store is full.

#[tokio::test]
async fn a_new_token_that_the_store_has_no_room_for_is_kept_until_it_has() {
    let house = House::ended(severe()).await;
    let (mut other, before) = (house.other().await, stored(&house.bench).await);
    other.says(NO_ROOM_FOR_TOKENS).await;
    let call = house.call();
    refresh_has_arrived(&house.bench).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!call.is_finished(), "nobody uses a token before it is stored");
    let between = stored(&house.bench).await;
    assert_eq!((&between.tokens, between.generation), (&before.tokens, before.generation));
    assert!(between.refresh_intent_ms.is_some(), "a process that died now would leave word");
    assert_eq!(status(&house.bench).await, (Status::Active, Vec::new()));
    other.says(ROOM).await;
    call.await.unwrap().unwrap();
    assert_eq!(refreshes(&house.bench).await, 1);
    let after = stored(&house.bench).await;
    assert_eq!((after.generation, after.refresh_intent_ms), (before.generation + 1, None));
    goes_on_elsewhere(&house.bench).await;
}

#[tokio::test]
async fn a_caller_whose_time_runs_out_while_the_store_is_full_takes_no_token_with_him() {
    let house = House::ended(severe()).await;
    let mut other = house.other().await;
    other.says(NO_ROOM_FOR_TOKENS).await;
    let mut hurried = request("get_user_privileges", nothing());
    hurried.options.timeout_ms = Some(600);
    let error = house.bench.connector.invoke(hurried).await.unwrap_err();
    assert_eq!((error.code, error.sent), (Code::Timeout, Sent::No));
    refresh_has_arrived(&house.bench).await;
    other.says(ROOM).await;
    works(&house.bench).await;
    assert_eq!(refreshes(&house.bench).await, 1);
    goes_on_elsewhere(&house.bench).await;
}

#[tokio::test]
async fn a_store_that_is_full_before_a_refresh_lets_none_be_sent() {
    let house = House::ended(severe()).await;
    let (mut other, before) = (house.other().await, stored(&house.bench).await);
    other.says(NO_ROOM_FOR_NOTES).await;
    let error = fails(&house.bench).await;
    assert_eq!((error.code, error.sent), (Code::Store, Sent::No));
    assert!(error.detail.contains("free some disk space"), "{}", error.detail);
    assert_eq!(house.bench.arrived().await, []);
    assert_eq!((stored(&house.bench).await, status(&house.bench).await.0), (before, Status::Active));
    other.says(ROOM).await;
    works(&house.bench).await;
    assert_eq!(refreshes(&house.bench).await, 1);
}

// The store is locked.

#[tokio::test]
async fn a_refresh_waits_for_a_store_that_is_locked() {
    let house = House::ended(severe()).await;
    let mut other = house.other().await;
    other.says(LOCK).await;
    let call = house.call();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!call.is_finished());
    assert_eq!(house.bench.arrived().await, [], "nothing is sent that could not be noted before");
    other.says(UNLOCK).await;
    call.await.unwrap().unwrap();
    assert_eq!((refreshes(&house.bench).await, status(&house.bench).await.0), (1, Status::Active));
}

#[tokio::test]
async fn a_new_token_waits_for_a_store_that_is_locked() {
    let house = House::ended(severe()).await;
    let (mut other, before) = (house.other().await, stored(&house.bench).await);
    house.bench.faults(json!({ "kind": "slow", "path": TOKEN, "delay_ms": 500 })).await;
    let call = house.call();
    refresh_has_arrived(&house.bench).await;
    other.says(LOCK).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!call.is_finished());
    assert_eq!(stored(&house.bench).await.generation, before.generation);
    other.says(UNLOCK).await;
    call.await.unwrap().unwrap();
    assert_eq!(refreshes(&house.bench).await, 1);
    goes_on_elsewhere(&house.bench).await;
}

#[tokio::test]
async fn a_permit_waits_for_a_store_that_is_locked() {
    let house = House::with(Options { limits: true, ..free() }, DAY).await;
    let mut other = house.other().await;
    other.says(LOCK).await;
    let call = house.call();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!call.is_finished());
    assert_eq!(house.bench.arrived().await, [], "no call is made that could not be counted");
    other.says(UNLOCK).await;
    assert_eq!(call.await.unwrap().unwrap().meta.calls, 1);
}

#[tokio::test]
async fn a_store_that_stays_locked_is_one_clear_error_and_nothing_is_lost() {
    let refreshing = House::ended(severe()).await;
    let counting = House::with(Options { limits: true, ..free() }, DAY).await;
    let before = (stored(&refreshing.bench).await, stored(&counting.bench).await);
    let (mut one, mut another) = (refreshing.other().await, counting.other().await);
    one.says(LOCK).await;
    another.says(LOCK).await;
    // Both wait as long as the store itself does.
    let errors = tokio::join!(fails(&refreshing.bench), fails(&counting.bench));
    one.says(UNLOCK).await;
    another.says(UNLOCK).await;
    for (error, house) in [(errors.0, &refreshing), (errors.1, &counting)] {
        assert_eq!((error.code, error.sent), (Code::Store, Sent::No), "{error:?}");
        assert!(error.detail.contains("another process holds it"), "{}", error.detail);
        assert_eq!(house.bench.arrived().await, []);
        assert_eq!(status(&house.bench).await, (Status::Active, Vec::new()));
    }
    assert_eq!((stored(&refreshing.bench).await, stored(&counting.bench).await), before);
    works(&refreshing.bench).await;
    works(&counting.bench).await;
    assert_eq!((refreshes(&refreshing.bench).await, refreshes(&counting.bench).await), (1, 0));
}

// The clock is set back.

/// A bench whose connector goes by a clock that can be set.
async fn by_our_clock(options: Options) -> (Bench, Arc<Quick>) {
    let (mut bench, clock) = (Bench::with(options).await, Arc::new(Quick::default()));
    bench.connector = Connector::builder(Arc::clone(&bench.store), bench.key.clone())
        .clock(Arc::clone(&clock) as Arc<dyn Clock>)
        .build();
    (bench, clock)
}

#[tokio::test]
async fn a_clock_set_back_by_a_day_holds_no_permit_back_and_forgets_none() {
    let (bench, clock) = by_our_clock(free()).await;
    let mut connection = bench.store.connection(CONNECTION).await.unwrap().unwrap();
    (connection.per_second, connection.per_day) = (Some(4), Some(100));
    bench.store.put_connection(&connection, &stored(&bench).await).await.unwrap();
    let mut left = Vec::new();
    for shift in [0, -DAY_MS, DAY_MS] {
        clock.shift(shift);
        for _ in 0..3 {
            let meta = bench.run("get_user_privileges", nothing()).await.unwrap().meta;
            assert!(meta.waited_ms < 2_000, "waited {} ms after {shift}", meta.waited_ms);
            left.push(meta.quota.unwrap().day_remaining);
        }
    }
    assert_eq!(left, [99, 98, 97, 96, 95, 94, 93, 92, 91]);
}

#[tokio::test]
async fn a_clock_set_back_by_a_day_holds_no_refresh_back_and_uses_no_token_twice() {
    let (bench, clock) = by_our_clock(severe()).await;
    adopt(&bench, -1).await;
    works(&bench).await;
    assert_eq!(refreshes(&bench).await, 1);
    clock.shift(-DAY_MS);
    let began = clock.ahead_ms();
    works(&bench).await;
    assert_eq!(refreshes(&bench).await, 1, "the token is good for longer than we think");
    let generation = stored(&bench).await.generation;
    bench.connector.keeper().live(CONNECTION, generation, Some(generation)).await.unwrap();
    works(&bench).await;
    assert_eq!(refreshes(&bench).await, 2);
    assert!(clock.ahead_ms() - began < 5_000, "nobody waited for the old time to come again");
    // Set right again, the clock makes the token older than it is: it is refreshed once.
    clock.shift(DAY_MS);
    works(&bench).await;
    works(&bench).await;
    assert_eq!((refreshes(&bench).await, status(&bench).await), (3, (Status::Active, Vec::new())));
}

#[tokio::test]
async fn a_failure_from_before_the_clock_was_set_back_is_not_believed_for_a_day() {
    let (bench, clock) = by_our_clock(severe()).await;
    adopt(&bench, -2 * DAY).await;
    bench.faults(json!({ "kind": "error503", "path": TOKEN })).await;
    assert_eq!(fails(&bench).await.code, Code::Unavailable);
    clock.shift(-DAY_MS);
    works(&bench).await;
    assert_eq!(refreshes(&bench).await, 2);
}

#[tokio::test]
async fn a_lease_from_before_the_clock_was_set_back_holds_nobody_up_for_a_day() {
    let (bench, clock) = by_our_clock(severe()).await;
    adopt(&bench, -2 * DAY).await;
    // As a process leaves it that was killed in the middle of a refresh, before the clock was set right.
    let now = SystemClock.now_ms();
    bench.store.take_lease(&format!("refresh/{CONNECTION}"), "dead", now, now + 10_000).await.unwrap().unwrap();
    clock.shift(-DAY_MS);
    works(&bench).await;
    assert_eq!(refreshes(&bench).await, 1);
}

// The token endpoint is out of order.

/// Status, media type and body of an answer.
type Words = (u16, &'static str, &'static str);

/// Sends as ever, and puts other words into the place of what the token endpoint answers.
struct Retold {
    inner: HttpClient,
    words: Mutex<Option<Words>>,
}

impl Retold {
    fn with(words: Option<Words>) -> Arc<Self> {
        Arc::new(Self { inner: HttpClient::new(HttpSettings::default()), words: Mutex::new(words) })
    }

    fn say(&self, words: Option<Words>) {
        *self.words.lock().unwrap() = words;
    }
}

#[async_trait]
impl Transport for Retold {
    async fn send(&self, call: HttpCall) -> Result<HttpAnswer, SendFailure> {
        let at_token = call.url.path() == TOKEN;
        let mut answer = self.inner.send(call).await?;
        let words = *self.words.lock().unwrap();
        if let Some((status, kind, body)) = words.filter(|_| at_token) {
            (answer.status, answer.content_type) = (status, kind.to_owned());
            answer.body = Bytes::from_static(body.as_bytes());
        }
        Ok(answer)
    }
}

/// A bench whose token has ended, and whose connector hears these words from the token endpoint. It never waits.
async fn hearing(options: Options, words: Option<Words>) -> (Bench, Arc<Retold>) {
    let (mut bench, retold) = (Bench::with(options).await, Retold::with(words));
    bench.connector = Connector::builder(Arc::clone(&bench.store), bench.key.clone())
        .clock(Arc::new(Quick::default()))
        .transport(Arc::clone(&retold) as Arc<dyn Transport>)
        .build();
    adopt(&bench, -1).await;
    (bench, retold)
}

#[tokio::test]
async fn a_refusal_that_may_pass_leaves_everything_as_it_was() {
    let okta = Some((429, "application/json", OKTA));
    let page = Some((429, "text/html", PAGE));
    for (words, code, asked) in [(None, Code::Unavailable, 1), (okta, Code::Throttled, 4), (page, Code::Throttled, 4)] {
        let (bench, retold) = hearing(severe(), words).await;
        let before = stored(&bench).await;
        // The service itself does nothing.
        bench.faults(json!({ "kind": "error500", "path": TOKEN, "times": 9 })).await;
        let error = fails(&bench).await;
        assert_eq!((error.code, error.sent), (code, Sent::No), "{error:?}");
        assert!(error.detail.contains("token endpoint"), "{}", error.detail);
        assert_eq!(refreshes(&bench).await, asked, "{words:?}");
        assert_eq!(stored(&bench).await, before, "{words:?}");
        assert_eq!(status(&bench).await, (Status::Active, Vec::new()), "{words:?}");
        retold.say(None);
        bench.lever("DELETE", "faults", None).await;
        works(&bench).await;
        assert_eq!(refreshes(&bench).await, asked + 1, "{words:?}");
    }
}

#[tokio::test]
async fn a_token_that_has_minutes_to_live_is_used_while_nothing_better_is_to_be_had() {
    let (bench, clock) = by_our_clock(severe()).await;
    adopt(&bench, 60).await;
    clock.shift(50_000);
    bench.faults(json!({ "kind": "error500", "path": TOKEN })).await;
    works(&bench).await;
    assert_eq!((refreshes(&bench).await, status(&bench).await.0), (1, Status::Active));
    works(&bench).await;
    assert_eq!(refreshes(&bench).await, 2, "and the next call tries again");
}

#[tokio::test]
async fn a_refresh_that_takes_longer_than_its_caller_may_lands_for_the_next() {
    let (bench, _) = hearing(severe(), None).await;
    bench.faults(json!({ "kind": "slow", "path": TOKEN, "delay_ms": 1_500 })).await;
    let mut hurried = request("get_user_privileges", nothing());
    hurried.options.timeout_ms = Some(500);
    let error = bench.connector.invoke(hurried).await.unwrap_err();
    assert_eq!((error.code, error.sent), (Code::Timeout, Sent::No));
    assert!(error.detail.contains("nothing was sent"), "{}", error.detail);
    works(&bench).await;
    assert_eq!((refreshes(&bench).await, status(&bench).await), (1, (Status::Active, Vec::new())));
}

#[tokio::test]
async fn a_page_that_came_in_the_place_of_the_service_costs_nothing() {
    let (bench, retold) = hearing(severe(), Some((200, "text/html", PAGE))).await;
    bench.faults(json!({ "kind": "error500", "path": TOKEN })).await;
    let error = fails(&bench).await;
    assert_eq!((error.code, error.sent), (Code::BadResponse, Sent::No), "{error:?}");
    assert!(error.detail.contains("a web page instead of tokens"), "{}", error.detail);
    assert_eq!(status(&bench).await, (Status::Active, Vec::new()));
    retold.say(None);
    works(&bench).await;
    let after = stored(&bench).await;
    assert_eq!((refreshes(&bench).await, after.refresh_intent_ms), (2, None));
}

/// The service has given new tokens, and they did not come through: cut off in the middle, or replaced by a page.
async fn lost_on_the_way(cut: bool, grace: i64) -> (Bench, SealedTokens) {
    let words = (!cut).then_some((200, "text/html", PAGE));
    let (bench, retold) = hearing(Options { grace, ..severe() }, words).await;
    if cut {
        bench.faults(json!({ "kind": "cut_off", "path": TOKEN })).await;
    }
    let before = stored(&bench).await;
    let error = fails(&bench).await;
    let code = if cut { Code::Unavailable } else { Code::BadResponse };
    assert_eq!((error.code, error.sent), (code, Sent::No), "{error:?}");
    assert!(error.detail.contains("token endpoint"), "{}", error.detail);
    let after = stored(&bench).await;
    assert_eq!((&after.tokens, after.generation), (&before.tokens, before.generation), "what was there stays");
    assert!(after.refresh_intent_ms.is_some(), "and it is noted that a refresh was sent");
    assert_eq!(status(&bench).await, (Status::Active, Vec::new()));
    retold.say(None);
    (bench, before)
}

#[tokio::test]
async fn tokens_lost_on_the_way_are_had_again_within_the_servers_grace() {
    for cut in [true, false] {
        let (bench, before) = lost_on_the_way(cut, 60).await;
        works(&bench).await;
        let after = stored(&bench).await;
        assert_eq!((after.generation, after.refresh_intent_ms), (before.generation + 1, None), "cut: {cut}");
        assert_eq!((refreshes(&bench).await, status(&bench).await), (2, (Status::Active, Vec::new())), "cut: {cut}");
    }
}

#[tokio::test]
async fn without_grace_tokens_lost_on_the_way_are_told_with_their_story() {
    for cut in [true, false] {
        let (bench, before) = lost_on_the_way(cut, 0).await;
        let error = fails(&bench).await;
        assert_eq!((error.code, error.sent), (Code::ReconnectRequired, Sent::No), "{error:?}");
        for words in ["broke off before its answer was stored", "connect again under the same name"] {
            assert!(error.detail.contains(words), "{}", error.detail);
        }
        let (status, reasons) = status(&bench).await;
        assert_eq!((status, reasons.len()), (Status::ReconnectRequired, 1), "{reasons:?}");
        assert!(error.detail.ends_with(&reasons[0]), "the error and the list of connections say the same");
        assert_eq!(stored(&bench).await.tokens, before.tokens, "nothing is blanked");
        let arrived = bench.arrived().await.len();
        assert_eq!(fails(&bench).await.code, Code::ReconnectRequired);
        assert_eq!(bench.arrived().await.len(), arrived, "and it is not tried again");
    }
}
