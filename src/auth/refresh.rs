//! One refresh at a time, and nothing lost.
//!
//! - One per process (a lock), one per store (a lease with a fence); inside, the store is read again, for another may
//!   have been quicker.
//! - In a task of its own: a caller that goes away does not cancel it between the service's answer and our commit, and
//!   `Connector::flush` waits for it.
//! - The intent is written before, the result is committed before anyone uses it, and a failed commit is tried again
//!   while the new token is still in memory.
//! - A failure blanks nothing. Only `invalid_grant` means that a person must consent again, and only after the store
//!   was looked at once more.
//! - The host is told of each outcome, after it was stored.

use std::{sync::Arc, time::Duration};

use tracing::Instrument as _;

use super::{
    TokenEndpoint, TokenSet,
    keeper::{LiveToken, Parts},
};
use crate::{
    budget::{iso, store_error},
    protocol::{ActionError, Code, Sent},
    store::{Lease, Limits, Priority, SealedTokens, Status},
};

/// How long a lease lasts by itself: what others wait when its holder dies, so it is short, and the living renew it.
const LEASE_MS: i64 = 10_000;
/// How often it is renewed, in real time.
const RENEW: Duration = Duration::from_secs(3);
/// How long to wait for another holder, or for a permit of the token endpoint, before giving up. Callers have shorter
/// time-outs of their own; the refresh goes on without them.
const PATIENCE_MS: i64 = 600_000;
/// Attempts where the token endpoint says that someone else was quicker in this second.
const ATTEMPTS: u32 = 4;

/// How long a set that could not be stored is kept and tried again.
const KEEP_TRYING_MS: i64 = 600_000;

/// Refreshes the connection of `stale`, or takes what another has refreshed meanwhile.
pub(super) async fn once(
    parts: Arc<Parts>,
    stale: LiveToken,
    refused: Option<i64>,
) -> Result<Arc<LiveToken>, ActionError> {
    let asked_ms = parts.clock.now_ms();
    let why = why(&parts, &stale, refused);
    let flight = parts.flight(&stale.connection.id).lock_owned().await;
    let under_way = parts.under_way();
    let span = tracing::info_span!("refresh", connection = stale.connection.id, generation = stale.generation);
    let work = async move {
        let token = under_lease(&parts, stale, &Cause { refused, asked_ms, why }).await;
        drop((flight, under_way));
        token.map(|t| parts.keep(t))
    };
    tokio::spawn(work.instrument(span))
        .await
        .map_err(|e| ActionError::new(Code::Internal, format!("the refresh broke off: {e}")))?
}

/// Why there is a refresh.
struct Cause {
    /// The generation that the service has just answered with 401.
    refused: Option<i64>,
    /// Since when the caller waits.
    asked_ms: i64,
    /// The same in words.
    why: String,
}

/// Which of the clocks of a token has run out. The service is said to end tokens that lie unused for some time before
/// `expires_in` is over; that cannot be known before the 401, so it only explains one.
fn why(parts: &Parts, stale: &LiveToken, refused: Option<i64>) -> String {
    let now = parts.clock.now_ms();
    if refused != Some(stale.generation) {
        return if now < stale.expires_ms { "ahead of its end" } else { "because it had ended" }.to_owned();
    }
    let idle = stale.uses.idle_ms() / 1_000;
    if idle >= i64::from(parts.manifest.auth.token.unused_seconds) {
        return format!("because the service refused it after {} minutes without use", idle / 60);
    }
    "because the service refused it before its time".to_owned()
}

async fn under_lease(parts: &Parts, stale: LiveToken, cause: &Cause) -> Result<LiveToken, ActionError> {
    let refused = cause.refused;
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
        // Whoever held it before may have done the work; or may be doing it, while the old token still works.
        let current = parts.load(&id).await;
        let settled = match &current {
            Ok(token) => parts.usable(token, refused) || (lease.is_none() && parts.alive(token, refused)),
            Err(_) => true,
        };
        if settled {
            release(parts, lease.as_ref()).await;
            return current;
        }
        if let Some(lease) = lease {
            let outcome = renewing(parts, &lease, holding(parts, &lease, &id, cause)).await;
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

/// Does the work, and holds on to the lease as long as it takes.
async fn renewing<T>(parts: &Parts, lease: &Lease, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(RENEW) => {
                // A lease that was lost is noticed where it matters: before anything is sent.
                let now = parts.clock.now_ms();
                let _ = parts.store.keep_lease(lease, now, now + LEASE_MS).await;
            }
        }
    }
}

async fn release(parts: &Parts, lease: Option<&Lease>) {
    if let Some(lease) = lease {
        // A lease that cannot be given back ends by itself.
        let _ = parts.store.drop_lease(lease).await;
    }
}

async fn holding(parts: &Parts, lease: &Lease, id: &str, cause: &Cause) -> Result<LiveToken, ActionError> {
    let (tokens, sealed) = parts.stored(id).await?;
    let outcome = if let Some(error) = parts.failure_since(id, sealed.generation, cause.asked_ms) {
        // It failed while this caller waited its turn: not everyone in the queue tries for himself, or tells it again.
        Err(error)
    } else {
        let outcome = exchange(parts, lease, id, (&tokens, &sealed), cause).await;
        outcome.inspect_err(|error| tell_failure(parts, id, sealed.generation, error))
    };
    match outcome {
        Err(error) if error.code != Code::ReconnectRequired => {
            // A token that still has minutes to live is better than an error.
            let old = parts.live_token(parts.connection(id).await?, &tokens, sealed.generation);
            if parts.alive(&old, cause.refused) { Ok(old) } else { Err(error) }
        }
        settled => settled,
    }
}

