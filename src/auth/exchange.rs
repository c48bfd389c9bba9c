//! The token endpoint: asking, and understanding every shape of its answers.

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::{jwt, tokens::TokenSet};
use crate::{
    clock::Clock,
    config::{Flow, Profile},
    protocol::{ActionError, Code, Sent, Upstream},
    transport::{Body, Credentials, FormBody, HttpAnswer, HttpCall, SendFailure, Transport},
};

/// Where tokens are had, and as whom.
#[derive(Clone)]
pub struct TokenEndpoint {
    /// Address.
    pub url: Url,
    /// The application's API key.
    pub client_id: String,
    /// The application's secret; none for PKCE.
    pub client_secret: Option<SecretString>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    expires_in: Option<i64>,
    #[serde(default)]
    scope: Option<String>,
}

impl TokenEndpoint {
    /// The endpoint of a profile.
    pub fn of(profile: &Profile, default_url: &str) -> Result<Self, ActionError> {
        let address = profile.token_url.as_deref().unwrap_or(default_url);
        let url = Url::parse(address).map_err(|e| ActionError::new(Code::Config, format!("token_url: {e}")))?;
        let client_secret = match (&profile.client_secret, profile.flow) {
            (Some(secret), Flow::AuthorizationCode) => Some(secret.resolve("the client secret")?),
            _ => None,
        };
        Ok(Self { url, client_id: profile.client_id.clone(), client_secret })
    }

    /// Exchanges an authorization code.
    pub async fn code(
        &self,
        transport: &dyn Transport,
        clock: &Arc<dyn Clock>,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
    ) -> Result<TokenSet, ActionError> {
        let mut pairs = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)];
        pairs.extend(verifier.map(|v| ("code_verifier", v)));
        self.ask(transport, clock, &pairs).await
    }

    /// Exchanges a refresh token.
    pub async fn refresh(
        &self,
        transport: &dyn Transport,
        clock: &Arc<dyn Clock>,
        token: &SecretString,
    ) -> Result<TokenSet, ActionError> {
        self.ask(transport, clock, &[("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())]).await
    }

    /// Asks for a partner's token.
    pub async fn partner(
        &self,
        transport: &dyn Transport,
        clock: &Arc<dyn Clock>,
        scope: &str,
    ) -> Result<TokenSet, ActionError> {
        self.ask(transport, clock, &[("grant_type", "client_credentials"), ("scope", scope)]).await
    }

    async fn ask(
        &self,
        transport: &dyn Transport,
        clock: &Arc<dyn Clock>,
        pairs: &[(&str, &str)],
    ) -> Result<TokenSet, ActionError> {
        let call = self.call(pairs);
        let answer = transport.send(call).await.map_err(|f| unreachable(&f))?;
        understand(&answer, clock.now_ms())
    }

    /// A client with a secret proves itself by Basic; one without names itself in the form.
    fn call(&self, pairs: &[(&str, &str)]) -> HttpCall {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs);
        let credentials = if let Some(secret) = &self.client_secret {
            Credentials::Basic(SecretString::from(format!("{}:{}", self.client_id, secret.expose_secret())))
        } else {
            form.append_pair("client_id", &self.client_id);
            Credentials::None
        };
        let body = Body::Form(FormBody(form.finish()));
        HttpCall { method: "POST", url: self.url.clone(), credentials, body, timeout: Duration::from_secs(30) }
    }
}

fn unreachable(failure: &SendFailure) -> ActionError {
    let detail = format!("the token endpoint gave no answer: {}", failure.cause);
    ActionError::new(Code::Unavailable, detail).sent(failure.sent).retry_after(None)
}

/// Only `invalid_grant` means that a person must consent again; everything else may pass.
fn understand(answer: &HttpAnswer, now_ms: i64) -> Result<TokenSet, ActionError> {
    if answer.status / 100 == 2 {
        return granted(answer, now_ms);
    }
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
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
            ActionError::new(Code::Throttled, "the token endpoint takes one request a second and refused this one")
                .retry_after(Some(1_100))
        }
        (_, 500..) => {
            ActionError::new(Code::Unavailable, format!("the token endpoint is out of order: {said}")).retry_after(None)
        }
        _ => ActionError::new(Code::Rejected, format!("the token endpoint refused: {said}")),
    };
    Err(error.sent(Sent::Yes).upstream(upstream))
}

fn granted(answer: &HttpAnswer, now_ms: i64) -> Result<TokenSet, ActionError> {
    let unreadable = |_| {
        let html = answer.content_type.contains("html");
        let what = if html { "a web page" } else { "something unreadable" };
        ActionError::new(Code::BadResponse, format!("the token endpoint answered with {what} instead of tokens"))
            .sent(Sent::Yes)
            .retry_after(None)
    };
    let granted: Granted = serde_json::from_slice(&answer.body).map_err(unreadable)?;
    let claims = jwt::read(&granted.access_token).unwrap_or_default();
    let lifetime = granted.expires_in.unwrap_or(86_400).clamp(0, 366 * 86_400);
    let scopes = granted.scope.map(|s| s.split_whitespace().map(str::to_owned).collect()).or(claims.scp);
    Ok(TokenSet {
        access_token: SecretString::from(granted.access_token),
        refresh_token: granted.refresh_token.filter(|t| !t.is_empty()).map(SecretString::from),
        expires_ms: now_ms + lifetime * 1_000,
        issued_ms: now_ms,
        scopes,
        api_key: None,
    })
}
