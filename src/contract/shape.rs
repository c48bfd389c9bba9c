//! Two shapes side by side, the contract's and ours: every place where they say different things.

use serde_json::{Map, Value};

use super::Contract;
use super::keyword::{agree, equal, is_number, kind, show, texts};
use crate::catalog::bundle::Side;

/// Limits that matter for what goes in. What comes out is the service's own affair, save for its choices of words.
const INPUT: [&str; 9] =
    ["enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "format"];
const OUTPUT: [&str; 1] = ["enum"];

/// One place where the two differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Written as in the `deviations` of an action file.
    pub(super) place: String,
    /// What each says.
    pub(super) detail: String,
}

impl Found {
    /// A difference with what either side says.
    pub(super) fn both(place: String, theirs: &str, ours: &str) -> Self {
        Self { place, detail: format!("the contract says {theirs}, the action says {ours}") }
    }

    /// Something that only the contract has.
    pub(super) fn lacking(place: String) -> Self {
        Self { place, detail: "the action lacks it".to_owned() }
    }

    /// Something that only the action has.
    pub(super) fn extra(place: String) -> Self {
        Self { place, detail: "the contract does not have it".to_owned() }
    }

    /// A thing that one side requires and the other does not.
    pub(super) fn need(place: &str, theirs: bool, ours: bool) -> Option<Self> {
        let word = |required| if required { "required" } else { "optional" };
        (theirs != ours).then(|| Self::both(format!("{place}.required"), word(theirs), word(ours)))
    }
}

/// A walk through both shapes.
pub(super) struct Shapes<'a> {
    contract: &'a Contract,
    side: Side,
    /// Definitions that the walk is inside of.
    trail: Vec<&'a str>,
    /// What it has found.
    pub(super) found: Vec<Found>,
}

impl<'a> Shapes<'a> {
    pub(super) fn new(contract: &'a Contract, side: Side) -> Self {
        Self { contract, side, trail: Vec::new(), found: Vec::new() }
    }

    /// Compares a parameter of path, query or form. `list` tells that our side writes several values.
    pub(super) fn parameter(&mut self, place: &str, theirs: &'a Value, ours: &Value, list: bool) {
        let joins = list || theirs["format"] == "csv";
        if joins && theirs["type"] == "string" && ours["type"] == "array" {
            self.joined(place, theirs, ours);
        } else {
            self.compare(place, theirs, ours);
        }
    }

    /// A list that the wire joins into one text: the contract then writes the list's facts onto the text.
    fn joined(&mut self, place: &str, theirs: &Value, ours: &Value) {
        let choices = theirs.get("enum").or_else(|| theirs["items"].get("enum"));
        self.keyword(place, "enum", choices, ours["items"].get("enum"));
        let most = theirs.get("maximum").or_else(|| theirs.get("maxItems"));
        self.keyword(place, "maxItems", most, ours.get("maxItems"));
    }

    /// Compares two schemas and everything in them.
    pub(super) fn compare(&mut self, place: &str, theirs: &'a Value, ours: &Value) {
        let depth = self.trail.len();
        let theirs = self.contract.resolve(theirs, &mut self.trail);
        let (outside, entered) = self.trail.split_at(depth);
        // A shape that holds itself is described once; the bundler leaves the inner one open, and there we stop.
        let again = entered.iter().any(|name| outside.contains(name));
        let open = ours["type"] == "object" && ours.get("properties").is_none();
        if !(again && open) {
            self.resolved(place, theirs, ours);
        }
        self.trail.truncate(depth);
    }

    fn resolved(&mut self, place: &str, theirs: &'a Value, ours: &Value) {
        let kind = kind(theirs).or_else(|| ours["type"].as_str());
        if kind == Some("file") {
            return;
        }
        if ours["type"].is_array() || !agree(kind, ours["type"].as_str()) {
            let (theirs, ours) = (kind.unwrap_or("nothing"), show(ours.get("type")));
            return self.found.push(Found::both(format!("{place}.type"), theirs, &ours));
        }
        if kind == Some("object") {
            self.properties(place, theirs, ours);
        }
        if let Some(items) = theirs.get("items").filter(|_| kind == Some("array")) {
            self.compare(&format!("{place}[]"), items, &ours["items"]);
        }
        self.keywords(place, theirs, ours);
    }

    fn properties(&mut self, place: &str, theirs: &'a Value, ours: &Value) {
        let parts = self.contract.parts(theirs);
        let mut known: Vec<(&'a String, &'a Value)> =
            parts.iter().filter_map(|part| part["properties"].as_object()).flatten().collect();
        if self.side == Side::Input {
            known.retain(|(_, property)| !self.read_only(property));
        }
        for (name, property) in &known {
            let at = format!("{place}.{name}");
            match ours["properties"].get(name.as_str()) {
                Some(own) => self.compare(&at, property, own),
                None => self.found.push(Found::lacking(at)),
            }
        }
        if !known.is_empty() {
            self.extra(place, &known, ours);
        }
        if self.side == Side::Input {
            let required: Vec<&str> = parts.iter().flat_map(|part| texts(&part["required"])).collect();
            self.required(place, &known, &required, ours);
        }
    }

    /// Whether only the service writes it. Said of a list's items it means nothing: the list could not be sent at all.
    fn read_only(&self, property: &Value) -> bool {
        let resolved = self.contract.resolve(property, &mut Vec::new());
        property["readOnly"] == true || resolved["readOnly"] == true
    }

    fn extra(&mut self, place: &str, known: &[(&String, &Value)], ours: &Value) {
        for name in ours["properties"].as_object().into_iter().flat_map(Map::keys) {
            if !known.iter().any(|(theirs, _)| *theirs == name) {
                self.found.push(Found::extra(format!("{place}.{name}")));
            }
        }
    }

    /// Of properties that both have: one that is missing altogether has been told already.
    fn required(&mut self, place: &str, known: &[(&String, &Value)], required: &[&str], ours: &Value) {
        let mine = texts(&ours["required"]);
        for (name, _) in known.iter().filter(|(name, _)| ours["properties"].get(name.as_str()).is_some()) {
            let (theirs, ours) = (required.contains(&name.as_str()), mine.contains(&name.as_str()));
            self.found.extend(Found::need(&format!("{place}.{name}"), theirs, ours));
        }
    }

    fn keywords(&mut self, place: &str, theirs: &Value, ours: &Value) {
        let keywords = if self.side == Side::Input { &INPUT[..] } else { &OUTPUT[..] };
        let number_as_text = theirs["type"] == "string" && is_number(ours["type"].as_str());
        for keyword in keywords {
            let told = theirs.get(*keyword);
            // What can be said of a text cannot be said of the number it holds, and the other way round.
            let untellable = match *keyword {
                "enum" | "minLength" | "maxLength" | "format" => true,
                "minimum" | "maximum" => told.is_none(),
                _ => false,
            };
            if !(number_as_text && untellable) {
                self.keyword(place, keyword, told, ours.get(*keyword));
            }
        }
    }

    fn keyword(&mut self, place: &str, keyword: &str, theirs: Option<&Value>, ours: Option<&Value>) {
        if !equal(keyword, theirs, ours) {
            self.found.push(Found::both(format!("{place}.{keyword}"), &show(theirs), &show(ours)));
        }
    }
}
