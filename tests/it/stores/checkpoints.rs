//! Where polls have come to: nobody goes on from a place that another has left meanwhile.

use std::sync::Arc;

use constantcontact::store::{Checkpoint, Store};
use tokio::task::JoinSet;

use super::{connection, profile, tokens};

fn checkpoint(body: &str, version: i64, updated_ms: i64) -> Checkpoint {
    Checkpoint { body: body.to_owned(), version, updated_ms }
}

pub(super) async fn a_checkpoint_is_written_and_read_back(store: Arc<dyn Store>) {
    let name = "café ☕ 'quoted\"";
    let bodies = [r#"{"after":"2026-01-01","seen":["é","👋"]}"#, ""];
    assert_eq!(store.checkpoint(name).await.unwrap(), None);
    assert!(store.put_checkpoint(name, bodies[0], 0, 100).await.unwrap());
    assert_eq!(store.checkpoint(name).await.unwrap(), Some(checkpoint(bodies[0], 1, 100)));
    assert!(store.put_checkpoint(name, bodies[1], 1, 90).await.unwrap(), "a clock may have been set back");
    assert_eq!(store.checkpoint(name).await.unwrap(), Some(checkpoint(bodies[1], 2, 90)));
    assert_eq!(store.checkpoint("c-other").await.unwrap(), None);
}

pub(super) async fn a_checkpoint_goes_on_only_from_the_version_that_was_read(store: Arc<dyn Store>) {
    let put = async |body, after| store.put_checkpoint("c-stale", body, after, 5).await.unwrap();
    assert!(!put("one", 3).await, "there is none to go on from");
    assert_eq!(store.checkpoint("c-stale").await.unwrap(), None);
    assert!(put("one", 0).await);
    assert!(!put("another", 0).await, "it is there already");
    assert!(put("two", 1).await);
    for stale in [-1, 0, 1, 3] {
        assert!(!put("late", stale).await, "after {stale}");
    }
    assert_eq!(store.checkpoint("c-stale").await.unwrap(), Some(checkpoint("two", 2, 5)));
}

pub(super) async fn of_many_who_go_on_at_once_one_wins(store: Arc<dyn Store>) {
    for after in 0..5_i64 {
        let mut many = JoinSet::new();
        for poll in 0..16 {
            let (store, body) = (Arc::clone(&store), format!("{after}/{poll}"));
            many.spawn(async move { store.put_checkpoint("c-many", &body, after, 5).await.unwrap().then_some(body) });
        }
        let won: Vec<_> = many.join_all().await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "{won:?}");
        assert_eq!(store.checkpoint("c-many").await.unwrap(), Some(checkpoint(&won[0], after + 1, 5)));
    }
}

pub(super) async fn a_checkpoint_is_removed_with_nothing_else(store: Arc<dyn Store>) {
    let id = "c-stays";
    store.put_profile(profile(id, b"")).await.unwrap();
    store.put_connection(&connection(id, 1), &tokens(1, 1)).await.unwrap();
    assert!(store.put_checkpoint(id, "{}", 0, 5).await.unwrap());
    assert!(store.remove_connection(id).await.unwrap());
    assert!(store.remove_profile(id).await.unwrap());
    assert_eq!(store.checkpoint(id).await.unwrap(), Some(checkpoint("{}", 1, 5)));
}
