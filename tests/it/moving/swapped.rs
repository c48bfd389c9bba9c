//! Sealed values are bound to their row: what was put into another one does not open there, on no way.

use constantcontact::{
    auth::TokenSet,
    clock::{Clock, SystemClock},
    protocol::Code,
    store::{Dump, moving::rotate},
};
use secrecy::SecretString;

use super::{empty, new_key, run};
use crate::support::{Bench, CONNECTION, profile};

/// A bench with two connections and two profiles, and what lies in its store.
async fn two_of_each() -> (Bench, Dump) {
    let bench = Bench::new().await;
    let mut other = bench.store.connection(CONNECTION).await.unwrap().unwrap();
    "another".clone_into(&mut other.id);
    let now = SystemClock.now_ms();
    let tokens = TokenSet {
        access_token: SecretString::from(bench.sandbox.ready().access_token.clone()),
        refresh_token: None,
        expires_ms: now + 86_400_000,
        issued_ms: now,
        scopes: None,
        api_key: None,
    };
    bench.connector.keeper().adopt(&other, &tokens).await.unwrap();
    let mut second = profile(&bench.sandbox, false);
    "second".clone_into(&mut second.id);
    bench.connector.profiles().put(second).await.unwrap();
    let dump = bench.store.dump().await.unwrap();
    assert_eq!((dump.connections.len(), dump.profiles.len()), (2, 2));
    (bench, dump)
}

/// What has become of a dump, in a store of its own: it must not open.
async fn does_not_open(bench: &Bench, dump: &Dump) {
    let store = empty().await;
    store.load(dump).await.unwrap();
    let before = bench.arrived().await.len();
    let error = run(&store, &bench.key).await.unwrap_err();
    assert_eq!(error.code, Code::Store, "{error:?}");
    assert_eq!(bench.arrived().await.len(), before, "no call is made with another's token");
}

#[tokio::test]
async fn tokens_of_another_connection_do_not_open() {
    let (bench, dump) = two_of_each().await;
    let swap = |both: bool| {
        let mut dump = dump.clone();
        let [(_, one), (_, other)] = &mut dump.connections[..] else { panic!("two") };
        std::mem::swap(&mut one.tokens, &mut other.tokens);
        if both {
            std::mem::swap(&mut one.data_key, &mut other.data_key);
        }
        dump
    };
    does_not_open(&bench, &swap(false)).await;
    does_not_open(&bench, &swap(true)).await;
}

#[tokio::test]
async fn an_earlier_set_of_the_same_connection_does_not_open() {
    let (bench, mut dump) = two_of_each().await;
    for (connection, tokens) in &mut dump.connections {
        connection.generation += 1;
        tokens.generation += 1;
    }
    does_not_open(&bench, &dump).await;
}

#[tokio::test]
async fn secrets_of_another_profile_do_not_open() {
    let (bench, mut dump) = two_of_each().await;
    let [one, other] = &mut dump.profiles[..] else { panic!("two") };
    std::mem::swap(&mut one.secrets, &mut other.secrets);
    let store = empty().await;
    store.load(&dump).await.unwrap();
    let connector = constantcontact::Connector::builder(store, bench.key.clone()).build();
    assert_eq!(connector.profiles().get("app").await.unwrap_err().code, Code::Store);
}

#[tokio::test]
async fn a_rotation_seals_nothing_that_does_not_belong_where_it_lies() {
    let (bench, mut dump) = two_of_each().await;
    let [(_, one), (_, other)] = &mut dump.connections[..] else { panic!("two") };
    std::mem::swap(&mut one.data_key, &mut other.data_key);
    let store = empty().await;
    store.load(&dump).await.unwrap();
    assert!(rotate(store.as_ref(), &SystemClock, &bench.key, &new_key()).await.is_err());
    assert_eq!(store.dump().await.unwrap(), dump, "nothing was changed");
}
