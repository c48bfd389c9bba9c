//! Custom fields: their labels, the names made from them, and the choices of those that have any.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{self, Body};
use super::page;
use super::refusal::{CONTACTS, conflict, invalid, path_id, unknown};
use super::validate::Checks;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, CustomField};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::{Env, seconds};

/// Custom fields by method and path.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/contact_custom_fields", CONTACT, "contacts:read", Handler::Account(list)).recorded(),
    route("POST", "/contact_custom_fields", CONTACT, "contacts:write", Handler::Account(create)).recorded(),
    route("GET", "/contact_custom_fields/{custom_field_id}", CONTACT, "contacts:read", Handler::Account(get)),
    route("PUT", "/contact_custom_fields/{custom_field_id}", CONTACT, "contacts:write", Handler::Account(put))
        .simplified("What is left out stays as it is, and contacts keep the numbers of choices that are gone."),
    route("DELETE", "/contact_custom_fields/{custom_field_id}", CONTACT, "contacts:write", Handler::Account(delete)),
];

const KINDS: &[&str] =
    &["string", "date", "datetime", "currency", "text_area", "number", "boolean", "single_select", "multi_select"];
/// What is kept of the metadata.
const METADATA: &[&str] =
    &["display_type", "allow_negative", "decimal_places", "currency_code", "integer", "display_format"];
const SELECTS: &[&str] = &["single_select", "multi_select"];
/// Custom fields an account can have.
const MAX_FIELDS: usize = 100;

/// The custom field in the path.
fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut CustomField, Reply> {
    let id = path_id(call, "custom_field_id", CONTACTS)?;
    let found = account.custom_fields.iter_mut().find(|field| field.custom_field_id == id);
    found.ok_or_else(|| unknown(CONTACTS, "custom_field_id"))
}

fn view(field: &CustomField) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "custom_field_id", Some(field.custom_field_id.clone()));
    body::show(&mut shown, "label", Some(field.label.clone()));
    body::show(&mut shown, "name", Some(field.name.clone()));
    body::show(&mut shown, "type", Some(field.kind.clone()));
    body::show(&mut shown, "metadata", field.metadata.clone());
    body::show(&mut shown, "choices", field.choices.clone());
    body::show(&mut shown, "version", Some(version(field)));
    body::show(&mut shown, "updated_at", Some(seconds(field.updated_at)));
    body::show(&mut shown, "created_at", Some(seconds(field.created_at)));
    Value::Object(shown)
}

/// 2 for dates that are kept as dates, which alone have a display format; 1 for everything else.
fn version(field: &CustomField) -> i64 {
    let format = field.metadata.as_ref().and_then(|metadata| metadata.get("display_format"));
    if field.kind == "date" && format.is_some() { 2 } else { 1 }
}

/// `GET /contact_custom_fields`. The last page has no `_links` at all.
pub(super) fn list(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let page = page::open(call, 100, CONTACTS)?;
    let (found, next) = page.by_position(&account.custom_fields)?;
    let mut answer = Body::new();
    body::show(&mut answer, "custom_fields", Some(found.into_iter().map(view).collect::<Vec<Value>>()));
    let links = next.map(|next| page.links("/contact_custom_fields", Some(&next)));
    body::show(&mut answer, "_links", links);
    Ok(Reply::json(200, &Value::Object(answer)))
}

/// `GET /contact_custom_fields/{custom_field_id}`.
pub(super) fn get(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    find(account, call).map(|field| Reply::json(200, &view(field)))
}

/// `POST /contact_custom_fields`: 201 as the contract says, where one recording has 200.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, CONTACTS)?;
    check_create(&sent)?;
    let label = body::text(&sent, "label").unwrap_or_default();
    refuse_taken(account, &label, None)?;
    if account.custom_fields.len() >= MAX_FIELDS {
        return Err(invalid(CONTACTS, "The account has as many custom fields as it can have"));
    }
    let now = env.now();
    let id = env.uuid_v1();
    let kind = body::text(&sent, "type").unwrap_or_default();
    let choices = SELECTS.contains(&kind.as_str()).then(|| choices(&id, &sent, None, now));
    let field = CustomField {
        custom_field_id: id,
        name: name(&label),
        label,
        metadata: metadata(&kind, &sent),
        kind,
        choices,
        created_at: now,
        updated_at: now,
    };
    let shown = view(&field);
    account.custom_fields.push(field);
    Ok(Reply::json(201, &shown))
}

fn check_create(sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    checks.filled("label", 50).required_one_of("type", KINDS).integer("version", 1..=2);
    let metadata = body::object(sent, "metadata");
    // A number that need not be whole has a place behind the point.
    let fraction = metadata.and_then(|metadata| metadata.get("integer")).and_then(Value::as_bool) == Some(false);
    checks.inner("metadata", |metadata| {
        metadata.one_of("display_type", &["dropdown", "checkbox", "radio"]);
        metadata.integer("decimal_places", i64::from(fraction)..=4);
        metadata.flag("allow_negative").flag("integer").text("currency_code", 3).text("display_format", 50);
    });
    check_choices(&mut checks, max_choices(metadata));
    if body::text(sent, "type").is_some_and(|kind| SELECTS.contains(&kind.as_str())) {
        checks.required("choices").not_empty("choices");
    }
    checks.done(CONTACTS)
}

fn check_choices(checks: &mut Checks<'_>, max: usize) {
    checks.each("choices", max, |choice| {
        choice.filled("choice_label", 255).integer("display_order", 0..=1_000);
        // The contract says number, its sample shows a text.
        choice.test("choice_id", |id| id.is_u64() || id.as_str().is_some_and(|id| id.parse::<u64>().is_ok()));
    });
}

