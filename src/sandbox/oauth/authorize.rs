//! The authorize page: a small real page with account, scopes, allow and deny.

use url::{Url, form_urlencoded};

use super::{
    App, Code, Flow, SCOPES,
    grants::{Via, later},
    token,
};
use crate::sandbox::{
    account::Account,
    call::{Answer, Call, Reply, escape},
    world::World,
};

/// Seconds for which a code is good.
const LIFE: i64 = 300;
/// What the page hands on from its own query to the decision.
const FIELDS: [&str; 7] =
    ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"];

/// What the query asks for, checked as far as the page must not be shown otherwise.
struct Asked {
    client_id: String,
    redirect_uri: String,
    scopes: Vec<String>,
    state: String,
    challenge: Option<String>,
    /// A challenge that is not hashed, which would prove nothing.
    plain: bool,
    /// The token itself in the redirect, and all answers behind its `#`.
    implicit: bool,
}

/// Shows the page, or says on a page of its own why it cannot. It asks for no password, so `prompt` changes nothing.
pub(super) fn page(world: &mut World, call: &Call) -> Answer {
    let asked = asked(world, |name| call.query(name).map(str::to_owned))?;
    let hidden = |name: &str| {
        let value = escape(call.query(name)?);
        Some(format!(r#"<input type="hidden" name="{name}" value="{value}">"#))
    };
    let fields: String = FIELDS.into_iter().filter_map(hidden).collect();
    let scopes = asked.scopes.iter().fold(String::new(), |list, s| list + "<li>" + &escape(s) + "</li>");
    Ok(Reply::html(
        200,
        &format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sandbox: consent</title>{STYLE}\
             <h1>Let this application in?</h1><p>It asks for:</p><ul>{scopes}</ul>\
             <form method=\"post\">{fields}{}<button name=\"decision\" value=\"allow\">Allow</button>\
             <button name=\"decision\" value=\"deny\">Deny</button></form></html>",
            chooser(&world.accounts)
        ),
    ))
}

/// The looks of the pages that a person sees.
pub(super) const STYLE: &str = "<style>:root{color-scheme:light dark}\
    body{font:16px/1.5 system-ui;max-width:28rem;margin:4rem auto}\
    button,input,select{font:inherit;padding:.4rem 1.2rem;margin-right:1rem}</style>";

/// The choice among the sandbox's accounts, where the real page would ask who one is.
pub(super) fn chooser(accounts: &[Account]) -> String {
    let option = |login: &str| format!("<option value=\"{login}\">{login}</option>");
    let options: String = accounts.iter().map(|account| option(&escape(&account.login))).collect();
    format!("<p><label>Account of the sandbox <select name=\"account\">{options}</select></label></p>")
}

/// The place of the chosen account; the first when none was chosen.
pub(super) fn chosen(accounts: &[Account], login: Option<&str>) -> Option<usize> {
    login.map_or(Some(0), |login| accounts.iter().position(|account| account.login == login))
}

/// Takes the decision and sends the browser back.
pub(super) fn decide(world: &mut World, call: &Call) -> Answer {
    let form: Vec<(String, String)> = form_urlencoded::parse(&call.body).into_owned().collect();
    let asked = asked(world, |name| token::field(&form, name).map(str::to_owned))?;
    if token::field(&form, "decision") != Some("allow") {
        let text = "The resource owner or authorization server denied the request.";
        return Ok(back(&asked, &[("error", "access_denied"), ("error_description", text)]));
    }
    let account = chosen(&world.accounts, token::field(&form, "account"));
    let account = account.ok_or_else(|| problem("The sandbox has no such account."))?;
    Ok(if asked.implicit { hand_token(world, &asked, account) } else { hand_code(world, &asked, account) })
}

/// Back with a code.
fn hand_code(world: &mut World, asked: &Asked, account: usize) -> Reply {
    let now = world.env.now();
    let code = world.env.token(43);
    let issued = Code {
        client_id: asked.client_id.clone(),
        redirect_uri: asked.redirect_uri.clone(),
        scopes: asked.scopes.clone(),
        challenge: asked.challenge.clone(),
        account,
        expires: later(now, LIFE),
    };
    world.authority.codes.retain(|_, code| now <= code.expires);
    world.authority.codes.insert(code.clone(), issued);
    back(asked, &[("code", &code)])
}

/// Back with a token, which cannot be refreshed.
fn hand_token(world: &mut World, asked: &Asked, account: usize) -> Reply {
    let scopes: Vec<String> = asked.scopes.iter().filter(|s| s.as_str() != "offline_access").cloned().collect();
    let grant = world.authority.open_grant(&asked.client_id, account, scopes, Via::Implicit);
    let access = world.authority.access_token(&mut world.env, grant, &world.accounts);
    let life = world.authority.life_of(grant, &world.env.options).to_string();
    let scope = world.authority.scopes_of(grant).join(" ");
    let (access, life, scope) = (access.as_str(), life.as_str(), scope.as_str());
    back(asked, &[("access_token", access), ("token_type", "Bearer"), ("expires_in", life), ("scope", scope)])
}

fn asked(world: &World, field: impl Fn(&str) -> Option<String>) -> Result<Asked, Reply> {
    let app = field("client_id").and_then(|id| world.authority.app(&id).cloned());
    let app = app.ok_or_else(|| problem("Invalid value for 'client_id' parameter."))?;
    let redirect_uri = field("redirect_uri").unwrap_or_default();
    if !app.redirect_uris.contains(&redirect_uri) {
        return Err(problem("The 'redirect_uri' parameter must be a Login redirect URI in the client app settings."));
    }
    let response_type = field("response_type");
    let challenge = field("code_challenge").filter(|challenge| !challenge.is_empty());
    let hashed = field("code_challenge_method").as_deref() == Some("S256");
    let asked = Asked {
        client_id: app.client_id.clone(),
        redirect_uri,
        scopes: field("scope").unwrap_or_default().split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
        state: field("state").unwrap_or_default(),
        plain: challenge.is_some() && !hashed,
        challenge: challenge.filter(|_| hashed),
        implicit: response_type.as_deref() == Some("token"),
    };
    match objection(&asked, &app, response_type.as_deref()) {
        Some((error, text)) => Err(back(&asked, &[("error", error), ("error_description", &text)])),
        None => Ok(asked),
    }
}

/// Why the application is sent back without a question to the person, if it is.
fn objection(asked: &Asked, app: &App, response_type: Option<&str>) -> Option<(&'static str, String)> {
    let says = |error: &'static str, text: &str| Some((error, text.to_owned()));
    if asked.state.is_empty() {
        return says("invalid_request", "The 'state' parameter is missing.");
    }
    let enabled = match response_type {
        Some("code") => app.has(Flow::Code) || app.has(Flow::Pkce),
        Some("token") => app.has(Flow::Code),
        _ => return says("unsupported_response_type", "The response type is not supported."),
    };
    if !enabled {
        return Some(("unauthorized_client", token::not_granted(app)));
    }
    if asked.scopes.is_empty() || asked.scopes.iter().any(|s| !SCOPES.contains(&s.as_str())) {
        let text = "One or more scopes are not configured for the authorization server resource.";
        return says("invalid_scope", text);
    }
    if asked.plain {
        // The words are a guess: S256 is the one method that is documented.
        return says("invalid_request", "The 'code_challenge_method' parameter must be 'S256'.");
    }
    if app.client_secret.is_none() && asked.challenge.is_none() {
        let text = "PKCE code challenge is required when the token endpoint authentication method is 'NONE'.";
        return says("invalid_request", text);
    }
    None
}

/// The way back to the application, in the order `code`, `state` that clients are known to rely on.
fn back(asked: &Asked, pairs: &[(&str, &str)]) -> Reply {
    let Ok(mut url) = Url::parse(&asked.redirect_uri) else { return problem("The redirect address is no address.") };
    if asked.implicit {
        let mut fragment = form_urlencoded::Serializer::new(String::new());
        let fragment = fragment.extend_pairs(pairs).append_pair("state", &asked.state).finish();
        url.set_fragment(Some(&fragment));
    } else {
        url.query_pairs_mut().extend_pairs(pairs).append_pair("state", &asked.state);
    }
    Reply::empty(302).with("location", url.as_str())
}

/// The real page does not redirect when it cannot know that the address is the application's own.
fn problem(text: &str) -> Reply {
    Reply::html(
        400,
        &format!("<!doctype html><meta charset=\"utf-8\"><title>400</title><h1>400</h1><p>{}</p>", escape(text)),
    )
}
