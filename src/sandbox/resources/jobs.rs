//! Bulk jobs: queued by other operations, carried on before each request, looked up here.
//!
//! A job is initialized, then processing, then completed, at the times that the options set; its work is done in one
//! step at the end, and ten days later it is forgotten.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::body::{self, Body};
use super::bulk_work;
use super::page;
use super::query;
use super::refusal::{CONTACTS, path_id, unknown};
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, Job, JobState, Work};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, later, seconds};
use crate::sandbox::limits;

/// Bulk jobs by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/activities", CONTACT, "contacts:write", Handler::Account(list))
        .recorded()
        .simplified("No job is cancelled, and none times out."),
    route("GET", "/activities/{activity_id}", CONTACT, "contacts:write", Handler::Account(get))
        .recorded()
        .simplified("A job goes from 1 to 50 to 100 percent; nothing in between is shown."),
];

/// Jobs that may wait at a time.
const MAX_QUEUED: usize = 1_000;
/// How long a job can be looked up.
const KEPT: SignedDuration = SignedDuration::from_hours(10 * 24);

/// What the work of a job came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Counters, as `status` shows them.
    pub status: Value,
    /// What `activity_errors` shows.
    pub errors: Vec<Value>,
    /// What an export wrote.
    pub file: Option<String>,
    /// Whether nothing could be done.
    pub failed: bool,
}

/// Puts a job in the queue, with no counters before it is done.
pub(super) fn queue(account: &mut Account, env: &mut Env, work: Work) -> Result<Job, Reply> {
    add(account, env, work, json!({}))
}

/// Puts a job in the queue and answers as `POST /activities/…` does.
pub(super) fn accept(account: &mut Account, env: &mut Env, work: Work, status: Value) -> Answer {
    let job = add(account, env, work, status)?;
    Ok(Reply::json(201, &view(&job, &href(&job.activity_id))))
}

/// The job as it stands in the queue, but without its work: only the queue needs that.
fn add(account: &mut Account, env: &mut Env, work: Work, status: Value) -> Result<Job, Reply> {
    if account.jobs.iter().filter(|job| !is_over(job)).count() >= MAX_QUEUED {
        return Err(limits::queue_full());
    }
    let now = env.now();
    let source_file_name = match &work {
        Work::Import(order) => order.file.clone(),
        _ => None,
    };
    let job = Job {
        activity_id: env.uuid_v1(),
        state: JobState::Initialized,
        work: Work::Done,
        created_at: now,
        updated_at: now,
        started_at: None,
        completed_at: None,
        percent_done: 1,
        errors: Vec::new(),
        status,
        source_file_name,
        export: matches!(work, Work::Export(_)).then(String::new),
    };
    account.jobs.push(Job { work, ..job.clone() });
    Ok(job)
}

fn is_over(job: &Job) -> bool {
    matches!(job.state, JobState::Completed | JobState::Failed)
}

/// A state as answers and filters write it.
fn name(state: JobState) -> &'static str {
    match state {
        JobState::Initialized => "initialized",
        JobState::Processing => "processing",
        JobState::Completed => "completed",
        JobState::Failed => "failed",
    }
}

/// Where a job is looked up.
pub(super) fn href(activity_id: &str) -> String {
    format!("/v3/activities/{activity_id}")
}

