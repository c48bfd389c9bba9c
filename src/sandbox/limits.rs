//! The quotas, per API key: so many calls in any sliding second, so many in a UTC day.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use super::{call::Reply, env::Options};

/// Bulk jobs that may wait in an account, as the service writes it.
const QUEUED_JOBS: &str = "1,000";

#[derive(Debug, Default)]
struct Count {
    recent: VecDeque<i64>,
    day: i64,
    today: u32,
}

/// Counts by API key, and apart from them the token endpoint's.
#[derive(Debug, Default)]
pub(super) struct Limits {
    calls: HashMap<String, Count>,
    tokens: HashMap<String, VecDeque<i64>>,
}

impl Limits {
    /// Counts a call of an API key, or refuses it. A refused call counts for nothing.
    pub(super) fn call(&mut self, client_id: &str, options: &Options, now: Timestamp) -> Result<(), Reply> {
        if !options.limits {
            return Ok(());
        }
        let now_ms = now.as_millisecond();
        let count = self.calls.entry(client_id.to_owned()).or_default();
        let day = now_ms.div_euclid(86_400_000);
        if count.day != day {
            (count.day, count.today) = (day, 0);
        }
        if count.today >= options.per_day {
            return Err(quota_exceeded());
        }
        if !within(&mut count.recent, usize::try_from(options.per_second).unwrap_or(usize::MAX), now_ms) {
            return Err(throttled());
        }
        count.today += 1;
        Ok(())
    }

    /// Counts a request to the token endpoint: one a second from an application.
    pub(super) fn token(&mut self, client_id: &str, options: &Options, now: Timestamp) -> Result<(), Reply> {
        if !options.limits || within(self.tokens.entry(client_id.to_owned()).or_default(), 1, now.as_millisecond()) {
            return Ok(());
        }
        // The shape is that of the product behind the endpoint; the service publishes none.
        Err(Reply::json(
            429,
            &serde_json::json!({
                "errorCode": "E0000047", "errorSummary": "API call exceeded rate limit due to too many requests.",
                "errorLink": "E0000047", "errorId": "oaeSandbox", "errorCauses": []
            }),
        ))
    }
}

/// Whether one more fits into the second that ends now; if so it is counted. What lies ahead counts for nothing: it was
/// counted before a state of an earlier time was brought back.
fn within(recent: &mut VecDeque<i64>, width: usize, now_ms: i64) -> bool {
    while recent.front().is_some_and(|at| !(0..1_000).contains(&(now_ms - at))) {
        recent.pop_front();
    }
    let fits = recent.len() < width;
    if fits {
        recent.push_back(now_ms);
    }
    fits
}

/// The gateway's answer to a fifth call in a second.
pub(super) fn throttled() -> Reply {
    Reply::gateway(429, "throttled", "Too Many Requests")
}

/// The gateway's answer once the day is used up.
pub(super) fn quota_exceeded() -> Reply {
    Reply::gateway(429, "quota_exceeded", "Limit Exceeded")
}

/// The answer when too many bulk jobs wait.
pub(super) fn queue_full() -> Reply {
    let text = format!("Too many requests. You exceeded {QUEUED_JOBS} queued activities for this user account.");
    Reply::errors(429, "contacts.api.too_many_requests", &text)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::within;

    #[test]
    fn so_many_fit_into_any_second() {
        let mut recent = VecDeque::new();
        let fits = [0, 10, 999, 1_000, 1_009, 1_010].map(|now| within(&mut recent, 2, now));
        assert_eq!(fits, [true, true, false, true, false, true]);
    }

    #[test]
    fn a_clock_that_was_put_back_does_not_shut_the_door() {
        let mut recent = VecDeque::from([604_800_000]);
        assert!(within(&mut recent, 1, 5));
        assert!(!within(&mut recent, 1, 6));
    }
}