/// A drop-down holds more choices than buttons do.
fn max_choices(metadata: Option<&Body>) -> usize {
    let shown_as = metadata.and_then(|metadata| body::text(metadata, "display_type"));
    if matches!(shown_as.as_deref(), Some("checkbox" | "radio")) { 20 } else { 100 }
}

/// The known metadata as sent. A true date has a display format, be it the usual one; nothing else has any.
fn metadata(kind: &str, sent: &Body) -> Option<Value> {
    let mut metadata = body::object(sent, "metadata").cloned().unwrap_or_default();
    metadata.retain(|name, value| METADATA.contains(&name.as_str()) && !value.is_null());
    if kind != "date" || body::integer(sent, "version") != Some(2) {
        metadata.shift_remove("display_format");
    } else if !metadata.contains_key("display_format") {
        metadata.insert("display_format".to_owned(), "YYYY-MM-DD".into());
    }
    (!metadata.is_empty()).then_some(Value::Object(metadata))
}

/// The name that imports use: lower case, blanks as underscores.
fn name(label: &str) -> String {
    label.trim().to_lowercase().replace(char::is_whitespace, "_")
}

/// The choices as sent. One with a known id keeps it; a new one, or the second with the same id, gets the next number.
fn choices(field_id: &str, sent: &Body, before: Option<&Value>, now: Timestamp) -> Value {
    let before: Vec<Value> = before.and_then(Value::as_array).cloned().unwrap_or_default();
    let number = |choice: &Value| choice.get("choice_id").and_then(Value::as_u64);
    let mut last = before.iter().filter_map(number).max().unwrap_or(0);
    let mut kept: Vec<Value> = Vec::new();
    for (order, choice) in (1_u64..).zip(body::objects(sent, "choices")) {
        let id = choice_id(choice);
        let is_taken = kept.iter().any(|choice| number(choice) == id);
        let old = before.iter().find(|old| id.is_some() && !is_taken && number(old) == id);
        let id = id.filter(|_| old.is_some()).unwrap_or_else(|| {
            last = last.saturating_add(1);
            last
        });
        let created = old.and_then(|old| old.get("created_at")).cloned();
        kept.push(json!({
            "custom_field_id": field_id,
            "choice_id": id,
            "choice_label": body::text(choice, "choice_label").unwrap_or_default(),
            "display_order": body::integer(choice, "display_order").map_or_else(|| json!(order), Value::from),
            "created_at": created.unwrap_or_else(|| seconds(now).into()),
            "updated_at": seconds(now),
        }));
    }
    Value::Array(kept)
}

/// The number of a choice, whether written as number or text.
fn choice_id(choice: &Body) -> Option<u64> {
    let id = choice.get("choice_id")?;
    id.as_u64().or_else(|| id.as_str()?.parse().ok())
}

/// Labels are unique, and so are the names made from them.
fn refuse_taken(account: &Account, label: &str, own: Option<&str>) -> Result<(), Reply> {
    let name = name(label);
    let same = |field: &CustomField| field.name == name && own != Some(field.custom_field_id.as_str());
    if account.custom_fields.iter().any(same) {
        return Err(conflict(CONTACTS, "Custom field label already exists"));
    }
    Ok(())
}

/// `PUT /contact_custom_fields/{custom_field_id}`: label and choices; the type stays for good.
pub(super) fn put(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let before = find(account, call)?.clone();
    let id = before.custom_field_id.clone();
    let sent = body::read(call, CONTACTS)?;
    check_put(&before, &sent)?;
    let label = body::text(&sent, "label");
    if let Some(label) = &label {
        refuse_taken(account, label, Some(&id))?;
    }
    let now = env.now();
    let field = find(account, call)?;
    if let Some(label) = label {
        field.name = name(&label);
        field.label = label;
    }
    if body::array(&sent, "choices").is_some() && SELECTS.contains(&field.kind.as_str()) {
        field.choices = Some(choices(&id, &sent, field.choices.as_ref(), now));
    }
    field.updated_at = now;
    Ok(Reply::json(200, &view(field)))
}

fn check_put(before: &CustomField, sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    checks.any_of(&["label", "choices"]).text("label", 50);
    checks.test("label", |label| label.as_str().is_some_and(|label| !label.trim().is_empty()));
    check_choices(&mut checks, max_choices(before.metadata.as_ref().and_then(Value::as_object)));
    if SELECTS.contains(&before.kind.as_str()) {
        checks.not_empty("choices");
    }
    checks.done(CONTACTS)
}

/// `DELETE /contact_custom_fields/{custom_field_id}`: at once, with everybody's values.
pub(super) fn delete(account: &mut Account, _env: &mut Env, call: &Call) -> Answer {
    let id = find(account, call)?.custom_field_id.clone();
    super::bulk_work::delete_fields(account, &[id]);
    Ok(Reply::empty(204))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_choices_have_the_same_number() {
        let before = json!([{ "choice_id": 1, "choice_label": "Red" }]);
        let two = json!([{ "choice_id": 1, "choice_label": "Red" }, { "choice_id": "1", "choice_label": "Blue" }]);
        let sent = json!({ "choices": two }).as_object().cloned().unwrap_or_default();
        let kept = choices("a", &sent, Some(&before), Timestamp::default());
        let number = |place: &str| kept.pointer(place).and_then(Value::as_u64);
        assert_eq!((number("/0/choice_id"), number("/1/choice_id")), (Some(1), Some(2)));
    }
}
