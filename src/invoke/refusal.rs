//! An answer that is no success, as the one error. Pure.
//!
//! The service has many shapes for saying no (arrays, objects, OAuth's and the gateway's own, web pages); what each
//! answer means stands in the manifest's error dictionary, and the status decides where that is silent.

use serde_json::Value;

use super::decode::looks_like_html;
use crate::{
    catalog::manifest::{ErrorRule, Manifest},
    protocol::{ActionError, Code, Sent, Upstream},
    transport::HttpAnswer,
};

/// What is said of an answer that is none of the API's: something on the way gave it.
pub(super) const WEB_PAGE: &str = "a web page where JSON was expected";

/// What the service said, whatever its shape.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) key: Option<String>,
    pub(super) message: Option<String>,
}

/// Reads every known shape of an error body.
pub(super) fn read(answer: &HttpAnswer) -> Said {
    let text = String::from_utf8_lossy(&answer.body);
    let Ok(body) = serde_json::from_str::<Value>(&text) else {
        let html = looks_like_html(answer.content_type.split(';').next().unwrap_or_default().trim(), &text);
        let message = html.then(|| WEB_PAGE.to_owned());
        return Said { key: None, message };
    };
    let list = match &body {
        Value::Array(list) => list.iter().collect(),
        other => vec![other],
    };
    let first = |names: &[&str], value: &Value| names.iter().find_map(|n| value.get(n)?.as_str()).map(str::to_owned);
    let key = list.iter().find_map(|e| first(&["error_key", "error", "errorCode"], e));
    let messages: Vec<_> = list
        .iter()
        .filter_map(|e| first(&["error_message", "error_description", "errorSummary", "message"], e))
        .collect();
    Said { key, message: (!messages.is_empty()).then(|| messages.join("; ")) }
}

/// The error that a refusal means.
pub(super) fn refusal(manifest: &Manifest, answer: &HttpAnswer) -> ActionError {
    let said = read(answer);
    let words = said.message.clone().or_else(|| said.key.clone()).unwrap_or_else(|| "no reason given".to_owned());
    let mut upstream = Upstream {
        status: answer.status,
        error_key: said.key,
        error_message: said.message,
        request_id: answer.request_id.clone(),
        ..Upstream::default()
    };
    let rule = rule(manifest, &upstream);
    let code = rule.map_or_else(|| by_status(answer.status), |r| r.code);
    let again = rule.is_some_and(|r| r.retry);
    if let Some(name) = rule.and_then(|r| r.id_in_message.clone())
        && let Some(id) = upstream.error_message.as_deref().and_then(uuid_in)
    {
        upstream.ids.insert(name, id);
    }
    let error = ActionError::new(code, format!("the service answered {}: {words}", answer.status));
    let error = error.sent(Sent::Yes).upstream(upstream);
    match code {
        Code::Throttled => error.retry_after(Some(1_030)),
        Code::Unavailable | Code::QueueFull => error.retry_after(None),
        _ if again => error.retry_after(None),
        _ => error,
    }
}

/// The manifest's rule for what the service said: the one with the most conditions, and of equals the one that knows
/// the words, since a service uses one key for several things.
pub(super) fn rule<'m>(manifest: &'m Manifest, said: &Upstream) -> Option<&'m ErrorRule> {
    manifest.errors.values().filter(|r| matches(r, said)).max_by_key(|r| {
        let (key, words) = (r.error_key.is_some(), r.message.is_some());
        (u8::from(key) + u8::from(words), words)
    })
}

fn matches(rule: &ErrorRule, said: &Upstream) -> bool {
    let key = rule.error_key.as_ref().is_none_or(|k| said.error_key.as_ref() == Some(k));
    let words = said.error_message.as_deref().unwrap_or_default().to_lowercase();
    rule.status == said.status && key && rule.message.as_ref().is_none_or(|m| words.contains(m.as_str()))
}

