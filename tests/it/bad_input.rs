//! Every rule of every action's input, broken one at a time: each fault is refused before any call, under the pointer
//! of its own field, in words that do not repeat the value.

use std::{collections::BTreeSet, iter::once};

use constantcontact::{
    catalog::model::Action,
    protocol::{Code, FieldError, PageOptions, Sent},
    schema::{InputRules, compile},
};
use serde_json::{Map, Value, json};

use crate::{
    examples::{actions, filled},
    support::{Bench, request},
};

/// Stands for a person's data: of no format, in no list of choices, and to be in no message.
const MARKER: &str = "Zq7 is nobody's business";

/// A property that no schema knows.
const UNKNOWN: &str = "not_known_here";

/// Keywords that the mutations below break, or that hold no rule. Another one needs a mutation of its own first.
const KEYWORDS: &str = "additionalProperties anyOf default dependentRequired description enum examples format items \
    maxItems maxLength maxProperties maximum minItems minLength minProperties minimum not oneOf pattern \
    patternProperties properties required title type uniqueItems";

/// One action, and what came of breaking its rules.
struct Trial {
    action: &'static Action,
    rules: InputRules,
    mutations: usize,
    /// Mutations that were not refused as they should be.
    misses: Vec<String>,
    /// Places for which no valid input could be made.
    unreached: BTreeSet<String>,
}

impl Trial {
    fn of(action: &'static Action) -> Self {
        let rules = InputRules::compile(action).unwrap();
        Self { action, rules, mutations: 0, misses: Vec::new(), unreached: BTreeSet::new() }
    }

    fn faults(&self, input: &Value) -> Vec<FieldError> {
        self.rules.violations(&Value::Object(filled(self.action, input)))
    }

    fn is_valid(&self, input: &Value) -> bool {
        self.faults(input).is_empty()
    }

    /// A mutation that must be refused under this pointer, and in these words if any are given.
    fn refused(&mut self, what: &str, input: &Value, pointer: &str, words: Option<&str>) {
        let found = self.faults(input);
        let named = found.iter().any(|f| f.pointer == pointer && words.is_none_or(|words| f.message == words));
        let told = found.iter().any(|f| f.message.contains(MARKER));
        self.mutations += 1;
        if !named || told {
            self.misses.push(format!("{}, {what} at {pointer:?}: {found:?}", self.action.name));
        }
    }

    /// Breaks the rules for the value at `at`, and for all that is in it or could be. `base` is valid.
    fn visit(&mut self, base: &Value, at: &str, rules: &Value) {
        let value = base.pointer(at).unwrap();
        // At the root, no other type can be given.
        if !at.is_empty() {
            for (what, broken) in mutations(rules, value) {
                self.refused(what, &with(base, at, broken), at, None);
            }
        }
        match value {
            Value::Object(object) => self.visit_members(base, at, rules, object),
            Value::Array(items) if rules["items"].is_object() => self.visit_first(base, at, rules, items),
            _ => {}
        }
    }

    fn visit_members(&mut self, base: &Value, at: &str, rules: &Value, object: &Map<String, Value>) {
        for name in names(&rules["required"]) {
            let filled_in = at.is_empty() && rules["properties"][name].get("default").is_some();
            if !filled_in {
                let mut rest = object.clone();
                rest.remove(name);
                self.refused("missing", &with(base, at, Value::Object(rest)), &child(at, name), None);
            }
        }
        if rules["additionalProperties"] == false && by_pattern(rules, UNKNOWN).is_none() {
            let mut more = object.clone();
            more.insert(UNKNOWN.to_owned(), json!(MARKER));
            self.refused("unknown", &with(base, at, Value::Object(more)), &child(at, UNKNOWN), None);
        }
        let known = rules["properties"].as_object();
        for (name, property) in known.into_iter().flatten() {
            match self.present(base, at, rules, name) {
                Some(base) => self.visit(&base, &child(at, name), property),
                None => {
                    self.unreached.insert(child(at, name));
                }
            }
        }
        for name in object.keys().filter(|name| known.is_none_or(|known| !known.contains_key(*name))) {
            if let Some(property) = by_pattern(rules, name) {
                self.visit(base, &child(at, name), property);
            }
        }
    }

    fn visit_first(&mut self, base: &Value, at: &str, rules: &Value, items: &[Value]) {
        let first = child(at, "0");
        if !items.is_empty() {
            return self.visit(base, &first, &rules["items"]);
        }
        let base = with(base, at, json!([minimal(&rules["items"])]));
        if self.is_valid(&base) {
            self.visit(&base, &first, &rules["items"]);
        } else {
            self.unreached.insert(first);
        }
    }

