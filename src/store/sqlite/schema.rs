//! The tables, as steps forward. The file's `user_version` says how many have been taken.

use sqlx::{Connection as _, Row, SqlitePool};

use crate::store::{Result, StoreError};

/// Marks the file as ours, so that another program's database is not taken for a store ("ctct" in ASCII).
const APPLICATION_ID: i64 = 0x6374_6374;

/// `SQLite`'s own code for a file that is no database.
const NOT_A_DATABASE: &str = "26";

/// Never edited once released: a change is a new step.
const STEPS: &[&str] = &[
    "
CREATE TABLE profiles (id TEXT PRIMARY KEY, body TEXT NOT NULL, secrets BLOB NOT NULL) STRICT;
CREATE TABLE connections (
  id TEXT PRIMARY KEY, body TEXT NOT NULL, status TEXT NOT NULL, reasons TEXT NOT NULL,
  generation INTEGER NOT NULL, data_key BLOB NOT NULL, tokens BLOB NOT NULL, refresh_intent_ms INTEGER
) STRICT;
CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, fence INTEGER NOT NULL, until_ms INTEGER NOT NULL) STRICT;
CREATE TABLE ledgers (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE idempotency (
  connection TEXT NOT NULL, key TEXT NOT NULL, input_hash BLOB NOT NULL, at_ms INTEGER NOT NULL, result BLOB,
  PRIMARY KEY (connection, key)
) STRICT;
CREATE INDEX idempotency_age ON idempotency (at_ms);
CREATE TABLE runs (run_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX runs_age ON runs (at_ms);
",
    "
CREATE TABLE checkpoints (
  name TEXT PRIMARY KEY, body TEXT NOT NULL, version INTEGER NOT NULL, updated_ms INTEGER NOT NULL
) STRICT;
",
];

/// Takes the steps that are missing; refuses a file of a newer version or of another program.
pub(super) async fn migrate(pool: &SqlitePool, name: &str) -> Result<()> {
    let mut connection = pool.acquire().await?;
    let broken = |e: sqlx::Error| {
        if e.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() != Some(NOT_A_DATABASE) {
            return StoreError::from(e);
        }
        let remedy = "name another folder with --data-dir, or bring back a copy of the store";
        StoreError(format!("{name} is not a store of this program: {e}; {remedy}"))
    };
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(broken)?;
    let application: i64 = sqlx::query("PRAGMA application_id").fetch_one(&mut *tx).await?.try_get(0)?;
    let taken: i64 = sqlx::query("PRAGMA user_version").fetch_one(&mut *tx).await?.try_get(0)?;
    let tables: i64 = sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *tx).await?.try_get(0)?;
    if application != APPLICATION_ID && (tables > 0 || taken != 0) {
        return Err(StoreError(format!(
            "{name} is a database of another program; name another folder with --data-dir"
        )));
    }
    let taken = usize::try_from(taken).unwrap_or(usize::MAX);
    if taken > STEPS.len() {
        let ours = STEPS.len();
        return Err(StoreError(format!(
            "{name} was written by a newer version (store version {taken}, this program knows {ours}); use that version"
        )));
    }
    for step in &STEPS[taken..] {
        sqlx::raw_sql(*step).execute(&mut *tx).await?;
    }
    if taken < STEPS.len() {
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
            "PRAGMA user_version = {}; PRAGMA application_id = {APPLICATION_ID}",
            STEPS.len()
        )))
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(())
}
