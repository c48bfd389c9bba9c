//! Profiles in a TOML file: one table per profile, `[profiles.NAME]`.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::Profile;
use crate::protocol::{ActionError, Code};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// The profiles of a file; none when the file is not there and was not asked for by name.
pub fn read_profiles(path: &Path, asked_for: bool) -> Result<Vec<Profile>, ActionError> {
    let wrong = |what: String| ActionError::new(Code::Config, format!("{}: {what}", path.display()));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !asked_for => return Ok(Vec::new()),
        Err(e) => return Err(wrong(e.to_string())),
    };
    // Only the message: the reader's own display repeats the line, which may hold a secret.
    let document: Document =
        toml::from_str(&text).map_err(|e| wrong(format!("{}{}", place(&text, e.span()), words(e.message()))))?;
    Ok(document.profiles.into_iter().map(|(id, profile)| Profile { id, ..profile }).collect())
}

/// What is wrong, without the value: the reader repeats a value of a wrong type, and it may be a secret.
fn words(message: &str) -> &str {
    let repeats = message.starts_with("invalid type") || message.starts_with("invalid value");
    if repeats { "a value of another kind is expected here" } else { message }
}

fn place(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    let before = span.and_then(|s| text.get(..s.start));
    before.map_or_else(String::new, |before| format!("line {}: ", before.matches('\n').count() + 1))
}