    /// A valid input that has this property: the example's own, or with the property added, or, where the object's
    /// other properties exclude it, with only the required ones beside it.
    fn present(&self, base: &Value, at: &str, rules: &Value, name: &str) -> Option<Value> {
        let object = base.pointer(at)?.as_object()?;
        if object.contains_key(name) {
            return Some(base.clone());
        }
        let is_required = |key: &str| names(&rules["required"]).any(|required| required == key);
        let required = object.iter().filter(|(key, _)| is_required(key));
        let barest: Map<_, _> = required.map(|(key, value)| (key.clone(), value.clone())).collect();
        [object.clone(), barest].into_iter().find_map(|mut kept| {
            for member in once(name).chain(names(&rules["dependentRequired"][name])) {
                add(rules, &mut kept, member);
            }
            Some(with(base, at, Value::Object(kept))).filter(|input| self.is_valid(input))
        })
    }

    /// Breaks the conditions between properties.
    fn conditions(&mut self, base: &Value) {
        let action = self.action;
        let (rules, base) = (&action.input, base.as_object().unwrap());
        if rules["anyOf"].is_array() {
            let mut broken = without(base, &rules["anyOf"]);
            // An alternative may also be that a choice is another one: then that one is taken.
            for alternative in rules["anyOf"].as_array().into_iter().flatten() {
                for (name, rule) in alternative["properties"].as_object().into_iter().flatten() {
                    broken.insert(name.clone(), rule["not"]["enum"][0].clone());
                }
            }
            self.condition("anyOf", broken);
        }
        let choices = rules["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        let plain: Vec<&Value> = choices.iter().filter(|choice| choice["required"].is_array()).collect();
        for (i, one) in plain.iter().enumerate() {
            for other in &plain[i + 1..] {
                self.condition("oneOf", having(rules, base, [*one, *other]));
            }
        }
        // Where a choice is not a list of names, it may be that none of them need be there.
        if !plain.is_empty() && plain.len() == choices.len() {
            self.condition("oneOf", without(base, &rules["oneOf"]));
        }
        let forbidden = &rules["not"];
        if forbidden.is_object() {
            let ways = forbidden["anyOf"].as_array().cloned().unwrap_or_else(|| vec![json!({})]);
            for way in &ways {
                self.condition("not", having(rules, base, [forbidden, way]));
            }
        }
        for (name, partners) in rules["dependentRequired"].as_object().into_iter().flatten() {
            for partner in names(partners) {
                let mut lonely = base.clone();
                add(rules, &mut lonely, name);
                lonely.remove(partner);
                self.refused("dependentRequired", &Value::Object(lonely), &child("", partner), None);
            }
        }
    }

    /// A broken condition is told of the input as a whole, in the catalogue's own sentence.
    fn condition(&mut self, keyword: &str, input: Map<String, Value>) {
        let action = self.action;
        let sentence = action.input["x-message"][keyword].as_str().unwrap();
        self.refused(keyword, &Value::Object(input), "", Some(sentence));
    }
}

/// All the ways to break the rules for one value, one rule at a time.
fn mutations(rules: &Value, value: &Value) -> Vec<(&'static str, Value)> {
    let mut all = vec![("null", Value::Null)];
    match (rules["type"].as_str().unwrap(), value) {
        ("string", _) => {
            all.push(("a list", json!([MARKER])));
            all.extend(texts(rules));
        }
        (kind, Value::Number(_)) => {
            all.push(("a text", json!(MARKER)));
            all.extend(numbers(kind, rules));
        }
        (_, Value::Array(items)) => {
            all.push(("a text", json!(MARKER)));
            all.extend(lists(rules, items));
        }
        (_, Value::Object(object)) => {
            all.push(("a text", json!(MARKER)));
            all.extend(objects(rules, object));
        }
        _ => all.push(("a text", json!(MARKER))),
    }
    all
}

fn texts(rules: &Value) -> Vec<(&'static str, Value)> {
    let marked = ["enum", "format", "pattern"].into_iter().filter(|keyword| rules.get(keyword).is_some());
    let mut all: Vec<_> = marked.map(|keyword| (keyword, json!(MARKER))).collect();
    all.extend(limit(rules, "maxLength").map(|most| ("maxLength", json!(format!("{MARKER}{}", "x".repeat(most))))));
    all.extend(below(rules, "minLength").map(|count| ("minLength", json!("x".repeat(count)))));
    all
}

fn numbers(kind: &str, rules: &Value) -> Vec<(&'static str, Value)> {
    let beyond = |keyword: &str, by: i32| {
        rules.get(keyword).map(|limit| match limit.as_i64() {
            Some(whole) => json!(whole + i64::from(by)),
            None => json!(limit.as_f64().unwrap() + f64::from(by)),
        })
    };
    let mut all = Vec::new();
    all.extend((kind == "integer").then(|| ("a fraction", json!(1.5))));
    all.extend(rules.get("enum").map(|_| ("enum", json!(987_654_321))));
    all.extend(beyond("minimum", -1).map(|less| ("minimum", less)));
    all.extend(beyond("maximum", 1).map(|more| ("maximum", more)));
    all
}

fn lists(rules: &Value, items: &[Value]) -> Vec<(&'static str, Value)> {
    let one = items.first().cloned().unwrap_or_else(|| minimal(&rules["items"]));
    let mut all = Vec::new();
    all.extend(limit(rules, "maxItems").map(|most| ("maxItems", Value::Array(vec![one.clone(); most + 1]))));
    all.extend(below(rules, "minItems").map(|count| ("minItems", Value::Array(vec![one.clone(); count]))));
    all.extend((rules["uniqueItems"] == true).then(|| ("uniqueItems", json!([one, one]))));
    all
}

fn objects(rules: &Value, object: &Map<String, Value>) -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    all.extend(below(rules, "minProperties").map(|count| {
        let few: Map<_, _> = object.iter().take(count).map(|(name, value)| (name.clone(), value.clone())).collect();
        ("minProperties", Value::Object(few))
    }));
    all.extend(limit(rules, "maxProperties").map(|_| {
        let mut many = object.clone();
        rules["properties"].as_object().unwrap().keys().for_each(|name| add(rules, &mut many, name));
        ("maxProperties", Value::Object(many))
    }));
    all
}

