//! The way of one request: find, validate, preflight, bind, token, budget, send, decode, record.
//!
//! Every face goes through `Connector::invoke`; its body reads as that list. Steps five to seven are one attempt and
//! live in `attempt`; `bind` and `decode` are pure.

mod attempt;
pub mod bind;
mod builder;
mod causes;
pub mod decode;
mod idempotency;
mod listing;
mod metrics;
mod observe;
mod peek;
mod record;
mod redact;
mod refusal;
pub mod retry;
mod scene;
mod turns;

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tracing::Instrument as _;

use crate::{
    auth::Keeper,
    budget::Budget,
    catalog::{Catalog, model::Action},
    clock::Clock,
    config::ProfileBook,
    protocol::{ActionError, ActionRequest, ActionResult, Code, FieldError, Next, Outcome, raw},
    schema::{Rules, fill_defaults},
    store::{Priority, Store},
    transport::{Body, Transport},
};
use bind::{BoundCall, bind};
use decode::{Decoded, decode};
use record::RunLog;
use retry::Repeat;
use scene::Scene;

pub use builder::Builder;
pub use listing::Listing;
pub use observe::{Observer, Step};
pub use scene::check_scopes;

/// What is known of one run as it goes on.
#[derive(Debug, Clone)]
pub struct Run {
    pub(crate) id: String,
    pub(crate) began_ms: i64,
    pub(crate) page_began_ms: i64,
    pub(crate) deadline_ms: i64,
    pub(crate) action: String,
    pub(crate) connection: Option<String>,
    pub(crate) priority: Priority,
    /// The input, redacted, once it is known to be valid.
    pub(crate) input: Option<Value>,
    pub(crate) calls: u32,
    pub(crate) retries: u32,
    pub(crate) throttled: u32,
    pub(crate) waited_ms: u64,
    pub(crate) http_status: Option<u16>,
    pub(crate) request_id: Option<String>,
    pub(crate) day_remaining: Option<u64>,
    /// What a trace shows of it: names and figures, never what went in or came out.
    pub(crate) span: tracing::Span,
}

/// The connector: loaded once by a host, shared by all its tasks.
#[derive(Clone)]
pub struct Connector {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) catalog: &'static Catalog,
    pub(crate) rules: Rules,
    pub(crate) keeper: Keeper,
    pub(crate) budget: Budget,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) profiles: ProfileBook,
    pub(crate) key: crate::store::vault::Key,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) runs: Arc<RunLog>,
    pub(crate) scenes: scene::Cache,
    pub(crate) standings: causes::Cache,
    pub(crate) turns: turns::Turns,
    pub(crate) metrics: metrics::Metrics,
}

impl Connector {
    /// Runs one action. Whatever goes wrong comes back as the one error, with the run's id.
    pub async fn invoke(&self, request: ActionRequest) -> Result<ActionResult, ActionError> {
        let mut run = self.inner.begin(&request);
        let span = run.span.clone();
        let outcome = self.inner.steps(&mut run, request).instrument(span).await;
        self.inner.finish(&run, outcome)
    }

    /// Opens a listing to be read page by page, for callers that want items as they come.
    pub fn listing(&self, request: ActionRequest) -> Listing {
        Listing::new(Arc::clone(&self.inner), request)
    }

    /// The catalogue.
    pub fn catalog(&self) -> &'static Catalog {
        self.inner.catalog
    }

    /// Hands out tokens, for faces that connect.
    pub fn keeper(&self) -> &Keeper {
        &self.inner.keeper
    }

    /// The store, for faces that list what is in it.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// The profiles.
    pub fn profiles(&self) -> &ProfileBook {
        &self.inner.profiles
    }

    /// What sends, for faces that connect.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.inner.transport
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The counters of this process, as the text that Prometheus reads.
    pub fn metrics_text(&self) -> String {
        self.inner.metrics.text()
    }

    /// Waits for refreshes under way, and writes what the run log still holds. To be called before the process ends.
    pub async fn flush(&self) {
        self.inner.keeper.settled().await;
        self.inner.runs.flush().await;
    }
}

impl Inner {
    async fn steps(&self, run: &mut Run, request: ActionRequest) -> Result<ActionResult, ActionError> {
        let action = self.find(&request.action)?;
        let input = self.validate(action, &request)?;
        run.input = Some(redact::input(&action.input, &input));
        let scene = self.preflight(action, &request, run).await?;
        if request.options.all_pages {
            return self.all_pages(run, action, &scene, input, &request).await;
        }
        let call = bind(action, &input, request.options.page.cursor.as_deref())?;
        if request.options.dry_run {
            return Ok(dry(run, action, &scene, &call));
        }
        let claim = self.claim(&scene, action, &input, &request).await?;
        if let Some(earlier) = claim.earlier() {
            return Ok(earlier);
        }
        let outcome = self.in_turn(run, action, &scene, &input, &call).await;
        let result = outcome.map(|decoded| self.result(run, action, decoded, &request.options.select));
        self.settle(&claim, result).await
    }

