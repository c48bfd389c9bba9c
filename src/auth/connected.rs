//! What connecting comes to, whichever flow it came by: a stored connection, and what the person should know now.

use secrecy::ExposeSecret;

use super::{Keeper, TokenSet, jwt};
use crate::{
    budget::store_error,
    config::Profile,
    protocol::{ActionError, Code},
    store::{Connection, Status},
};

/// What connecting came to.
#[derive(Debug)]
pub struct Connected {
    /// The connection, stored.
    pub connection: Connection,
    /// What the person should know now rather than find out later.
    pub warnings: Vec<String>,
}

impl Keeper {
    /// Stores the tokens that a consent gave as the connection `name`, new or alive again.
    pub async fn connected(&self, profile: &Profile, tokens: &TokenSet, name: &str) -> Result<Connected, ActionError> {
        let parts = self.parts();
        let claims = jwt::read(tokens.access_token.expose_secret()).unwrap_or_default();
        let before = parts.store.connection(name).await.map_err(store_error)?;
        let now = parts.clock.now_ms();
        let connection = connection(name, profile, before.as_ref(), tokens, claims.sub, now)?;
        self.adopt(&connection, tokens).await?;
        Ok(Connected { connection, warnings: warnings(profile, tokens) })
    }
}

/// The connection that a token set makes: a new one, or the old one alive again for the same account.
fn connection(
    name: &str,
    profile: &Profile,
    before: Option<&Connection>,
    tokens: &TokenSet,
    account: Option<String>,
    now_ms: i64,
) -> Result<Connection, ActionError> {
    if let Some((old, new)) =
        before.and_then(|b| b.account.as_ref()).zip(account.as_ref()).filter(|(old, new)| old != new)
    {
        let detail = format!(
            "connection {name} belongs to the account {old}, and consent was given by {new}; use another name for another account"
        );
        return Err(ActionError::new(Code::Rejected, detail));
    }
    let status = if tokens.refresh_token.is_some() { Status::Active } else { Status::Expiring };
    let reasons = if status == Status::Expiring { vec!["no refresh token was given".to_owned()] } else { Vec::new() };
    Ok(Connection {
        id: name.to_owned(),
        profile: Some(profile.id.clone()),
        account: account.or_else(|| before.and_then(|b| b.account.clone())),
        scopes: tokens.scopes.clone(),
        status,
        reasons,
        ledger: profile.client_id.clone(),
        api_base: profile.api_base.clone(),
        partner: false,
        per_second: None,
        per_day: None,
        generation: before.map_or(now_ms, |b| b.generation + 1),
        created_ms: before.map_or(now_ms, |b| b.created_ms),
    })
}

/// What the person should know at once.
fn warnings(profile: &Profile, tokens: &TokenSet) -> Vec<String> {
    let mut warnings = Vec::new();
    if tokens.refresh_token.is_none() {
        let why = if profile.scopes.iter().any(|s| s == "offline_access") {
            "the service gave no refresh token although offline_access was asked for"
        } else {
            "offline_access was not asked for"
        };
        warnings.push(format!(
            "{why}: this connection ends within a day. Add offline_access to the profile's scopes and connect again."
        ));
    }
    if let Some(granted) = &tokens.scopes {
        let missing: Vec<_> = profile.scopes.iter().filter(|s| !granted.contains(s)).cloned().collect();
        if !missing.is_empty() {
            warnings.push(format!("not granted: {}. Actions that need them will be refused.", missing.join(", ")));
        }
    }
    warnings
}