/// The smallest value that keeps the rules, or the one that the schema shows.
fn minimal(rules: &Value) -> Value {
    let shown = ["enum", "examples"].iter().find_map(|list| rules[*list].get(0));
    if let Some(known) = shown.or_else(|| rules.get("const")).or_else(|| rules.get("default")) {
        return known.clone();
    }
    match rules["type"].as_str().unwrap() {
        "string" => json!("a".repeat(limit(rules, "minLength").unwrap_or(1).max(1))),
        "integer" | "number" => rules.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(true),
        "array" if rules["items"].is_object() => json!([minimal(&rules["items"])]),
        "array" => json!([]),
        _ => {
            let mut object = Map::new();
            names(&rules["required"]).for_each(|name| add(rules, &mut object, name));
            Value::Object(object)
        }
    }
}

/// Adds a property that is not there yet.
fn add(rules: &Value, object: &mut Map<String, Value>, name: &str) {
    if !object.contains_key(name) {
        object.insert(name.to_owned(), minimal(&rules["properties"][name]));
    }
}

/// The input with what all these conditions name.
fn having(rules: &Value, input: &Map<String, Value>, conditions: [&Value; 2]) -> Map<String, Value> {
    let mut input = input.clone();
    for condition in conditions {
        names(&condition["required"]).for_each(|name| add(rules, &mut input, name));
        for (name, wanted) in condition["properties"].as_object().into_iter().flatten() {
            if let Some(value) = wanted.get("const") {
                input.insert(name.clone(), value.clone());
            }
            let list = input.get_mut(name).and_then(Value::as_array_mut);
            if let (Some(list), Some(least)) = (list, limit(wanted, "minItems")) {
                let one = minimal(&rules["properties"][name]["items"]);
                list.resize(list.len().max(least), one);
            }
        }
    }
    input
}

