//! A stand-in for the service, on loopback: the v3 resources and the OAuth server, stateful, with the real service's
//! cursors, time formats, error bodies and limits, and levers to make it fail on order.
//!
//! It shares no code with the runtime: the two meet only over HTTP, so that they cannot share a mistake. What nobody
//! outside the vendor knows is an option here, never a claim.

mod account;
mod call;
mod deliveries;
mod engagement;
mod env;
mod faults;
mod gate;
mod honesty;
mod hook;
mod journal;
mod levers;
mod limits;
mod oauth;
mod page;
mod partner;
mod resources;
mod seed;
mod server;
mod snapshot;
mod world;

pub use env::{Clock, Options, Reuse, Role, Seed};
pub use honesty::{Operation, operations, page};
pub use server::{Ready, Sandbox};
