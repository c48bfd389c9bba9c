//! Build script: reads the catalogue's files once, at build time, and leaves one sorted blob and an index for the
//! library to embed, so that starting up parses nothing that was not asked for.

#![allow(unreachable_pub, reason = "these files are public in the library, which shares them")]

#[path = "src/catalog/bundle.rs"]
mod bundle;
#[path = "src/catalog/source.rs"]
mod source;

use std::{env, fs, path::Path, process::exit};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".to_owned());
    for folder in ["actions", "schemas", "connector"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    let embedded = match source::embed(Path::new(&root)) {
        Ok(embedded) => embedded,
        Err(faults) => {
            for fault in faults {
                println!("cargo::error={fault}");
            }
            exit(1);
        }
    };
    let out = env::var("OUT_DIR").unwrap_or_default();
    for (name, text) in
        [("index.json", embedded.index), ("actions.json", embedded.actions), ("connector.json", embedded.connector)]
    {
        if let Err(error) = fs::write(Path::new(&out).join(name), text) {
            println!("cargo::error=cannot write {name}: {error}");
            exit(1);
        }
    }
}
