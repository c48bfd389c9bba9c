//! Authorization: consent to tokens, tokens kept alive, and one refresh at a time.
//!
//! The first law lives here: a refresh token is never lost by us. See `refresh` for how.

pub mod authorize;
mod exchange;
pub mod jwt;
mod keeper;
mod refresh;
mod tokens;

pub use exchange::TokenEndpoint;
pub use keeper::{Keeper, LiveToken};
pub use tokens::TokenSet;
