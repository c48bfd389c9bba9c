//! The guard against drift: every action says what the vendor's contract says, or says in its own file why not.

use std::collections::BTreeSet;

use constantcontact::catalog::{Catalog, model::Action};
use constantcontact::contract::{Contract, compare};

#[test]
fn every_action_keeps_the_contract_or_says_why_not() {
    let contract = Contract::from_json(include_str!("../contract/v3.json")).unwrap();
    let catalog = Catalog::embedded();
    let actions: Vec<&Action> = catalog.entries().iter().filter_map(|entry| catalog.action(entry.name)).collect();

    let report = compare(&contract, &actions);

    println!("{report}");
    assert!(report.unexplained.is_empty(), "differences that no action file explains:\n{report}");
    assert!(report.stale.is_empty(), "stated in an action file, but not there:\n{report}");
    assert!(report.added.is_empty(), "operations without an action: {:#?}", report.added);
    assert!(report.removed.is_empty(), "actions without an operation: {:#?}", report.removed);
    assert_eq!(report.matched.len(), 128);
    assert_eq!(report.matched.iter().collect::<BTreeSet<_>>().len(), 128, "two actions call the same operation");
    assert_eq!(contract.operations.len(), 128);
}
