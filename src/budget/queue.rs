//! Waiting in turn: of those who wait for one ledger in this process, only the foremost asks the store, where it stands
//! in the line of all processes under its own rank.
//!
//! Turns are ordered by when someone came plus a head start for who is more urgent. A later comer with the same urgency
//! can never get ahead, and a more urgent one only for as long as the head start lasts: nobody waits for ever.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use crate::protocol::Priority;

/// How much later a less urgent caller counts as having come.
const HEAD_START_MS: i64 = 3_000;

/// Those who wait for one ledger.
#[derive(Debug, Default)]
pub(super) struct Queue {
    turns: Mutex<BTreeSet<(i64, u64)>>,
    counter: AtomicU64,
    moved: Notify,
}

/// A place in the queue; given up when dropped, so that a caller who goes away holds nobody up.
#[derive(Debug)]
pub(super) struct Turn {
    queue: Arc<Queue>,
    key: (i64, u64),
}

impl Queue {
    /// Takes a place.
    pub(super) fn enter(self: &Arc<Self>, priority: Priority, now_ms: i64) -> Turn {
        let lateness = match priority {
            Priority::Interactive => 0,
            Priority::Action => 1,
            Priority::Poll => 2,
            Priority::Background => 3,
        };
        let key = (now_ms + lateness * HEAD_START_MS, self.counter.fetch_add(1, Ordering::Relaxed));
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        // Someone may have been overtaken.
        self.moved.notify_waiters();
        Turn { queue: Arc::clone(self), key }
    }
}

impl Turn {
    /// When its owner came, later for the less urgent; across processes this is its rank.
    pub(super) fn rank_ms(&self) -> i64 {
        self.key.0
    }

    /// How many go before.
    pub(super) fn ahead(&self) -> usize {
        self.queue.turns.lock().unwrap_or_else(PoisonError::into_inner).range(..self.key).count()
    }

    /// Waits until the order may have changed.
    pub(super) fn moved(&self) -> tokio::sync::futures::Notified<'_> {
        self.queue.moved.notified()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.queue.turns.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        self.queue.moved.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Queue;
    use crate::protocol::Priority;

    #[test]
    fn the_urgent_go_first_and_nobody_waits_for_ever() {
        let queue = Arc::new(Queue::default());
        let background = queue.enter(Priority::Background, 0);
        let action = queue.enter(Priority::Action, 10);
        let person = queue.enter(Priority::Interactive, 20);
        assert_eq!((person.ahead(), action.ahead(), background.ahead()), (0, 1, 2));
        let much_later = queue.enter(Priority::Interactive, 10_000);
        assert_eq!((background.ahead(), much_later.ahead()), (2, 3), "a head start is not for ever");
        drop(person);
        assert_eq!((action.ahead(), background.ahead()), (0, 1));
    }
}
