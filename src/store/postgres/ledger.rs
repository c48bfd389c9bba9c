//! A ledger's page in its row. Whoever means to write it locks the row first.

use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::store::{
    Result,
    ledger::LedgerPage,
    rows::{json, page},
};

pub(super) async fn read(db: &mut PgConnection, name: &str) -> Result<LedgerPage> {
    let row = sqlx::query("SELECT body FROM ledgers WHERE name = $1").bind(name).fetch_optional(db).await?;
    row.map_or_else(|| Ok(LedgerPage::default()), |row| page(name, row.try_get(0)?))
}

/// The page, and its row locked until the transaction ends; an empty one is put there if there was none, because a row
/// that is not there cannot be locked.
pub(super) async fn lock(tx: &mut PgConnection, name: &str) -> Result<LedgerPage> {
    if let Some(row) = locked(tx, name).await? {
        return page(name, row.try_get(0)?);
    }
    let empty = LedgerPage::default();
    let query = sqlx::query("INSERT INTO ledgers (name, body) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");
    query.bind(name).bind(json(&empty)?).execute(&mut *tx).await?;
    // Another process may have put it there just before us, and written on it since.
    locked(tx, name).await?.map_or(Ok(empty), |row| page(name, row.try_get(0)?))
}

async fn locked(tx: &mut PgConnection, name: &str) -> Result<Option<PgRow>> {
    Ok(sqlx::query("SELECT body FROM ledgers WHERE name = $1 FOR UPDATE").bind(name).fetch_optional(tx).await?)
}

pub(super) async fn write(tx: &mut PgConnection, name: &str, page: &LedgerPage) -> Result<()> {
    sqlx::query("UPDATE ledgers SET body = $2 WHERE name = $1").bind(name).bind(json(page)?).execute(tx).await?;
    Ok(())
}
