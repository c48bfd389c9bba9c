//! Printing: results to stdout, trouble to stderr, for people or as JSON; and the exit code of each kind of trouble.

use std::{io::Write, process::ExitCode};

use serde::Serialize;

use crate::protocol::{ActionError, Code, Sent};

/// Where things are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screen {
    pub(super) json: bool,
}

impl Screen {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// A result: text for people, or the value as one JSON document.
    pub(super) fn show<T: Serialize>(self, value: &T, text: impl FnOnce() -> String) {
        let line = if self.json { serde_json::to_string(value).unwrap_or_default() } else { text() };
        print_line(line.trim_end());
    }

    /// Something to know besides the result.
    pub(super) fn tell(self, text: &str) {
        if self.json {
            eprintln!("{}", serde_json::json!({ "note": text }));
        } else {
            eprintln!("{text}");
        }
    }

    /// Trouble: one clear line, the fields, the remedy.
    pub(super) fn fail(self, error: &ActionError) -> ExitCode {
        if self.json {
            eprintln!("{}", serde_json::to_string(error).unwrap_or_default());
        } else {
            eprintln!("{}", explain(error));
        }
        ExitCode::from(exit_code(error))
    }
}

/// Prints a line; false when the reader has gone away (`| head`), which is no trouble.
pub(super) fn print_line(line: &str) -> bool {
    writeln!(std::io::stdout().lock(), "{line}").is_ok()
}

fn explain(error: &ActionError) -> String {
    let mut lines = vec![format!("error: {} ({})", error.detail, error.code.as_str())];
    if error.fields.len() > 1 {
        lines.extend(error.fields.iter().map(|f| format!("  {}: {}", f.pointer, f.message)));
    }
    if let Some(ids) = error.upstream.as_ref().map(|u| &u.ids) {
        lines.extend(ids.iter().map(|(name, id)| format!("  {name}: {id}")));
    }
    if error.sent == Sent::Maybe && error.code != Code::OutcomeUnknown {
        lines.push("  The call may have reached the service.".to_owned());
    }
    lines.push(format!("  {}", error.code.remedy()));
    lines.join("\n")
}

/// What a script needs to tell apart.
pub(super) fn exit_code(error: &ActionError) -> u8 {
    match error.code {
        Code::Config | Code::Store | Code::Internal => 1,
        Code::UnknownAction
        | Code::InvalidInput
        | Code::ConnectionUnknown
        | Code::CredentialsMissing
        | Code::IdempotencyMismatch => 2,
        Code::ScopeMissing | Code::PrivilegeMissing | Code::ActionDisabled | Code::AppDeactivated => 3,
        Code::ReconnectRequired => 4,
        Code::Throttled | Code::QuotaExhausted | Code::QueueFull => 5,
        Code::NotFound | Code::Conflict | Code::Rejected | Code::BadResponse => 6,
        Code::NotReady | Code::Unavailable | Code::Timeout => 7,
        Code::Cancelled if error.sent == Sent::No => 1,
        Code::OutcomeUnknown | Code::Cancelled => 8,
    }
}
