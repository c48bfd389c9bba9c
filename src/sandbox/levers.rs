//! `/_sandbox/…`: what a test or a person may pull. Not part of the service; answered on loopback only, because the
//! server listens nowhere else.

use serde_json::{Value, json};

use super::{
    call::{Call, Reply},
    env::millis,
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
    json!({ "now": millis(world.env.now()) })
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

/// All mail that would have gone out, oldest first: single ones, and each recipient's copy of a campaign.
fn outbox(world: &World) -> Value {
    let shown = |at, to: &str, subject: &str, kind: &str, html: &str| {
        (at, json!({ "at": millis(at), "to": to, "subject": subject, "kind": kind, "html": html }))
    };
    let mut mails = Vec::new();
    for account in &world.accounts {
        mails.extend(account.outbox.iter().map(|m| shown(m.at, &m.to, &m.subject, &m.kind, &m.html)));
        for sending in &account.sendings {
            let people = sending.recipients.iter().filter_map(|place| account.contacts.get(*place as usize));
            let addresses = people.filter_map(|contact| contact.email.as_ref());
            mails.extend(addresses.map(|e| shown(sending.at, &e.address, &sending.subject, "campaign", &sending.html)));
        }
    }
    mails.sort_by_key(|(at, _)| *at);
    mails.into_iter().map(|(_, mail)| mail).collect()
}
