//! Every action against its operation.

use super::pair::differences;
use super::shape::Found;
use super::{Contract, Difference, Operation, Report, Stale, Stated};
use crate::catalog::model::Action;

/// Holds the actions against the contract. An action belongs to the operation with its method and path; its `input`
/// and `output` have to be bundled, as the embedded catalogue has them.
pub fn compare(contract: &Contract, actions: &[&Action]) -> Report {
    let mut report = Report::default();
    for action in actions {
        let Some(operation) = contract.operation(&action.call.method, &action.call.path) else {
            report.removed.push(action.name.clone());
            continue;
        };
        report.matched.push(operation.key());
        settle(&mut report, action, differences(contract, operation, action));
    }
    let keys = contract.operations.iter().map(Operation::key);
    report.added = keys.filter(|key| !report.matched.contains(key)).collect();
    report
}

/// Sorts what was found by what the action's file states, and what it states by what was found.
fn settle(report: &mut Report, action: &Action, found: Vec<Found>) {
    for stated in &action.deviations {
        let (action, place) = (action.name.clone(), stated.place.clone());
        if found.iter().any(|found| found.place == place) {
            report.stated.push(Stated { action, place, kind: stated.kind, because: stated.because.clone() });
        } else {
            report.stale.push(Stale { action, place });
        }
    }
    for Found { place, detail } in found {
        if !action.deviations.iter().any(|stated| stated.place == place) {
            report.unexplained.push(Difference { action: action.name.clone(), place, detail });
        }
    }
}
