//! The token endpoint: what is asked, and how a client proves itself.

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use super::{answer, tokens::TokenSet};
use crate::{
    clock::Clock,
    config::{Flow, Profile},
    protocol::{ActionError, Code},
    transport::{Body, Credentials, FormBody, HttpAnswer, HttpCall, Transport},
};

/// How errors name it.
const PLACE: &str = "the token endpoint";
/// The grant type of a device.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Where tokens are had, and as whom.
#[derive(Clone)]
pub struct TokenEndpoint {
    /// Address.
    pub url: Url,
    /// The application's API key.
    pub client_id: String,
    /// The application's secret; none for PKCE and for devices.
    pub client_secret: Option<SecretString>,
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

    /// Exchanges a device's code, once a person has allowed it.
    pub async fn device(
        &self,
        transport: &dyn Transport,
        clock: &Arc<dyn Clock>,
        code: &SecretString,
    ) -> Result<TokenSet, ActionError> {
        self.ask(transport, clock, &[("grant_type", DEVICE_GRANT), ("device_code", code.expose_secret())]).await
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
        let answer = self.post(transport, PLACE, pairs).await?;
        answer::tokens(&answer, PLACE, clock.now_ms())
    }

    /// Posts a form to the address; `place` is what errors call it.
    pub(super) async fn post(
        &self,
        transport: &dyn Transport,
        place: &str,
        pairs: &[(&str, &str)],
    ) -> Result<HttpAnswer, ActionError> {
        transport.send(self.call(pairs)).await.map_err(|failure| answer::none(&failure, place))
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
