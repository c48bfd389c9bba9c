//! Checking inputs: compiled validators, defaults, and messages that name a field and never repeat its value.
//!
//! The validator crate moves fast and prints values in its messages (people's data), so it stays behind this room:
//! it tells which rule broke where, and the words are ours.

mod formats;
mod message;

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Map, Value};

use crate::{
    catalog::{Catalog, model::Action},
    protocol::{ActionError, Code, FieldError},
};

/// The input rules of one action, compiled.
#[derive(Debug)]
pub struct InputRules {
    validator: Validator,
    schema: &'static Value,
}

impl InputRules {
    /// Compiles the rules of an action's input.
    pub fn compile(action: &'static Action) -> Result<Self, ActionError> {
        Ok(Self { validator: compile(&action.input)?, schema: &action.input })
    }

    /// Every rule that the input breaks, by the pointer of the property. Empty when it is valid.
    pub fn violations(&self, input: &Value) -> Vec<FieldError> {
        if self.validator.is_valid(input) {
            return Vec::new();
        }
        let mut found: Vec<_> =
            self.validator.iter_errors(input).flat_map(|e| message::explain(&e, self.schema)).collect();
        found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        found.dedup();
        found
    }
}

/// Compiles a schema with formats asserted, which the draft leaves off by default.
pub fn compile(schema: &Value) -> Result<Validator, ActionError> {
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
    let options = options.with_format("email", formats::email).with_format("uuid", formats::uuid);
    let options = options.with_format("date-time", formats::date_time).with_format("date", formats::date);
    let options = options.with_format("uri", formats::uri);
    options
        .build(schema)
        .map_err(|e| ActionError::new(Code::Internal, format!("a schema of the catalogue is broken: {}", e.masked())))
}

/// The compiled rules of every action, each made on first use.
#[derive(Debug)]
pub struct Rules {
    by_position: Vec<OnceLock<InputRules>>,
}

impl Rules {
    /// Room for every action of the catalogue; nothing is compiled yet.
    pub fn new(catalog: &Catalog) -> Self {
        Self { by_position: catalog.entries().iter().map(|_| OnceLock::new()).collect() }
    }

    /// The rules of an action.
    pub fn of(&self, catalog: &'static Catalog, action: &'static Action) -> Result<&InputRules, ActionError> {
        let slot = catalog.position(&action.name).and_then(|at| self.by_position.get(at));
        let slot =
            slot.ok_or_else(|| ActionError::new(Code::UnknownAction, format!("no action is called {}", action.name)))?;
        if let Some(rules) = slot.get() {
            return Ok(rules);
        }
        let rules = InputRules::compile(action)?;
        Ok(slot.get_or_init(|| rules))
    }
}

/// Fills in the defaults that the schema states for properties of the input's top level.
pub fn fill_defaults(schema: &Value, input: &mut Map<String, Value>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, property) in properties {
        if let Some(default) = property.get("default").filter(|_| !input.contains_key(name)) {
            input.insert(name.clone(), default.clone());
        }
    }
}
