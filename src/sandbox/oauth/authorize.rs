//! The authorize page: a small real page with account, scopes, allow and deny.

use url::{Url, form_urlencoded};

use super::{Code, SCOPES, grants::later};
use crate::sandbox::{
    call::{Answer, Call, Reply},
    world::World,
};

/// What the query asks for, checked as far as the page must not be shown otherwise.
struct Asked {
    client_id: String,
    redirect_uri: String,
    scopes: Vec<String>,
    state: String,
    challenge: Option<String>,
}

/// Shows the page, or says on a page of its own why it cannot.
pub(super) fn page(world: &mut World, call: &Call) -> Answer {
    let asked = asked(world, |name| call.query(name).map(str::to_owned))?;
    let account = world.accounts.first().map_or("", |a| a.login.as_str());
    let fields: String =
        ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"]
            .into_iter()
            .filter_map(|name| {
                Some(format!(r#"<input type="hidden" name="{name}" value="{}">"#, escape(call.query(name)?)))
            })
            .collect();
    let scopes = asked.scopes.iter().fold(String::new(), |list, s| list + "<li>" + &escape(s) + "</li>");
    Ok(Reply::html(
        200,
        &format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sandbox: consent</title>\
             <style>body{{font:16px/1.5 system-ui;max-width:28rem;margin:4rem auto}}button{{font:inherit;padding:.4rem 1.2rem;margin-right:1rem}}</style>\
             <h1>Let this application in?</h1><p>Account <b>{}</b> of the sandbox. It asks for:</p><ul>{scopes}</ul>\
             <form method=\"post\">{fields}<button name=\"decision\" value=\"allow\">Allow</button>\
             <button name=\"decision\" value=\"deny\">Deny</button></form></html>",
            escape(account)
        ),
    ))
}

/// Takes the decision and sends the browser back.
pub(super) fn decide(world: &mut World, call: &Call) -> Answer {
    let form: Vec<(String, String)> = form_urlencoded::parse(&call.body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
    let asked = asked(world, field)?;
    if field("decision").as_deref() != Some("allow") {
        let text = "The resource owner or authorization server denied the request.";
        return Ok(back(&asked, &[("error", "access_denied"), ("error_description", text)]));
    }
    let code = world.env.token(43);
    let expires = later(world.env.now(), 300);
    let issued = Code {
        client_id: asked.client_id.clone(),
        redirect_uri: asked.redirect_uri.clone(),
        scopes: asked.scopes.clone(),
        challenge: asked.challenge.clone(),
        account: 0,
        expires,
    };
    world.authority.codes.insert(code.clone(), issued);
    Ok(back(&asked, &[("code", &code)]))
}

fn asked(world: &World, field: impl Fn(&str) -> Option<String>) -> Result<Asked, Reply> {
    let app = field("client_id").and_then(|id| world.authority.app(&id).cloned());
    let app = app.ok_or_else(|| problem("Invalid value for 'client_id' parameter."))?;
    let redirect_uri = field("redirect_uri").unwrap_or_default();
    if !app.redirect_uris.contains(&redirect_uri) {
        return Err(problem("The 'redirect_uri' parameter must be a Login redirect URI in the client app settings."));
    }
    let scopes: Vec<String> =
        field("scope").unwrap_or_default().split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    let challenge = field("code_challenge").filter(|_| field("code_challenge_method").as_deref() == Some("S256"));
    let asked = Asked {
        client_id: app.client_id.clone(),
        redirect_uri,
        scopes,
        state: field("state").unwrap_or_default(),
        challenge,
    };
    if asked.state.is_empty() {
        return Err(back(
            &asked,
            &[("error", "invalid_request"), ("error_description", "The 'state' parameter is missing.")],
        ));
    }
    if field("response_type").as_deref() != Some("code") {
        return Err(back(
            &asked,
            &[("error", "unsupported_response_type"), ("error_description", "The response type is not supported.")],
        ));
    }
    if asked.scopes.is_empty() || asked.scopes.iter().any(|s| !SCOPES.contains(&s.as_str())) {
        let text = "One or more scopes are not configured for the authorization server resource.";
        return Err(back(&asked, &[("error", "invalid_scope"), ("error_description", text)]));
    }
    if app.client_secret.is_none() && asked.challenge.is_none() {
        let text = "PKCE code challenge is required when the token endpoint authentication method is 'NONE'.";
        return Err(back(&asked, &[("error", "invalid_request"), ("error_description", text)]));
    }
    Ok(asked)
}

/// The way back to the application, in the order `code`, `state` that clients are known to rely on.
fn back(asked: &Asked, pairs: &[(&str, &str)]) -> Reply {
    let Ok(mut url) = Url::parse(&asked.redirect_uri) else { return problem("The redirect address is no address.") };
    url.query_pairs_mut().extend_pairs(pairs).append_pair("state", &asked.state);
    Reply::empty(302).with("location", url.as_str())
}

/// The real page does not redirect when it cannot know that the address is the application's own.
fn problem(text: &str) -> Reply {
    Reply::html(
        400,
        &format!("<!doctype html><meta charset=\"utf-8\"><title>400</title><h1>400</h1><p>{}</p>", escape(text)),
    )
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
