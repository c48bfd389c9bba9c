//! One refresh at a time, and nothing lost.
//!
//! - One per process (a lock), one per store (a lease with a fence); inside, the store is read again, for another may
//!   have been quicker.
//! - In a task of its own: a caller that goes away does not cancel it between the service's answer and our commit.
//! - The intent is written before, the result is committed before anyone uses it, and a failed commit is tried again
//!   while the new token is still in memory.
//! - A failure blanks nothing. Only `invalid_grant` means that a person must consent again, and only after the store
//!   was looked at once more.

use std::{sync::Arc, time::Duration};

use super::{
    TokenEndpoint, TokenSet,
    keeper::{LiveToken, Parts},
};
use crate::{
    budget::{iso, store_error},
    protocol::{ActionError, Code},
    store::{Lease, Limits, Priority, SealedTokens, Status},
};

/// Longer than one refresh can take: permit, request and commit together.
const LEASE_MS: i64 = 120_000;
/// How long to wait for another holder before giving up.
const PATIENCE_MS: i64 = 150_000;

/// Refreshes the connection of `stale`, or takes what another has refreshed meanwhile.
pub(super) async fn once(
    parts: Arc<Parts>,
    stale: LiveToken,
    refused: Option<i64>,
) -> Result<Arc<LiveToken>, ActionError> {
    let flight = parts.flight(&stale.connection.id).lock_owned().await;
    let task = tokio::spawn(async move {
        let token = under_lease(&parts, stale, refused).await;
        drop(flight);
        token.map(|t| parts.keep(t))
    });
    task.await.map_err(|e| ActionError::new(Code::Internal, format!("the refresh broke off: {e}")))?
}

async fn under_lease(parts: &Parts, stale: LiveToken, refused: Option<i64>) -> Result<LiveToken, ActionError> {
    let id = stale.connection.id.clone();
    let holder = uuid::Uuid::new_v4().to_string();
    let give_up = parts.clock.now_ms() + PATIENCE_MS;
    loop {
        let now = parts.clock.now_ms();
        let lease = parts
            .store
            .take_lease(&format!("refresh/{id}"), &holder, now, now + LEASE_MS)
            .await
            .map_err(store_error)?;
        // Whoever held it before may have done the work.
        let current = parts.load(&id).await;
        let settled = current.as_ref().map_or(true, |token| parts.usable(token, refused));
        if settled {
            release(parts, lease.as_ref()).await;
            return current;
        }
        if let Some(lease) = lease {
            let outcome = holding(parts, &lease, &id, refused).await;
            release(parts, Some(&lease)).await;
            return outcome;
        }
        if now >= give_up {
            let detail = format!("another process has been refreshing connection {id} for too long");
            return Err(ActionError::new(Code::Unavailable, detail).retry_after(Some(5_000)));
        }
        parts.clock.sleep(Duration::from_millis(150)).await;
    }
}

async fn release(parts: &Parts, lease: Option<&Lease>) {
    if let Some(lease) = lease {
        // A lease that cannot be given back ends by itself.
        let _ = parts.store.drop_lease(lease).await;
    }
}

async fn holding(parts: &Parts, lease: &Lease, id: &str, refused: Option<i64>) -> Result<LiveToken, ActionError> {
    let (tokens, sealed) = parts.stored(id).await?;
    let Some(refresh_token) = tokens.refresh_token.clone() else {
        return Err(ended(parts, id, sealed.generation, refused).await);
    };
    let connection = parts.connection(id).await?;
    let endpoint = endpoint(parts, connection.profile.as_deref(), id).await?;
    let asked_at = parts.clock.now_ms();
    permit(parts, &endpoint.client_id, asked_at).await?;
    parts.store.note_refresh(id, sealed.generation, parts.clock.now_ms()).await.map_err(store_error)?;
    match endpoint.refresh(parts.transport.as_ref(), &parts.clock, &refresh_token).await {
        Ok(fresh) => commit(parts, lease, id, &sealed, keep_what_is_missing(fresh, &tokens)).await,
        Err(error) if error.code == Code::ReconnectRequired => refused_grant(parts, id, &sealed, refused, error).await,
        Err(error) => {
            tracing::warn!(connection = id, code = error.code.as_str(), "refresh failed; what was there stays");
            // A token that still has minutes to live is better than an error.
            let old = parts.live_token(connection, &tokens, sealed.generation);
            let alive = refused != Some(old.generation) && parts.clock.now_ms() < old.expires_ms;
            if alive { Ok(old) } else { Err(error) }
        }
    }
}

