//! Idempotency keys: the same key and input give the first result again, for a day, across processes.
//!
//! The key is claimed before the call and settled after it. A claim without a result means that nobody knows how that
//! run ended, and the honest answer is to say so.

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

use super::{Inner, scene::Scene};
use crate::{
    budget::store_error,
    catalog::model::{Action, Effect},
    protocol::{ActionError, ActionRequest, ActionResult, Code, Sent},
    store::{Claim, vault::kept_place},
};

/// A claimed key, an earlier result, or nothing to keep.
pub(super) enum Claimed {
    /// No key was given, or the action changes nothing.
    Nothing,
    /// Ours: to be settled or released.
    Ours { connection: String, key: String },
    /// The result of an earlier run.
    Earlier(Box<ActionResult>),
}

impl Claimed {
    /// The earlier result, if that is what was found.
    pub(super) fn earlier(&self) -> Option<ActionResult> {
        match self {
            Self::Earlier(result) => Some((**result).clone()),
            _ => None,
        }
    }
}

impl Inner {
    pub(super) async fn claim(
        &self,
        scene: &Scene,
        action: &Action,
        input: &Map<String, Value>,
        request: &ActionRequest,
    ) -> Result<Claimed, ActionError> {
        let Some(key) = request.options.idempotency_key.clone().filter(|_| action.effect != Effect::Read) else {
            return Ok(Claimed::Nothing);
        };
        let connection = scene.connection.id.clone();
        let hash = hash(&action.name, input);
        match self.store.claim(&connection, &key, &hash, self.clock.now_ms()).await.map_err(store_error)? {
            Claim::Ours => Ok(Claimed::Ours { connection, key }),
            Claim::Done(sealed) => self.reopen(&connection, &key, &sealed).map(|r| Claimed::Earlier(Box::new(r))),
            Claim::Mismatch => Err(ActionError::new(
                Code::IdempotencyMismatch,
                format!(
                    "the idempotency key was used for another input of connection {connection} within the last day"
                ),
            )),
            Claim::Open => {
                let detail = "an earlier run with this idempotency key has not ended, or ended without anyone knowing how; look whether it took effect";
                Err(ActionError::new(Code::OutcomeUnknown, detail).sent(Sent::Maybe))
            }
        }
    }

    /// Keeps a success; gives the key back where nothing happened; leaves it open where nobody knows.
    pub(super) async fn settle(
        &self,
        claim: &Claimed,
        result: Result<ActionResult, ActionError>,
    ) -> Result<ActionResult, ActionError> {
        let Claimed::Ours { connection, key } = claim else { return result };
        match &result {
            Ok(result) => {
                let plain = serde_json::to_vec(result).map_err(|e| ActionError::new(Code::Internal, e.to_string()))?;
                let sealed =
                    self.key.seal(self.clock.as_ref(), &kept_place(connection, key), &plain).map_err(store_error)?;
                if let Err(error) = self.store.settle(connection, key, &sealed).await {
                    tracing::warn!(%error, "the result of an idempotency key could not be kept");
                }
            }
            Err(error) if error.code == Code::OutcomeUnknown => {}
            Err(_) => {
                if let Err(error) = self.store.release(connection, key).await {
                    tracing::warn!(%error, "an idempotency key could not be given back");
                }
            }
        }
        result
    }

    fn reopen(&self, connection: &str, key: &str, sealed: &[u8]) -> Result<ActionResult, ActionError> {
        let plain = self.key.open(&kept_place(connection, key), sealed).map_err(store_error)?;
        let mut result: ActionResult = serde_json::from_slice(&plain)
            .map_err(|e| ActionError::new(Code::Store, format!("a kept result is broken: {e}")))?;
        result.meta.replayed = true;
        Ok(result)
    }
}

/// The input's hash does not depend on the order in which a host wrote its properties.
fn hash(action: &str, input: &Map<String, Value>) -> Vec<u8> {
    let mut text = action.to_owned();
    canonical(&Value::Object(input.clone()), &mut text);
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut names: Vec<_> = map.keys().collect();
            names.sort();
            for name in names {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                canonical(&map[name], out);
                out.push(',');
            }
        }
        Value::Array(list) => list.iter().for_each(|v| {
            canonical(v, out);
            out.push(';');
        }),
        other => out.push_str(&other.to_string()),
    }
}
