//! The catalogue as a whole.

use constantcontact::{catalog::Catalog, lint};

#[test]
fn every_action_is_well_formed() {
    let findings: Vec<_> = lint::embedded().into_iter().map(|f| format!("{}: {}", f.action, f.what)).collect();
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn every_document_parses_and_stands_under_its_name() {
    let catalog = Catalog::embedded();
    assert!(catalog.entries().windows(2).all(|w| w[0].name < w[1].name));
    for entry in catalog.entries() {
        let action = catalog.action(entry.name).unwrap();
        assert_eq!(
            (action.name.as_str(), action.title.as_str(), action.resource.as_str()),
            (entry.name, &*entry.title, entry.resource)
        );
    }
}
