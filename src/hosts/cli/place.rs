//! Where things are: the data folder, the key, the profiles file; and the connector opened on them.

use std::{path::PathBuf, sync::Arc};

use secrecy::ExposeSecret;

use super::args::Cli;
use crate::{
    Connector,
    clock::{Clock, SystemClock},
    config::{SecretSource, read_profiles},
    protocol::{ActionError, Code},
    store::{SqliteStore, Store, StoreError, vault::Key},
    transport::{HttpClient, HttpSettings},
};

/// Where this run of the program keeps and finds its things.
pub(super) struct Place {
    data_dir: Option<PathBuf>,
    config: Option<PathBuf>,
    key: Option<String>,
    http: HttpSettings,
}

impl Place {
    pub(super) fn new(cli: &Cli) -> Self {
        let http = HttpSettings { ca_file: cli.ca_file.clone() };
        Self { data_dir: cli.data_dir.clone(), config: cli.config.clone(), key: cli.key.clone(), http }
    }

    /// Opens the store and everything on it.
    pub(super) async fn connector(&self) -> Result<Connector, ActionError> {
        let folder = self.data_folder()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        private_folder(&folder)?;
        let key = self.open_key(&folder, clock.as_ref())?;
        let store = SqliteStore::open(&folder.join("store.sqlite")).await.map_err(broken)?;
        let store: Arc<dyn Store> = Arc::new(store);
        let transport = Arc::new(HttpClient::new(self.http.clone()));
        let builder = Connector::builder(store, key).clock(clock).transport(transport).profiles(self.profiles()?);
        Ok(builder.observer(super::run::sent_watch()).build())
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

    fn open_key(&self, folder: &std::path::Path, clock: &dyn Clock) -> Result<Key, ActionError> {
        let Some(reference) = &self.key else { return Key::from_file(&folder.join("key"), clock).map_err(broken) };
        let source = SecretSource::parse(reference);
        if source.reference().is_none() {
            return Err(ActionError::new(
                Code::Config,
                "the key must be a reference: env:NAME, file:PATH or keyring:NAME",
            ));
        }
        let text = source.resolve("the store's key")?;
        Key::from_hex(text.expose_secret())
            .ok_or_else(|| ActionError::new(Code::Config, format!("{reference} does not hold 64 hexadecimal digits")))
    }
}

/// A folder of the XDG standard.
fn base(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set(variable).filter(|p| p.is_absolute()).or_else(|| set("HOME").map(|home| home.join(below_home)))
}

fn private_folder(folder: &std::path::Path) -> Result<(), ActionError> {
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

fn broken(error: StoreError) -> ActionError {
    ActionError::new(Code::Store, error.0)
}
