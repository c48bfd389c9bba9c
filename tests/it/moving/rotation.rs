//! Another master key, while others work.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use constantcontact::{
    Connector,
    clock::{Clock, SystemClock},
    protocol::Code,
    store::{
        SqliteStore, Store, StoredProfile,
        moving::{opened, rotate},
        vault::{Key, profile_place},
    },
};
use serde_json::json;

use super::{filled, keyed, new_key, run};
use crate::support::{Bench, CONNECTION, nothing, profile, request};

const TOKEN: &str = "/oauth2/default/v1/token";

#[tokio::test]
async fn a_refresh_that_goes_on_beside_a_rotation_is_not_lost() {
    let bench = Bench::new().await;
    let ready = bench.sandbox.ready().clone();
    bench.adopt(&ready.access_token, Some(&ready.refresh_token), -1).await;
    bench.faults(json!({ "kind": "slow", "path": TOKEN, "delay_ms": 500 })).await;
    let connector = bench.connector.clone();
    let call = tokio::spawn(async move { connector.invoke(request("get_user_privileges", nothing())).await });
    while bench.store.tokens(CONNECTION).await.unwrap().unwrap().refresh_intent_ms.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let new = new_key();
    assert_eq!(rotate(bench.store.as_ref(), &SystemClock, &bench.key, &new).await.unwrap(), 2);
    assert_eq!(bench.store.connection(CONNECTION).await.unwrap().unwrap().generation, 2, "the refresh was under way");
    call.await.unwrap().unwrap();
    assert_eq!(bench.store.connection(CONNECTION).await.unwrap().unwrap().generation, 3);
    run(&bench.store, &new).await.unwrap();
    assert_eq!(bench.count("POST", TOKEN).await, 1, "the refreshed tokens open with the new key");
}

#[tokio::test]
async fn after_a_rotation_only_the_new_key_opens_the_store() {
    let bench = filled().await;
    let new = new_key();
    assert_eq!(rotate(bench.store.as_ref(), &SystemClock, &bench.key, &new).await.unwrap(), 3);
    let dump = bench.store.dump().await.unwrap();
    assert_eq!((opened(&dump, &bench.key), opened(&dump, &new)), ((0, 3), (3, 3)));
    let error = run(&bench.store, &bench.key).await.unwrap_err();
    assert_eq!(error.code, Code::Store);
    assert!(error.detail.contains("bring back the key"), "{}", error.detail);
    let connector = Connector::builder(Arc::clone(&bench.store), new).build();
    assert!(connector.invoke(keyed()).await.unwrap().meta.replayed, "kept results are still known");
    assert_eq!(bench.count("POST", "/v3/contact_lists").await, 1);
}

#[tokio::test]
async fn a_rotation_that_is_done_again_takes_up_what_was_sealed_meanwhile() {
    let bench = filled().await;
    let new = new_key();
    let again = || rotate(bench.store.as_ref(), &SystemClock, &bench.key, &new);
    assert_eq!(again().await.unwrap(), 3);
    assert_eq!(again().await.unwrap(), 0);
    // A program that was started before the rotation knows the old key only.
    bench.connector.profiles().put(profile(&bench.sandbox, false)).await.unwrap();
    assert_eq!(again().await.unwrap(), 1);
    run(&bench.store, &new).await.unwrap();
}

#[tokio::test]
async fn a_rotation_with_a_wrong_old_key_changes_nothing() {
    let bench = filled().await;
    let before = bench.store.dump().await.unwrap();
    let error = rotate(bench.store.as_ref(), &SystemClock, &new_key(), &new_key()).await.unwrap_err();
    assert!(error.0.contains("another key"), "{error}");
    assert_eq!(bench.store.dump().await.unwrap(), before);
}

/// A clock whose randomness is asked for between the reading and the writing of a rotation; another process then
/// writes a profile.
#[derive(Debug)]
struct Meddler {
    file: PathBuf,
    key: Key,
    times: AtomicU32,
}

impl Meddler {
    async fn meddle(&self) {
        let secrets = self.key.seal(&SystemClock, &profile_place("app"), b"{}").unwrap();
        let profile = StoredProfile { id: "app".to_owned(), body: "{}".to_owned(), secrets };
        SqliteStore::open(&self.file).await.unwrap().put_profile(profile).await.unwrap();
    }
}

#[async_trait]
impl Clock for Meddler {
    fn now(&self) -> jiff::Timestamp {
        SystemClock.now()
    }

    async fn sleep(&self, _: Duration) {}

    fn random(&self, bytes: &mut [u8]) {
        SystemClock.random(bytes);
        let left = self.times.load(Ordering::SeqCst);
        if left == 0 {
            return;
        }
        self.times.store(left - 1, Ordering::SeqCst);
        let other_process = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(self.meddle());
        };
        std::thread::scope(|scope| scope.spawn(other_process).join().unwrap());
    }
}

#[tokio::test]
async fn a_store_that_changes_is_read_again_and_left_whole_when_it_never_stops() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.sqlite");
    let store = SqliteStore::open(&file).await.unwrap();
    let (old, new) = (new_key(), new_key());
    let meddler = |times| Meddler { file: file.clone(), key: old.clone(), times: AtomicU32::new(times) };
    meddler(0).meddle().await;
    let error = rotate(&store, &meddler(1_000), &old, &new).await.unwrap_err();
    assert!(error.0.contains("kept changing"), "{error}");
    assert_eq!(opened(&store.dump().await.unwrap(), &old), (1, 1));
    assert_eq!(rotate(&store, &meddler(3), &old, &new).await.unwrap(), 1);
    assert_eq!(opened(&store.dump().await.unwrap(), &new), (1, 1));
}
