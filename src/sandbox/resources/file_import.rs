//! The import of a CSV file. Each line becomes the row that the JSON import takes; from there on they are one.

use serde_json::Value;

use super::body::{self, Body};
use super::contact_write::{MAX_LISTS, known_lists};
use super::import::{self, MAX_BYTES, SMS_PERMISSIONS};
use super::multipart::{self, Part};
use super::refusal::{CONTACTS, invalid};
use super::validate::Checks;
use super::{CONTACT, Handler, Route, route};
use crate::sandbox::account::{Account, ImportOrder, ImportRow};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::Env;

/// The file import by method and path.
pub(super) const ROUTES: &[Route] =
    &[route("POST", "/activities/contacts_file_import", CONTACT, "contacts:write", Handler::Account(create))];

/// Lines of one file that are read, its headings included.
const MAX_LINES: usize = 40_000;
/// Headings that are read besides custom fields; a column under another one is left alone.
const HEADINGS: &[&str] = &[
    "email",
    "sms_number",
    "sms_consent_date",
    "first_name",
    "last_name",
    "phone",
    "job_title",
    "anniversary",
    "birthday_day",
    "birthday_month",
    "company_name",
    "street",
    "street2",
    "city",
    "state",
    "zip",
    "country",
];

/// `POST /activities/contacts_file_import`.
pub(super) fn create(account: &mut Account, env: &mut Env, call: &Call) -> Answer {
    let boundary = multipart::boundary(call.header("content-type").unwrap_or(""));
    let boundary = boundary.ok_or_else(|| unsupported("the payload must be multipart/form-data"))?;
    let parts = multipart::parts(&call.body, &boundary);
    let parts = parts.ok_or_else(|| invalid(CONTACTS, "body is invalid"))?;
    let sent = form(&parts);
    let mut checks = Checks::of(&sent);
    checks.required("file").required("list_ids").ids("list_ids", MAX_LISTS).not_empty("list_ids");
    checks.one_of("sms_permission_to_send", SMS_PERMISSIONS).done(CONTACTS)?;
    let file = parts.iter().find(|part| part.name == "file");
    let file = file.filter(|part| is_csv(part)).ok_or_else(|| unsupported("the file must be a .csv file"))?;
    let list_ids = body::ids(&sent, "list_ids");
    known_lists(account, &list_ids)?;
    let sms_permission = body::text(&sent, "sms_permission_to_send");
    let (headings, rows) = table(file.body);
    check_headings(&headings, sms_permission.as_deref())?;
    import::begin(account, env, ImportOrder { rows, list_ids, sms_permission, file: file.filename.clone() })
}

fn unsupported(what: &str) -> Reply {
    Reply::errors(415, &format!("{CONTACTS}.unsupported_media_type"), &format!("Unsupported media type: {what}."))
}

/// The fields of the form as if they had come as JSON: lists as an array, the file by its name alone.
fn form(parts: &[Part<'_>]) -> Body {
    let mut sent = Body::new();
    for part in parts {
        let text = String::from_utf8_lossy(part.body);
        let value: Value = match part.name.as_str() {
            "file" => part.filename.clone().unwrap_or_default().into(),
            "list_ids" => text.split(',').map(str::trim).filter(|id| !id.is_empty()).collect(),
            "sms_permission_to_send" => text.trim().into(),
            _ => continue,
        };
        sent.insert(part.name.clone(), value);
    }
    sent
}

fn is_csv(part: &Part<'_>) -> bool {
    let kind = part.filename.as_ref().and_then(|name| name.rsplit_once('.'));
    kind.is_some_and(|(_, kind)| kind.eq_ignore_ascii_case("csv"))
}

/// Somebody has to be known by something, and who agreed to text messages did so on some day.
fn check_headings(headings: &[String], sms_permission: Option<&str>) -> Result<(), Reply> {
    let has = |name: &str| headings.iter().any(|heading| heading == name);
    if !has("email") && !has("sms_number") {
        let text = "email, sms_number are missing, at least one parameter must be provided";
        return Err(invalid(CONTACTS, text));
    }
    if has("sms_number") && sms_permission.is_none() {
        return Err(invalid(CONTACTS, "sms_permission_to_send is missing"));
    }
    if has("sms_number") && sms_permission == Some("explicit") && !has("sms_consent_date") {
        return Err(invalid(CONTACTS, "sms_consent_date is missing"));
    }
    Ok(())
}

/// The part of a file that is read: whole lines of the first 4 MB. The rest is dropped without a word.
fn kept(file: &[u8]) -> &[u8] {
    if file.len() <= MAX_BYTES {
        return file;
    }
    let head = file.get(..MAX_BYTES).unwrap_or_default();
    let end = head.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    head.get(..end).unwrap_or_default()
}

/// Headings and rows of a file.
fn table(file: &[u8]) -> (Vec<String>, Vec<ImportRow>) {
    let text = String::from_utf8_lossy(kept(file));
    // Spreadsheets write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).trim(csv::Trim::All);
    let mut reader = builder.from_reader(text.as_bytes());
    let mut records = reader.records().map_while(Result::ok);
    let headings: Vec<String> =
        records.next().map(|record| record.iter().map(str::to_owned).collect()).unwrap_or_default();
    let mut rows: Vec<ImportRow> = Vec::new();
    for record in records.take(MAX_LINES - 1) {
        let place = record.position().map_or(0, |position| line(text, position));
        rows.push(ImportRow { place, fields: Value::Object(row(&headings, &record)) });
    }
    (headings, rows)
}

/// The line on which a record begins. The reader's own count is from before the rest of the last line's end and
/// before empty lines.
fn line(text: &str, position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| [b'\r', b'\n'].contains(byte));
    position.line() + ends.map(|byte| u64::from(*byte == b'\n')).sum::<u64>()
}

