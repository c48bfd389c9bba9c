//! The suite on `PostgreSQL`, and how such a store opens: in schemas of its own, made here and dropped at the end.

use std::{env, io::Write as _, sync::Arc};

use constantcontact::{
    clock::{Clock, SystemClock},
    store::{Asker, Grant, Limits, PostgresStore, Priority, Store},
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

#[tokio::test]
async fn postgresql_keeps_every_promise_of_a_store() {
    let Some(url) = env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty()) else {
        // Past the capture of the test's output: who runs the tests must see it.
        let _ = writeln!(std::io::stderr(), "skipped: no store in PostgreSQL was tested; set TEST_DATABASE_URL");
        return;
    };
    let schemas: Vec<String> = (0..4).map(|_| format!("ctct_test_{}", uuid::Uuid::new_v4().simple())).collect();
    let outcome = tokio::spawn(all(url.clone(), schemas.clone())).await;
    for schema in &schemas {
        sql(&url, &format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await;
    }
    outcome.unwrap();
}

async fn all(url: String, schemas: Vec<String>) {
    let store = open(&url, &schemas[0]).await;
    let other = open(&url, &schemas[1]).await;
    super::suite(store, other).await;
    machines_whose_clocks_differ_share_one_line(&url, &schemas[0]).await;
    a_machine_whose_clock_is_ahead_takes_no_lease_from_its_holder(&url, &schemas[0]).await;
    processes_that_open_a_new_store_together_all_get_it(&url, &schemas[2]).await;
    a_schema_from_before_there_were_checkpoints_is_brought_up_to_date(&url, &schemas[2]).await;
    a_store_opens_only_what_is_its_own(&url, &schemas[2], &schemas[3]).await;
}

async fn open(url: &str, schema: &str) -> Arc<dyn Store> {
    Arc::new(PostgresStore::connect_in(url, schema).await.unwrap())
}

async fn sql(url: &str, text: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(text.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}

async fn refusal(url: &str, schema: &str) -> String {
    PostgresStore::connect_in(url, schema).await.unwrap_err().0
}

async fn processes_that_open_a_new_store_together_all_get_it(url: &str, schema: &str) {
    let mut many = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (url, schema) = (url.to_owned(), schema.to_owned());
        many.spawn(async move { open(&url, &schema).await.profiles().await.unwrap().len() });
    }
    assert_eq!(many.join_all().await, [0; 6]);
}

async fn a_schema_from_before_there_were_checkpoints_is_brought_up_to_date(url: &str, schema: &str) {
    sql(url, &format!("DROP TABLE {schema}.checkpoints; DELETE FROM {schema}.store_steps WHERE step > 1")).await;
    // The second opening finds every step taken.
    for after in [0, 1] {
        assert!(open(url, schema).await.put_checkpoint("poll", "{}", after, 5).await.unwrap());
    }
}

async fn machines_whose_clocks_differ_share_one_line(url: &str, schema: &str) {
    let store = open(url, schema).await;
    let limits = Limits { per_second: 4, per_day: 0, reserve: 0 };
    let ask = async |now| store.permit("b-clocks", limits, Asker::passing(Priority::Action), now).await.unwrap();
    for _ in 0..4 {
        let ahead = ask(SystemClock.now_ms() + 60_000).await;
        assert!(matches!(ahead, Grant::Now { .. }), "{ahead:?}");
    }
    let behind = SystemClock.now_ms() - 60_000;
    match ask(behind).await {
        Grant::Later { at_ms, .. } => assert!((1..2_000).contains(&(at_ms - behind)), "{}", at_ms - behind),
        other => panic!("{other:?}"),
    }
}

async fn a_machine_whose_clock_is_ahead_takes_no_lease_from_its_holder(url: &str, schema: &str) {
    let store = open(url, schema).await;
    let now = SystemClock.now_ms();
    let ahead = now + 60_000;
    let lease = store.take_lease("l-clocks", "holder", now, now + 10_000).await.unwrap().unwrap();
    assert_eq!(store.take_lease("l-clocks", "ahead", ahead, ahead + 10_000).await.unwrap(), None);
    assert!(store.keep_lease(&lease, now - 60_000, now - 50_000).await.unwrap());
    assert_eq!(store.take_lease("l-clocks", "ahead", ahead, ahead + 10_000).await.unwrap(), None);
}

async fn a_store_opens_only_what_is_its_own(url: &str, schema: &str, foreign: &str) {
    sql(url, &format!("INSERT INTO {schema}.store_steps (step) VALUES (99)")).await;
    let newer = refusal(url, schema).await;
    assert!(newer.contains("newer version (store version 99"), "{newer}");

    sql(url, &format!("CREATE SCHEMA {foreign}")).await;
    sql(url, &format!("CREATE TABLE {foreign}.profiles (theirs TEXT)")).await;
    let theirs = refusal(url, foreign).await;
    assert!(theirs.contains("another program"), "{theirs}");

    assert!(refusal(url, "no; such").await.contains("cannot name a schema"));
    assert!(refusal("sqlite://store", schema).await.contains("postgres://"));
    let nobody = refusal("postgres://someone:hidden@127.0.0.1:1/none", schema).await;
    assert!(nobody.contains("cannot connect") && !nobody.contains("hidden"), "{nobody}");
}
