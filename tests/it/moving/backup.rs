//! Backups and their return, and the move to another store.

use constantcontact::{
    clock::SystemClock,
    store::{
        Dump,
        moving::{Restored, backup, copy, copy_with_key, restore},
    },
};
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::{empty, filled, new_key, run};

/// The document in a backup.
fn document(bytes: &[u8]) -> Value {
    serde_json::from_str(std::str::from_utf8(bytes).unwrap().lines().next().unwrap()).unwrap()
}

/// It must be refused with these words, and the store stays empty.
async fn refused(bytes: &[u8], key: &constantcontact::store::vault::Key, words: &str) {
    let store = empty().await;
    let error = restore(store.as_ref(), &SystemClock, bytes, key).await.unwrap_err();
    assert!(error.0.contains(words), "{words}: {error}");
    assert_eq!(store.dump().await.unwrap(), Dump::default());
}

#[tokio::test]
async fn a_backup_brings_everything_back_in_another_store() {
    let bench = filled().await;
    let bytes = backup(bench.store.as_ref(), None).await.unwrap();
    let store = empty().await;
    let done = restore(store.as_ref(), &SystemClock, &bytes, &bench.key).await.unwrap();
    assert_eq!(done, Restored { profiles: 1, connections: 1, unreadable: 0 });
    assert_eq!(store.dump().await.unwrap(), bench.store.dump().await.unwrap());
    run(&store, &bench.key).await.unwrap();
}

#[tokio::test]
async fn a_backup_holds_nothing_in_the_clear_and_the_key_only_on_request() {
    let bench = filled().await;
    let ready = bench.sandbox.ready().clone();
    for key in [None, Some(&bench.key)] {
        let bytes = backup(bench.store.as_ref(), key).await.unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        for secret in [&ready.access_token, &ready.refresh_token, &ready.client_secret] {
            assert!(!text.contains(secret.as_str()));
        }
        let document = document(&bytes);
        assert_eq!(document["key"].is_string(), key.is_some());
        assert_eq!(document["note"].as_str().unwrap().starts_with("THIS FILE HOLDS THE KEY"), key.is_some());
        assert!(document["store"]["profiles"][0]["secrets"].is_string(), "bytes are written as Base64");
        assert!(document["store"]["connections"][0][1]["tokens"].is_string());
    }
}

#[tokio::test]
async fn a_backup_with_its_key_opens_with_the_key_of_the_store_it_goes_to() {
    let bench = filled().await;
    let bytes = backup(bench.store.as_ref(), Some(&bench.key)).await.unwrap();
    let (store, own) = (empty().await, new_key());
    let done = restore(store.as_ref(), &SystemClock, &bytes, &own).await.unwrap();
    assert_eq!(done.unreadable, 0);
    run(&store, &own).await.unwrap();
    assert!(run(&store, &bench.key).await.is_err());
}

#[tokio::test]
async fn a_wrong_key_is_refused_before_anything_is_written() {
    let bench = filled().await;
    let bytes = backup(bench.store.as_ref(), None).await.unwrap();
    refused(&bytes, &new_key(), "does not open the backup").await;
}

#[tokio::test]
async fn a_backup_never_overwrites_accounts() {
    let bench = filled().await;
    let bytes = backup(bench.store.as_ref(), None).await.unwrap();
    let before = bench.store.dump().await.unwrap();
    assert!(restore(bench.store.as_ref(), &SystemClock, &bytes, &bench.key).await.is_err());
    assert_eq!(bench.store.dump().await.unwrap(), before);
}

#[tokio::test]
async fn a_file_that_was_cut_off_or_changed_is_refused() {
    let bench = filled().await;
    let bytes = backup(bench.store.as_ref(), None).await.unwrap();
    // Of the last byte, a line's end, nothing depends.
    let ends = (40..bytes.len() - 90).step_by(211).chain(bytes.len() - 90..bytes.len() - 1);
    for end in ends {
        refused(&bytes[..end], &bench.key, "cut off or changed").await;
    }
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    refused(&changed, &bench.key, "cut off or changed").await;
}

#[tokio::test]
async fn a_foreign_file_and_a_newer_one_are_told_apart() {
    let bench = filled().await;
    for foreign in [&b""[..], b"{}", b"SQLite format 3\0", br#"{"format":"other","version":1}"#] {
        refused(foreign, &bench.key, "not a backup").await;
    }
    let newer = br#"{"format":"ctct-store-backup","version":99,"store":"unknown"}"#;
    let sum = digest(&SHA256, newer).as_ref().iter().fold(String::new(), |sum, byte| sum + &format!("{byte:02x}"));
    let newer = [&newer[..], b"\nsha256 ", sum.as_bytes(), b"\n"].concat();
    refused(&newer, &bench.key, "version 99").await;
}

#[tokio::test]
async fn a_copy_is_the_same_and_may_have_a_key_of_its_own() {
    let bench = filled().await;
    let (same, sealed_anew, own) = (empty().await, empty().await, new_key());
    copy(bench.store.as_ref(), same.as_ref()).await.unwrap();
    assert_eq!(same.dump().await.unwrap(), bench.store.dump().await.unwrap());
    run(&same, &bench.key).await.unwrap();
    copy_with_key(bench.store.as_ref(), sealed_anew.as_ref(), &SystemClock, &bench.key, &own).await.unwrap();
    run(&sealed_anew, &own).await.unwrap();
    assert!(run(&sealed_anew, &bench.key).await.is_err());
    assert!(copy(bench.store.as_ref(), same.as_ref()).await.is_err(), "it holds something already");
}
