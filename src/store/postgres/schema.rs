//! The tables, as steps forward. The table `store_steps` says which have been taken; it also marks the schema as ours,
//! so that another program's is not taken for a store.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row};

use crate::store::{Result, StoreError};

/// Held while steps are taken, so that processes that start together do not take one twice ("ctct" in ASCII).
const LOCK: i64 = 0x6374_6374;

/// Never edited once released: a change is a new step. Names are compared byte by byte, as in the file store, whatever
/// language the database was made for.
const STEPS: &[&str] = &[
    r#"
CREATE TABLE profiles (id TEXT COLLATE "C" PRIMARY KEY, body TEXT NOT NULL, secrets BYTEA NOT NULL);
CREATE TABLE connections (
  id TEXT COLLATE "C" PRIMARY KEY, body TEXT NOT NULL, status TEXT NOT NULL, reasons TEXT NOT NULL,
  generation BIGINT NOT NULL, data_key BYTEA NOT NULL, tokens BYTEA NOT NULL, refresh_intent_ms BIGINT
);
CREATE TABLE leases (
  name TEXT COLLATE "C" PRIMARY KEY, holder TEXT NOT NULL, fence BIGINT NOT NULL, until_ms BIGINT NOT NULL
);
CREATE TABLE ledgers (name TEXT COLLATE "C" PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE idempotency (
  connection TEXT COLLATE "C" NOT NULL, key TEXT COLLATE "C" NOT NULL, input_hash BYTEA NOT NULL,
  at_ms BIGINT NOT NULL, result BYTEA, PRIMARY KEY (connection, key)
);
CREATE INDEX idempotency_age ON idempotency (at_ms);
CREATE TABLE runs (run_id TEXT COLLATE "C" PRIMARY KEY, at_ms BIGINT NOT NULL, body TEXT NOT NULL);
CREATE INDEX runs_age ON runs (at_ms, run_id);
"#,
    r#"
CREATE TABLE checkpoints (
  name TEXT COLLATE "C" PRIMARY KEY, body TEXT NOT NULL, version BIGINT NOT NULL, updated_ms BIGINT NOT NULL
);
"#,
];

/// Takes the steps that are missing; refuses a schema of a newer version or of another program. `schema` has been
/// checked and is the session's search path.
pub(super) async fn migrate(connection: &mut PgConnection, schema: &str, name: &str) -> Result<()> {
    // Read committed: after waiting for the lock, the next statement must see what its last holder did.
    let mut tx = connection.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await?;
    make_schema(&mut tx, schema, name).await?;
    let taken = taken(&mut tx, schema, name).await?;
    for (number, step) in (1_i32..).zip(STEPS) {
        if number > taken {
            tx.execute(*step).await?;
            sqlx::query("INSERT INTO store_steps (step) VALUES ($1)").bind(number).execute(&mut *tx).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Looks first: `IF NOT EXISTS` would ask for the right to make schemas even where there is nothing to make.
async fn make_schema(tx: &mut PgConnection, schema: &str, name: &str) -> Result<()> {
    let there = sqlx::query("SELECT 1 FROM pg_namespace WHERE nspname = $1").bind(schema);
    if there.fetch_optional(&mut *tx).await?.is_some() {
        return Ok(());
    }
    tx.execute(AssertSqlSafe(format!("CREATE SCHEMA \"{schema}\""))).await.map_err(|e| {
        StoreError(format!(
            "cannot make the schema {schema} in the database {name}: {e}; let the database's owner make it, owned by \
             the user in the URL"
        ))
    })?;
    Ok(())
}

/// How many steps have been taken.
async fn taken(tx: &mut PgConnection, schema: &str, name: &str) -> Result<i32> {
    let tables = sqlx::query(
        "SELECT count(*), count(*) FILTER (WHERE c.relname = 'store_steps') \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1",
    );
    let tables = tables.bind(schema).fetch_one(&mut *tx).await?;
    let (all, ours): (i64, i64) = (tables.try_get(0)?, tables.try_get(1)?);
    if ours == 0 && all > 0 {
        return Err(StoreError(format!(
            "the schema {schema} of the database {name} belongs to another program; name another database"
        )));
    }
    if ours == 0 {
        let table = "CREATE TABLE store_steps (step INTEGER PRIMARY KEY, taken_at TIMESTAMPTZ NOT NULL DEFAULT now())";
        tx.execute(table).await?;
        return Ok(0);
    }
    let newest = sqlx::query("SELECT coalesce(max(step), 0) FROM store_steps").fetch_one(&mut *tx).await?;
    let taken: i32 = newest.try_get(0)?;
    let known = STEPS.len();
    if usize::try_from(taken).is_ok_and(|taken| taken > known) {
        return Err(StoreError(format!(
            "the store in the database {name} was written by a newer version (store version {taken}, this program \
             knows {known}); use that version"
        )));
    }
    Ok(taken)
}
