//! Counters of this process, as the text that Prometheus reads. Fed once a run, when it is over.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::Run;

/// The label of runs that named no action of the catalogue: what a caller makes up must not become a label.
const NO_ACTION: &str = "unknown";

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// Runs by action and outcome.
    runs: Mutex<BTreeMap<(&'static str, String), u64>>,
    calls: AtomicU64,
    retries: AtomicU64,
    waited_ms: AtomicU64,
    throttled: AtomicU64,
}

impl Metrics {
    /// Counts a run that is over. `action` is the catalogue's own name, where it has the action.
    pub(super) fn count(&self, action: Option<&'static str>, outcome: &str, run: &Run) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        *runs.entry((action.unwrap_or(NO_ACTION), outcome.to_owned())).or_default() += 1;
        self.calls.fetch_add(run.calls.into(), Ordering::Relaxed);
        self.retries.fetch_add(run.retries.into(), Ordering::Relaxed);
        self.waited_ms.fetch_add(run.waited_ms, Ordering::Relaxed);
        self.throttled.fetch_add(run.throttled.into(), Ordering::Relaxed);
    }

    /// All counters in the text format.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        head(&mut text, "ctct_runs_total", "Runs that are over, by action and outcome.");
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        for ((action, outcome), count) in &*runs {
            let _ = writeln!(text, "ctct_runs_total{{action=\"{action}\",outcome=\"{outcome}\"}} {count}");
        }
        let plain = [
            ("ctct_calls_total", "Calls made, retries and looks at causes included.", &self.calls),
            ("ctct_retries_total", "Calls that were made again after trouble.", &self.retries),
            ("ctct_throttled_total", "Answers with status 429.", &self.throttled),
        ];
        for (name, help, counter) in plain {
            head(&mut text, name, help);
            let _ = writeln!(text, "{name} {}", counter.load(Ordering::Relaxed));
        }
        let waited = self.waited_ms.load(Ordering::Relaxed);
        head(&mut text, "ctct_waited_seconds_total", "Seconds spent waiting for a permit, a turn or a retry.");
        let _ = writeln!(text, "ctct_waited_seconds_total {}.{:03}", waited / 1_000, waited % 1_000);
        text
    }
}

fn head(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
}
