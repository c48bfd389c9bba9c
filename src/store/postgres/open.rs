//! The way in: what the URL says, what every session is set to, and a first connection that brings the tables up to
//! date and tells at once when the server cannot be reached.

use std::{str::FromStr as _, time::Duration};

use sqlx::{
    Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::schema;
use crate::store::{Result, StoreError};

/// As long as the file store waits for its lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// Few connections for each of many processes: the server's own limit is a hundred unless it was raised.
const CONNECTIONS: u32 = 4;

/// What every session is set to.
const SETTINGS: [(&str, &str); 3] = [
    ("lock_timeout", "10s"),
    // A process that froze, or whose machine is gone, must not keep a row from all others.
    ("idle_in_transaction_session_timeout", "30s"),
    // A refresh token that was answered must survive a power cut, so a server set to "off" is overruled.
    ("synchronous_commit", "on"),
];

pub(super) async fn pool(url: &str, schema: &str) -> Result<PgPool> {
    let options = options(url, schema)?;
    let name = name(&options);
    let failed = |why: String| {
        StoreError(format!(
            "cannot connect to the database {name}: {why}; check that the server runs, and that the URL names its \
             host, port and database and the right user and password"
        ))
    };
    let first = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await;
    let mut first = first.map_err(|_| failed("no answer".to_owned()))?.map_err(|e| failed(e.to_string()))?;
    schema::migrate(&mut first, schema, &name).await?;
    first.close().await?;
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
    Ok(pool.connect_lazy_with(options))
}

/// The URL itself is never repeated in an error: it holds the password.
fn options(url: &str, schema: &str) -> Result<PgConnectOptions> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(StoreError(
            "the database URL must have the form postgres://user:password@host:port/database".to_owned(),
        ));
    }
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    if schema.is_empty() || schema.len() > 63 || !schema.bytes().all(plain) {
        return Err(StoreError(format!(
            "{schema:?} cannot name a schema; use small letters, digits and underscores, 63 at the most"
        )));
    }
    let options = PgConnectOptions::from_str(url)
        .map_err(|e| StoreError(format!("the database URL cannot be read: {e}; write special characters as %XX")))?;
    Ok(options.application_name("ctct").options(SETTINGS).options([("search_path", format!("\"{schema}\""))]))
}

fn name(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    format!("{database} at {}:{}", options.get_host(), options.get_port())
}

#[cfg(test)]
mod tests {
    use super::options;

    #[test]
    fn a_url_or_schema_that_cannot_be_is_refused_without_the_password() {
        for (url, schema) in [
            ("mysql://u:hidden@h/d", "ctct"),
            ("postgres://u:hidden@h:port/d", "ctct"),
            ("postgres://u:hidden@h/d", ""),
            ("postgres://u:hidden@h/d", "a\"; DROP SCHEMA public"),
            ("postgres://u:hidden@h/d", "Large"),
        ] {
            let refusal = options(url, schema).unwrap_err().0;
            assert!(!refusal.contains("hidden"), "{refusal}");
        }
        assert!(options("postgresql://u:hidden@h/d", "ctct_2").is_ok());
    }
}
