//! Readers of query parameters that refuse what the contract does not allow.

use jiff::Timestamp;

use super::refusal::invalid;
use super::validate::{instant, is_uuid};
use crate::sandbox::call::{Call, Reply};

fn bad_value(name: &str, namespace: &str) -> Reply {
    invalid(namespace, &format!("{name} does not have a valid value"))
}

/// `true` or `false`; absent is `false`.
pub(super) fn flag(call: &Call, name: &str, namespace: &str) -> Result<bool, Reply> {
    match call.query(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(invalid(namespace, &format!("{name} is invalid"))),
    }
}

/// One word out of a few.
pub(super) fn choice<'c>(
    call: &'c Call,
    name: &str,
    words: &[&str],
    namespace: &str,
) -> Result<Option<&'c str>, Reply> {
    match call.query(name) {
        Some(word) if !words.contains(&word) => Err(bad_value(name, namespace)),
        word => Ok(word),
    }
}

/// Any number of words out of a few.
pub(super) fn choices(call: &Call, name: &str, words: &[&str], namespace: &str) -> Result<Vec<String>, Reply> {
    let sent = call.query_list(name);
    let known = sent.iter().all(|word| words.contains(&word.as_str()));
    if known { Ok(sent) } else { Err(bad_value(name, namespace)) }
}

/// Up to `max` UUIDs, lower-cased.
pub(super) fn ids(call: &Call, name: &str, max: usize, namespace: &str) -> Result<Vec<String>, Reply> {
    let sent = call.query_list(name);
    if sent.len() > max || !sent.iter().all(|id| is_uuid(id)) {
        return Err(invalid(namespace, &format!("{name} is invalid")));
    }
    Ok(sent.iter().map(|id| id.to_ascii_lowercase()).collect())
}

/// From 1 to `max` whole numbers, sorted: the ids of the previous version of the API.
pub(super) fn old_ids(call: &Call, name: &str, max: usize, namespace: &str) -> Result<Vec<u64>, Reply> {
    let sent = call.query_list(name);
    if sent.is_empty() {
        return Err(invalid(namespace, &format!("{name} is missing")));
    }
    let numbers: Result<Vec<u64>, _> = sent.iter().map(|id| id.trim().parse::<u64>()).collect();
    match numbers {
        Ok(mut numbers) if numbers.len() <= max => {
            numbers.sort_unstable();
            numbers.dedup();
            Ok(numbers)
        }
        _ => Err(invalid(namespace, &format!("{name} is invalid"))),
    }
}

/// A moment.
pub(super) fn moment(call: &Call, name: &str, namespace: &str) -> Result<Option<Timestamp>, Reply> {
    match call.query(name) {
        None => Ok(None),
        Some(text) => match instant(text) {
            Some(moment) => Ok(Some(moment)),
            None => Err(invalid(namespace, &format!("{name} is invalid"))),
        },
    }
}
