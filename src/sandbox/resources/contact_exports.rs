//! Exports of contacts: the job that writes a file, and the file.

use serde_json::Value;

use super::body::{self, Body};
use super::bulk_work;
use super::contact_choice::{self as choice, Way};
use super::export_file;
use super::jobs;
use super::refusal::{CONTACTS, invalid, path_id, unknown};
use super::validate::Checks;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, ContactChoice, ExportOrder, JobState, Work};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// Exports by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("POST", "/activities/contact_exports", CONTACT, "contacts:write", Handler::Account(create)),
    route("GET", "/contact_exports/{file_export_id}", CONTACT, "contacts:write", Handler::Account(download))
        .inferred()
        .simplified("Headings, order of columns and order of lines are a guess: no sample of a file is published."),
];

const WAYS: &[Way] = &[("contact_ids", 500), ("list_ids", 50), ("tag_ids", 50), ("segment_id", 0)];
/// All filters. Two of them together are refused, unless they are one of the pairs below.
const FILTERS: &[&str] = &["contact_ids", "list_ids", "tag_ids", "segment_id", "new_subscriber", "status", "exclude"];
const PAIRS: &[(&str, &str)] = &[
    ("contact_ids", "status"),
    ("list_ids", "status"),
    ("list_ids", "exclude"),
    ("list_ids", "new_subscriber"),
    ("new_subscriber", "exclude"),
];
/// People that one export can leave out.
const MAX_EXCLUDED: usize = 50;

/// `POST /activities/contact_exports`.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, CONTACTS)?;
    check(&sent)?;
    let source = choice::read_ways(&sent, WAYS).unwrap_or_default();
    choice::known(account, &source)?;
    let order = ExportOrder {
        whom: ContactChoice { source, exclude: choice::excluded(&sent) },
        new_subscriber: choice::is_used(&sent, "new_subscriber"),
        status: body::text(&sent, "status"),
        fields: body::strings(&sent, "fields"),
    };
    let found = export_file::choose(account, &order, env.now());
    let found = found.ok_or_else(|| invalid(CONTACTS, "segment_id not found"))?;
    let status = bulk_work::counters(found.total(), 0, None);
    jobs::accept(account, env, Work::Export(order), status)
}

fn check(sent: &Body) -> Result<(), Reply> {
    let field = |v: &Value| v.as_str().is_some_and(export_file::is_field);
    let mut checks = Checks::of(sent);
    choice::check_ways(&mut checks, WAYS);
    checks.flag("new_subscriber").one_of("status", &["active", "unsubscribed", "removed"]);
    checks.inner("exclude", |exclude| {
        exclude.ids("contact_ids", MAX_EXCLUDED);
    });
    checks.test("fields", Value::is_array).not_empty("fields");
    if body::array(sent, "fields").is_some_and(|fields| !fields.iter().all(field)) {
        checks.problem("fields", "does not have a valid value");
    }
    for (one, other) in clashes(sent) {
        checks.say(&format!("{one}, {other} are mutually exclusive"));
    }
    checks.done(CONTACTS)
}

/// Filters that were used together and must not be.
fn clashes(sent: &Body) -> Vec<(&'static str, &'static str)> {
    let used: Vec<&'static str> = FILTERS.iter().copied().filter(|name| choice::is_used(sent, name)).collect();
    let mut clashes = Vec::new();
    for (place, one) in (1_usize..).zip(&used) {
        let others = used.iter().skip(place).filter(|other| !PAIRS.contains(&(*one, **other)));
        clashes.extend(others.map(|other| (*one, *other)));
    }
    clashes
}

/// `GET /contact_exports/{file_export_id}`: there is nothing before the job is done.
pub(super) fn download(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let id = path_id(call, "file_export_id", CONTACTS)?;
    let job = account.jobs.iter().find(|job| job.activity_id == id && job.state == JobState::Completed);
    let file = job.and_then(|job| job.export.as_ref()).ok_or_else(|| unknown(CONTACTS, "file_export_id"))?;
    let headers = vec![("content-type", "text/csv".to_owned())];
    Ok(Reply { status: 200, headers, body: file.clone().into_bytes() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn clashing(sent: &Value) -> Vec<(&'static str, &'static str)> {
        clashes(&sent.as_object().cloned().unwrap_or_default())
    }

    #[test]
    fn few_filters_go_together() {
        assert!(clashing(&json!({})).is_empty());
        assert!(clashing(&json!({ "list_ids": ["a"], "status": "active" })).is_empty());
        assert!(clashing(&json!({ "new_subscriber": true, "list_ids": ["a"], "exclude": {} })).is_empty());
        assert!(clashing(&json!({ "contact_ids": ["a"], "new_subscriber": false })).is_empty());
        assert_eq!(clashing(&json!({ "status": "active", "tag_ids": ["a"] })), [("tag_ids", "status")]);
        assert_eq!(clashing(&json!({ "segment_id": 1, "contact_ids": ["a"] })), [("contact_ids", "segment_id")]);
    }

    #[test]
    fn unknown_fields_are_refused() {
        let sent = json!({ "fields": ["email_address", "shoe_size"] }).as_object().cloned().unwrap_or_default();
        assert_eq!(check(&sent).map_err(|reply| reply.status), Err(400));
        let sent = json!({ "fields": ["email_address", "email_lists"] }).as_object().cloned().unwrap_or_default();
        assert_eq!(check(&sent).map_err(|reply| reply.status), Ok(()));
    }
}
