//! A page of the ledger: what one API key has spent, and when the next call may go. Pure; the store keeps it.
//!
//! The service counts over a sliding second, so a permit is given when a second and a margin have passed since the
//! fourth-last one. A bucket with a burst would let seven calls through in one second.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{DAY_MS, Grant, LedgerView, Limits, Priority, day_end_ms};

/// How much longer than a second we wait: our clock and the network's jitter are not the service's clock.
const MARGIN_MS: i64 = 30;

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
        self.turn(now_ms);
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
            let at_ms = self.recent[self.recent.len() - width] + 1_000 + MARGIN_MS;
            if at_ms > now_ms {
                return Grant::Later { at_ms };
            }
        }
        self.book(width, priority, now_ms);
        Grant::Now { day_remaining: u64::from(limits.per_day).saturating_sub(used + 1) }
    }

    /// A new day begins at nothing. A clock set back keeps the day it had: better too careful than refused.
    fn turn(&mut self, now_ms: i64) {
        let today = now_ms.div_euclid(DAY_MS);
        if today > self.day {
            self.day = today;
            self.used.clear();
        }
        // Permits "in the future" would block for as long as the clock was set back.
        self.recent.retain(|at| *at <= now_ms);
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
        page.turn(now_ms);
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
        assert!(given[39] - given[0] <= 9 * 1_030, "no time wasted");
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
    fn a_clock_set_back_neither_blocks_nor_overspends() {
        let mut page = LedgerPage::default();
        assert!(matches!(page.ask(LIMITS, Priority::Action, DAY_MS * 5), Grant::Now { .. }));
        assert!(matches!(page.ask(LIMITS, Priority::Action, DAY_MS * 4), Grant::Now { day_remaining: 98 }));
    }
}
