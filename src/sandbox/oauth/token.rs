//! The token endpoint. Parameters come in the form, or in the query as the vendor's own samples have them.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{App, Flow, apps::DEVICE_GRANT, device, grants::Via};
use crate::sandbox::{
    call::{Answer, Call, Reply},
    world::World,
};

/// The scope of partners.
const PARTNER_SCOPE: &str = "v3api/general.partner";
/// The only content type of a token request.
const FORM: &str = "application/x-www-form-urlencoded";

/// Answers one token request.
pub(super) fn answer(world: &mut World, call: &Call) -> Answer {
    let fields = fields(call);
    let field = |name: &str| field(&fields, name);
    let app = client(world, call, field("client_id"))?;
    let now = world.env.now();
    world.limits.token(&app.client_id, &world.env.options, now)?;
    let Some(grant) = field("grant_type") else {
        return Err(error(400, "invalid_request", "The token request did not specify a 'grant_type'."));
    };
    if !app.grants().contains(&grant) {
        return Err(unauthorized_grant(&app));
    }
    match grant {
        "authorization_code" => code(world, &app, field("code"), field("redirect_uri"), field("code_verifier")),
        "refresh_token" => refresh(world, &app, field("refresh_token").unwrap_or_default()),
        DEVICE_GRANT => device::grant(world, &app, field("device_code")),
        _ => partner(world, &app, field("scope")),
    }
}

/// Answers one request at the partners' own address, which takes their credentials only. That a missing header is
/// answered with 415 is official; the words are a guess.
pub(super) fn partners(world: &mut World, call: &Call) -> Answer {
    if !is_form(call) {
        return Err(error(415, "invalid_request", "Content-Type must be application/x-www-form-urlencoded."));
    }
    let fields = fields(call);
    let app = client(world, call, field(&fields, "client_id"))?;
    if !app.has(Flow::Partner) || field(&fields, "grant_type").is_some_and(|grant| grant != "client_credentials") {
        return Err(unauthorized_grant(&app));
    }
    answer(world, call)
}

/// The parameters of the query and of the form.
pub(super) fn fields(call: &Call) -> Vec<(String, String)> {
    let mut fields = call.query.clone();
    if is_form(call) {
        fields.extend(form_urlencoded::parse(&call.body).into_owned());
    }
    fields
}

fn is_form(call: &Call) -> bool {
    call.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with(FORM))
}

/// The first value of that name.
pub(super) fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
}

/// What an application hears that asks for a grant it is not registered for.
pub(super) fn unauthorized_grant(app: &App) -> Reply {
    error(400, "unauthorized_client", &not_granted(app))
}

/// The same in words.
pub(super) fn not_granted(app: &App) -> String {
    let grants = app.grants().join(", ");
    format!("The client is not authorized to use the provided grant type. Configured grant types: [{grants}].")
}

/// Who asks: by Basic, or for an application without a secret by its id alone.
pub(super) fn client(world: &World, call: &Call, named: Option<&str>) -> Result<App, Reply> {
    let none = || {
        error(
            401,
            "invalid_client",
            "Client authentication failed. Either the client or the client credentials are invalid.",
        )
    };
    let basic = call
        .header("authorization")
        .and_then(|h| h.strip_prefix("Basic "))
        .and_then(|b| STANDARD.decode(b.trim()).ok());
    let basic = basic.and_then(|b| String::from_utf8(b).ok());
    let (id, secret) = match &basic {
        Some(pair) => pair.split_once(':').ok_or_else(none)?,
        None => (named.ok_or_else(none)?, ""),
    };
    let app = world.authority.app(id).ok_or_else(unknown_client)?;
    match &app.client_secret {
        Some(expected) if basic.is_none() || expected != secret => Err(if basic.is_none() {
            none()
        } else {
            error(401, "invalid_client", "The client secret supplied for a confidential client is invalid.")
        }),
        _ => Ok(app.clone()),
    }
}

