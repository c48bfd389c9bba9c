//! What the stores in SQL have in common: values of the trait as text for a column and back, and failures of the
//! database as one line with the remedy.

use serde::{Serialize, de::DeserializeOwned};

use super::{Connection, Result, RunRecord, Status, StoreError, ledger::LedgerPage};

/// Any value as JSON for its column.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| StoreError(format!("a row of the store cannot be written: {e}")))
}

fn parsed<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| StoreError(format!("{what} is broken: {e}; bring back a copy of the store")))
}

/// What of a connection changes by itself (status, reasons, generation) has columns of its own, which prevail.
pub(super) fn connection(body: &str, status: &str, reasons: &str, generation: i64) -> Result<Connection> {
    const WHAT: &str = "a connection in the store";
    let mut connection: Connection = parsed(WHAT, body)?;
    connection.status = parsed(WHAT, &json(status)?)?;
    connection.reasons = parsed(WHAT, reasons)?;
    connection.generation = generation;
    Ok(connection)
}

pub(super) fn body(connection: &Connection) -> Result<String> {
    json(connection)
}

pub(super) fn reasons_text(reasons: &[String]) -> Result<String> {
    json(reasons)
}

pub(super) fn status_text(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Expiring => "expiring",
        Status::ReconnectRequired => "reconnect_required",
        Status::Revoked => "revoked",
    }
}

pub(super) fn page(ledger: &str, text: &str) -> Result<LedgerPage> {
    parsed(&format!("the ledger {ledger}"), text)
}

pub(super) fn run(text: &str) -> Result<RunRecord> {
    parsed("a line of the run log", text)
}

/// A dump goes only where it overwrites nobody's accounts.
pub(super) fn not_empty() -> StoreError {
    StoreError(
        "this store already holds profiles or connections, and nothing was changed in it; name an empty one".to_owned(),
    )
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self(format!("the store cannot be used: {error}{}", remedy(&error)))
    }
}

/// By the server's code where there is one (`SQLite`'s are plain numbers and match none of these), else by the words.
fn remedy(error: &sqlx::Error) -> &'static str {
    match (code(error).as_deref(), error) {
        (Some("40001" | "40P01" | "55P03"), _) => "; another process holds it: try again",
        (Some("53100"), _) => "; free some disk space on the database server",
        (Some("53300"), _) => "; raise the server's max_connections, or run fewer processes",
        (Some("25006" | "42501"), _) => "; give the database user the right to write to the schema",
        (Some("57P01" | "57P02" | "57P03"), _) => "; the database server starts or stops: try again",
        (_, sqlx::Error::Io(_)) => "; check that the database server runs and can be reached",
        (_, sqlx::Error::PoolTimedOut) => "; it is busy or does not answer: try again",
        _ => remedy_by_words(&error.to_string()),
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

fn remedy_by_words(text: &str) -> &'static str {
    if text.contains("locked") {
        "; another process holds it: try again"
    } else if text.contains("full") {
        "; free some disk space"
    } else if text.contains("readonly") {
        "; give this user the right to write to the file and its folder"
    } else {
        ""
    }
}