/// One line as the JSON import has it. Empty cells say nothing.
fn row(headings: &[String], record: &csv::StringRecord) -> Body {
    let is_known = |heading: &str| HEADINGS.contains(&heading) || heading.starts_with("cf:");
    let cells = headings.iter().zip(record).filter(|(heading, cell)| is_known(heading) && !cell.is_empty());
    cells.map(|(heading, cell)| (heading.clone(), value(heading, cell))).collect()
}

/// Birthdays are numbers; what is no number is left for the import to complain of.
fn value(heading: &str, cell: &str) -> Value {
    let number = cell.parse::<i64>().ok().filter(|_| heading.starts_with("birthday_"));
    number.map_or_else(|| Value::from(cell), Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_become_rows_of_the_json_import() {
        let file = "\u{feff}email, first_name ,birthday_day,colour,cf:hobby\r\n\
                    a@example.com,\"Al, \"\"A\"\"\",24,red,\r\n\
                    \"b@example.com\",\"two\r\nlines\",x,,Golf,more\r\n\r\nc@example.com";
        let (headings, rows) = table(file.as_bytes());
        assert_eq!(headings, ["email", "first_name", "birthday_day", "colour", "cf:hobby"]);
        let fields: Vec<&Value> = rows.iter().map(|row| &row.fields).collect();
        assert_eq!(
            fields,
            [
                &json!({ "email": "a@example.com", "first_name": "Al, \"A\"", "birthday_day": 24 }),
                &json!({ "email": "b@example.com", "first_name": "two\r\nlines", "birthday_day": "x", "cf:hobby": "Golf" }),
                &json!({ "email": "c@example.com" }),
            ]
        );
        assert_eq!(rows.iter().map(|row| row.place).collect::<Vec<u64>>(), [2, 3, 6]);
    }

    #[test]
    fn what_is_too_long_is_cut_at_a_line() {
        let line = format!("{}@example.com\n", "a".repeat(184));
        let file = format!("email\n{}", line.repeat(MAX_BYTES / line.len() + 10));
        let (_, rows) = table(file.as_bytes());
        assert_eq!(rows.len(), (MAX_BYTES - 6) / line.len());
        let (_, rows) = table(&b"a@example.com\n".repeat(MAX_LINES + 5));
        assert_eq!(rows.len(), MAX_LINES - 1);
    }

    #[test]
    fn hostile_files_do_no_harm() {
        for file in [&b""[..], b"\xff\xfe\x00", b"\"", b"\"\"\"\n,,,,\n", b"\n\n\n", b"email\n\"a"] {
            let (headings, _) = table(file);
            assert!(headings.len() < 9);
        }
    }

    #[test]
    fn headings_have_to_name_people() {
        let check = |headings: &[&str], permission| {
            let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
            check_headings(&headings, permission).is_ok()
        };
        assert!(check(&["email"], None));
        assert!(!check(&["Email", "first_name"], None));
        assert!(!check(&["sms_number"], None));
        assert!(check(&["sms_number"], Some("not_set")));
        assert!(!check(&["sms_number"], Some("explicit")));
        assert!(check(&["sms_number", "sms_consent_date"], Some("explicit")));
    }
}