async fn endpoint(parts: &Parts, profile: Option<&str>, id: &str) -> Result<TokenEndpoint, ActionError> {
    let missing = || {
        ActionError::new(
            Code::CredentialsMissing,
            format!("connection {id} belongs to no profile, so nothing can refresh it"),
        )
    };
    let profile = parts.profiles.get(profile.ok_or_else(missing)?).await?;
    TokenEndpoint::of(&profile, &parts.manifest.hosts.token)
}

/// The token endpoint takes one request a second from an application.
async fn permit(parts: &Parts, client_id: &str, now_ms: i64) -> Result<(), ActionError> {
    let limits = Limits { per_second: parts.manifest.auth.token.requests_per_second, per_day: 0, reserve: 0 };
    let deadline = now_ms + LEASE_MS / 2;
    parts.budget.permit(&format!("token/{client_id}"), limits, Priority::Action, deadline).await.map(|_| ())
}

/// A long-lived refresh token may not come back in the answer; it stays good. Scopes likewise.
fn keep_what_is_missing(mut fresh: TokenSet, old: &TokenSet) -> TokenSet {
    if fresh.refresh_token.is_none() {
        fresh.refresh_token.clone_from(&old.refresh_token);
    }
    if fresh.scopes.is_none() {
        fresh.scopes.clone_from(&old.scopes);
    }
    fresh
}

/// The old token is dead at the service by now, so a store that is busy or full for a moment must not end the
/// connection: the new set stays in memory and the commit is tried for as long as the lease holds.
async fn commit(
    parts: &Parts,
    lease: &Lease,
    id: &str,
    old: &SealedTokens,
    tokens: TokenSet,
) -> Result<LiveToken, ActionError> {
    let data_key = parts.key.unwrap_data_key(id, &old.data_key).map_err(store_error)?;
    let sealed = parts.seal(&data_key, old.data_key.clone(), id, old.generation + 1, &tokens)?;
    let mut pause = 50;
    let committed = loop {
        match parts.store.commit_tokens(lease, id, &sealed).await {
            Ok(committed) => break committed,
            Err(error) if pause > 12_800 => {
                tracing::error!(connection = id, "a refreshed token could not be stored");
                return Err(store_error(error));
            }
            Err(_) => parts.clock.sleep(Duration::from_millis(pause)).await,
        }
        pause *= 2;
    };
    if !committed {
        // The person reconnected, or a later holder committed: theirs is the newer one.
        return parts.load(id).await;
    }
    tracing::info!(connection = id, generation = sealed.generation, "refreshed");
    let mut connection = parts.connection(id).await?;
    connection.generation = sealed.generation;
    Ok(parts.live_token(connection, &tokens, sealed.generation))
}

async fn refused_grant(
    parts: &Parts,
    id: &str,
    tried: &SealedTokens,
    refused: Option<i64>,
    error: ActionError,
) -> Result<LiveToken, ActionError> {
    let current = parts.load(id).await?;
    if current.generation != tried.generation && parts.usable(&current, refused) {
        return Ok(current);
    }
    let now = iso(parts.clock.now_ms());
    let story = match tried.refresh_intent_ms {
        Some(at) => format!(
            "a refresh begun at {} broke off before its answer was stored, and at {now} the service no longer took the old token",
            iso(at)
        ),
        None => format!("at {now} {}", error.detail),
    };
    let reasons = [format!("{story}; connect again under the same name")];
    parts.store.set_status(id, tried.generation, Status::ReconnectRequired, &reasons).await.map_err(store_error)?;
    let detail = format!("connection {id}: {}", reasons[0]);
    Err(ActionError { detail, ..error })
}

async fn ended(parts: &Parts, id: &str, generation: i64, refused: Option<i64>) -> ActionError {
    let what =
        if refused.is_some() { "the service takes its access token no longer" } else { "its access token has ended" };
    let why = format!(
        "{what} and there is no refresh token; connect again with the scope offline_access, or paste a new token"
    );
    let reasons = [why.clone()];
    if let Err(error) = parts.store.set_status(id, generation, Status::ReconnectRequired, &reasons).await {
        return store_error(error);
    }
    ActionError::new(Code::ReconnectRequired, format!("connection {id}: {why}"))
}
