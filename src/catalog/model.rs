//! An action file, as Rust types. `schemas/protocol/action.json` is generated from these.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What an action does to the world. Retries, confirmation, tool annotations and icons follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Makes something new each time it is called, or starts a job that does.
    Create,
    /// Changes named details and leaves the rest; the same call again changes nothing more.
    Update,
    /// Writes a thing anew as a whole; the same call again changes nothing more.
    Replace,
    /// Takes something away.
    Delete,
    /// Reaches people: mail, posts, invitations. Cannot be taken back.
    Send,
}

impl Effect {
    /// The word used in files and listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Send => "send",
        }
    }
}

/// Whose credentials a call carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Authorizer {
    /// The connected account's access token.
    #[default]
    Account,
    /// A technology partner's token, with the API key in a header of its own.
    Partner,
}

/// How a query parameter is written when its value is a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// A single value.
    #[default]
    Plain,
    /// One parameter, values joined by commas.
    Csv,
    /// The parameter repeated for each value.
    Multi,
}

/// One query parameter.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryParameter {
    /// Name on the wire.
    pub name: String,
    /// The input property that fills it, where that has another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// How lists are written.
    #[serde(default)]
    pub style: Style,
}

impl QueryParameter {
    /// The input property that fills this parameter.
    pub fn property(&self) -> &str {
        self.from.as_deref().unwrap_or(&self.name)
    }
}

/// How a body property travels when it is not plain JSON of its own type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// As a string that contains JSON.
    Json,
    /// A number or truth value as a string.
    String,
}

/// How an action is called: everything the runtime needs to turn an input into a request.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallRecipe {
    /// HTTP method.
    pub method: String,
    /// Path below the API's base, with `{variables}` that are inputs.
    pub path: String,
    /// Query parameters, in the order in which they are written.
    #[serde(default)]
    pub query: Vec<QueryParameter>,
    /// `none`, `rest` (every input not in path or query), `multipart`, or the one property that is the body.
    pub body: String,
    /// Body properties that travel in another form.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, Encoding>")]
    pub encode: Map<String, Value>,
    /// Status codes that the vendor's contract gives for success. Any 2xx is taken as success.
    pub success: Vec<u16>,
    /// Status that says "not ready yet, ask again".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u16>,
    /// JSON Pointers to arrays, in a successful answer, of things that did not work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<String>,
}

impl CallRecipe {
    /// Names of the `{variables}` of the path, in order.
    pub fn path_variables(&self) -> impl Iterator<Item = &str> {
        self.path.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name)
    }
}

/// How a listing continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageStyle {
    /// The answer holds a link; its query pairs are taken out and bound to the action's own path.
    Link,
    /// The answer holds a cursor, sent back as the query parameter `next`.
    Cursor,
    /// `offset` grows by the number of items.
    Offset,
    /// `page` grows by one, from 0.
    Page,
}

/// Paging of a listing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageRecipe {
    /// How it continues.
    pub style: PageStyle,
    /// JSON Pointer to the array of items; the empty pointer when the answer is the array.
    pub items: String,
    /// JSON Pointer to the link or cursor, or several to try in order.
    #[serde(default)]
    pub next: OneOrMany,
    /// The largest `limit` the service takes; used when all pages are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_max: Option<u32>,
    /// JSON Pointer, within an item, to the id by which repeated items are recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// One text, or several.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// None given.
    #[default]
    None,
    /// One.
    One(String),
    /// Several, in order of trying.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them, in order.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::None => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// A worked example.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What it shows.
    pub title: String,
    /// A valid input.
    pub input: Value,
    /// What the service then answers; `null` where it answers without a body.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// `null` is an answer too: only a missing property means that the example shows none.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// How an action differs from the vendor's published contract, and why.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// Where: `input.<property>.<keyword>`, `output.<property>.type`, `call.success` …
    #[serde(rename = "where")]
    pub place: String,
    /// What kind of difference.
    pub kind: DeviationKind,
    /// The reason, as a sentence.
    pub because: String,
}

/// In which direction an action differs from the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviationKind {
    /// The contract is mistaken.
    Wrong,
    /// The action allows less than the contract.
    Stricter,
    /// The action allows more than the contract.
    Looser,
}

/// The whole truth about one action.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "Action",
    description = "One action of the connector: what it is called, what it does, what it needs, how it is called, what goes in and what comes out."
)]
pub struct Action {
    /// For editors: the schema of this file.
    #[serde(rename = "$schema", default, skip_serializing)]
    pub schema: Option<String>,
    /// Unique, in `snake_case`, verb first.
    #[schemars(regex(pattern = "^[a-z][a-z0-9]*(_[a-z0-9]+)+$"))]
    pub name: String,
    /// The name a person sees: at most 80 characters, none of `/\<>*%&?`.
    #[schemars(length(min = 3, max = 80))]
    pub title: String,
    /// What it does, in sentences.
    pub description: String,
    /// What surprises people, a sentence each.
    #[serde(default)]
    pub pitfalls: Vec<String>,
    /// What it does to the world.
    pub effect: Effect,
    /// Whether the service only starts a job that ends later.
    #[serde(default, rename = "async")]
    pub starts_job: bool,
    /// OAuth scopes, any one of which is enough.
    pub scopes: Vec<String>,
    /// Why no scope is needed, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes_why: Option<String>,
    /// Privileges the connected user needs in the account.
    #[serde(default)]
    pub privileges: Vec<String>,
    /// Whose credentials the call carries.
    #[serde(default)]
    pub authorizer: Authorizer,
    /// How it is called.
    pub call: CallRecipe,
    /// How its listing continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<PageRecipe>,
    /// JSON Schema of what goes in: one flat object.
    pub input: Value,
    /// JSON Schema of what comes out. It describes; it is not enforced.
    pub output: Value,
    /// Worked examples.
    pub examples: Vec<Example>,
    /// Differences from the vendor's contract.
    #[serde(default)]
    pub deviations: Vec<Deviation>,
    /// The folder the file lies in; filled in by the bundler.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(skip)]
    pub resource: String,
}
