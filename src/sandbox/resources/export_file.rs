//! The file of an export: who is in it, and what each column holds.
//!
//! The service publishes the names of the fields but no sample of a file. The headings are those that people see in
//! the product, and one field becomes a column for each kind where a contact can have several: both are a guess. Cells
//! that a spreadsheet would take for a formula are left as they are, because nothing says that the service changes
//! them.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::contact_choice::{self as choice, Found};
use super::permission;
use crate::sandbox::account::{Account, Contact, CustomField, EmailAddress, ExportOrder};
use crate::sandbox::env::seconds;

/// What the columns of one field hold.
#[derive(Clone, Copy)]
enum Cells {
    /// Something of the contact itself.
    Own(fn(&Contact) -> Option<String>),
    /// Something of its address, which has to be exported too.
    Email(fn(&EmailAddress) -> Option<String>),
    /// The phone number of each kind.
    Phones,
    /// One line of the street address of each kind.
    Streets(&'static str),
    /// The names of its lists.
    Lists,
    /// The names of its tags.
    Tags,
}

/// A field: its name in the request, its heading, and what it holds.
type Field = (&'static str, &'static str, Cells);

const FIELDS: &[Field] = &[
    ("email_address", "Email address", Cells::Own(|c| c.email.as_ref().map(|e| e.address.clone()))),
    ("first_name", "First name", Cells::Own(|c| c.first_name.clone())),
    ("last_name", "Last name", Cells::Own(|c| c.last_name.clone())),
    ("company_name", "Company", Cells::Own(|c| c.company_name.clone())),
    ("job_title", "Job title", Cells::Own(|c| c.job_title.clone())),
    ("phone_number", "Phone", Cells::Phones),
    ("street", "Street address line 1", Cells::Streets("street")),
    ("city", "City", Cells::Streets("city")),
    ("state", "State/Province", Cells::Streets("state")),
    ("zip", "Zip/Postal Code", Cells::Streets("postal_code")),
    ("country", "Country", Cells::Streets("country")),
    ("birthday", "Birthday", Cells::Own(birthday)),
    ("birthday_month", "Birthday Month", Cells::Own(|c| c.birthday_month.map(|month| month.to_string()))),
    ("birthday_day", "Birthday Day", Cells::Own(|c| c.birthday_day.map(|day| day.to_string()))),
    ("anniversary", "Anniversary", Cells::Own(|c| c.anniversary.clone())),
    ("notes", "Notes", Cells::Own(notes)),
    ("website", "Website", Cells::Own(|_| None)),
    ("social_profiles", "Social profiles", Cells::Own(|_| None)),
    ("email_lists", "Email Lists", Cells::Lists),
    ("tag", "Tags", Cells::Tags),
    ("source_name", "Source Name", Cells::Own(|c| Some(c.create_source.clone()))),
    ("email_permission", "Email permission status", Cells::Email(|e| Some(e.permission_to_send.clone()))),
    ("email_optin_source", "Confirmed Opt-In Source", Cells::Email(|e| e.opt_in_source.clone())),
    ("email_optin_date", "Confirmed Opt-In Date", Cells::Email(|e| e.opt_in_date.map(seconds))),
    ("email_optout_source", "Confirmed Opt-Out Source", Cells::Email(|e| e.opt_out_source.clone())),
    ("email_optout_date", "Confirmed Opt-Out Date", Cells::Email(|e| e.opt_out_date.map(seconds))),
    ("email_optout_reason", "Confirmed Opt-Out Reason", Cells::Email(|e| e.opt_out_reason.clone())),
    ("sms_number", "SMS number", Cells::Own(|c| sms(c, "/sms_address"))),
    ("sms_status", "SMS status", Cells::Own(|c| sms(c, "/sms_channel_consents/0/sms_consent_permission"))),
    ("sms_consent_date", "SMS consent date", Cells::Own(|c| sms(c, "/sms_channel_consents/0/opt_in_date"))),
    ("created_at", "Created At", Cells::Own(|c| Some(seconds(c.created_at)))),
    ("updated_at", "Updated At", Cells::Own(|c| Some(seconds(c.updated_at)))),
];
const PHONE_KINDS: &[&str] = &["home", "work", "mobile", "other"];
const STREET_KINDS: &[&str] = &["home", "work", "other"];

/// Whether a field can be asked for.
pub(super) fn is_field(name: &str) -> bool {
    FIELDS.iter().any(|(known, ..)| *known == name)
}

/// Who is in the file; none when the segment is gone.
pub(super) fn choose(account: &Account, order: &ExportOrder, at: Timestamp) -> Option<Found> {
    let mut found = choice::find(account, &order.whom, at)?;
    found.places.retain(|place| account.contacts.get(*place as usize).is_some_and(|c| admits(order, c, at)));
    Some(found)
}

/// Whether a contact has the status asked for. Deleted ones are in the file only when they alone are.
fn admits(order: &ExportOrder, contact: &Contact, at: Timestamp) -> bool {
    let deleted = contact.deleted_at.is_some();
    let status = match order.status.as_deref() {
        None => !deleted,
        Some("active") => permission::mailable(contact),
        Some("unsubscribed") => !deleted && permission::opted_out(contact),
        Some(_) => deleted,
    };
    status && (!order.new_subscriber || choice::is_new(contact, at))
}

/// The names behind the ids.
struct Names<'a> {
    lists: HashMap<&'a str, &'a str>,
    tags: HashMap<&'a str, &'a str>,
}

