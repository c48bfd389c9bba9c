//! The one integration binary: a folder or file per concern. Everything runs against the sandbox over real HTTP.

mod catalog;
mod contract;
mod house;
mod protocol;
mod runtime;
mod strict;
mod support;
mod tokens;
