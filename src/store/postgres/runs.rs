//! The run log.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::store::{DAY_MS, Result, RunRecord, rows};

/// All lines in one statement: hundreds come together, and each would be a way to the server and back. One statement
/// may not meet an id twice, so the last of a kind is kept.
pub(super) async fn add(tx: &mut PgConnection, runs: &[RunRecord]) -> Result<()> {
    let unique: BTreeMap<&str, &RunRecord> = runs.iter().map(|run| (run.run_id.as_str(), run)).collect();
    let ids: Vec<String> = unique.keys().map(|id| (*id).to_owned()).collect();
    let times: Vec<i64> = unique.values().map(|run| run.at_ms).collect();
    let bodies: Vec<String> = unique.values().map(|run| rows::json(*run)).collect::<Result<_>>()?;
    let query = sqlx::query(
        "INSERT INTO runs (run_id, at_ms, body) SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[]) \
         ON CONFLICT (run_id) DO UPDATE SET at_ms = excluded.at_ms, body = excluded.body",
    );
    query.bind(ids).bind(times).bind(bodies).execute(tx).await?;
    Ok(())
}

/// Thirty days are enough to find out what went wrong. What another process is just removing is left to it.
pub(super) async fn prune(tx: &mut PgConnection, runs: &[RunRecord]) -> Result<()> {
    let oldest = runs.iter().map(|r| r.at_ms).max().unwrap_or(0) - 30 * DAY_MS;
    let query = sqlx::query(
        "DELETE FROM runs WHERE run_id IN (SELECT run_id FROM runs WHERE at_ms < $1 FOR UPDATE SKIP LOCKED)",
    );
    query.bind(oldest).execute(tx).await?;
    Ok(())
}

pub(super) async fn newest(db: &mut PgConnection, limit: u32) -> Result<Vec<RunRecord>> {
    let query = sqlx::query("SELECT body FROM runs ORDER BY at_ms DESC, run_id DESC LIMIT $1");
    query.bind(i64::from(limit)).fetch_all(db).await?.iter().map(record).collect()
}

pub(super) async fn all(db: &mut PgConnection) -> Result<Vec<RunRecord>> {
    let query = sqlx::query("SELECT body FROM runs ORDER BY at_ms, run_id");
    query.fetch_all(db).await?.iter().map(record).collect()
}

pub(super) async fn one(db: &mut PgConnection, run_id: &str) -> Result<Option<RunRecord>> {
    let query = sqlx::query("SELECT body FROM runs WHERE run_id = $1");
    query.bind(run_id).fetch_optional(db).await?.as_ref().map(record).transpose()
}

fn record(row: &PgRow) -> Result<RunRecord> {
    rows::run(row.try_get(0)?)
}
