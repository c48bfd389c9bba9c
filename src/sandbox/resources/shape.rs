//! Objects described by tables: what they may hold, and two short walks over what was sent.
//!
//! One walk checks it; the other keeps of it what the service knows. For bodies that are kept and shown as they are,
//! and too deep to be read property by property.

use serde_json::Value;

use super::body::Body;
use super::validate::{Checks, is_texts};

/// What a property may hold.
pub(super) enum Kind {
    Text,
    Flag,
    /// A whole number of 32 bits.
    Whole,
    Number,
    /// An array of texts.
    Texts,
    /// An object of any content.
    Free,
    /// A text, an array of texts or an object: the contract says object, its text the other two.
    Either,
    /// An object whose values are texts.
    TextMap,
    /// Days, weeks, months or years, either way from a date: `P7D`, `P-7D`.
    Period,
    /// The name of a contact's property, with `record.` in front.
    Field,
    /// An object of a known shape.
    One(&'static Shape),
    /// An array of such objects.
    Each(&'static Shape),
}

/// The properties of an object, in the order in which they are shown. None is required.
pub(super) struct Shape {
    pub properties: &'static [(&'static str, Kind)],
}

/// Checks an object and all that is in it. The depth is bounded by that of the JSON reader.
pub(super) fn check(shape: &Shape, checks: &mut Checks<'_>) {
    for (name, kind) in shape.properties {
        match kind {
            Kind::Text => checks.test(name, Value::is_string),
            Kind::Flag => checks.flag(name),
            Kind::Whole => checks.integer(name, i64::from(i32::MIN)..=i64::from(i32::MAX)),
            Kind::Number => checks.test(name, Value::is_number),
            Kind::Texts => checks.test(name, is_texts),
            Kind::Free => checks.test(name, Value::is_object),
            Kind::Either => checks.test(name, |v| v.is_string() || v.is_object() || is_texts(v)),
            Kind::TextMap => checks.test(name, |v| v.as_object().is_some_and(|all| all.values().all(Value::is_string))),
            Kind::Period => checks.test(name, |v| v.as_str().is_some_and(is_period)),
            Kind::Field => checks.test(name, |v| v.as_str().is_some_and(is_field)),
            Kind::One(inner) => checks.inner(name, |checks| check(inner, checks)),
            Kind::Each(inner) => checks.each(name, usize::MAX, |checks| check(inner, checks)),
        };
    }
}

fn is_field(text: &str) -> bool {
    text.strip_prefix("record.").is_some_and(|name| !name.is_empty())
}

/// ISO 8601, with a sign where the service has it: before the number.
fn is_period(text: &str) -> bool {
    let part = |part: &str| {
        part.strip_suffix(['Y', 'M', 'W', 'D']).is_some_and(|number| {
            let digits = number.strip_prefix(['-', '+']).unwrap_or(number);
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let parts = text.strip_prefix('P').filter(|parts| !parts.is_empty());
    parts.is_some_and(|parts| parts.split_inclusive(['Y', 'M', 'W', 'D']).all(part))
}

/// What the service knows of an object that was checked, in the service's order.
pub(super) fn keep(shape: &Shape, sent: &Body) -> Body {
    let known = shape.properties.iter().filter_map(|(name, kind)| {
        let value = sent.get(*name).filter(|value| !value.is_null())?;
        Some(((*name).to_owned(), kept(kind, value)))
    });
    known.collect()
}

fn kept(kind: &Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::One(inner), Value::Object(inside)) => Value::Object(keep(inner, inside)),
        (Kind::Each(inner), Value::Array(items)) => {
            items.iter().filter_map(Value::as_object).map(|item| keep(inner, item)).collect()
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::automation_shapes::{FLOW, TRIGGER};
    use super::*;

    fn refusal(shape: &Shape, body: &Value) -> String {
        super::super::validate::refusal(body, |checks| check(shape, checks))
    }

    fn flow(task: &Value) -> Value {
        json!({ "draft_definition": { "workflow": { "workflow_def": { "tasks": [task] } } } })
    }

    #[test]
    fn a_fault_deep_in_a_task_is_found() {
        let good = flow(&json!({ "then": [{ "else": [{ "input": { "list": "x" } }] }] }));
        assert_eq!(refusal(&FLOW, &good), "");
        let bad = flow(&json!({ "then": [{ "else": [{ "input": { "list": 1 } }] }] }));
        let path = "draft_definition.workflow.workflow_def.tasks.then.else.input is invalid";
        assert!(refusal(&FLOW, &bad).contains(path), "{}", refusal(&FLOW, &bad));
    }

    #[test]
    fn numbers_keep_their_width() {
        let retry = |attempts: i64| flow(&json!({ "retry_options": { "maximum_attempts": attempts } }));
        assert_eq!(refusal(&FLOW, &retry(i64::from(i32::MAX))), "");
        assert!(refusal(&FLOW, &retry(i64::from(i32::MAX) + 1)).contains("maximum_attempts"));
    }

    #[test]
    fn a_parameter_has_a_text_or_some() {
        for value in [json!("a"), json!(["a", "b"]), json!({})] {
            assert_eq!(refusal(&TRIGGER, &json!({ "parameters": [{ "parameter_value": value }] })), "");
        }
        for value in [json!(1), json!([1])] {
            assert!(!refusal(&TRIGGER, &json!({ "parameters": [{ "parameter_value": value }] })).is_empty());
        }
    }

    #[test]
    fn periods_and_fields() {
        for good in ["P0D", "P7D", "P-7D", "P1M2W"] {
            assert!(is_period(good), "{good}");
        }
        for bad in ["", "P", "7D", "P7", "PD", "P-D", "P7D1"] {
            assert!(!is_period(bad), "{bad}");
        }
        assert!(is_field("record.birthday_day") && !is_field("birthday_day") && !is_field("record."));
    }

    #[test]
    fn unknown_properties_are_not_kept() {
        let sent = json!({ "type": "Action", "home planet": "Earth", "unique_by": null,
            "parameters": [{ "type": "STRING", "x": 1 }] });
        let kept = keep(&TRIGGER, &sent.as_object().cloned().unwrap_or_default());
        assert_eq!(Value::Object(kept), json!({ "parameters": [{ "type": "STRING" }], "type": "Action" }));
    }
}
