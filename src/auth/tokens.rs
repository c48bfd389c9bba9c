//! A set of tokens as the service gave it, and what the clocks say of it.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Tokens, and how long they are good for. Debug shows no token; serialising happens only into a sealed record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenSet {
    /// What calls carry.
    #[serde(serialize_with = "expose", deserialize_with = "conceal")]
    pub access_token: SecretString,
    /// What the next set is asked with.
    #[serde(default, serialize_with = "expose_optional", deserialize_with = "conceal_optional")]
    pub refresh_token: Option<SecretString>,
    /// When the access token ends (milliseconds since 1970).
    pub expires_ms: i64,
    /// When this set was given.
    pub issued_ms: i64,
    /// Scopes granted; none where unknown.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// A partner's API key, sent beside the token.
    #[serde(default)]
    pub api_key: Option<String>,
}

fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

fn conceal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

#[allow(clippy::ref_option, reason = "the form that serde calls")]
fn expose_optional<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

fn conceal_optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}