/// The input with nothing that these choices name.
fn without(input: &Map<String, Value>, choices: &Value) -> Map<String, Value> {
    let named: BTreeSet<&str> =
        choices.as_array().unwrap().iter().flat_map(|choice| names(&choice["required"])).collect();
    input.iter().filter(|(name, _)| !named.contains(name.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// The input with another value at this place.
fn with(base: &Value, at: &str, value: Value) -> Value {
    let mut input = base.clone();
    *input.pointer_mut(at).unwrap() = value;
    input
}

/// The rules for a property that only a pattern names.
fn by_pattern<'a>(rules: &'a Value, name: &str) -> Option<&'a Value> {
    let fits = |pattern: &str| compile(&json!({ "pattern": pattern })).unwrap().is_valid(&json!(name));
    let patterns = rules["patternProperties"].as_object()?;
    patterns.iter().find(|(pattern, _)| fits(pattern)).map(|(_, property)| property)
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn child(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn limit(rules: &Value, keyword: &str) -> Option<usize> {
    rules[keyword].as_u64().map(|limit| usize::try_from(limit).unwrap())
}

/// One less than a lower limit, where the limit says anything.
fn below(rules: &Value, keyword: &str) -> Option<usize> {
    limit(rules, keyword)?.checked_sub(1)
}

/// Every keyword of a schema and of what is in it.
fn keywords(rules: &Value, found: &mut BTreeSet<String>) {
    found.extend(rules.as_object().into_iter().flat_map(Map::keys).filter(|key| !key.starts_with("x-")).cloned());
    for group in ["properties", "patternProperties"] {
        rules[group].as_object().into_iter().flat_map(Map::values).for_each(|property| keywords(property, found));
    }
    if rules["items"].is_object() {
        keywords(&rules["items"], found);
    }
}

#[test]
fn every_broken_rule_is_refused_under_its_own_pointer() {
    let mut misses = Vec::new();
    let mut mutations = 0;
    for action in actions() {
        let mut trial = Trial::of(action);
        for example in &action.examples {
            let input = Value::Object(filled(action, &example.input));
            if trial.is_valid(&input) {
                trial.visit(&input, "", &action.input);
                trial.conditions(&input);
            }
        }
        assert!(trial.mutations > 0, "nothing of {} could be broken", action.name);
        if !trial.unreached.is_empty() {
            println!("{}: no valid example could be made with {:?}", action.name, trial.unreached);
        }
        mutations += trial.mutations;
        misses.extend(trial.misses);
    }
    println!("{mutations} mutations");
    assert!(misses.is_empty(), "{} of {mutations}:\n{}", misses.len(), misses.join("\n"));
    assert!(mutations > 1_500, "only {mutations} mutations");
}

#[test]
fn no_example_is_refused() {
    for action in actions() {
        let trial = Trial::of(action);
        for example in &action.examples {
            let faults = trial.faults(&example.input);
            assert!(faults.is_empty(), "{}, “{}”: {faults:?}", action.name, example.title);
        }
    }
}

#[test]
fn no_schema_has_a_rule_that_is_not_broken_here() {
    let known: BTreeSet<&str> = KEYWORDS.split_whitespace().collect();
    for action in actions() {
        let mut found = BTreeSet::new();
        keywords(&action.input, &mut found);
        found.retain(|keyword| !known.contains(keyword.as_str()));
        assert!(found.is_empty(), "{} uses {found:?}", action.name);
    }
}

#[tokio::test]
async fn a_broken_input_reaches_nobody() {
    let bench = Bench::new().await;
    let id = "5b9cbf1e-2f4a-11ef-8a0f-fa163e123456";
    let inputs = [
        ("create_contact_list", json!({}), "/name"),
        ("create_contact_list", json!({ "name": [MARKER] }), "/name"),
        ("create_contact_list", json!({ "name": "Readers", UNKNOWN: MARKER }), "/not_known_here"),
        ("get_contact", json!({ "contact_id": MARKER }), "/contact_id"),
        ("get_contact", json!({ "contact_id": id, "include": ["notes", MARKER] }), "/include/1"),
        ("list_contacts", json!({ "limit": 501 }), "/limit"),
        ("list_contacts", json!({ "segment_id": 7, "email": "noor@example.com" }), ""),
        ("create_contact", json!({}), ""),
        ("start_contact_delete_job", json!({ "contact_ids": [id], "list_ids": [id] }), ""),
        ("get_event", json!({ "event_id": ".." }), "/event_id"),
        ("get_event", json!({ "event_id": "" }), "/event_id"),
        (
            "start_contact_file_import_job",
            json!({ "file": { "filename": "a.csv", "content_base64": MARKER }, "list_ids": [id] }),
            "/file/content_base64",
        ),
    ];
    for (action, input, pointer) in inputs {
        let error = bench.run(action, input).await.unwrap_err();
        assert_eq!((error.code, error.sent), (Code::InvalidInput, Sent::No), "{action}: {error:?}");
        assert!(error.fields.iter().any(|field| field.pointer == pointer), "{action}, {pointer:?}: {error:?}");
        assert!(!serde_json::to_string(&error).unwrap().contains(MARKER), "{action}: {error:?}");
    }
    let mut request = request("list_contacts", json!({}));
    request.options.page = PageOptions { cursor: Some("redirect=https%3A%2F%2Fevil.example".to_owned()) };
    let error = bench.connector.invoke(request).await.unwrap_err();
    assert_eq!((error.code, error.sent), (Code::InvalidInput, Sent::No), "{error:?}");

    let arrived = bench.arrived().await;
    assert!(arrived.is_empty(), "{arrived:?}");
}
