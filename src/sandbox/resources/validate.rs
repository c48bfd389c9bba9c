//! Checks of request bodies in the manner of the service, which answers in the texts of the Grape validator.
//!
//! All problems of one body are collected and sent as one text, joined with ", ". Properties that nobody asks about
//! pass: the service tolerates unknown ones, and its own samples send read-only ones back.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::body::Body;
use super::refusal::invalid;
use crate::sandbox::call::Reply;

const INVALID: &str = "is invalid";
const MISSING: &str = "is missing";
const NO_VALUE: &str = "does not have a valid value";

/// A body under examination, and the problems found so far.
pub(super) struct Checks<'a> {
    body: &'a Body,
    /// Path of the object inside the body, with a dot at the end: the only nested sample on record has dots.
    prefix: String,
    problems: Vec<String>,
}

impl<'a> Checks<'a> {
    /// Begins with no problem.
    pub(super) fn of(body: &'a Body) -> Self {
        Self { body, prefix: String::new(), problems: Vec::new() }
    }

    /// The value of a property; `null` counts as absent.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.body.get(name).filter(|v| !v.is_null())
    }

    /// Whether the property was sent with a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Notes a problem of one property.
    pub(super) fn problem(&mut self, name: &str, what: &str) -> &mut Self {
        self.problems.push(format!("{}{name} {what}", self.prefix));
        self
    }

    /// Notes a problem in words of its own.
    pub(super) fn say(&mut self, text: &str) -> &mut Self {
        self.problems.push(text.to_owned());
        self
    }

    /// A property that is there but fails the test is invalid.
    pub(super) fn test(&mut self, name: &str, holds: impl Fn(&Value) -> bool) -> &mut Self {
        if self.get(name).is_some_and(|v| !holds(v)) {
            self.problem(name, INVALID);
        }
        self
    }

    /// The property must be there.
    pub(super) fn required(&mut self, name: &str) -> &mut Self {
        if !self.has(name) {
            self.problem(name, MISSING);
        }
        self
    }

    /// At least one of several properties must be there.
    pub(super) fn any_of(&mut self, names: &[&str]) -> &mut Self {
        if !names.iter().any(|name| self.has(name)) {
            let text = format!("{} are missing, at least one parameter must be provided", names.join(", "));
            self.say(&text);
        }
        self
    }

    /// A text of at most `max` characters.
    pub(super) fn text(&mut self, name: &str, max: usize) -> &mut Self {
        self.test(name, |v| v.as_str().is_some_and(|t| t.chars().count() <= max))
    }

    /// A text that must be there, must not be blank, and has at most `max` characters.
    pub(super) fn filled(&mut self, name: &str, max: usize) -> &mut Self {
        if self.get(name).and_then(Value::as_str).is_some_and(|t| t.trim().is_empty()) {
            return self.problem(name, "is empty");
        }
        self.required(name).text(name, max)
    }

    /// One of a few words.
    pub(super) fn one_of(&mut self, name: &str, words: &[&str]) -> &mut Self {
        if self.get(name).is_some_and(|v| v.as_str().is_none_or(|t| !words.contains(&t))) {
            self.problem(name, NO_VALUE);
        }
        self
    }

    /// One of a few words, required. An absent one is complained of twice, as the service does.
    pub(super) fn required_one_of(&mut self, name: &str, words: &[&str]) -> &mut Self {
        if self.has(name) {
            return self.one_of(name, words);
        }
        self.problem(name, MISSING).problem(name, NO_VALUE)
    }

    /// A whole number within a range.
    pub(super) fn integer(&mut self, name: &str, range: RangeInclusive<i64>) -> &mut Self {
        if self.get(name).is_some_and(|v| v.as_i64().is_none_or(|n| !range.contains(&n))) {
            self.problem(name, NO_VALUE);
        }
        self
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str) -> &mut Self {
        self.test(name, Value::is_boolean)
    }

    /// An e-mail address of at most `max` characters. The text is the one recorded, which names no property.
    pub(super) fn email(&mut self, name: &str, max: usize) -> &mut Self {
        self.text(name, max);
        if self.get(name).and_then(Value::as_str).is_some_and(|t| !is_email(t)) {
            self.say("Email address is invalid");
        }
        self
    }

    /// An array of at most `max` UUIDs.
    pub(super) fn ids(&mut self, name: &str, max: usize) -> &mut Self {
        let id = |v: &Value| v.as_str().is_some_and(is_uuid);
        self.test(name, |v| v.as_array().is_some_and(|items| items.len() <= max && items.iter().all(id)))
    }

    /// An array with at least one element.
    pub(super) fn not_empty(&mut self, name: &str) -> &mut Self {
        if self.get(name).and_then(Value::as_array).is_some_and(Vec::is_empty) {
            self.problem(name, "is empty");
        }
        self
    }

    /// An array of at most `max` objects, each of which is checked.
    pub(super) fn each(&mut self, name: &str, max: usize, check: impl Fn(&mut Checks<'a>)) -> &mut Self {
        let Some(value) = self.get(name) else { return self };
        let Some(items) = value.as_array().filter(|items| items.len() <= max) else {
            return self.problem(name, INVALID);
        };
        for item in items {
            self.inside(name, item, &check);
        }
        self
    }

    /// An inner object, which is checked.
    pub(super) fn inner(&mut self, name: &str, check: impl Fn(&mut Checks<'a>)) -> &mut Self {
        if let Some(value) = self.get(name) {
            self.inside(name, value, &check);
        }
        self
    }

    fn inside(&mut self, name: &str, value: &'a Value, check: &impl Fn(&mut Checks<'a>)) {
        let Some(body) = value.as_object() else {
            self.problem(name, INVALID);
            return;
        };
        let prefix = format!("{}{name}.", self.prefix);
        let mut checks = Checks { body, prefix, problems: Vec::new() };
        check(&mut checks);
        self.problems.append(&mut checks.problems);
    }

    /// 400 with everything that was found.
    pub(super) fn done(&mut self, namespace: &str) -> Result<(), Reply> {
        // Three phone numbers without a kind are one complaint.
        let mut told = HashSet::new();
        self.problems.retain(|problem| told.insert(problem.clone()));
        if self.problems.is_empty() { Ok(()) } else { Err(invalid(namespace, &self.problems.join(", "))) }
    }
}

