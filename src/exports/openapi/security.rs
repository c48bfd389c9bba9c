//! Who may call: the connected account, by OAuth; or a technology partner, by a token and the API key.

use serde_json::{Value, json};

use crate::catalog::{
    manifest::Manifest,
    model::{Action, Authorizer},
};

const ACCOUNT: &str = "account";
const PARTNER_TOKEN: &str = "partner_token";
const PARTNER_KEY: &str = "partner_key";

/// The ways to prove who calls.
pub(super) fn schemes(manifest: &Manifest) -> Value {
    let scopes: Value = manifest.scopes.iter().map(|(name, scope)| (name.clone(), scope.description.clone())).collect();
    let partner = format!(
        "An access token for technology partners: of {}, asked for with the scope {}.",
        manifest.hosts.partner_token, manifest.auth.partner_scope
    );
    json!({
        ACCOUNT: {
            "type": "oauth2",
            "description": "A person's consent to work in their account.",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": manifest.hosts.authorize,
                    "tokenUrl": manifest.hosts.token,
                    "refreshUrl": manifest.hosts.token,
                    "scopes": scopes,
                },
            },
        },
        PARTNER_TOKEN: { "type": "http", "scheme": "bearer", "description": partner },
        PARTNER_KEY: {
            "type": "apiKey",
            "in": "header",
            "name": "x-api-key",
            "description": "The technology partner's API key.",
        },
    })
}

/// What an action asks for. Any one of its scopes is enough, so each is an alternative of its own.
pub(super) fn requirements(action: &Action) -> Value {
    match action.authorizer {
        Authorizer::Partner => json!([{ PARTNER_TOKEN: [], PARTNER_KEY: [] }]),
        Authorizer::Account if action.scopes.is_empty() => json!([{ ACCOUNT: [] }]),
        Authorizer::Account => action.scopes.iter().map(|scope| json!({ ACCOUNT: [scope] })).collect(),
    }
}
