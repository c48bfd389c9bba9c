//! `ctct demo`: the connector's main job on real input, against the built-in sandbox.
//!
//! Nothing here is a shortcut: the connection is made by the real code flow over a loopback redirect, every call goes
//! through `Connector::invoke` and over HTTP, and every figure in the account is counted from what happened.

mod account;
mod browser;
mod job;
mod people;

use std::{sync::Arc, time::Duration};

use indicatif::ProgressBar;
use secrecy::SecretString;

use super::{args::DemoArgs, redirect::Redirect, screen::Screen};
use crate::{
    Connector,
    auth::authorize::Consent,
    clock::{Clock, SystemClock},
    config::{Flow, Profile, RateLimits, SecretSource},
    protocol::{ActionError, Code},
    sandbox::{Options, Sandbox},
    store::{SqliteStore, vault::Key},
};
pub use account::Account;

/// The people who come with the program.
const PEOPLE: &str = include_str!("../../../../examples/contacts.csv");
/// The connection's name.
pub(super) const CONNECTION: &str = "demo";

pub(super) async fn command(args: &DemoArgs, screen: Screen) -> Result<(), ActionError> {
    let csv = match &args.csv {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|e| ActionError::new(Code::InvalidInput, format!("cannot read {}: {e}", path.display())))?,
        None => PEOPLE.to_owned(),
    };
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(120));
    let tell = |text: &str| {
        if !screen.json {
            bar.suspend(|| eprintln!("{text}"));
        }
    };
    let account = run(&csv, true, &tell).await;
    bar.finish_and_clear();
    let account = account?;
    screen.show(&account, || account.to_string());
    Ok(())
}

/// Runs the whole job on these people; `limits` at the service's own pace, or without any.
pub async fn run(csv: &str, limits: bool, tell: &(dyn Fn(&str) + Sync)) -> Result<Account, ActionError> {
    let redirect = Redirect::listen("http://localhost:0/callback").await?;
    let options = Options { limits, redirect_uris: vec![redirect.uri().to_string()], ..Options::default() };
    let sandbox = Sandbox::start(options)
        .await
        .map_err(|e| ActionError::new(Code::Config, format!("the sandbox cannot start: {e}")))?;
    tell(&format!("Sandbox      a stand-in for the service at {}", sandbox.ready().api));
    let (connector, folder) = connector(&sandbox, redirect.uri().as_str(), limits).await?;
    let outcome = whole(&connector, redirect, csv, tell).await;
    connector.flush().await;
    drop(connector);
    let _ = std::fs::remove_dir_all(folder);
    outcome
}

async fn whole(
    connector: &Connector,
    redirect: Redirect,
    csv: &str,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Account, ActionError> {
    let connected = consent(connector, redirect).await?;
    tell(&format!("Connected    {} by the authorization code flow", connected.as_deref().unwrap_or("an account")));
    job::work(connector, csv, tell).await
}

/// A connector on a store of its own, in a folder that goes away afterwards.
async fn connector(
    sandbox: &Sandbox,
    redirect_uri: &str,
    limits: bool,
) -> Result<(Connector, std::path::PathBuf), ActionError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let folder = std::env::temp_dir().join(format!("ctct-demo-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir_all(&folder)
        .map_err(|e| ActionError::new(Code::Store, format!("{}: {e}", folder.display())))?;
    let store = SqliteStore::open(&folder.join("store.sqlite")).await.map_err(crate::budget::store_error)?;
    let ready = sandbox.ready();
    let off = (!limits).then_some(0);
    let profile = Profile {
        id: "demo".to_owned(),
        client_id: ready.client_id.clone(),
        client_secret: Some(SecretSource::Value(SecretString::from(ready.client_secret.clone()))),
        flow: Flow::AuthorizationCode,
        redirect_uri: redirect_uri.to_owned(),
        scopes: Vec::new(),
        actions: Vec::new(),
        limits: RateLimits { per_second: off, per_day: off },
        partner: None,
        api_base: Some(ready.api.clone()),
        authorize_url: Some(ready.authorize.clone()),
        token_url: Some(ready.token.clone()),
        device_url: Some(ready.device.clone()),
    };
    let connector = Connector::builder(Arc::new(store), Key::generate(clock.as_ref())).clock(clock).build();
    connector.profiles().put(profile).await?;
    Ok((connector, folder))
}

/// The code flow, with a small browser in the place of the person. Gives the account.
async fn consent(connector: &Connector, redirect: Redirect) -> Result<Option<String>, ActionError> {
    let profile = connector.profiles().get("demo").await?;
    let manifest = connector.catalog().manifest();
    let consent = Consent::begin(&profile, manifest, connector.clock().as_ref(), false)?;
    let person = browser::allow(consent.url.clone());
    let (redirected, visited) = tokio::join!(redirect.wait(Duration::from_secs(30)), person);
    visited?;
    let connected = consent.finish(&redirected?, CONNECTION, connector.keeper()).await?;
    Ok(connected.connection.account)
}
