//! The contract as facts: what a machine can check, without a word of the vendor's prose.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

static NOTHING: Value = Value::Null;

/// A longer chain of references is a circle, and circles mean nothing.
const MOST_HOPS: usize = 16;

/// Everything the vendor promises.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// Which publication these facts were taken from.
    #[serde(default)]
    pub source: Source,
    /// The operations, in the vendor's order.
    pub operations: Vec<Operation>,
    /// Shapes by name, to which `$ref` points.
    pub definitions: BTreeMap<String, Value>,
}

/// One publication of the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The vendor's version.
    pub build: String,
    /// Host of the service.
    pub host: String,
    /// What stands before every path.
    pub base_path: String,
}

/// One operation: a method on a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// The vendor's name for it.
    pub operation_id: String,
    /// The vendor's group.
    pub tag: String,
    /// HTTP method, in capitals.
    pub method: String,
    /// Path below the base, with `{variables}`.
    pub path: String,
    /// OAuth scopes.
    pub scopes: Vec<String>,
    /// Privileges that the user needs in the account.
    pub privileges: Vec<String>,
    /// Names of the security schemes, sorted.
    pub authorizer: Vec<String>,
    /// Media types of a body.
    pub consumes: Vec<String>,
    /// Media types of an answer.
    pub produces: Vec<String>,
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// What it answers: the shape of the body by status code; none where the body is empty or not told.
    pub responses: BTreeMap<String, Option<Value>>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Name on the wire.
    pub name: String,
    /// Where it stands.
    #[serde(rename = "in")]
    pub place: Place,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
    /// The rest: `type`, `format`, `enum`, limits; of a body its `schema`.
    #[serde(flatten)]
    pub facts: Value,
}

/// Where a parameter stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// A segment of the path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
    /// The body as a whole.
    Body,
    /// A part of a form.
    FormData,
}

impl Contract {
    /// Reads the facts from JSON.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|fault| format!("the contract's facts cannot be read: {fault}"))
    }

    /// The operation with this method and path.
    pub fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.method == method && operation.path == path)
    }

    /// What a shape comes down to when its references are followed; each definition passed is added to `trail`.
    pub(super) fn resolve<'a>(&'a self, schema: &'a Value, trail: &mut Vec<&'a str>) -> &'a Value {
        let mut schema = schema;
        for _ in 0..MOST_HOPS {
            let Some(reference) = schema["$ref"].as_str() else { return schema };
            let name = reference.strip_prefix("#/definitions/").unwrap_or(reference);
            trail.push(name);
            schema = self.definitions.get(name).unwrap_or(&NOTHING);
        }
        &NOTHING
    }

    /// A resolved shape and all that its `allOf` brings in. Today's contract has none; a newer one may.
    pub(super) fn parts<'a>(&'a self, schema: &'a Value) -> Vec<&'a Value> {
        let mut parts = vec![schema];
        let mut next = 0;
        while let Some(part) = parts.get(next).copied() {
            for member in part["allOf"].as_array().into_iter().flatten() {
                let member = self.resolve(member, &mut Vec::new());
                if !parts.iter().any(|known| std::ptr::eq(*known, member)) {
                    parts.push(member);
                }
            }
            next += 1;
        }
        parts
    }
}

impl Operation {
    /// Method and path, as people write it.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether it is called with a partner's credentials: these alone need an API key beside the token.
    pub fn is_partner(&self) -> bool {
        self.authorizer.iter().any(|scheme| scheme == "api_key")
    }

    /// Status codes of success, in order.
    pub fn success(&self) -> Vec<u16> {
        self.responses.keys().filter_map(|code| code.parse().ok()).filter(|code| (200..300).contains(code)).collect()
    }

    /// The shape of a successful answer: that of the lowest code which has one.
    pub fn answer(&self) -> Option<&Value> {
        self.responses.iter().filter(|(code, _)| code.starts_with('2')).find_map(|(_, shape)| shape.as_ref())
    }

    /// The shape of the JSON body.
    pub fn body(&self) -> Option<&Value> {
        self.parameters_in(Place::Body).next().and_then(|body| body.facts.get("schema"))
    }

    /// The parameters that stand in one place.
    pub fn parameters_in(&self, place: Place) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(move |parameter| parameter.place == place)
    }
}
