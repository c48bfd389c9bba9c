//! A page of the ledger: what one API key has spent, and when the next call may go. Pure; the store keeps it.
//!
//! The service counts over a sliding second, so a permit is given when a second and a margin have passed since the
//! fourth-last one. A bucket with a burst would let seven calls through in one second.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{DAY_MS, Grant, LedgerView, Limits, Priority, day_end_ms};

/// How much longer than a second we wait: our clock and the network's jitter are not the service's clock.
pub(crate) const MARGIN_MS: i64 = 25;
/// The same where only one call a second goes: there a wide margin costs little, and a handshake may take its time.
const WIDE_MARGIN_MS: i64 = 150;

/// How far callers' clocks may be apart, and how long the service's day may end after ours.
pub(crate) const JITTER_MS: i64 = 5_000;

/// What one API key has spent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerPage {
    /// The UTC day, counted from 1970.
    pub day: i64,
    /// Permits given that day, by priority.
    pub used: BTreeMap<String, u64>,
    /// Times of the last permits, oldest first; as many as a second may hold.
    pub recent: VecDeque<i64>,
    /// The service said: nothing before this.
    #[serde(default)]
    pub blocked_until_ms: i64,
}

impl LedgerPage {
    /// Asks for a permit at `now_ms`, and books it when it is given.
    pub fn ask(&mut self, limits: Limits, priority: Priority, now_ms: i64) -> Grant {
        let now_ms = self.turn(now_ms);
        let used: u64 = self.used.values().sum();
        if limits.per_day > 0 && used >= allowance(limits, priority) {
            return Grant::Exhausted { resets_ms: day_end_ms(now_ms) };
        }
        if self.blocked_until_ms > now_ms {
            let at_ms = self.blocked_until_ms;
            return if at_ms >= day_end_ms(now_ms) {
                Grant::Exhausted { resets_ms: at_ms }
            } else {
                Grant::Later { at_ms }
            };
        }
        let width = usize::try_from(limits.per_second).unwrap_or(usize::MAX);
        if width > 0 && self.recent.len() >= width {
            let margin = if width == 1 { WIDE_MARGIN_MS } else { MARGIN_MS };
            let at_ms = self.recent[self.recent.len() - width] + 1_000 + margin;
            if at_ms > now_ms {
                return Grant::Later { at_ms };
            }
        }
        self.book(width, priority, now_ms);
        Grant::Now { day_remaining: u64::from(limits.per_day).saturating_sub(used + 1) }
    }

    /// Brings the page to `now_ms`, and gives the time to go by: never before the last permit, since callers may come to
    /// the store in another order than they looked at their clocks.
    ///
    /// A new day begins at nothing. A page that lies further ahead than such jitter was written by a clock that was
    /// wrong: it is not believed, or it would block for as long as the clock was ahead.
    fn turn(&mut self, now_ms: i64) -> i64 {
        let today = now_ms.div_euclid(DAY_MS);
        if today > self.day || self.day > today + 1 {
            self.day = today;
            self.used.clear();
        }
        self.recent.retain(|at| *at <= now_ms + JITTER_MS);
        self.blocked_until_ms = self.blocked_until_ms.min(day_end_ms(now_ms) + JITTER_MS);
        self.recent.back().copied().unwrap_or(now_ms).max(now_ms)
    }

    fn book(&mut self, width: usize, priority: Priority, now_ms: i64) {
        *self.used.entry(name(priority).to_owned()).or_default() += 1;
        self.recent.push_back(now_ms);
        while self.recent.len() > width.max(1) {
            self.recent.pop_front();
        }
    }

    /// Figures as of `now_ms`.
    pub fn view(&self, now_ms: i64) -> LedgerView {
        let mut page = self.clone();
        let _ = page.turn(now_ms);
        LedgerView { used: page.used.values().sum(), by_priority: page.used, blocked_until_ms: page.blocked_until_ms }
    }
}

/// What of the day someone may use: all of it for people who wait, the rest keep the reserve.
fn allowance(limits: Limits, priority: Priority) -> u64 {
    let reserve = if priority == Priority::Interactive { 0 } else { limits.reserve.min(limits.per_day / 2) };
    u64::from(limits.per_day - reserve)
}

fn name(priority: Priority) -> &'static str {
    match priority {
        Priority::Interactive => "interactive",
        Priority::Action => "action",
        Priority::Poll => "poll",
        Priority::Background => "background",
    }
}

#[cfg(test)]
mod tests {
    use super::LedgerPage;
    use crate::store::{DAY_MS, Grant, Limits, Priority};

    const LIMITS: Limits = Limits { per_second: 4, per_day: 100, reserve: 10 };

    #[test]
    fn no_second_ever_holds_more_than_four() {
        let mut page = LedgerPage::default();
        let mut given = Vec::new();
        let mut now = 1_000_000;
        while given.len() < 40 {
            match page.ask(LIMITS, Priority::Action, now) {
                Grant::Now { .. } => given.push(now),
                Grant::Later { at_ms } => now = at_ms,
                Grant::Exhausted { .. } => panic!("not yet"),
            }
        }
        assert!(given.windows(5).all(|w| w[4] - w[0] > 1_000));
        assert!(given[39] - given[0] <= 9 * 1_025, "no time wasted");
    }

    #[test]
    fn the_day_ends_keeps_a_reserve_and_begins_again() {
        let mut page = LedgerPage::default();
        let free = Limits { per_second: 0, ..LIMITS };
        let morning = DAY_MS * 100;
        for _ in 0..90 {
            assert!(matches!(page.ask(free, Priority::Action, morning), Grant::Now { .. }));
        }
        assert_eq!(page.ask(free, Priority::Action, morning), Grant::Exhausted { resets_ms: DAY_MS * 101 });
        assert!(matches!(page.ask(free, Priority::Interactive, morning), Grant::Now { day_remaining: 9 }));
        assert!(matches!(page.ask(free, Priority::Action, DAY_MS * 101), Grant::Now { day_remaining: 99 }));
    }

    #[test]
    fn callers_in_another_order_than_their_clocks_get_no_more_than_four() {
        let mut page = LedgerPage::default();
        let stamps = [1_004, 1_003, 1_002, 1_001, 1_000, 1_005, 1_006, 1_007, 1_008];
        let given = stamps.iter().filter(|at| matches!(page.ask(LIMITS, Priority::Action, **at), Grant::Now { .. }));
        assert_eq!(given.count(), 4);
    }

    #[test]
    fn a_page_from_a_clock_far_ahead_is_not_believed() {
        let mut page = LedgerPage::default();
        assert!(matches!(page.ask(LIMITS, Priority::Action, DAY_MS * 5_000), Grant::Now { .. }));
        page.blocked_until_ms = DAY_MS * 5_001;
        let now = DAY_MS * 100;
        assert_eq!(page.ask(LIMITS, Priority::Action, now), Grant::Exhausted { resets_ms: now + DAY_MS + 5_000 });
        page.blocked_until_ms = 0;
        assert!(matches!(page.ask(LIMITS, Priority::Action, now), Grant::Now { day_remaining: 99 }));
    }

    #[test]
    fn a_clock_set_back_neither_blocks_nor_overspends() {
        let mut page = LedgerPage::default();
        assert!(matches!(page.ask(LIMITS, Priority::Action, DAY_MS * 5), Grant::Now { .. }));
        assert!(matches!(page.ask(LIMITS, Priority::Action, DAY_MS * 4), Grant::Now { day_remaining: 98 }));
    }
}
