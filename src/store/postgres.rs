//! The store for many machines: a `PostgreSQL` database, all tables in one schema of it.
//!
//! Every read-then-write is one statement, or one transaction that locks its row first; the rows to lock are taken in
//! one order (lease, then connection), and pruning skips what others hold, so nobody waits in a circle. A pooler
//! between us and the server must hand out whole sessions: the schema and the time-outs are settings of the session.

mod accounts;
mod checkpoints;
mod clock;
mod leases;
mod ledger;
mod moving;
mod open;
mod results;
mod rows;
mod runs;
mod schema;

use std::time::Instant;

use async_trait::async_trait;
use sqlx::{PgPool, Postgres, Transaction, pool::PoolConnection};

use super::{
    Asker, Checkpoint, Claim, Connection, Dump, Grant, Lease, LedgerView, Limits, Result, Rewrap, RunRecord,
    SealedTokens, Status, Store, StoredProfile,
};

/// Where the tables lie if nobody says otherwise.
const SCHEMA: &str = "ctct";

/// The store in a `PostgreSQL` database.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
}

impl PostgresStore {
    /// Connects to the database at `url` (`postgres://user:password@host:port/database`), makes the schema `ctct` if it
    /// is not there, and brings its tables up to date. Over a network, add `?sslmode=verify-full`.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_in(url, SCHEMA).await
    }

    /// The same in another schema, whose name has only small letters, digits and underscores.
    pub async fn connect_in(url: &str, schema: &str) -> Result<Self> {
        Ok(Self { pool: open::pool(url, schema).await? })
    }

    async fn link(&self) -> Result<PoolConnection<Postgres>> {
        Ok(self.pool.acquire().await?)
    }

    /// The isolation is named because a server may be set to another: each statement must see what was committed
    /// before it, above all after it has waited for a lock.
    async fn begin(&self) -> Result<Transaction<'static, Postgres>> {
        Ok(self.pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn profiles(&self) -> Result<Vec<StoredProfile>> {
        accounts::profiles(&mut *self.link().await?).await
    }

    async fn put_profile(&self, profile: StoredProfile) -> Result<()> {
        accounts::put_profile(&mut *self.link().await?, &profile).await
    }

    async fn remove_profile(&self, id: &str) -> Result<bool> {
        accounts::remove_profile(&mut *self.link().await?, id).await
    }

    async fn connections(&self) -> Result<Vec<Connection>> {
        accounts::connections(&mut *self.link().await?).await
    }

    async fn connection(&self, id: &str) -> Result<Option<Connection>> {
        accounts::connection(&mut *self.link().await?, id).await
    }

    async fn put_connection(&self, connection: &Connection, tokens: &SealedTokens) -> Result<()> {
        accounts::put_connection(&mut *self.link().await?, connection, tokens).await
    }

    async fn set_status(&self, id: &str, generation: i64, status: Status, reasons: &[String]) -> Result<()> {
        accounts::set_status(&mut *self.link().await?, id, generation, status, reasons).await
    }

    async fn remove_connection(&self, id: &str) -> Result<bool> {
        accounts::remove_connection(&mut *self.link().await?, id).await
    }

    async fn tokens(&self, id: &str) -> Result<Option<SealedTokens>> {
        accounts::tokens(&mut *self.link().await?, id).await
    }

    async fn note_refresh(&self, lease: &Lease, id: &str, generation: i64, at_ms: Option<i64>) -> Result<bool> {
        accounts::note_refresh(&mut *self.link().await?, lease, id, generation, at_ms).await
    }

    async fn commit_tokens(&self, id: &str, tokens: &SealedTokens) -> Result<bool> {
        accounts::replace_tokens(&mut *self.link().await?, id, tokens).await
    }

    async fn take_lease(&self, name: &str, holder: &str, now_ms: i64, until_ms: i64) -> Result<Option<Lease>> {
        leases::take(&mut *self.link().await?, name, holder, now_ms, until_ms).await
    }

    async fn keep_lease(&self, lease: &Lease, now_ms: i64, until_ms: i64) -> Result<bool> {
        leases::keep(&mut *self.link().await?, lease, now_ms, until_ms).await
    }

    async fn drop_lease(&self, lease: &Lease) -> Result<()> {
        leases::give_back(&mut *self.link().await?, lease).await
    }

    async fn permit(&self, ledger: &str, limits: Limits, asker: Asker<'_>, now_ms: i64) -> Result<Grant> {
        let began = Instant::now();
        let mut tx = self.begin().await?;
        let mut page = ledger::lock(&mut tx, ledger).await?;
        // Others may have had the row for a while: the permit counts from the moment it is ours, not from the asking.
        let shift = clock::shift(&mut tx, now_ms, began).await?;
        let now_ms = now_ms.saturating_add(clock::passed_ms(began)).saturating_add(shift);
        let grant = page.ask(limits, clock::asker_by(asker, shift), now_ms);
        if matches!(grant, Grant::Later { .. }) {
            // A place in the line is worth no wait for the disk.
            sqlx::query("SET LOCAL synchronous_commit TO off").execute(&mut *tx).await?;
        }
        ledger::write(&mut tx, ledger, &page).await?;
        tx.commit().await?;
        Ok(clock::grant_by(grant, -shift))
    }

    async fn block_ledger(&self, ledger: &str, until_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        let mut page = ledger::lock(&mut tx, ledger).await?;
        page.blocked_until_ms = page.blocked_until_ms.max(until_ms);
        ledger::write(&mut tx, ledger, &page).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn ledger(&self, ledger: &str, now_ms: i64) -> Result<LedgerView> {
        Ok(ledger::read(&mut *self.link().await?, ledger).await?.view(now_ms))
    }

    async fn checkpoint(&self, name: &str) -> Result<Option<Checkpoint>> {
        checkpoints::one(&mut *self.link().await?, name).await
    }

    async fn put_checkpoint(&self, name: &str, body: &str, after: i64, now_ms: i64) -> Result<bool> {
        checkpoints::put(&mut *self.link().await?, name, body, after, now_ms).await
    }

    async fn claim(&self, connection: &str, key: &str, input_hash: &[u8], now_ms: i64) -> Result<Claim> {
        let mut tx = self.begin().await?;
        let claim = results::claim(&mut tx, connection, key, input_hash, now_ms).await?;
        tx.commit().await?;
        Ok(claim)
    }

    async fn settle(&self, connection: &str, key: &str, sealed_result: &[u8]) -> Result<()> {
        results::settle(&mut *self.link().await?, connection, key, sealed_result).await
    }

    async fn release(&self, connection: &str, key: &str) -> Result<()> {
        results::release(&mut *self.link().await?, connection, key).await
    }

    async fn log_runs(&self, runs: &[RunRecord]) -> Result<()> {
        let mut tx = self.begin().await?;
        runs::add(&mut tx, runs).await?;
        runs::prune(&mut tx, runs).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>> {
        runs::newest(&mut *self.link().await?, limit).await
    }

    async fn one_run(&self, run_id: &str) -> Result<Option<RunRecord>> {
        runs::one(&mut *self.link().await?, run_id).await
    }

    async fn dump(&self) -> Result<Dump> {
        // One snapshot for all its statements, whatever others write meanwhile.
        let mut tx = self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let dump = moving::dump(&mut tx).await?;
        tx.commit().await?;
        Ok(dump)
    }

    async fn load(&self, dump: &Dump) -> Result<()> {
        let mut tx = self.begin().await?;
        moving::load(&mut tx, dump).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn rewrap(&self, changes: &Rewrap) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = moving::rewrap(&mut tx, changes).await?;
        if done {
            tx.commit().await?;
        } else {
            tx.rollback().await?;
        }
        Ok(done)
    }
}
