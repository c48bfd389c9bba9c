//! Authorization: consent to tokens, tokens kept alive, and one refresh at a time.
//!
//! The first law lives here: a refresh token is never lost by us. See `refresh` for how.

mod answer;
pub mod authorize;
mod connected;
pub mod device;
pub mod events;
mod exchange;
pub mod jwt;
mod keep_alive;
mod keeper;
mod refresh;
mod tokens;

pub use connected::Connected;
pub use device::DeviceConsent;
pub use events::{ConnectionEvent, ConnectionEvents};
pub use exchange::TokenEndpoint;
pub use keep_alive::{Kept, KeptAlive};
pub use keeper::{Keeper, LiveToken};
pub use tokens::TokenSet;
