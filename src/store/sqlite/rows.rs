//! Connections to rows and back. What changes by itself (status, reasons, generation) has columns of its own.

use sqlx::{Row, sqlite::SqliteRow};

pub(super) use crate::store::rows::{body, reasons_text, run, status_text};
use crate::store::{Connection, Result, rows};

pub(super) const SELECT_CONNECTIONS: &str = "SELECT body, status, reasons, generation FROM connections ORDER BY id";
pub(super) const SELECT_CONNECTION: &str = "SELECT body, status, reasons, generation FROM connections WHERE id = ?";
pub(super) const UPSERT_CONNECTION: &str = "INSERT INTO connections (id, body, status, reasons, generation, data_key, tokens) \
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body, status = excluded.status, \
     reasons = excluded.reasons, generation = excluded.generation, data_key = excluded.data_key, \
     tokens = excluded.tokens, refresh_intent_ms = NULL";

pub(super) fn connection(row: &SqliteRow) -> Result<Connection> {
    rows::connection(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?)
}
