//! The embedded store: one `SQLite` file in WAL mode.
//!
//! Every read-then-write is one statement or one `BEGIN IMMEDIATE` transaction: a plain `BEGIN` would meet
//! `SQLITE_BUSY_SNAPSHOT`, which no busy time-out cures. Several processes on one machine may share the file; a file
//! on a network drive is not supported by `SQLite` itself.

mod checkpoints;
mod ledger;
mod moving;
mod rows;
mod schema;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    Asker, BELIEVED_MS, Checkpoint, Claim, Connection, DAY_MS, Dump, Grant, Lease, LedgerView, Limits, Result, Rewrap,
    RunRecord, SealedTokens, Status, Store, StoreError, StoredProfile,
};

/// The store in one file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
}

/// The file holds logins and the run log: it is made for its owner alone. What cannot be made here is told by the opening.
fn private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

impl SqliteStore {
    /// Opens the file, makes it if it is not there, and brings its tables up to date.
    pub async fn open(path: &Path) -> Result<Self> {
        private(path);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: a refresh token that was answered must survive a power cut, not only a crash of ours.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .foreign_keys(true);
        Self::with(options, 4, &path.display().to_string()).await
    }

    /// A store that ends with the process, for tests and trials.
    pub async fn in_memory() -> Result<Self> {
        Self::with(SqliteConnectOptions::new().in_memory(true), 1, "in memory").await
    }

    async fn with(options: SqliteConnectOptions, connections: u32, name: &str) -> Result<Self> {
        let pool = SqlitePoolOptions::new().max_connections(connections).min_connections(u32::from(connections == 1));
        let pool = pool.idle_timeout(None).max_lifetime(None).connect_with(options).await;
        let pool = pool.map_err(|e| StoreError(format!("cannot open the store {name}: {e}")))?;
        schema::migrate(&pool, name).await?;
        Ok(Self { pool })
    }

    /// A transaction that writes from its start.
    async fn write(&self) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn profiles(&self) -> Result<Vec<StoredProfile>> {
        let rows = sqlx::query("SELECT id, body, secrets FROM profiles ORDER BY id").fetch_all(&self.pool).await?;
        rows.iter()
            .map(|r| Ok(StoredProfile { id: r.try_get(0)?, body: r.try_get(1)?, secrets: r.try_get(2)? }))
            .collect()
    }

    async fn put_profile(&self, profile: StoredProfile) -> Result<()> {
        sqlx::query("INSERT INTO profiles (id, body, secrets) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body, secrets = excluded.secrets")
            .bind(profile.id)
            .bind(profile.body)
            .bind(profile.secrets)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn remove_profile(&self, id: &str) -> Result<bool> {
        Ok(sqlx::query("DELETE FROM profiles WHERE id = ?").bind(id).execute(&self.pool).await?.rows_affected() > 0)
    }

    async fn connections(&self) -> Result<Vec<Connection>> {
        let rows = sqlx::query(rows::SELECT_CONNECTIONS).fetch_all(&self.pool).await?;
        rows.iter().map(rows::connection).collect()
    }

    async fn connection(&self, id: &str) -> Result<Option<Connection>> {
        let row = sqlx::query(rows::SELECT_CONNECTION).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(rows::connection).transpose()
    }

    async fn put_connection(&self, connection: &Connection, tokens: &SealedTokens) -> Result<()> {
        let query = sqlx::query(rows::UPSERT_CONNECTION)
            .bind(&connection.id)
            .bind(rows::body(connection)?)
            .bind(rows::status_text(connection.status))
            .bind(rows::reasons_text(&connection.reasons)?)
            .bind(tokens.generation)
            .bind(&tokens.data_key)
            .bind(&tokens.tokens);
        query.execute(&self.pool).await?;
        Ok(())
    }

    async fn set_status(&self, id: &str, generation: i64, status: Status, reasons: &[String]) -> Result<()> {
        sqlx::query("UPDATE connections SET status = ?, reasons = ? WHERE id = ? AND generation = ?")
            .bind(rows::status_text(status))
            .bind(rows::reasons_text(reasons)?)
            .bind(id)
            .bind(generation)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn remove_connection(&self, id: &str) -> Result<bool> {
        Ok(sqlx::query("DELETE FROM connections WHERE id = ?").bind(id).execute(&self.pool).await?.rows_affected() > 0)
    }

    async fn tokens(&self, id: &str) -> Result<Option<SealedTokens>> {
        let row = sqlx::query("SELECT data_key, tokens, generation, refresh_intent_ms FROM connections WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SealedTokens {
            data_key: row.try_get(0)?,
            tokens: row.try_get(1)?,
            generation: row.try_get(2)?,
            refresh_intent_ms: row.try_get(3)?,
        }))
    }

