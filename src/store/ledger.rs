//! A page of the ledger: what one API key has spent, and when the next call may go. Pure; the store keeps it.
//!
//! The service counts over a sliding second, so a permit is given when a second and a margin have passed since the
//! fourth-last one. A bucket with a burst would let seven calls through in one second.
//!
//! Processes that wait stand in a line on the page, in the order of their ranks, each with the time at which it will
//! ask again. Whoever does not come when its turn is there is passed over a moment later, so that a process that was
//! killed in the line holds nobody up.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{Asker, DAY_MS, Grant, LedgerView, Limits, Priority, day_end_ms};

/// How much longer than a second we wait: our clock and the network's jitter are not the service's clock.
pub(crate) const MARGIN_MS: i64 = 25;
/// The same where only one call a second goes: there a wide margin costs little, and a handshake may take its time.
const WIDE_MARGIN_MS: i64 = 150;

/// How far callers' clocks may be apart, and how long the service's day may end after ours.
pub(crate) const JITTER_MS: i64 = 5_000;

/// How much of coming late is made good; so much less than the margin is left in the worst case.
const LATE_MS: i64 = 5;

/// How long after the time for which it was called a process is waited for.
const PATIENCE_MS: i64 = 40;

/// A block that ends so soon is that of a second, even where it reaches over midnight.
const MOMENT_MS: i64 = 2_000;

/// One process in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its place: lower ranks go first.
    pub rank_ms: i64,
    /// When it will ask again.
    pub next_ms: i64,
}

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
    /// Who waits, by the name of its line.
    #[serde(default)]
    pub waiting: BTreeMap<String, Waiting>,
}

impl LedgerPage {
    /// Asks for a permit at `now_ms`, and books it when it is given; else notes when the asker comes again.
    pub fn ask(&mut self, limits: Limits, asker: Asker<'_>, now_ms: i64) -> Grant {
        let now_ms = self.turn(now_ms);
        let used: u64 = self.used.values().sum();
        if limits.per_day > 0 && used >= allowance(limits, asker.priority) {
            return Grant::Exhausted { resets_ms: day_end_ms(now_ms) };
        }
        if self.blocked_until_ms > now_ms {
            let at_ms = self.blocked_until_ms;
            return if at_ms >= day_end_ms(now_ms) && at_ms - now_ms > MOMENT_MS {
                Grant::Exhausted { resets_ms: at_ms }
            } else {
                Grant::Later { at_ms, due_ms: at_ms }
            };
        }
        let width = usize::try_from(limits.per_second).unwrap_or(usize::MAX);
        self.forget_strays(width, now_ms);
        let ahead = self.ahead(asker);
        let due_ms = self.slot(width, ahead, now_ms);
        if due_ms > now_ms && due_ms > asker.until_ms {
            // Who goes away keeps no place: behind enough of these, everybody else would be told to go away too.
            self.waiting.remove(asker.line);
            return Grant::Later { at_ms: due_ms, due_ms };
        }
        if due_ms > now_ms {
            let at_ms = self.call_for(width, ahead, now_ms);
            self.stand(asker, at_ms);
            return Grant::Later { at_ms, due_ms };
        }
        self.waiting.remove(asker.line);
        self.book(width, asker.priority, now_ms);
        Grant::Now { day_remaining: u64::from(limits.per_day).saturating_sub(used + 1) }
    }

    /// Nobody asks again later than when all who wait would have gone: whoever means to was told so by a clock that has
    /// been set back since, and would hold the line up for as long.
    fn forget_strays(&mut self, width: usize, now_ms: i64) {
        let last = self.slot(width, self.waiting.len(), now_ms) + JITTER_MS;
        self.waiting.retain(|_, one| one.next_ms <= last);
    }

    /// How many stand before the asker.
    fn ahead(&self, asker: Asker<'_>) -> usize {
        let own = (asker.rank_ms, asker.line);
        self.waiting
            .iter()
            .filter(|(line, one)| line.as_str() != asker.line && (one.rank_ms, line.as_str()) < own)
            .count()
    }

    /// When the next permit may go after `ahead` others have had theirs as soon as they could.
    fn slot(&self, width: usize, ahead: usize, now_ms: i64) -> i64 {
        if width == 0 {
            return now_ms;
        }
        let mut recent = self.recent.clone();
        let mut next = now_ms;
        for _ in 0..=ahead {
            next = due(&recent, width).unwrap_or(now_ms).max(next);
            recent.push_back(next);
        }
        next
    }

    /// When somebody with `ahead` others before it is to ask again: for the turn before its own, so that there is
    /// someone to take it if the other does not come; and when that is now, as soon as the other would be passed over.
    fn call_for(&self, width: usize, ahead: usize, now_ms: i64) -> i64 {
        let called = self.slot(width, ahead.saturating_sub(1), now_ms);
        if called > now_ms {
            return called;
        }
        let front = self.waiting.values().min_by_key(|one| one.rank_ms);
        front.map_or(now_ms, |front| front.next_ms + PATIENCE_MS).max(now_ms + 1)
    }

