//! Holds the catalogue against the vendor's published contract, so that neither drifts away from the other unseen.
//!
//! The contract is kept as bare facts (`tests/contract/v3.json`): names, places, types, limits, scopes, no words. A test
//! compares every action with it, and `ctct contract diff` does the same with a newer file of the vendor's. An action
//! may differ only where its own file says so and why; whatever else differs is a fault of the file or news from the
//! vendor. This room knows the catalogue and nothing else of the runtime.

mod compare;
mod facts;
mod keyword;
mod pair;
mod report;
mod shape;
mod swagger;
#[cfg(test)]
mod tests;

pub use compare::compare;
pub use facts::{Contract, Operation, Parameter, Place, Source};
pub use report::{Difference, Report, Stale, Stated};
pub use swagger::from_swagger;
