//! Consent: the address a person is sent to, and the address the browser comes back with.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Connected, Keeper, TokenEndpoint, refresh};
use crate::{
    catalog::manifest::Manifest,
    clock::{Clock, random_text},
    config::{Flow, Profile},
    protocol::{ActionError, Code, RetryKind, Sent},
};

/// Everything but what RFC 3986 calls unreserved: an address that a person may have to read stays readable.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A consent under way.
#[derive(Debug)]
pub struct Consent {
    /// Where the person goes.
    pub url: Url,
    state: String,
    verifier: Option<SecretString>,
    profile: Profile,
}

impl Consent {
    /// Makes the address that asks a person for consent. `login` makes the service ask for the password anew.
    pub fn begin(profile: &Profile, manifest: &Manifest, clock: &dyn Clock, login: bool) -> Result<Self, ActionError> {
        if profile.flow == Flow::Device {
            let detail =
                format!("profile {} has the flow device, which sends nobody to the authorize page", profile.id);
            return Err(ActionError::new(Code::Config, detail));
        }
        let address = profile.authorize_url.as_deref().unwrap_or(&manifest.hosts.authorize);
        let mut url =
            Url::parse(address).map_err(|e| ActionError::new(Code::Config, format!("authorize address: {e}")))?;
        let state = random_text(clock, 24);
        let verifier =
            (profile.flow == Flow::AuthorizationCodePkce).then(|| SecretString::from(random_text(clock, 48)));
        let mut pairs = vec![
            ("response_type", "code".to_owned()),
            ("client_id", profile.client_id.clone()),
            ("redirect_uri", profile.redirect_uri.clone()),
            ("scope", profile.scopes.join(&manifest.auth.token.scope_separator)),
            ("state", state.clone()),
        ];
        if let Some(verifier) = &verifier {
            pairs.push(("code_challenge", challenge(verifier.expose_secret())));
            pairs.push(("code_challenge_method", "S256".to_owned()));
        }
        if login {
            pairs.push(("prompt", "login".to_owned()));
        }
        // Spaces as %20: the service does not take an encoded plus sign between scopes.
        let query: Vec<_> = pairs.iter().map(|(k, v)| format!("{k}={}", utf8_percent_encode(v, QUERY))).collect();
        url.set_query(Some(&query.join("&")));
        Ok(Self { url, state, verifier, profile: profile.clone() })
    }

    /// Reads the address that the browser came back with, exchanges its code, and stores the connection under `name`.
    pub async fn finish(self, redirected: &str, name: &str, keeper: &Keeper) -> Result<Connected, ActionError> {
        let parts = keeper.parts();
        let code = self.code(redirected)?;
        let endpoint = TokenEndpoint::of(&self.profile, &parts.manifest.hosts.token)?;
        let verifier = self.verifier.as_ref().map(ExposeSecret::expose_secret);
        let uri = &self.profile.redirect_uri;
        refresh::permit(parts, &endpoint.client_id, parts.clock.now_ms()).await?;
        let tokens = endpoint.code(parts.transport.as_ref(), &parts.clock, &code, uri, verifier).await;
        let tokens = tokens.map_err(|e| self.explain(e))?;
        keeper.connected(&self.profile, &tokens, name).await
    }

    /// The code in the address, after checking that the answer is to our question.
    fn code(&self, redirected: &str) -> Result<String, ActionError> {
        let wrong = |what: String| ActionError::new(Code::InvalidInput, what);
        let url = Url::parse(redirected.trim()).map_err(|_| {
            wrong("what came back is not an address; paste the whole address line of the browser".to_owned())
        })?;
        let value = |name: &str| url.query_pairs().find(|(k, _)| k == name).map(|(_, v)| v.into_owned());
        if value("state").is_none_or(|s| s != self.state) {
            return Err(wrong(
                "the answer does not belong to this attempt (its state differs); start ctct connect again".to_owned(),
            ));
        }
        if let Some(error) = value("error") {
            let said = value("error_description").unwrap_or_else(|| error.clone());
            let what =
                if error == "access_denied" { "consent was denied" } else { "the service refused to ask for consent" };
            return Err(ActionError::new(Code::Rejected, format!("{what}: {said}")).sent(Sent::Yes));
        }
        value("code")
            .ok_or_else(|| wrong("the address holds no code; paste the whole address line of the browser".to_owned()))
    }

    /// A refused code is not a refused connection: say what is usually behind it.
    fn explain(&self, mut error: ActionError) -> ActionError {
        if error.code == Code::ReconnectRequired {
            let uri = &self.profile.redirect_uri;
            error.detail = format!(
                "{}. A code works once and for five minutes, and the redirect address must be registered exactly as {uri}",
                error.detail
            );
            error.code = Code::Rejected;
            Code::Rejected.title().clone_into(&mut error.title);
            error.retry.kind = RetryKind::Never;
        }
        error
    }
}

/// The S256 challenge of a verifier.
pub fn challenge(verifier: &str) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, digest(&SHA256, verifier.as_bytes()))
}
