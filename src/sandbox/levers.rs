//! `/_sandbox/…` and the page at `/`: what a test or a person may pull and see. Not part of the service.
//!
//! The server listens on loopback only; on top of that a request must name a loopback host, so that no page from
//! elsewhere can reach the levers by a name that it points at this machine.

mod options;
mod shown;

use std::net::{Ipv4Addr, Ipv6Addr};

use hyper::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Reply},
    env::{Clock, millis},
    faults, oauth, page,
    resources::{account_services, permission},
    snapshot::{self, Unsaved},
    world::World,
};

const PREFIX: &str = "/_sandbox/";
const STATE: &str = "/_sandbox/state";
/// Mails that are shown when nobody says how many: a large account sends more than anybody can read.
const USUAL_MAILS: usize = 10_000;

/// Whether a call is for the levers or the page, and not for the service.
pub(super) fn serves(call: &Call) -> bool {
    call.path.starts_with(PREFIX) || (call.path == page::PATH && call.method == "GET")
}

/// Whether a request brings a whole state, which is larger than anything else.
pub(super) fn takes_a_state(method: &Method, path: &str) -> bool {
    method == Method::PUT && path == STATE
}

/// Answers a lever.
pub(super) fn answer(world: &mut World, call: &Call) -> Reply {
    if !is_near(call) {
        return refuse(403, "the levers answer only to localhost, 127.0.0.1 and [::1]");
    }
    if call.method != "GET" {
        world.changes += 1;
    }
    pull(world, call).unwrap_or_else(|refusal| refusal)
}

fn pull(world: &mut World, call: &Call) -> Answer {
    let name = call.path.strip_prefix(PREFIX).unwrap_or_default();
    if let ("PATCH", Some(client_id)) = (call.method.as_str(), name.strip_prefix("apps/")) {
        return app(world, client_id, call);
    }
    match (call.method.as_str(), name) {
        ("GET", "") => Ok(page::answer()),
        ("GET", "journal") => Ok(ready(world.journal.json(limit(call, usize::MAX)?))),
        ("DELETE", "journal") => Ok(done(|| world.journal.clear())),
        ("GET", "clock") => Ok(show(&clock(world))),
        ("POST", "clock") => advance(world, call),
        ("GET", "faults") => Ok(show(&world.faults.shown())),
        ("POST", "faults") => order(world, call),
        ("DELETE", "faults") => Ok(done(|| world.faults.clear())),
        ("GET", "options") => Ok(show(&options::shown(&world.env.options))),
        ("PATCH", "options") => options::change(&mut world.env.options, call),
        ("GET", "apps") => Ok(show(&apps(world))),
        ("POST", "confirm") => confirm(world, call),
        ("GET", "state") => snapshot::json(world).map(ready).map_err(|error| refuse(500, &error.to_string())),
        ("PUT", "state") => bring(world, call),
        ("POST", "state") => keep(world),
        ("GET", name) => look(world, call, name),
        _ => Err(unknown()),
    }
}

/// What is only looked at. What has come due happens first, as before any other call.
fn look(world: &mut World, call: &Call, name: &str) -> Answer {
    world.tick();
    match name {
        "accounts" => Ok(show(&shown::accounts(&world.accounts))),
        "jobs" => Ok(show(&shown::jobs(&world.accounts))),
        "outbox" => Ok(ready(shown::outbox(&world.accounts, call.query("account"), limit(call, USUAL_MAILS)?))),
        "deliveries" => Ok(show(&world.partner.shown())),
        "operations" => Ok(show(&shown::operations())),
        _ => Err(unknown()),
    }
}

/// Whether the request names a loopback host, and does not come from a page of another.
fn is_near(call: &Call) -> bool {
    let origin = call.header("origin").is_none_or(|origin| origin.strip_prefix("http://").is_some_and(is_loopback));
    origin && call.header("host").is_some_and(is_loopback)
}

/// Whether `host` or `host:port` can only be this machine.
fn is_loopback(authority: &str) -> bool {
    if let Some(rest) = authority.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        return is_port(port) && address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
    }
    let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
    let near = |host: &str| host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    is_port(port) && (host.eq_ignore_ascii_case("localhost") || near(host))
}