fn code(
    world: &mut World,
    app: &App,
    code: Option<&str>,
    redirect_uri: Option<&str>,
    verifier: Option<&str>,
) -> Answer {
    let invalid = || error(400, "invalid_grant", "The authorization code is invalid or has expired.");
    // A code is used up by the first attempt, good or bad.
    let issued = world.authority.codes.remove(code.unwrap_or_default()).ok_or_else(invalid)?;
    if issued.client_id != app.client_id || world.env.now() > issued.expires {
        return Err(invalid());
    }
    if redirect_uri != Some(issued.redirect_uri.as_str()) {
        let text = "The 'redirect_uri' does not match the redirection URI used in the authorization request.";
        return Err(error(400, "invalid_grant", text));
    }
    if issued.challenge.is_some_and(|challenge| verifier.is_none_or(|verifier| !proves(verifier, &challenge))) {
        return Err(error(400, "invalid_grant", "PKCE verification failed."));
    }
    Ok(open(world, &app.client_id, issued.account, issued.scopes))
}

/// Whether a verifier has the documented form and is the one that was hashed.
fn proves(verifier: &str, challenge: &str) -> bool {
    let formed = verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    let hashed = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    formed && (43..=128).contains(&verifier.len()) && hashed == challenge
}

/// The first tokens of a consent: a refresh token only where it was asked for.
pub(super) fn open(world: &mut World, client_id: &str, account: usize, scopes: Vec<String>) -> Reply {
    let offline = scopes.iter().any(|s| s == "offline_access");
    let grant = world.authority.open_grant(client_id, account, scopes, Via::Consent);
    let refresh = offline.then(|| world.authority.refresh_token(&mut world.env, grant));
    tokens(world, grant, refresh)
}

/// A partner's token: for an hour, not to be refreshed, and good for the partner's own scope only.
fn partner(world: &mut World, app: &App, scope: Option<&str>) -> Answer {
    if scope.is_some_and(|scope| scope != PARTNER_SCOPE) {
        let text = "One or more scopes are not configured for the authorization server resource.";
        return Err(error(400, "invalid_scope", text));
    }
    let grant = world.authority.open_grant(&app.client_id, 0, vec![PARTNER_SCOPE.to_owned()], Via::Partner);
    Ok(tokens(world, grant, None))
}

fn refresh(world: &mut World, app: &App, token: &str) -> Answer {
    match world.authority.use_refresh_token(&mut world.env, token, app) {
        Some((grant, next)) => Ok(tokens(world, grant, Some(next))),
        None => Err(error(400, "invalid_grant", "The refresh token is invalid or expired.")),
    }
}

fn tokens(world: &mut World, grant: usize, refresh: Option<String>) -> Reply {
    let access = world.authority.access_token(&mut world.env, grant, &world.accounts);
    let mut body = Map::new();
    body.insert("token_type".to_owned(), json!("Bearer"));
    body.insert("expires_in".to_owned(), json!(world.authority.life_of(grant, &world.env.options)));
    body.insert("access_token".to_owned(), json!(access));
    body.insert("scope".to_owned(), json!(world.authority.scopes_of(grant).join(" ")));
    if let Some(refresh) = refresh {
        body.insert("refresh_token".to_owned(), json!(refresh));
    }
    Reply::json(200, &Value::Object(body)).with("cache-control", "no-store")
}

pub(super) fn error(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(status, &json!({ "error": error, "error_description": description }))
}

fn unknown_client() -> Reply {
    Reply::json(
        401,
        &json!({
            "errorCode": "invalid_client", "errorSummary": "Invalid value for 'client_id' parameter.",
            "errorLink": "invalid_client", "errorId": "oaeSandbox", "errorCauses": []
        }),
    )
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::{SHA256, URL_SAFE_NO_PAD, digest, proves};

    #[test]
    fn a_verifier_has_from_43_to_128_characters_and_no_strange_ones() {
        let own = |verifier: &str| proves(verifier, &URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())));
        assert!(own(&"a-._~Z9".repeat(7)));
        for wrong in ["", &"a".repeat(42), &"a".repeat(129), &"a+".repeat(30)] {
            assert!(!own(wrong), "{wrong}");
        }
        assert!(!proves(&"a".repeat(43), "another"));
    }
}
