//! The retry table: what may be tried again, by what the action does and what went wrong. Data, and one place for it.

use std::time::Duration;

use crate::{
    catalog::model::{Action, Effect},
    clock::Clock,
    transport::{FailureKind, SendFailure},
};

/// Whether the same call twice is the same as once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It is: reads, updates, replacements, deletions.
    Harmless,
    /// It is not: something new is made, people are reached, a job starts.
    Harmful,
}

impl Repeat {
    /// Of an action.
    pub fn of(action: &Action) -> Self {
        match action.effect {
            Effect::Create | Effect::Send => Self::Harmful,
            _ if action.starts_job => Self::Harmful,
            _ => Self::Harmless,
        }
    }
}

/// What went wrong with one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No connection was made.
    NotSent,
    /// 401: the token was not taken.
    Unauthorized,
    /// 429 for the second.
    Throttled,
    /// Time-out or broken connection: nobody knows.
    Unanswered,
    /// A good status came, and its body broke off.
    CutOff,
    /// 5xx.
    ServerError,
    /// 409: another call was changing the same thing at that moment.
    Busy,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try again.
    Retry,
    /// Refresh the token and try again, once.
    RefreshOnce,
    /// Say that the outcome is unknown.
    OutcomeUnknown,
    /// Give the error as it is.
    GiveUp,
}

/// Every pair of trouble and kind of action, in the order of the README: trouble, harmless, harmful.
pub const TABLE: &[(Trouble, Verdict, Verdict)] = &[
    (Trouble::NotSent, Verdict::Retry, Verdict::Retry),
    (Trouble::Unauthorized, Verdict::RefreshOnce, Verdict::RefreshOnce),
    (Trouble::Throttled, Verdict::Retry, Verdict::Retry),
    (Trouble::Unanswered, Verdict::Retry, Verdict::OutcomeUnknown),
    (Trouble::CutOff, Verdict::Retry, Verdict::OutcomeUnknown),
    (Trouble::ServerError, Verdict::Retry, Verdict::OutcomeUnknown),
    // It did not happen, but to make it happen a second time could still be wrong: the other call may have made it.
    (Trouble::Busy, Verdict::Retry, Verdict::GiveUp),
];

/// Attempts at one call, the first included. The time-out usually ends it sooner.
pub const ATTEMPTS: u32 = 4;

/// The table's verdict.
pub fn verdict(trouble: Trouble, repeat: Repeat) -> Verdict {
    let row = TABLE.iter().find(|(t, _, _)| *t == trouble);
    row.map_or(
        Verdict::OutcomeUnknown,
        |(_, harmless, harmful)| if repeat == Repeat::Harmless { *harmless } else { *harmful },
    )
}

impl From<&SendFailure> for Trouble {
    fn from(failure: &SendFailure) -> Self {
        match failure.kind {
            FailureKind::Connect | FailureKind::Malformed => Self::NotSent,
            FailureKind::Timeout | FailureKind::Broken => Self::Unanswered,
            FailureKind::CutOff { .. } => Self::CutOff,
        }
    }
}

/// A quarter to half a second, doubled with each attempt; jitter keeps callers from coming back together.
pub fn pause(clock: &dyn Clock, attempt: u32) -> Duration {
    let mut byte = [0];
    clock.random(&mut byte);
    let base = 250u64 << attempt.saturating_sub(1).min(5);
    Duration::from_millis(base + base * u64::from(byte[0]) / 255)
}

#[cfg(test)]
mod tests {
    use super::{Repeat, TABLE, Trouble, Verdict, verdict};

    #[test]
    fn nothing_harmful_is_repeated_unless_it_provably_did_not_happen() {
        let safe = [Trouble::NotSent, Trouble::Unauthorized, Trouble::Throttled];
        for (trouble, _, _) in TABLE {
            let repeats = matches!(verdict(*trouble, Repeat::Harmful), Verdict::Retry | Verdict::RefreshOnce);
            assert_eq!(repeats, safe.contains(trouble), "{trouble:?}");
        }
    }
}
