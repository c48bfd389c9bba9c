//! The people of the file: read row by row, held against the rules of the catalogue, and refused with the reason.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::{
    ActionRequest, Connector,
    protocol::{ActionError, Code},
};

/// One row that can be sent.
#[derive(Debug)]
pub(super) struct Person {
    /// As an import takes it: column names are the import's own.
    pub(super) row: Map<String, Value>,
    /// As a single upsert takes it.
    pub(super) form: Map<String, Value>,
    pub(super) lists: Vec<String>,
    pub(super) tags: Vec<String>,
}

/// One row that cannot.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Refused {
    /// Line in the file.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// The file, sorted out.
#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) good: Vec<Person>,
    pub(super) refused: Vec<Refused>,
    pub(super) rows: usize,
}

/// Reads the file and checks each row without spending a call: a dry run of a single upsert applies the very rules
/// that the catalogue has for a person.
pub(super) async fn read(connector: &Connector, csv: &str) -> Result<People, ActionError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(csv.as_bytes());
    let broken = |e: csv::Error| ActionError::new(Code::InvalidInput, format!("the file of people is not CSV: {e}"));
    let headings = reader.headers().map_err(broken)?.clone();
    known(connector, &headings)?;
    let mut people = People::default();
    let mut seen: HashMap<String, u64> = HashMap::new();
    for record in reader.records() {
        people.rows += 1;
        let checked = match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                check(connector, &headings, &record, line, &mut seen).await.map_err(|reason| Refused { line, reason })
            }
            Err(error) => Err(Refused {
                line: error.position().map_or(0, csv::Position::line),
                reason: "is not a readable CSV row".to_owned(),
            }),
        };
        match checked {
            Ok(person) => people.good.push(person),
            Err(refused) => people.refused.push(refused),
        }
    }
    Ok(people)
}

/// A misspelt column would be left behind without a word.
fn known(connector: &Connector, headings: &csv::StringRecord) -> Result<(), ActionError> {
    let import = connector.catalog().action("start_contact_json_import_job");
    let columns = import.map(|action| &action.input["properties"]["import_data"]["items"]["properties"]);
    let taken = |name: &str| columns.is_some_and(|c| c.get(name).is_some()) || matches!(name, "lists" | "tags");
    match headings.iter().find(|name| !taken(name) && !name.starts_with("cf:")) {
        None => Ok(()),
        Some(unknown) => {
            let detail = format!("the file of people has a column “{unknown}” that an import does not take");
            Err(ActionError::new(Code::InvalidInput, detail))
        }
    }
}

async fn check(
    connector: &Connector,
    headings: &csv::StringRecord,
    record: &csv::StringRecord,
    line: u64,
    seen: &mut HashMap<String, u64>,
) -> Result<Person, String> {
    if record.len() != headings.len() {
        return Err(format!("has {} columns instead of {}", record.len(), headings.len()));
    }
    let cells = headings.iter().zip(record.iter()).filter(|(_, value)| !value.is_empty());
    let person = person(cells)?;
    let address = person.row.get("email").and_then(Value::as_str).ok_or("has no e-mail address")?.to_lowercase();
    rules(connector, &person).await?;
    if let Some(first) = seen.insert(address.clone(), line) {
        seen.insert(address, first);
        return Err(format!("repeats the address of line {first}"));
    }
    Ok(person)
}

fn person<'a>(cells: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Person, String> {
    let mut person = Person { row: Map::new(), form: Map::new(), lists: Vec::new(), tags: Vec::new() };
    let names = |text: &str| text.split(';').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect();
    for (name, text) in cells {
        match name {
            "lists" => person.lists = names(text),
            "tags" => person.tags = names(text),
            "birthday_month" | "birthday_day" => {
                let number: i64 = text.parse().map_err(|_| format!("{name} is not a number"))?;
                person.row.insert(name.to_owned(), json!(number));
                person.form.insert(name.to_owned(), json!(number));
            }
            _ => {
                person.row.insert(name.to_owned(), json!(text));
                if let Some(field) = form_name(name) {
                    person.form.insert(field.to_owned(), json!(text));
                }
            }
        }
    }
    Ok(person)
}

/// The single upsert's name for a column, where it has one.
fn form_name(column: &str) -> Option<&'static str> {
    match column {
        "email" => Some("email_address"),
        "first_name" => Some("first_name"),
        "last_name" => Some("last_name"),
        "job_title" => Some("job_title"),
        "company_name" => Some("company_name"),
        "phone" => Some("phone_number"),
        "anniversary" => Some("anniversary"),
        _ => None,
    }
}

/// The reason says which field and what it must be.
async fn rules(connector: &Connector, person: &Person) -> Result<(), String> {
    let mut input = person.form.clone();
    // Any list will do: nothing is sent.
    input.insert("list_memberships".to_owned(), json!(["00000000-0000-4000-8000-000000000000"]));
    let mut request = ActionRequest::new("create_or_update_contact", input).on(super::CONNECTION);
    request.options.dry_run = true;
    match connector.invoke(request).await {
        Ok(_) => Ok(()),
        Err(error) => Err(error
            .fields
            .iter()
            .map(|f| format!("{} {}", f.pointer.trim_start_matches('/'), f.message))
            .collect::<Vec<_>>()
            .join("; ")),
    }
}
