//! What the criteria of a segment say: JSON read into a tree of groups and conditions.
//!
//! Certain are the outermost `and`, nested groups, the four sources, the tracking condition of the one published
//! example, and the two limits. All other fields and operators here are a guess. What is not known does not fail:
//! it becomes a condition that nobody meets, unless the options ask for a refusal.

use serde_json::Value;

use super::body::Body;
use super::segment_fields::{FIELDS, plain};
use super::segment_tree::{Act, Field, Node, Range, Test};
use super::validate::is_uuid;

/// E-mail campaigns that one condition may look at.
const MOST_CAMPAIGNS: u32 = 500;
/// Days that one condition may look back: five years.
const MOST_DAYS: u32 = 1_825;

/// Reads criteria; the error says what no service could understand.
pub(super) fn parse(text: &str) -> Result<Node, &'static str> {
    let whole: Value = serde_json::from_str(text).map_err(|_| "not JSON")?;
    let top = whole.get("criteria").and_then(Value::as_object).ok_or("criteria is missing")?;
    if word(top, "type") != "and" {
        return Err("the outermost group must have the type and");
    }
    parts(top).map(Node::All)
}

fn parts(group: &Body) -> Result<Vec<Node>, &'static str> {
    let parts = group.get("group").and_then(Value::as_array).ok_or("a group must be an array")?;
    if parts.is_empty() {
        return Err("a group is empty");
    }
    parts.iter().map(node).collect()
}

fn node(value: &Value) -> Result<Node, &'static str> {
    let item = value.as_object().ok_or("a group may hold objects only")?;
    if item.get("group").is_some_and(|group| !group.is_null()) { nested(item) } else { condition(item) }
}

fn nested(group: &Body) -> Result<Node, &'static str> {
    let parts = parts(group)?;
    match word(group, "type") {
        "or" => Ok(Node::Any(parts)),
        // Lists and tags are documented for groups of the other type only.
        "and" if parts.iter().any(Node::is_or_only) => Ok(Node::Unknown),
        "and" => Ok(Node::All(parts)),
        _ => Err("a group must have the type and or or"),
    }
}

fn condition(item: &Body) -> Result<Node, &'static str> {
    let field = match (word(item, "source"), word(item, "field")) {
        ("tracking", act) => return tracking(item, act),
        ("list_membership", _) | ("contact", "list_membership") => Some(Field::Lists),
        ("tags", _) => Some(Field::Tags),
        ("contact", name) => field(name),
        _ => None,
    };
    let test = test(item)?;
    Ok(field.zip(test).map_or(Node::Unknown, |(field, test)| Node::Contact(field, test)))
}

/// The field of a contact by its name. Whether a custom field exists shows only when the criteria are used.
fn field(name: &str) -> Option<Field> {
    if name.starts_with("cf:") || is_uuid(name) {
        return Some(Field::Custom(name.to_ascii_lowercase()));
    }
    FIELDS.iter().copied().find(|known| *known == name).map(Field::Plain)
}

fn tracking(item: &Body, act: &str) -> Result<Node, &'static str> {
    let act = match act {
        "sent" => Some(Act::Sent),
        "opened" => Some(Act::Opened),
        "not_opened" => Some(Act::NotOpened),
        "clicked" => Some(Act::Clicked),
        "not_clicked" => Some(Act::NotClicked),
        _ => None,
    };
    let range = range(item)?;
    let known = act.zip(range).filter(|_| word(item, "op") == "contains-any");
    Ok(known.map_or(Node::Unknown, |(act, range)| Node::Tracking(act, range)))
}

fn range(item: &Body) -> Result<Option<Range>, &'static str> {
    match word(item, "const_value") {
        "last-n-campaigns" => campaigns(item).map(Some),
        "last-n-days" => days(item).map(|days| Some(Range::Days(days))),
        _ => {
            let ids = values(item, &["value"]);
            if u32::try_from(ids.len()).is_ok_and(|many| many <= MOST_CAMPAIGNS) {
                Ok((!ids.is_empty()).then_some(Range::These(ids)))
            } else {
                Err("more than 500 campaigns")
            }
        }
    }
}

fn campaigns(item: &Body) -> Result<Range, &'static str> {
    match parameter(item) {
        Some(many) if many > MOST_CAMPAIGNS => Err("more than 500 campaigns"),
        Some(many) => Ok(Range::Campaigns(many)),
        None => Err("param must be a number of campaigns"),
    }
}

fn days(item: &Body) -> Result<u32, &'static str> {
    match parameter(item) {
        Some(many) if many > MOST_DAYS => Err("more than 1,825 days"),
        Some(many) => Ok(many),
        None => Err("param must be a number of days"),
    }
}

