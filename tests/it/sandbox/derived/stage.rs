//! The stage of a test: a sandbox with the demo data, and a way to have whatever a request needs.
//!
//! What the API can make is made anew for each request, so that no request depends on another. What only people make
//! on the web, such as registrations and landing pages, is looked for in the demo data.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use constantcontact::sandbox::{Options, Ready, Sandbox, Seed};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::client::{Answer, Client};
use super::request::Request;
use crate::strict::facts::has;
use crate::support::free;

const FORM: &str = "application/x-www-form-urlencoded";

/// A sandbox, a connection to it, and the tokens that a test needs.
pub(super) struct Stage {
    /// Runs as long as it is held.
    _sandbox: Sandbox,
    pub(super) client: Client,
    pub(super) ready: Ready,
    partner_token: String,
    /// Tokens that are good for one scope only.
    account_token: String,
    contact_token: String,
    /// Things made so far.
    pub(super) count: u32,
    /// What was found in the demo data, by its placeholder.
    pub(super) found: BTreeMap<&'static str, Value>,
}

impl Stage {
    pub(super) async fn set() -> Self {
        let sandbox = Sandbox::start(Options { seed: Seed::Demo, ..free() }).await.expect("the sandbox starts");
        let ready = sandbox.ready().clone();
        let client = Client::of(&ready.api).await;
        let none = String::new;
        let (partner_token, account_token, contact_token) = (none(), none(), none());
        let found = BTreeMap::new();
        let mut stage =
            Self { _sandbox: sandbox, client, ready, partner_token, account_token, contact_token, count: 0, found };
        stage.partner_token = stage.partner_token().await;
        let login = "owner@example.com";
        stage.account_token = stage.consent(login, "account_read").await;
        stage.contact_token = stage.consent(login, "contact_data").await;
        stage.look_around().await;
        stage
    }

    /// The request of a draft, with all that it speaks of made or found, and the right credentials.
    pub(super) async fn request(&mut self, operation: &Value, draft: &Value) -> Result<Request, String> {
        let mut names = BTreeSet::new();
        placeholders(draft, &mut names);
        let mut made = BTreeMap::new();
        for name in names {
            let value = self.make(&name).await?;
            made.insert(name, value);
        }
        let draft = filled(draft, &made);
        let mut request = Request::of(operation, &draft);
        let own = draft["as"].as_str().unwrap_or(&self.ready.access_token);
        request.token = Some(own.to_owned());
        if is_of_partners(operation) {
            request.token = Some(self.partner_token.clone());
            request.api_key = Some(self.ready.client_id.clone());
        }
        Ok(request)
    }

    /// A token that is good, and not for this operation; none where every token is.
    pub(super) fn wrong_token(&self, operation: &Value) -> Option<&str> {
        if is_of_partners(operation) {
            return Some(&self.ready.access_token);
        }
        let narrow = if has(&operation["scopes"], "account_read") { &self.contact_token } else { &self.account_token };
        let narrowed = operation["scopes"].as_array().is_some_and(|scopes| !scopes.is_empty());
        narrowed.then_some(narrow.as_str())
    }

    /// A call that must work, and its answer.
    pub(super) async fn call(&mut self, method: &str, path: &str, body: Option<Value>) -> Result<Value, String> {
        let partner = path.starts_with("/partner/");
        let token = if partner { &self.partner_token } else { &self.ready.access_token };
        let headers = [
            ("authorization", format!("Bearer {token}")),
            ("x-api-key", self.ready.client_id.clone()),
            ("content-type", "application/json".to_owned()),
        ];
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let answer = self.client.send(method, &format!("/v3{path}"), &headers, body.as_bytes()).await;
        if answer.is_success() { Ok(answer.json()) } else { Err(format!("{method} {path} answered {}", answer.told())) }
    }

    /// Pulls a lever of the sandbox.
    pub(super) async fn lever(&mut self, method: &str, name: &str, body: &str) -> Value {
        let headers = [("content-type", "application/json".to_owned())];
        self.client.send(method, &format!("/_sandbox/{name}"), &headers, body.as_bytes()).await.json()
    }

