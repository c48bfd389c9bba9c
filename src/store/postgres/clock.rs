//! Which clock goes. The processes on one database may be on machines whose clocks differ by more than a lease lasts,
//! or than the line for permits has patience: the fast would take leases from their holders, and the slow would never
//! get a permit. So the times of leases and of permits are the server's, and are given back in the caller's own.

use std::time::Instant;

use sqlx::{PgConnection, Row};

use crate::store::{Asker, Grant, Result};

/// A clock that is this far off is not wrong, but set to another time on purpose.
const ANOTHER_TIME_MS: i64 = 3_600_000;

/// How much later it is by the server's clock than by the caller's, which showed `now_ms` at `since`.
pub(super) async fn shift(db: &mut PgConnection, now_ms: i64, since: Instant) -> Result<i64> {
    let query = sqlx::query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
    let server_ms: i64 = query.fetch_one(db).await?.try_get(0)?;
    let shift = server_ms.saturating_sub(now_ms.saturating_add(passed_ms(since)));
    Ok(if (-ANOTHER_TIME_MS..=ANOTHER_TIME_MS).contains(&shift) { shift } else { 0 })
}

/// Milliseconds since then.
pub(super) fn passed_ms(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_millis()).unwrap_or(0)
}

/// The asker with its times put forward.
pub(super) fn asker_by(asker: Asker<'_>, shift: i64) -> Asker<'_> {
    let (rank_ms, until_ms) = (asker.rank_ms.saturating_add(shift), asker.until_ms.saturating_add(shift));
    Asker { rank_ms, until_ms, ..asker }
}

/// The grant with its times put forward; a day ends for all at midnight.
pub(super) fn grant_by(grant: Grant, shift: i64) -> Grant {
    match grant {
        Grant::Later { at_ms, due_ms } => {
            Grant::Later { at_ms: at_ms.saturating_add(shift), due_ms: due_ms.saturating_add(shift) }
        }
        Grant::Now { .. } | Grant::Exhausted { .. } => grant,
    }
}
