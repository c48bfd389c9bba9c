//! What arrived, for tests that must count.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{call::Call, env::millis};

/// Every call that reached the API or the OAuth server, oldest first.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: Vec<Value>,
    seq: u64,
}

/// Enough for every test; a long benchmark must not fill the memory.
const MOST: usize = 100_000;

impl Journal {
    pub(super) fn add(&mut self, at: Timestamp, call: &Call, status: u16, account: Option<&str>) {
        self.seq += 1;
        if self.entries.len() >= MOST {
            return;
        }
        // A code or token in a query must not be readable later.
        let secret = |name: &str| matches!(name, "code" | "code_verifier" | "refresh_token" | "device_code" | "state");
        let query: Vec<_> =
            call.query.iter().map(|(k, v)| format!("{k}={}", if secret(k) { "[redacted]" } else { v })).collect();
        let client = Some(&call.caller.client_id).filter(|c| !c.is_empty());
        self.entries.push(json!({
            "seq": self.seq, "at": millis(at), "method": call.method, "path": call.path, "query": query.join("&"),
            "status": status, "client_id": client, "account": account,
        }));
    }

    pub(super) fn all(&self) -> Value {
        Value::Array(self.entries.clone())
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}
