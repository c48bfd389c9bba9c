//! What arrived, for tests that must count.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{call::Call, env::millis};

/// The newest calls that reached the API or the OAuth server, oldest first.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    /// Applications and accounts that entries name: few, so that an entry need not hold its own copy.
    names: Vec<Arc<str>>,
    /// Length of all texts in the entries.
    bytes: usize,
    seq: u64,
}

/// One call, kept small: it is put into words when somebody reads it.
#[derive(Debug)]
struct Entry {
    seq: u64,
    at: Timestamp,
    method: Box<str>,
    path: Box<str>,
    query: Box<str>,
    status: u16,
    client_id: Option<Arc<str>>,
    account: Option<Arc<str>>,
}

/// An entry as the lever shows it.
#[derive(Serialize)]
struct Shown<'a> {
    seq: u64,
    at: String,
    method: &'a str,
    path: &'a str,
    query: &'a str,
    status: u16,
    client_id: Option<&'a str>,
    account: Option<&'a str>,
}

/// Enough for every test; a long benchmark must not fill the memory.
const MOST: usize = 100_000;
/// The same for the length of their texts: a path or a query can be long.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Query parameters whose values must not be readable later.
const SECRET: [&str; 8] =
    ["access_token", "client_secret", "code", "code_verifier", "device_code", "refresh_token", "state", "user_code"];

impl Journal {
    /// Notes a call; the oldest make room.
    pub(super) fn add(&mut self, at: Timestamp, call: &Call, status: u16, account: Option<&str>) {
        self.seq += 1;
        let client_id = Some(call.caller.client_id.as_str()).filter(|id| !id.is_empty()).map(|id| self.name(id));
        let account = account.map(|login| self.name(login));
        let entry = Entry {
            seq: self.seq,
            at,
            method: call.method.as_str().into(),
            path: call.path.as_str().into(),
            query: query(call).into(),
            status,
            client_id,
            account,
        };
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while self.entries.len() > MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }

    /// The one copy of a name.
    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.iter().find(|known| ***known == *name) {
            return Arc::clone(known);
        }
        let fresh: Arc<str> = name.into();
        self.names.push(Arc::clone(&fresh));
        fresh
    }

    /// The newest `most` entries as a JSON array, oldest first.
    pub(super) fn json(&self, most: usize) -> Vec<u8> {
        let newest = self.entries.iter().skip(self.entries.len().saturating_sub(most));
        let shown: Vec<Shown> = newest.map(Entry::shown).collect();
        serde_json::to_vec(&shown).unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }
}

impl Entry {
    /// Length of its own texts.
    fn bytes(&self) -> usize {
        self.method.len() + self.path.len() + self.query.len()
    }

    fn shown(&self) -> Shown<'_> {
        Shown {
            seq: self.seq,
            at: millis(self.at),
            method: &self.method,
            path: &self.path,
            query: &self.query,
            status: self.status,
            client_id: self.client_id.as_deref(),
            account: self.account.as_deref(),
        }
    }
}

fn query(call: &Call) -> String {
    let pair = |(name, value): &(String, String)| {
        let value = if SECRET.contains(&name.as_str()) { "[redacted]" } else { value };
        format!("{name}={value}")
    };
    call.query.iter().map(pair).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::Value;

    use super::{Journal, MOST, MOST_BYTES};
    use crate::sandbox::call::Call;

    fn read(journal: &Journal, most: usize) -> Vec<Value> {
        serde_json::from_slice(&journal.json(most)).unwrap()
    }

    #[test]
    fn the_newest_stay_and_keep_their_numbers() {
        let mut journal = Journal::default();
        for _ in 0..MOST + 2 {
            journal.add(Timestamp::UNIX_EPOCH, &Call::default(), 200, None);
        }
        let kept = read(&journal, usize::MAX);
        assert_eq!((kept.len(), &kept[0]["seq"]), (MOST, &Value::from(3)));
        assert_eq!(read(&journal, 2)[1]["seq"], MOST + 2);
    }

    #[test]
    fn long_paths_do_not_fill_the_memory() {
        let mut journal = Journal::default();
        let call = Call { path: "/".repeat(MOST_BYTES / 8), ..Call::default() };
        for _ in 0..10 {
            journal.add(Timestamp::UNIX_EPOCH, &call, 403, None);
        }
        let numbers: Vec<u64> = journal.entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(numbers, (3..=10).collect::<Vec<_>>());
        journal.clear();
        assert_eq!(journal.bytes, 0);
    }

    #[test]
    fn a_code_in_a_query_cannot_be_read_later() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let call = Call { query: vec![pair("limit", "5"), pair("code", "abc")], ..Call::default() };
        let mut journal = Journal::default();
        journal.add(Timestamp::UNIX_EPOCH, &call, 200, Some("owner@example.com"));
        let entry = &read(&journal, 1)[0];
        assert_eq!(entry["query"], "limit=5&code=[redacted]");
        assert_eq!((&entry["account"], &entry["client_id"]), (&Value::from("owner@example.com"), &Value::Null));
    }
}
