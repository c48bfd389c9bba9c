//! Keep-alive: a refresh token that nobody uses dies after so many idle days, and using it starts the count anew. So
//! whatever has been idle for a third of them is refreshed: two more occasions are left if this one fails.

use std::{sync::Arc, time::Duration};

use serde::Serialize;

use super::Keeper;
use crate::{
    budget::{iso, store_error},
    protocol::ActionError,
    store::{Connection, DAY_MS, Status},
};

/// When a process that runs for days looks first: not while it starts.
const FIRST_LOOK: Duration = Duration::from_mins(1);
/// And how often from then on.
const NEXT_LOOK: Duration = Duration::from_hours(6);

/// What keep-alive did with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// It was refreshed.
    Refreshed,
    /// It was refreshed not long ago, and was left alone.
    Fresh,
    /// There is nothing to keep alive: no refresh token, or a person must connect again first.
    Skipped,
    /// The refresh failed.
    Failed,
}

/// One connection's report.
#[derive(Debug, Clone, Serialize)]
pub struct KeptAlive {
    /// The connection's name.
    pub connection: String,
    /// What was done.
    pub outcome: Kept,
    /// The same in words.
    pub detail: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ActionError>,
}

impl Keeper {
    /// Refreshes every connection whose tokens are older than a third of the idle days, one after the other. A failure
    /// of one is its own: the others go on, and the report says which.
    pub async fn keep_alive(&self) -> Result<Vec<KeptAlive>, ActionError> {
        let mut reports = Vec::new();
        for connection in self.parts().store.connections().await.map_err(store_error)? {
            let (outcome, detail, error) = match self.keep_one(&connection).await {
                Ok((outcome, detail)) => (outcome, detail, None),
                Err(error) => (Kept::Failed, error.detail.clone(), Some(error)),
            };
            reports.push(KeptAlive { connection: connection.id, outcome, detail, error });
        }
        Ok(reports)
    }

    /// Keeps all connections alive for as long as it is polled: for processes that run for days. Looks soon after the
    /// start, and then a few times a day; a look at connections that need nothing costs no call.
    pub async fn stay_alive(&self) {
        let clock = Arc::clone(&self.parts().clock);
        let mut pause = FIRST_LOOK;
        loop {
            clock.sleep(pause).await;
            pause = NEXT_LOOK;
            match self.keep_alive().await {
                Ok(reports) => reports.iter().filter(|r| r.outcome == Kept::Failed).for_each(|report| {
                    tracing::warn!(connection = report.connection, detail = report.detail, "could not be kept alive");
                }),
                Err(error) => tracing::warn!(%error, "the connections could not be looked at"),
            }
        }
    }

    async fn keep_one(&self, connection: &Connection) -> Result<(Kept, String), ActionError> {
        let parts = self.parts();
        if matches!(connection.status, Status::ReconnectRequired | Status::Revoked) {
            let why = connection.reasons.last().cloned().unwrap_or_else(|| "the connection was ended".to_owned());
            return Ok((Kept::Skipped, why));
        }
        let (tokens, sealed) = parts.stored(&connection.id).await?;
        if tokens.refresh_token.is_none() {
            return Ok((Kept::Skipped, format!("no refresh token; it ends at {}", iso(tokens.expires_ms))));
        }
        let idle_ms = i64::from(parts.manifest.auth.token.idle_days) * DAY_MS;
        if parts.clock.now_ms() < tokens.issued_ms + idle_ms / 3 {
            return Ok((Kept::Fresh, format!("last refreshed at {}", iso(tokens.issued_ms))));
        }
        // As if this set had been refused: another process that is quicker leaves a newer one, and that is taken.
        self.live(&connection.id, sealed.generation, Some(sealed.generation)).await?;
        Ok((Kept::Refreshed, format!("had not been refreshed since {}", iso(tokens.issued_ms))))
    }
}
