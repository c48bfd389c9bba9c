//! What the OAuth server answers: tokens, or a refusal in one of its several shapes.

use secrecy::SecretString;
use serde_json::Value;

use super::{jwt, tokens::TokenSet};
use crate::{
    protocol::{ActionError, Code, Sent, Upstream},
    transport::{HttpAnswer, SendFailure},
};

/// No answer at all from `place`, which is named as in "the token endpoint".
pub(super) fn none(failure: &SendFailure, place: &str) -> ActionError {
    let detail = format!("{place} gave no answer: {}", failure.cause);
    ActionError::new(Code::Unavailable, detail).sent(failure.sent).retry_after(None)
}

/// A refusal. Only `invalid_grant` means that a person must consent again; everything else may pass.
pub(super) fn refusal(answer: &HttpAnswer, place: &str) -> ActionError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |names: [&str; 2]| names.iter().find_map(|n| body.get(n)?.as_str()).map(str::to_owned);
    let key = text(["error", "errorCode"]);
    let message = text(["error_description", "errorSummary"]);
    let upstream = Upstream {
        status: answer.status,
        error_key: key.clone(),
        error_message: message.clone(),
        request_id: answer.request_id.clone(),
        ..Upstream::default()
    };
    let said = message.or(key.clone()).unwrap_or_else(|| format!("HTTP {}", answer.status));
    let error = match (key.as_deref(), answer.status) {
        (Some("invalid_grant"), _) => {
            ActionError::new(Code::ReconnectRequired, format!("the service no longer takes the grant: {said}"))
        }
        (Some("invalid_client"), _) => ActionError::new(
            Code::Config,
            format!(
                "the service does not take the application's credentials: {said}; check client_id and client_secret in the profile"
            ),
        ),
        (_, 429) => {
            ActionError::new(Code::Throttled, format!("{place} takes one request a second and refused this one"))
                .retry_after(Some(1_100))
        }
        (_, 500..) => ActionError::new(Code::Unavailable, format!("{place} is out of order: {said}")).retry_after(None),
        _ => ActionError::new(Code::Rejected, format!("{place} refused: {said}")),
    };
    error.sent(Sent::Yes).upstream(upstream)
}

/// An answer that claims success and cannot be read.
pub(super) fn unreadable(answer: &HttpAnswer, place: &str, wanted: &str) -> ActionError {
    let what = if answer.content_type.contains("html") { "a web page" } else { "something unreadable" };
    ActionError::new(Code::BadResponse, format!("{place} answered with {what} instead of {wanted}"))
        .sent(Sent::Yes)
        .retry_after(None)
}

/// The tokens of an answer, or its refusal.
pub(super) fn tokens(answer: &HttpAnswer, place: &str, now_ms: i64) -> Result<TokenSet, ActionError> {
    if answer.status / 100 != 2 {
        return Err(refusal(answer, place));
    }
    // Only the tokens are looked at strictly: a lesser field in an odd form must not cost a refresh token.
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().filter(|t| !t.is_empty());
    let access_token = text("access_token").ok_or_else(|| unreadable(answer, place, "tokens"))?;
    let claims = jwt::read(access_token).unwrap_or_default();
    let told = body["expires_in"].as_f64().or_else(|| text("expires_in")?.parse().ok());
    // A duration in whole seconds; the cast keeps to its bounds.
    #[allow(clippy::cast_possible_truncation, reason = "clamped to a year")]
    let told = told.map(|seconds: f64| seconds.clamp(0.0, 366.0 * 86_400.0) as i64);
    // Where nothing is told, the token itself says when it ends; by a clock that is wrong it may seem to have ended.
    let claimed = claims.exp.map(|end| end.saturating_sub(now_ms / 1_000)).filter(|left| *left > 0);
    let lifetime = told.or(claimed).unwrap_or(86_400).min(366 * 86_400);
    let words = |list: &Value| list.as_array().map(|l| l.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let scopes =
        text("scope").map(|s| s.split_whitespace().map(str::to_owned).collect()).or_else(|| words(&body["scope"]));
    Ok(TokenSet {
        access_token: SecretString::from(access_token),
        refresh_token: text("refresh_token").map(SecretString::from),
        expires_ms: now_ms + lifetime * 1_000,
        issued_ms: now_ms,
        scopes: scopes.or(claims.scp),
        api_key: None,
    })
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::tokens;
    use crate::transport::HttpAnswer;

    /// Seconds that a token lives, by this answer.
    fn life(answer: &Value) -> i64 {
        let body = answer.to_string().into_bytes().into();
        let answer = HttpAnswer { status: 200, content_type: "application/json".to_owned(), request_id: None, body };
        tokens(&answer, "the token endpoint", 1_000_000).unwrap().expires_ms / 1_000 - 1_000
    }

    #[test]
    fn a_token_lives_as_long_as_is_told_else_as_it_says_itself_else_a_day() {
        let token = |end: i64| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(json!({ "exp": end }).to_string()));
        assert_eq!(life(&json!({ "access_token": token(5_000), "expires_in": 60 })), 60);
        assert_eq!(life(&json!({ "access_token": token(5_000), "expires_in": "60" })), 60);
        assert_eq!(life(&json!({ "access_token": token(5_000) })), 4_000);
        assert_eq!(life(&json!({ "access_token": token(500) })), 86_400, "our clock is wrong");
        assert_eq!(life(&json!({ "access_token": token(i64::MAX) })), 366 * 86_400);
        assert_eq!(life(&json!({ "access_token": "opaque" })), 86_400);
    }
}
