//! Grants and their tokens: issuing, replacing, and what happens when a replaced one comes again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AccessToken, App, Authority, Grant, RefreshToken};
use crate::sandbox::{
    account::Account,
    env::{self, Env, Options, Reuse},
};

/// Days after which an unused refresh token dies.
const IDLE_DAYS: i64 = 180;

/// How a grant came about, which decides how long its access tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Via {
    /// A person's consent, by way of a code.
    Consent,
    /// A person's consent, with the token in the redirect.
    Implicit,
    /// A technology partner's own credentials.
    Partner,
}

impl Via {
    /// Seconds that an access token lives. That of partners was published for an earlier server and is assumed.
    pub(super) fn life(self, options: &Options) -> i64 {
        match self {
            Self::Consent => options.token_ttl,
            Self::Implicit => 28_800,
            Self::Partner => 3_600,
        }
    }
}

impl Authority {
    pub(super) fn open_grant(&mut self, client_id: &str, account: usize, scopes: Vec<String>, via: Via) -> usize {
        self.grants.push(Grant { client_id: client_id.to_owned(), account, scopes, via, alive: true });
        self.grants.len() - 1
    }

    pub(super) fn access_token(&mut self, env: &mut Env, grant: usize, accounts: &[Account]) -> String {
        let now = env.now();
        self.access_tokens.retain(|_, token| now < token.expires);
        let Some(Grant { client_id, account, scopes, via, .. }) = self.grants.get(grant) else {
            return String::new();
        };
        let subject = match via {
            Via::Partner => client_id.as_str(),
            Via::Consent | Via::Implicit => accounts.get(*account).map_or("", |a| a.login.as_str()),
        };
        let life = via.life(&env.options);
        let token = self.signer.sign(env, client_id, subject, scopes, life);
        self.access_tokens.insert(token.clone(), AccessToken { grant, expires: later(now, life) });
        token
    }

    pub(super) fn refresh_token(&mut self, env: &mut Env, grant: usize) -> String {
        let token = env.token(43);
        self.refresh_tokens.insert(token.clone(), RefreshToken { grant, last_used: env.now(), replaced: None });
        token
    }

    /// Uses a refresh token of this application. Gives the grant and the refresh token to go on with.
    pub(super) fn use_refresh_token(&mut self, env: &mut Env, token: &str, app: &App) -> Option<(usize, String)> {
        let now = env.now();
        let known = self.refresh_tokens.get(token)?.clone();
        let grant = self.grants.get_mut(known.grant).filter(|g| g.client_id == app.client_id)?;
        if !grant.alive || now > later(known.last_used, IDLE_DAYS * 86_400) {
            return None;
        }
        // Without a time of grace not even the same moment counts, which a fixed clock makes a long one.
        let grace = env.options.grace;
        if known.replaced.is_some_and(|at| grace == 0 || now > later(at, grace)) {
            // Reuse: at the least this request fails; at the most the whole grant dies.
            grant.alive = env.options.reuse == Reuse::ErrorOnly;
            return None;
        }
        let rotating = app.rotates(&env.options);
        if let Some(token) = self.refresh_tokens.get_mut(token) {
            token.last_used = now;
            if rotating {
                token.replaced = token.replaced.or(Some(now));
            }
        }
        let next = if rotating { self.refresh_token(env, known.grant) } else { token.to_owned() };
        if rotating {
            self.retire_others(known.grant, &[token, &next], now);
        }
        Some((known.grant, next))
    }

    /// A refresh kills every earlier token of its grant, grace or not.
    fn retire_others(&mut self, grant: usize, keep: &[&str], now: Timestamp) {
        for (name, token) in &mut self.refresh_tokens {
            if token.grant == grant && !keep.contains(&name.as_str()) {
                token.replaced = token.replaced.or(Some(now));
            }
        }
    }

    /// Ends every grant of an application: what was issued lives out its time, and nothing can be refreshed.
    pub(super) fn end_grants(&mut self, client_id: &str) {
        for grant in self.grants.iter_mut().filter(|grant| grant.client_id == client_id) {
            grant.alive = false;
        }
    }

    pub(super) fn scopes_of(&self, grant: usize) -> Vec<String> {
        self.grants.get(grant).map(|g| g.scopes.clone()).unwrap_or_default()
    }

    /// Seconds that an access token of this grant lives.
    pub(super) fn life_of(&self, grant: usize, options: &Options) -> i64 {
        self.grants.get(grant).map_or(0, |grant| grant.via.life(options))
    }
}

/// So many seconds later.
pub(super) fn later(at: Timestamp, seconds: i64) -> Timestamp {
    env::later(at, SignedDuration::from_secs(seconds))
}