    async fn note_refresh(&self, lease: &Lease, id: &str, generation: i64, at_ms: Option<i64>) -> Result<bool> {
        let query = sqlx::query(
            "UPDATE connections SET refresh_intent_ms = ? WHERE id = ? AND generation = ? \
             AND EXISTS (SELECT 1 FROM leases WHERE name = ? AND fence = ? AND holder = ?)",
        );
        let query = query.bind(at_ms).bind(id).bind(generation).bind(&lease.name).bind(lease.fence).bind(&lease.holder);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    async fn commit_tokens(&self, id: &str, tokens: &SealedTokens) -> Result<bool> {
        let query = sqlx::query(
            "UPDATE connections SET tokens = ?, generation = ?, refresh_intent_ms = NULL, \
             status = CASE status WHEN 'reconnect_required' THEN 'active' ELSE status END, \
             reasons = CASE status WHEN 'reconnect_required' THEN '[]' ELSE reasons END \
             WHERE id = ? AND generation = ?",
        );
        let query = query.bind(&tokens.tokens).bind(tokens.generation).bind(id).bind(tokens.generation - 1);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    async fn take_lease(&self, name: &str, holder: &str, now_ms: i64, until_ms: i64) -> Result<Option<Lease>> {
        let row = sqlx::query(
            "INSERT INTO leases (name, holder, fence, until_ms) VALUES (?1, ?2, 1, ?4) \
             ON CONFLICT (name) DO UPDATE SET holder = ?2, fence = fence + 1, until_ms = ?4 \
             WHERE until_ms <= ?3 OR until_ms > ?4 + ?5 RETURNING fence",
        )
        .bind(name)
        .bind(holder)
        .bind(now_ms)
        .bind(until_ms)
        .bind(BELIEVED_MS)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Lease { name: name.to_owned(), holder: holder.to_owned(), fence: row.try_get(0)? }))
    }

