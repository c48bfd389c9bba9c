//! What the tests share: a sandbox, a connector on it, and its levers.

use std::sync::Arc;

use constantcontact::{
    ActionError, ActionRequest, ActionResult, Connector,
    auth::TokenSet,
    clock::{Clock, SystemClock},
    config::{Flow, Profile, RateLimits, SecretSource},
    sandbox::{Options, Sandbox},
    store::{Connection, SqliteStore, Status, Store, vault::Key},
    transport::{HttpClient, HttpSettings},
};
use secrecy::SecretString;
use serde_json::{Map, Value};

/// The connection that every bench has.
pub(crate) const CONNECTION: &str = "shop";

/// A sandbox, a store of its own, and a connector between them.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) key: Key,
    pub(crate) connector: Connector,
}

/// Where all that is logged goes, and what must not be found in it; named by `tests/drivers/suite.py`.
const LOG: &str = "CTCT_TEST_LOG";

/// Everything that any crate logs, at the finest level, goes to a file when there is one to be searched.
fn log_everything() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let Some(folder) = std::env::var_os(LOG) else { return };
        let file = std::fs::File::create(std::path::Path::new(&folder).join("trace.log")).unwrap();
        let lines = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
        let spans = tracing_subscriber::fmt::format::FmtSpan::FULL;
        lines.with_ansi(false).with_span_events(spans).with_writer(std::sync::Mutex::new(file)).init();
    });
}

/// Notes the secrets of a sandbox for the search.
fn plant(sandbox: &Sandbox) {
    use std::io::Write as _;
    let Some(folder) = std::env::var_os(LOG) else { return };
    let path = std::path::Path::new(&folder).join("planted");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    let ready = sandbox.ready();
    let secrets = [&ready.client_secret, &ready.partner_client_secret, &ready.access_token, &ready.refresh_token];
    let lines: String = secrets.iter().flat_map(|secret| [secret.as_str(), "\n"]).collect();
    file.write_all(lines.as_bytes()).unwrap();
}

/// A sandbox without limits.
pub(crate) fn free() -> Options {
    Options { limits: false, ..Options::default() }
}

impl Bench {
    /// A sandbox without limits, and a connection to it by a profile that can refresh.
    pub(crate) async fn new() -> Self {
        Self::with(free()).await
    }

