//! The catalogue: the manifest and the action files, embedded when the library is built.
//!
//! A person adds an action by adding one file; nothing here changes. The index is parsed on first use, an action's
//! document only when that action is asked for, so that starting up costs nothing.

pub mod bundle;
pub mod manifest;
pub mod model;
pub mod source;

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::protocol::{ActionError, Code};
use manifest::Manifest;
use model::{Action, Effect};

static INDEX: &str = include_str!(concat!(env!("OUT_DIR"), "/index.json"));
static ACTIONS: &str = include_str!(concat!(env!("OUT_DIR"), "/actions.json"));
static CONNECTOR: &str = include_str!(concat!(env!("OUT_DIR"), "/connector.json"));

/// What a listing shows of an action.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Unique name.
    pub name: &'static str,
    /// The name a person sees.
    #[serde(borrow)]
    pub title: std::borrow::Cow<'static, str>,
    /// The folder it lies in.
    pub resource: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path below the API's base.
    pub path: &'static str,
    /// What it does to the world.
    pub effect: Effect,
    /// OAuth scopes.
    pub scopes: Vec<&'static str>,
    #[serde(skip_serializing)]
    start: usize,
    #[serde(skip_serializing)]
    length: usize,
}

/// The embedded catalogue.
#[derive(Debug)]
pub struct Catalog {
    entries: Vec<Entry>,
    actions: Vec<OnceLock<Action>>,
    manifest: OnceLock<Manifest>,
}

impl Catalog {
    /// The one catalogue of this build.
    ///
    /// # Panics
    /// Never in a build whose tests pass: the build script wrote the index from files it had parsed.
    pub fn embedded() -> &'static Self {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(|| {
            let entries: Vec<Entry> = serde_json::from_str(INDEX).expect("the build script wrote this index");
            let actions = entries.iter().map(|_| OnceLock::new()).collect();
            Self { entries, actions, manifest: OnceLock::new() }
        })
    }

    /// Every action, sorted by name.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The action of that name, parsed when first asked for.
    ///
    /// # Panics
    /// Never in a build whose tests pass: a test parses every document.
    pub fn action(&'static self, name: &str) -> Option<&'static Action> {
        let at = self.position(name)?;
        let entry = &self.entries[at];
        Some(self.actions[at].get_or_init(|| {
            let text = &ACTIONS[entry.start..entry.start + entry.length];
            serde_json::from_str(text).expect("a test parses every action of the catalogue")
        }))
    }

    /// The action of that name, or an error that suggests the nearest ones.
    pub fn find(&'static self, name: &str) -> Result<&'static Action, ActionError> {
        self.action(name).ok_or_else(|| {
            let near = self.similar(name);
            let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
            ActionError::new(Code::UnknownAction, format!("no action is called {name}{hint}"))
        })
    }

    /// The document of that action as embedded, for faces that pass it on unread.
    pub fn document(&self, name: &str) -> Option<&'static str> {
        let entry = &self.entries[self.position(name)?];
        Some(&ACTIONS[entry.start..entry.start + entry.length])
    }

    /// Position in [`Self::entries`].
    pub fn position(&self, name: &str) -> Option<usize> {
        self.entries.binary_search_by(|e| e.name.cmp(name)).ok()
    }

    /// The manifest.
    ///
    /// # Panics
    /// Never in a build whose tests pass: a test parses the manifest.
    pub fn manifest(&self) -> &Manifest {
        self.manifest.get_or_init(|| serde_json::from_str(CONNECTOR).expect("a test parses the manifest"))
    }

    /// The names nearest to a mistaken one, best first, at most three.
    pub fn similar(&self, name: &str) -> Vec<&'static str> {
        let mut scored: Vec<_> =
            self.entries.iter().map(|e| (likeness(name, e.name), e.name)).filter(|s| s.0 > 0).collect();
        scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.len().cmp(&b.1.len())));
        scored.into_iter().take(3).map(|s| s.1).collect()
    }
}

/// How many words two names share, a shared beginning counting for a word that was cut short or misspelt.
fn likeness(asked: &str, known: &str) -> usize {
    let asked = asked.to_lowercase().replace(['-', ' '], "_");
    let words = asked.split('_').filter(|w| w.len() > 2);
    words.map(|w| known.split('_').map(|k| common_prefix(w, k)).max().unwrap_or(0)).filter(|n| *n >= 3).sum()
}

fn common_prefix(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count()
}
