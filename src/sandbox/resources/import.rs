//! The JSON import: a bulk job over rows, each of which creates a contact or updates one in part.
//!
//! One bad row harms no other. Errors that a person could correct in the product (an address, a date, nothing to know
//! somebody by) are counted apart from the rest.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{self, Body};
use super::contact_form::by_sms_number;
use super::contact_write::{self as write, Absent, MAX_LISTS, MAX_PLACES, Stamp, anniversary, known_lists};
use super::jobs::{self, Outcome};
use super::permission;
use super::refusal::{CONTACTS, invalid};
use super::validate::{Checks, is_email};
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, Contact, Work};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// The JSON import by method and path.
pub(super) const ROUTES: &[Route] =
    &[route("POST", "/activities/contacts_json_import", CONTACT, "contacts:write", Handler::Account(create))];

/// Rows of one import.
const MAX_ROWS: usize = 40_000;
/// Bytes of rows; what is beyond is dropped without a word.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Custom fields of one row.
const MAX_FIELDS: usize = 25;

/// A row's phone numbers by kind. The plain one has no kind of its own.
const PHONES: &[(&str, &str)] = &[
    ("phone", "other"),
    ("home_phone", "home"),
    ("work_phone", "work"),
    ("mobile_phone", "mobile"),
    ("other_phone", "other"),
];
/// A row's addresses: the beginning of their names, and their kind.
const STREETS: &[(&str, &str)] = &[("", "home"), ("home_", "home"), ("work_", "work"), ("other_", "other")];

/// `POST /activities/contacts_json_import`.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, CONTACTS)?;
    check(&sent)?;
    let list_ids = body::ids(&sent, "list_ids");
    known_lists(account, &list_ids)?;
    let job = jobs::queue(account, env, Work::JsonImport { rows: rows(&sent), list_ids })?;
    let href = jobs::href(&job.activity_id);
    Ok(Reply::json(201, &jobs::view(&job, &href)))
}

fn check(sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    checks.required("import_data").test("import_data", Value::is_array).not_empty("import_data");
    checks.required("list_ids").ids("list_ids", MAX_LISTS).not_empty("list_ids");
    checks.one_of("sms_permission_to_send", &["explicit", "not_set"]);
    checks.done(CONTACTS)?;
    if body::array(sent, "import_data").unwrap_or_default().len() > MAX_ROWS {
        return Err(invalid(CONTACTS, "import_data is invalid"));
    }
    Ok(())
}

/// The rows that are kept: as many as fit, each with the SMS permission of the whole import.
fn rows(sent: &Body) -> Vec<Value> {
    let permission = body::text(sent, "sms_permission_to_send");
    let mut room = MAX_BYTES;
    let mut rows = Vec::new();
    for row in body::array(sent, "import_data").unwrap_or_default() {
        let Some(left) = room.checked_sub(row.to_string().len()) else { break };
        room = left;
        let mut row = row.clone();
        if let Some(fields) = row.as_object_mut() {
            body::show(fields, "sms_permission_to_send", permission.clone());
        }
        rows.push(row);
    }
    rows
}

