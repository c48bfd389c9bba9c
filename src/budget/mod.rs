//! The budget of an API key. The service sends no rate headers, so the ledger is ours, kept in the store and shared by
//! every process on it.

mod queue;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use queue::Queue;

use crate::{
    clock::Clock,
    protocol::{ActionError, Code},
    store::{
        Asker, DAY_MS, Grant, Limits, Priority, Store, StoreError, day_end_ms,
        ledger::{JITTER_MS, MARGIN_MS},
    },
};

/// What waiting for a permit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    /// Milliseconds waited.
    pub waited_ms: u64,
    /// Calls left today; none when nothing is counted.
    pub day_remaining: Option<u64>,
}

/// Gives permits.
#[derive(Clone)]
pub struct Budget {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    queues: Arc<Mutex<HashMap<String, Arc<Queue>>>>,
    /// The name of this one's place in the lines that all processes share.
    line: Arc<str>,
}

impl Budget {
    /// A budget on this store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let line = uuid::Uuid::new_v4().simple().to_string().into();
        Self { store, clock, queues: Arc::default(), line }
    }

    /// Waits for a permit, in turn, but not past `deadline_ms`: a wait that would pass it is refused at once, with the
    /// time at which it would have been given.
    pub async fn permit(
        &self,
        ledger: &str,
        limits: Limits,
        priority: Priority,
        deadline_ms: i64,
    ) -> Result<Permit, ActionError> {
        if limits.per_second == 0 && limits.per_day == 0 {
            return Ok(Permit { waited_ms: 0, day_remaining: None });
        }
        let began = self.clock.now_ms();
        let turn = self.queue(ledger).enter(priority, began);
        loop {
            let now = self.clock.now_ms();
            let moved = turn.moved();
            let ahead = turn.ahead();
            let expected = now + pace_ms(ahead, limits);
            if expected > deadline_ms {
                return Err(too_long(expected, now));
            }
            let until = if ahead > 0 {
                // Whoever is ahead wakes us by going; the time is only a safeguard.
                deadline_ms.min(now + 1_000)
            } else {
                let asker = Asker { line: &self.line, rank_ms: turn.rank_ms(), until_ms: deadline_ms, priority };
                match self.store.permit(ledger, limits, asker, now).await.map_err(store_error)? {
                    Grant::Now { day_remaining } => {
                        let waited_ms = u64::try_from(now - began).unwrap_or(0);
                        return Ok(Permit { waited_ms, day_remaining: (limits.per_day > 0).then_some(day_remaining) });
                    }
                    Grant::Exhausted { resets_ms } => return Err(exhausted(resets_ms, now)),
                    Grant::Later { due_ms, .. } if due_ms > deadline_ms => return Err(too_long(due_ms, now)),
                    Grant::Later { at_ms, .. } => at_ms,
                }
            };
            let wait = Duration::from_millis(u64::try_from(until - now).unwrap_or(1).max(1));
            tokio::select! {
                () = self.clock.sleep(wait) => {}
                () = moved => {}
            }
        }
    }

    fn queue(&self, ledger: &str) -> Arc<Queue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry(ledger.to_owned()).or_default())
    }

    /// The service said "too many in a second": someone else uses the key too. Nothing goes for a second.
    pub async fn learn_throttled(&self, ledger: &str) -> Result<(), ActionError> {
        self.store.block_ledger(ledger, self.clock.now_ms() + 1_030).await.map_err(store_error)
    }

    /// The service said "the day is used up". Nothing goes before a little after midnight, UTC; gives that time.
    ///
    /// An answer of the first minutes of a day may be to a call of the day before, or our clock may be ahead: then a
    /// minute's rest is enough, where a whole day would be lost.
    pub async fn learn_exhausted(&self, ledger: &str, counted: bool) -> Result<i64, ActionError> {
        let now = self.clock.now_ms();
        let young = now.rem_euclid(DAY_MS) < 5 * 60_000;
        let until = if young { now + 60_000 } else { day_end_ms(now) + JITTER_MS };
        if counted {
            self.store.block_ledger(ledger, until).await.map_err(store_error)?;
        }
        Ok(until)
    }
}

/// A store's failure as an error of which nothing was sent.
pub(crate) fn store_error(error: StoreError) -> ActionError {
    ActionError::new(Code::Store, error.0)
}

/// How long at the least until so many others have had their permits.
fn pace_ms(ahead: usize, limits: Limits) -> i64 {
    if limits.per_second == 0 {
        return 0;
    }
    let width = i64::from(limits.per_second);
    i64::try_from(ahead).unwrap_or(i64::MAX / 2) / width * (1_000 + MARGIN_MS)
}

fn exhausted(resets_ms: i64, now_ms: i64) -> ActionError {
    let detail = format!("the day's calls of this API key are used up until {}", iso(resets_ms));
    ActionError::new(Code::QuotaExhausted, detail).retry_after(u64::try_from(resets_ms - now_ms).ok())
}

fn too_long(at_ms: i64, now_ms: i64) -> ActionError {
    let detail =
        format!("the next permit of this API key is due at {}, after the time allowed for the call", iso(at_ms));
    ActionError::new(Code::Throttled, detail).retry_after(u64::try_from(at_ms - now_ms).ok())
}

/// Milliseconds since 1970 as an ISO time.
pub(crate) fn iso(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| "an unknown time".to_owned(), |t| t.to_string())
}