    fn stand(&mut self, asker: Asker<'_>, next_ms: i64) {
        if !asker.line.is_empty() {
            self.waiting.insert(asker.line.to_owned(), Waiting { rank_ms: asker.rank_ms, next_ms });
        }
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
        self.waiting.retain(|_, one| one.next_ms >= now_ms - PATIENCE_MS);
        self.recent.back().copied().unwrap_or(now_ms).max(now_ms)
    }

    fn book(&mut self, width: usize, priority: Priority, now_ms: i64) {
        *self.used.entry(name(priority).to_owned()).or_default() += 1;
        // A few milliseconds by which somebody came late to a turn are not lost: the next one counts from when this one
        // was due.
        let at_ms = due(&self.recent, width).map_or(now_ms, |due_ms| due_ms.clamp(now_ms - LATE_MS, now_ms));
        self.recent.push_back(self.recent.back().map_or(at_ms, |last| at_ms.max(*last)));
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

/// When the next permit is due after these, if there were enough of them to make it wait.
fn due(recent: &VecDeque<i64>, width: usize) -> Option<i64> {
    let pause = 1_000 + if width == 1 { WIDE_MARGIN_MS } else { MARGIN_MS };
    recent.len().checked_sub(width).filter(|_| width > 0).and_then(|at| recent.get(at)).map(|at| at + pause)
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
    use crate::store::{Asker, DAY_MS, Grant, Limits, Priority};

    const ACTION: Asker<'_> = Asker::passing(Priority::Action);
    const LIMITS: Limits = Limits { per_second: 4, per_day: 100, reserve: 10 };

    #[test]
    fn no_second_ever_holds_more_than_four() {
        let mut page = LedgerPage::default();
        let mut given = Vec::new();
        let mut now = 1_000_000;
        while given.len() < 40 {
            match page.ask(LIMITS, ACTION, now) {
                Grant::Now { .. } => given.push(now),
                Grant::Later { at_ms, .. } => now = at_ms,
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
            assert!(matches!(page.ask(free, ACTION, morning), Grant::Now { .. }));
        }
        assert_eq!(page.ask(free, ACTION, morning), Grant::Exhausted { resets_ms: DAY_MS * 101 });
        assert!(matches!(
            page.ask(free, Asker::passing(Priority::Interactive), morning),
            Grant::Now { day_remaining: 9 }
        ));
        assert!(matches!(page.ask(free, ACTION, DAY_MS * 101), Grant::Now { day_remaining: 99 }));
    }

    #[test]
    fn callers_in_another_order_than_their_clocks_get_no_more_than_four() {
        let mut page = LedgerPage::default();
        let stamps = [1_004, 1_003, 1_002, 1_001, 1_000, 1_005, 1_006, 1_007, 1_008];
        let given = stamps.iter().filter(|at| matches!(page.ask(LIMITS, ACTION, **at), Grant::Now { .. }));
        assert_eq!(given.count(), 4);
    }

    #[test]
    fn a_page_from_a_clock_far_ahead_is_not_believed() {
        let mut page = LedgerPage::default();
        assert!(matches!(page.ask(LIMITS, ACTION, DAY_MS * 5_000), Grant::Now { .. }));
        page.blocked_until_ms = DAY_MS * 5_001;
        let now = DAY_MS * 100;
        assert_eq!(page.ask(LIMITS, ACTION, now), Grant::Exhausted { resets_ms: now + DAY_MS + 5_000 });
        page.blocked_until_ms = 0;
        assert!(matches!(page.ask(LIMITS, ACTION, now), Grant::Now { day_remaining: 99 }));
    }

    #[test]
    fn a_clock_set_back_neither_blocks_nor_overspends() {
        let mut page = LedgerPage::default();
        assert!(matches!(page.ask(LIMITS, ACTION, DAY_MS * 5), Grant::Now { .. }));
        assert!(matches!(page.ask(LIMITS, ACTION, DAY_MS * 4), Grant::Now { day_remaining: 98 }));
    }

    /// Lets these lines ask for ever, each a few milliseconds late, and counts the permits of each until `until`.
    fn race(lines: &[&str], until: i64, dies: Option<(&str, i64)>) -> Vec<usize> {
        let mut page = LedgerPage::default();
        let limits = Limits { per_second: 4, per_day: 0, reserve: 0 };
        // When each asks next, and since when it has been waiting.
        let mut state: Vec<(i64, i64)> = lines.iter().map(|_| (0, 0)).collect();
        let mut given = vec![0; lines.len()];
        loop {
            let Some(nth) = (0..lines.len()).min_by_key(|n| state[*n]) else { return given };
            let (now, since) = state[nth];
            if now >= until {
                return given;
            }
            if dies.is_some_and(|(line, at)| line == lines[nth] && now >= at) {
                state[nth].0 = i64::MAX;
                continue;
            }
            let asker = Asker { line: lines[nth], rank_ms: since, until_ms: i64::MAX, priority: Priority::Action };
            match page.ask(limits, asker, now) {
                Grant::Now { .. } => {
                    given[nth] += 1;
                    state[nth] = (now + 3, now + 3);
                }
                Grant::Later { at_ms, .. } => state[nth].0 = at_ms + i64::try_from(nth % 3).unwrap_or(0) * 4,
                Grant::Exhausted { .. } => panic!("there is no limit for the day"),
            }
        }
    }

    #[test]
    fn processes_share_evenly_and_waste_nothing() {
        let given = race(&["a", "b", "c", "d", "e", "f", "g", "h"], 60_000, None);
        let (least, most) = (given.iter().min().unwrap(), given.iter().max().unwrap());
        assert!(most - least <= 1, "{given:?}");
        assert!(given.iter().sum::<usize>() >= 233, "at least 97 % of 240: {given:?}");
    }

    #[test]
    fn a_process_that_dies_in_the_line_holds_nobody_up() {
        let given = race(&["a", "b", "c"], 20_000, Some(("b", 5_000)));
        assert!(given.iter().sum::<usize>() >= 76, "{given:?}");
        assert!(given[0] > 2 * given[1] && given[2] > 2 * given[1], "the others go on: {given:?}");
    }

    #[test]
    fn who_cannot_wait_so_long_keeps_no_place_in_the_line() {
        let mut page = LedgerPage::default();
        let mut ask =
            |line, until_ms| page.ask(LIMITS, Asker { line, rank_ms: 0, until_ms, priority: Priority::Action }, 10);
        for line in ["a", "b", "c", "d"] {
            assert!(matches!(ask(line, 500), Grant::Now { .. }));
        }
        for line in ["e", "f", "g", "h", "i", "j"] {
            assert_eq!(ask(line, 500), Grant::Later { at_ms: 1_035, due_ms: 1_035 }, "{line}");
        }
        assert_eq!(ask("k", 1_500), Grant::Later { at_ms: 1_035, due_ms: 1_035 });
    }

    #[test]
    fn a_place_from_before_the_clock_was_set_back_holds_nobody_up() {
        let mut page = LedgerPage::default();
        let ask = |page: &mut LedgerPage, line, now| {
            page.ask(LIMITS, Asker { line, rank_ms: now, until_ms: i64::MAX, priority: Priority::Action }, now)
        };
        for _ in 0..4 {
            assert!(matches!(page.ask(LIMITS, ACTION, 300_000), Grant::Now { .. }));
        }
        assert!(matches!(ask(&mut page, "gone", 300_000), Grant::Later { .. }));
        page.waiting.values_mut().for_each(|one| one.rank_ms = 50_000);
        for now in 60_000..60_004 {
            assert!(matches!(ask(&mut page, "next", now), Grant::Now { .. }), "{now}");
        }
    }

    #[test]
    fn a_second_that_reaches_over_midnight_is_waited_for() {
        let midnight = DAY_MS * 101;
        let mut page = LedgerPage { blocked_until_ms: midnight + 500, ..LedgerPage::default() };
        let later = Grant::Later { at_ms: midnight + 500, due_ms: midnight + 500 };
        assert_eq!(page.ask(LIMITS, ACTION, midnight - 500), later);
        page.blocked_until_ms = midnight + 5_000;
        assert_eq!(page.ask(LIMITS, ACTION, midnight - 500), Grant::Exhausted { resets_ms: midnight + 5_000 });
    }

    #[test]
    fn the_urgent_go_before_who_waits_longer() {
        let mut page = LedgerPage::default();
        let ask = |page: &mut LedgerPage, line, rank_ms, now| {
            page.ask(LIMITS, Asker { line, rank_ms, until_ms: i64::MAX, priority: Priority::Action }, now)
        };
        for at in [0, 300, 600, 900] {
            assert!(matches!(page.ask(LIMITS, ACTION, at), Grant::Now { .. }));
        }
        assert_eq!(ask(&mut page, "patient", 3_001, 901), Grant::Later { at_ms: 1_025, due_ms: 1_025 });
        assert_eq!(ask(&mut page, "urgent", 950, 950), Grant::Later { at_ms: 1_025, due_ms: 1_025 });
        assert!(matches!(ask(&mut page, "patient", 3_001, 1_025), Grant::Later { due_ms: 1_325, .. }), "one may go");
        assert!(matches!(ask(&mut page, "urgent", 950, 1_030), Grant::Now { .. }), "and it is the urgent one");
    }
}
