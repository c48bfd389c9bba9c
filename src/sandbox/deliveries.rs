//! Notifications to partners: really posted, but to this machine only.
//!
//! A stand-in must not call strangers, so what is meant for another machine is kept and marked, never sent. When an
//! attempt is due goes by the sandbox's clock; only the wait for an answer is real time.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{
    env::{later, millis},
    hook,
    resources::partner_billing,
    world::World,
};

/// Between two attempts, and from the first to the last of them, by the sandbox's clock.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);
const LONGEST: SignedDuration = SignedDuration::from_secs(3_600);
/// How often it is looked for what is due, and how long an answer is waited for, in real time.
const BEAT: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(5);
/// Attempts under way at a time.
const AT_ONCE: usize = 32;
/// Deliveries that are kept; the oldest go first.
const KEPT: usize = 10_000;

/// One notification on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Delivery {
    id: u64,
    topic_id: u32,
    uri: String,
    body: Value,
    queued_at: Timestamp,
    /// When the next attempt is due.
    due_at: Timestamp,
    attempts: u32,
    state: State,
    /// What came of the last attempt, in words.
    result: String,
}

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Waiting,
    Delivered,
    /// Nobody took it for an hour.
    GivenUp,
    /// It was never tried: it would have left this machine.
    NotDelivered,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
            Self::NotDelivered => "not_delivered",
        }
    }
}

/// All deliveries, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Deliveries {
    list: VecDeque<Delivery>,
    last_id: u64,
}

/// One attempt to make.
struct Parcel {
    id: u64,
    uri: String,
    body: String,
}

/// The status that was answered, or why there was none.
type Attempt = Result<u16, String>;

impl Deliveries {
    /// Puts a notification on its way; the first attempt is due at once.
    pub(super) fn push(&mut self, topic_id: u32, uri: &str, body: Value, now: Timestamp) {
        let (state, result) = match hook::address(uri) {
            Ok(_) => (State::Waiting, String::new()),
            Err(reason) => (State::NotDelivered, reason.to_owned()),
        };
        if self.list.len() >= KEPT {
            self.list.pop_front();
        }
        self.last_id += 1;
        let (id, uri) = (self.last_id, uri.to_owned());
        let (queued_at, due_at, attempts) = (now, now, 0);
        self.list.push_back(Delivery { id, topic_id, uri, body, queued_at, due_at, attempts, state, result });
    }

    /// Takes up to `room` that are due and not under way. Each counts as tried, and is due again in a minute.
    fn take(&mut self, under_way: &BTreeSet<u64>, room: usize, now: Timestamp) -> Vec<Parcel> {
        let due = |d: &&mut Delivery| d.state == State::Waiting && d.due_at <= now && !under_way.contains(&d.id);
        let mut parcels = Vec::new();
        for delivery in self.list.iter_mut().filter(due).take(room) {
            delivery.attempts += 1;
            delivery.due_at = later(now, AGAIN);
            parcels.push(Parcel { id: delivery.id, uri: delivery.uri.clone(), body: delivery.body.to_string() });
        }
        parcels
    }

    /// Notes what came of an attempt: any 2xx is success, anything else is tried again until the hour is over.
    fn note(&mut self, id: u64, attempt: Attempt) {
        let Some(delivery) = self.list.iter_mut().find(|d| d.id == id) else { return };
        delivery.state = match attempt {
            Ok(200..=299) => State::Delivered,
            _ if delivery.due_at > later(delivery.queued_at, LONGEST) => State::GivenUp,
            _ => State::Waiting,
        };
        delivery.result = match attempt {
            Ok(status) => format!("answered {status}"),
            Err(error) => error,
        };
    }

    /// All of them, for people and tests to look at.
    pub(super) fn shown(&self) -> Value {
        self.list.iter().map(shown).collect()
    }
}

