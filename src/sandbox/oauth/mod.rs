//! The OAuth server: applications, grants and tokens, with the errors of the product behind the real one.
//!
//! Marked in the code where the service is known and where the product's usual behaviour is assumed; what is assumed
//! is an option where it matters (reuse of a refresh token, grace).

mod authorize;
mod device;
mod grants;
mod jwt;
mod token;

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    call::{Call, Caller, Reply},
    env::Env,
    world::World,
};

/// One registered application.
#[derive(Debug, Clone)]
pub(super) struct App {
    pub client_id: String,
    /// None for applications that prove themselves by PKCE.
    pub client_secret: Option<String>,
    pub redirect_uris: Vec<String>,
}

/// An authorization code that waits for its exchange.
#[derive(Debug, Clone)]
struct Code {
    client_id: String,
    redirect_uri: String,
    scopes: Vec<String>,
    challenge: Option<String>,
    account: usize,
    expires: Timestamp,
}

/// One consent, and the refresh tokens that came of it.
#[derive(Debug, Clone)]
struct Grant {
    client_id: String,
    account: usize,
    scopes: Vec<String>,
    alive: bool,
}

/// A refresh token: the newest of its grant, or an earlier one.
#[derive(Debug, Clone)]
struct RefreshToken {
    grant: usize,
    last_used: Timestamp,
    /// When it was replaced; none while it is the newest.
    replaced: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct AccessToken {
    caller: Caller,
    expires: Timestamp,
}

/// What the OAuth server keeps.
pub(super) struct Authority {
    /// One with a secret, one for PKCE, and a technology partner's own credentials.
    pub apps: [App; 3],
    codes: HashMap<String, Code>,
    /// By the device's own code.
    devices: HashMap<String, device::Device>,
    grants: Vec<Grant>,
    refresh_tokens: HashMap<String, RefreshToken>,
    access_tokens: HashMap<String, AccessToken>,
    signer: jwt::Signer,
}

/// Every scope of the service.
pub(super) const SCOPES: [&str; 5] =
    ["account_read", "account_update", "campaign_data", "contact_data", "offline_access"];

impl Authority {
    /// A server with its three sets of credentials.
    pub(super) fn new(env: &mut Env) -> Self {
        let mut redirect_uris = vec!["http://localhost:4173/callback".to_owned(), "https://localhost".to_owned()];
        redirect_uris.extend(env.options.redirect_uris.iter().cloned());
        let secret =
            App { client_id: env.uuid_v4(), client_secret: Some(env.token(22)), redirect_uris: redirect_uris.clone() };
        let public = App { client_id: env.uuid_v4(), client_secret: None, redirect_uris };
        let partner = App { client_id: env.uuid_v4(), client_secret: Some(env.token(22)), redirect_uris: Vec::new() };
        Self {
            apps: [secret, public, partner],
            codes: HashMap::new(),
            devices: HashMap::new(),
            grants: Vec::new(),
            refresh_tokens: HashMap::new(),
            access_tokens: HashMap::new(),
            signer: jwt::Signer::new(),
        }
    }

    /// Who a bearer token belongs to; none when it is unknown or has ended.
    pub(super) fn caller(&self, token: &str, now: Timestamp) -> Option<Caller> {
        self.access_tokens.get(token).filter(|t| now < t.expires).map(|t| t.caller.clone())
    }

    fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|a| a.client_id == client_id)
    }
}

/// Where a person types the code of a device; the one page outside `/oauth2`.
pub(super) const ACTIVATE: &str = "/activate";

/// Answers a call of the OAuth server.
pub(super) fn answer(world: &mut World, call: &Call) -> Reply {
    let answer = match (call.method.as_str(), call.path.as_str()) {
        ("GET", "/oauth2/default/v1/authorize") => authorize::page(world, call),
        ("POST", "/oauth2/default/v1/authorize") => authorize::decide(world, call),
        ("POST", "/oauth2/default/v1/token") => token::answer(world, call),
        ("POST", "/oauth2/default/v1/device/authorize") => device::begin(world, call),
        ("GET", ACTIVATE) => Ok(device::page(world, call)),
        ("POST", ACTIVATE) => Ok(device::decide(world, call)),
        ("GET", "/oauth2/default/v1/keys") => Ok(Reply::json(200, &world.authority.signer.jwks())),
        _ => Ok(Reply::empty(404)),
    };
    answer.unwrap_or_else(|refusal| refusal)
}

/// Issues a first pair of tokens without asking, for the line that the sandbox prints when it is ready.
pub(super) fn ready_made(world: &mut World) -> (String, String) {
    let scopes = SCOPES.map(str::to_owned).to_vec();
    let client_id = world.authority.apps[0].client_id.clone();
    let grant = world.authority.open_grant(&client_id, 0, scopes);
    let access = world.authority.access_token(&mut world.env, grant, &world.accounts);
    let refresh = world.authority.refresh_token(&mut world.env, grant);
    (access, refresh)
}
