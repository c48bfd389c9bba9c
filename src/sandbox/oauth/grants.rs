//! Grants and their tokens: issuing, replacing, and what happens when a replaced one comes again.

use jiff::{SignedDuration, Timestamp};

use super::{AccessToken, Authority, Grant, RefreshToken};
use crate::sandbox::{
    account::Account,
    call::Caller,
    env::{Env, Reuse},
};

/// Days after which an unused refresh token dies.
const IDLE_DAYS: i64 = 180;

impl Authority {
    pub(super) fn open_grant(&mut self, client_id: &str, account: usize, scopes: Vec<String>) -> usize {
        self.grants.push(Grant { client_id: client_id.to_owned(), account, scopes, alive: true });
        self.grants.len() - 1
    }

    pub(super) fn access_token(&mut self, env: &mut Env, grant: usize, accounts: &[Account]) -> String {
        let Some(Grant { client_id, account, scopes, .. }) = self.grants.get(grant).cloned() else {
            return String::new();
        };
        let login = accounts.get(account).map_or("", |a| a.login.as_str());
        let token = self.signer.sign(env, &client_id, login, &scopes);
        let expires = later(env.now(), env.options.token_ttl);
        let caller = Caller { client_id, account, scopes };
        self.access_tokens.insert(token.clone(), AccessToken { caller, expires });
        token
    }

    pub(super) fn refresh_token(&mut self, env: &mut Env, grant: usize) -> String {
        let token = env.token(43);
        self.refresh_tokens.insert(token.clone(), RefreshToken { grant, last_used: env.now(), replaced: None });
        token
    }

    /// Uses a refresh token of this client. Gives the grant and the refresh token to go on with.
    pub(super) fn use_refresh_token(&mut self, env: &mut Env, token: &str, client_id: &str) -> Option<(usize, String)> {
        let now = env.now();
        let known = self.refresh_tokens.get(token)?.clone();
        let grant = self.grants.get_mut(known.grant).filter(|g| g.client_id == client_id)?;
        if !grant.alive || now > later(known.last_used, IDLE_DAYS * 86_400) {
            return None;
        }
        if known.replaced.is_some_and(|at| now > later(at, env.options.grace)) {
            // Reuse: at the least this request fails; at the most the whole grant dies.
            grant.alive = env.options.reuse == Reuse::ErrorOnly;
            return None;
        }
        let rotating = env.options.rotating;
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

    pub(super) fn scopes_of(&self, grant: usize) -> Vec<String> {
        self.grants.get(grant).map(|g| g.scopes.clone()).unwrap_or_default()
    }
}

/// So many seconds later.
pub(super) fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
