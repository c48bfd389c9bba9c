//! One application's credentials and choices.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::SecretSource;
use crate::{
    catalog::manifest::Manifest,
    protocol::{ActionError, Code},
    store::Limits,
};

/// How consent becomes tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Authorization code, with the application's secret.
    #[default]
    AuthorizationCode,
    /// Authorization code with PKCE, for applications without a secret.
    AuthorizationCodePkce,
    /// A code typed into a page on another device, for machines without a browser and applications without a secret.
    Device,
}

impl Flow {
    /// The flow's name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::AuthorizationCodePkce => "authorization_code_pkce",
            Self::Device => "device",
        }
    }
}

/// A technology partner's own credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerApp {
    /// The partner's client id.
    pub client_id: String,
    /// The partner's secret.
    #[serde(skip_serializing)]
    pub client_secret: Option<SecretSource>,
}

/// Limits that differ from the service's usual ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimits {
    /// Calls in any one second; 0 for no limit of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// Calls in a UTC day; 0 for no limit of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u32>,
}

/// One application: what `ctct connect` needs, and what its connections may do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name.
    #[serde(default)]
    pub id: String,
    /// The application's API key.
    pub client_id: String,
    /// The application's secret; none for PKCE and devices. Written to no open document.
    #[serde(default, skip_serializing)]
    pub client_secret: Option<SecretSource>,
    /// How consent becomes tokens.
    #[serde(default)]
    pub flow: Flow,
    /// Where the browser comes back to; must be registered with the application, letter by letter.
    #[serde(default)]
    pub redirect_uri: String,
    /// Scopes to ask for; every scope when empty.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Names of the actions that are switched on; all when empty.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Limits that differ from the service's usual ones.
    #[serde(default)]
    pub limits: RateLimits,
    /// A partner's credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerApp>,
    /// Another base for the API, loopback only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_base: Option<String>,
    /// Another authorize page, loopback only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorize_url: Option<String>,
    /// Another token endpoint, loopback only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// Another place where a device asks for a code, loopback only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_url: Option<String>,
}

/// The secrets of a profile, which are stored sealed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ProfileSecrets {
    /// Of [`Profile::client_secret`].
    pub client_secret: Option<SecretSource>,
    /// Of [`PartnerApp::client_secret`].
    pub partner_secret: Option<SecretSource>,
}

impl Profile {
    /// Fills in what the manifest knows better than a person, and refuses what cannot work.
    pub fn completed(mut self, manifest: &Manifest) -> Result<Self, ActionError> {
        let wrong = |what: String| ActionError::new(Code::Config, format!("profile {}: {what}", self.id));
        if self.client_id.trim().is_empty() {
            return Err(wrong("client_id is empty; it is the API key of your application".to_owned()));
        }
        if let Some(hint) = super::v2_hint(&self.client_id).filter(|_| self.client_id.len() == 24) {
            return Err(wrong(hint.to_owned()));
        }
        if self.flow == Flow::AuthorizationCode && self.client_secret.is_none() {
            return Err(wrong(
                "client_secret is missing; give it, or use the flow authorization_code_pkce or device".to_owned(),
            ));
        }
        if let Some(unknown) = self.scopes.iter().find(|s| !manifest.scopes.contains_key(*s)) {
            let known: Vec<_> = manifest.scopes.keys().map(String::as_str).collect();
            return Err(wrong(format!("there is no scope {unknown}; the scopes are {}", known.join(", "))));
        }
        let addresses = [&self.api_base, &self.authorize_url, &self.token_url, &self.device_url];
        for address in addresses.into_iter().flatten() {
            check_endpoint(address)
                .map_err(|why| ActionError::new(Code::Config, format!("profile {}: {why}", self.id)))?;
        }
        if self.redirect_uri.is_empty() {
            self.redirect_uri.clone_from(&manifest.auth.default_redirect_uri);
        }
        Url::parse(&self.redirect_uri).map_err(|e| {
            let what = format!("profile {}: the redirect address {} is no address: {e}", self.id, self.redirect_uri);
            ActionError::new(Code::Config, what)
        })?;
        if self.scopes.is_empty() {
            self.scopes = manifest.scopes.keys().cloned().collect();
        }
        Ok(self)
    }

    /// The limits of this profile's API key.
    pub fn limits(&self, manifest: &Manifest) -> Limits {
        let per_day = self.limits.per_day.unwrap_or(manifest.budget.per_day);
        Limits {
            per_second: self.limits.per_second.unwrap_or(manifest.budget.per_second),
            per_day,
            reserve: per_day / 50,
        }
    }

    /// Takes the secrets out, for sealing.
    pub fn take_secrets(&mut self) -> ProfileSecrets {
        let partner_secret = self.partner.as_mut().and_then(|p| p.client_secret.take());
        ProfileSecrets { client_secret: self.client_secret.take(), partner_secret }
    }

    /// Puts the secrets back.
    pub fn put_secrets(&mut self, secrets: ProfileSecrets) {
        self.client_secret = secrets.client_secret;
        if let Some(partner) = self.partner.as_mut() {
            partner.client_secret = secrets.partner_secret;
        }
    }
}

/// Whether an address points at this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// Another endpoint than the manifest's may only be on this machine: a token must never be sent to another host by a
/// slip in a setting.
pub fn check_endpoint(address: &str) -> Result<Url, String> {
    let url = Url::parse(address).map_err(|e| format!("{address} is not an address: {e}"))?;
    if is_loopback(&url) && matches!(url.scheme(), "http" | "https") {
        return Ok(url);
    }
    Err(format!("{address} is not on this machine; only loopback addresses may replace the service's own"))
}

#[cfg(test)]
mod tests {
    use super::check_endpoint;

    #[test]
    fn only_this_machine_may_replace_the_service() {
        for good in ["http://127.0.0.1:9/v3", "http://localhost:9/v3", "http://[::1]:9/v3"] {
            assert!(check_endpoint(good).is_ok(), "{good}");
        }
        for bad in [
            "https://api.example.com/v3",
            "http://127.0.0.1.example.com/",
            "file:///etc/passwd",
            "http://10.0.0.1/",
            "x",
        ] {
            assert!(check_endpoint(bad).is_err(), "{bad}");
        }
    }
}
