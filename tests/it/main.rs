//! The one integration binary: a folder or file per concern. Everything runs against the sandbox over real HTTP.

mod catalog;
mod contract;
mod strict;
