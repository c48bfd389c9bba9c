//! All profiles: those of the file and those of the store, the file first.

use std::sync::Arc;

use super::{Profile, ProfileSecrets};
use crate::{
    catalog::manifest::Manifest,
    clock::Clock,
    protocol::{ActionError, Code},
    store::{
        Store, StoreError, StoredProfile,
        vault::{Key, profile_place},
    },
};

/// Profiles by name.
#[derive(Clone)]
pub struct ProfileBook {
    store: Arc<dyn Store>,
    key: Key,
    clock: Arc<dyn Clock>,
    manifest: &'static Manifest,
    from_file: Arc<Vec<Profile>>,
}

fn broken(error: StoreError) -> ActionError {
    ActionError::new(Code::Store, error.0)
}

impl ProfileBook {
    /// A book of these profiles of a file and those of the store.
    pub fn new(
        store: Arc<dyn Store>,
        key: Key,
        clock: Arc<dyn Clock>,
        manifest: &'static Manifest,
        from_file: Vec<Profile>,
    ) -> Self {
        Self { store, key, clock, manifest, from_file: Arc::new(from_file) }
    }

    /// Every profile with where it comes from: `file` or `store`.
    pub async fn all(&self) -> Result<Vec<(Profile, &'static str)>, ActionError> {
        let mut all = Vec::new();
        for profile in self.from_file.iter() {
            all.push((profile.clone().completed(self.manifest)?, "file"));
        }
        for stored in self.store.profiles().await.map_err(broken)? {
            if !self.from_file.iter().any(|p| p.id == stored.id) {
                all.push((self.open(&stored)?, "store"));
            }
        }
        Ok(all)
    }

    /// One profile.
    pub async fn get(&self, id: &str) -> Result<Profile, ActionError> {
        // Only the one asked for is opened and completed: a fault in another must not stop this one.
        if let Some(profile) = self.from_file.iter().find(|p| p.id == id) {
            return profile.clone().completed(self.manifest);
        }
        let stored = self.store.profiles().await.map_err(broken)?;
        if let Some(stored) = stored.iter().find(|s| s.id == id) {
            return self.open(stored);
        }
        let known: Vec<&str> =
            self.from_file.iter().map(|p| p.id.as_str()).chain(stored.iter().map(|s| s.id.as_str())).collect();
        Err({
            let have = if known.is_empty() {
                "there is none yet; make one with ctct profiles add".to_owned()
            } else {
                format!("there are: {}", known.join(", "))
            };
            ActionError::new(Code::Config, format!("there is no profile {id}; {have}"))
        })
    }

    /// Stores a profile, its secrets sealed.
    pub async fn put(&self, profile: Profile) -> Result<(), ActionError> {
        let mut profile = profile.completed(self.manifest)?;
        let secrets =
            serde_json::to_vec(&profile.take_secrets()).map_err(|e| ActionError::new(Code::Internal, e.to_string()))?;
        let secrets = self.key.seal(self.clock.as_ref(), &profile_place(&profile.id), &secrets).map_err(broken)?;
        let body = serde_json::to_string(&profile).map_err(|e| ActionError::new(Code::Internal, e.to_string()))?;
        self.store.put_profile(StoredProfile { id: profile.id, body, secrets }).await.map_err(broken)
    }

    /// Removes a profile of the store.
    pub async fn remove(&self, id: &str) -> Result<(), ActionError> {
        if self.store.remove_profile(id).await.map_err(broken)? {
            return Ok(());
        }
        let in_file = self.from_file.iter().any(|p| p.id == id);
        let why = if in_file { "stands in the TOML file; remove it there" } else { "is not in the store" };
        Err(ActionError::new(Code::Config, format!("the profile {id} {why}")))
    }

    fn open(&self, stored: &StoredProfile) -> Result<Profile, ActionError> {
        let wrong = |e: serde_json::Error| {
            ActionError::new(Code::Store, format!("the stored profile {} is broken: {e}", stored.id))
        };
        let mut profile: Profile = serde_json::from_str(&stored.body).map_err(wrong)?;
        let secrets = self.key.open(&profile_place(&stored.id), &stored.secrets).map_err(broken)?;
        let secrets: ProfileSecrets = serde_json::from_slice(&secrets).map_err(wrong)?;
        profile.put_secrets(secrets);
        // The open part of a row is not authenticated: its addresses are checked each time.
        profile.completed(self.manifest)
    }
}
