//! Bulk jobs: queued by other operations, carried on before each request, looked up here.
//!
//! A job is initialized, then processing, then completed, at the times that the options set; its work is done in one
//! step at the end. Nothing is cancelled or times out in the stand-in.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::body::{self, Body};
use super::import;
use super::page;
use super::query;
use super::refusal::{CONTACTS, path_id, too_many, unknown};
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, Job, JobState, Work};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, seconds};

/// Bulk jobs by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/activities", CONTACT, "contacts:write", Handler::Account(list)),
    route("GET", "/activities/{activity_id}", CONTACT, "contacts:write", Handler::Account(get)),
];

/// Jobs that may wait at a time.
const MAX_QUEUED: usize = 1_000;
/// How long a job can be looked up.
const KEPT: SignedDuration = SignedDuration::from_hours(10 * 24);

/// What the work of a job came to.
pub(super) struct Outcome {
    /// Counters, as `status` shows them.
    pub status: Value,
    /// What `activity_errors` shows.
    pub errors: Vec<Value>,
}

/// Puts a job in the queue.
pub(super) fn queue(account: &mut Account, env: &mut Env, work: Work) -> Result<Job, Reply> {
    if account.jobs.iter().filter(|job| job.state != JobState::Completed).count() >= MAX_QUEUED {
        return Err(too_many(CONTACTS, "Too many queued activities"));
    }
    let now = env.now();
    let job = Job {
        activity_id: env.uuid_v1(),
        state: JobState::Initialized,
        work,
        created_at: now,
        updated_at: now,
        started_at: None,
        completed_at: None,
        percent_done: 1,
        errors: Vec::new(),
        status: json!({}),
    };
    account.jobs.push(job.clone());
    Ok(job)
}

/// A state as answers and filters write it.
fn name(state: JobState) -> &'static str {
    match state {
        JobState::Initialized => "initialized",
        JobState::Processing => "processing",
        JobState::Completed => "completed",
    }
}

/// Where a job is looked up.
pub(super) fn href(activity_id: &str) -> String {
    format!("/v3/activities/{activity_id}")
}

/// A job as answers show it, with the given link to itself.
pub(super) fn view(job: &Job, href: &str) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "activity_id", Some(job.activity_id.clone()));
    body::show(&mut shown, "state", Some(name(job.state)));
    body::show(&mut shown, "started_at", job.started_at.map(seconds));
    body::show(&mut shown, "completed_at", job.completed_at.map(seconds));
    body::show(&mut shown, "created_at", Some(seconds(job.created_at)));
    body::show(&mut shown, "updated_at", Some(seconds(job.updated_at)));
    body::show(&mut shown, "percent_done", Some(job.percent_done));
    body::show(&mut shown, "activity_errors", Some(job.errors.clone()));
    body::show(&mut shown, "status", Some(job.status.clone()));
    body::show(&mut shown, "_links", Some(json!({ "self": { "href": href } })));
    Value::Object(shown)
}

/// `GET /activities/{activity_id}`.
pub(super) fn get(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let id = path_id(call, "activity_id", CONTACTS)?;
    let now = env.now();
    let job = account.jobs.iter().find(|job| job.activity_id == id && is_kept(job, now));
    let job = job.ok_or_else(|| unknown(CONTACTS, "activity_id"))?;
    Ok(Reply::json(200, &view(job, &href(&job.activity_id))))
}

fn is_kept(job: &Job, now: Timestamp) -> bool {
    now.duration_since(job.created_at) <= KEPT
}

/// `GET /activities`, newest first; its cursor holds an id.
pub(super) fn list(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let page = page::open(call, 500, CONTACTS)?;
    let states = ["processing", "completed", "cancelled", "failed", "timed_out"];
    let state = query::choice(&page.call, "state", &states, CONTACTS)?;
    let now = env.now();
    let wanted = |job: &&Job| is_kept(job, now) && state.is_none_or(|state| name(job.state) == state);
    let found: Vec<&Job> = account.jobs.iter().rev().filter(wanted).collect();
    let (found, next) = page.by_id(found, |job| job.activity_id.as_str())?;
    // On record: in a collection all items link to the last one. A caller must go by the id.
    let last = found.last().map(|job| href(&job.activity_id)).unwrap_or_default();
    let activities: Vec<Value> = found.into_iter().map(|job| view(job, &last)).collect();
    let links = page.links("/activities", next.as_deref());
    Ok(Reply::json(200, &json!({ "activities": activities, "_links": links })))
}

/// Carries every unfinished job as far as the time allows.
pub(super) fn advance(account: &mut Account, env: &mut Env) {
    let now = env.now();
    for index in 0..account.jobs.len() {
        start(account, env, index, now);
        finish(account, env, index, now);
    }
}

fn later(moment: Timestamp, ms: i64) -> Timestamp {
    moment.checked_add(SignedDuration::from_millis(ms)).unwrap_or(moment)
}

/// From initialized to processing, dated when it was due and not when somebody looked.
fn start(account: &mut Account, env: &Env, index: usize, now: Timestamp) {
    let Some(job) = account.jobs.get_mut(index).filter(|job| job.state == JobState::Initialized) else { return };
    let due = later(job.created_at, env.options.job_ms.0);
    if due <= now {
        job.state = JobState::Processing;
        job.started_at = Some(due);
        job.updated_at = due;
        job.percent_done = 50;
    }
}

/// From processing to completed: this is where the work is done.
fn finish(account: &mut Account, env: &mut Env, index: usize, now: Timestamp) {
    let Some(job) = account.jobs.get(index).filter(|job| job.state == JobState::Processing) else { return };
    let due = later(job.created_at, env.options.job_ms.1.max(env.options.job_ms.0));
    if due > now {
        return;
    }
    let work = job.work.clone();
    let outcome = perform(account, env, &work, due);
    let Some(job) = account.jobs.get_mut(index) else { return };
    job.state = JobState::Completed;
    job.completed_at = Some(due);
    job.updated_at = due;
    job.percent_done = 100;
    job.status = outcome.status;
    job.errors = outcome.errors;
}

fn perform(account: &mut Account, env: &mut Env, work: &Work, at: Timestamp) -> Outcome {
    match work {
        Work::JsonImport { rows, list_ids } => import::run(account, env, rows, list_ids, at),
        Work::DeleteLists(ids) => delete_lists(account, ids, at),
        Work::DeleteTags(ids) => delete_tags(account, ids),
    }
}

/// Deletes lists and everybody's membership; the people stay.
fn delete_lists(account: &mut Account, ids: &[String], at: Timestamp) -> Outcome {
    for list in account.lists.iter_mut().filter(|list| ids.contains(&list.list_id) && list.deleted_at.is_none()) {
        list.deleted_at = Some(at);
        list.updated_at = at;
    }
    for contact in &mut account.contacts {
        contact.list_memberships.retain(|id| !ids.contains(id));
    }
    Outcome { status: json!({ "list_count": ids.len() }), errors: Vec::new() }
}

/// Deletes tags and takes them off everyone.
fn delete_tags(account: &mut Account, ids: &[String]) -> Outcome {
    account.tags.retain(|tag| !ids.contains(&tag.tag_id));
    for contact in &mut account.contacts {
        contact.taggings.retain(|id| !ids.contains(id));
    }
    let status = json!({ "items_total_count": ids.len(), "items_completed_count": ids.len() });
    Outcome { status, errors: Vec::new() }
}
