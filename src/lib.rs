//! A connector between automation hosts and Constant Contact, the e-mail marketing service.
//!
//! It is declared as data (`connector/`, `actions/`, `schemas/`) and run by this small runtime: one JSON request in,
//! one authenticated, safe, honest call out. See [`Connector::invoke`] for the way of one request.

pub mod auth;
pub mod budget;
pub mod catalog;
pub mod clock;
pub mod config;
pub mod contract;
#[cfg(feature = "cli")]
pub mod exports;
#[cfg(any(feature = "cli", feature = "mcp"))]
pub mod hosts;
pub mod invoke;
pub mod lint;
pub mod protocol;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod schema;
pub mod store;
pub mod transport;

pub use invoke::Connector;
pub use protocol::{ActionError, ActionRequest, ActionResult};

/// The README's program is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
