//! Results kept for idempotency keys.

use std::sync::Arc;

use constantcontact::store::{Claim, DAY_MS, Store};
use tokio::task::JoinSet;

/// A claim at the time at which most of these happen.
async fn claim(store: &Arc<dyn Store>, connection: &str, key: &str, input: &[u8]) -> Claim {
    store.claim(connection, key, input, 1_000).await.unwrap()
}

pub(super) async fn a_key_is_claimed_once_settled_and_told_again(store: Arc<dyn Store>) {
    assert_eq!(claim(&store, "r-shop", "r-key", b"input").await, Claim::Ours);
    assert_eq!(claim(&store, "r-shop", "r-key", b"input").await, Claim::Open);
    assert_eq!(claim(&store, "r-shop", "r-key", b"another").await, Claim::Mismatch);
    assert_eq!(claim(&store, "r-branch", "r-key", b"another").await, Claim::Ours, "keys belong to a connection");
    store.settle("r-shop", "r-key", b"\x00sealed").await.unwrap();
    assert_eq!(claim(&store, "r-shop", "r-key", b"input").await, Claim::Done(b"\x00sealed".to_vec()));
    assert_eq!(claim(&store, "r-shop", "r-key", b"another").await, Claim::Mismatch);
    assert_eq!(claim(&store, "r-branch", "r-key", b"another").await, Claim::Open);
}

pub(super) async fn a_key_that_was_given_back_is_new_and_a_settled_one_stays(store: Arc<dyn Store>) {
    assert_eq!(claim(&store, "r-shop", "r-back", b"one").await, Claim::Ours);
    store.release("r-shop", "r-back").await.unwrap();
    assert_eq!(claim(&store, "r-shop", "r-back", b"two").await, Claim::Ours);
    store.settle("r-shop", "r-back", b"out").await.unwrap();
    store.release("r-shop", "r-back").await.unwrap();
    assert_eq!(claim(&store, "r-shop", "r-back", b"two").await, Claim::Done(b"out".to_vec()));
    store.settle("r-shop", "r-never", b"out").await.unwrap();
    assert_eq!(claim(&store, "r-shop", "r-never", b"x").await, Claim::Ours);
}

pub(super) async fn of_many_who_claim_at_once_one_may_go_on(store: Arc<dyn Store>) {
    // The second round meets a claim that is too old, which all of them want to forget.
    for now in [2_000, 2_001 + DAY_MS] {
        let mut many = JoinSet::new();
        for _ in 0..16 {
            let store = Arc::clone(&store);
            many.spawn(async move { store.claim("r-shop", "r-many", b"input", now).await.unwrap() });
        }
        let claims = many.join_all().await;
        assert_eq!(claims.iter().filter(|c| **c == Claim::Ours).count(), 1, "{claims:?}");
        assert_eq!(claims.iter().filter(|c| **c == Claim::Open).count(), 15, "{claims:?}");
    }
}

pub(super) async fn a_claim_is_forgotten_after_a_day(store: Arc<dyn Store>) {
    let began = 10 * DAY_MS;
    assert_eq!(store.claim("r-shop", "r-old", b"one", began).await.unwrap(), Claim::Ours);
    store.settle("r-shop", "r-old", b"out").await.unwrap();
    let day_later = began + DAY_MS;
    assert_eq!(store.claim("r-shop", "r-old", b"one", day_later).await.unwrap(), Claim::Done(b"out".to_vec()));
    assert_eq!(store.claim("r-shop", "r-old", b"two", day_later + 1).await.unwrap(), Claim::Ours);
    assert_eq!(store.claim("r-shop", "r-old", b"two", day_later + 2).await.unwrap(), Claim::Open);
    let kept = store.dump().await.unwrap().kept;
    assert!(kept.iter().all(|k| k.at_ms >= began), "what is older lies there no more: {kept:?}");
}
