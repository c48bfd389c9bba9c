//! A ledger's page in its row.

use sqlx::{Row, SqliteConnection};

use crate::store::{
    Result,
    ledger::LedgerPage,
    rows::{json, page},
};

pub(super) async fn read(connection: &mut SqliteConnection, name: &str) -> Result<LedgerPage> {
    let row = sqlx::query("SELECT body FROM ledgers WHERE name = ?").bind(name).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(LedgerPage::default()) };
    page(name, row.try_get(0)?)
}

pub(super) async fn write(connection: &mut SqliteConnection, name: &str, page: &LedgerPage) -> Result<()> {
    let query = sqlx::query(
        "INSERT INTO ledgers (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
    );
    query.bind(name).bind(json(page)?).execute(connection).await?;
    Ok(())
}
