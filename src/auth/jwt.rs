//! An access token, read but not trusted: whose account, until when, for which application. The service checks it;
//! we only want to know.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// What an access token says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// The login that consented.
    pub sub: Option<String>,
    /// The application's API key.
    pub cid: Option<String>,
    /// The person's id on the platform.
    pub platform_user_id: Option<String>,
    /// When it ends, in seconds since 1970.
    pub exp: Option<i64>,
    /// Scopes.
    pub scp: Option<Vec<String>>,
}

/// The claims of a token; none when it is not a JWT.
pub fn read(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn claims_are_read_and_anything_else_is_none() {
        let claims = read("e30.eyJzdWIiOiJub29yIiwiZXhwIjo1fQ.x").unwrap();
        assert_eq!((claims.sub.as_deref(), claims.exp), (Some("noor"), Some(5)));
        for other in ["", "abc", "a.b.c", "..", "5b9cbf1e-2f4a-11ef-8a0f-fa163e123456"] {
            assert!(read(other).is_none(), "{other}");
        }
    }
}
