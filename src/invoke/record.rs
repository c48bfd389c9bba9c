//! Step 9: the run log and what a run cost. Lines are written behind the caller's back, so that logging never slows a
//! call down and never makes one fail.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};
use tracing::field;

use super::{Inner, Run, observe::Step, redact};
use crate::{
    auth::{ConnectionEvent, ConnectionEvents},
    clock::Clock,
    protocol::{ActionError, ActionRequest, ActionResult, Meta, Outcome, QuotaLeft},
    store::{RunRecord, Store, day_end_ms},
};

/// Time allowed for a run that does not say.
const USUAL_TIMEOUT_MS: u64 = 120_000;

/// What the lines of refreshes have where others name their action.
const REFRESH: &str = "connection_refresh";

/// How long lines are gathered.
const GATHER: Duration = Duration::from_millis(250);

enum Line {
    Run(Box<RunRecord>),
    Flush(oneshot::Sender<()>),
}

/// Writes run records in the background, started with the first one.
pub(crate) struct RunLog {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    sender: Mutex<Option<mpsc::UnboundedSender<Line>>>,
}

impl RunLog {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, sender: Mutex::new(None) }
    }

    /// One line for what became of a connection, among the lines of runs.
    fn note(&self, outcome: &str, event: &ConnectionEvent) {
        self.add(RunRecord {
            run_id: uuid::Uuid::now_v7().to_string(),
            at_ms: self.clock.now_ms(),
            action: REFRESH.to_owned(),
            connection: Some(event.connection.clone()),
            outcome: outcome.to_owned(),
            http_status: None,
            calls: 0,
            duration_ms: 0,
            waited_ms: 0,
            request_id: None,
            input: None,
            detail: Some(event.detail.clone()),
        });
    }

    fn add(&self, record: RunRecord) {
        let mut sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = sender.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            tokio::spawn(write(Arc::clone(&self.store), receiver));
            sender
        });
        let _ = sender.send(Line::Run(Box::new(record)));
    }

    pub(super) async fn flush(&self) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (done, wait) = oneshot::channel();
        if sender.is_some_and(|s| s.send(Line::Flush(done)).is_ok()) {
            let _ = wait.await;
        }
    }
}

/// Lines are gathered for a moment and written together: one commit to disk serves many runs.
async fn write(store: Arc<dyn Store>, mut receiver: mpsc::UnboundedReceiver<Line>) {
    while let Some(first) = receiver.recv().await {
        let (mut runs, mut waiting) = (Vec::new(), Vec::new());
        sort(first, &mut runs, &mut waiting);
        let moment = tokio::time::sleep(GATHER);
        tokio::pin!(moment);
        while waiting.is_empty() && runs.len() < 512 {
            tokio::select! {
                line = receiver.recv() => match line {
                    Some(line) => sort(line, &mut runs, &mut waiting),
                    None => break,
                },
                () = &mut moment => break,
            }
        }
        if !runs.is_empty()
            && let Err(error) = store.log_runs(&runs).await
        {
            tracing::warn!(%error, "the run log could not be written");
        }
        for done in waiting {
            let _ = done.send(());
        }
    }
}

fn sort(line: Line, runs: &mut Vec<RunRecord>, waiting: &mut Vec<oneshot::Sender<()>>) {
    match line {
        Line::Run(run) => runs.push(*run),
        Line::Flush(done) => waiting.push(done),
    }
}

/// The span of a run; what becomes of it is filled in at the end.
fn span(id: &str, request: &ActionRequest) -> tracing::Span {
    tracing::info_span!(
        "run",
        run = id,
        action = request.action,
        connection = request.connection,
        priority = ?request.options.priority,
        outcome = field::Empty,
        calls = field::Empty,
        retries = field::Empty,
        waited_ms = field::Empty,
        status = field::Empty,
        request_id = field::Empty,
    )
}

/// Fills in the span of a run, and says that it is over.
fn close(run: &Run, outcome: &str) {
    run.span.record("outcome", outcome).record("calls", run.calls).record("retries", run.retries);
    run.span.record("waited_ms", run.waited_ms);
    if let Some(status) = run.http_status {
        run.span.record("status", status);
    }
    if let Some(id) = &run.request_id {
        run.span.record("request_id", id.as_str());
    }
    run.span.in_scope(|| tracing::info!("run is over"));
}

impl ConnectionEvents for RunLog {
    fn refreshed(&self, event: &ConnectionEvent) {
        self.note("refreshed", event);
    }

    fn refresh_failed(&self, event: &ConnectionEvent) {
        self.note("refresh_failed", event);
    }

    fn reconnect_required(&self, event: &ConnectionEvent) {
        self.note("reconnect_required", event);
    }
}

impl Inner {
    pub(super) fn begin(&self, request: &ActionRequest) -> Run {
        let now = self.clock.now_ms();
        let timeout = request.options.timeout_ms.unwrap_or(USUAL_TIMEOUT_MS);
        let id = uuid::Uuid::now_v7().to_string();
        Run {
            span: span(&id, request),
            id,
            began_ms: now,
            page_began_ms: now,
            deadline_ms: now.saturating_add(i64::try_from(timeout).unwrap_or(i64::MAX)),
            action: request.action.clone(),
            connection: request.connection.clone(),
            priority: request.options.priority,
            input: None,
            calls: 0,
            retries: 0,
            throttled: 0,
            waited_ms: 0,
            http_status: None,
            request_id: None,
            day_remaining: None,
        }
    }

    pub(super) fn finish(
        &self,
        run: &Run,
        outcome: Result<ActionResult, ActionError>,
    ) -> Result<ActionResult, ActionError> {
        self.note(Step::Record);
        let outcome = outcome.map_err(|e| ActionError { run_id: Some(run.id.clone()), ..e });
        self.log(run, &outcome.as_ref().map(|r| r.outcome).map_err(Clone::clone));
        outcome
    }

    /// Counts the run, and writes one line of the run log: what happened, and what was in it only redacted. A run that
    /// spent no call leaves no line.
    pub(super) fn log(&self, run: &Run, outcome: &Result<Outcome, ActionError>) {
        let detail = outcome.as_ref().err().map(redact::error);
        let outcome = match outcome {
            Ok(outcome) => format!("{outcome:?}").to_lowercase(),
            Err(error) => error.code.as_str().to_owned(),
        };
        let entry = self.catalog.position(&run.action).and_then(|at| self.catalog.entries().get(at));
        self.metrics.count(entry.map(|e| e.name), &outcome, run);
        close(run, &outcome);
        if run.calls == 0 {
            return;
        }
        self.runs.add(RunRecord {
            run_id: run.id.clone(),
            at_ms: run.began_ms,
            action: run.action.clone(),
            connection: run.connection.clone(),
            outcome,
            http_status: run.http_status,
            calls: run.calls,
            duration_ms: self.clock.now_ms() - run.began_ms,
            waited_ms: run.waited_ms,
            request_id: run.request_id.clone(),
            input: run.input.clone(),
            detail,
        });
    }

    pub(super) fn meta(&self, run: &Run) -> Meta {
        let resets = || crate::budget::iso(day_end_ms(self.clock.now_ms()));
        Meta {
            calls: run.calls,
            waited_ms: run.waited_ms,
            http_status: run.http_status,
            quota: run.day_remaining.map(|day_remaining| QuotaLeft { day_remaining, resets_at: resets() }),
            upstream_request_id: run.request_id.clone(),
            replayed: false,
        }
    }

    pub(super) fn note(&self, step: Step) {
        for observer in &self.observers {
            observer.step(step);
        }
    }
}