/// Why a row was not taken.
enum Trouble {
    /// Something that can be put right in the product.
    Correctable(&'static str),
    /// Something that cannot.
    Final(String),
}

/// The counters of an import.
#[derive(Default)]
struct Tally {
    persons: usize,
    errors: usize,
    correctable: usize,
    not_listed: usize,
}

/// Does the work of an import.
pub(super) fn run(account: &mut Account, env: &mut Env, rows: &[Value], list_ids: &[String], at: Timestamp) -> Outcome {
    let mut tally = Tally::default();
    let mut errors: Vec<Value> = Vec::new();
    for (number, row) in (1_usize..).zip(rows) {
        let text = match take(account, env, row, list_ids, at) {
            Ok(listed) => {
                tally.persons += 1;
                tally.not_listed += usize::from(!listed);
                continue;
            }
            Err(Trouble::Correctable(text)) => {
                tally.correctable += 1;
                text.to_owned()
            }
            Err(Trouble::Final(text)) => {
                tally.errors += 1;
                text
            }
        };
        errors.push(format!("Row {number}: {text}").into());
    }
    let status = json!({
        "items_total_count": rows.len(),
        "person_count": tally.persons,
        "error_count": tally.errors,
        "correctable_count": tally.correctable,
        "cannot_add_to_list_count": tally.not_listed,
    });
    Outcome { status, errors }
}

/// Takes one row; `false` when the contact could not be put on the lists because it has opted out.
fn take(account: &mut Account, env: &mut Env, row: &Value, lists: &[String], at: Timestamp) -> Result<bool, Trouble> {
    let row = row.as_object().ok_or_else(|| Trouble::Final("not an object".to_owned()))?;
    check_correctable(row)?;
    check_final(row)?;
    let fields = custom_fields(account, row)?;
    let known = existing(account, row);
    let stamp = Stamp { source: "Account", at };
    let mut contact = match known.and_then(|index| account.contacts.get(index)) {
        Some(contact) => contact.clone(),
        None => write::blank(env, stamp.source, at),
    };
    fill(&mut contact, row, &fields, env, &stamp);
    // Whoever opted out stays off: an import changes nobody's permission.
    let listed = !permission::opted_out(&contact);
    if listed {
        write::add_lists(&mut contact, lists);
        contact.list_memberships.truncate(MAX_LISTS);
    }
    match known {
        Some(index) => {
            contact.update_source = Some(stamp.source.to_owned());
            contact.updated_at = at;
            write::replace(account, index, contact);
        }
        None => write::insert(account, contact),
    }
    Ok(listed)
}

/// Whom a row is about: by address if it has one, else by SMS number.
fn existing(account: &Account, row: &Body) -> Option<usize> {
    if let Some(address) = body::text(row, "email") {
        return account.by_email.get(&address.to_lowercase()).copied();
    }
    by_sms_number(account, &write::sms_number(&sms_channel(row)?).0)
}

fn check_correctable(row: &Body) -> Result<(), Trouble> {
    let named = ["email", "first_name", "last_name", "sms_number"].iter().any(|name| body::text(row, name).is_some());
    if !named {
        return Err(Trouble::Correctable("no name and no email address"));
    }
    if body::text(row, "email").is_some_and(|email| !is_email(&email)) {
        return Err(Trouble::Correctable("invalid email address"));
    }
    if !is_birthday(row) {
        return Err(Trouble::Correctable("invalid birthday"));
    }
    if body::text(row, "anniversary").is_some_and(|day| anniversary(&day).is_none()) {
        return Err(Trouble::Correctable("invalid anniversary"));
    }
    Ok(())
}

/// Both month and day, or neither.
fn is_birthday(row: &Body) -> bool {
    let absent = |name: &str| row.get(name).is_none_or(Value::is_null);
    if absent("birthday_month") && absent("birthday_day") {
        return true;
    }
    let (month, day) = (body::integer(row, "birthday_month"), body::integer(row, "birthday_day"));
    month.is_some_and(|month| (1..=12).contains(&month)) && day.is_some_and(|day| (1..=31).contains(&day))
}

fn check_final(row: &Body) -> Result<(), Trouble> {
    for (name, value) in row {
        let length = value.as_str().map_or(0, |text| text.chars().count());
        if length > longest(name) {
            return Err(Trouble::Final(format!("{name} is too long")));
        }
    }
    if PHONES.iter().filter(|(name, _)| body::text(row, name).is_some()).count() > MAX_PLACES {
        return Err(Trouble::Final("too many phone numbers".to_owned()));
    }
    if STREETS.iter().filter(|(start, _)| street(row, start).is_some()).count() > MAX_PLACES {
        return Err(Trouble::Final("too many addresses".to_owned()));
    }
    Ok(())
}

/// Characters that a property can have.
fn longest(name: &str) -> usize {
    match name {
        name if name.starts_with("cf:") || name.ends_with("street") || name.ends_with("street2") => 255,
        "sms_number" | "sms_consent_date" => 16,
        _ => 50,
    }
}

/// Ids and values of a row's custom fields, which must exist.
fn custom_fields(account: &Account, row: &Body) -> Result<Vec<(String, Value)>, Trouble> {
    let mut found = Vec::new();
    for (key, value) in row {
        let Some(name) = key.strip_prefix("cf:") else { continue };
        let field = account.custom_fields.iter().find(|field| field.name == name);
        let field = field.ok_or_else(|| Trouble::Final(format!("unknown custom field {name}")))?;
        found.push((field.custom_field_id.clone(), value.clone()));
    }
    if found.len() > MAX_FIELDS {
        return Err(Trouble::Final("too many custom fields".to_owned()));
    }
    Ok(found)
}

/// Writes what the row has, and nothing else. A deleted contact comes back.
fn fill(contact: &mut Contact, row: &Body, fields: &[(String, Value)], env: &mut Env, stamp: &Stamp<'_>) {
    contact.deleted_at = None;
    if contact.email.is_none() {
        let address = body::text(row, "email");
        contact.email = address.map(|email| permission::fresh(&email, Some("implicit"), stamp.source, stamp.at));
    }
    write::set_person(contact, row, Absent::Keeps);
    for (id, value) in fields {
        write::set_custom_field(contact, id, Some(value), None);
    }
    for (name, kind) in PHONES {
        if let Some(number) = body::text(row, name) {
            write::set_phone(contact, &pairs(&[("phone_number", number.as_str()), ("kind", *kind)]), env, stamp);
        }
    }
    for (start, kind) in STREETS {
        if let Some(mut street) = street(row, start) {
            body::show(&mut street, "kind", Some(*kind));
            write::set_street(contact, &street, env, stamp);
        }
    }
    if let Some(channel) = sms_channel(row) {
        let mut sent = Body::new();
        sent.insert("sms_channel".to_owned(), Value::Object(channel));
        write::set_sms(contact, &sent, env, stamp);
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Body {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}

/// The address whose names begin with `start`, if the row has any part of it.
fn street(row: &Body, start: &str) -> Option<Body> {
    let part = |name: &str| body::text(row, &format!("{start}{name}"));
    let lines: Vec<String> = ["street", "street2"].into_iter().filter_map(part).collect();
    let mut street = Body::new();
    body::show(&mut street, "street", (!lines.is_empty()).then(|| lines.join(", ")));
    body::show(&mut street, "city", part("city"));
    body::show(&mut street, "state", part("state"));
    body::show(&mut street, "postal_code", part("zip"));
    // The contract writes the home address's country with a blank.
    let country = part("country").or_else(|| body::text(row, "home country").filter(|_| start == "home_"));
    body::show(&mut street, "country", country);
    (!street.is_empty()).then_some(street)
}

/// The row's SMS number in the form that contacts have.
fn sms_channel(row: &Body) -> Option<Body> {
    let number = body::text(row, "sms_number")?;
    let permission = body::text(row, "sms_permission_to_send").unwrap_or_else(|| "not_set".to_owned());
    let mut channel = pairs(&[("full_sms_address", number.as_str())]);
    let consents = json!([{ "sms_consent_permission": permission, "consent_type": "promotional_sms" }]);
    channel.insert("sms_channel_consents".to_owned(), consents);
    Some(channel)
}
