//! The budget of an API key. The service sends no rate headers, so the ledger is ours, kept in the store and shared by
//! every process on it.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::Clock,
    protocol::{ActionError, Code},
    store::{Grant, Limits, Priority, Store, StoreError, day_end_ms},
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
}

impl Budget {
    /// A budget on this store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Waits for a permit, but not past `deadline_ms`: a wait that would pass it is refused at once, with the time at
    /// which it would have been given.
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
        loop {
            let now = self.clock.now_ms();
            match self.store.permit(ledger, limits, priority, now).await.map_err(store_error)? {
                Grant::Now { day_remaining } => {
                    let waited_ms = u64::try_from(now - began).unwrap_or(0);
                    return Ok(Permit { waited_ms, day_remaining: (limits.per_day > 0).then_some(day_remaining) });
                }
                Grant::Exhausted { resets_ms } => return Err(exhausted(resets_ms, now)),
                Grant::Later { at_ms } if at_ms > deadline_ms => return Err(too_long(at_ms, now)),
                Grant::Later { at_ms } => {
                    let wait = u64::try_from(at_ms - now).unwrap_or(1).max(1);
                    self.clock.sleep(Duration::from_millis(wait)).await;
                }
            }
        }
    }

    /// The service said "too many in a second": someone else uses the key too. Nothing goes for a second.
    pub async fn learn_throttled(&self, ledger: &str) -> Result<(), ActionError> {
        self.store.block_ledger(ledger, self.clock.now_ms() + 1_030).await.map_err(store_error)
    }

    /// The service said "the day is used up". Nothing goes before midnight, UTC.
    pub async fn learn_exhausted(&self, ledger: &str) -> Result<(), ActionError> {
        self.store.block_ledger(ledger, day_end_ms(self.clock.now_ms())).await.map_err(store_error)
    }
}

/// A store's failure as an error of which nothing was sent.
pub(crate) fn store_error(error: StoreError) -> ActionError {
    ActionError::new(Code::Store, error.0)
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
