//! What must outlive a process: profiles, connections and their tokens, leases, the quota ledger, checkpoints of polls,
//! results kept for idempotency keys, and the run log. One trait; `SQLite` is the embedded default.
//!
//! Secrets arrive here already sealed (see `vault`): a store never sees one in the clear.

pub mod ledger;
pub mod moving;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;
pub mod vault;

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use crate::protocol::Priority;

#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

/// Why the store did not do it, as one line with the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// Short for what every store call gives.
pub type Result<T> = std::result::Result<T, StoreError>;

/// How a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Works.
    Active,
    /// Works until its token ends; there is nothing to refresh it with.
    Expiring,
    /// A person must consent again.
    ReconnectRequired,
    /// Taken back by us or by the account.
    Revoked,
}

/// A connected account, without its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Name given by the person; stays through reconnecting.
    pub id: String,
    /// The profile it was made with; none for a pasted token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The account: the login that consented, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Scopes granted; none where unknown (an opaque pasted token).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// How it is.
    pub status: Status,
    /// Why it is not simply active.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The quota ledger it draws on: the client id, or the connection itself where that is unknown.
    pub ledger: String,
    /// Base address of the API for this connection, where it is not the service's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_base: Option<String>,
    /// Whose credentials its tokens are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partner: bool,
    /// Calls in any one second, where that is not the profile's or the service's usual number; 0 for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// Calls in a UTC day, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u32>,
    /// Counts the token sets it has had. Begins with the time at which the connection was made, so that one that was
    /// removed and made again is never taken for the old one.
    #[serde(default)]
    pub generation: i64,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
}

/// A connection's sealed tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedTokens {
    /// The connection's data key, wrapped by the master key.
    #[serde(with = "moving::bytes")]
    pub data_key: Vec<u8>,
    /// The token set, sealed with the data key.
    #[serde(with = "moving::bytes")]
    pub tokens: Vec<u8>,
    /// Which set this is; bound into the seal.
    pub generation: i64,
    /// Set before a refresh is sent and cleared by its commit: if it is there, an earlier holder died in between.
    pub refresh_intent_ms: Option<i64>,
}

/// A profile as stored: its open part, and its sealed secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredProfile {
    /// Name.
    pub id: String,
    /// JSON of the profile without secrets.
    pub body: String,
    /// Sealed JSON of the secrets; empty where all are references.
    #[serde(with = "moving::bytes")]
    pub secrets: Vec<u8>,
}

/// The right to refresh one connection, for a while. The fence grows with every holder, so that a late commit by an
/// earlier holder is recognised and refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is leased.
    pub name: String,
    /// Who holds it.
    pub holder: String,
    /// The holder's number.
    pub fence: i64,
}

/// Limits of one ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls in any one second; 0 for no limit.
    pub per_second: u32,
    /// Calls in a UTC day; 0 for no limit.
    pub per_day: u32,
    /// Calls of the day kept back for people who wait.
    pub reserve: u32,
}

/// Who asks for a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker<'a> {
    /// The name of its place in the line of processes; empty for somebody who does not wait.
    pub line: &'a str,
    /// Its rank there: when it came, and later for the less urgent.
    pub rank_ms: i64,
    /// Until when it would wait.
    pub until_ms: i64,
    /// How urgent it is.
    pub priority: Priority,
}

impl Asker<'_> {
    /// Somebody who asks once and takes no place in the line.
    pub const fn passing(priority: Priority) -> Self {
        Self { line: "", rank_ms: i64::MAX, until_ms: i64::MAX, priority }
    }
}

/// What a ledger answers when a permit is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Go.
    Now {
        /// Calls left today.
        day_remaining: u64,
    },
    /// Not yet (milliseconds since 1970).
    Later {
        /// When to ask again.
        at_ms: i64,
        /// When it will be given at the earliest, as things stand.
        due_ms: i64,
    },
    /// The day is used up.
    Exhausted {
        /// When the next day begins.
        resets_ms: i64,
    },
}

/// What a ledger says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LedgerView {
    /// Calls granted today.
    pub used: u64,
    /// The same by priority.
    pub by_priority: BTreeMap<String, u64>,
    /// Nothing is granted before this (milliseconds since 1970), because the service said so.
    pub blocked_until_ms: i64,
}

