//! Everything at once: a dump for backups and moves, its way back in, and the change of the master key.

use sqlx::{PgConnection, Row};

use super::{accounts, checkpoints, ledger, rows, runs};
use crate::store::{
    Connection, Dump, KeptResult, Result, Rewrap, SealedTokens,
    ledger::LedgerPage,
    rows::{body, not_empty, page, reasons_text, status_text},
};

pub(super) async fn dump(tx: &mut PgConnection) -> Result<Dump> {
    Ok(Dump {
        profiles: accounts::profiles(tx).await?,
        connections: connections(tx).await?,
        ledgers: ledgers(tx).await?,
        checkpoints: checkpoints::all(tx).await?,
        kept: kept(tx).await?,
        runs: runs::all(tx).await?,
    })
}

async fn connections(tx: &mut PgConnection) -> Result<Vec<(Connection, SealedTokens)>> {
    let query = sqlx::query(
        "SELECT body, status, reasons, generation, data_key, tokens, refresh_intent_ms FROM connections ORDER BY id",
    );
    query.fetch_all(tx).await?.iter().map(|row| Ok((rows::connection(row)?, rows::tokens(row)?))).collect()
}

async fn ledgers(tx: &mut PgConnection) -> Result<Vec<(String, LedgerPage)>> {
    let found = sqlx::query("SELECT name, body FROM ledgers ORDER BY name").fetch_all(tx).await?;
    let mut ledgers = Vec::with_capacity(found.len());
    for row in &found {
        let name: String = row.try_get(0)?;
        let page = page(&name, row.try_get(1)?)?;
        ledgers.push((name, page));
    }
    Ok(ledgers)
}

async fn kept(tx: &mut PgConnection) -> Result<Vec<KeptResult>> {
    let query =
        sqlx::query("SELECT connection, key, input_hash, at_ms, result FROM idempotency ORDER BY connection, key");
    query.fetch_all(tx).await?.iter().map(rows::kept).collect()
}

pub(super) async fn load(tx: &mut PgConnection, dump: &Dump) -> Result<()> {
    // Nobody may add an account between the look and the end.
    sqlx::query("LOCK TABLE profiles, connections IN SHARE ROW EXCLUSIVE MODE").execute(&mut *tx).await?;
    let query = sqlx::query("SELECT EXISTS (SELECT 1 FROM profiles) OR EXISTS (SELECT 1 FROM connections)");
    if query.fetch_one(&mut *tx).await?.try_get::<bool, _>(0)? {
        return Err(not_empty());
    }
    for profile in &dump.profiles {
        accounts::put_profile(tx, profile).await?;
    }
    for (connection, tokens) in &dump.connections {
        add_connection(tx, connection, tokens).await?;
    }
    for (name, page) in &dump.ledgers {
        ledger::lock(tx, name).await?;
        ledger::write(tx, name, page).await?;
    }
    for (name, checkpoint) in &dump.checkpoints {
        checkpoints::load(tx, name, checkpoint).await?;
    }
    for kept in &dump.kept {
        add_kept(tx, kept).await?;
    }
    runs::add(tx, &dump.runs).await
}

/// As it lay there: a refresh whose answer was never seen stays noted.
async fn add_connection(tx: &mut PgConnection, connection: &Connection, tokens: &SealedTokens) -> Result<()> {
    let query = sqlx::query(
        "INSERT INTO connections (id, body, status, reasons, generation, data_key, tokens, refresh_intent_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let query = query.bind(&connection.id).bind(body(connection)?).bind(status_text(connection.status));
    let query = query.bind(reasons_text(&connection.reasons)?).bind(tokens.generation);
    query.bind(&tokens.data_key).bind(&tokens.tokens).bind(tokens.refresh_intent_ms).execute(tx).await?;
    Ok(())
}

async fn add_kept(tx: &mut PgConnection, kept: &KeptResult) -> Result<()> {
    let query = sqlx::query(
        "INSERT INTO idempotency (connection, key, input_hash, at_ms, result) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (connection, key) DO UPDATE SET input_hash = excluded.input_hash, at_ms = excluded.at_ms, \
         result = excluded.result",
    );
    let query = query.bind(&kept.connection).bind(&kept.key).bind(&kept.input_hash).bind(kept.at_ms);
    query.bind(kept.result.as_deref()).execute(tx).await?;
    Ok(())
}

/// False at the first value that is no longer what it was; the caller then undoes the rest.
pub(super) async fn rewrap(tx: &mut PgConnection, changes: &Rewrap) -> Result<bool> {
    for (id, before, after) in &changes.profiles {
        let query = sqlx::query("UPDATE profiles SET secrets = $3 WHERE id = $1 AND secrets = $2");
        if query.bind(id).bind(before).bind(after).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
    }
    for (id, before, after) in &changes.data_keys {
        let query = sqlx::query("UPDATE connections SET data_key = $3 WHERE id = $1 AND data_key = $2");
        if query.bind(id).bind(before).bind(after).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
    }
    for (connection, key, before, after) in &changes.kept {
        let query =
            sqlx::query("UPDATE idempotency SET result = $4 WHERE connection = $1 AND key = $2 AND result = $3");
        let query = query.bind(connection).bind(key).bind(before).bind(after);
        if query.execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}
