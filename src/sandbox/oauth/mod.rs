//! The OAuth server: applications, grants and tokens, with the errors of the product behind the real one.
//!
//! Marked in the code where the service is known and where the product's usual behaviour is assumed; what is assumed
//! is an option where it matters (reuse of a refresh token, grace).

mod apps;
mod authorize;
mod device;
mod grants;
mod jwt;
mod token;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    call::{Call, Caller, Reply},
    env::Env,
    world::World,
};
use grants::Via;

pub(super) use apps::{App, Flow, change};

/// An authorization code that waits for its exchange.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Code {
    client_id: String,
    redirect_uri: String,
    scopes: Vec<String>,
    challenge: Option<String>,
    account: usize,
    expires: Timestamp,
}

/// One consent, and the tokens that came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Grant {
    client_id: String,
    account: usize,
    scopes: Vec<String>,
    via: Via,
    /// Whether its refresh tokens are still good.
    alive: bool,
}

/// A refresh token: the newest of its grant, or an earlier one.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct RefreshToken {
    grant: usize,
    last_used: Timestamp,
    /// When it was replaced; none while it is the newest.
    replaced: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AccessToken {
    grant: usize,
    expires: Timestamp,
}

/// What the OAuth server keeps. Sorted maps, so that what is done for each entry is done in the same order every time.
#[derive(Serialize, Deserialize)]
pub(super) struct Authority {
    /// One with a secret, one for PKCE and devices, and a technology partner's own credentials.
    pub apps: [App; 3],
    codes: BTreeMap<String, Code>,
    /// By the device's own code.
    devices: BTreeMap<String, device::Device>,
    grants: Vec<Grant>,
    refresh_tokens: BTreeMap<String, RefreshToken>,
    access_tokens: BTreeMap<String, AccessToken>,
    /// Always the same key, which therefore need not be kept.
    #[serde(skip, default = "jwt::Signer::new")]
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
        let secret = App::new(env, &[Flow::Code], redirect_uris.clone());
        let public = App::new(env, &[Flow::Pkce, Flow::Device], redirect_uris);
        let partner = App::new(env, &[Flow::Partner], Vec::new());
        Self {
            apps: [secret, public, partner],
            codes: BTreeMap::new(),
            devices: BTreeMap::new(),
            grants: Vec::new(),
            refresh_tokens: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
            signer: jwt::Signer::new(),
        }
    }

    /// Who a bearer token belongs to; none when it is unknown or has ended.
    pub(super) fn caller(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let known = self.access_tokens.get(token).filter(|t| now < t.expires)?;
        let Grant { client_id, account, scopes, .. } = self.grants.get(known.grant)?;
        Some(Caller { client_id: client_id.clone(), account: *account, scopes: scopes.clone() })
    }

    /// Whether an application was switched off, so that its tokens open nothing.
    pub(super) fn deactivated(&self, client_id: &str) -> bool {
        self.app(client_id).is_some_and(|app| app.deactivated)
    }

    /// Registers more redirect addresses, with the applications that are come back to.
    pub(super) fn register(&mut self, addresses: &[String]) {
        for app in self.apps.iter_mut().filter(|app| app.has(Flow::Code) || app.has(Flow::Pkce)) {
            let held = &mut app.redirect_uris;
            let fresh: Vec<String> = addresses.iter().filter(|address| !held.contains(address)).cloned().collect();
            held.extend(fresh);
        }
    }

    fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|a| a.client_id == client_id)
    }

    fn put_app(&mut self, app: App) {
        if let Some(place) = self.apps.iter_mut().find(|a| a.client_id == app.client_id) {
            *place = app;
        }
    }
}

const AUTHORIZE: &str = "/oauth2/default/v1/authorize";
const TOKEN: &str = "/oauth2/default/v1/token";
const PARTNER_TOKEN: &str = "/partners/oauth2/default/v1/token";
const DEVICE: &str = "/oauth2/default/v1/device/authorize";
/// Where a person types the code of a device.
const ACTIVATE: &str = "/activate";
/// The path that is on record for the real key set.
const KEYS: &str = "/oauth2/aus1lm3ry9mF7x2Ja0h8/v1/keys";

/// Whether a path is the OAuth server's.
pub(super) fn serves(path: &str) -> bool {
    path.starts_with("/oauth2/") || path.starts_with("/partners/oauth2/") || path == ACTIVATE
}

/// Answers a call of the OAuth server.
pub(super) fn answer(world: &mut World, call: &Call) -> Reply {
    let answer = match (call.method.as_str(), call.path.as_str()) {
        ("GET", AUTHORIZE) => authorize::page(world, call),
        ("POST", AUTHORIZE) => authorize::decide(world, call),
        ("POST", TOKEN) => token::answer(world, call),
        ("POST", PARTNER_TOKEN) => token::partners(world, call),
        ("POST", DEVICE) => device::begin(world, call),
        ("GET", ACTIVATE) => Ok(device::page(world, call)),
        ("POST", ACTIVATE) => Ok(device::decide(world, call)),
        ("GET", KEYS | "/oauth2/default/v1/keys") => Ok(Reply::json(200, &world.authority.signer.jwks())),
        (_, AUTHORIZE | ACTIVATE) => Ok(Reply::empty(405).with("allow", "GET, POST")),
        (_, TOKEN | PARTNER_TOKEN | DEVICE) => Ok(Reply::empty(405).with("allow", "POST")),
        _ => Ok(Reply::empty(404)),
    };
    answer.unwrap_or_else(|refusal| refusal)
}

/// Issues a first pair of tokens without asking, for the line that the sandbox prints when it is ready.
pub(super) fn ready_made(world: &mut World) -> (String, String) {
    let scopes = SCOPES.map(str::to_owned).to_vec();
    let client_id = world.authority.apps[0].client_id.clone();
    let grant = world.authority.open_grant(&client_id, 0, scopes, Via::Consent);
    let access = world.authority.access_token(&mut world.env, grant, &world.accounts);
    let refresh = world.authority.refresh_token(&mut world.env, grant);
    (access, refresh)
}
