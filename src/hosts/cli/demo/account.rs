//! The account of what happened: counted as it happened, printed for a person.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use serde_json::{Value, json};

use super::people::{People, Refused};
use crate::ActionResult;

/// What the demo did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Account {
    /// Rows in the file.
    pub rows: usize,
    /// Rows that were fit to be sent.
    pub fit: usize,
    /// Rows that were refused before any call.
    pub refused: Vec<Refused>,
    /// Lists, tags and custom fields made.
    pub lists: usize,
    /// Tags made.
    pub tags: usize,
    /// Custom fields made.
    pub custom_fields: usize,
    /// The import's own counters.
    pub imported: BTreeMap<String, u64>,
    /// What the import complained of.
    pub import_errors: Vec<String>,
    /// People upserted one by one: made, changed.
    pub upserted: (usize, usize),
    /// The campaign: name, status, time.
    pub campaign: (String, String, String),
    /// Contacts that the service counts.
    pub total: u64,
    /// Contacts read back.
    pub read_back: usize,
    /// Calls by action.
    pub calls: BTreeMap<String, u32>,
    /// Milliseconds waited for the quota.
    pub waited_ms: u64,
    /// Calls left today by our ledger.
    pub day_remaining: Option<u64>,
    /// What a host sent and got, once.
    pub seen_by_a_host: Value,
}

impl Account {
    pub(super) fn new(people: &People) -> Self {
        Self { rows: people.rows, fit: people.good.len(), refused: people.refused.clone(), ..Self::default() }
    }

    /// Books a result, and keeps the first upsert as the sample of what a host sees.
    pub(super) fn count(&mut self, asked: &Value, result: &ActionResult) {
        *self.calls.entry(result.action.clone()).or_default() += result.meta.calls;
        self.waited_ms += result.meta.waited_ms;
        self.day_remaining = result.meta.quota.as_ref().map(|q| q.day_remaining).or(self.day_remaining);
        if self.seen_by_a_host.is_null() && result.action == "create_or_update_contact" {
            self.seen_by_a_host = json!({ "request": asked, "result": result });
        }
    }

    pub(super) fn import(&mut self, activity: &Value) {
        for (name, count) in activity["status"].as_object().into_iter().flatten() {
            self.imported.insert(name.clone(), count.as_u64().unwrap_or(0));
        }
        let errors = activity["activity_errors"].as_array().into_iter().flatten();
        self.import_errors = errors.map(|e| e.as_str().map_or_else(|| e.to_string(), str::to_owned)).collect();
    }

    /// All calls.
    pub fn spent(&self) -> u32 {
        self.calls.values().sum()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nWhat happened\n")?;
        writeln!(
            f,
            "  People      {} rows: {} sent, {} refused here without spending a call",
            self.rows,
            self.fit,
            self.refused.len()
        )?;
        for (reason, lines) in self.reasons() {
            writeln!(f, "                {reason}: {}", places(&lines))?;
        }
        let count = |name: &str| self.imported.get(name).copied().unwrap_or(0);
        writeln!(
            f,
            "  Import      one job: {} people taken in, {} refused by the service",
            count("person_count"),
            count("items_total_count") - count("person_count")
        )?;
        for error in self.import_errors.iter().take(5) {
            writeln!(f, "                {error}")?;
        }
        writeln!(f, "  One by one  {} created, {} updated", self.upserted.0, self.upserted.1)?;
        let (name, status, when) = &self.campaign;
        writeln!(f, "  Campaign    “{name}” is {} for {when}", status.to_lowercase())?;
        writeln!(f, "  Read back   {} contacts counted by the service, {} listed", self.total, self.read_back)?;
        writeln!(
            f,
            "  Calls       {} in all; a call for each person would have cost {} for the people alone",
            self.spent(),
            self.fit
        )?;
        let by: Vec<_> =
            self.calls.iter().map(|(name, n)| if *n == 1 { name.clone() } else { format!("{name} ×{n}") }).collect();
        writeln!(f, "                {}", by.join(", "))?;
        writeln!(
            f,
            "  Waited      {:.1} s for the quota of 4 calls a second",
            f64::from(u32::try_from(self.waited_ms).unwrap_or(u32::MAX)) / 1_000.0
        )?;
        if let Some(left) = self.day_remaining {
            writeln!(f, "  Left today  {left} calls of this API key")?;
        }
        writeln!(f, "\nWhat a host sees\n")?;
        let line = |name: &str| serde_json::to_string(&self.seen_by_a_host[name]).unwrap_or_default();
        writeln!(f, "  it sends    {}", line("request"))?;
        write!(f, "  it gets     {}", line("result"))
    }
}

impl Account {
    /// Reasons with the lines they stand for, the commonest kind of reason first.
    fn reasons(&self) -> Vec<(String, Vec<u64>)> {
        let mut reasons: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for refused in &self.refused {
            let kind = if refused.reason.starts_with("repeats") {
                "repeats the address of an earlier line"
            } else {
                &refused.reason
            };
            reasons.entry(kind.to_owned()).or_default().push(refused.line);
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, lines)| std::cmp::Reverse(lines.len()));
        reasons
    }
}

fn places(lines: &[u64]) -> String {
    let shown: Vec<_> = lines.iter().take(8).map(u64::to_string).collect();
    let more = if lines.len() > 8 { format!(" and {} more", lines.len() - 8) } else { String::new() };
    format!("line{} {}{more}", if lines.len() == 1 { "" } else { "s" }, shown.join(", "))
}
