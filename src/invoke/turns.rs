//! Writes to one thing, one after the other: the service answers simultaneous ones with a conflict. What names the
//! thing is declared in the manifest. Within this process they stand in a line, which is kept only while someone stands
//! in it; between processes the foremost of each takes a lease of the store.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};
use tokio::sync::{Mutex as Line, OwnedMutexGuard};

use super::{Inner, Run, scene::Scene};
use crate::{
    budget::store_error,
    catalog::model::{Action, Effect},
    protocol::{ActionError, Code},
    store::{Lease, Store},
};

/// How long a lease of a write lasts: longer than nearly every call, and short enough to wait for after a process died.
const LEASE_MS: i64 = 20_000;
/// How often it is looked whether another process has finished.
const LOOK_MS: u64 = 25;

/// A connection, and what is written to on it.
pub(super) type Key = (String, String);

/// A line, and how many stand in it.
type Standing = (Arc<Line<()>>, usize);

/// The lines.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    lines: Mutex<HashMap<Key, Standing>>,
}

/// A turn in one or more lines; over when dropped. What is held is given back before the places in the lines are.
#[derive(Debug)]
pub(super) struct Turn<'t> {
    held: Vec<OwnedMutexGuard<()>>,
    places: Vec<Place<'t>>,
}

/// A place in a line, waiting or served.
#[derive(Debug)]
struct Place<'t> {
    turns: &'t Turns,
    key: Key,
}

impl Turns {
    /// Waits for a turn in all of these lines. Everyone enters them in the same order, so that nobody waits in a
    /// circle.
    async fn take(&self, mut keys: Vec<Key>) -> Turn<'_> {
        keys.sort();
        keys.dedup();
        let mut turn = Turn { held: Vec::new(), places: Vec::new() };
        for key in keys {
            let (place, line) = self.enter(key);
            turn.places.push(place);
            turn.held.push(line.lock_owned().await);
        }
        turn
    }

    fn enter(&self, key: Key) -> (Place<'_>, Arc<Line<()>>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let (line, standing) = lines.entry(key.clone()).or_default();
        *standing += 1;
        (Place { turns: self, key }, Arc::clone(line))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lines = self.turns.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, standing)) = lines.get_mut(&self.key) else { return };
        *standing -= 1;
        if *standing == 0 {
            lines.remove(&self.key);
        }
    }
}

/// The leases of one write. Given back by `end`; a caller that goes away gives them back in passing.
pub(super) struct Held {
    store: Arc<dyn Store>,
    leases: Vec<Lease>,
}

impl Held {
    /// Gives the leases back. One that cannot be given back ends by itself.
    pub(super) async fn end(mut self) {
        give_back(&*self.store, std::mem::take(&mut self.leases)).await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let leases = std::mem::take(&mut self.leases);
        if leases.is_empty() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let store = Arc::clone(&self.store);
            runtime.spawn(async move { give_back(&*store, leases).await });
        }
    }
}

async fn give_back(store: &dyn Store, leases: Vec<Lease>) {
    for lease in leases {
        let _ = store.drop_lease(&lease).await;
    }
}

/// The leases that stand for these things, each once and in an order that all processes share. There are 256 of them
/// for everything, so that the store does not grow with each thing that was ever written to; that two things share one
/// costs a short wait now and then. The names of things stay out of the store.
fn leases(keys: &[Key]) -> BTreeSet<String> {
    let name = |(connection, thing): &Key| {
        let hash = digest(&SHA256, format!("{connection}\0{thing}").as_bytes());
        format!("write/{:02x}", hash.as_ref().first().copied().unwrap_or(0))
    };
    keys.iter().map(name).collect()
}

impl Inner {
    /// The turn of a write to what its input names; none for a read, and where nothing is named.
    pub(super) async fn turn(
        &self,
        run: &mut Run,
        action: &Action,
        scene: &Scene,
        input: &Map<String, Value>,
    ) -> Result<Option<(Turn<'_>, Held)>, ActionError> {
        let named = named(&self.catalog.manifest().serialise_by, action, input);
        if named.is_empty() {
            return Ok(None);
        }
        let began = self.clock.now_ms();
        let keys: Vec<Key> = named.into_iter().map(|name| (scene.connection.id.clone(), name)).collect();
        let shared = leases(&keys);
        let turn = self.stand_in_line(keys, run.deadline_ms).await;
        run.waited_ms += u64::try_from(self.clock.now_ms() - began).unwrap_or(0);
        let turn = match turn {
            Some(turn) => self.hold(&shared, run).await?.map(|held| (turn, held)),
            None => None,
        };
        if turn.is_none() {
            let detail = "another write to the same thing did not end in the time allowed for this one";
            return Err(ActionError::new(Code::Timeout, detail).retry_after(None));
        }
        Ok(turn)
    }

