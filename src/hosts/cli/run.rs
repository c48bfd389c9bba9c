//! `ctct run` and `ctct runs`.

use std::{
    io::{IsTerminal, Read, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::{
    args::{OutputArg, RunArgs},
    place::Place,
    screen::{Screen, print_line},
    table,
};
use crate::{
    ActionError, ActionRequest, ActionResult, Connector,
    budget::{iso, store_error},
    catalog::Catalog,
    protocol::{Code, FieldError, Options, PageOptions, Sent},
};

pub(super) async fn run(args: &RunArgs, place: &Place, screen: Screen) -> Result<(), ActionError> {
    let input = input(args)?;
    let connector = place.connector().await?;
    let request = ActionRequest {
        action: args.action.clone(),
        connection: args.connection.clone(),
        input,
        options: options(args),
    };
    // A person at the terminal may stop it at any time, and must hear whether the call was on its way.
    let outcome = tokio::select! {
        outcome = go(&connector, request, args, screen) => outcome,
        _ = tokio::signal::ctrl_c() => Err(stopped(&args.action)),
    };
    connector.flush().await;
    outcome
}

async fn go(connector: &Connector, request: ActionRequest, args: &RunArgs, screen: Screen) -> Result<(), ActionError> {
    let spinner = Spinner::start(&request.action);
    // Before the call: what was made must not be lost for a file that cannot be written.
    let file = args.out.as_ref().map(|path| Outfile::create(path)).transpose()?;
    if args.all && !args.dry_run {
        return all(connector, request, file).await;
    }
    let result = connector.invoke(request).await?;
    drop(spinner);
    if let Some(mut file) = file {
        file.write(content(&result).as_bytes())?;
        screen.tell(&format!("{}; written to {}", result.summary, file.finish()?));
        return Ok(());
    }
    match args.output {
        OutputArg::Json => drop(print_line(&serde_json::to_string(&result).unwrap_or_default())),
        OutputArg::Table => {
            print_line(&table::value(&result.value()));
            screen.tell(&result.summary);
        }
    }
    if let Some(next) = result.next.filter(|_| args.output == OutputArg::Table) {
        screen.tell(&format!("go on with --cursor '{}', or take all with --all", next.cursor));
    }
    Ok(())
}

/// One item a line, as they come: a listing of any length in little memory.
async fn all(connector: &Connector, request: ActionRequest, mut file: Option<Outfile>) -> Result<(), ActionError> {
    let mut listing = connector.listing(request);
    while let Some(items) = listing.next_page().await? {
        for item in items {
            match &mut file {
                Some(file) => file.write(format!("{}\n", item.get()).as_bytes())?,
                None if !print_line(item.get()) => return Ok(()),
                None => {}
            }
        }
    }
    file.map_or(Ok(()), |file| file.finish().map(drop))
}

/// A file that results are written to: beside its place at first, so that what was there stays until all went well.
struct Outfile {
    name: String,
    path: std::path::PathBuf,
    draft: std::path::PathBuf,
    file: std::io::BufWriter<std::fs::File>,
}

impl Outfile {
    fn create(path: &std::path::Path) -> Result<Self, ActionError> {
        let name = path.display().to_string();
        let draft = std::path::PathBuf::from(format!("{name}.{}.part", uuid::Uuid::new_v4().simple()));
        let file = std::fs::File::create(&draft).map_err(|e| unwritable(&name, &e))?;
        Ok(Self { name, path: path.to_owned(), draft, file: std::io::BufWriter::new(file) })
    }

    fn write(&mut self, text: &[u8]) -> Result<(), ActionError> {
        self.file.write_all(text).map_err(|e| unwritable(&self.name, &e))
    }

    /// Puts the whole file into its place.
    fn finish(mut self) -> Result<String, ActionError> {
        let placed = self.file.flush().and_then(|()| std::fs::rename(&self.draft, &self.path));
        placed.map_err(|e| unwritable(&self.name, &e))?;
        Ok(std::mem::take(&mut self.name))
    }
}

impl Drop for Outfile {
    fn drop(&mut self) {
        // Gone already where all went well.
        let _ = std::fs::remove_file(&self.draft);
    }
}

fn unwritable(name: &str, error: &std::io::Error) -> ActionError {
    ActionError::new(Code::Config, format!("cannot write {name}: {error}"))
}

fn options(args: &RunArgs) -> Options {
    Options {
        idempotency_key: args.idempotency_key.clone(),
        dry_run: args.dry_run,
        page: PageOptions { cursor: args.cursor.clone() },
        all_pages: args.all,
        max_items: args.max,
        select: args.select.clone(),
        priority: crate::protocol::Priority::Action,
        timeout_ms: args.timeout.map(|s| s.saturating_mul(1_000)),
    }
}

fn stopped(action: &str) -> ActionError {
    let sent = if SENT.load(Ordering::Relaxed) { Sent::Maybe } else { Sent::No };
    let words =
        if sent == Sent::No { "nothing had been sent" } else { "a call had been sent and may have taken effect" };
    ActionError::new(Code::Cancelled, format!("{action} was stopped; {words}")).sent(sent)
}

/// Set by the observer at the first call that goes out.
static SENT: AtomicBool = AtomicBool::new(false);

/// Watches for the moment at which something is sent.
pub(super) struct SentWatch;

impl crate::invoke::Observer for SentWatch {
    fn step(&self, step: crate::invoke::Step) {
        if step == crate::invoke::Step::Send {
            SENT.store(true, Ordering::Relaxed);
        }
    }
}

/// The watch, for the connector.
pub(super) fn sent_watch() -> Arc<dyn crate::invoke::Observer> {
    Arc::new(SentWatch)
}

fn input(args: &RunArgs) -> Result<Map<String, Value>, ActionError> {
    let wrong = |what: String| ActionError::new(Code::InvalidInput, what);
    let text = match args.input.as_str() {
        "-" => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|e| wrong(format!("cannot read the input from stdin: {e}")))?;
            text
        }
        other => match other.strip_prefix('@') {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|e| wrong(format!("cannot read the input {path}: {e}")))?
            }
            None => other.to_owned(),
        },
    };
    let value: Value = serde_json::from_str(&text)
        .map_err(|e| wrong(format!("the input is not JSON: line {}, column {}: {e}", e.line(), e.column())))?;
    let Value::Object(mut input) = value else { return Err(wrong("the input must be a JSON object".to_owned())) };
    if let Some(action) = Catalog::embedded().action(&args.action) {
        read_files(&action.input, &mut input)?;
    }
    Ok(input)
}

