//! Everything at once: dumps and their way into another store, and the change of all sealed values.

use std::sync::Arc;

use constantcontact::store::{Asker, Claim, DAY_MS, Dump, Limits, Priority, Rewrap, Store};

use super::{connection, profile, runs::run, tokens};

/// One of every kind that lies in a store, in every state it can be in.
async fn fill(store: &Arc<dyn Store>) {
    let now = 20_000 * DAY_MS;
    store.put_profile(profile("m-one", b"")).await.unwrap();
    store.put_profile(profile("m-two", b"secret-2")).await.unwrap();
    store.put_connection(&connection("m-plain", 1), &tokens(1, 1)).await.unwrap();
    store.put_connection(&connection("m-noted", 7), &tokens(7, 2)).await.unwrap();
    let lease = store.take_lease("m-noted", "me", now, now).await.unwrap().unwrap();
    store.note_refresh(&lease, "m-noted", 7, Some(now)).await.unwrap();
    let limits = Limits { per_second: 4, per_day: 100, reserve: 0 };
    store.permit("m-ledger", limits, Asker::passing(Priority::Background), now).await.unwrap();
    store.block_ledger("m-ledger", now + 5).await.unwrap();
    assert!(store.put_checkpoint("m-poll", r#"{"after":1}"#, 0, now).await.unwrap());
    assert!(store.put_checkpoint("m-poll", r#"{"after":2}"#, 1, now + 1).await.unwrap());
    for key in ["m-open", "m-done", "m-done-2"] {
        assert_eq!(store.claim("m-plain", key, b"hash", now).await.unwrap(), Claim::Ours);
    }
    store.settle("m-plain", "m-done", b"result-1").await.unwrap();
    store.settle("m-plain", "m-done-2", b"result-2").await.unwrap();
    store.log_runs(&[run("m-2", now + 1), run("m-1", now)]).await.unwrap();
}

pub(super) async fn a_dump_loads_into_an_empty_store_and_is_the_same_there(
    store: Arc<dyn Store>,
    other: Arc<dyn Store>,
) {
    fill(&store).await;
    let dump = store.dump().await.unwrap();
    let noted = dump.connections.iter().find(|(c, _)| c.id == "m-noted").unwrap();
    assert_eq!(noted.1.refresh_intent_ms, Some(20_000 * DAY_MS));
    assert!(dump.profiles.len() >= 2 && !dump.ledgers.is_empty() && dump.kept.len() >= 3);
    assert_eq!(dump.runs.iter().map(|r| r.run_id.as_str()).collect::<Vec<_>>(), ["m-1", "m-2"], "oldest first");
    let poll = dump.checkpoints.iter().find(|(name, _)| name == "m-poll").unwrap();
    assert_eq!((poll.1.version, poll.1.updated_ms), (2, 20_000 * DAY_MS + 1));
    other.load(&dump).await.unwrap();
    assert_eq!(other.dump().await.unwrap(), dump);
    assert!(!other.put_checkpoint("m-poll", "late", 1, 5).await.unwrap(), "the version has moved along");
    let text = serde_json::to_string(&dump).unwrap();
    assert_eq!(serde_json::from_str::<Dump>(&text).unwrap(), dump, "by way of a file");
}

#[test]
fn a_dump_from_before_there_were_checkpoints_is_still_read() {
    let old = r#"{"profiles":[],"connections":[],"ledgers":[],"kept":[],"runs":[]}"#;
    assert_eq!(serde_json::from_str::<Dump>(old).unwrap(), Dump::default());
}

pub(super) async fn a_dump_never_overwrites_accounts(store: Arc<dyn Store>, other: Arc<dyn Store>) {
    let dump = store.dump().await.unwrap();
    let refusal = other.load(&dump).await.unwrap_err().0;
    assert!(refusal.contains("empty"), "{refusal}");
    assert_eq!(other.dump().await.unwrap(), dump);
    // One connection or one profile is enough to be refused.
    for c in other.connections().await.unwrap() {
        assert!(other.remove_connection(&c.id).await.unwrap());
    }
    assert!(other.load(&dump).await.is_err());
    for p in other.profiles().await.unwrap() {
        assert!(other.remove_profile(&p.id).await.unwrap());
    }
    // What no account owns (ledgers, checkpoints, results, the log) may be there, and the dump's word counts.
    assert!(other.put_checkpoint("m-poll", "elsewhere", 2, 5).await.unwrap());
    other.load(&dump).await.unwrap();
    assert_eq!(other.dump().await.unwrap(), dump);
}

pub(super) async fn sealed_values_are_replaced_all_or_none(store: Arc<dyn Store>) {
    let before = store.dump().await.unwrap();
    let secrets = |text: &str| text.as_bytes().to_vec();
    let all = Rewrap {
        profiles: vec![("m-two".to_owned(), secrets("secret-2"), secrets("new-2"))],
        data_keys: vec![("m-noted".to_owned(), tokens(7, 2).data_key, secrets("new key"))],
        kept: vec![("m-plain".to_owned(), "m-done".to_owned(), secrets("result-1"), secrets("new-1"))],
    };
    let mut changed = [all.clone(), all.clone(), all.clone(), all.clone()];
    changed[0].profiles.push(("m-nobody".to_owned(), secrets("x"), secrets("y")));
    changed[1].data_keys[0].1 = secrets("not what it was");
    changed[2].kept[0].2 = secrets("not what it was");
    changed[3].kept.push(("m-plain".to_owned(), "m-open".to_owned(), secrets(""), secrets("y")));
    for changes in &changed {
        assert!(!store.rewrap(changes).await.unwrap());
        assert_eq!(store.dump().await.unwrap(), before);
    }
    assert!(store.rewrap(&Rewrap::default()).await.unwrap());
    assert!(store.rewrap(&all).await.unwrap());
    assert!(!store.rewrap(&all).await.unwrap(), "they are what they were no more");
    let mut expected = before;
    expected.profiles.iter_mut().find(|p| p.id == "m-two").unwrap().secrets = secrets("new-2");
    expected.connections.iter_mut().find(|(c, _)| c.id == "m-noted").unwrap().1.data_key = secrets("new key");
    expected.kept.iter_mut().find(|k| k.key == "m-done").unwrap().result = Some(secrets("new-1"));
    assert_eq!(store.dump().await.unwrap(), expected);
}