    /// Takes these leases, if the processes that have them end before the run's time does.
    async fn hold(&self, names: &BTreeSet<String>, run: &mut Run) -> Result<Option<Held>, ActionError> {
        let mut held = Held { store: Arc::clone(&self.store), leases: Vec::new() };
        for name in names {
            loop {
                let now = self.clock.now_ms();
                let lease = self.store.take_lease(name, &run.id, now, now + LEASE_MS).await.map_err(store_error)?;
                if let Some(lease) = lease {
                    held.leases.push(lease);
                    break;
                }
                if now >= run.deadline_ms {
                    return Ok(None);
                }
                self.wait(run, LOOK_MS).await;
            }
        }
        Ok(Some(held))
    }

    /// A turn in these lines, if it comes before `deadline_ms`.
    pub(super) async fn stand_in_line(&self, keys: Vec<Key>, deadline_ms: i64) -> Option<Turn<'_>> {
        let left = u64::try_from(deadline_ms - self.clock.now_ms()).unwrap_or(0);
        tokio::select! {
            // A turn that is free is taken, however late it is: the time is looked at before each call.
            biased;
            turn = self.turns.take(keys) => Some(turn),
            () = self.clock.sleep(Duration::from_millis(left)) => None,
        }
    }
}

/// What an input names of that which is written to. Addresses are the same in capitals and small letters.
fn named(pointers: &[String], action: &Action, input: &Map<String, Value>) -> Vec<String> {
    if action.effect == Effect::Read {
        return Vec::new();
    }
    pointers.iter().filter_map(|pointer| text_at(input, pointer)).map(str::to_lowercase).collect()
}

fn text_at<'v>(input: &'v Map<String, Value>, pointer: &str) -> Option<&'v str> {
    let path = pointer.strip_prefix('/')?;
    let (name, below) = path.find('/').map_or((path, ""), |at| path.split_at(at));
    input.get(name)?.pointer(below)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Key, Turns, leases, named};
    use crate::catalog::Catalog;

    fn keys(names: &[&str]) -> Vec<Key> {
        names.iter().map(|name| ("shop".to_owned(), (*name).to_owned())).collect()
    }

    #[test]
    fn a_write_is_named_by_id_and_address_and_a_read_by_nothing() {
        let catalog = Catalog::embedded();
        let name = |action: &str, input: Value| {
            let Value::Object(input) = input else { panic!("an object") };
            named(&catalog.manifest().serialise_by, catalog.action(action).unwrap(), &input)
        };
        let whole = json!({ "contact_id": "ID", "email_address": { "address": "Noor@Example.com" } });
        assert_eq!(name("update_contact", whole.clone()), ["id", "noor@example.com"]);
        assert_eq!(
            name("create_or_update_contact", json!({ "email_address": "NOOR@example.com" })),
            ["noor@example.com"]
        );
        assert_eq!(name("create_contact_list", json!({ "name": "News" })), Vec::<String>::new());
        assert_eq!(name("get_contact", whole), Vec::<String>::new());
    }

    #[test]
    fn things_have_few_leases_which_do_not_name_them() {
        let many = keys(&["noor@example.com", "b", "c", "noor@example.com"]);
        let names = leases(&many);
        assert!((1..=3).contains(&names.len()), "{names:?}");
        assert!(names.iter().all(|name| name.len() == 8 && name.starts_with("write/")), "{names:?}");
        assert_eq!(leases(&keys(&["c", "b", "noor@example.com"])), names, "whatever the order");
    }

    #[tokio::test]
    async fn a_line_lasts_as_long_as_someone_stands_in_it() {
        let turns = Turns::default();
        let first = turns.take(keys(&["b", "a", "b"])).await;
        let mut second = Box::pin(turns.take(keys(&["a"])));
        let soon = std::time::Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, &mut second).await.is_err(), "not yet");
        drop(first);
        assert_eq!(turns.lines.lock().unwrap().len(), 1, "one still waits");
        drop(second.await);
        let third = turns.take(keys(&["a"])).await;
        assert!(tokio::time::timeout(soon, turns.take(keys(&["a", "c"]))).await.is_err(), "not yet");
        assert_eq!(turns.lines.lock().unwrap().len(), 1, "who went away left no place behind");
        drop(third);
        assert!(turns.lines.lock().unwrap().is_empty());
    }
}
