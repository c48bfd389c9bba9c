//! The documents that a host exchanges with the connector: request, result, error.
//!
//! Their JSON Schemas, in `schemas/protocol/`, are generated from these types; a test fails when they drift.

mod code;
mod error;
mod request;
mod result;

pub use code::Code;
pub use error::{ActionError, FieldError, Retry, RetryKind, Sent, Upstream};
pub use request::{ActionRequest, Options, PageOptions, Priority};
pub use result::{ActionResult, Issue, Meta, Next, Outcome, QuotaLeft, raw};
