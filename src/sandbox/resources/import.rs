//! Imports: a bulk job over rows, each of which creates a contact or updates one in part.
//!
//! One bad row harms no other. Errors that a person could correct in the product (an address, a date, nothing to know
//! somebody by) are counted apart from the rest. The rows of a file come here too, made into those of JSON.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{self, Body};
use super::contact_write::{self as write, MAX_LISTS, Stamp, known_lists};
use super::import_row::{self as rows, Trouble};
use super::jobs::{self, Outcome};
use super::permission;
use super::refusal::{CONTACTS, invalid};
use super::validate::Checks;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, Contact, ImportOrder, ImportRow, Work};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// The JSON import by method and path.
pub(super) const ROUTES: &[Route] =
    &[route("POST", "/activities/contacts_json_import", CONTACT, "contacts:write", Handler::Account(create))];

/// Rows of one import.
const MAX_ROWS: usize = 40_000;
/// Bytes of rows; what is beyond is dropped without a word.
pub(super) const MAX_BYTES: usize = 4 * 1024 * 1024;
/// What everybody in an import can have agreed to.
pub(super) const SMS_PERMISSIONS: &[&str] = &["explicit", "not_set"];

/// `POST /activities/contacts_json_import`.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let sent = body::read(call, CONTACTS)?;
    check(&sent)?;
    let list_ids = body::ids(&sent, "list_ids");
    known_lists(account, &list_ids)?;
    let sms_permission = body::text(&sent, "sms_permission_to_send");
    begin(account, env, ImportOrder { rows: kept(sent), list_ids, sms_permission, file: None })
}

fn check(sent: &Body) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    checks.required("import_data").test("import_data", Value::is_array).not_empty("import_data");
    checks.required("list_ids").ids("list_ids", MAX_LISTS).not_empty("list_ids");
    checks.one_of("sms_permission_to_send", SMS_PERMISSIONS);
    checks.done(CONTACTS)?;
    if body::array(sent, "import_data").unwrap_or_default().len() > MAX_ROWS {
        return Err(invalid(CONTACTS, "import_data is invalid"));
    }
    Ok(())
}

/// The rows that are kept: as many as fit.
fn kept(mut sent: Body) -> Vec<ImportRow> {
    let Some(Value::Array(all)) = sent.remove("import_data") else { return Vec::new() };
    let mut room = MAX_BYTES;
    let mut kept = Vec::new();
    for (place, fields) in (1_u64..).zip(all) {
        let Some(left) = room.checked_sub(fields.to_string().len()) else { break };
        room = left;
        kept.push(ImportRow { place, fields });
    }
    kept
}

/// Puts an import in the queue.
pub(super) fn begin(account: &mut Account, env: &mut Env, order: ImportOrder) -> Answer {
    let status = Tally::default().counters(&order);
    jobs::accept(account, env, Work::Import(order), status)
}

/// The counters of an import.
#[derive(Default)]
struct Tally {
    persons: usize,
    errors: usize,
    correctable: usize,
    not_listed: usize,
}

impl Tally {
    /// As the job shows them. Of a file, the line of headings counts as an item.
    fn counters(&self, order: &ImportOrder) -> Value {
        json!({
            "items_total_count": order.rows.len() + usize::from(order.file.is_some()),
            "person_count": self.persons,
            "error_count": self.errors,
            "correctable_count": self.correctable,
            "cannot_add_to_list_count": self.not_listed,
        })
    }
}

