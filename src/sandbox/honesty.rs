//! What the stand-in is worth, operation by operation: how well the service's behaviour is known, and what is made more
//! simply here. Read off the tables that the gate itself uses, so that it cannot say anything else than what runs.

use std::fmt::Write as _;

use serde::Serialize;

use super::resources::{Known, ROUTES, Route};

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// HTTP method.
    pub method: &'static str,
    /// Path without `/v3`.
    pub path: &'static str,
    /// `official`: the vendor says so; `recorded`: answers of the service were recorded; `inferred`: deduced from both.
    pub known: &'static str,
    /// What is left out or made more simply.
    pub simplified: Option<&'static str>,
}

impl From<&Route> for Operation {
    fn from(route: &Route) -> Self {
        let known = match route.known {
            Known::Official => "official",
            Known::Recorded => "recorded",
            Known::Inferred => "inferred",
        };
        let simplified = Some(route.simplified).filter(|text| !text.is_empty());
        Self { method: route.method, path: route.path, known, simplified }
    }
}

/// All operations, by path.
pub fn operations() -> Vec<Operation> {
    let mut all: Vec<Operation> = ROUTES.iter().copied().flatten().map(Operation::from).collect();
    all.sort_by_key(|operation| (operation.path, operation.method));
    all
}

/// The same as a page for people, in Markdown.
pub fn page() -> String {
    let all = operations();
    let count = |known: &str| all.iter().filter(|operation| operation.known == known).count();
    let mut text = format!(
        "# What the sandbox knows\n\n\
         The shapes of all {} operations are those of the vendor's published contract. How the service behaves is known \
         in three ways: *official*, the vendor's contract or guide says so ({}); *recorded*, answers of the real service \
         were recorded ({}); *inferred*, it follows from both, and nobody has written it down ({}). What callers \
         depend on and nobody outside the vendor knows is an option of `ctct sandbox`.\n\n\
         | operation | behaviour | made more simply here |\n| --- | --- | --- |\n",
        all.len(),
        count("official"),
        count("recorded"),
        count("inferred")
    );
    for Operation { method, path, known, simplified } in &all {
        let _ = writeln!(text, "| `{method} {path}` | {known} | {} |", simplified.unwrap_or_default());
    }
    text
}