    /// The same with other options; limits of ours are on exactly where the sandbox's are.
    pub(crate) async fn with(options: Options) -> Self {
        log_everything();
        let limits = options.limits;
        let sandbox = Sandbox::start(options).await.unwrap();
        plant(&sandbox);
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().await.unwrap());
        let key = Key::generate(&SystemClock);
        let connector = connector(&store, &key);
        connector.profiles().put(profile(&sandbox, limits)).await.unwrap();
        let bench = Self { sandbox, store, key, connector };
        let ready = bench.sandbox.ready();
        bench.adopt(&ready.access_token, Some(&ready.refresh_token), 86_400).await;
        bench
    }

    /// Gives the connection these tokens, with so many seconds to live.
    pub(crate) async fn adopt(&self, access: &str, refresh: Option<&str>, seconds: i64) {
        let now = SystemClock.now_ms();
        let scopes = ["account_read", "account_update", "campaign_data", "contact_data", "offline_access"];
        let scopes = Some(scopes.map(str::to_owned).to_vec());
        let before = self.store.connection(CONNECTION).await.unwrap();
        let connection = Connection {
            id: CONNECTION.to_owned(),
            profile: Some("app".to_owned()),
            account: Some("owner@example.com".to_owned()),
            scopes: scopes.clone(),
            status: Status::Active,
            reasons: Vec::new(),
            ledger: self.sandbox.ready().client_id.clone(),
            api_base: Some(self.sandbox.ready().api.clone()),
            partner: false,
            per_second: None,
            per_day: None,
            generation: before.map_or(1, |b| b.generation + 1),
            created_ms: now,
        };
        let tokens = TokenSet {
            access_token: SecretString::from(access),
            refresh_token: refresh.map(SecretString::from),
            expires_ms: now + seconds * 1_000,
            issued_ms: now,
            scopes,
            api_key: None,
        };
        self.connector.keeper().adopt(&connection, &tokens).await.unwrap();
    }

    /// Another connector on the same store, as another process would be.
    pub(crate) fn another(&self) -> Connector {
        connector(&self.store, &self.key)
    }

    /// Runs an action.
    pub(crate) async fn run(&self, action: &str, input: Value) -> Result<ActionResult, ActionError> {
        self.connector.invoke(request(action, input)).await
    }

    /// Runs an action that must work, and gives its output.
    pub(crate) async fn get(&self, action: &str, input: Value) -> Value {
        self.run(action, input).await.unwrap_or_else(|e| panic!("{action}: {e:?}")).value()
    }

    /// Orders faults.
    pub(crate) async fn faults(&self, orders: Value) {
        assert_eq!(self.lever("POST", "faults", Some(orders)).await.0, 204);
    }

    /// Moves the sandbox's clock.
    pub(crate) async fn advance(&self, seconds: i64) {
        assert_eq!(self.lever("POST", "clock", Some(serde_json::json!({ "advance_seconds": seconds }))).await.0, 200);
    }

    /// What has arrived: method and path, oldest first.
    pub(crate) async fn arrived(&self) -> Vec<(String, String)> {
        let (_, journal) = self.lever("GET", "journal", None).await;
        let text = |e: &Value, k: &str| e[k].as_str().unwrap().to_owned();
        journal.as_array().unwrap().iter().map(|e| (text(e, "method"), text(e, "path"))).collect()
    }

    /// How many calls of this method to this path have arrived.
    pub(crate) async fn count(&self, method: &str, path: &str) -> usize {
        self.arrived().await.iter().filter(|(m, p)| m == method && p == path).count()
    }

    /// Pulls a lever.
    pub(crate) async fn lever(&self, method: &'static str, name: &str, body: Option<Value>) -> (u16, Value) {
        let root = self.sandbox.ready().api.trim_end_matches("/v3").to_owned();
        plain(method, &format!("{root}/_sandbox/{name}"), None, body).await
    }
}

/// A request on the usual connection.
pub(crate) fn request(action: &str, input: Value) -> ActionRequest {
    let Value::Object(input) = input else { panic!("an input is an object") };
    ActionRequest::new(action, input).on(CONNECTION)
}

/// No input.
pub(crate) fn nothing() -> Value {
    Value::Object(Map::new())
}

fn connector(store: &Arc<dyn Store>, key: &Key) -> Connector {
    Connector::builder(Arc::clone(store), key.clone()).build()
}

/// The profile of the sandbox's application with a secret.
pub(crate) fn profile(sandbox: &Sandbox, limits: bool) -> Profile {
    let ready = sandbox.ready();
    let off = (!limits).then_some(0);
    Profile {
        id: "app".to_owned(),
        client_id: ready.client_id.clone(),
        client_secret: Some(SecretSource::Value(SecretString::from(ready.client_secret.clone()))),
        flow: Flow::AuthorizationCode,
        redirect_uri: ready.redirect_uri.clone(),
        scopes: Vec::new(),
        actions: Vec::new(),
        limits: RateLimits { per_second: off, per_day: off },
        partner: None,
        api_base: Some(ready.api.clone()),
        authorize_url: Some(ready.authorize.clone()),
        token_url: Some(ready.token.clone()),
        device_url: Some(ready.device.clone()),
    }
}

/// A call past the connector, as any other client would make it.
pub(crate) async fn plain(method: &'static str, url: &str, token: Option<&str>, body: Option<Value>) -> (u16, Value) {
    use constantcontact::transport::{Body, Credentials, HttpCall, Transport};
    let credentials = token.map_or(Credentials::None, |t| Credentials::Bearer(SecretString::from(t)));
    let body = body.map_or(Body::None, |b| Body::Json(b.to_string().into_bytes()));
    let call =
        HttpCall { method, url: url.parse().unwrap(), credentials, body, timeout: std::time::Duration::from_secs(10) };
    let answer = HttpClient::new(HttpSettings::default()).send(call).await.unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}
