//! What a session offers: a client that sees fewer tools pays for fewer words, and can do less harm.

use crate::{
    ActionError,
    catalog::{Catalog, Entry, model::Effect},
    protocol::Code,
};

/// Which actions are offered, and on which connection.
#[derive(Debug, Clone, Default)]
pub struct McpOptions {
    /// The connection of a call that names none.
    pub connection: Option<String>,
    /// Offer only actions that change nothing.
    pub read_only: bool,
    /// Offer only these actions; all when empty.
    pub actions: Vec<String>,
}

impl McpOptions {
    /// Whether this action is a tool.
    pub(super) fn offers(&self, entry: &Entry) -> bool {
        let chosen = self.actions.is_empty() || self.actions.iter().any(|name| name == entry.name);
        chosen && (!self.read_only || entry.effect == Effect::Read)
    }

    /// A slip in the settings is told at once, and not by a client that misses a tool.
    pub(super) fn check(&self, catalog: &Catalog) -> Result<(), ActionError> {
        if let Some(name) = self.actions.iter().find(|name| catalog.position(name).is_none()) {
            let detail = format!("no action is called {name}{}", hint(&catalog.similar(name)));
            return Err(ActionError::new(Code::UnknownAction, detail));
        }
        if catalog.entries().iter().any(|entry| self.offers(entry)) {
            return Ok(());
        }
        Err(ActionError::new(Code::Config, "none of the chosen actions is read-only, so there is no tool to offer"))
    }
}

/// What a mistaken name may have meant.
pub(super) fn hint(near: &[&str]) -> String {
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
}
