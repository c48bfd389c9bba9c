//! Rows to the trait's values.

use sqlx::{Row, postgres::PgRow};

use crate::store::{Connection, KeptResult, Result, SealedTokens, StoredProfile, rows};

pub(super) fn profile(row: &PgRow) -> Result<StoredProfile> {
    Ok(StoredProfile { id: row.try_get("id")?, body: row.try_get("body")?, secrets: row.try_get("secrets")? })
}

pub(super) fn connection(row: &PgRow) -> Result<Connection> {
    rows::connection(row.try_get("body")?, row.try_get("status")?, row.try_get("reasons")?, row.try_get("generation")?)
}

pub(super) fn tokens(row: &PgRow) -> Result<SealedTokens> {
    Ok(SealedTokens {
        data_key: row.try_get("data_key")?,
        tokens: row.try_get("tokens")?,
        generation: row.try_get("generation")?,
        refresh_intent_ms: row.try_get("refresh_intent_ms")?,
    })
}

pub(super) fn kept(row: &PgRow) -> Result<KeptResult> {
    Ok(KeptResult {
        connection: row.try_get("connection")?,
        key: row.try_get("key")?,
        input_hash: row.try_get("input_hash")?,
        at_ms: row.try_get("at_ms")?,
        result: row.try_get("result")?,
    })
}