/// The number that belongs to a range, as text or as a number; at least 1.
fn parameter(item: &Body) -> Option<u32> {
    let digits = values(item, &["param", "value"]).into_iter().next()?;
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than fit are still a number, and too large a one.
    let number = whole.then(|| digits.parse::<u32>().unwrap_or(u32::MAX))?;
    (number > 0).then_some(number)
}

fn test(item: &Body) -> Result<Option<Test>, &'static str> {
    let op = word(item, "op");
    if op == "last-n-days" || word(item, "const_value") == "last-n-days" {
        return days(item).map(|days| Some(Test::LastDays(days)));
    }
    let wanted = values(item, &["value", "const_value", "param"]);
    let first = wanted.first().cloned();
    Ok(match op {
        "is-set" => Some(Test::Set),
        "not-set" => Some(Test::NotSet),
        _ if wanted.is_empty() => None,
        "eq" | "contains-any" => Some(Test::OneOf(wanted)),
        "not-eq" | "contains-none" => Some(Test::NoneOf(wanted)),
        "contains" => Some(Test::Contains(wanted)),
        "starts-with" => Some(Test::StartsWith(wanted)),
        "ends-with" => Some(Test::EndsWith(wanted)),
        "gt" | "after" => first.map(Test::Above),
        "lt" | "before" => first.map(Test::Below),
        _ => None,
    })
}

/// A word of an object; empty where there is none.
fn word<'a>(item: &'a Body, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or("")
}

/// The values under the first of some names that has any: one or an array of them, each as text in lower case.
fn values(item: &Body, names: &[&str]) -> Vec<String> {
    let sent = names.iter().find_map(|name| item.get(*name).filter(|value| !value.is_null()));
    match sent {
        Some(Value::Array(all)) => all.iter().filter_map(plain).collect(),
        Some(one) => plain(one).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The tree of criteria with these parts in the outermost group.
    fn read(parts: &Value) -> Result<Node, &'static str> {
        parse(&json!({ "version": "1.0.0", "criteria": { "type": "and", "group": parts } }).to_string())
    }

    fn last_campaigns(many: &Value) -> Value {
        json!({
            "source": "tracking", "field": "not_opened", "op": "contains-any",
            "const_value": "last-n-campaigns", "param": many,
        })
    }

    #[test]
    fn the_published_example() {
        let tree = Node::All(vec![Node::Tracking(Act::NotOpened, Range::Campaigns(5))]);
        assert_eq!(read(&json!([last_campaigns(&json!("5"))])), Ok(tree.clone()));
        assert_eq!(read(&json!([last_campaigns(&json!(5))])), Ok(tree));
    }

    #[test]
    fn what_no_service_could_understand_is_refused() {
        for text in ["", "[]", "7", "{}", "{\"criteria\":[]}", "{\"criteria\":{\"type\":\"or\",\"group\":[{}]}}"] {
            assert!(parse(text).is_err(), "{text}");
        }
        for parts in [json!([]), json!({}), json!([1]), json!([{ "type": "xor", "group": [{}] }])] {
            assert!(read(&parts).is_err(), "{parts}");
        }
    }

    #[test]
    fn the_limits_are_inclusive() {
        assert!(read(&json!([last_campaigns(&json!("500"))])).is_ok());
        for many in [json!("501"), json!("99999999999999999999"), json!("0"), json!("-1"), json!("x"), Value::Null] {
            assert!(read(&json!([last_campaigns(&many)])).is_err(), "{many}");
        }
        let days = |many: u32| {
            read(&json!([{ "source": "contact", "field": "created_at", "op": "last-n-days", "param": many }]))
        };
        assert!(days(1_825).is_ok_and(|tree| !tree.is_strange()));
        assert!(days(1_826).is_err());
    }

    #[test]
    fn groups_nest_and_unknown_conditions_are_strange_but_not_refused() {
        let city = json!({ "source": "contact", "field": "city", "op": "eq", "value": ["Boston", " Salem "] });
        let parts = json!([{ "type": "or", "group": [city, { "source": "stars", "field": "sign", "op": "eq" }] }]);
        let known = Node::Contact(Field::Plain("city"), Test::OneOf(vec!["boston".to_owned(), "salem".to_owned()]));
        let tree = Node::All(vec![Node::Any(vec![known, Node::Unknown])]);
        assert!(tree.is_strange());
        assert_eq!(read(&parts), Ok(tree));
        for odd in [
            json!({ "source": "contact", "field": "shoe_size", "op": "eq", "value": "9" }),
            json!({ "source": "contact", "field": "city", "op": "rhymes", "value": "Boston" }),
            json!({ "source": "contact", "field": "city", "op": "eq" }),
            json!({ "type": "and", "group": [{ "source": "tags", "op": "contains-any", "value": ["x"] }] }),
        ] {
            assert_eq!(read(&json!([odd])), Ok(Node::All(vec![Node::Unknown])), "{odd}");
        }
    }
}
