//! A secret-typed setting: a value, or a reference to where the value is kept.

use std::{fmt, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::protocol::{ActionError, Code};

/// A secret, or where it is kept: `env:NAME`, `file:PATH`, `keyring:NAME`. Printing shows references only.
#[derive(Clone)]
pub enum SecretSource {
    /// The value itself.
    Value(SecretString),
    /// An environment variable.
    Env(String),
    /// A file that holds nothing else.
    File(PathBuf),
    /// An entry of the operating system's keyring.
    Keyring(String),
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reference().as_deref().unwrap_or("[redacted]"))
    }
}

impl SecretSource {
    /// Reads what a person wrote.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("env", name)) => Self::Env(name.to_owned()),
            Some(("file", path)) => Self::File(path.into()),
            Some(("keyring", name)) => Self::Keyring(name.to_owned()),
            _ => Self::Value(SecretString::from(text)),
        }
    }

    /// The reference as text; none for a value.
    pub fn reference(&self) -> Option<String> {
        match self {
            Self::Value(_) => None,
            Self::Env(name) => Some(format!("env:{name}")),
            Self::File(path) => Some(format!("file:{}", path.display())),
            Self::Keyring(name) => Some(format!("keyring:{name}")),
        }
    }

    /// The secret itself. `what` names the setting in the error.
    pub fn resolve(&self, what: &str) -> Result<SecretString, ActionError> {
        let missing = |why: String| ActionError::new(Code::Config, format!("cannot read {what}: {why}"));
        let text = match self {
            Self::Value(secret) => return Ok(secret.clone()),
            Self::Env(name) => {
                std::env::var(name).map_err(|_| missing(format!("the environment variable {name} is not set")))?
            }
            Self::File(path) => {
                std::fs::read_to_string(path).map_err(|e| missing(format!("{}: {e}", path.display())))?
            }
            Self::Keyring(name) => keyring_entry(name).map_err(missing)?,
        };
        let trimmed = text.trim_end_matches(['\r', '\n']);
        if trimmed.is_empty() {
            return Err(missing("it is empty".to_owned()));
        }
        Ok(SecretString::from(trimmed))
    }
}

#[cfg(feature = "keyring")]
fn keyring_entry(name: &str) -> Result<String, String> {
    let entry = keyring::Entry::new("constantcontact", name).map_err(|e| e.to_string())?;
    entry.get_password().map_err(|e| format!("the keyring has no usable entry {name}: {e}"))
}

#[cfg(not(feature = "keyring"))]
fn keyring_entry(name: &str) -> Result<String, String> {
    Err(format!("keyring:{name} needs a build with the feature keyring (cargo build --features keyring)"))
}

/// Stored and shown documents hold references; a value is written out only where the document itself is sealed.
impl Serialize for SecretSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(secret) => serializer.serialize_str(secret.expose_secret()),
            other => serializer.serialize_str(&other.reference().unwrap_or_default()),
        }
    }
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&String::deserialize(deserializer)?))
    }
}

/// Recognises keys and tokens of the vendor's earlier service, which this one refuses with a bare 401.
pub fn v2_hint(text: &str) -> Option<&'static str> {
    let is_uuid = text.len() == 36 && uuid::Uuid::try_parse(text).is_ok();
    let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if is_uuid {
        return Some(
            "this looks like an access token of the retired v2 service (or an API key), which has no use here: \
             make an application for v3 in the developer portal and run ctct connect",
        );
    }
    (text.len() == 24 && letters && text.bytes().any(|b| b.is_ascii_digit())).then_some(
        "this looks like an API key of the retired v2 service: v3 keys are UUIDs; make an application for v3 in the \
         developer portal and use its API key",
    )
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::{SecretSource, v2_hint};

    #[test]
    fn values_do_not_print_and_references_do() {
        assert_eq!(format!("{:?}", SecretSource::parse("hidden-value")), "[redacted]");
        assert_eq!(format!("{:?}", SecretSource::parse("env:NAME")), "env:NAME");
    }

    #[test]
    fn a_missing_variable_names_itself_and_the_setting() {
        let error = SecretSource::parse("env:CTCT_SURELY_NOT_SET").resolve("the client secret").unwrap_err();
        assert!(error.detail.contains("CTCT_SURELY_NOT_SET") && error.detail.contains("client secret"));
        assert_eq!(SecretSource::parse("plain").resolve("x").unwrap().expose_secret(), "plain");
    }

    #[test]
    fn keys_of_the_retired_service_are_recognised() {
        assert!(v2_hint("5b9cbf1e-2f4a-11ef-8a0f-fa163e123456").is_some());
        assert!(v2_hint("abcdefghjkmnpqrstuv23456").is_some());
        assert!(v2_hint("eyJhbGciOiJSUzI1NiJ9.e30.c2ln").is_none());
    }
}