    async fn keep_lease(&self, lease: &Lease, _now_ms: i64, until_ms: i64) -> Result<bool> {
        let query = sqlx::query("UPDATE leases SET until_ms = ? WHERE name = ? AND fence = ? AND holder = ?");
        let query = query.bind(until_ms).bind(&lease.name).bind(lease.fence).bind(&lease.holder);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    async fn drop_lease(&self, lease: &Lease) -> Result<()> {
        sqlx::query("UPDATE leases SET until_ms = 0 WHERE name = ? AND fence = ? AND holder = ?")
            .bind(&lease.name)
            .bind(lease.fence)
            .bind(&lease.holder)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn permit(&self, ledger: &str, limits: Limits, asker: Asker<'_>, now_ms: i64) -> Result<Grant> {
        let began = Instant::now();
        let mut tx = self.write().await?;
        // Waiting for the lock takes time too, and the permit counts from when it is given.
        let now_ms = now_ms + i64::try_from(began.elapsed().as_millis()).unwrap_or(0);
        let mut page = ledger::read(&mut tx, ledger).await?;
        let grant = page.ask(limits, asker, now_ms);
        if !matches!(grant, Grant::Exhausted { .. }) {
            ledger::write(&mut tx, ledger, &page).await?;
            tx.commit().await?;
        }
        Ok(grant)
    }

    async fn block_ledger(&self, ledger: &str, until_ms: i64) -> Result<()> {
        let mut tx = self.write().await?;
        let mut page = ledger::read(&mut tx, ledger).await?;
        page.blocked_until_ms = page.blocked_until_ms.max(until_ms);
        ledger::write(&mut tx, ledger, &page).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn ledger(&self, ledger: &str, now_ms: i64) -> Result<LedgerView> {
        let mut connection = self.pool.acquire().await?;
        Ok(ledger::read(&mut connection, ledger).await?.view(now_ms))
    }

    async fn checkpoint(&self, name: &str) -> Result<Option<Checkpoint>> {
        let mut connection = self.pool.acquire().await?;
        checkpoints::one(&mut connection, name).await
    }

    async fn put_checkpoint(&self, name: &str, body: &str, after: i64, now_ms: i64) -> Result<bool> {
        let mut connection = self.pool.acquire().await?;
        checkpoints::put(&mut connection, name, body, after, now_ms).await
    }

    async fn claim(&self, connection: &str, key: &str, input_hash: &[u8], now_ms: i64) -> Result<Claim> {
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM idempotency WHERE at_ms < ?").bind(now_ms - DAY_MS).execute(&mut *tx).await?;
        let row = sqlx::query("SELECT input_hash, result FROM idempotency WHERE connection = ? AND key = ?")
            .bind(connection)
            .bind(key)
            .fetch_optional(&mut *tx)
            .await?;
        let claim = match row {
            None => {
                sqlx::query("INSERT INTO idempotency (connection, key, input_hash, at_ms) VALUES (?, ?, ?, ?)")
                    .bind(connection)
                    .bind(key)
                    .bind(input_hash)
                    .bind(now_ms)
                    .execute(&mut *tx)
                    .await?;
                Claim::Ours
            }
            Some(row) if row.try_get::<Vec<u8>, _>(0)? != input_hash => Claim::Mismatch,
            Some(row) => row.try_get::<Option<Vec<u8>>, _>(1)?.map_or(Claim::Open, Claim::Done),
        };
        tx.commit().await?;
        Ok(claim)
    }

    async fn settle(&self, connection: &str, key: &str, sealed_result: &[u8]) -> Result<()> {
        let query = sqlx::query("UPDATE idempotency SET result = ? WHERE connection = ? AND key = ?");
        query.bind(sealed_result).bind(connection).bind(key).execute(&self.pool).await?;
        Ok(())
    }

    async fn release(&self, connection: &str, key: &str) -> Result<()> {
        let query = sqlx::query("DELETE FROM idempotency WHERE connection = ? AND key = ? AND result IS NULL");
        query.bind(connection).bind(key).execute(&self.pool).await?;
        Ok(())
    }

    async fn log_runs(&self, runs: &[RunRecord]) -> Result<()> {
        let mut tx = self.write().await?;
        for run in runs {
            let body = serde_json::to_string(run).map_err(|e| StoreError(e.to_string()))?;
            let query = sqlx::query("INSERT OR REPLACE INTO runs (run_id, at_ms, body) VALUES (?, ?, ?)");
            query.bind(&run.run_id).bind(run.at_ms).bind(body).execute(&mut *tx).await?;
        }
        // Thirty days are enough to find out what went wrong, and keep the file small.
        let oldest = runs.iter().map(|r| r.at_ms).max().unwrap_or(0) - 30 * DAY_MS;
        sqlx::query("DELETE FROM runs WHERE at_ms < ?").bind(oldest).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>> {
        let rows = sqlx::query("SELECT body FROM runs ORDER BY at_ms DESC, run_id DESC LIMIT ?")
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|r| rows::run(r.try_get(0)?)).collect()
    }

    async fn one_run(&self, run_id: &str) -> Result<Option<RunRecord>> {
        let row = sqlx::query("SELECT body FROM runs WHERE run_id = ?").bind(run_id).fetch_optional(&self.pool).await?;
        row.map(|r| rows::run(r.try_get(0)?)).transpose()
    }

    async fn dump(&self) -> Result<Dump> {
        // A transaction that reads sees one moment, whatever others write meanwhile.
        let mut tx = self.pool.begin().await?;
        moving::dump(&mut tx).await
    }

    async fn load(&self, dump: &Dump) -> Result<()> {
        let mut tx = self.write().await?;
        moving::load(&mut tx, dump).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn rewrap(&self, changes: &Rewrap) -> Result<bool> {
        let mut tx = self.write().await?;
        let done = moving::rewrap(&mut tx, changes).await?;
        if done {
            tx.commit().await?;
        }
        Ok(done)
    }
}
