//! The README's tables and the reference are made from the catalogue; neither may drift from it.

use std::{fs, path::Path};

use constantcontact::{
    catalog::Catalog,
    exports::{self, Document},
};

#[test]
fn the_readme_has_the_tables_as_they_are() {
    let readme = include_str!("../../README.md");
    for (what, table) in [
        ("scopes", exports::scope_table(Catalog::embedded())),
        ("errors", exports::error_table()),
        ("retries", exports::retry_table()),
    ] {
        assert!(readme.contains(table.trim()), "the table of {what} in README.md should be:\n\n{table}");
    }
}

#[test]
fn the_readme_stays_short() {
    let lines = include_str!("../../README.md").lines().count();
    assert!(lines <= 320, "{lines} lines");
}

/// `UPDATE_DOCS=1 cargo test reference` writes it anew.
#[test]
fn the_reference_is_that_of_the_catalogue() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let mut documents = exports::docs(Catalog::embedded());
    documents.push(Document { path: "sandbox.md".to_owned(), text: constantcontact::sandbox::page() });
    for document in documents {
        let path = folder.join(&document.path);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &document.text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == document.text, "{} has drifted; run UPDATE_DOCS=1 cargo test reference", path.display());
    }
}