    fn find(&self, name: &str) -> Result<&'static Action, ActionError> {
        self.note(Step::Find);
        self.catalog.find(name)
    }

    fn validate(&self, action: &'static Action, request: &ActionRequest) -> Result<Map<String, Value>, ActionError> {
        self.note(Step::Validate);
        if request.options.all_pages && action.page.is_none() {
            let field =
                FieldError { pointer: "/options/all_pages".to_owned(), message: "is only for listings".to_owned() };
            return Err(
                ActionError::new(Code::InvalidInput, format!("{} has no pages", action.name)).fields(vec![field])
            );
        }
        let mut input = request.input.clone();
        fill_defaults(&action.input, &mut input);
        let input = Value::Object(input);
        let violations = self.rules.of(self.catalog, action)?.violations(&input);
        match input {
            Value::Object(input) if violations.is_empty() => Ok(input),
            _ => Err(invalid(&violations)),
        }
    }

    /// Makes the call when no other write to the same thing is under way.
    async fn in_turn(
        &self,
        run: &mut Run,
        action: &'static Action,
        scene: &Scene,
        input: &Map<String, Value>,
        call: &BoundCall,
    ) -> Result<Decoded, ActionError> {
        let turn = self.turn(run, action, scene, input).await?;
        let decoded = self.ready(run, action, scene, call).await;
        if let Some((_turn, held)) = turn {
            held.end().await;
        }
        decoded
    }

    /// Decodes, and asks again while the service says that it is not ready.
    async fn ready(
        &self,
        run: &mut Run,
        action: &'static Action,
        scene: &Scene,
        call: &BoundCall,
    ) -> Result<Decoded, ActionError> {
        for wait_ms in [500, 1_000, 2_000, 4_000, 8_000, 16_000, i64::MAX / 4] {
            let answer = match self.attempts(run, action, scene, call).await {
                Ok(answer) => answer,
                // In a box of its own: errors are rare, and every run would carry the room for it.
                Err(error) => return Err(Box::pin(self.explain(run, action, scene, error)).await),
            };
            self.note(Step::Decode);
            let decoded = decode(action, &call.query, &answer).map_err(|e| match Repeat::of(action) {
                // It was answered with success, so it was done; only what was made cannot be read.
                Repeat::Harmful => attempt::unknown(action, e),
                Repeat::Harmless => e,
            })?;
            if !matches!(decoded, Decoded::Pending) {
                return Ok(decoded);
            }
            if self.clock.now_ms() + wait_ms >= run.deadline_ms {
                break;
            }
            self.wait(run, u64::try_from(wait_ms).unwrap_or(500)).await;
        }
        let detail = format!("the service is still preparing the answer to {}", action.name);
        Err(ActionError::new(Code::NotReady, detail).sent(crate::protocol::Sent::Yes).retry_after(Some(10_000)))
    }

    pub(crate) async fn wait(&self, run: &mut Run, ms: u64) {
        run.waited_ms += ms;
        self.clock.sleep(std::time::Duration::from_millis(ms)).await;
    }

    fn result(&self, run: &Run, action: &Action, decoded: Decoded, select: &[String]) -> ActionResult {
        let Decoded::Done { outcome, mut output, issues, next } = decoded else {
            unreachable!("ready() gives no pending answer")
        };
        let count =
            action.page.as_ref().and_then(|p| peek::items(peek::at(&output, &p.items)?)).map(|items| items.len());
        let summary = summary(action, outcome, count, next.as_ref(), issues.len());
        if !select.is_empty() {
            output = decode::select(&output, select);
        }
        let meta = self.meta(run);
        ActionResult {
            run_id: run.id.clone(),
            action: action.name.clone(),
            outcome,
            output,
            issues,
            next,
            summary,
            meta,
        }
    }
}

/// One error that names every broken rule.
fn invalid(violations: &[FieldError]) -> ActionError {
    let words: Vec<_> = violations
        .iter()
        .map(|v| match (v.pointer.as_str(), v.message.chars().next().is_some_and(char::is_uppercase)) {
            ("", _) => v.message.clone(),
            // A sentence of the catalogue's own stands by itself.
            (pointer, true) => format!("{pointer}: {}", v.message),
            (pointer, false) => format!("{pointer} {}", v.message),
        })
        .collect();
    ActionError::new(Code::InvalidInput, words.join("; ")).fields(violations.to_vec())
}

fn summary(action: &Action, outcome: Outcome, count: Option<usize>, next: Option<&Next>, issues: usize) -> String {
    let title = &action.title;
    match (outcome, count) {
        (_, Some(n)) => format!(
            "{title}: {n} {}{}",
            if n == 1 { "item" } else { "items" },
            if next.is_some() { ", more follow" } else { "" }
        ),
        (Outcome::Accepted, _) => format!("{title}: the service has started the job"),
        (Outcome::Partial, _) => format!("{title}: done, except for {issues} of the parts"),
        _ => format!("{title}: done"),
    }
}

/// The call as it would be made.
fn dry(run: &Run, action: &Action, scene: &Scene, call: &BoundCall) -> ActionResult {
    let body = match &call.body {
        Body::Json(text) => serde_json::from_slice(text).unwrap_or_default(),
        Body::Multipart(parts) => Value::Array(
            parts.iter().map(|p| json!({ "name": p.name, "filename": p.filename, "bytes": p.content.len() })).collect(),
        ),
        Body::None | Body::Form(_) => Value::Null,
    };
    let output = raw(&json!({ "method": call.method, "url": call.url(&scene.base).as_str(), "body": body }));
    let summary = format!("{}: not sent (dry run)", action.title);
    let meta = crate::protocol::Meta::default();
    let (run_id, action) = (run.id.clone(), action.name.clone());
    ActionResult { run_id, action, outcome: Outcome::Complete, output, issues: Vec::new(), next: None, summary, meta }
}
