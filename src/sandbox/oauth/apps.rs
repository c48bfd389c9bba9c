//! Registered applications: what each may ask for, and the settings that a developer changes on the vendor's web page.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::sandbox::{
    env::{Env, Options},
    world::World,
};

/// The grant type of a device.
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A way to tokens. An application of the service has one; the sandbox's public one has two, to spare a third.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sandbox) enum Flow {
    /// A code exchanged with the secret, or a token in the redirect itself.
    Code,
    /// A code exchanged with the verifier of a challenge.
    Pkce,
    /// A code typed in on another device.
    Device,
    /// A technology partner's own credentials.
    Partner,
}

/// What a refresh does to the refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Refresh {
    Rotating,
    LongLived,
}

/// One registered application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) struct App {
    pub client_id: String,
    /// None where nothing but PKCE or a device's code proves who asks.
    pub client_secret: Option<String>,
    pub redirect_uris: Vec<String>,
    pub flow: Vec<Flow>,
    /// None for what the options say.
    refresh: Option<Refresh>,
    pub deactivated: bool,
}

impl App {
    /// An application as it is when it has just been registered.
    pub(super) fn new(env: &mut Env, flow: &[Flow], redirect_uris: Vec<String>) -> Self {
        let mut app = Self {
            client_id: env.uuid_v4(),
            client_secret: None,
            redirect_uris,
            flow: flow.to_vec(),
            refresh: None,
            deactivated: false,
        };
        if app.confidential() {
            app.client_secret = Some(env.token(22));
        }
        app
    }

    pub(super) fn has(&self, flow: Flow) -> bool {
        self.flow.contains(&flow)
    }

    /// Whether it proves itself by a secret.
    fn confidential(&self) -> bool {
        self.has(Flow::Code) || self.has(Flow::Partner)
    }

    /// The grants that it may ask for at the token endpoint.
    pub(super) fn grants(&self) -> Vec<&'static str> {
        let mut grants = Vec::new();
        if self.has(Flow::Code) || self.has(Flow::Pkce) {
            grants.push("authorization_code");
        }
        if self.has(Flow::Device) {
            grants.push(DEVICE_GRANT);
        }
        if !grants.is_empty() {
            grants.push("refresh_token");
        }
        if self.has(Flow::Partner) {
            grants.push("client_credentials");
        }
        grants
    }

    /// Whether a refresh replaces its refresh token.
    pub(super) fn rotates(&self, options: &Options) -> bool {
        self.refresh.map_or(options.rotating, |refresh| refresh == Refresh::Rotating)
    }

    /// The application as the lever shows it.
    pub(in crate::sandbox) fn shown(&self, options: &Options) -> Value {
        let refresh = if self.rotates(options) { Refresh::Rotating } else { Refresh::LongLived };
        json!({
            "client_id": self.client_id, "client_secret": self.client_secret, "redirect_uris": self.redirect_uris,
            "flow": self.flow, "refresh": refresh, "deactivated": self.deactivated,
        })
    }
}

/// New settings; what is left out stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    redirect_uris: Option<Vec<String>>,
    /// One, or a list.
    flow: Option<Value>,
    refresh: Option<Refresh>,
    deactivated: Option<bool>,
    regenerate_secret: Option<bool>,
}

impl Change {
    fn flow(&self) -> Result<Option<Vec<Flow>>, String> {
        let list = match &self.flow {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(list)) => Value::Array(list.clone()),
            Some(one) => json!([one]),
        };
        let flow: Vec<Flow> = serde_json::from_value(list).map_err(|error| format!("flow: {error}"))?;
        if flow.is_empty() { Err("flow must name at least one".to_owned()) } else { Ok(Some(flow)) }
    }

    /// Sets all but the secret.
    fn apply(self, app: &mut App) -> Result<(), String> {
        if let Some(flow) = self.flow()? {
            app.flow = flow;
        }
        if let Some(addresses) = self.redirect_uris {
            if let Some(bad) = addresses.iter().find(|address| !may_be_redirected_to(address)) {
                return Err(format!("redirect_uris: {bad} is no address with a scheme and without a fragment"));
            }
            app.redirect_uris = addresses;
        }
        app.refresh = self.refresh.or(app.refresh);
        app.deactivated = self.deactivated.unwrap_or(app.deactivated);
        Ok(())
    }
}

fn may_be_redirected_to(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| url.fragment().is_none())
}

/// Changes an application's settings, all or none, and shows the result; none when there is no such application.
pub(in crate::sandbox) fn change(world: &mut World, client_id: &str, json: &[u8]) -> Option<Result<Value, String>> {
    let app = world.authority.app(client_id)?.clone();
    Some(changed(world, app, json))
}

fn changed(world: &mut World, mut app: App, json: &[u8]) -> Result<Value, String> {
    let change: Change = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let regenerate = change.regenerate_secret == Some(true);
    let before = app.client_secret.clone();
    change.apply(&mut app)?;
    if regenerate && !app.confidential() {
        return Err("regenerate_secret: an application of this flow has no secret".to_owned());
    }
    if !app.confidential() {
        app.client_secret = None;
    } else if regenerate || before.is_none() {
        app.client_secret = Some(world.env.token(22));
    }
    // Another secret ends every consent that was given under the old one.
    if before.is_some() && app.client_secret != before {
        world.authority.end_grants(&app.client_id);
    }
    let shown = app.shown(&world.env.options);
    world.authority.put_app(app);
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{App, Flow, change};
    use crate::sandbox::{
        env::{Env, Options},
        world::World,
    };

    #[test]
    fn an_application_may_ask_for_what_its_flow_gives() {
        let mut env = Env::new(Options::default());
        let grants = |env: &mut Env, flow: &[Flow]| App::new(env, flow, Vec::new()).grants();
        assert_eq!(grants(&mut env, &[Flow::Code]), ["authorization_code", "refresh_token"]);
        let device = "urn:ietf:params:oauth:grant-type:device_code";
        assert_eq!(grants(&mut env, &[Flow::Pkce, Flow::Device]), ["authorization_code", device, "refresh_token"]);
        assert_eq!(grants(&mut env, &[Flow::Partner]), ["client_credentials"]);
    }

    #[test]
    fn settings_change_all_or_none() {
        let mut world = World::new(Options::default());
        let before = world.authority.apps[0].clone();
        let wrong = json!({ "deactivated": true, "redirect_uris": ["nowhere"] }).to_string();
        assert!(change(&mut world, &before.client_id, wrong.as_bytes()).unwrap().is_err());
        assert_eq!(world.authority.apps[0], before);
        let right = json!({ "refresh": "long_lived", "regenerate_secret": true, "flow": ["code", "device"] });
        let shown = change(&mut world, &before.client_id, right.to_string().as_bytes()).unwrap().unwrap();
        assert_eq!((&shown["refresh"], &shown["flow"]), (&json!("long_lived"), &json!(["code", "device"])));
        assert_ne!(world.authority.apps[0].client_secret, before.client_secret);
        assert!(change(&mut world, "nobody", b"{}").is_none());
    }
}
