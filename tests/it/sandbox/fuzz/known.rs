//! Ids and cursors that answers have shown, so that later calls reach things that are there.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use url::form_urlencoded;

use super::dice::Dice;

/// So many of a kind are remembered; newer ones take the places of older ones.
const MOST: usize = 40;
/// So many rows of a list are looked at.
const ROWS: usize = 20;

/// How the names end whose values are remembered.
const ENDINGS: &[&str] = &["_id", "_code", "refresh_token"];

/// Values by the name of the property they stood in.
#[derive(Default)]
pub(super) struct Known {
    values: BTreeMap<String, Vec<Value>>,
    seen: usize,
}

impl Known {
    /// Remembers what an answer shows.
    pub(super) fn learn(&mut self, answer: &Value) {
        match answer {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.note(name, value);
                    self.learn(value);
                }
            }
            Value::Array(items) => items.iter().take(ROWS).for_each(|item| self.learn(item)),
            _ => {}
        }
    }

    fn note(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(link) if name == "href" => {
                let question = link.split_once('?').map_or("", |(_, question)| question);
                for (name, value) in form_urlencoded::parse(question.as_bytes()) {
                    if name == "cursor" || name == "next" {
                        self.keep(&name, json!(value));
                    }
                }
            }
            Value::String(_) | Value::Number(_) if ENDINGS.iter().any(|ending| name.ends_with(ending)) => {
                self.keep(name, value.clone());
            }
            _ => {}
        }
    }

    /// Remembers one value.
    pub(super) fn keep(&mut self, name: &str, value: Value) {
        self.seen += 1;
        let values = self.values.entry(name.to_owned()).or_default();
        if values.len() < MOST {
            values.push(value);
        } else {
            values[self.seen % MOST] = value;
        }
    }

    /// One of the values for a property of this name, or for a list of them.
    pub(super) fn one(&self, name: &str, dice: &mut Dice) -> Option<Value> {
        let name = match name {
            "lists" | "list_memberships" | "contact_list_ids" => "list_id",
            "tags" | "taggings" => "tag_id",
            "file_export_id" => "activity_id",
            "contact" => "contact_id",
            name => name.strip_suffix('s').unwrap_or(name),
        };
        self.values.get(name).map(|values| dice.pick(values).clone())
    }
}
