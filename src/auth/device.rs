//! The device flow, for machines without a browser: a person is given a code and a link, and the service is asked, at
//! the pace it sets, whether they have allowed access.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{Connected, Keeper, TokenEndpoint, TokenSet, answer, keeper::Parts, refresh};
use crate::{
    budget::iso,
    config::{Flow, Profile, is_loopback},
    protocol::{ActionError, Code, RetryKind, Sent},
    transport::HttpAnswer,
};

/// How errors name it.
const PLACE: &str = "the device endpoint";
/// What the service adds to the interval when it says `slow_down`; we add the same when it gives no good answer.
const SLOWER_MS: i64 = 5_000;

/// A consent under way on another device.
#[derive(Debug)]
pub struct DeviceConsent {
    /// What the person types.
    pub user_code: String,
    /// The page that they type it into.
    pub page: Url,
    /// The same page with the code filled in, where the service offers one.
    pub page_with_code: Option<Url>,
    /// When the code ends (milliseconds since 1970).
    pub ends_ms: i64,
    interval_ms: i64,
    device_code: SecretString,
    profile: Profile,
    /// Why the last question had no good answer.
    trouble: Option<String>,
}

#[derive(Deserialize)]
struct Offer {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: Option<i64>,
    interval: Option<i64>,
}

impl DeviceConsent {
    /// Asks for a code.
    pub async fn begin(profile: &Profile, keeper: &Keeper) -> Result<Self, ActionError> {
        let parts = keeper.parts();
        let config = |what: String| ActionError::new(Code::Config, what);
        if profile.flow != Flow::Device {
            return Err(config(format!("profile {} has the flow {}, not device", profile.id, profile.flow.as_str())));
        }
        let address = profile.device_url.as_deref().unwrap_or(&parts.manifest.hosts.device);
        let url = Url::parse(address).map_err(|e| config(format!("device_url: {e}")))?;
        let endpoint = TokenEndpoint { url, client_id: profile.client_id.clone(), client_secret: None };
        let scope = profile.scopes.join(&parts.manifest.auth.token.scope_separator);
        let asked = [("response_type", "code"), ("scope", scope.as_str())];
        let answer = endpoint.post(parts.transport.as_ref(), PLACE, &asked).await?;
        if answer.status / 100 != 2 {
            return Err(answer::refusal(&answer, PLACE));
        }
        Self::read(&answer, profile, parts.clock.now_ms())
    }

    /// What is offered goes to a person's terminal, so nothing but a code and a safe address passes.
    fn read(answer: &HttpAnswer, profile: &Profile, now_ms: i64) -> Result<Self, ActionError> {
        let unreadable = || answer::unreadable(answer, PLACE, "a code");
        let offer: Offer = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
        let printable = !offer.user_code.is_empty() && offer.user_code.bytes().all(|b| b.is_ascii_graphic());
        let page = safe(&offer.verification_uri).filter(|_| printable).ok_or_else(unreadable)?;
        Ok(Self {
            user_code: offer.user_code,
            page,
            page_with_code: offer.verification_uri_complete.as_deref().and_then(safe),
            ends_ms: now_ms + offer.expires_in.unwrap_or(600).clamp(1, 86_400) * 1_000,
            interval_ms: offer.interval.unwrap_or(5).clamp(1, 60) * 1_000,
            device_code: SecretString::from(offer.device_code),
            profile: profile.clone(),
            trouble: None,
        })
    }

    /// Waits until the person has decided, and stores the connection under `name`.
    pub async fn finish(mut self, name: &str, keeper: &Keeper) -> Result<Connected, ActionError> {
        let tokens = self.poll(keeper.parts()).await?;
        keeper.connected(&self.profile, &tokens, name).await
    }

    /// Asks at the interval until there is a decision, or the code has ended.
    async fn poll(&mut self, parts: &Parts) -> Result<TokenSet, ActionError> {
        let endpoint = TokenEndpoint::of(&self.profile, &parts.manifest.hosts.token)?;
        while parts.clock.now_ms() + self.interval_ms < self.ends_ms {
            parts.clock.sleep(Duration::from_millis(u64::try_from(self.interval_ms).unwrap_or(5_000))).await;
            match self.ask(parts, &endpoint).await {
                Ok(tokens) => return Ok(tokens),
                Err(error) => self.go_on(error)?,
            }
        }
        Err(self.ended())
    }

    async fn ask(&self, parts: &Parts, endpoint: &TokenEndpoint) -> Result<TokenSet, ActionError> {
        refresh::permit(parts, &endpoint.client_id, parts.clock.now_ms()).await?;
        endpoint.device(parts.transport.as_ref(), &parts.clock, &self.device_code).await
    }

    /// Whether an answer without tokens means "ask again", "ask less often", or the end.
    fn go_on(&mut self, error: ActionError) -> Result<(), ActionError> {
        let key = error.upstream.as_ref().and_then(|u| u.error_key.clone());
        match key.as_deref() {
            Some("authorization_pending") => self.trouble = None,
            Some("slow_down") => {
                self.interval_ms += SLOWER_MS;
                self.trouble = None;
            }
            // An ended code has two names: the standard's, and that of the product behind the service.
            Some("expired_token" | "invalid_grant") => {
                return Err(ActionError { upstream: error.upstream, ..self.ended() }.sent(Sent::Yes));
            }
            Some("access_denied") => {
                let detail = "consent was denied; start ctct connect again if that was a slip";
                let denied = ActionError::new(Code::Rejected, detail).sent(Sent::Yes);
                return Err(ActionError { upstream: error.upstream, ..denied });
            }
            // The person may still be typing: trouble that may pass is no reason to throw their code away.
            _ if error.retry.kind == RetryKind::After => {
                self.interval_ms += SLOWER_MS;
                self.trouble = Some(error.detail);
            }
            _ => return Err(error),
        }
        Ok(())
    }

    fn ended(&self) -> ActionError {
        let last = self.trouble.as_ref().map_or_else(String::new, |t| format!(" (the last question failed: {t})"));
        let detail = format!(
            "the code was good until {} at the latest and led to no consent{last}; start ctct connect again",
            iso(self.ends_ms)
        );
        ActionError::new(Code::Timeout, detail)
    }
}

/// An address that a person may be sent to.
fn safe(address: &str) -> Option<Url> {
    Url::parse(address).ok().filter(|u| u.scheme() == "https" || (u.scheme() == "http" && is_loopback(u)))
}