/// Where a poll has come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The caller's own text (JSON), which nobody else reads. It lies there in the clear: no secret belongs in it.
    pub body: String,
    /// Counts the writes; the first is 1.
    pub version: i64,
    /// When it was last written (milliseconds since 1970).
    pub updated_ms: i64,
}

/// What is kept for an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The key is new: it is now ours, and the run may go on.
    Ours,
    /// It was used for the same input, and this came out (sealed JSON).
    Done(Vec<u8>),
    /// It was used for the same input, and that run has not ended, or ended without anyone knowing how.
    Open,
    /// It was used for another input.
    Mismatch,
}

/// One line of the run log: what happened, and what was in it only redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Id.
    pub run_id: String,
    /// When it began (milliseconds since 1970).
    pub at_ms: i64,
    /// Action.
    pub action: String,
    /// Connection.
    pub connection: Option<String>,
    /// `complete`, `partial`, `accepted`, or the error's code.
    pub outcome: String,
    /// Status of the last answer.
    pub http_status: Option<u16>,
    /// Calls made.
    pub calls: u32,
    /// Milliseconds in all.
    pub duration_ms: i64,
    /// Milliseconds of waiting in that.
    pub waited_ms: u64,
    /// The service's id of the last request.
    pub request_id: Option<String>,
    /// What went in, redacted by the action's schema: names, choices, numbers and ids, never other texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<serde_json::Value>,
    /// What went wrong, in words without values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Everything in a store, as it lies there: secrets stay sealed. For backups and for moving to another store.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dump {
    /// Profiles.
    pub profiles: Vec<StoredProfile>,
    /// Connections with their tokens.
    pub connections: Vec<(Connection, SealedTokens)>,
    /// Ledgers by name.
    pub ledgers: Vec<(String, ledger::LedgerPage)>,
    /// Checkpoints by name; older dumps have none.
    #[serde(default)]
    pub checkpoints: Vec<(String, Checkpoint)>,
    /// Results kept for idempotency keys.
    pub kept: Vec<KeptResult>,
    /// The run log, oldest first.
    pub runs: Vec<RunRecord>,
}

/// What is kept for one idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptResult {
    /// Connection.
    pub connection: String,
    /// Key.
    pub key: String,
    /// Hash of the input.
    #[serde(with = "moving::bytes")]
    pub input_hash: Vec<u8>,
    /// When it was claimed (milliseconds since 1970).
    pub at_ms: i64,
    /// The sealed result; none while open.
    #[serde(default, with = "moving::bytes::optional")]
    pub result: Option<Vec<u8>>,
}

/// Sealed values to be replaced all at once, when the master key changes: each with what it must still be. Tokens are
/// sealed with their connection's data key, so only the wrapping of that key changes, and a refresh may go on beside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewrap {
    /// Secrets of profiles: name, before, after.
    pub profiles: Vec<(String, Vec<u8>, Vec<u8>)>,
    /// Wrapped data keys of connections: name, before, after.
    pub data_keys: Vec<(String, Vec<u8>, Vec<u8>)>,
    /// Kept results: connection, key, before, after.
    pub kept: Vec<(String, String, Vec<u8>, Vec<u8>)>,
}

/// A store. Every method is atomic by itself.
#[async_trait]
pub trait Store: Send + Sync {
    /// All profiles by name.
    async fn profiles(&self) -> Result<Vec<StoredProfile>>;
    /// Writes a profile, new or not.
    async fn put_profile(&self, profile: StoredProfile) -> Result<()>;
    /// Removes a profile; false when there was none.
    async fn remove_profile(&self, id: &str) -> Result<bool>;

