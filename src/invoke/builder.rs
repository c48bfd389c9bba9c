//! Putting a connector together.

use std::sync::{Arc, Mutex};

use super::{Connector, Inner, Observer, metrics::Metrics, record::RunLog, turns::Turns};
use crate::{
    auth::{ConnectionEvents, Keeper},
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
    events: Vec<Arc<dyn ConnectionEvents>>,
}

impl Connector {
    /// Begins a connector on this store, whose secrets are sealed with this key.
    pub fn builder(store: Arc<dyn Store>, key: Key) -> Builder {
        let transport = Arc::new(HttpClient::new(HttpSettings::default()));
        let clock = Arc::new(SystemClock);
        let (profiles, observers, events) = (Vec::new(), Vec::new(), Vec::new());
        Builder { store, key, profiles, clock, transport, observers, events }
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

    /// Someone to be told what becomes of connections: refreshed, failed to, or to be connected again.
    #[must_use]
    pub fn events(mut self, events: Arc<dyn ConnectionEvents>) -> Self {
        self.events.push(events);
        self
    }

    /// The connector.
    pub fn build(self) -> Connector {
        let Self { store, key, profiles, clock, transport, observers, mut events } = self;
        let catalog = Catalog::embedded();
        let manifest = catalog.manifest();
        let profiles = ProfileBook::new(Arc::clone(&store), key.clone(), Arc::clone(&clock), manifest, profiles);
        let runs = Arc::new(RunLog::new(Arc::clone(&store), Arc::clone(&clock)));
        events.push(Arc::clone(&runs) as Arc<dyn ConnectionEvents>);
        let keeper = Keeper::new(
            Arc::clone(&store),
            Arc::clone(&transport),
            Arc::clone(&clock),
            key.clone(),
            manifest,
            profiles.clone(),
            events,
        );
        let budget = Budget::new(Arc::clone(&store), Arc::clone(&clock));
        let rules = Rules::new(catalog);
        let (scenes, standings) = (Mutex::default(), Mutex::default());
        let (turns, metrics) = (Turns::default(), Metrics::default());
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
                standings,
                turns,
                metrics,
            }),
        }
    }
}
