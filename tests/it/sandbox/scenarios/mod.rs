//! What is known of the service, told as stories to the stand-in over raw HTTP. The connector has no part in it.
//!
//! Each test is about one fact and says where the fact comes from: `[O]` the vendor says so, `[C]` it shows in code or
//! answers on record, `[F]` developers reported it, `[I]` it was inferred, `[R]` it is what the product behind the
//! service does. What is only inferred may turn out otherwise; these tests then change with it.

mod account;
mod bulk;
mod campaigns;
mod client;
mod consent;
mod contacts;
mod determinism;
mod errors;
mod events;
mod groups;
mod jumps;
mod levers;
mod life;
mod oauth;
mod paging;
mod partner;
mod people;
mod recorded;
mod reports;
mod segments;
mod sending;
mod sign_up;
mod state;
mod things;
mod tokens;
mod webhooks;
