//! Profiles and settings: how a connection is made, where each value came from, and secrets by reference.
//!
//! A profile is what `StackOne` and `UiPath` ask for in their forms: the application's credentials, its flow, redirect
//! address, scopes, and the actions that are switched on. It lives in the store (`ctct profiles add`) or in a TOML
//! file; the file wins where both have one of the same name.

mod book;
mod file;
mod profile;
mod secret;

pub use book::ProfileBook;
pub use file::read_profiles;
pub use profile::{Flow, PartnerApp, Profile, ProfileSecrets, RateLimits, check_endpoint, is_loopback};
pub use secret::{SecretSource, v2_hint};
