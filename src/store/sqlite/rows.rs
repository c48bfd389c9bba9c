//! Connections to rows and back. What changes by itself (status, reasons, generation) has columns of its own.

use sqlx::{Row, sqlite::SqliteRow};

use crate::store::{Connection, Result, Status, StoreError};

pub(super) const SELECT_CONNECTIONS: &str = "SELECT body, status, reasons, generation FROM connections ORDER BY id";
pub(super) const SELECT_CONNECTION: &str = "SELECT body, status, reasons, generation FROM connections WHERE id = ?";
pub(super) const UPSERT_CONNECTION: &str = "INSERT INTO connections (id, body, status, reasons, generation, data_key, tokens) \
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body, status = excluded.status, \
     reasons = excluded.reasons, generation = excluded.generation, data_key = excluded.data_key, \
     tokens = excluded.tokens, refresh_intent_ms = NULL";

fn broken(error: &serde_json::Error) -> StoreError {
    StoreError(format!("a row of the store is broken: {error}"))
}

pub(super) fn connection(row: &SqliteRow) -> Result<Connection> {
    let body: String = row.try_get(0)?;
    let mut connection: Connection = serde_json::from_str(&body).map_err(|e| broken(&e))?;
    connection.status = serde_json::from_value(row.try_get::<String, _>(1)?.into()).map_err(|e| broken(&e))?;
    connection.reasons = serde_json::from_str(row.try_get(2)?).map_err(|e| broken(&e))?;
    connection.generation = row.try_get(3)?;
    Ok(connection)
}

pub(super) fn body(connection: &Connection) -> Result<String> {
    serde_json::to_string(connection).map_err(|e| broken(&e))
}

pub(super) fn reasons_text(reasons: &[String]) -> Result<String> {
    serde_json::to_string(reasons).map_err(|e| broken(&e))
}

pub(super) fn status_text(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Expiring => "expiring",
        Status::ReconnectRequired => "reconnect_required",
        Status::Revoked => "revoked",
    }
}
