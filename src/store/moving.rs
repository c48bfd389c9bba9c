//! A whole store at once: another master key, a backup and its return, the move to another store.
//!
//! Secrets stay sealed on all these ways. What changes hands is the sealing by the master key, and a record that is
//! sealed with the new key already is left as it is: whatever broke off can be done again.

mod backup;
pub(crate) mod bytes;

use std::time::Duration;

use super::{
    Dump, Result, Rewrap, Store, StoreError,
    vault::{Key, data_key_place, kept_place, profile_place},
};
use crate::clock::Clock;

pub use backup::{Restored, backup, is_backup, restore};

/// How often a rotation looks again when the store has changed beneath it.
const ATTEMPTS: u32 = 20;

/// Seals with `new` whatever the store holds sealed with `old`, and tells how many records that were. Refreshes may go
/// on beside. Every pass changes all or nothing, and the last one finds nothing left to change: so a record that
/// another process sealed with the old key meanwhile is taken along.
pub async fn rotate(store: &dyn Store, clock: &dyn Clock, old: &Key, new: &Key) -> Result<usize> {
    let mut changed = 0;
    for _ in 0..ATTEMPTS {
        let sweep = reseal(&mut store.dump().await?, clock, old, new).whole()?;
        let count = sweep.profiles.len() + sweep.data_keys.len() + sweep.kept.len();
        if count == 0 {
            return Ok(changed);
        }
        if store.rewrap(&sweep).await? {
            changed += count;
        } else {
            clock.sleep(Duration::from_millis(50)).await;
        }
    }
    Err(StoreError(
        "the store kept changing while its key was being replaced; stop some programs and try again".to_owned(),
    ))
}

/// Puts everything of one store into another, which must hold no profile and no connection yet. Both have the same
/// master key then.
pub async fn copy(from: &dyn Store, to: &dyn Store) -> Result<Dump> {
    let dump = from.dump().await?;
    to.load(&dump).await?;
    Ok(dump)
}

/// The same to a store with a master key of its own.
pub async fn copy_with_key(from: &dyn Store, to: &dyn Store, clock: &dyn Clock, old: &Key, new: &Key) -> Result<Dump> {
    let mut dump = from.dump().await?;
    reseal(&mut dump, clock, old, new).whole()?;
    to.load(&dump).await?;
    Ok(dump)
}

/// How many sealed records this key opens, and how many there are.
pub fn opened(dump: &Dump, key: &Key) -> (usize, usize) {
    let mut counts = (0, 0);
    for (place, sealed) in sealed(dump) {
        counts.0 += usize::from(key.open(&place, sealed).is_ok());
        counts.1 += 1;
    }
    counts
}

/// Every record that the master key sealed, with the place it belongs to.
fn sealed(dump: &Dump) -> impl Iterator<Item = (String, &[u8])> {
    let profiles = dump.profiles.iter().map(|p| (profile_place(&p.id), p.secrets.as_slice()));
    let data_keys = dump.connections.iter().map(|(c, t)| (data_key_place(&c.id), t.data_key.as_slice()));
    let kept = dump.kept.iter().filter_map(|k| Some((kept_place(&k.connection, &k.key), k.result.as_deref()?)));
    profiles.chain(data_keys).chain(kept).filter(|(_, sealed)| !sealed.is_empty())
}

/// What sealing a dump's records with another key came to.
struct Resealed {
    changes: Rewrap,
    /// Why the first record that neither key opens was left as it is.
    refused: Option<StoreError>,
}

impl Resealed {
    /// The changes, if every profile and connection opened.
    fn whole(self) -> Result<Rewrap> {
        self.refused.map_or(Ok(self.changes), Err)
    }

    fn note(&mut self, changed: Result<Changed>) -> Changed {
        changed.unwrap_or_else(|error| {
            self.refused.get_or_insert(error);
            None
        })
    }
}

/// Seals a dump's records with the new key.
fn reseal(dump: &mut Dump, clock: &dyn Clock, old: &Key, new: &Key) -> Resealed {
    let mut all = Resealed { changes: Rewrap::default(), refused: None };
    let turn = |place: &str, sealed: &mut Vec<u8>| one(place, sealed, clock, old, new);
    for profile in &mut dump.profiles {
        if let Some((before, after)) = all.note(turn(&profile_place(&profile.id), &mut profile.secrets)) {
            all.changes.profiles.push((profile.id.clone(), before, after));
        }
    }
    for (connection, tokens) in &mut dump.connections {
        if let Some((before, after)) = all.note(turn(&data_key_place(&connection.id), &mut tokens.data_key)) {
            all.changes.data_keys.push((connection.id.clone(), before, after));
        }
    }
    for kept in &mut dump.kept {
        let Some(result) = &mut kept.result else { continue };
        // What neither key opens is of no use to anyone, and forgotten within a day; it stops nothing.
        if let Ok(Some((before, after))) = turn(&kept_place(&kept.connection, &kept.key), result) {
            all.changes.kept.push((kept.connection.clone(), kept.key.clone(), before, after));
        }
    }
    all
}

/// A record before and after; none where it needs no change.
type Changed = Option<(Vec<u8>, Vec<u8>)>;

fn one(place: &str, sealed: &mut Vec<u8>, clock: &dyn Clock, old: &Key, new: &Key) -> Result<Changed> {
    if sealed.is_empty() || new.open(place, sealed).is_ok() {
        return Ok(None);
    }
    let plain = old.open(place, sealed)?;
    let after = new.seal(clock, place, &plain)?;
    let before = std::mem::replace(sealed, after.clone());
    Ok(Some((before, after)))
}
