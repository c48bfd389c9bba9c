//! Where polls have come to: one row a name, whose version grows with every write.

use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use crate::store::{Checkpoint, Result};

pub(super) async fn one(db: &mut SqliteConnection, name: &str) -> Result<Option<Checkpoint>> {
    let query = sqlx::query("SELECT body, version, updated_ms FROM checkpoints WHERE name = ?").bind(name);
    query.fetch_optional(db).await?.as_ref().map(checkpoint).transpose()
}

/// One statement, so that of many who read the same version exactly one goes on.
pub(super) async fn put(db: &mut SqliteConnection, name: &str, body: &str, after: i64, now_ms: i64) -> Result<bool> {
    let text = if after == 0 {
        "INSERT INTO checkpoints (name, body, version, updated_ms) VALUES (?1, ?2, ?3 + 1, ?4) \
         ON CONFLICT (name) DO NOTHING"
    } else {
        "UPDATE checkpoints SET body = ?2, version = ?3 + 1, updated_ms = ?4 WHERE name = ?1 AND version = ?3"
    };
    let query = sqlx::query(text).bind(name).bind(body).bind(after).bind(now_ms);
    Ok(query.execute(db).await?.rows_affected() == 1)
}

pub(super) async fn all(db: &mut SqliteConnection) -> Result<Vec<(String, Checkpoint)>> {
    let query = sqlx::query("SELECT body, version, updated_ms, name FROM checkpoints ORDER BY name");
    query.fetch_all(db).await?.iter().map(|row| Ok((row.try_get::<String, _>(3)?, checkpoint(row)?))).collect()
}

/// As it lay in another store, whatever is here.
pub(super) async fn load(db: &mut SqliteConnection, name: &str, checkpoint: &Checkpoint) -> Result<()> {
    let query = sqlx::query("INSERT OR REPLACE INTO checkpoints (name, body, version, updated_ms) VALUES (?, ?, ?, ?)");
    let query = query.bind(name).bind(&checkpoint.body).bind(checkpoint.version).bind(checkpoint.updated_ms);
    query.execute(db).await?;
    Ok(())
}

fn checkpoint(row: &SqliteRow) -> Result<Checkpoint> {
    Ok(Checkpoint { body: row.try_get(0)?, version: row.try_get(1)?, updated_ms: row.try_get(2)? })
}
