//! Faults on order: what the service does on a bad day, by path, method, nth call or chance.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    call::{Call, Reply},
    env::split_mix,
    limits,
};

/// What is to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// 429 for the second.
    Throttled,
    /// 429 for the day.
    QuotaExceeded,
    /// 429 for the job queue.
    QueueFull,
    /// 500, without doing anything.
    Error500,
    /// 500, after doing it.
    Error500After,
    /// 503, without doing anything.
    Error503,
    /// The right answer, later.
    Slow,
    /// The right answer's head, and half its body.
    CutOff,
    /// Does it, and closes the connection without an answer.
    ResetAfter,
    /// Closes the connection, without doing anything.
    Reset,
    /// 401 although the token is good.
    Unauthorized,
    /// A web page instead of JSON.
    Html,
    /// The right answer, with the first row of its list a second time at the end.
    Duplicate,
    /// 404, as for a thing that a list shows and whose detail is gone.
    NotFound,
    /// The answer of some time ago, where the call lists contacts.
    ReadLag,
}

/// One order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    kind: Kind,
    /// Only calls whose path begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Only calls of this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// From the nth matching call on; the first when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nth: Option<u32>,
    /// For so many calls. When left out: one, or all of them where there is a probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    /// How likely each of these calls is struck, from 0 to 1; certain when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    /// Milliseconds, for `slow` and `read_lag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// Matching calls so far.
    #[serde(skip_deserializing)]
    seen: u32,
    /// Calls that it struck.
    #[serde(skip_deserializing)]
    struck: u32,
}

/// The longest delay: what is longer is a mistake.
const MOST_MS: u64 = 3_600_000;

impl Fault {
    /// What is wrong with an order, if anything.
    fn complaint(&self) -> Option<&'static str> {
        let path = self.path.as_ref().is_none_or(|path| path.starts_with('/'));
        let letters = |text: &String| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic());
        let method = self.method.as_ref().is_none_or(letters);
        let delays = matches!(self.kind, Kind::Slow | Kind::ReadLag);
        let checks = [
            (path, "path must begin with /, such as /v3/contacts"),
            (method, "method must be a method of HTTP, such as GET"),
            (self.nth != Some(0), "nth counts from 1"),
            (self.times != Some(0), "times must be at least 1"),
            (self.probability.is_none_or(|p| (0.0..=1.0).contains(&p)), "probability must be a number from 0 to 1"),
            (self.delay_ms.is_none() || delays, "delay_ms goes with the kinds slow and read_lag only"),
            (self.delay_ms.is_none_or(|ms| ms <= MOST_MS), "delay_ms must be at most one hour"),
        ];
        checks.iter().find(|(holds, _)| !holds).map(|(_, text)| *text)
    }

    fn matches(&self, call: &Call) -> bool {
        let path = self.path.as_ref().is_none_or(|p| call.path.starts_with(p.as_str()));
        path && self.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(&call.method))
    }

    /// Counts a matching call, and tells whether it is to be struck.
    fn count(&mut self, dice: &mut u64) -> bool {
        self.seen = self.seen.saturating_add(1);
        let Some(past) = self.seen.checked_sub(self.nth.unwrap_or(1)) else { return false };
        match self.probability {
            None => past < self.times.unwrap_or(1),
            Some(probability) => self.struck < self.times.unwrap_or(u32::MAX) && below(dice, probability),
        }
    }

    fn strike(&self) -> Strike {
        let usual = if self.kind == Kind::ReadLag { 60_000 } else { 2_000 };
        Strike { kind: self.kind, delay_ms: self.delay_ms.unwrap_or(usual) }
    }
}

/// Whether something of this probability happens.
fn below(dice: &mut u64, probability: f64) -> bool {
    let number = u32::try_from(split_mix(dice) >> 32).unwrap_or(0);
    f64::from(number) / 4_294_967_296.0 < probability
}

/// Reads one order or a list of them, or says what is wrong with which.
pub(super) fn read(json: &[u8]) -> Result<Vec<Fault>, String> {
    let orders = match serde_json::from_slice::<Value>(json).map_err(|error| error.to_string())? {
        Value::Array(orders) => orders,
        order => vec![order],
    };
    let numbered = orders.into_iter().enumerate();
    numbered.map(|(at, order)| one(order).map_err(|text| format!("order {}: {text}", at + 1))).collect()
}

fn one(order: Value) -> Result<Fault, String> {
    let fault: Fault = serde_json::from_value(order).map_err(|error| error.to_string())?;
    fault.complaint().map_or(Ok(fault), |text| Err(text.to_owned()))
}

/// What a fault does to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Strike {
    pub kind: Kind,
    pub delay_ms: u64,
}

impl Strike {
    /// The delay, for sums of time.
    pub(super) fn milliseconds(self) -> i64 {
        i64::try_from(self.delay_ms).unwrap_or(i64::MAX)
    }
}

/// The orders that stand.
#[derive(Debug)]
pub(super) struct Faults {
    orders: Vec<Fault>,
    /// A chance of their own, so that ids stay what they are without faults.
    dice: u64,
}

impl Faults {
    pub(super) fn new(random: u64) -> Self {
        Self { orders: Vec::new(), dice: random ^ 0x0F0F_F0F0_3C3C_C3C3 }
    }

    pub(super) fn add(&mut self, orders: Vec<Fault>) {
        self.orders.extend(orders);
    }