/// Does the work of an import.
pub(super) fn run(account: &mut Account, env: &mut Env, order: &ImportOrder, at: Timestamp) -> Outcome {
    let mut tally = Tally::default();
    let mut errors: Vec<Value> = Vec::new();
    let mut numbers = Numbers::default();
    let unit = if order.file.is_some() { "Line" } else { "Row" };
    for ImportRow { place, fields } in &order.rows {
        let text = match take(account, env, fields, order, &mut numbers, at) {
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
        errors.push(format!("{unit} {place}: {text}").into());
    }
    Outcome { status: tally.counters(order), errors, ..Outcome::default() }
}

/// Takes one row; `false` when the contact could not be put on the lists because it has opted out.
fn take(
    account: &mut Account,
    env: &mut Env,
    row: &Value,
    order: &ImportOrder,
    numbers: &mut Numbers,
    at: Timestamp,
) -> Result<bool, Trouble> {
    let row = row.as_object().ok_or_else(|| Trouble::Final("not an object".to_owned()))?;
    rows::check(row)?;
    let fields = rows::custom_fields(account, row)?;
    let known = existing(account, row, numbers);
    let stamp = Stamp { source: "Account", at };
    let mut contact = match known.and_then(|index| account.contacts.get(index)) {
        Some(contact) => contact.clone(),
        None => write::blank(env, stamp.source, at),
    };
    rows::fill(&mut contact, row, &fields, order.sms_permission.as_deref(), env, &stamp);
    // Whoever opted out stays off: an import changes nobody's permission.
    let listed = !permission::opted_out(&contact);
    if listed {
        write::add_lists(&mut contact, &order.list_ids);
        contact.list_memberships.truncate(MAX_LISTS);
    }
    let before = known.and_then(|index| account.contacts.get(index));
    numbers.note(before, &contact, known.unwrap_or(account.contacts.len()));
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
fn existing(account: &Account, row: &Body, numbers: &mut Numbers) -> Option<usize> {
    if let Some(address) = body::text(row, "email") {
        return account.by_email.get(&address.to_lowercase()).copied();
    }
    numbers.find(account, &rows::sms_number(row)?)
}

/// Who has which SMS number. Made when the first row asks, because to go through everybody for each row would take
/// minutes where there are many.
#[derive(Default)]
struct Numbers(Option<HashMap<String, usize>>);

impl Numbers {
    fn find(&mut self, account: &Account, number: &str) -> Option<usize> {
        let places = self.0.get_or_insert_with(|| {
            // Backwards, so that of several the first one stays.
            let all = account.contacts.iter().enumerate().rev();
            all.filter_map(|(index, contact)| Some((number_of(contact)?.to_owned(), index))).collect()
        });
        places.get(number).copied()
    }

    /// Keeps up with a contact that is written. A number that it gives up no longer leads to it.
    fn note(&mut self, before: Option<&Contact>, after: &Contact, index: usize) {
        let Some(places) = &mut self.0 else { return };
        let (old, new) = (before.and_then(number_of), number_of(after));
        if let Some(old) = old.filter(|old| new != Some(*old) && places.get(*old) == Some(&index)) {
            places.remove(old);
        }
        if let Some(new) = new {
            places.entry(new.to_owned()).or_insert(index);
        }
    }
}

fn number_of(contact: &Contact) -> Option<&str> {
    contact.sms_channel.as_ref()?.get("sms_address")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::env::Options;

    #[test]
    fn a_number_that_was_given_up_leads_to_nobody() {
        let mut env = Env::new(Options::default());
        let (mut account, at) = (Account::default(), env.now());
        let rows = [
            json!({ "email": "a@example.com", "sms_number": "555-555-0105" }),
            json!({ "first_name": "Zoe", "sms_number": "555-555-0199" }),
            json!({ "email": "a@example.com", "sms_number": "555-555-0106" }),
            json!({ "first_name": "Yan", "sms_number": "555-555-0105" }),
            json!({ "last_name": "Li", "sms_number": "555-555-0105" }),
        ];
        let rows = (1_u64..).zip(rows).map(|(place, fields)| ImportRow { place, fields }).collect();
        let outcome = run(&mut account, &mut env, &ImportOrder { rows, ..ImportOrder::default() }, at);
        assert_eq!((outcome.errors.len(), account.contacts.len()), (0, 3));
    }
}
