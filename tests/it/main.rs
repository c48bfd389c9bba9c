//! The one integration binary: a folder or file per concern. Everything runs against the sandbox over real HTTP.

mod bad_input;
mod catalog;
mod causes;
mod cli;
mod contract;
mod device;
mod examples;
mod house;
mod moving;
mod papers;
mod partner;
mod processes;
mod properties;
mod protocol;
mod retry_cells;
mod runtime;
mod sandbox;
mod secrets;
mod snapshots;
mod stores;
mod strict;
mod support;
mod tokens;
mod troubles;
