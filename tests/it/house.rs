//! The rooms of the house: who may use whom, read from the `use crate::` lines.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Room, and the rooms it may use. `protocol` holds the shared documents and `clock` the time; both are open to all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("catalog", &[]),
    ("lint", &["catalog", "schema"]),
    ("schema", &["catalog"]),
    ("transport", &[]),
    ("store", &[]),
    ("config", &["store", "catalog"]),
    ("auth", &["transport", "store", "config", "budget", "catalog"]),
    ("budget", &["store"]),
    ("invoke", &["catalog", "schema", "auth", "budget", "transport", "store", "config"]),
    ("contract", &["catalog"]),
    ("exports", &["catalog", "schema", "invoke"]), // of invoke: the retry table
    ("sandbox", &[]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let file = folder.with_extension("rs");
    if !folder.is_dir() {
        return found.push(file);
    }
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The first names after `crate::` in a file, from whole and from nested `use` lines.
fn used(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + 7..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0_usize;
            for part in list.split_inclusive([',', '{', '}']) {
                if depth == 0 {
                    rooms.push(name(part));
                }
                depth += part.matches('{').count();
                let Some(left) = depth.checked_sub(part.matches('}').count()) else { break };
                depth = left;
            }
        } else {
            rooms.push(name(rest));
        }
    }
    rooms.retain(|r| !r.is_empty());
    rooms
}

fn name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn no_room_uses_another_that_it_may_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rules: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut faults = Vec::new();
    for (room, may) in &rules {
        let mut files = Vec::new();
        sources(&root.join(room), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for other in used(&text) {
                let known = rules.contains_key(other.as_str()) || other == "hosts";
                if known && other != *room && !may.contains(&other.as_str()) {
                    faults.push(format!("{} uses {other}", file.strip_prefix(&root).unwrap().display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_runtime_and_the_sandbox_meet_only_over_http() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let place = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let rooms = used(&fs::read_to_string(&file).unwrap());
        if place.starts_with("sandbox/") {
            assert!(rooms.iter().all(|r| r == "sandbox"), "{place} uses {rooms:?}");
        } else if !place.starts_with("hosts/cli/") {
            assert!(!rooms.contains(&"sandbox".to_owned()), "{place} uses the sandbox");
        }
    }
}