fn by_status(status: u16) -> Code {
    match status {
        401 => Code::ReconnectRequired,
        404 => Code::NotFound,
        408 | 500.. => Code::Unavailable,
        409 => Code::Conflict,
        429 => Code::Throttled,
        300..=399 => Code::BadResponse,
        _ => Code::Rejected,
    }
}

/// The first UUID in a text: the service names the contact that is in the way only there.
fn uuid_in(text: &str) -> Option<String> {
    let parts = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    parts.filter(|p| p.len() == 36).find(|p| uuid::Uuid::try_parse(p).is_ok()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{read, refusal};
    use crate::{
        catalog::Catalog,
        protocol::{Code, RetryKind},
        transport::HttpAnswer,
    };

    fn answer(status: u16, content_type: &str, body: &'static str) -> HttpAnswer {
        HttpAnswer {
            status,
            content_type: content_type.to_owned(),
            request_id: None,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn every_shape_of_refusal_has_its_code() {
        let cases = [
            (
                400,
                r#"[{"error_key":"contacts.api.validation.error","error_message":"create_source is missing"}]"#,
                Code::Rejected,
            ),
            (401, r#"{"error_key":"unauthorized","error_message":"Unauthorized"}"#, Code::ReconnectRequired),
            (
                403,
                r#"{"error_key":"access_denied","error_message":"Request forbidden due to insufficient user privileges."}"#,
                Code::PrivilegeMissing,
            ),
            (403, r#"{"message":"Forbidden"}"#, Code::Rejected),
            (
                404,
                r#"[{"error_key":"contacts.api.not_found","error_message":"contact_id is in an invalid format."}]"#,
                Code::NotFound,
            ),
            (429, r#"{"error_key":"throttled","error_message":"Too Many Requests"}"#, Code::Throttled),
            (429, r#"{"error_key":"quota_exceeded","error_message":"Limit Exceeded"}"#, Code::QuotaExhausted),
            (429, r#"[{"error_key":"x","error_message":"You exceeded 1,000 queued activities."}]"#, Code::QueueFull),
            (429, r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit"}"#, Code::Throttled),
            (503, "<html>down</html>", Code::Unavailable),
            (400, r#"{"error":"invalid_request","error_description":"no"}"#, Code::Rejected),
            (
                409,
                r#"[{"error_key":"contacts.api.conflict","error_message":"You sent simultaneous requests."}]"#,
                Code::Conflict,
            ),
        ];
        for (status, body, code) in cases {
            let error = refusal(Catalog::embedded().manifest(), &answer(status, "application/json", body));
            assert_eq!(error.code, code, "{status} {body}");
            assert!(error.upstream.is_some());
        }
    }

    #[test]
    fn the_id_in_the_way_is_given_back() {
        let body = r#"[{"error_key":"contacts.api.conflict","error_message":"Validation failed: Email already exists for contact 5b9cbf1e-2f4a-11ef-8a0f-fa163e123456"}]"#;
        let error = refusal(Catalog::embedded().manifest(), &answer(409, "application/json", body));
        assert_eq!(error.upstream.unwrap().ids["contact_id"], "5b9cbf1e-2f4a-11ef-8a0f-fa163e123456");
    }

    #[test]
    fn only_a_conflict_of_simultaneous_calls_may_be_repeated() {
        for (words, kind) in [("You sent Simultaneous requests", RetryKind::After), ("taken", RetryKind::Never)] {
            let body = format!(r#"[{{"error_key":"contacts.api.conflict","error_message":"{words}"}}]"#);
            let answer = HttpAnswer { body: Bytes::from(body), ..answer(409, "application/json", "") };
            let error = refusal(Catalog::embedded().manifest(), &answer);
            assert_eq!((error.code, error.retry.kind), (Code::Conflict, kind), "{words}");
        }
    }

    #[test]
    fn a_web_page_is_said_to_be_one() {
        let said = read(&answer(502, "text/html; charset=utf-8", "<!doctype html><p>Bad gateway"));
        assert_eq!(said.message.as_deref(), Some("a web page where JSON was expected"));
    }
}
