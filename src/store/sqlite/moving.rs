//! Everything at once: a dump for backups and moves, its way back in, and the change of the master key.

use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{checkpoints, ledger, rows};
use crate::store::{
    Connection, Dump, KeptResult, Result, Rewrap, RunRecord, SealedTokens, StoredProfile,
    ledger::LedgerPage,
    rows::{json, not_empty, page},
};

pub(super) async fn dump(tx: &mut SqliteConnection) -> Result<Dump> {
    Ok(Dump {
        profiles: profiles(tx).await?,
        connections: connections(tx).await?,
        ledgers: ledgers(tx).await?,
        checkpoints: checkpoints::all(tx).await?,
        kept: kept(tx).await?,
        runs: runs(tx).await?,
    })
}

async fn profiles(tx: &mut SqliteConnection) -> Result<Vec<StoredProfile>> {
    let found = sqlx::query("SELECT id, body, secrets FROM profiles ORDER BY id").fetch_all(tx).await?;
    found.iter().map(|r| Ok(StoredProfile { id: r.try_get(0)?, body: r.try_get(1)?, secrets: r.try_get(2)? })).collect()
}

async fn connections(tx: &mut SqliteConnection) -> Result<Vec<(Connection, SealedTokens)>> {
    let query = sqlx::query(
        "SELECT body, status, reasons, generation, data_key, tokens, refresh_intent_ms FROM connections ORDER BY id",
    );
    query.fetch_all(tx).await?.iter().map(|row| Ok((rows::connection(row)?, tokens(row)?))).collect()
}

fn tokens(row: &SqliteRow) -> Result<SealedTokens> {
    Ok(SealedTokens {
        generation: row.try_get(3)?,
        data_key: row.try_get(4)?,
        tokens: row.try_get(5)?,
        refresh_intent_ms: row.try_get(6)?,
    })
}

async fn ledgers(tx: &mut SqliteConnection) -> Result<Vec<(String, LedgerPage)>> {
    let found = sqlx::query("SELECT name, body FROM ledgers ORDER BY name").fetch_all(tx).await?;
    let mut ledgers = Vec::with_capacity(found.len());
    for row in &found {
        let name: String = row.try_get(0)?;
        let page = page(&name, row.try_get(1)?)?;
        ledgers.push((name, page));
    }
    Ok(ledgers)
}

async fn kept(tx: &mut SqliteConnection) -> Result<Vec<KeptResult>> {
    let query =
        sqlx::query("SELECT connection, key, input_hash, at_ms, result FROM idempotency ORDER BY connection, key");
    query.fetch_all(tx).await?.iter().map(kept_result).collect()
}

fn kept_result(row: &SqliteRow) -> Result<KeptResult> {
    Ok(KeptResult {
        connection: row.try_get(0)?,
        key: row.try_get(1)?,
        input_hash: row.try_get(2)?,
        at_ms: row.try_get(3)?,
        result: row.try_get(4)?,
    })
}

async fn runs(tx: &mut SqliteConnection) -> Result<Vec<RunRecord>> {
    let found = sqlx::query("SELECT body FROM runs ORDER BY at_ms, run_id").fetch_all(tx).await?;
    found.iter().map(|row| rows::run(row.try_get(0)?)).collect()
}

pub(super) async fn load(tx: &mut SqliteConnection, dump: &Dump) -> Result<()> {
    let query = sqlx::query("SELECT EXISTS (SELECT 1 FROM profiles) OR EXISTS (SELECT 1 FROM connections)");
    if query.fetch_one(&mut *tx).await?.try_get::<i64, _>(0)? != 0 {
        return Err(not_empty());
    }
    for profile in &dump.profiles {
        let query = sqlx::query("INSERT INTO profiles (id, body, secrets) VALUES (?, ?, ?)");
        query.bind(&profile.id).bind(&profile.body).bind(&profile.secrets).execute(&mut *tx).await?;
    }
    for (connection, tokens) in &dump.connections {
        add_connection(tx, connection, tokens).await?;
    }
    for (name, page) in &dump.ledgers {
        ledger::write(tx, name, page).await?;
    }
    for (name, checkpoint) in &dump.checkpoints {
        checkpoints::load(tx, name, checkpoint).await?;
    }
    for kept in &dump.kept {
        let query = sqlx::query(
            "INSERT OR REPLACE INTO idempotency (connection, key, input_hash, at_ms, result) VALUES (?, ?, ?, ?, ?)",
        );
        let query = query.bind(&kept.connection).bind(&kept.key).bind(&kept.input_hash).bind(kept.at_ms);
        query.bind(kept.result.as_deref()).execute(&mut *tx).await?;
    }
    for run in &dump.runs {
        let query = sqlx::query("INSERT OR REPLACE INTO runs (run_id, at_ms, body) VALUES (?, ?, ?)");
        query.bind(&run.run_id).bind(run.at_ms).bind(json(run)?).execute(&mut *tx).await?;
    }
    Ok(())
}

/// As it lay there: a refresh whose answer was never seen stays noted.
async fn add_connection(tx: &mut SqliteConnection, connection: &Connection, tokens: &SealedTokens) -> Result<()> {
    let query = sqlx::query(
        "INSERT INTO connections (id, body, status, reasons, generation, data_key, tokens, refresh_intent_ms) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let query = query.bind(&connection.id).bind(rows::body(connection)?).bind(rows::status_text(connection.status));
    let query = query.bind(rows::reasons_text(&connection.reasons)?).bind(tokens.generation);
    query.bind(&tokens.data_key).bind(&tokens.tokens).bind(tokens.refresh_intent_ms).execute(tx).await?;
    Ok(())
}

/// False at the first value that is no longer what it was; the caller then undoes the rest.
pub(super) async fn rewrap(tx: &mut SqliteConnection, changes: &Rewrap) -> Result<bool> {
    for (id, before, after) in &changes.profiles {
        let query = sqlx::query("UPDATE profiles SET secrets = ? WHERE id = ? AND secrets = ?");
        if query.bind(after).bind(id).bind(before).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
    }
    for (id, before, after) in &changes.data_keys {
        let query = sqlx::query("UPDATE connections SET data_key = ? WHERE id = ? AND data_key = ?");
        if query.bind(after).bind(id).bind(before).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
    }
    for (connection, key, before, after) in &changes.kept {
        let query = sqlx::query("UPDATE idempotency SET result = ? WHERE connection = ? AND key = ? AND result = ?");
        let query = query.bind(after).bind(connection).bind(key).bind(before);
        if query.execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}
