//! What a comparison found, and the table that a person reads.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::catalog::model::DeviationKind;

/// The outcome of holding the catalogue against a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Operations that have an action, as `METHOD /path`, once for each action.
    pub matched: Vec<String>,
    /// Differences that no action file explains.
    pub unexplained: Vec<Difference>,
    /// Differences that an action file states, with its reason.
    pub stated: Vec<Stated>,
    /// Differences that an action file states but which are not there, or no longer.
    pub stale: Vec<Stale>,
    /// Operations without an action, as `METHOD /path`.
    pub added: Vec<String>,
    /// Actions whose operation the contract does not have.
    pub removed: Vec<String>,
}

/// A difference without an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The action.
    pub action: String,
    /// Where, written as in `deviations`.
    pub place: String,
    /// What either side says.
    pub detail: String,
}

/// A difference with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stated {
    /// The action.
    pub action: String,
    /// Where.
    pub place: String,
    /// In which direction.
    pub kind: DeviationKind,
    /// The reason.
    pub because: String,
}

/// A statement about a difference that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// The action.
    pub action: String,
    /// Where.
    pub place: String,
}

impl Report {
    /// Whether the catalogue says what the contract says, or says why not.
    pub fn is_clean(&self) -> bool {
        self.unexplained.is_empty() && self.stale.is_empty() && self.added.is_empty() && self.removed.is_empty()
    }

    /// Stated differences by reason, and within it by place: one thought is often true of many actions.
    fn reasons(&self) -> BTreeMap<(&'static str, &str), BTreeMap<&str, Vec<&str>>> {
        let mut reasons: BTreeMap<_, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
        for stated in &self.stated {
            let places = reasons.entry((word(stated.kind), stated.because.as_str())).or_default();
            places.entry(stated.place.as_str()).or_default().push(&stated.action);
        }
        reasons
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (matched, unexplained, stated) = (self.matched.len(), self.unexplained.len(), self.stated.len());
        writeln!(f, "{matched} operations matched, {unexplained} differences unexplained, {stated} stated.")?;
        section(f, "Operations without an action", self.added.iter().map(String::as_str))?;
        section(f, "Actions without an operation", self.removed.iter().map(String::as_str))?;
        let unexplained = self.unexplained.iter().map(|d| format!("{}  {}: {}", d.action, d.place, d.detail));
        section(f, "Differences that no action file explains", unexplained)?;
        let stale = self.stale.iter().map(|s| format!("{}  {}", s.action, s.place));
        section(f, "Stated in an action file, but not there", stale)?;
        let reasons = self.reasons();
        section(f, "Stated, by reason", reasons.iter().map(|(reason, places)| group(*reason, places)))
    }
}

/// A heading and its lines; nothing where there are none.
fn section(f: &mut fmt::Formatter<'_>, title: &str, lines: impl Iterator<Item: fmt::Display>) -> fmt::Result {
    for (n, line) in lines.enumerate() {
        if n == 0 {
            writeln!(f, "\n{title}:")?;
        }
        writeln!(f, "  {line}")?;
    }
    Ok(())
}

/// A reason, and below it the places where it holds.
fn group((kind, because): (&str, &str), places: &BTreeMap<&str, Vec<&str>>) -> String {
    let row = |(place, actions): (&&str, &Vec<&str>)| format!("\n      {place:<44}  {}", few(actions));
    let rows: Vec<String> = places.iter().map(row).collect();
    format!("{kind:<8}  {because}{}", rows.concat())
}

/// The first names, and how many more there are: the table has to fit a screen.
fn few(names: &[&str]) -> String {
    match names {
        [first, second, _, rest @ ..] if !rest.is_empty() => format!("{first}, {second} and {} more", rest.len() + 1),
        names => names.join(", "),
    }
}

fn word(kind: DeviationKind) -> &'static str {
    match kind {
        DeviationKind::Wrong => "wrong",
        DeviationKind::Stricter => "stricter",
        DeviationKind::Looser => "looser",
    }
}
