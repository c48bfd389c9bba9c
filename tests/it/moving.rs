//! A whole store at once: another master key, backups, moves. Nothing is lost on these ways, and nothing opens that
//! should not.

mod backup;
#[cfg(feature = "postgres")]
mod postgres;
mod rotation;
mod swapped;

use std::sync::Arc;

use constantcontact::{
    ActionError, ActionResult, Connector,
    clock::SystemClock,
    store::{SqliteStore, Store, vault::Key},
};

use crate::support::{Bench, nothing, request};

fn new_key() -> Key {
    Key::generate(&SystemClock)
}

async fn empty() -> Arc<dyn Store> {
    Arc::new(SqliteStore::in_memory().await.unwrap())
}

/// Runs an action with what is in this store, as a process that was just started would.
async fn run(store: &Arc<dyn Store>, key: &Key) -> Result<ActionResult, ActionError> {
    let connector = Connector::builder(Arc::clone(store), key.clone()).build();
    let result = connector.invoke(request("get_user_privileges", nothing())).await;
    connector.flush().await;
    result
}

/// A bench in whose store there is something of every kind.
async fn filled() -> Bench {
    let bench = Bench::new().await;
    bench.connector.invoke(keyed()).await.unwrap();
    bench.connector.flush().await;
    bench
}

/// A call whose result is kept.
fn keyed() -> constantcontact::ActionRequest {
    let mut call = request("create_contact_list", serde_json::json!({ "name": "Newsletter" }));
    call.options.idempotency_key = Some("k1".to_owned());
    call
}