/// `"@people.csv"` for a file property becomes the file itself. Only this face does so: no host may read files of the
/// machine it runs on.
fn read_files(schema: &Value, input: &mut Map<String, Value>) -> Result<(), ActionError> {
    for (name, value) in input.iter_mut() {
        let is_file = schema["properties"][name]["properties"]["content_base64"].is_object();
        let Some(path) = value.as_str().and_then(|v| v.strip_prefix('@')).filter(|_| is_file) else { continue };
        let content = std::fs::read(path).map_err(|e| {
            let field = FieldError { pointer: format!("/{name}"), message: format!("cannot be read: {e}") };
            ActionError::new(Code::InvalidInput, format!("the file {path} cannot be read: {e}")).fields(vec![field])
        })?;
        let filename = std::path::Path::new(path).file_name().map(|n| n.to_string_lossy().into_owned());
        *value = json!({ "filename": filename, "content_base64": STANDARD.encode(content) });
    }
    Ok(())
}

/// A downloaded file is written as such, anything else as JSON.
fn content(result: &ActionResult) -> String {
    let value = result.value();
    match (value["content_type"].as_str(), value["text"].as_str()) {
        (Some(_), Some(text)) => text.to_owned(),
        _ => format!("{}\n", result.output.get()),
    }
}

/// Turns while something takes long; on a terminal only.
struct Spinner(Option<ProgressBar>);

impl Spinner {
    fn start(action: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new_spinner().with_message(action.to_owned());
        bar.set_style(
            ProgressStyle::with_template("{spinner} {msg} {elapsed}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(Some(bar))
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// All that the run log knows of one run.
pub(super) async fn show(id: &str, place: &Place, screen: Screen) -> Result<(), ActionError> {
    let run = place.connector().await?.store().one_run(id).await.map_err(store_error)?;
    let run = run.ok_or_else(|| {
        let detail = format!("the run log has no run {id}; list the newest with ctct runs");
        ActionError::new(Code::InvalidInput, detail)
    })?;
    screen.show(&run, || {
        let facts = [
            ("run", run.run_id.clone()),
            ("at", iso(run.at_ms)),
            ("action", run.action.clone()),
            ("connection", run.connection.clone().unwrap_or_default()),
            ("outcome", run.outcome.clone()),
            ("detail", run.detail.clone().unwrap_or_default()),
            ("status", run.http_status.map(|status| format!("{status}")).unwrap_or_default()),
            ("calls", run.calls.to_string()),
            ("took", format!("{} ms, {} ms of it waiting", run.duration_ms, run.waited_ms)),
            ("request", run.request_id.clone().unwrap_or_default()),
        ];
        let facts = facts.into_iter().filter(|(_, fact)| !fact.is_empty());
        let facts = table::rows(&["fact", "value"], facts.map(|(name, fact)| vec![name.to_owned(), fact]));
        let input = run.input.as_ref().and_then(|input| serde_json::to_string_pretty(input).ok());
        input.map_or_else(|| facts.clone(), |input| format!("{facts}\n\ninput, redacted:\n{input}"))
    });
    Ok(())
}

pub(super) async fn log(limit: u32, place: &Place, screen: Screen) -> Result<(), ActionError> {
    let runs = place.connector().await?.store().runs(limit).await.map_err(store_error)?;
    screen.show(&runs, || {
        let row = |r: &crate::store::RunRecord| {
            let connection = r.connection.clone().unwrap_or_default();
            vec![
                iso(r.at_ms),
                r.action.clone(),
                connection,
                r.outcome.clone(),
                r.calls.to_string(),
                format!("{} ms", r.duration_ms),
                r.run_id.clone(),
            ]
        };
        table::rows(&["at", "action", "connection", "outcome", "calls", "took", "run"], runs.iter().map(row))
    });
    Ok(())
}
