//! What becomes of connections, told to the host as it happens, so that it can ask a person to connect again before
//! their automation stands still.

use std::sync::Arc;

use serde::Serialize;

/// Something that happened to a connection. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionEvent {
    /// The connection's name.
    pub connection: String,
    /// Its token set: after a refresh the new one, after a failure the one that was there and stays.
    pub generation: i64,
    /// What happened, in a sentence.
    pub detail: String,
}

/// Told what becomes of connections. Called from the task that refreshes, so it must neither block nor panic.
pub trait ConnectionEvents: Send + Sync {
    /// A new token set was had, and is stored.
    fn refreshed(&self, _event: &ConnectionEvent) {}

    /// A refresh did not work. What was there stays, and the next call tries again.
    fn refresh_failed(&self, _event: &ConnectionEvent) {}

    /// The connection has ended: a person must consent again.
    fn reconnect_required(&self, _event: &ConnectionEvent) {}
}

/// Everyone who wants to be told.
#[derive(Clone, Default)]
pub(super) struct Listeners(pub(super) Vec<Arc<dyn ConnectionEvents>>);

impl Listeners {
    pub(super) fn refreshed(&self, id: &str, generation: i64, detail: String) {
        self.tell(id, generation, detail, |listener, event| listener.refreshed(event));
    }

    pub(super) fn refresh_failed(&self, id: &str, generation: i64, detail: String) {
        self.tell(id, generation, detail, |listener, event| listener.refresh_failed(event));
    }

    pub(super) fn reconnect_required(&self, id: &str, generation: i64, detail: String) {
        self.tell(id, generation, detail, |listener, event| listener.reconnect_required(event));
    }

    fn tell(&self, id: &str, generation: i64, detail: String, call: fn(&dyn ConnectionEvents, &ConnectionEvent)) {
        let event = ConnectionEvent { connection: id.to_owned(), generation, detail };
        for listener in &self.0 {
            call(listener.as_ref(), &event);
        }
    }
}