fn shown(delivery: &Delivery) -> Value {
    let waiting = delivery.state == State::Waiting;
    json!({
        "id": delivery.id, "topic_id": delivery.topic_id, "hook_uri": delivery.uri, "body": delivery.body,
        "queued_at": millis(delivery.queued_at), "attempts": delivery.attempts, "state": delivery.state.name(),
        "result": delivery.result, "due_at": waiting.then(|| millis(delivery.due_at)),
    })
}

/// Delivers what is due, for as long as the task lives. The attempts under way end with it.
pub(super) async fn run(world: Arc<Mutex<World>>) {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut under_way = BTreeSet::new();
    let mut posts = JoinSet::new();
    loop {
        beat.tick().await;
        let mut done = Vec::new();
        while let Some(ended) = posts.try_join_next() {
            done.extend(ended);
        }
        for parcel in step(&world, &mut under_way, done) {
            posts.spawn(post(parcel));
        }
    }
}

/// One look at the world: what ended is noted, what is due is taken. The lock is held no longer than that.
fn step(world: &Mutex<World>, under_way: &mut BTreeSet<u64>, done: Vec<(u64, Attempt)>) -> Vec<Parcel> {
    let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
    partner_billing::advance(&mut world);
    let now = world.env.now();
    let ended = done.len();
    for (id, attempt) in done {
        under_way.remove(&id);
        world.partner.deliveries.note(id, attempt);
    }
    let room = AT_ONCE.saturating_sub(under_way.len());
    let parcels = world.partner.deliveries.take(under_way, room, now);
    under_way.extend(parcels.iter().map(|parcel| parcel.id));
    if ended + parcels.len() > 0 {
        world.changes += 1;
    }
    parcels
}

async fn post(parcel: Parcel) -> (u64, Attempt) {
    let attempt = match timeout(PATIENCE, hook::send(&parcel.uri, parcel.body)).await {
        Ok(Ok(status)) => Ok(status),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    };
    (parcel.id, attempt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(n: i64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, SignedDuration::from_secs(60 * n))
    }

    fn queued(uri: &str) -> Deliveries {
        let mut deliveries = Deliveries::default();
        deliveries.push(1, uri, json!({}), minute(0));
        deliveries
    }

    fn seen(deliveries: &Deliveries, name: &str) -> String {
        let shown = deliveries.shown();
        shown.pointer(&format!("/0/{name}")).and_then(Value::as_str).unwrap_or("").to_owned()
    }

    #[test]
    fn what_is_for_another_machine_is_kept_and_never_tried() {
        let mut deliveries = queued("https://hooks.example.com/tier");
        assert!(deliveries.take(&BTreeSet::new(), 9, minute(1)).is_empty());
        assert_eq!(seen(&deliveries, "state"), "not_delivered");
        assert_eq!(seen(&deliveries, "result"), "not delivered: not a loopback address");
    }

    #[test]
    fn a_failure_is_repeated_every_minute_for_an_hour() {
        let mut deliveries = queued("http://localhost/hook");
        let mut tries = 0;
        for n in 0..90 {
            assert!(deliveries.take(&BTreeSet::from([1]), 9, minute(n)).is_empty(), "not while one is under way");
            for parcel in deliveries.take(&BTreeSet::new(), 9, minute(n)) {
                tries += 1;
                deliveries.note(parcel.id, Err("refused".to_owned()));
            }
        }
        assert_eq!((tries, seen(&deliveries, "state").as_str()), (61, "given_up"));
    }

    #[test]
    fn any_success_ends_it_and_nothing_else_does() {
        for (status, state) in [(200, "delivered"), (204, "delivered"), (302, "waiting"), (500, "waiting")] {
            let mut deliveries = queued("http://localhost/hook");
            assert_eq!(deliveries.take(&BTreeSet::new(), 9, minute(0)).len(), 1);
            deliveries.note(1, Ok(status));
            assert_eq!(seen(&deliveries, "state"), state, "{status}");
            assert_eq!(seen(&deliveries, "result"), format!("answered {status}"));
        }
    }
}