/// A job as answers show it, with the given link to itself. The link to an export's file is there from the start.
pub(super) fn view(job: &Job, href: &str) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "activity_id", Some(job.activity_id.clone()));
    body::show(&mut shown, "state", Some(name(job.state)));
    body::show(&mut shown, "started_at", job.started_at.map(seconds));
    body::show(&mut shown, "completed_at", job.completed_at.map(seconds));
    body::show(&mut shown, "created_at", Some(seconds(job.created_at)));
    body::show(&mut shown, "updated_at", Some(seconds(job.updated_at)));
    body::show(&mut shown, "source_file_name", job.source_file_name.clone());
    body::show(&mut shown, "percent_done", Some(job.percent_done));
    body::show(&mut shown, "activity_errors", Some(job.errors.clone()));
    body::show(&mut shown, "status", Some(job.status.clone()).filter(|status| !status.is_null()));
    let mut links = Body::new();
    body::show(&mut links, "self", Some(json!({ "href": href })));
    let results = format!("/v3/contact_exports/{}", job.activity_id);
    body::show(&mut links, "results", job.export.as_ref().map(|_| json!({ "href": results })));
    body::show(&mut shown, "_links", Some(Value::Object(links)));
    Value::Object(shown)
}

/// `GET /activities/{activity_id}`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let id = path_id(call, "activity_id", CONTACTS)?;
    let job = account.jobs.iter().find(|job| job.activity_id == id);
    let job = job.ok_or_else(|| unknown(CONTACTS, "activity_id"))?;
    Ok(Reply::json(200, &view(job, &href(&job.activity_id))))
}

/// `GET /activities`, newest first; its cursor holds an id.
pub(super) fn list(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let page = page::open(call, 500, CONTACTS)?;
    let states = ["processing", "completed", "cancelled", "failed", "timed_out"];
    let state = query::choice(&page.call, "state", &states, CONTACTS)?;
    let wanted = |job: &&Job| state.is_none_or(|state| name(job.state) == state);
    let (found, next) = page.by_id(account.jobs.iter().rev(), |job| job.activity_id.as_str(), wanted)?;
    // On record: in a collection all items link to the last one. A caller must go by the id.
    let last = found.last().map(|job| href(&job.activity_id)).unwrap_or_default();
    let activities: Vec<Value> = found.into_iter().map(|job| view(job, &last)).collect();
    let links = page.links("/activities", next.as_deref());
    Ok(Reply::json(200, &json!({ "activities": activities, "_links": links })))
}

/// Carries every unfinished job as far as the time allows, and forgets old ones.
pub(super) fn advance(account: &mut Account, env: &mut Env) {
    let now = env.now();
    for index in 0..account.jobs.len() {
        start(account, env, index, now);
        finish(account, env, index, now);
    }
    account.jobs.retain(|job| !is_over(job) || now.duration_since(job.created_at) <= KEPT);
}

/// So many milliseconds after the job was asked for.
fn after(job: &Job, ms: i64) -> Timestamp {
    later(job.created_at, SignedDuration::from_millis(ms))
}

/// From initialized to processing, dated when it was due and not when somebody looked.
fn start(account: &mut Account, env: &Env, index: usize, now: Timestamp) {
    let Some(job) = account.jobs.get_mut(index).filter(|job| job.state == JobState::Initialized) else { return };
    let due = after(job, env.options.job_ms.0);
    if due <= now {
        job.state = JobState::Processing;
        job.started_at = Some(due);
        job.updated_at = due;
        job.percent_done = 50;
    }
}

/// From processing to completed: this is where the work is done.
fn finish(account: &mut Account, env: &mut Env, index: usize, now: Timestamp) {
    let Some(job) = account.jobs.get_mut(index).filter(|job| job.state == JobState::Processing) else { return };
    let due = after(job, env.options.job_ms.1.max(env.options.job_ms.0));
    if due > now {
        return;
    }
    let work = std::mem::take(&mut job.work);
    // A clock can jump: what was due before the job comes before it.
    super::happen(account, env, due);
    let outcome = bulk_work::perform(account, env, &work, due);
    let Some(job) = account.jobs.get_mut(index) else { return };
    job.state = if outcome.failed { JobState::Failed } else { JobState::Completed };
    job.completed_at = (!outcome.failed).then_some(due);
    job.updated_at = due;
    job.percent_done = 100;
    job.status = outcome.status;
    job.errors = outcome.errors;
    if outcome.file.is_some() {
        job.export = outcome.file;
    }
}
