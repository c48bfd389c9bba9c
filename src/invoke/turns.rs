//! Writes to one thing, one after the other: the service answers simultaneous ones with a conflict. What names the
//! thing is declared in the manifest; the line is kept in this process, and only while someone stands in it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Map, Value};
use tokio::sync::{Mutex as Line, OwnedMutexGuard};

use super::{Inner, Run, scene::Scene};
use crate::{
    catalog::model::{Action, Effect},
    protocol::{ActionError, Code},
};

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

impl Inner {
    /// The turn of a write to what its input names; none for a read, and where nothing is named.
    pub(super) async fn turn(
        &self,
        run: &mut Run,
        action: &Action,
        scene: &Scene,
        input: &Map<String, Value>,
    ) -> Result<Option<Turn<'_>>, ActionError> {
        let named = named(&self.catalog.manifest().serialise_by, action, input);
        if named.is_empty() {
            return Ok(None);
        }
        let began = self.clock.now_ms();
        let keys = named.into_iter().map(|name| (scene.connection.id.clone(), name)).collect();
        let turn = self.stand_in_line(keys, run.deadline_ms).await;
        run.waited_ms += u64::try_from(self.clock.now_ms() - began).unwrap_or(0);
        if turn.is_none() {
            let detail = "another write to the same thing did not end in the time allowed for this one";
            return Err(ActionError::new(Code::Timeout, detail).retry_after(None));
        }
        Ok(turn)
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

    use super::{Key, Turns, named};
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
