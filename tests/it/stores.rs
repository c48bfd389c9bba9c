//! One suite for every store: what the trait promises holds in each of them alike.

mod accounts;
mod budget;
mod checkpoints;
mod leases;
mod moving;
#[cfg(feature = "postgres")]
mod postgres;
mod results;
mod runs;

use std::sync::Arc;

use constantcontact::store::{Connection, SealedTokens, SqliteStore, Status, Store, StoredProfile};

/// Every promise of the trait, on `store`; what moves goes into `other`, which is empty.
async fn suite(store: Arc<dyn Store>, other: Arc<dyn Store>) {
    let fresh = || Arc::clone(&store);
    accounts::profiles_are_written_replaced_listed_by_name_and_removed(fresh()).await;
    accounts::a_connection_comes_back_as_it_was(fresh()).await;
    accounts::names_are_sorted_by_their_bytes(fresh()).await;
    accounts::a_status_is_set_only_for_the_generation_it_was_found_in(fresh()).await;
    accounts::a_noted_refresh_stays_until_new_tokens_come(fresh()).await;
    leases::a_lease_has_one_holder_until_its_time_has_passed(fresh()).await;
    leases::of_many_who_come_at_once_one_gets_the_lease(fresh()).await;
    leases::a_lease_that_is_kept_goes_on_and_one_that_was_taken_does_not(fresh()).await;
    leases::only_the_right_holder_gives_a_lease_back(fresh()).await;
    leases::only_the_holder_of_the_newest_generation_may_send(fresh()).await;
    leases::a_set_is_committed_once_and_only_after_the_one_before_it(fresh()).await;
    leases::a_commit_heals_the_connection_and_leaves_its_data_key(fresh()).await;
    budget::no_second_ever_holds_more_than_four(fresh()).await;
    budget::of_many_who_ask_at_once_four_may_go(fresh()).await;
    budget::a_day_ends_and_begins_again(fresh()).await;
    budget::a_block_holds_all_back_and_is_never_shortened(fresh()).await;
    checkpoints::a_checkpoint_is_written_and_read_back(fresh()).await;
    checkpoints::a_checkpoint_goes_on_only_from_the_version_that_was_read(fresh()).await;
    checkpoints::of_many_who_go_on_at_once_one_wins(fresh()).await;
    checkpoints::a_checkpoint_is_removed_with_nothing_else(fresh()).await;
    results::a_key_is_claimed_once_settled_and_told_again(fresh()).await;
    results::a_key_that_was_given_back_is_new_and_a_settled_one_stays(fresh()).await;
    results::of_many_who_claim_at_once_one_may_go_on(fresh()).await;
    results::a_claim_is_forgotten_after_a_day(fresh()).await;
    runs::the_log_shows_the_newest_first_and_forgets_after_thirty_days(fresh()).await;
    moving::a_dump_loads_into_an_empty_store_and_is_the_same_there(fresh(), Arc::clone(&other)).await;
    moving::a_dump_never_overwrites_accounts(fresh(), other).await;
    moving::sealed_values_are_replaced_all_or_none(store).await;
}

#[tokio::test]
async fn sqlite_keeps_every_promise_of_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.sqlite")).await.unwrap();
    suite(Arc::new(store), Arc::new(SqliteStore::in_memory().await.unwrap())).await;
}

#[tokio::test]
async fn a_file_from_before_there_were_checkpoints_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.sqlite");
    SqliteStore::open(&file).await.unwrap().put_profile(profile("kept", b"sealed")).await.unwrap();
    let pool = sqlx::SqlitePool::connect_with(sqlx::sqlite::SqliteConnectOptions::new().filename(&file)).await.unwrap();
    sqlx::raw_sql("DROP TABLE checkpoints; PRAGMA user_version = 1").execute(&pool).await.unwrap();
    pool.close().await;
    // The second opening finds every step taken.
    for after in [0, 1] {
        let store = SqliteStore::open(&file).await.unwrap();
        assert!(store.put_checkpoint("poll", "{}", after, 5).await.unwrap());
        assert_eq!(store.profiles().await.unwrap(), [profile("kept", b"sealed")]);
    }
}

/// A connection with every field filled.
fn connection(id: &str, generation: i64) -> Connection {
    Connection {
        id: id.to_owned(),
        profile: Some("app".to_owned()),
        account: Some("anna.müller@example.com".to_owned()),
        scopes: Some(vec!["contact_data".to_owned(), "offline_access".to_owned()]),
        status: Status::Active,
        reasons: vec!["it said \"hello\" 👋".to_owned()],
        ledger: format!("{id}-ledger"),
        api_base: Some("http://127.0.0.1:1/v3".to_owned()),
        partner: true,
        per_second: Some(10),
        per_day: Some(250_000),
        generation,
        created_ms: 1_800_000_000_000,
    }
}

/// Tokens of that generation, with bytes that no text could hold.
fn tokens(generation: i64, mark: u8) -> SealedTokens {
    let data_key = vec![0, 0xff, 0x5c, mark];
    SealedTokens { data_key, tokens: vec![mark, 0, 0xfe], generation, refresh_intent_ms: None }
}

fn profile(id: &str, secrets: &[u8]) -> StoredProfile {
    StoredProfile { id: id.to_owned(), body: format!(r#"{{"id":"{id}"}}"#), secrets: secrets.to_vec() }
}
