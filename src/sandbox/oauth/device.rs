//! The device flow: a code for the device, a shorter one for the person, a page to type it into, and a grant that
//! answers "pending" until the person has decided.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::form_urlencoded;

use super::{
    App, Flow, SCOPES,
    authorize::{STYLE, chooser, chosen},
    grants::later,
    token,
};
use crate::sandbox::{
    call::{Answer, Call, Reply, escape},
    world::World,
};

/// Seconds for which a code is good.
const LIFE: i64 = 600;
/// Seconds between two questions, at first; and what is added for a question that comes too early.
const INTERVAL: i64 = 5;
/// Letters of a person's code: no vowels, so that no word comes out.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A device that waits for a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Device {
    client_id: String,
    user_code: String,
    scopes: Vec<String>,
    expires: Timestamp,
    interval: i64,
    asked: Option<Timestamp>,
    /// Whether the person has allowed it; none while nobody has decided.
    decision: Option<bool>,
    /// The account that the person chose.
    account: usize,
}

/// Hands out a pair of codes.
pub(super) fn begin(world: &mut World, call: &Call) -> Answer {
    let fields = token::fields(call);
    let app = token::client(world, call, token::field(&fields, "client_id"))?;
    if !app.has(Flow::Device) {
        return Err(token::unauthorized_grant(&app));
    }
    let scopes: Vec<String> =
        token::field(&fields, "scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() || scopes.iter().any(|s| !SCOPES.contains(&s.as_str())) {
        let text = "One or more scopes are not configured for the authorization server resource.";
        return Err(token::error(400, "invalid_scope", text));
    }
    let device_code = world.env.uuid_v4();
    let user_code = user_code(world);
    let page = format!("http://{}/activate", call.header("host").unwrap_or("127.0.0.1"));
    let now = world.env.now();
    let device = Device {
        client_id: app.client_id,
        user_code: user_code.clone(),
        scopes,
        expires: later(now, LIFE),
        interval: INTERVAL,
        asked: None,
        decision: None,
        account: 0,
    };
    world.authority.devices.retain(|_, device| now < device.expires);
    world.authority.devices.insert(device_code.clone(), device);
    let body = json!({
        "device_code": device_code, "user_code": user_code, "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"), "expires_in": LIFE, "interval": INTERVAL
    });
    Ok(Reply::json(200, &body).with("cache-control", "no-store"))
}

fn user_code(world: &mut World) -> String {
    let mut letter = || {
        let place = usize::try_from(world.env.random() % LETTERS.len() as u64).unwrap_or(0);
        char::from(LETTERS.get(place).copied().unwrap_or(b'B'))
    };
    (0..8).map(|_| letter()).collect()
}

/// The page: a field for the code, filled in where the link brought it along, and two buttons.
pub(super) fn page(world: &World, call: &Call) -> Reply {
    let code = call.query("user_code").unwrap_or_default();
    let asks =
        world.authority.devices.values().find(|d| d.user_code == tidy(code)).map_or_else(String::new, |device| {
            let scopes = device.scopes.iter().fold(String::new(), |list, s| list + "<li>" + &escape(s) + "</li>");
            format!("<p>It asks for:</p><ul>{scopes}</ul>")
        });
    Reply::html(
        200,
        &format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sandbox: activate a device</title>{STYLE}\
             <h1>Let this device in?</h1>{asks}<form method=\"post\" action=\"/activate\">\
             <p><label>Code <input name=\"user_code\" value=\"{}\" autofocus></label></p>{}\
             <button name=\"decision\" value=\"allow\">Allow</button>\
             <button name=\"decision\" value=\"deny\">Deny</button></form></html>",
            escape(code),
            chooser(&world.accounts)
        ),
    )
}

/// Takes the person's decision. A code is decided once.
pub(super) fn decide(world: &mut World, call: &Call) -> Reply {
    let form: Vec<(String, String)> = form_urlencoded::parse(&call.body).into_owned().collect();
    let code = tidy(token::field(&form, "user_code").unwrap_or_default());
    let allowed = token::field(&form, "decision") == Some("allow");
    let Some(account) = chosen(&world.accounts, token::field(&form, "account")) else {
        return say(400, "The sandbox has no such account.");
    };
    let now = world.env.now();
    let device = world.authority.devices.values_mut();
    let waiting = device.filter(|d| d.decision.is_none() && now < d.expires).find(|d| d.user_code == code);
    match waiting {
        Some(device) => {
            (device.decision, device.account) = (Some(allowed), account);
            say(200, if allowed { "Device activated" } else { "Device denied" })
        }
        None => say(400, "Invalid code. Try again."),
    }
}

fn say(status: u16, text: &str) -> Reply {
    Reply::html(status, &format!("<!doctype html><meta charset=\"utf-8\"><title>{text}</title><h1>{text}</h1>"))
}

/// People type small letters, spaces and hyphens.
fn tidy(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Answers a device that asks whether it may come in. The texts are those of the product behind the service; that of
/// `slow_down` is assumed.
pub(super) fn grant(world: &mut World, app: &App, device_code: Option<&str>) -> Answer {
    let invalid = || token::error(400, "invalid_grant", "The device code is invalid or has expired.");
    let code = device_code.unwrap_or_default();
    let now = world.env.now();
    let device = world.authority.devices.get_mut(code).ok_or_else(invalid)?;
    if device.client_id != app.client_id || now >= device.expires {
        return Err(invalid());
    }
    let early = device.asked.is_some_and(|at| now < later(at, device.interval));
    device.asked = Some(now);
    if early {
        device.interval += INTERVAL;
        return Err(token::error(400, "slow_down", "The device is asking too often. Please slow down."));
    }
    match device.decision {
        None => {
            let text = "The device authorization is pending. Please try again later.";
            Err(token::error(400, "authorization_pending", text))
        }
        Some(false) => {
            let text = "The resource owner or authorization server denied the request.";
            Err(token::error(400, "access_denied", text))
        }
        Some(true) => {
            let (scopes, account) = (device.scopes.clone(), device.account);
            // A code works once.
            world.authority.devices.remove(code);
            Ok(token::open(world, &app.client_id, account, scopes))
        }
    }
}