/// Nothing, or a colon and digits.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

fn refuse(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({ "error": text }))
}

fn unknown() -> Reply {
    refuse(404, "there is no such lever; see README, The sandbox")
}

fn show(value: &Value) -> Reply {
    Reply::json(200, value)
}

/// JSON that is text already.
fn ready(body: Vec<u8>) -> Reply {
    Reply { status: 200, headers: vec![("content-type", "application/json".to_owned())], body }
}

fn done(work: impl FnOnce()) -> Reply {
    work();
    Reply::empty(204)
}

/// The body as what the lever takes.
fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Reply> {
    serde_json::from_slice(&call.body).map_err(|error| refuse(400, &error.to_string()))
}

/// How many of the newest are asked for.
fn limit(call: &Call, usual: usize) -> Result<usize, Reply> {
    let Some(text) = call.query("limit") else { return Ok(usual) };
    text.parse().map_err(|_| refuse(400, "limit must be a whole number"))
}

fn clock(world: &World) -> Value {
    let (kind, times) = match world.env.options.clock {
        Clock::Real => ("real", 1),
        Clock::Fixed(_) => ("fixed", 0),
        Clock::Accelerated(times) => ("accelerated", times),
    };
    json!({ "now": millis(world.env.now()), "kind": kind, "times": times })
}

/// How far to move the clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: i64,
}

fn advance(world: &mut World, call: &Call) -> Answer {
    let text = "the body must be {\"advance_seconds\": n} with a whole number from 0 to ten years";
    let asked = body::<Advance>(call).ok().filter(|asked| (0..=10 * 366 * 86_400).contains(&asked.advance_seconds));
    let asked = asked.ok_or_else(|| refuse(400, text))?;
    world.env.advance(asked.advance_seconds);
    world.tick();
    Ok(show(&clock(world)))
}

/// One fault, or a list of them.
fn order(world: &mut World, call: &Call) -> Answer {
    world.faults.add(faults::read(&call.body).map_err(|text| refuse(400, &text))?);
    Ok(Reply::empty(204))
}

fn apps(world: &World) -> Value {
    world.authority.apps.iter().map(|app| app.shown(&world.env.options)).collect()
}

fn app(world: &mut World, client_id: &str, call: &Call) -> Answer {
    let changed = oauth::change(world, client_id, &call.body);
    let changed = changed.ok_or_else(|| refuse(404, "no application has this client_id"))?;
    changed.map(|app| show(&app)).map_err(|text| refuse(400, &text))
}

/// Whose confirmation it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirm {
    email: String,
}

/// Follows the link of the confirmation mail, in every account that has asked this address: of a contact, or as a
/// sender.
fn confirm(world: &mut World, call: &Call) -> Answer {
    let Confirm { email } = body(call)?;
    world.tick();
    let now = world.env.now();
    let accounts = world.accounts.iter_mut();
    let confirmed: Vec<Value> = accounts
        .filter_map(|account| {
            let contact = permission::confirm(account, &email, now);
            let sender = account_services::confirm(account, &email, now);
            (contact || sender).then(|| Value::from(account.login.as_str()))
        })
        .collect();
    if confirmed.is_empty() {
        return Err(refuse(404, "no account waits for a confirmation by this address"));
    }
    Ok(show(&json!({ "accounts": confirmed })))
}

/// Puts a kept state in the place of the present one, or leaves that as it is.
fn bring(world: &mut World, call: &Call) -> Answer {
    let state = snapshot::read(&call.body).map_err(|text| refuse(400, &text))?;
    world.go_on_from(state);
    Ok(Reply::empty(204))
}

