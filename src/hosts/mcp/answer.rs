//! What a run came to, as the result of a tool: structured for programs, in words for a model.
//!
//! The words hold all that is needed to go on, because many clients show a model nothing else.

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::{Value, json};

use super::tools::PAGE_CURSOR;
use crate::{
    ActionError, ActionResult,
    protocol::{FieldError, Retry, RetryKind, Sent},
};

/// The result of a tool. A failure is one too, with the mark that it is one.
pub(super) fn of(outcome: &Result<ActionResult, ActionError>) -> CallToolResult {
    let (mut answer, content) = match outcome {
        Ok(result) => (CallToolResult::success(vec![ContentBlock::text(told(result))]), Some(structured(result))),
        Err(error) => {
            (CallToolResult::error(vec![ContentBlock::text(advice(error))]), serde_json::to_value(error).ok())
        }
    };
    answer.structured_content = content;
    answer
}

fn structured(result: &ActionResult) -> Value {
    let mut content = JsonObject::new();
    content.insert("outcome".to_owned(), json!(result.outcome));
    content.insert("output".to_owned(), result.value());
    if !result.issues.is_empty() {
        content.insert("issues".to_owned(), json!(result.issues));
    }
    if let Some(next) = &result.next {
        content.insert("next_cursor".to_owned(), json!(next.cursor));
    }
    content.insert("summary".to_owned(), json!(result.summary));
    Value::Object(content)
}

/// The summary, what did not work, where it goes on, and the output as it came.
fn told(result: &ActionResult) -> String {
    let mut lines = vec![result.summary.clone()];
    lines.extend(result.issues.iter().map(|issue| format!("Did not work, {}: {}", issue.pointer, issue.message)));
    lines.extend(result.next.iter().map(|next| format!("Next page: {PAGE_CURSOR} {}", json!(next.cursor))));
    lines.push(result.output.get().to_owned());
    lines.join("\n")
}

/// What went wrong, whether anything happened, and what to do.
fn advice(error: &ActionError) -> String {
    // The detail of an invalid input is often the list of its fields, which need not be read twice.
    let twice = !error.fields.is_empty() && error.fields.iter().all(|wrong| error.detail.contains(&wrong.message));
    let mut lines = vec![format!("{}: {}", error.code.as_str(), if twice { &error.title } else { &error.detail })];
    lines.extend(error.fields.iter().map(field));
    let ids = error.upstream.iter().flat_map(|said| &said.ids);
    lines.extend(ids.map(|(name, id)| format!("The service named {name} {id}.")));
    lines.push(format!("{} {}", sent(error.sent), error.code.remedy()));
    lines.extend(retry(error.retry));
    lines.extend(error.run_id.iter().map(|id| format!("Run {id}.")));
    lines.join("\n")
}

fn field(wrong: &FieldError) -> String {
    let place = match wrong.pointer.as_str() {
        "" => "the input",
        "/options/page/cursor" => PAGE_CURSOR,
        pointer => pointer,
    };
    format!("- {place}: {}", wrong.message)
}

fn sent(sent: Sent) -> &'static str {
    match sent {
        Sent::No => "Nothing was sent to the service.",
        Sent::Maybe => "It may have reached the service.",
        Sent::Yes => "It reached the service, which answered.",
    }
}

fn retry(retry: Retry) -> Option<String> {
    match (retry.kind, retry.after_ms) {
        (RetryKind::After, Some(ms)) => Some(format!("The same call may work in {} s.", ms.div_ceil(1_000))),
        (RetryKind::After, None) => Some("The same call may work later.".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of;
    use crate::protocol::{ActionError, ActionResult, Code, FieldError, Meta, Next, Outcome, raw};

    fn text(outcome: &Result<ActionResult, ActionError>) -> String {
        serde_json::to_value(of(outcome)).unwrap()["content"][0]["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_page_says_in_words_too_where_it_goes_on() {
        let result = ActionResult {
            run_id: "r".to_owned(),
            action: "list_contacts".to_owned(),
            outcome: Outcome::Complete,
            output: raw(&json!({ "contacts": [] })),
            issues: Vec::new(),
            next: Some(Next { cursor: "cursor=abc".to_owned() }),
            summary: "List contacts: 0 items, more follow".to_owned(),
            meta: Meta::default(),
        };
        let outcome = Ok(result);
        assert_eq!(
            of(&outcome).structured_content,
            Some(json!({
                "outcome": "complete",
                "output": { "contacts": [] },
                "next_cursor": "cursor=abc",
                "summary": "List contacts: 0 items, more follow",
            }))
        );
        let lines = "List contacts: 0 items, more follow\nNext page: _page_cursor \"cursor=abc\"\n{\"contacts\":[]}";
        assert_eq!(text(&outcome), lines);
    }

    #[test]
    fn an_error_says_what_to_do() {
        let field = FieldError { pointer: "/email".to_owned(), message: "must be an e-mail address".to_owned() };
        let outcome = Err(ActionError::new(Code::InvalidInput, "one rule is broken").fields(vec![field]));
        assert_eq!(of(&outcome).is_error, Some(true));
        assert_eq!(of(&outcome).structured_content.unwrap()["code"], "invalid_input");
        let words = text(&outcome);
        for part in ["invalid_input: one rule", "- /email: must be", "Nothing was sent", Code::InvalidInput.remedy()] {
            assert!(words.contains(part), "{words}");
        }
    }
}