impl<'a> Names<'a> {
    fn of(account: &'a Account) -> Self {
        Self {
            lists: account.lists.iter().map(|list| (list.list_id.as_str(), list.name.as_str())).collect(),
            tags: account.tags.iter().map(|tag| (tag.tag_id.as_str(), tag.name.as_str())).collect(),
        }
    }
}

/// The whole file: a line of headings, and one for each contact.
pub(super) fn write(account: &Account, order: &ExportOrder, places: &[u32]) -> String {
    let names = Names::of(account);
    let fields = fields(order);
    // The service needs the address among the fields to tell about opting in and out.
    let with_email = fields.iter().any(|(name, ..)| *name == "email_address");
    let custom: &[CustomField] = if order.fields.is_empty() { &account.custom_fields } else { &[] };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut line: Vec<String> = fields.iter().flat_map(headings).collect();
    line.extend(custom.iter().map(|field| field.label.clone()));
    let mut written = writer.write_record(&line);
    for contact in places.iter().filter_map(|place| account.contacts.get(*place as usize)) {
        line.clear();
        for (_, _, cells) in &fields {
            fill(&mut line, *cells, contact, &names, with_email);
        }
        line.extend(custom.iter().map(|field| custom_value(field, contact)));
        written = written.and_then(|()| writer.write_record(&line));
    }
    // Writing to memory does not fail, and all lines are equally long.
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// The fields of the file: those asked for, in their order, or all of them.
fn fields(order: &ExportOrder) -> Vec<Field> {
    if order.fields.is_empty() {
        return FIELDS.to_vec();
    }
    let known = |name: &String| FIELDS.iter().find(|(known, ..)| known == name).copied();
    order.fields.iter().filter_map(known).collect()
}

/// The headings of a field's columns.
fn headings(&(_, heading, cells): &Field) -> Vec<String> {
    let each = |kinds: &[&str]| kinds.iter().map(|kind| format!("{heading} - {kind}")).collect::<Vec<String>>();
    match cells {
        Cells::Phones => each(PHONE_KINDS),
        Cells::Streets(_) => each(STREET_KINDS),
        _ => vec![heading.to_owned()],
    }
}

/// Adds a field's cells for one contact.
fn fill(line: &mut Vec<String>, cells: Cells, contact: &Contact, names: &Names<'_>, with_email: bool) {
    match cells {
        Cells::Own(of) => line.push(of(contact).unwrap_or_default()),
        Cells::Email(of) => {
            line.push(contact.email.as_ref().filter(|_| with_email).and_then(of).unwrap_or_default());
        }
        Cells::Phones => {
            line.extend(PHONE_KINDS.iter().map(|kind| of_kind(&contact.phone_numbers, kind, "phone_number")));
        }
        Cells::Streets(part) => {
            line.extend(STREET_KINDS.iter().map(|kind| of_kind(&contact.street_addresses, kind, part)));
        }
        Cells::Lists => line.push(named(&contact.list_memberships, &names.lists)),
        Cells::Tags => line.push(named(&contact.taggings, &names.tags)),
    }
}

/// A property of the entry of one kind.
fn of_kind(entries: &[Value], kind: &str, part: &str) -> String {
    let entry = entries.iter().find(|entry| entry.get("kind").and_then(Value::as_str) == Some(kind));
    entry.and_then(|entry| entry.get(part)).map(plain).unwrap_or_default()
}

fn named(ids: &[String], names: &HashMap<&str, &str>) -> String {
    let known: Vec<&str> = ids.iter().filter_map(|id| names.get(id.as_str()).copied()).collect();
    known.join(", ")
}

fn birthday(contact: &Contact) -> Option<String> {
    Some(format!("{}/{}", contact.birthday_month?, contact.birthday_day?))
}

fn notes(contact: &Contact) -> Option<String> {
    let texts: Vec<&str> = contact.notes.iter().filter_map(|note| note.get("content")?.as_str()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// Something of the contact's SMS channel.
fn sms(contact: &Contact, pointer: &str) -> Option<String> {
    contact.sms_channel.as_ref()?.pointer(pointer).map(plain)
}

/// The value of a custom field; of a choice, the labels.
fn custom_value(field: &CustomField, contact: &Contact) -> String {
    let id = field.custom_field_id.as_str();
    let held = contact.custom_fields.iter().find(|f| f.get("custom_field_id").and_then(Value::as_str) == Some(id));
    let Some(held) = held else { return String::new() };
    if let Some(value) = held.get("value") {
        return plain(value);
    }
    let chosen = held.get("choice_ids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let choices = field.choices.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let label = |wanted: &Value| {
        // An id is a number in one place and a text in another.
        let same = |choice: &&Value| choice.get("choice_id").is_some_and(|id| plain(id) == plain(wanted));
        choices.iter().find(same)?.get("choice_label").map(plain)
    };
    chosen.iter().filter_map(label).collect::<Vec<String>>().join(", ")
}

/// A value without the quotes of JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account() -> Account {
        let email = EmailAddress { address: "noor@example.com".to_owned(), ..EmailAddress::default() };
        let email = EmailAddress { opt_in_source: Some("Account".to_owned()), ..email };
        let contact = Contact {
            email: Some(email),
            first_name: Some("Noor, \"N\"".to_owned()),
            last_name: Some("=1+1".to_owned()),
            phone_numbers: vec![json!({ "kind": "work", "phone_number": "555-0100" })],
            custom_fields: vec![json!({ "custom_field_id": "a", "choice_ids": ["2", 1] })],
            ..Contact::default()
        };
        let choices = json!([{ "choice_id": 1, "choice_label": "Red" }, { "choice_id": 2, "choice_label": "Blue" }]);
        let custom_field_id = "a".to_owned();
        let field = CustomField { custom_field_id, choices: Some(choices), ..CustomField::default() };
        Account { contacts: vec![contact], custom_fields: vec![field], ..Account::default() }
    }

    fn file(fields: &[&str]) -> String {
        let fields = fields.iter().map(|name| (*name).to_owned()).collect();
        write(&account(), &ExportOrder { fields, ..ExportOrder::default() }, &[0])
    }

    #[test]
    fn cells_are_quoted_where_they_must_be_and_never_changed() {
        assert_eq!(file(&["first_name", "last_name"]), "First name,Last name\n\"Noor, \"\"N\"\"\",=1+1\n");
    }

    #[test]
    fn one_column_for_each_kind() {
        let wanted = "Phone - home,Phone - work,Phone - mobile,Phone - other\n,555-0100,,\n";
        assert_eq!(file(&["phone_number"]), wanted);
    }

    #[test]
    fn opting_in_is_told_only_beside_the_address() {
        assert_eq!(file(&["first_name", "email_optin_source"]).lines().next_back(), Some("\"Noor, \"\"N\"\"\","));
        let beside = file(&["email_optin_source", "email_address"]);
        assert_eq!(beside.lines().next_back(), Some("Account,noor@example.com"));
    }

    #[test]
    fn all_fields_include_custom_ones_by_the_labels_of_their_choices() {
        let file = file(&[]);
        assert!(file.lines().next().is_some_and(|line| line.starts_with("Email address,First name,")), "{file}");
        assert!(file.ends_with(",\"Blue, Red\"\n"), "{file}");
    }
}
