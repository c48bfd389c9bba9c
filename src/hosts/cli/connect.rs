//! `ctct connect`: sends a person to the consent page and takes the browser back, or gives them a code to type into a
//! page on another device.

use std::{io::IsTerminal, time::Duration};

use serde_json::json;

use super::{args::ConnectArgs, place::Place, redirect::Redirect, screen::Screen};
use crate::{
    Connector,
    auth::{Connected, DeviceConsent, authorize::Consent},
    budget::iso,
    config::{Flow, Profile},
    protocol::{ActionError, Code},
};

const PATIENCE: Duration = Duration::from_mins(10);

pub(super) async fn connect(args: &ConnectArgs, place: &Place, screen: Screen) -> Result<(), ActionError> {
    let connector = place.connector().await?;
    let profile = profile(&connector, args.profile.as_deref()).await?;
    let connected = match profile.flow {
        Flow::Device => by_device(&profile, args, &connector, screen).await?,
        Flow::AuthorizationCode | Flow::AuthorizationCodePkce => by_browser(&profile, args, &connector, screen).await?,
    };
    for warning in &connected.warnings {
        screen.tell(&format!("warning: {warning}"));
    }
    let connection = &connected.connection;
    screen.show(connection, || {
        let account = connection.account.as_deref().unwrap_or("an account");
        format!("Connected to {account} as {}. Try: ctct connections check {}", connection.id, connection.id)
    });
    Ok(())
}

/// The person's browser comes back to this machine, or its address is pasted.
async fn by_browser(
    profile: &Profile,
    args: &ConnectArgs,
    connector: &Connector,
    screen: Screen,
) -> Result<Connected, ActionError> {
    let consent = Consent::begin(profile, connector.catalog().manifest(), connector.clock().as_ref(), args.login)?;
    // Listen first: a port in use should be told before a person is sent away.
    let redirect = if args.paste { None } else { Some(Redirect::listen(&profile.redirect_uri).await?) };
    announce(profile, consent.url.as_str(), args, screen);
    let redirected = match redirect {
        Some(redirect) => redirect.wait(PATIENCE).await?,
        None => pasted(screen)?,
    };
    consent.finish(&redirected, &args.name, connector.keeper()).await
}

/// The person's browser is elsewhere: they type a code, and we ask the service until they have.
async fn by_device(
    profile: &Profile,
    args: &ConnectArgs,
    connector: &Connector,
    screen: Screen,
) -> Result<Connected, ActionError> {
    if args.paste || args.login {
        let detail = "the flow device has no address to paste and no way to ask for the password anew; leave out --paste and --login";
        return Err(ActionError::new(Code::InvalidInput, detail));
    }
    let consent = DeviceConsent::begin(profile, connector.keeper()).await?;
    show_code(&consent, screen);
    consent.finish(&args.name, connector.keeper()).await
}

fn show_code(consent: &DeviceConsent, screen: Screen) {
    let (code, ends) = (&consent.user_code, iso(consent.ends_ms));
    let page = consent.page.as_str();
    let open = consent.page_with_code.as_ref().map_or(page, url::Url::as_str);
    if screen.json {
        eprintln!("{}", json!({ "open": open, "verification_uri": page, "user_code": code, "ends_at": ends }));
        return;
    }
    eprintln!("Open this address on any device:\n  {page}\nand type this code:\n  {code}");
    if open != page {
        eprintln!("Or open this one, which brings the code along:\n  {open}");
    }
    eprintln!("Waiting for consent; the code is good until {ends}.");
}

async fn profile(connector: &Connector, name: Option<&str>) -> Result<Profile, ActionError> {
    if let Some(name) = name {
        return connector.profiles().get(name).await;
    }
    let mut all = connector.profiles().all().await?;
    match (all.pop(), all.is_empty()) {
        (Some((only, _)), true) => Ok(only),
        (None, _) => Err(ActionError::new(Code::Config, "there is no profile yet; make one with ctct profiles add")),
        _ => Err(ActionError::new(Code::Config, "there are several profiles; name one with --profile")),
    }
}

fn announce(profile: &Profile, url: &str, args: &ConnectArgs, screen: Screen) {
    if screen.json {
        eprintln!("{}", json!({ "open": url, "redirect_uri": profile.redirect_uri }));
    } else {
        let kind = if profile.flow == Flow::AuthorizationCode { "Authorization Code" } else { "PKCE" };
        eprintln!(
            "The application must have this redirect address, letter by letter ({kind} flow):\n  {}",
            profile.redirect_uri
        );
        eprintln!(
            "If the page says that the redirect address does not match, correct it in the developer portal or in the profile."
        );
        eprintln!("Open this address and allow access:\n  {url}");
    }
    if !args.no_browser && !args.paste && std::io::stderr().is_terminal() {
        // Without a desktop the address above is enough.
        let _ = open::that_detached(url);
    }
}

fn pasted(screen: Screen) -> Result<String, ActionError> {
    if !screen.json {
        eprintln!(
            "When the browser has come back, paste its whole address line here (the page itself may be an error):"
        );
    }
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|e| ActionError::new(Code::Config, format!("cannot read stdin: {e}")))?;
    Ok(line.trim().to_owned())
}