/// An ended connection has an event of its own.
fn tell_failure(parts: &Parts, id: &str, generation: i64, error: &ActionError) {
    if error.code != Code::ReconnectRequired {
        tracing::warn!(connection = id, code = error.code.as_str(), "refresh failed; what was there stays");
        parts.events.refresh_failed(id, generation, error.detail.clone());
        parts.remember_failure(id, generation, error);
    }
}

/// The exchange itself: permit, intent, request, commit.
async fn exchange(
    parts: &Parts,
    lease: &Lease,
    id: &str,
    (tokens, sealed): (&TokenSet, &SealedTokens),
    cause: &Cause,
) -> Result<LiveToken, ActionError> {
    let Some(refresh_token) = &tokens.refresh_token else {
        return Err(ended(parts, id, sealed.generation, tokens.expires_ms).await);
    };
    let connection = parts.connection(id).await?;
    let endpoint = endpoint(parts, connection.profile.as_deref(), id).await?;
    let mut attempt = 1;
    loop {
        permit(parts, &endpoint.client_id, parts.clock.now_ms()).await?;
        // A holder that was stopped for longer than its lease must not send a token that another has used meanwhile.
        let now = Some(parts.clock.now_ms());
        if !parts.store.note_refresh(lease, id, sealed.generation, now).await.map_err(store_error)? {
            let detail = format!("another process took over the refresh of connection {id}");
            return Err(ActionError::new(Code::Unavailable, detail).retry_after(Some(500)));
        }
        let error = match endpoint.refresh(parts.transport.as_ref(), &parts.clock, refresh_token).await {
            Ok(fresh) => return commit(parts, id, sealed, keep_what_is_missing(fresh, tokens), &cause.why).await,
            Err(error) if error.code == Code::ReconnectRequired => {
                return refused_grant(parts, id, sealed, cause.refused, error).await;
            }
            Err(error) => error,
        };
        // An answer that was no success changed nothing at the service: the next refusal has another story.
        let answered = error.sent == Sent::Yes && error.upstream.is_some();
        if error.sent == Sent::No || answered {
            let _ = parts.store.note_refresh(lease, id, sealed.generation, None).await;
        }
        if error.code != Code::Throttled || attempt == ATTEMPTS {
            return Err(error);
        }
        attempt += 1;
        parts.clock.sleep(Duration::from_millis(1_100)).await;
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
pub(super) async fn permit(parts: &Parts, client_id: &str, now_ms: i64) -> Result<(), ActionError> {
    let limits = Limits { per_second: parts.manifest.auth.token.requests_per_second, per_day: 0, reserve: 0 };
    let deadline = now_ms + PATIENCE_MS;
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

/// The old token is dead at the service by now, so a store that is busy or full for a while must not end the connection:
/// the new set stays in memory and is tried again for minutes. Whoever was answered holds the only living token, so the
/// generation alone decides, not whose lease it is by then.
async fn commit(
    parts: &Parts,
    id: &str,
    old: &SealedTokens,
    tokens: TokenSet,
    why: &str,
) -> Result<LiveToken, ActionError> {
    let data_key = parts.key.unwrap_data_key(id, &old.data_key).map_err(store_error)?;
    let sealed = parts.seal(&data_key, old.data_key.clone(), id, old.generation + 1, &tokens)?;
    let give_up = parts.clock.now_ms() + KEEP_TRYING_MS;
    let mut pause = 50;
    let committed = loop {
        match parts.store.commit_tokens(id, &sealed).await {
            Ok(committed) => break committed,
            Err(error) if parts.clock.now_ms() >= give_up => {
                tracing::error!(connection = id, "a refreshed token could not be stored");
                return Err(store_error(error));
            }
            Err(_) => parts.clock.sleep(Duration::from_millis(pause)).await,
        }
        pause = (pause * 2).min(5_000);
    };
    if !committed {
        // The person reconnected, or a later holder committed: theirs is the newer one.
        return parts.load(id).await;
    }
    tracing::info!(connection = id, generation = sealed.generation, "refreshed");
    let detail =
        format!("connection {id} was refreshed {why}; its access token lasts until {}", iso(tokens.expires_ms));
    parts.events.refreshed(id, sealed.generation, detail);
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
    parts.events.reconnect_required(id, tried.generation, detail.clone());
    Err(ActionError { detail, ..error })
}

/// There is nothing to refresh with. The connection is over when its token has ended; a single 401 before that may be a
/// mood of the service, and is an error of this call only.
async fn ended(parts: &Parts, id: &str, generation: i64, expires_ms: i64) -> ActionError {
    let remedy = "connect again with the scope offline_access, or paste a new token";
    if parts.clock.now_ms() < expires_ms {
        let why = "the service did not take its access token, and there is no refresh token";
        return ActionError::new(Code::ReconnectRequired, format!("connection {id}: {why}; {remedy}"));
    }
    let why = format!("its access token has ended and there is no refresh token; {remedy}");
    let reasons = [why.clone()];
    if let Err(error) = parts.store.set_status(id, generation, Status::ReconnectRequired, &reasons).await {
        return store_error(error);
    }
    let detail = format!("connection {id}: {why}");
    parts.events.reconnect_required(id, generation, detail.clone());
    ActionError::new(Code::ReconnectRequired, detail)
}