    pub(super) fn clear(&mut self) {
        self.orders.clear();
    }

    /// The orders, with how many calls each has seen and struck.
    pub(super) fn shown(&self) -> Value {
        serde_json::to_value(&self.orders).unwrap_or_default()
    }

    /// The fault that strikes this call, if any: of several the one ordered first. Every order that matches has seen
    /// the call; only that one has struck it.
    pub(super) fn strike(&mut self, call: &Call) -> Option<Strike> {
        let mut strike = None;
        for order in self.orders.iter_mut().filter(|order| order.matches(call)) {
            if order.count(&mut self.dice) && strike.is_none() {
                order.struck = order.struck.saturating_add(1);
                strike = Some(order.strike());
            }
        }
        strike
    }
}

/// The answer that stands in for the real one; none where the call is done after all.
pub(super) fn instead(kind: Kind, path: &str) -> Option<Reply> {
    match kind {
        Kind::Throttled => Some(limits::throttled()),
        Kind::QuotaExceeded => Some(limits::quota_exceeded()),
        Kind::QueueFull => Some(limits::queue_full()),
        Kind::Error500 => Some(broken()),
        Kind::Error503 => {
            Some(Reply::errors(503, "service.unavailable", "Our internal service is temporarily unavailable."))
        }
        Kind::Unauthorized => Some(super::gate::unauthorized()),
        Kind::Html => Some(Reply::html(502, "<!doctype html><title>502</title><h1>Bad gateway</h1>")),
        Kind::NotFound => {
            let service = if path.starts_with("/v3/emails") { "emails" } else { "contacts" };
            Some(Reply::errors(404, &format!("{service}.api.not_found"), "The requested resource was not found."))
        }
        Kind::Reset => Some(Reply::empty(0)),
        Kind::Error500After | Kind::Slow | Kind::CutOff | Kind::ResetAfter | Kind::Duplicate | Kind::ReadLag => None,
    }
}

/// 500 for whatever reason.
pub(super) fn broken() -> Reply {
    Reply::errors(500, "internal.error", "There was a problem with our internal service.")
}

/// Repeats the first row of the first list in a page, as the service is known to do across pages.
pub(super) fn repeat_a_row(reply: &mut Reply) {
    let Ok(mut page) = serde_json::from_slice::<Value>(&reply.body) else { return };
    let list = page.as_object_mut().and_then(|page| page.values_mut().find_map(Value::as_array_mut));
    if let Some(list) = list {
        list.extend(list.first().cloned());
        reply.body = page.to_string().into_bytes();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Faults, Kind, read};
    use crate::sandbox::call::Call;

    fn faults(orders: &serde_json::Value) -> Faults {
        let mut faults = Faults::new(7);
        faults.add(read(orders.to_string().as_bytes()).unwrap());
        faults
    }

    fn call(path: &str) -> Call {
        Call { method: "GET".to_owned(), path: path.to_owned(), ..Call::default() }
    }

    #[test]
    fn the_nth_call_is_struck_and_the_next_is_not() {
        let mut faults = faults(&json!({ "kind": "error503", "path": "/v3/contacts", "nth": 2 }));
        let struck: Vec<_> = (0..4).map(|_| faults.strike(&call("/v3/contacts")).map(|s| s.kind)).collect();
        assert_eq!(struck, [None, Some(Kind::Error503), None, None]);
        assert_eq!(faults.strike(&call("/v3/emails")), None);
        assert_eq!((&faults.shown()[0]["seen"], &faults.shown()[0]["struck"]), (&json!(4), &json!(1)));
    }

    #[test]
    fn of_two_orders_the_first_strikes_and_both_have_seen_the_call() {
        let second = json!({ "kind": "html", "probability": 1, "times": 1 });
        let mut faults = faults(&json!([{ "kind": "error503" }, second]));
        let struck: Vec<_> = (0..3).map(|_| faults.strike(&call("/v3/contacts")).map(|s| s.kind)).collect();
        assert_eq!(struck, [Some(Kind::Error503), Some(Kind::Html), None]);
        let shown = faults.shown();
        assert_eq!((&shown[0]["struck"], &shown[1]["struck"], &shown[1]["seen"]), (&json!(1), &json!(1), &json!(3)));
    }

    #[test]
    fn chance_strikes_about_as_often_as_ordered_and_the_same_calls_again() {
        let order = json!({ "kind": "throttled", "probability": 0.25 });
        let round = || {
            let mut faults = faults(&order);
            (0..1_000).map(|_| faults.strike(&call("/v3/contacts")).is_some()).collect::<Vec<_>>()
        };
        let struck = round();
        assert!((200..300).contains(&struck.iter().filter(|s| **s).count()));
        assert_eq!(struck, round());
    }

    #[test]
    fn an_order_that_cannot_be_meant_is_refused_with_its_place() {
        let orders = json!([{ "kind": "slow" }, { "kind": "reset", "probability": 1.5 }]);
        let complaint = read(orders.to_string().as_bytes()).unwrap_err();
        assert_eq!(complaint, "order 2: probability must be a number from 0 to 1");
        for order in [
            r#"{"kind":"strange"}"#,
            r#"{"kind":"slow","pth":"/"}"#,
            r#"{"kind":"html","path":"v3"}"#,
            r#"{"kind":"html","method":""}"#,
            "{",
        ] {
            assert!(read(order.as_bytes()).is_err(), "{order}");
        }
    }
}
