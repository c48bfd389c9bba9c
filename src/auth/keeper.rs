//! Keeps connections alive: hands out access tokens that work, and sees to it that they are refreshed in time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use secrecy::SecretString;

use super::{TokenEndpoint, TokenSet, refresh};
use crate::{
    budget::{Budget, store_error},
    catalog::manifest::Manifest,
    clock::Clock,
    config::{Profile, ProfileBook},
    protocol::{ActionError, Code},
    store::{Connection, SealedTokens, Status, Store, vault::Key},
    transport::{Credentials, Transport},
};

/// An access token that should work now.
#[derive(Debug, Clone)]
pub struct LiveToken {
    /// Whose it is.
    pub connection: Connection,
    /// The token.
    pub access_token: SecretString,
    /// A partner's API key.
    pub api_key: Option<String>,
    /// When it ends (milliseconds since 1970).
    pub expires_ms: i64,
    /// When it should be refreshed ahead.
    pub refresh_ms: i64,
    /// Which set of the connection it is from.
    pub generation: i64,
}

impl LiveToken {
    /// What a call carries.
    pub fn credentials(&self) -> Credentials {
        match &self.api_key {
            Some(api_key) => Credentials::Partner { token: self.access_token.clone(), api_key: api_key.clone() },
            None => Credentials::Bearer(self.access_token.clone()),
        }
    }
}

/// What the keeper works with; shared with the refresh task, which outlives its caller.
pub(super) struct Parts {
    pub(super) store: Arc<dyn Store>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) budget: Budget,
    pub(super) key: Key,
    pub(super) manifest: &'static Manifest,
    pub(super) profiles: ProfileBook,
    cache: Mutex<HashMap<String, Arc<LiveToken>>>,
    flights: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// Hands out live tokens.
#[derive(Clone)]
pub struct Keeper {
    parts: Arc<Parts>,
}

impl Keeper {
    /// A keeper on this store.
    pub fn new(
        store: Arc<dyn Store>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        key: Key,
        manifest: &'static Manifest,
        profiles: ProfileBook,
    ) -> Self {
        let budget = Budget::new(Arc::clone(&store), Arc::clone(&clock));
        let (cache, flights) = (Mutex::default(), Mutex::default());
        Self { parts: Arc::new(Parts { store, transport, clock, budget, key, manifest, profiles, cache, flights }) }
    }

    /// A token of the connection that should work now. `refused` names the generation that the service has just
    /// answered with 401, so that it is not handed out again.
    pub async fn live(&self, id: &str, refused: Option<i64>) -> Result<Arc<LiveToken>, ActionError> {
        let parts = &self.parts;
        if let Some(token) = parts.cached(id).filter(|t| parts.usable(t, refused)) {
            return Ok(token);
        }
        let token = parts.load(id).await?;
        if parts.usable(&token, refused) {
            return Ok(parts.keep(token));
        }
        refresh::once(Arc::clone(parts), token, refused).await
    }

    /// A token that a partner action can carry: the connection's own if it is a partner's, else one of its profile's
    /// partner credentials.
    pub async fn partner(&self, id: &str, refused: Option<i64>) -> Result<Arc<LiveToken>, ActionError> {
        let parts = &self.parts;
        let connection = parts.connection(id).await?;
        if connection.partner {
            return self.live(id, refused).await;
        }
        let missing = || {
            let detail = format!(
                "the action needs a technology partner's credentials, and connection {id} has none; give its profile partner.client_id and partner.client_secret"
            );
            ActionError::new(Code::CredentialsMissing, detail)
        };
        let profile = parts.profiles.get(connection.profile.as_deref().ok_or_else(missing)?).await?;
        let slot = format!("partner:{}", profile.id);
        if let Some(token) = parts.cached(&slot).filter(|t| parts.usable(t, refused)) {
            return Ok(token);
        }
        let token = parts.partner_token(&profile, connection, refused).await.and_then(|t| t.ok_or_else(missing))?;
        parts.lock_cache().insert(slot, Arc::clone(&token));
        Ok(token)
    }

