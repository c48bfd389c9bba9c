//! Keeps connections alive: hands out access tokens that work, and sees to it that they are refreshed in time.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use secrecy::SecretString;

use super::{ConnectionEvents, TokenEndpoint, TokenSet, events::Listeners, refresh};
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
    pub(super) uses: Arc<Use>,
}

/// When this process handed a token out.
#[derive(Debug, Default)]
pub(super) struct Use {
    last_ms: AtomicI64,
    idle_ms: AtomicI64,
}

impl Use {
    fn now(&self, now_ms: i64) {
        let before = self.last_ms.swap(now_ms, Ordering::Relaxed);
        self.idle_ms.store(if before == 0 { 0 } else { now_ms - before }, Ordering::Relaxed);
    }

    /// How long it lay unused before it was handed out last.
    pub(super) fn idle_ms(&self) -> i64 {
        self.idle_ms.load(Ordering::Relaxed)
    }
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
    pub(super) events: Listeners,
    cache: Mutex<HashMap<String, Arc<LiveToken>>>,
    flights: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// The last failed refresh of each connection: generation, time, error.
    failures: Mutex<HashMap<String, (i64, i64, ActionError)>>,
    refreshes: Arc<AtomicUsize>,
}

/// Hands out live tokens.
#[derive(Clone)]
pub struct Keeper {
    parts: Arc<Parts>,
}

impl Keeper {
    /// A keeper on this store, which tells these listeners what becomes of connections.
    pub fn new(
        store: Arc<dyn Store>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        key: Key,
        manifest: &'static Manifest,
        profiles: ProfileBook,
        events: Vec<Arc<dyn ConnectionEvents>>,
    ) -> Self {
        let budget = Budget::new(Arc::clone(&store), Arc::clone(&clock));
        let events = Listeners(events);
        let (cache, flights, failures) = (Mutex::default(), Mutex::default(), Mutex::default());
        let refreshes = Arc::default();
        let parts = Parts {
            store,
            transport,
            clock,
            budget,
            key,
            manifest,
            profiles,
            events,
            cache,
            flights,
            failures,
            refreshes,
        };
        Self { parts: Arc::new(parts) }
    }

    /// A token of the connection that should work now. `refused` names the generation that the service has just
    /// answered with 401, so that it is not handed out again.
    /// `known` is the newest generation that the caller has seen in the store: what is cached from before a reconnect is
    /// not handed out.
    pub async fn live(&self, id: &str, known: i64, refused: Option<i64>) -> Result<Arc<LiveToken>, ActionError> {
        let parts = &self.parts;
        let cached = parts.cached(id);
        if let Some(token) = cached.as_ref().filter(|t| t.generation >= known && parts.usable(t, refused)) {
            token.uses.now(parts.clock.now_ms());
            return Ok(Arc::clone(token));
        }
        let mut token = parts.load(id).await?;
        if let Some(cached) = cached.filter(|t| t.generation == token.generation) {
            token.uses = Arc::clone(&cached.uses);
        }
        if parts.usable(&token, refused) {
            token.uses.now(parts.clock.now_ms());
            return Ok(parts.keep(token));
        }
        let token = refresh::once(Arc::clone(parts), token, refused).await?;
        token.uses.now(parts.clock.now_ms());
        Ok(token)
    }

    /// A token that a partner action can carry: the connection's own if it is a partner's, else one of its profile's
    /// partner credentials.
    pub async fn partner(&self, id: &str, refused: Option<i64>) -> Result<Arc<LiveToken>, ActionError> {
        let parts = &self.parts;
        let connection = parts.connection(id).await?;
        if connection.partner {
            return self.live(id, connection.generation, refused).await;
        }
        let missing = || {
            let detail = format!(
                "the action needs a technology partner's credentials, and connection {id} has none; give its profile partner.client_id and partner.client_secret"
            );
            ActionError::new(Code::CredentialsMissing, detail)
        };
        let profile = parts.profiles.get(connection.profile.as_deref().ok_or_else(missing)?).await?;
        let slot = format!("partner:{}", profile.id);
        // One at a time: those who waited find the token of the first.
        let _flight = parts.flight(&slot).lock_owned().await;
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

    /// Waits until no refresh is under way, for a process that is about to end; half a minute at the most.
    pub async fn settled(&self) {
        let none = async {
            while self.parts.refreshes.load(Ordering::SeqCst) > 0 {
                self.parts.clock.sleep(Duration::from_millis(20)).await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(35), none).await;
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }
}

/// One refresh that is under way.
pub(super) struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
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

    /// Not refused, and not ended: good enough while nothing better is to be had.
    pub(super) fn alive(&self, token: &LiveToken, refused: Option<i64>) -> bool {
        refused != Some(token.generation) && self.clock.now_ms() < token.expires_ms
    }

    /// Counts a refresh that is under way, until what is given is dropped.
    pub(super) fn under_way(&self) -> UnderWay {
        self.refreshes.fetch_add(1, Ordering::SeqCst);
        UnderWay(Arc::clone(&self.refreshes))
    }

    pub(super) fn remember_failure(&self, id: &str, generation: i64, error: &ActionError) {
        let entry = (generation, self.clock.now_ms(), error.clone());
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), entry);
    }

    /// The failure of this generation's refresh, if it came after `since_ms`. One from the future is from a clock that
    /// was set back since, and says nothing.
    pub(super) fn failure_since(&self, id: &str, generation: i64, since_ms: i64) -> Option<ActionError> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, at, error) = failures.get(id)?;
        (*of == generation && *at > since_ms && *at <= self.clock.now_ms()).then(|| error.clone())
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
        LiveToken {
            connection,
            access_token: tokens.access_token.clone(),
            api_key: tokens.api_key.clone(),
            expires_ms: tokens.expires_ms,
            refresh_ms: self.refresh_ms(tokens),
            generation,
            uses: Arc::default(),
        }
    }

    /// When a token is refreshed ahead: some minutes before it ends by `expires_in`, or by the longest life that the
    /// vendor allows, whichever is sooner. That makes sense only where there is something to refresh with.
    fn refresh_ms(&self, tokens: &TokenSet) -> i64 {
        if tokens.refresh_token.is_none() {
            return tokens.expires_ms;
        }
        let rules = &self.manifest.auth.token;
        let end = tokens.expires_ms.min(tokens.issued_ms + i64::from(rules.lifetime_seconds) * 1_000);
        let ahead = i64::from(rules.refresh_ahead_seconds) * 1_000;
        end - ahead.min((end - tokens.issued_ms).max(0) / 4)
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
        refresh::permit(self, &endpoint.client_id, self.clock.now_ms()).await?;
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
