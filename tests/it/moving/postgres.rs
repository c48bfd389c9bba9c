//! The move from a file to a server, and back.

use std::sync::Arc;

use constantcontact::store::{PostgresStore, Store, moving::copy};

use super::{empty, filled, run};

#[tokio::test]
async fn a_store_moves_to_postgresql_and_back() {
    let Ok(url) = std::env::var("TEST_DATABASE_URL") else {
        return eprintln!("skipped: the move to PostgreSQL needs TEST_DATABASE_URL");
    };
    let schema = format!("moving_{}", uuid::Uuid::new_v4().simple());
    let bench = filled().await;
    let server: Arc<dyn Store> = Arc::new(PostgresStore::connect_in(&url, &schema).await.unwrap());
    copy(bench.store.as_ref(), server.as_ref()).await.unwrap();
    let back = empty().await;
    copy(server.as_ref(), back.as_ref()).await.unwrap();
    assert_eq!(back.dump().await.unwrap(), bench.store.dump().await.unwrap());
    run(&server, &bench.key).await.unwrap();
    drop(server);
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).execute(&pool).await.unwrap();
}
