//! The right to refresh: one holder at a time, and no commit by one whose time has passed.

use std::sync::Arc;

use constantcontact::store::{Status, Store};
use tokio::task::JoinSet;

use super::{connection, tokens};

pub(super) async fn a_lease_has_one_holder_until_its_time_has_passed(store: Arc<dyn Store>) {
    let first = store.take_lease("l-time", "first", 100, 200).await.unwrap().unwrap();
    assert_eq!((first.name.as_str(), first.holder.as_str(), first.fence), ("l-time", "first", 1));
    for now in [100, 199] {
        for holder in ["first", "second"] {
            assert_eq!(store.take_lease("l-time", holder, now, 300).await.unwrap(), None, "{holder} at {now}");
        }
    }
    let second = store.take_lease("l-time", "second", 200, 300).await.unwrap().unwrap();
    assert_eq!(second.fence, 2);
    assert_eq!(store.take_lease("l-other", "first", 0, 1).await.unwrap().unwrap().fence, 1);
}

pub(super) async fn of_many_who_come_at_once_one_gets_the_lease(store: Arc<dyn Store>) {
    for round in 0..5_i64 {
        let mut many = JoinSet::new();
        for holder in 0..16 {
            let store = Arc::clone(&store);
            let now = round * 100;
            many.spawn(async move { store.take_lease("l-many", &format!("h{holder}"), now, now + 100).await.unwrap() });
        }
        let got: Vec<_> = many.join_all().await.into_iter().flatten().collect();
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].fence, round + 1);
    }
}

pub(super) async fn only_the_right_holder_gives_a_lease_back(store: Arc<dyn Store>) {
    let first = store.take_lease("l-back", "first", 0, 10).await.unwrap().unwrap();
    let second = store.take_lease("l-back", "second", 10, 100).await.unwrap().unwrap();
    store.drop_lease(&first).await.unwrap();
    assert_eq!(store.take_lease("l-back", "third", 20, 100).await.unwrap(), None);
    store.drop_lease(&second).await.unwrap();
    let third = store.take_lease("l-back", "third", 20, 100).await.unwrap().unwrap();
    assert_eq!(third.fence, 3, "the fence never goes back");
}

pub(super) async fn a_lease_that_is_kept_goes_on_and_one_that_was_taken_does_not(store: Arc<dyn Store>) {
    let first = store.take_lease("l-keep", "first", 0, 10).await.unwrap().unwrap();
    assert!(store.keep_lease(&first, 5, 50).await.unwrap());
    assert_eq!(store.take_lease("l-keep", "second", 20, 100).await.unwrap(), None);
    assert!(store.take_lease("l-keep", "second", 60, 100).await.unwrap().is_some());
    assert!(!store.keep_lease(&first, 60, 500).await.unwrap(), "another has it");
}

pub(super) async fn only_the_holder_of_the_newest_generation_may_send(store: Arc<dyn Store>) {
    let id = "l-late";
    store.put_connection(&connection(id, 1), &tokens(1, 1)).await.unwrap();
    let slow = store.take_lease(id, "slow", 0, 10).await.unwrap().unwrap();
    let quick = store.take_lease(id, "quick", 10, 20).await.unwrap().unwrap();
    assert!(!store.note_refresh(&slow, id, 1, Some(11)).await.unwrap(), "another has taken the lease over");
    assert!(!store.note_refresh(&quick, id, 2, Some(11)).await.unwrap(), "that generation is not there");
    assert!(store.note_refresh(&quick, id, 1, Some(11)).await.unwrap());
    assert!(store.note_refresh(&quick, id, 1, None).await.unwrap());
}

pub(super) async fn a_set_is_committed_once_and_only_after_the_one_before_it(store: Arc<dyn Store>) {
    let id = "l-once";
    store.put_connection(&connection(id, 1), &tokens(1, 1)).await.unwrap();
    assert!(!store.commit_tokens(id, &tokens(4, 66)).await.unwrap(), "the one before is not there");
    assert_eq!(store.tokens(id).await.unwrap().unwrap(), tokens(1, 1));
    assert!(store.commit_tokens(id, &tokens(2, 1)).await.unwrap());
    assert!(!store.commit_tokens(id, &tokens(2, 66)).await.unwrap(), "this generation is there already");
    assert!(!store.commit_tokens("nobody", &tokens(2, 66)).await.unwrap());
    assert_eq!(store.tokens(id).await.unwrap().unwrap(), tokens(2, 1));
    assert_eq!(store.connection(id).await.unwrap().unwrap().generation, 2);
}

pub(super) async fn a_commit_heals_the_connection_and_leaves_its_data_key(store: Arc<dyn Store>) {
    let id = "l-heal";
    store.put_connection(&connection(id, 1), &tokens(1, 1)).await.unwrap();
    store.set_status(id, 1, Status::ReconnectRequired, &["why".to_owned()]).await.unwrap();
    assert!(store.commit_tokens(id, &tokens(2, 9)).await.unwrap());
    let found = store.connection(id).await.unwrap().unwrap();
    assert_eq!((found.status, found.reasons.len()), (Status::Active, 0));
    let kept = store.tokens(id).await.unwrap().unwrap();
    assert_eq!((kept.tokens, kept.data_key), (tokens(2, 9).tokens, tokens(1, 1).data_key));
    store.set_status(id, 2, Status::Revoked, &["taken back".to_owned()]).await.unwrap();
    assert!(store.commit_tokens(id, &tokens(3, 9)).await.unwrap());
    assert_eq!(store.connection(id).await.unwrap().unwrap().status, Status::Revoked);
}
