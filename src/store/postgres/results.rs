//! Results kept for idempotency keys.

use sqlx::{PgConnection, Row};

use crate::store::{Claim, DAY_MS, Result};

/// The key is ours if it is new or its claim is older than a day. Otherwise the statement has locked the row that is
/// there, so that the next one surely finds it.
pub(super) async fn claim(
    tx: &mut PgConnection,
    connection: &str,
    key: &str,
    input_hash: &[u8],
    now_ms: i64,
) -> Result<Claim> {
    let query = sqlx::query(
        "INSERT INTO idempotency (connection, key, input_hash, at_ms) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (connection, key) DO UPDATE SET input_hash = excluded.input_hash, at_ms = excluded.at_ms, \
         result = NULL WHERE idempotency.at_ms < $5",
    );
    let query = query.bind(connection).bind(key).bind(input_hash).bind(now_ms).bind(now_ms - DAY_MS);
    let ours = query.execute(&mut *tx).await?.rows_affected() == 1;
    prune(tx, now_ms).await?;
    if ours {
        return Ok(Claim::Ours);
    }
    let query = sqlx::query("SELECT input_hash, result FROM idempotency WHERE connection = $1 AND key = $2");
    let row = query.bind(connection).bind(key).fetch_one(tx).await?;
    if row.try_get::<Vec<u8>, _>(0)? != input_hash {
        return Ok(Claim::Mismatch);
    }
    Ok(row.try_get::<Option<Vec<u8>>, _>(1)?.map_or(Claim::Open, Claim::Done))
}

/// What another process is just forgetting or claiming anew is left to it: waiting could go in a circle.
async fn prune(tx: &mut PgConnection, now_ms: i64) -> Result<()> {
    let query = sqlx::query(
        "DELETE FROM idempotency WHERE (connection, key) IN \
         (SELECT connection, key FROM idempotency WHERE at_ms < $1 FOR UPDATE SKIP LOCKED)",
    );
    query.bind(now_ms - DAY_MS).execute(tx).await?;
    Ok(())
}

pub(super) async fn settle(db: &mut PgConnection, connection: &str, key: &str, sealed_result: &[u8]) -> Result<()> {
    let query = sqlx::query("UPDATE idempotency SET result = $1 WHERE connection = $2 AND key = $3");
    query.bind(sealed_result).bind(connection).bind(key).execute(db).await?;
    Ok(())
}

pub(super) async fn release(db: &mut PgConnection, connection: &str, key: &str) -> Result<()> {
    let query = sqlx::query("DELETE FROM idempotency WHERE connection = $1 AND key = $2 AND result IS NULL");
    query.bind(connection).bind(key).execute(db).await?;
    Ok(())
}
