//! The one integration binary: a folder or file per concern. Everything runs against the sandbox over real HTTP.

mod bad_input;
mod catalog;
mod cli;
mod contract;
mod examples;
mod house;
mod papers;
mod partner;
mod properties;
mod protocol;
mod runtime;
mod snapshots;
mod strict;
mod support;
mod tokens;