/// Writes the state to its file.
fn keep(world: &World) -> Answer {
    if world.env.options.state.is_none() {
        return Err(refuse(409, "there is no file for the state: start the sandbox with --state FILE"));
    }
    let written = world.unsaved().and_then(|unsaved| unsaved.map_or(Ok(()), Unsaved::write));
    written.map_err(|error| refuse(500, &format!("the state could not be written: {error}")))?;
    Ok(Reply::empty(204))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{answer, is_loopback};
    use crate::sandbox::{
        account::{BillingStatus, Cancellation},
        call::{Call, Reply},
        env::{Options, later},
        world::World,
    };

    fn call(method: &str, path: &str, body: &Value) -> Call {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Call {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![header("host", "127.0.0.1:80")],
            body: body.to_string().into_bytes(),
            ..Call::default()
        }
    }

    fn value(reply: &Reply) -> Value {
        serde_json::from_slice(&reply.body).unwrap_or_default()
    }

    #[test]
    fn only_names_that_cannot_be_another_machine_are_loopback() {
        for near in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.3.2.1:1", "[::1]", "[::1]:80"] {
            assert!(is_loopback(near), "{near}");
        }
        for far in ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", "[::2]"] {
            assert!(!is_loopback(far), "{far}");
        }
        for far in ["[::1].evil.example", "[::1", "localhost:80@evil.example", "[::ffff:10.0.0.1]", "::1"] {
            assert!(!is_loopback(far), "{far}");
        }
    }

    #[test]
    fn a_page_from_elsewhere_pulls_no_lever() {
        let mut world = World::new(Options::default());
        let mut asked = call("GET", "/_sandbox/clock", &Value::Null);
        assert_eq!(answer(&mut world, &asked).status, 200);
        asked.headers.push(("origin".to_owned(), "http://evil.example".to_owned()));
        assert_eq!(answer(&mut world, &asked).status, 403);
        asked.headers = vec![("host".to_owned(), "evil.example:80".to_owned())];
        assert_eq!(answer(&mut world, &asked).status, 403);
    }

    #[test]
    fn options_change_all_or_none() {
        let mut world = World::new(Options::default());
        let mut patch = |body: Value| answer(&mut world, &call("PATCH", "/_sandbox/options", &body));
        let changed = value(&patch(json!({ "limits": false, "role": "manager", "job_ms": [0, 5] })));
        assert_eq!((&changed["limits"], &changed["role"]), (&json!(false), &json!("manager")));
        assert_eq!(patch(json!({ "limits": true, "grace": -1 })).status, 400);
        assert_eq!(patch(json!({ "limit": true })).status, 400);
        let still = value(&patch(json!({})));
        assert_eq!((&still["limits"], &still["job_ms"]), (&json!(false), &json!([0, 5])));
    }

    #[test]
    fn a_state_is_brought_back_whole_or_not_at_all() {
        let mut world = World::new(Options::default());
        let kept = value(&answer(&mut world, &call("GET", "/_sandbox/state", &Value::Null)));
        world.accounts.clear();
        let mut wrong = kept.clone();
        wrong["authority"] = Value::Null;
        assert_eq!(answer(&mut world, &call("PUT", "/_sandbox/state", &wrong)).status, 400);
        assert!(world.accounts.is_empty());
        assert_eq!(answer(&mut world, &call("PUT", "/_sandbox/state", &kept)).status, 204);
        assert_eq!(world.accounts.len(), 1);
    }

    #[test]
    fn what_is_due_between_partner_and_client_happens_when_the_clock_moves() {
        let mut world = World::new(Options::default());
        let effective = later(world.env.now(), jiff::SignedDuration::from_secs(3_600));
        world.accounts[0].plan.cancellation = Some(Cancellation { effective, reason_id: None });
        for (seconds, status) in [(60, BillingStatus::Trial), (3_600, BillingStatus::Canceled)] {
            answer(&mut world, &call("POST", "/_sandbox/clock", &json!({ "advance_seconds": seconds })));
            assert_eq!(world.accounts[0].plan.billing_status, status);
        }
    }

    #[test]
    fn every_operation_says_how_well_it_is_known() {
        let mut world = World::new(Options::default());
        let table = value(&answer(&mut world, &call("GET", "/_sandbox/operations", &Value::Null)));
        let rows = table.as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(!rows.is_empty());
        let words = ["official", "recorded", "inferred"];
        assert!(rows.iter().all(|row| row["known"].as_str().is_some_and(|word| words.contains(&word))));
    }
}
