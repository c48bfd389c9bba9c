//! The formats themselves: JSON Schemas of the manifest, of an action file, and of what a host sends and gets.
//!
//! Generated from the Rust types, and kept in `schemas/protocol/` so that editors complete and check the files.

use schemars::{JsonSchema, generate::SchemaSettings};

use super::Document;
use crate::{
    catalog::{manifest::Manifest, model::Action},
    protocol::{ActionError, ActionRequest, ActionResult},
};

/// One document a format, named as in `schemas/protocol/`.
pub fn protocol() -> Vec<Document> {
    vec![
        of::<Manifest>("connector.json"),
        of::<Action>("action.json"),
        of::<ActionRequest>("request.json"),
        of::<ActionResult>("result.json"),
        of::<ActionError>("error.json"),
    ]
}

fn of<T: JsonSchema>(name: &str) -> Document {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    Document::pretty(name, schema.as_value())
}
