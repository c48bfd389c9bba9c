//! `/_sandbox/…`: what a test or a person may pull. Not part of the service; answered on loopback only, because the
//! server listens nowhere else.

use serde_json::{Value, json};

use super::{
    call::{Call, Reply},
    faults::Fault,
    world::World,
};

/// Answers a lever.
pub(super) fn answer(world: &mut World, call: &Call) -> Reply {
    match (call.method.as_str(), call.path.as_str()) {
        ("GET", "/_sandbox/journal") => Reply::json(200, &world.journal.all()),
        ("DELETE", "/_sandbox/journal") => {
            world.journal.clear();
            Reply::empty(204)
        }
        ("POST", "/_sandbox/clock") => clock(world, call),
        ("GET", "/_sandbox/clock") => Reply::json(200, &now(world)),
        ("POST", "/_sandbox/faults") => faults(world, call),
        ("DELETE", "/_sandbox/faults") => {
            world.faults.clear();
            Reply::empty(204)
        }
        ("GET", "/_sandbox/outbox") => Reply::json(200, &outbox(world)),
        _ => Reply::json(404, &json!({ "error": "there is no such lever; see README, The sandbox" })),
    }
}

fn now(world: &World) -> Value {
    json!({ "now": super::env::millis(world.env.now()) })
}

fn clock(world: &mut World, call: &Call) -> Reply {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    match body["advance_seconds"].as_i64() {
        Some(seconds) if (0..=10 * 366 * 86_400).contains(&seconds) => {
            world.env.advance(seconds);
            for account in &mut world.accounts {
                super::resources::tick(account, &mut world.env);
            }
            Reply::json(200, &now(world))
        }
        _ => Reply::json(400, &json!({ "error": "advance_seconds must be a whole number from 0 to ten years" })),
    }
}

/// One order, or a list of them.
fn faults(world: &mut World, call: &Call) -> Reply {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let list = if body.is_array() { body } else { Value::Array(vec![body]) };
    match serde_json::from_value::<Vec<Fault>>(list) {
        Ok(orders) => {
            world.faults.add(orders);
            Reply::empty(204)
        }
        Err(error) => Reply::json(400, &json!({ "error": error.to_string() })),
    }
}

fn outbox(world: &World) -> Value {
    let mails = world.accounts.iter().flat_map(|a| &a.outbox);
    mails.map(|m| json!({ "at": super::env::millis(m.at), "to": m.to, "subject": m.subject, "kind": m.kind, "html": m.html })).collect()
}
