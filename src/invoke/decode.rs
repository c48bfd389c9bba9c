//! Step 8, pure: an answer becomes an output, a place to go on, or the one error.
//!
//! Output passes through as raw JSON; only the envelope of a page is looked into.

use serde_json::{Map, Value, json, value::RawValue};
use url::form_urlencoded;

use super::{bind::may_resume, peek};
use crate::{
    catalog::model::{Action, PageRecipe, PageStyle},
    protocol::{ActionError, Code, Issue, Next, Outcome, Sent, raw},
    transport::HttpAnswer,
};

/// What a successful answer holds.
#[derive(Debug)]
pub enum Decoded {
    /// An output.
    Done {
        /// How far it came.
        outcome: Outcome,
        /// What the service answered.
        output: Box<RawValue>,
        /// Parts that did not work.
        issues: Vec<Issue>,
        /// Where the listing goes on.
        next: Option<Next>,
    },
    /// Not ready yet: ask again.
    Pending,
}

/// Decodes a 2xx answer to `action`, called with the query pairs `sent`.
pub fn decode(action: &Action, sent: &[(String, String)], answer: &HttpAnswer) -> Result<Decoded, ActionError> {
    if action.call.pending == Some(answer.status) {
        return Ok(Decoded::Pending);
    }
    let output = output(answer)?;
    let issues = issues(action, &output);
    let outcome = match answer.status {
        207 => Outcome::Partial,
        _ if !issues.is_empty() => Outcome::Partial,
        _ if action.starts_job => Outcome::Accepted,
        _ => Outcome::Complete,
    };
    let next = action.page.as_ref().and_then(|page| next(action, page, sent, &output));
    Ok(Decoded::Done { outcome, output, issues, next })
}

fn output(answer: &HttpAnswer) -> Result<Box<RawValue>, ActionError> {
    let kind = answer.content_type.split(';').next().unwrap_or_default().trim();
    if answer.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(raw(&Value::Null));
    }
    if kind.starts_with("text/") && kind != "text/html" {
        return Ok(raw(&json!({ "content_type": kind, "text": String::from_utf8_lossy(&answer.body) })));
    }
    let text = std::str::from_utf8(&answer.body).map_err(|_| unreadable(answer, "bytes that are not text"))?;
    let what = if looks_like_html(kind, text) { "a web page" } else { "something that is not JSON" };
    serde_json::from_str::<Box<RawValue>>(text).map_err(|_| unreadable(answer, what))
}

pub(super) fn looks_like_html(kind: &str, text: &str) -> bool {
    kind == "text/html" || text.trim_start().get(..1) == Some("<")
}

/// The call was answered, so it was done; only its answer cannot be read.
fn unreadable(answer: &HttpAnswer, what: &str) -> ActionError {
    let detail = format!("the service answered {} with {what} where JSON was expected", answer.status);
    ActionError::new(Code::BadResponse, detail).sent(Sent::Yes)
}

fn issues(action: &Action, output: &RawValue) -> Vec<Issue> {
    let mut issues = Vec::new();
    for pointer in &action.call.issues {
        let Some(list) = peek::at(output, pointer).and_then(peek::items) else { continue };
        for (i, item) in list.into_iter().enumerate() {
            let item: Value = serde_json::from_str(item.get()).unwrap_or_default();
            let said = ["error_message", "message"].iter().find_map(|key| item.get(key)?.as_str().map(str::to_owned));
            let message = said.unwrap_or_else(|| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            issues.push(Issue { pointer: format!("{pointer}/{i}"), message });
        }
    }
    issues
}

fn next(action: &Action, page: &PageRecipe, sent: &[(String, String)], output: &RawValue) -> Option<Next> {
    let found = || {
        page.next.as_slice().iter().find_map(|pointer| peek::text(peek::at(output, pointer)?)).filter(|t| !t.is_empty())
    };
    let cursor = match page.style {
        PageStyle::Link => from_link(action, &found()?)?,
        PageStyle::Cursor => pair("next", &found()?),
        PageStyle::Offset => counted(page, sent, output, "offset", u64::checked_add)?,
        PageStyle::Page => counted(page, sent, output, "page", |at, _| at.checked_add(1))?,
    };
    Some(Next { cursor })
}

/// The query pairs of a link that this action may have. The link's host and path are never looked at.
fn from_link(action: &Action, link: &str) -> Option<String> {
    let query = link.split_once('?')?.1;
    let query = query.split_once('#').map_or(query, |(q, _)| q);
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| may_resume(action, name)).collect();
    if pairs.is_empty() {
        return None;
    }
    Some(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

fn pair(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

/// A short page is the last one; where no limit was sent, an empty one is.
fn counted(
    page: &PageRecipe,
    sent: &[(String, String)],
    output: &RawValue,
    name: &str,
    step: fn(u64, u64) -> Option<u64>,
) -> Option<String> {
    let count = u64::try_from(peek::at(output, &page.items).and_then(peek::items)?.len()).ok()?;
    let number = |key: &str| sent.iter().find(|(k, _)| k == key).and_then(|(_, v)| v.parse::<u64>().ok());
    let full = number("limit").or(page.limit_max.map(u64::from)).unwrap_or(1);
    let at = step(number(name).unwrap_or(0), count)?;
    (count > 0 && count >= full).then(|| pair(name, &at.to_string()))
}

/// Keeps only the parts of an output that `pointers` name; `*` stands for every entry of a list.
pub fn select(output: &RawValue, pointers: &[String]) -> Box<RawValue> {
    let whole: Value = serde_json::from_str(output.get()).unwrap_or_default();
    let paths: Vec<Vec<&str>> = pointers.iter().map(|p| p.split('/').skip(1).collect()).collect();
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    raw(&keep(&whole, &paths))
}

fn keep(value: &Value, paths: &[&[&str]]) -> Value {
    if paths.iter().any(|p| p.is_empty()) {
        return value.clone();
    }
    let below = |name: &str| -> Vec<&[&str]> {
        paths.iter().filter(|p| p[0] == name || p[0] == "*").map(|p| &p[1..]).collect()
    };
    match value {
        Value::Object(map) => {
            let kept = map
                .iter()
                .map(|(k, v)| (k, v, below(&k.replace('~', "~0").replace('/', "~1"))))
                .filter(|(_, _, b)| !b.is_empty());
            Value::Object(kept.map(|(k, v, b)| (k.clone(), keep(v, &b))).collect::<Map<_, _>>())
        }
        Value::Array(list) => {
            let kept = list.iter().enumerate().map(|(i, v)| (v, below(&i.to_string()))).filter(|(_, b)| !b.is_empty());
            Value::Array(kept.map(|(v, b)| keep(v, &b)).collect())
        }
        _ => Value::Null,
    }
}
