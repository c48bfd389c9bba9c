//! Leases: one row a name, whose fence grows with every holder.

use std::time::Instant;

use sqlx::{PgConnection, Row};

use super::clock::shift;
use crate::store::{BELIEVED_MS, Lease, Result};

/// One statement, so that of many who come at once exactly one gets it.
pub(super) async fn take(
    db: &mut PgConnection,
    name: &str,
    holder: &str,
    now_ms: i64,
    until_ms: i64,
) -> Result<Option<Lease>> {
    let shift = shift(db, now_ms, Instant::now()).await?;
    let (now_ms, until_ms) = (now_ms.saturating_add(shift), until_ms.saturating_add(shift));
    let query = sqlx::query(
        "INSERT INTO leases (name, holder, fence, until_ms) VALUES ($1, $2, 1, $4) ON CONFLICT (name) \
         DO UPDATE SET holder = excluded.holder, fence = leases.fence + 1, until_ms = excluded.until_ms \
         WHERE leases.until_ms <= $3 OR leases.until_ms > $4 + $5 RETURNING fence",
    );
    let row = query.bind(name).bind(holder).bind(now_ms).bind(until_ms).bind(BELIEVED_MS).fetch_optional(db).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Lease { name: name.to_owned(), holder: holder.to_owned(), fence: row.try_get(0)? }))
}

pub(super) async fn keep(db: &mut PgConnection, lease: &Lease, now_ms: i64, until_ms: i64) -> Result<bool> {
    let until_ms = until_ms.saturating_add(shift(db, now_ms, Instant::now()).await?);
    let query = sqlx::query("UPDATE leases SET until_ms = $1 WHERE name = $2 AND fence = $3 AND holder = $4");
    let query = query.bind(until_ms).bind(&lease.name).bind(lease.fence).bind(&lease.holder);
    Ok(query.execute(db).await?.rows_affected() == 1)
}

pub(super) async fn give_back(db: &mut PgConnection, lease: &Lease) -> Result<()> {
    let query = sqlx::query("UPDATE leases SET until_ms = 0 WHERE name = $1 AND fence = $2 AND holder = $3");
    query.bind(&lease.name).bind(lease.fence).bind(&lease.holder).execute(db).await?;
    Ok(())
}
