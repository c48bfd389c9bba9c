//! A ledger's page in its row.

use sqlx::{Row, SqliteConnection};

use crate::store::{Result, StoreError, ledger::LedgerPage};

pub(super) async fn read(connection: &mut SqliteConnection, name: &str) -> Result<LedgerPage> {
    let row = sqlx::query("SELECT body FROM ledgers WHERE name = ?").bind(name).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(LedgerPage::default()) };
    serde_json::from_str(row.try_get(0)?).map_err(|e| StoreError(format!("the ledger {name} is broken: {e}")))
}

pub(super) async fn write(connection: &mut SqliteConnection, name: &str, page: &LedgerPage) -> Result<()> {
    let body = serde_json::to_string(page).map_err(|e| StoreError(e.to_string()))?;
    let query = sqlx::query(
        "INSERT INTO ledgers (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
    );
    query.bind(name).bind(body).execute(connection).await?;
    Ok(())
}
