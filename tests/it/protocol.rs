//! The formats in `schemas/protocol/` are those of the Rust types, and the catalogue's files keep to them.

use std::{fs, path::Path};

use constantcontact::{catalog::source, exports, schema};

/// `UPDATE_SCHEMAS=1 cargo test protocol` writes them anew.
#[test]
fn the_formats_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/protocol");
    for document in exports::protocol() {
        let path = folder.join(&document.path);
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &document.text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == document.text, "{} has drifted; run UPDATE_SCHEMAS=1 cargo test protocol", path.display());
    }
}

#[test]
fn every_file_of_the_catalogue_keeps_to_its_format() {
    let files = source::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    for (folder, format) in
        [("actions/", "schemas/protocol/action.json"), ("connector/", "schemas/protocol/connector.json")]
    {
        let rules = schema::compile(&files[format]).unwrap();
        for (path, file) in files.iter().filter(|(path, _)| path.starts_with(folder)) {
            let faults: Vec<_> = rules.iter_errors(file).map(|e| e.to_string()).collect();
            assert!(faults.is_empty(), "{path}: {faults:?}");
        }
    }
}
