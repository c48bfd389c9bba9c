//! Where a store is: a file in a folder of this machine, or a database that many machines share. The address of a
//! database may hold a password, so it is shown without anything that could be one.

use std::{fmt, path::PathBuf, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

use super::private_folder;
#[cfg(feature = "postgres")]
use crate::store::PostgresStore;
use crate::{
    budget::store_error,
    config::SecretSource,
    protocol::{ActionError, Code},
    store::{SqliteStore, Store},
};

/// Where a store is.
pub(in crate::hosts::cli) enum Whereabouts {
    /// In this folder.
    Folder(PathBuf),
    /// In the database with this address.
    Database(SecretString),
}

impl Whereabouts {
    /// Reads what a person wrote: a folder, an address, or a reference to where the address is kept.
    pub(in crate::hosts::cli) fn parse(text: &str) -> Result<Self, ActionError> {
        let text = SecretSource::parse(text).resolve("the store's address")?;
        match text.expose_secret().split_once("://").map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql") => Ok(Self::Database(text)),
            Some(_) => Err(unknown()),
            None => Ok(Self::Folder(text.expose_secret().into())),
        }
    }

    /// The same where only a database will do.
    pub(super) fn database(text: &str) -> Result<Self, ActionError> {
        match Self::parse(text)? {
            Self::Folder(_) => Err(unknown()),
            found @ Self::Database(_) => Ok(found),
        }
    }

    /// Opens the store, and makes it where there is none.
    pub(in crate::hosts::cli) async fn open(&self) -> Result<Arc<dyn Store>, ActionError> {
        match self {
            Self::Folder(folder) => {
                private_folder(folder)?;
                Ok(Arc::new(SqliteStore::open(&folder.join("store.sqlite")).await.map_err(store_error)?))
            }
            #[cfg(feature = "postgres")]
            Self::Database(address) => {
                Ok(Arc::new(PostgresStore::connect(address.expose_secret()).await.map_err(store_error)?))
            }
            #[cfg(not(feature = "postgres"))]
            Self::Database(_) => Err(ActionError::new(
                Code::Config,
                format!(
                    "the database {self} needs a build with the feature postgres (cargo build --features postgres)"
                ),
            )),
        }
    }
}

impl fmt::Display for Whereabouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Database(address) => f.write_str(&shown(address.expose_secret())),
        }
    }
}

/// Scheme, host, port and name: user and options stay out, for passwords stand there.
fn shown(address: &str) -> String {
    let Ok(url) = url::Url::parse(address) else { return "the database".to_owned() };
    let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

fn unknown() -> ActionError {
    ActionError::new(
        Code::Config,
        "the database (--database, DATABASE_URL) must be given as postgres://USER:PASSWORD@HOST/NAME, or as where that \
         is kept (env:NAME, file:PATH); leave it out for a store in the data folder",
    )
}

#[cfg(test)]
mod tests {
    use super::Whereabouts;

    #[test]
    fn a_password_in_an_address_is_never_shown() {
        let shown = |text: &str| Whereabouts::parse(text).unwrap().to_string();
        let address = "postgres://owner:hidden-value@db.example.com:5433/ctct?password=hidden-value";
        assert_eq!(shown(address), "postgres://db.example.com:5433/ctct");
        assert!(!shown("postgres://owner:hidden-value@[").contains("hidden-value"));
        assert_eq!(shown("folder"), "folder");
    }

    #[test]
    fn an_address_of_another_kind_is_refused_unseen() {
        let error = Whereabouts::parse("mysql://owner:hidden-value@localhost/ctct").err().unwrap();
        assert!(error.detail.contains("postgres://") && !error.detail.contains("hidden-value"), "{error}");
        assert!(Whereabouts::database("folder").is_err());
    }
}
