//! Profiles, connections and their tokens.

use sqlx::PgConnection;

use super::rows;
use crate::store::{
    Connection, Lease, Result, SealedTokens, Status, StoredProfile,
    rows::{body, reasons_text, status_text},
};

pub(super) async fn profiles(db: &mut PgConnection) -> Result<Vec<StoredProfile>> {
    let found = sqlx::query("SELECT id, body, secrets FROM profiles ORDER BY id").fetch_all(db).await?;
    found.iter().map(rows::profile).collect()
}

pub(super) async fn put_profile(db: &mut PgConnection, profile: &StoredProfile) -> Result<()> {
    let query = sqlx::query(
        "INSERT INTO profiles (id, body, secrets) VALUES ($1, $2, $3) \
         ON CONFLICT (id) DO UPDATE SET body = excluded.body, secrets = excluded.secrets",
    );
    query.bind(&profile.id).bind(&profile.body).bind(&profile.secrets).execute(db).await?;
    Ok(())
}

pub(super) async fn remove_profile(db: &mut PgConnection, id: &str) -> Result<bool> {
    Ok(sqlx::query("DELETE FROM profiles WHERE id = $1").bind(id).execute(db).await?.rows_affected() > 0)
}

pub(super) async fn connections(db: &mut PgConnection) -> Result<Vec<Connection>> {
    let query = sqlx::query("SELECT body, status, reasons, generation FROM connections ORDER BY id");
    query.fetch_all(db).await?.iter().map(rows::connection).collect()
}

pub(super) async fn connection(db: &mut PgConnection, id: &str) -> Result<Option<Connection>> {
    let query = sqlx::query("SELECT body, status, reasons, generation FROM connections WHERE id = $1");
    query.bind(id).fetch_optional(db).await?.as_ref().map(rows::connection).transpose()
}

/// Writes a connection, new or reconnected; a refresh noted for the tokens before is past.
pub(super) async fn put_connection(
    db: &mut PgConnection,
    connection: &Connection,
    tokens: &SealedTokens,
) -> Result<()> {
    let query = sqlx::query(
        "INSERT INTO connections (id, body, status, reasons, generation, data_key, tokens) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET body = excluded.body, \
         status = excluded.status, reasons = excluded.reasons, generation = excluded.generation, \
         data_key = excluded.data_key, tokens = excluded.tokens, refresh_intent_ms = NULL",
    );
    let query = query.bind(&connection.id).bind(body(connection)?).bind(status_text(connection.status));
    let query = query.bind(reasons_text(&connection.reasons)?).bind(tokens.generation);
    query.bind(&tokens.data_key).bind(&tokens.tokens).execute(db).await?;
    Ok(())
}

pub(super) async fn set_status(
    db: &mut PgConnection,
    id: &str,
    generation: i64,
    status: Status,
    reasons: &[String],
) -> Result<()> {
    let query = sqlx::query("UPDATE connections SET status = $1, reasons = $2 WHERE id = $3 AND generation = $4");
    query.bind(status_text(status)).bind(reasons_text(reasons)?).bind(id).bind(generation).execute(db).await?;
    Ok(())
}

pub(super) async fn remove_connection(db: &mut PgConnection, id: &str) -> Result<bool> {
    Ok(sqlx::query("DELETE FROM connections WHERE id = $1").bind(id).execute(db).await?.rows_affected() > 0)
}

pub(super) async fn tokens(db: &mut PgConnection, id: &str) -> Result<Option<SealedTokens>> {
    let query = sqlx::query("SELECT data_key, tokens, generation, refresh_intent_ms FROM connections WHERE id = $1");
    query.bind(id).fetch_optional(db).await?.as_ref().map(rows::tokens).transpose()
}

pub(super) async fn note_refresh(
    db: &mut PgConnection,
    lease: &Lease,
    id: &str,
    generation: i64,
    at_ms: Option<i64>,
) -> Result<bool> {
    let query = sqlx::query(
        "UPDATE connections SET refresh_intent_ms = $1 WHERE id = $2 AND generation = $3 \
         AND EXISTS (SELECT 1 FROM leases WHERE name = $4 AND fence = $5 AND holder = $6)",
    );
    let query = query.bind(at_ms).bind(id).bind(generation).bind(&lease.name).bind(lease.fence).bind(&lease.holder);
    Ok(query.execute(db).await?.rows_affected() == 1)
}

/// Puts the next token set in place of the one just before it; false when that is no longer there.
pub(super) async fn replace_tokens(db: &mut PgConnection, id: &str, tokens: &SealedTokens) -> Result<bool> {
    let query = sqlx::query(
        "UPDATE connections SET tokens = $1, generation = $2, refresh_intent_ms = NULL, \
         status = CASE status WHEN 'reconnect_required' THEN 'active' ELSE status END, \
         reasons = CASE status WHEN 'reconnect_required' THEN '[]' ELSE reasons END \
         WHERE id = $3 AND generation = $4",
    );
    let query = query.bind(&tokens.tokens).bind(tokens.generation).bind(id).bind(tokens.generation - 1);
    Ok(query.execute(db).await?.rows_affected() == 1)
}
