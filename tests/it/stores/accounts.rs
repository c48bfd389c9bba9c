//! Profiles, connections and what is known of their tokens.

use std::sync::Arc;

use constantcontact::store::{Status, Store};

use super::{connection, profile, tokens};

pub(super) async fn profiles_are_written_replaced_listed_by_name_and_removed(store: Arc<dyn Store>) {
    store.put_profile(profile("p-two", b"sealed")).await.unwrap();
    store.put_profile(profile("p-one", b"")).await.unwrap();
    store.put_profile(profile("p-two", b"\x00new\xff")).await.unwrap();
    assert_eq!(store.profiles().await.unwrap(), [profile("p-one", b""), profile("p-two", b"\x00new\xff")]);
    assert!(store.remove_profile("p-one").await.unwrap());
    assert!(!store.remove_profile("p-one").await.unwrap());
    assert_eq!(store.profiles().await.unwrap().len(), 1);
}

pub(super) async fn a_connection_comes_back_as_it_was(store: Arc<dyn Store>) {
    let id = "café ☕ 'quoted\"";
    store.put_connection(&connection(id, 1), &tokens(1, 7)).await.unwrap();
    assert_eq!(store.connection(id).await.unwrap().unwrap(), connection(id, 1));
    assert_eq!(store.tokens(id).await.unwrap().unwrap(), tokens(1, 7));
    store.put_connection(&connection(id, 4), &tokens(4, 8)).await.unwrap();
    assert_eq!(store.connections().await.unwrap(), [connection(id, 4)], "reconnecting keeps the name");
    assert_eq!(store.tokens(id).await.unwrap().unwrap(), tokens(4, 8));
    assert!(store.remove_connection(id).await.unwrap());
    assert!(!store.remove_connection(id).await.unwrap());
    assert_eq!(store.connection(id).await.unwrap(), None);
    assert_eq!(store.tokens(id).await.unwrap(), None);
}

pub(super) async fn names_are_sorted_by_their_bytes(store: Arc<dyn Store>) {
    let names = ["B", "a", "a-b", "aB", "b", "é"];
    for name in names.iter().rev() {
        store.put_connection(&connection(name, 1), &tokens(1, 1)).await.unwrap();
    }
    let found: Vec<_> = store.connections().await.unwrap().into_iter().map(|c| c.id).collect();
    assert_eq!(found, names);
    for name in names {
        assert!(store.remove_connection(name).await.unwrap());
    }
}

pub(super) async fn a_status_is_set_only_for_the_generation_it_was_found_in(store: Arc<dyn Store>) {
    let id = "status";
    store.put_connection(&connection(id, 3), &tokens(3, 1)).await.unwrap();
    let reasons = ["the service said no".to_owned()];
    store.set_status(id, 2, Status::ReconnectRequired, &reasons).await.unwrap();
    assert_eq!(store.connection(id).await.unwrap().unwrap(), connection(id, 3));
    store.set_status(id, 3, Status::ReconnectRequired, &reasons).await.unwrap();
    let found = store.connection(id).await.unwrap().unwrap();
    assert_eq!((found.status, found.reasons.as_slice()), (Status::ReconnectRequired, &reasons[..]));
    for status in [Status::Active, Status::Expiring, Status::Revoked] {
        store.set_status(id, 3, status, &[]).await.unwrap();
        let found = store.connection(id).await.unwrap().unwrap();
        assert_eq!((found.status, found.reasons.len()), (status, 0));
    }
    store.set_status("nobody", 1, Status::Active, &[]).await.unwrap();
    assert_eq!(store.connection("nobody").await.unwrap(), None);
}

pub(super) async fn a_noted_refresh_stays_until_new_tokens_come(store: Arc<dyn Store>) {
    let id = "noted";
    let intent = async || store.tokens(id).await.unwrap().unwrap().refresh_intent_ms;
    store.put_connection(&connection(id, 1), &tokens(1, 1)).await.unwrap();
    let lease = store.take_lease(id, "me", 0, 10).await.unwrap().unwrap();
    store.note_refresh(&lease, id, 2, Some(5)).await.unwrap();
    assert_eq!(intent().await, None, "another generation's");
    store.note_refresh(&lease, id, 1, Some(6)).await.unwrap();
    assert_eq!(intent().await, Some(6));
    assert!(store.commit_tokens(id, &tokens(2, 2)).await.unwrap());
    assert_eq!(intent().await, None, "after a refresh");
    store.note_refresh(&lease, id, 2, Some(7)).await.unwrap();
    store.put_connection(&connection(id, 3), &tokens(3, 3)).await.unwrap();
    assert_eq!(intent().await, None, "after reconnecting");
}
