//! The manifest, `connector/connector.json`, as Rust types: who we are, and what is true of the service as a whole.
//! `schemas/protocol/connector.json` is generated from these.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The manifest.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "Connector",
    description = "Identity, hosts, authorization, scopes, limits, look-ups and errors of the connector."
)]
pub struct Manifest {
    /// For editors: the schema of this file.
    #[serde(rename = "$schema", default, skip_serializing)]
    pub schema: Option<String>,
    /// The provider key that hosts know it by.
    pub key: String,
    /// The name a person sees.
    pub title: String,
    /// What it connects to, in a sentence.
    pub description: String,
    /// Where designers file it.
    pub categories: Vec<String>,
    /// The only public hosts a call may go to.
    pub hosts: Hosts,
    /// OAuth scopes, by their names on the wire.
    pub scopes: BTreeMap<String, Scope>,
    /// How a connection is authorized and kept.
    pub auth: Auth,
    /// The API key's quota.
    pub budget: BudgetRules,
    /// Lists of ids and labels for forms, by name.
    pub lookups: BTreeMap<String, Lookup>,
    /// Actions that prove a connection, in order.
    pub check: Vec<String>,
    /// The same for a connection that holds a partner's token.
    pub check_partner: Vec<String>,
    /// Where it is asked what the connected person may do, when a refusal does not say what is missing.
    pub rights: Rights,
    /// JSON Pointers into an input, to what names the thing that is written: of the writes with the same value there,
    /// one at a time is under way on a connection, because the service refuses simultaneous ones.
    pub serialise_by: Vec<String>,
    /// Which answer of the service means which of our codes, by name.
    pub errors: BTreeMap<String, ErrorRule>,
}

/// Addresses of the service.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hosts {
    /// Base of every action's path.
    pub api: String,
    /// Where a person consents.
    pub authorize: String,
    /// Where codes and refresh tokens are exchanged.
    pub token: String,
    /// Where a device asks for a code.
    pub device: String,
    /// Where a partner gets a token.
    pub partner_token: String,
}

/// One OAuth scope.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Form label.
    pub title: String,
    /// What it allows.
    pub description: String,
    /// Asked for unless a profile says otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
}

/// Authorization.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Flows the service has.
    pub flows: Vec<String>,
    /// The token endpoint and what its tokens obey.
    pub token: TokenRules,
    /// Flows we refuse, each with the reason.
    pub refused_flows: BTreeMap<String, String>,
    /// Where a profile's redirect address is fixed unless it says otherwise.
    pub default_redirect_uri: String,
    /// The scope a partner token is asked for.
    pub partner_scope: String,
}

/// Token rules.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRules {
    /// How a client with a secret proves itself.
    pub client_auth: String,
    /// What stands between scopes.
    pub scope_separator: String,
    /// Refresh modes an application may have.
    pub refresh: Vec<String>,
    /// Days after which an unused refresh token dies.
    pub idle_days: u32,
    /// Requests a second that the token endpoint takes.
    pub requests_per_second: u32,
    /// Seconds before expiry at which a token is refreshed ahead.
    pub refresh_ahead_seconds: u32,
    /// Seconds after its last use at which an access token may end, as the vendor's FAQ says of older ones. A hint
    /// only: nothing is refreshed for it, and a 401 of a token that lay unused for longer is no surprise.
    pub unused_seconds: u32,
    /// Seconds after its issue at which an access token has ended at the latest, whatever `expires_in` promised.
    pub lifetime_seconds: u32,
}

/// The quota of one API key.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetRules {
    /// Calls in any one second.
    pub per_second: u32,
    /// Calls in a UTC day.
    pub per_day: u32,
    /// When the day begins.
    pub day_resets: String,
    /// Bulk jobs that may wait at a time.
    pub queued_jobs: u32,
}

/// A list of ids and labels that a form can offer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The action that lists them.
    pub action: String,
    /// Input for that action.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// JSON Pointer to the items.
    pub items: String,
    /// JSON Pointer, within an item, to the id.
    pub value: String,
    /// JSON Pointer, within an item, to the label.
    pub label: String,
    /// How a search text is applied: `label` (by us) or the name of an input of the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Only items whose values at these pointers are these.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub filter: BTreeMap<String, Value>,
}

/// How to learn what the connected person may do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// The action that lists it; it needs neither a scope nor a privilege, and no input.
    pub action: String,
    /// JSON Pointer to the items.
    pub items: String,
    /// JSON Pointer, within an item, to a privilege's name.
    pub name: String,
}

/// How an answer of the service is recognised, and what it means.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// HTTP status.
    pub status: u16,
    /// The vendor's `error_key`; any when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_key: Option<String>,
    /// A part of the vendor's message, in lower case; any when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Our code.
    pub code: crate::protocol::Code,
    /// The name under which an id that stands in the message is given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_in_message: Option<String>,
    /// How the thing that this id names is looked at, to say how it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_up: Option<LookUp>,
    /// The same call may work a moment later, and is tried again where it does no harm twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retry: bool,
}

/// A look at the thing that stands in the way.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookUp {
    /// The action that reads it.
    pub action: String,
    /// The input of that action which takes the id.
    pub input: String,
    /// JSON Pointer, in what it gives, to something that only a deleted thing has.
    pub deleted: String,
    /// What to do when it is deleted.
    pub when_deleted: String,
    /// What to do when it is not.
    pub when_active: String,
}
