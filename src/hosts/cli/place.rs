//! Where things are: the store, the key, the profiles file; and the connector opened on them.

mod whereabouts;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::ExposeSecret;

use super::args::Cli;
use crate::{
    Connector,
    budget::store_error,
    clock::SystemClock,
    config::{SecretSource, read_profiles},
    protocol::{ActionError, Code},
    store::{Store, moving::opened, vault::Key},
    transport::{HttpClient, HttpSettings},
};

pub(super) use whereabouts::Whereabouts;

/// Where this run of the program keeps and finds its things.
pub(super) struct Place {
    data_dir: Option<PathBuf>,
    config: Option<PathBuf>,
    key: Option<String>,
    database: Option<String>,
    http: HttpSettings,
}

impl Place {
    pub(super) fn new(cli: &Cli) -> Self {
        Self {
            data_dir: cli.data_dir.clone(),
            config: cli.config.clone(),
            key: cli.key.clone(),
            database: cli.database.clone().filter(|d| !d.is_empty()),
            http: HttpSettings { ca_file: cli.ca_file.clone() },
        }
    }

    /// Opens the store and everything on it.
    pub(super) async fn connector(&self) -> Result<Connector, ActionError> {
        let (store, key) = self.store_and_key().await?;
        let transport = Arc::new(HttpClient::new(self.http.clone()));
        let builder = Connector::builder(store, key).transport(transport).profiles(self.profiles()?);
        Ok(builder.observer(super::run::sent_watch()).build())
    }

    /// The store, and the key that opens it.
    pub(super) async fn store_and_key(&self) -> Result<(Arc<dyn Store>, Key), ActionError> {
        let (key, next) = self.keys()?;
        let store = self.store().await?;
        let key = match next {
            Some(next) => that_opens(store.as_ref(), key, next).await?,
            None => key,
        };
        Ok((store, key))
    }

    /// The store, for what needs no key.
    pub(super) async fn store(&self) -> Result<Arc<dyn Store>, ActionError> {
        self.whereabouts()?.open().await
    }

    /// The file of the key, unless it is kept elsewhere.
    pub(super) fn key_file(&self) -> Result<PathBuf, ActionError> {
        let folder = self.data_folder()?;
        private_folder(&folder)?;
        Ok(folder.join("key"))
    }

    /// Where the key is kept, if not in its file.
    pub(super) fn key_reference(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The key, and the one that an unfinished rotation left beside it. That one is read first: should it take its
    /// place just now, both are the new one.
    fn keys(&self) -> Result<(Key, Option<Key>), ActionError> {
        if let Some(reference) = &self.key {
            return Ok((key_of(reference)?, None));
        }
        let file = self.key_file()?;
        let next = Key::next_to_file(&file).map_err(store_error)?;
        Ok((Key::from_file(&file, &SystemClock).map_err(store_error)?, next))
    }

    fn whereabouts(&self) -> Result<Whereabouts, ActionError> {
        match &self.database {
            Some(text) => Whereabouts::database(text),
            None => Ok(Whereabouts::Folder(self.data_folder()?)),
        }
    }

    fn data_folder(&self) -> Result<PathBuf, ActionError> {
        if let Some(folder) = &self.data_dir {
            return Ok(folder.clone());
        }
        base("XDG_DATA_HOME", ".local/share").map(|b| b.join("constantcontact")).ok_or_else(|| {
            ActionError::new(
                Code::Config,
                "no folder for the store: HOME is not set; name one with --data-dir or CTCT_HOME",
            )
        })
    }

    fn profiles(&self) -> Result<Vec<crate::config::Profile>, ActionError> {
        match &self.config {
            Some(path) => read_profiles(path, true),
            None => match base("XDG_CONFIG_HOME", ".config") {
                Some(folder) => read_profiles(&folder.join("constantcontact/ctct.toml"), false),
                None => Ok(Vec::new()),
            },
        }
    }
}

/// The key that a reference leads to.
pub(super) fn key_of(reference: &str) -> Result<Key, ActionError> {
    let source = SecretSource::parse(reference);
    if source.reference().is_none() {
        return Err(ActionError::new(Code::Config, "the key must be a reference: env:NAME, file:PATH or keyring:NAME"));
    }
    let text = source.resolve("the store's key")?;
    Key::from_hex(text.expose_secret())
        .ok_or_else(|| ActionError::new(Code::Config, format!("{reference} does not hold 64 hexadecimal digits")))
}

/// A rotation that broke off left two keys: the store was sealed anew all at once, so one of them opens it.
async fn that_opens(store: &dyn Store, key: Key, next: Key) -> Result<Key, ActionError> {
    let dump = store.dump().await.map_err(store_error)?;
    let is_next = opened(&dump, &next) > opened(&dump, &key);
    Ok(if is_next { next } else { key })
}

/// A folder of the XDG standard.
fn base(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set(variable).filter(|p| p.is_absolute()).or_else(|| set("HOME").map(|home| home.join(below_home)))
}

/// Makes a folder that only its owner can look into.
fn private_folder(folder: &Path) -> Result<(), ActionError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|e| {
        ActionError::new(
            Code::Store,
            format!("cannot make the folder {}: {e}; name another with --data-dir", folder.display()),
        )
    })
}