    /// All connections by name.
    async fn connections(&self) -> Result<Vec<Connection>>;
    /// One connection.
    async fn connection(&self, id: &str) -> Result<Option<Connection>>;
    /// Writes a connection with its tokens, new or reconnected.
    async fn put_connection(&self, connection: &Connection, tokens: &SealedTokens) -> Result<()>;
    /// Changes status and reasons, unless the connection has moved on to another generation.
    async fn set_status(&self, id: &str, generation: i64, status: Status, reasons: &[String]) -> Result<()>;
    /// Removes a connection and its tokens; false when there was none.
    async fn remove_connection(&self, id: &str) -> Result<bool>;
    /// A connection's tokens.
    async fn tokens(&self, id: &str) -> Result<Option<SealedTokens>>;
    /// Notes that a refresh of this generation is about to be sent, or (none) that it came to nothing. False when the
    /// lease is no longer ours or the generation no longer the newest: then nothing may be sent.
    async fn note_refresh(&self, lease: &Lease, id: &str, generation: i64, at_ms: Option<i64>) -> Result<bool>;
    /// Commits what a refresh gave, if the generation before it is still the newest; a connection that was given up
    /// meanwhile comes back. False when someone else was quicker. The data key stays as it is: the set is sealed with the same one, and its
    /// wrapping may have changed meanwhile.
    async fn commit_tokens(&self, id: &str, tokens: &SealedTokens) -> Result<bool>;

    /// Takes a lease until `until_ms`, if it is free or its time has passed at `now_ms`.
    async fn take_lease(&self, name: &str, holder: &str, now_ms: i64, until_ms: i64) -> Result<Option<Lease>>;
    /// Holds on to a lease until `until_ms`, as of `now_ms`. False when another has taken it.
    async fn keep_lease(&self, lease: &Lease, now_ms: i64, until_ms: i64) -> Result<bool>;
    /// Gives a lease back.
    async fn drop_lease(&self, lease: &Lease) -> Result<()>;

    /// Asks a ledger for a permit at `now_ms`.
    async fn permit(&self, ledger: &str, limits: Limits, asker: Asker<'_>, now_ms: i64) -> Result<Grant>;
    /// Corrects a ledger by what the service answered: nothing is granted before `until_ms`.
    async fn block_ledger(&self, ledger: &str, until_ms: i64) -> Result<()>;
    /// A ledger's figures for the day of `now_ms`.
    async fn ledger(&self, ledger: &str, now_ms: i64) -> Result<LedgerView>;

    /// Where the poll of this name has come to.
    async fn checkpoint(&self, name: &str) -> Result<Option<Checkpoint>>;
    /// Writes where a poll has come to, if `after` is still the newest version (0: if there is none yet). False when
    /// another process has gone on meanwhile: then nothing is written, and the caller reads again. It outlives the
    /// connection that it is about.
    async fn put_checkpoint(&self, name: &str, body: &str, after: i64, now_ms: i64) -> Result<bool>;

    /// Claims an idempotency key of a connection for an input, as of `now_ms`; claims older than a day are forgotten.
    async fn claim(&self, connection: &str, key: &str, input_hash: &[u8], now_ms: i64) -> Result<Claim>;
    /// Keeps what came out for a claimed key.
    async fn settle(&self, connection: &str, key: &str, sealed_result: &[u8]) -> Result<()>;
    /// Gives a claimed key back: nothing happened.
    async fn release(&self, connection: &str, key: &str) -> Result<()>;

    /// Adds lines to the run log.
    async fn log_runs(&self, runs: &[RunRecord]) -> Result<()>;
    /// The newest lines of the run log.
    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>>;
    /// One line of the run log.
    async fn one_run(&self, run_id: &str) -> Result<Option<RunRecord>>;

    /// Everything in the store, read at one moment.
    async fn dump(&self) -> Result<Dump>;
    /// Puts a dump into this store, which must hold no profile and no connection yet.
    async fn load(&self, dump: &Dump) -> Result<()>;
    /// Replaces sealed values, all or none; false when one of them is no longer what it was.
    async fn rewrap(&self, changes: &Rewrap) -> Result<bool>;
}

/// How much longer than asked for now a lease may last that was taken before. A longer one is from a clock that was
/// set back since, and would hold everybody up for as long.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) const BELIEVED_MS: i64 = 60_000;

/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400_000;

/// When the UTC day of `now_ms` ends.
pub fn day_end_ms(now_ms: i64) -> i64 {
    (now_ms.div_euclid(DAY_MS) + 1) * DAY_MS
}