    async fn partner_token(&mut self) -> String {
        let pair = format!("{}:{}", self.ready.partner_client_id, self.ready.partner_client_secret);
        let basic = format!("Basic {}", STANDARD.encode(pair));
        let target = target(&self.ready.partner_token);
        let fields = "grant_type=client_credentials&scope=v3api%2Fgeneral.partner";
        let headers = [("authorization", basic), ("content-type", FORM.to_owned())];
        let answer = self.client.send("POST", &target, &headers, fields.as_bytes()).await;
        answer.json()["access_token"].as_str().expect("a partner gets a token").to_owned()
    }

    /// A token for an account by the shortest way there is: the implicit flow.
    pub(super) async fn consent(&mut self, login: &str, scope: &str) -> String {
        let fields = [
            ("client_id", self.ready.client_id.as_str()),
            ("redirect_uri", self.ready.redirect_uri.as_str()),
            ("response_type", "token"),
            ("scope", scope),
            ("state", "s"),
            ("decision", "allow"),
            ("account", login),
        ];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let target = target(&self.ready.authorize);
        let answer = self.client.send("POST", &target, &[("content-type", FORM.to_owned())], form.as_bytes()).await;
        handed(&answer).expect("consent gives a token")
    }

    /// The account of a new client, and its login.
    pub(super) async fn newcomer(&mut self) -> Result<(Value, String), String> {
        let login = format!("newcomer-{}@example.com", self.count);
        let body = json!({
            "contact_email": login, "country_code": "US", "state_code": "MA", "login_name": login,
            "organization_name": "A new client", "password": "a long password"
        });
        let made = self.call("POST", "/partner/accounts", Some(body)).await?;
        Ok((made["encoded_account_id"].clone(), login))
    }
}

/// Whether an operation takes the token of a partner.
pub(super) fn is_of_partners(operation: &Value) -> bool {
    has(&operation["authorizer"], "api_key")
}

/// The path of an address.
fn target(address: &str) -> String {
    let rest = address.trim_start_matches("http://");
    rest.split_once('/').map_or_else(|| "/".to_owned(), |(_, path)| format!("/{path}"))
}

/// The token behind the `#` of a redirect.
fn handed(answer: &Answer) -> Option<String> {
    let (_, fragment) = answer.header("location")?.split_once('#')?;
    let mut pairs = form_urlencoded::parse(fragment.as_bytes());
    pairs.find(|(name, _)| name == "access_token").map(|(_, token)| token.into_owned())
}

/// The name in `{name}`, where a text is nothing but that.
fn placeholder(text: &str) -> Option<&str> {
    let name = text.strip_prefix('{')?.strip_suffix('}')?;
    name.chars().all(|c| c.is_ascii_lowercase() || c == '_').then_some(name)
}

/// All names that a draft speaks of.
fn placeholders(draft: &Value, names: &mut BTreeSet<String>) {
    match draft {
        Value::String(text) => {
            names.extend(placeholder(text).map(str::to_owned));
            if text.contains("{unique}") {
                names.insert("unique".to_owned());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| placeholders(item, names)),
        Value::Object(object) => object.values().for_each(|value| placeholders(value, names)),
        _ => {}
    }
}

/// The draft with what its names stand for.
fn filled(draft: &Value, made: &BTreeMap<String, Value>) -> Value {
    match draft {
        Value::String(text) => {
            let unique = || made.get("unique").and_then(Value::as_str).unwrap_or_default();
            let thing = placeholder(text).and_then(|name| made.get(name));
            thing.cloned().unwrap_or_else(|| json!(text.replace("{unique}", unique())))
        }
        Value::Array(items) => items.iter().map(|item| filled(item, made)).collect(),
        Value::Object(object) => {
            let filled = object.iter().map(|(name, value)| (name.clone(), filled(value, made)));
            Value::Object(filled.collect())
        }
        other => other.clone(),
    }
}
