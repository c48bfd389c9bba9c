//! The faces of the connector: thin, over `Connector::invoke`.

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "mcp")]
pub mod mcp;
#[cfg(feature = "cli")]
pub mod plugin;
