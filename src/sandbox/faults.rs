//! Faults on order: what the service does on a bad day, by path, method and nth call.

use serde::Deserialize;

use super::{
    call::{Call, Reply},
    limits,
};

/// What is to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
}

/// One order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    kind: Kind,
    /// Only calls whose path begins so.
    #[serde(default)]
    path: Option<String>,
    /// Only calls of this method.
    #[serde(default)]
    method: Option<String>,
    /// From the nth matching call on; the first when left out.
    #[serde(default)]
    nth: Option<u32>,
    /// For so many calls; one when left out.
    #[serde(default)]
    times: Option<u32>,
    /// Milliseconds, for `slow`.
    #[serde(default)]
    delay_ms: Option<u64>,
    #[serde(skip)]
    seen: u32,
}

/// What a fault does to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Strike {
    pub kind: Kind,
    pub delay_ms: u64,
}

/// The orders that stand.
#[derive(Debug, Default)]
pub(super) struct Faults {
    orders: Vec<Fault>,
}

impl Faults {
    pub(super) fn add(&mut self, orders: Vec<Fault>) {
        self.orders.extend(orders);
    }

    pub(super) fn clear(&mut self) {
        self.orders.clear();
    }

    /// The fault that strikes this call, if any. Every order that matches counts the call.
    pub(super) fn strike(&mut self, call: &Call) -> Option<Strike> {
        let mut strike = None;
        for order in &mut self.orders {
            let path = order.path.as_ref().is_none_or(|p| call.path.starts_with(p.as_str()));
            let method = order.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(&call.method));
            if path && method {
                order.seen += 1;
                let first = order.nth.unwrap_or(1);
                if order.seen >= first && order.seen - first < order.times.unwrap_or(1) {
                    strike = strike.or(Some(Strike { kind: order.kind, delay_ms: order.delay_ms.unwrap_or(2_000) }));
                }
            }
        }
        strike
    }
}

/// The answer that stands in for the real one; none where the call is done after all.
pub(super) fn instead(kind: Kind) -> Option<Reply> {
    match kind {
        Kind::Throttled => Some(limits::throttled()),
        Kind::QuotaExceeded => Some(limits::quota_exceeded()),
        Kind::QueueFull => Some(limits::queue_full()),
        Kind::Error500 => Some(Reply::errors(500, "internal.error", "There was a problem with our internal service.")),
        Kind::Error503 => {
            Some(Reply::errors(503, "service.unavailable", "Our internal service is temporarily unavailable."))
        }
        Kind::Unauthorized => Some(super::gate::unauthorized()),
        Kind::Html => Some(Reply::html(502, "<!doctype html><title>502</title><h1>Bad gateway</h1>")),
        Kind::Error500After | Kind::Slow | Kind::CutOff | Kind::ResetAfter | Kind::Reset | Kind::Duplicate => None,
    }
}

/// Repeats the first row of the first list in a page, as the service is known to do across pages.
pub(super) fn repeat_a_row(reply: &mut Reply) {
    let Ok(mut page) = serde_json::from_slice::<serde_json::Value>(&reply.body) else { return };
    let list = page.as_object_mut().and_then(|page| page.values_mut().find_map(serde_json::Value::as_array_mut));
    if let Some(list) = list {
        list.extend(list.first().cloned());
        reply.body = page.to_string().into_bytes();
    }
}
