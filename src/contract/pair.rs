//! One action beside its operation: who may call, what is sent where, what comes back.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::keyword::texts;
use super::shape::{Found, Shapes};
use super::{Contract, Operation, Parameter, Place};
use crate::catalog::bundle::Side;
use crate::catalog::model::{Action, Authorizer, QueryParameter, Style};

/// All that differs between the two.
pub(super) fn differences(contract: &Contract, operation: &Operation, action: &Action) -> Vec<Found> {
    let mut pair = Pair { contract, operation, action, found: Vec::new() };
    pair.rights();
    pair.success();
    pair.query_names();
    pair.parameters();
    pair.body();
    pair.leftovers();
    pair.output();
    pair.found
}

/// An action beside its operation.
struct Pair<'a> {
    contract: &'a Contract,
    operation: &'a Operation,
    action: &'a Action,
    found: Vec<Found>,
}

impl<'a> Pair<'a> {
    fn rights(&mut self) {
        let (operation, action) = (self.operation, self.action);
        self.sets("scopes", &operation.scopes, &action.scopes);
        self.sets("privileges", &operation.privileges, &action.privileges);
        let word = |partner| if partner { "partner" } else { "account" };
        let (theirs, ours) = (operation.is_partner(), action.authorizer == Authorizer::Partner);
        if theirs != ours {
            self.found.push(Found::both("authorizer".to_owned(), word(theirs), word(ours)));
        }
    }

    fn sets(&mut self, place: &str, theirs: &[String], ours: &[String]) {
        if theirs.iter().collect::<BTreeSet<_>>() != ours.iter().collect::<BTreeSet<_>>() {
            self.found.push(Found::both(place.to_owned(), &theirs.join(", "), &ours.join(", ")));
        }
    }

    fn success(&mut self) {
        let (theirs, mut ours) = (self.operation.success(), self.action.call.success.clone());
        ours.sort_unstable();
        if theirs != ours {
            self.found.push(Found::both("call.success".to_owned(), &format!("{theirs:?}"), &format!("{ours:?}")));
        }
    }

    /// Names on the wire that only one side has.
    fn query_names(&mut self) {
        let (operation, action) = (self.operation, self.action);
        for theirs in operation.parameters_in(Place::Query).filter(|theirs| query(action, &theirs.name).is_none()) {
            self.found.push(Found::lacking(format!("call.query.{}", theirs.name)));
        }
        for ours in &action.call.query {
            if !operation.parameters_in(Place::Query).any(|theirs| theirs.name == ours.name) {
                self.found.push(Found::extra(format!("call.query.{}", ours.name)));
            }
        }
    }

    fn parameters(&mut self) {
        for theirs in &self.operation.parameters {
            match theirs.place {
                Place::Path | Place::FormData => self.parameter(theirs, &theirs.name, true),
                Place::Query => {
                    if let Some(ours) = query(self.action, &theirs.name) {
                        self.parameter(theirs, ours.property(), ours.style != Style::Plain);
                    }
                }
                // The runtime writes the headers itself: one that has to be filled is news.
                Place::Header => self.found.push(Found::lacking(format!("call.header.{}", theirs.name))),
                Place::Body => {}
            }
        }
    }

    /// Compares one parameter with the input property that fills it.
    fn parameter(&mut self, theirs: &'a Parameter, property: &str, list: bool) {
        let place = format!("input.{property}");
        let Some(ours) = self.action.input["properties"].get(property) else {
            // A cursor is no input: it travels in the options, and the runtime writes it.
            if !(self.action.page.is_some() && matches!(property, "next" | "prev" | "cursor")) {
                self.found.push(Found::lacking(place));
            }
            return;
        };
        let mut shapes = Shapes::new(self.contract, Side::Input);
        shapes.parameter(&place, &theirs.facts, ours, list);
        self.found.append(&mut shapes.found);
        let required = texts(&self.action.input["required"]).contains(&property);
        self.found.extend(Found::need(&place, theirs.required, required));
    }

    fn body(&mut self) {
        let form = self.operation.parameters_in(Place::FormData).next().is_some();
        match (self.operation.body(), self.action.call.body.as_str()) {
            (None, "multipart") if form => {}
            (None, "none") if !form => {}
            (Some(shape), "rest") => self.rest(shape),
            (Some(shape), ours) if !["none", "multipart"].contains(&ours) => {
                let own = &self.action.input["properties"][ours];
                self.shape(Side::Input, &format!("input.{ours}"), shape, own);
            }
            (theirs, ours) => {
                let theirs = if form { "a form" } else { theirs.map_or("none", |_| "a JSON body") };
                self.found.push(Found::both("call.body".to_owned(), theirs, ours));
            }
        }
    }

    /// The inputs that are neither path nor query, as the object that they are sent as.
    fn rest(&mut self, shape: &'a Value) {
        let (action, spent) = (self.action, spent(self.action));
        let own = |name: &str| !spent.contains(&name);
        let inputs = action.input["properties"].as_object().into_iter().flatten();
        let properties: Map<String, Value> =
            inputs.filter(|(name, _)| own(name)).map(|(name, one)| (name.clone(), one.clone())).collect();
        let required: Vec<&str> = texts(&action.input["required"]).into_iter().filter(|name| own(name)).collect();
        let ours = json!({ "type": "object", "properties": properties, "required": required });
        let before = self.found.len();
        self.shape(Side::Input, "input", shape, &ours);
        // A name that is in the path and in the body is taken for the path, so the body is not missing it.
        let path: Vec<String> = variables(&action.call.path).map(|name| format!("input.{name}")).collect();
        let found = self.found.split_off(before);
        self.found.extend(found.into_iter().filter(|found| !path.contains(&found.place)));
    }

    /// Inputs that the call has no use for.
    fn leftovers(&mut self) {
        let action = self.action;
        let body = action.call.body.as_str();
        if body == "rest" && self.operation.body().is_some() {
            return;
        }
        let mut used = spent(action);
        used.push(body);
        used.extend(self.operation.parameters_in(Place::FormData).map(|part| part.name.as_str()));
        for name in action.input["properties"].as_object().into_iter().flat_map(Map::keys) {
            if !used.contains(&name.as_str()) {
                self.found.push(Found::extra(format!("input.{name}")));
            }
        }
    }

    fn output(&mut self) {
        let action = self.action;
        match self.operation.answer() {
            // A file's columns are no part of the contract.
            Some(_) if self.operation.produces.iter().any(|kind| kind == "text/csv") => {}
            Some(shape) => self.shape(Side::Output, "output", shape, &action.output),
            None if action.output["type"] == "null" => {}
            None => self.found.push(Found::extra("output".to_owned())),
        }
    }

    fn shape(&mut self, side: Side, place: &str, theirs: &'a Value, ours: &Value) {
        let mut shapes = Shapes::new(self.contract, side);
        shapes.compare(place, theirs, ours);
        self.found.append(&mut shapes.found);
    }
}

fn query<'a>(action: &'a Action, name: &str) -> Option<&'a QueryParameter> {
    action.call.query.iter().find(|query| query.name == name)
}

/// The inputs that path and query take.
fn spent(action: &Action) -> Vec<&str> {
    variables(&action.call.path).chain(action.call.query.iter().map(QueryParameter::property)).collect()
}

/// The names in braces of a path.
fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}
