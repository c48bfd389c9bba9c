//! Putting a connector together.

use std::sync::{Arc, Mutex};

use super::{Connector, Inner, Observer, record::RunLog};
use crate::{
    auth::Keeper,
    budget::Budget,
    catalog::Catalog,
    clock::{Clock, SystemClock},
    config::{Profile, ProfileBook},
    schema::Rules,
    store::{Store, vault::Key},
    transport::{HttpClient, HttpSettings, Transport},
};

/// Puts a connector together: a store and a key are needed, the rest has defaults.
pub struct Builder {
    store: Arc<dyn Store>,
    key: Key,
    profiles: Vec<Profile>,
    clock: Arc<dyn Clock>,
    transport: Arc<dyn Transport>,
    observers: Vec<Arc<dyn Observer>>,
}

impl Connector {
    /// Begins a connector on this store, whose secrets are sealed with this key.
    pub fn builder(store: Arc<dyn Store>, key: Key) -> Builder {
        let transport = Arc::new(HttpClient::new(HttpSettings::default()));
        Builder { store, key, profiles: Vec::new(), clock: Arc::new(SystemClock), transport, observers: Vec::new() }
    }
}

impl Builder {
    /// Profiles besides those in the store.
    #[must_use]
    pub fn profiles(mut self, profiles: Vec<Profile>) -> Self {
        self.profiles = profiles;
        self
    }

    /// Another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Another way to send.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = transport;
        self
    }

    /// Someone to be told of each step.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// The connector.
    pub fn build(self) -> Connector {
        let Self { store, key, profiles, clock, transport, observers } = self;
        let catalog = Catalog::embedded();
        let manifest = catalog.manifest();
        let profiles = ProfileBook::new(Arc::clone(&store), key.clone(), Arc::clone(&clock), manifest, profiles);
        let keeper = Keeper::new(
            Arc::clone(&store),
            Arc::clone(&transport),
            Arc::clone(&clock),
            key.clone(),
            manifest,
            profiles.clone(),
        );
        let budget = Budget::new(Arc::clone(&store), Arc::clone(&clock));
        let runs = RunLog::new(Arc::clone(&store));
        let rules = Rules::new(catalog);
        let scenes = Mutex::default();
        Connector {
            inner: Arc::new(Inner {
                catalog,
                rules,
                keeper,
                budget,
                store,
                transport,
                clock,
                profiles,
                key,
                observers,
                runs,
                scenes,
            }),
        }
    }
}