    /// Seals a first token set for a connection, new or reconnected.
    pub async fn adopt(&self, connection: &Connection, tokens: &TokenSet) -> Result<(), ActionError> {
        let parts = &self.parts;
        let (data_key, wrapped) = parts.key.new_data_key(parts.clock.as_ref(), &connection.id).map_err(store_error)?;
        let sealed = parts.seal(&data_key, wrapped, &connection.id, connection.generation, tokens)?;
        parts.store.put_connection(connection, &sealed).await.map_err(store_error)?;
        parts.lock_cache().remove(&connection.id);
        Ok(())
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Forgets what is cached of a connection.
    pub fn forget(&self, id: &str) {
        self.parts.lock_cache().remove(id);
    }
}

impl Parts {
    fn lock_cache(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<LiveToken>>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cached(&self, id: &str) -> Option<Arc<LiveToken>> {
        self.lock_cache().get(id).cloned()
    }

    pub(super) fn keep(&self, token: LiveToken) -> Arc<LiveToken> {
        let token = Arc::new(token);
        self.lock_cache().insert(token.connection.id.clone(), Arc::clone(&token));
        token
    }

    /// Not refused, and not so near its end that it might end on the way.
    pub(super) fn usable(&self, token: &LiveToken, refused: Option<i64>) -> bool {
        refused != Some(token.generation) && self.clock.now_ms() < token.refresh_ms
    }

    /// The lock that makes one refresh at a time of this process; the lease does the same between processes.
    pub(super) fn flight(&self, id: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(flights.entry(id.to_owned()).or_default())
    }

    pub(super) async fn connection(&self, id: &str) -> Result<Connection, ActionError> {
        let found = self.store.connection(id).await.map_err(store_error)?;
        found.ok_or_else(|| ActionError::new(Code::ConnectionUnknown, format!("there is no connection {id}")))
    }

    /// The stored token, whatever its age; refused when a person has to consent again first.
    pub(super) async fn load(&self, id: &str) -> Result<LiveToken, ActionError> {
        let connection = self.connection(id).await?;
        if matches!(connection.status, Status::ReconnectRequired | Status::Revoked) {
            let why = connection.reasons.last().cloned().unwrap_or_else(|| "the connection was ended".to_owned());
            return Err(ActionError::new(Code::ReconnectRequired, format!("connection {id}: {why}")));
        }
        let (tokens, sealed) = self.stored(id).await?;
        Ok(self.live_token(connection, &tokens, sealed.generation))
    }

    /// The stored token set, opened.
    pub(super) async fn stored(&self, id: &str) -> Result<(TokenSet, SealedTokens), ActionError> {
        let sealed = self.store.tokens(id).await.map_err(store_error)?;
        let sealed =
            sealed.ok_or_else(|| ActionError::new(Code::ConnectionUnknown, format!("there is no connection {id}")))?;
        let data_key = self.key.unwrap_data_key(id, &sealed.data_key).map_err(store_error)?;
        let plain = data_key.open(&place(id, sealed.generation), &sealed.tokens).map_err(store_error)?;
        let tokens = serde_json::from_slice(&plain)
            .map_err(|_| ActionError::new(Code::Store, format!("the tokens of {id} are broken")))?;
        Ok((tokens, sealed))
    }

    pub(super) fn live_token(&self, connection: Connection, tokens: &TokenSet, generation: i64) -> LiveToken {
        // Refreshing ahead makes sense only where there is something to refresh with.
        let ahead = if tokens.refresh_token.is_some() {
            i64::from(self.manifest.auth.token.refresh_ahead_seconds) * 1_000
        } else {
            0
        };
        let life = (tokens.expires_ms - tokens.issued_ms).max(0);
        LiveToken {
            connection,
            access_token: tokens.access_token.clone(),
            api_key: tokens.api_key.clone(),
            expires_ms: tokens.expires_ms,
            refresh_ms: tokens.expires_ms - ahead.min(life / 4),
            generation,
        }
    }

    pub(super) fn seal(
        &self,
        data_key: &Key,
        wrapped: Vec<u8>,
        id: &str,
        generation: i64,
        tokens: &TokenSet,
    ) -> Result<SealedTokens, ActionError> {
        let plain = serde_json::to_vec(tokens).map_err(|e| ActionError::new(Code::Internal, e.to_string()))?;
        let plain = secrecy::zeroize::Zeroizing::new(plain);
        let tokens = data_key.seal(self.clock.as_ref(), &place(id, generation), &plain).map_err(store_error)?;
        Ok(SealedTokens { data_key: wrapped, tokens, generation, refresh_intent_ms: None })
    }

    /// A fresh partner token. It is asked for anew when it ends, so it is kept in memory only.
    async fn partner_token(
        &self,
        profile: &Profile,
        connection: Connection,
        refused: Option<i64>,
    ) -> Result<Option<Arc<LiveToken>>, ActionError> {
        let Some(partner) = &profile.partner else { return Ok(None) };
        let Some(secret) = &partner.client_secret else { return Ok(None) };
        let address = profile.token_url.as_deref().unwrap_or(&self.manifest.hosts.partner_token);
        let url = url::Url::parse(address)
            .map_err(|e| ActionError::new(Code::Config, format!("partner token address: {e}")))?;
        let secret = secret.resolve("the partner secret")?;
        let endpoint = TokenEndpoint { url, client_id: partner.client_id.clone(), client_secret: Some(secret) };
        let tokens = endpoint.partner(self.transport.as_ref(), &self.clock, &self.manifest.auth.partner_scope).await?;
        let mut live = self.live_token(connection, &tokens, refused.unwrap_or(0) + 1);
        live.api_key = Some(profile.client_id.clone());
        Ok(Some(Arc::new(live)))
    }
}

/// Binds a sealed set to its connection and generation, so that neither rows nor old sets can be put in its place.
fn place(id: &str, generation: i64) -> String {
    format!("connection/{id}/tokens/{generation}")
}