/// Whether a text is laid out like a UUID; its version does not matter.
pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let hex = |group: &str, n: usize| group.len() == n && group.bytes().all(|b| b.is_ascii_hexdigit());
    groups.len() == 5 && groups.iter().zip([8, 4, 4, 4, 12]).all(|(group, n)| hex(group, n))
}

/// Whether a value is an array of texts.
pub(super) fn is_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

/// Whether a text can be an e-mail address: plain ASCII, a dotted host.
pub(super) fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, host)| is_local_part(local) && is_host(host))
}

fn is_local_part(local: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"()<>[],;:\\\"@".contains(c);
    local.chars().all(plain) && !local.is_empty() && local.split('.').all(|part| !part.is_empty())
}

fn is_host(host: &str) -> bool {
    let label = |l: &str| {
        let plain = l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        plain && !l.is_empty() && !l.starts_with('-') && !l.ends_with('-')
    };
    host.contains('.') && host.split('.').all(label)
}

/// A moment: RFC 3339, or a date with or without a time, which is then UTC.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let local = text.parse::<DateTime>().ok()?;
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// What checks find in a body, as it is answered; empty where that is nothing.
#[cfg(test)]
pub(super) fn refusal(body: &Value, check: impl Fn(&mut Checks<'_>)) -> String {
    let body = body.as_object().cloned().unwrap_or_default();
    let mut checks = Checks::of(&body);
    check(&mut checks);
    match checks.done("contacts.api") {
        Ok(()) => String::new(),
        Err(reply) => String::from_utf8(reply.body).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_choice_is_complained_of_as_on_record() {
        let text = refusal(&json!({}), |c| {
            c.required_one_of("create_source", &["Account", "Contact"]);
        });
        let message = "create_source is missing, create_source does not have a valid value";
        let wanted = json!([{ "error_key": "contacts.api.validation.error", "error_message": message }]);
        assert_eq!(text, wanted.to_string());
    }

    #[test]
    fn null_is_absent_and_unknown_properties_pass() {
        let body = json!({ "first_name": null, "home planet": "Earth" });
        let text = refusal(&body, |c| {
            c.text("first_name", 50);
        });
        assert_eq!(text, "");
    }

    #[test]
    fn limits_are_inclusive_and_count_characters() {
        let body = json!({ "a": "é".repeat(50), "b": "e".repeat(51) });
        let text = refusal(&body, |c| {
            c.text("a", 50).text("b", 50);
        });
        assert!(text.contains("\"b is invalid\""), "{text}");
    }

    #[test]
    fn problems_inside_have_a_dotted_path_and_are_told_once() {
        let body = json!({ "phone_numbers": [{ "kind": "car" }, { "kind": "boat" }] });
        let text = refusal(&body, |c| {
            c.each("phone_numbers", 3, |phone| {
                phone.one_of("kind", &["home", "work"]);
            });
        });
        assert!(text.contains("\"phone_numbers.kind does not have a valid value\""), "{text}");
        let text = refusal(&json!({ "phone_numbers": [{}, {}] }), |c| {
            c.each("phone_numbers", 3, |phone| {
                phone.required("phone_number").required("kind");
            });
        });
        assert!(text.contains("\"phone_numbers.phone_number is missing, phone_numbers.kind is missing\""), "{text}");
    }

    #[test]
    fn hostile_arrays_are_refused() {
        let id = "af73e650-96f0-11ef-b2a0-fa163eafb85e";
        for value in [json!("x"), json!({}), json!([1]), json!(["x"]), json!([id, id])] {
            let text = refusal(&json!({ "ids": value }), |c| {
                c.ids("ids", 1);
            });
            assert!(text.contains("ids is invalid"), "{value}");
        }
    }

    #[test]
    fn addresses() {
        for good in ["a@b.co", "first.last+tag@mail.example.com", "o'neil@example.org"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "@", "a@b", "a b@example.com", "a@-x.com", "a@x..com", ".a@x.com", "a@b@c.com", "é@x.com"] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn moments() {
        let noon: Option<Timestamp> = "2026-06-01T12:00:00Z".parse().ok();
        assert!(noon.is_some());
        assert_eq!(instant("2026-06-01T14:00:00+02:00"), noon);
        assert_eq!(instant("2026-06-01T12:00:00"), noon);
        assert_eq!(instant("2026-06-01"), "2026-06-01T00:00:00Z".parse().ok());
        assert_eq!(instant("tomorrow"), None);
    }
}
