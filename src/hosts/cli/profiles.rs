//! `ctct profiles`: add, list, show, remove. Secrets go in and never come out.

use serde_json::{Value, json};

use super::{
    args::{FlowArg, ProfileArgs, ProfilesCommand},
    place::Place,
    screen::Screen,
    table,
};
use crate::{
    catalog::Catalog,
    config::{Flow, PartnerApp, Profile, RateLimits, SecretSource},
    protocol::{ActionError, Code},
};

pub(super) async fn command(command: ProfilesCommand, place: &Place, screen: Screen) -> Result<(), ActionError> {
    match command {
        ProfilesCommand::Add(args) => add(&args, place, screen).await,
        ProfilesCommand::List => list(place, screen).await,
        ProfilesCommand::Show { name } => show(&name, place, screen).await,
        ProfilesCommand::Remove { name } => {
            let connector = place.connector().await?;
            let all = connector.store().connections().await.map_err(crate::budget::store_error)?;
            let used: Vec<_> =
                all.iter().filter(|c| c.profile.as_ref() == Some(&name)).map(|c| c.id.as_str()).collect();
            if !used.is_empty() {
                let what =
                    format!("the profile {name} keeps these connections alive: {}; remove them first", used.join(", "));
                return Err(ActionError::new(Code::Config, what));
            }
            connector.profiles().remove(&name).await?;
            screen.show(&json!({ "removed": name }), || format!("Removed the profile {name}."));
            Ok(())
        }
    }
}

async fn add(args: &ProfileArgs, place: &Place, screen: Screen) -> Result<(), ActionError> {
    let profile = from_args(args)?;
    if let Some(unknown) = profile.actions.iter().find(|a| Catalog::embedded().position(a).is_none()) {
        return Err(ActionError::new(Code::Config, format!("no action is called {unknown}; see ctct actions")));
    }
    let connector = place.connector().await?;
    connector.profiles().put(profile).await?;
    let profile = connector.profiles().get(&args.name).await?;
    screen.show(&open_part(&profile), || {
        let register = if profile.flow == Flow::Device {
            String::new()
        } else {
            format!("Register this redirect address with the application: {}\n", profile.redirect_uri)
        };
        format!("Added the profile {0}.\n{register}Then: ctct connect NAME --profile {0}", profile.id)
    });
    Ok(())
}

fn from_args(args: &ProfileArgs) -> Result<Profile, ActionError> {
    let secret = |text: &Option<String>, what: &str| match text.as_deref().map(SecretSource::parse) {
        Some(source) if source.reference().is_none() => {
            let detail = format!(
                "{what} on the command line would stay in the shell's history: write env:NAME, file:PATH or keyring:NAME"
            );
            Err(ActionError::new(Code::Config, detail))
        }
        other => Ok(other),
    };
    let client_secret = secret(&args.client_secret, "a client secret")?;
    let flow = match args.flow {
        Some(FlowArg::Code) => Flow::AuthorizationCode,
        Some(FlowArg::Device) => Flow::Device,
        Some(FlowArg::Implicit) => return Err(implicit()),
        None if client_secret.is_some() => Flow::AuthorizationCode,
        Some(FlowArg::Pkce) | None => Flow::AuthorizationCodePkce,
    };
    let partner_secret = secret(&args.partner_client_secret, "a partner secret")?;
    let partner =
        args.partner_client_id.clone().map(|client_id| PartnerApp { client_id, client_secret: partner_secret });
    Ok(Profile {
        id: args.name.clone(),
        client_id: args.client_id.clone(),
        client_secret,
        flow,
        redirect_uri: args.redirect_uri.clone().unwrap_or_default(),
        scopes: args.scope.clone(),
        actions: args.action.clone(),
        limits: RateLimits { per_second: args.per_second, per_day: args.per_day },
        partner,
        api_base: args.api_base.clone(),
        authorize_url: args.authorize_url.clone(),
        token_url: args.token_url.clone(),
        device_url: args.device_url.clone(),
    })
}

/// The service has this flow; a connection made with it would die within the day.
fn implicit() -> ActionError {
    let refused = &Catalog::embedded().manifest().auth.refused_flows;
    ActionError::new(
        Code::Config,
        format!("the flow implicit is not used: {}", refused.get("implicit").map_or("", String::as_str)),
    )
}

async fn list(place: &Place, screen: Screen) -> Result<(), ActionError> {
    let all = place.connector().await?.profiles().all().await?;
    let shown: Vec<Value> = all
        .iter()
        .map(|(p, from)| {
            let mut v = open_part(p);
            v["from"] = json!(from);
            v
        })
        .collect();
    screen.show(&shown, || {
        if all.is_empty() {
            return "no profile yet; make one with ctct profiles add".to_owned();
        }
        let row = |(p, from): &(Profile, &str)| {
            vec![p.id.clone(), p.client_id.clone(), p.flow.as_str().to_owned(), p.scopes.join(" "), (*from).to_owned()]
        };
        table::rows(&["profile", "client id", "flow", "scopes", "from"], all.iter().map(row))
    });
    Ok(())
}

async fn show(name: &str, place: &Place, screen: Screen) -> Result<(), ActionError> {
    let profile = place.connector().await?.profiles().get(name).await?;
    let open = open_part(&profile);
    screen.show(&open, || table::value(&open));
    Ok(())
}

/// The profile without secrets: references are shown, values only as "set".
fn open_part(profile: &Profile) -> Value {
    let mut value = json!(profile);
    let word = |s: &Option<SecretSource>| {
        json!(s.as_ref().map_or("not set".to_owned(), |s| s.reference().unwrap_or_else(|| "set".to_owned())))
    };
    value["client_secret"] = word(&profile.client_secret);
    if let Some(partner) = &profile.partner {
        value["partner"]["client_secret"] = word(&partner.client_secret);
    }
    value
}
