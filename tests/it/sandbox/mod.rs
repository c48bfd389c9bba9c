//! The sandbox itself: held to the contract, to what is known of the service, and to whatever arrives.

mod derived;
mod fuzz;
mod http;
mod scenarios;
