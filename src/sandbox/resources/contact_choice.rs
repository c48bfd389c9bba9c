//! Whom a bulk job is about: by id, by list, by tag, by segment, by how they act on mails.
//!
//! A request names people in one way only. Who they are is worked out when the job runs, because lists and segments
//! change until then.

use std::collections::{BTreeSet, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::body::{self, Body};
use super::contact_write::known_lists;
use super::permission;
use super::refusal::{CONTACTS, invalid};
use super::segments;
use super::validate::Checks;
use crate::sandbox::account::{Account, Contact, ContactChoice, ContactSource, Did};
use crate::sandbox::call::Reply;

/// A way to name people: its property, and how many ids it takes.
pub(super) type Way = (&'static str, usize);

/// The levels of engagement. The contract names only the first.
const LEVELS: &[&str] = &["high", "medium", "low", "unqualified"];
/// How far back mails count for engagement.
const RECENT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long somebody counts as a new subscriber.
const NEW: SignedDuration = SignedDuration::from_hours(30 * 24);

// --- Reading ----------------------------------------------------------------------------------------------------

/// Checks the properties that name people, which have the same rules wherever they stand.
pub(super) fn check_ways(checks: &mut Checks<'_>, ways: &[Way]) {
    for (name, max) in ways {
        match *name {
            "segment_id" => checks.integer(name, 1..=i64::MAX),
            "engagement_level" => checks.one_of(name, LEVELS),
            "all_active_contacts" | "new_subscriber" => checks.flag(name),
            _ => checks.ids(name, *max).not_empty(name),
        };
    }
}

/// Checks `source` and `exclude` of a body.
pub(super) fn check_source(checks: &mut Checks<'_>, sent: &Body, ways: &[Way]) {
    checks.required("source").inner("source", |source| check_ways(source, ways));
    checks.inner("exclude", |exclude| {
        exclude.ids("contact_ids", usize::MAX);
    });
    if let Some(source) = body::object(sent, "source") {
        check_one(checks, source, ways);
    }
}

/// Complains unless people are named in exactly one way.
pub(super) fn check_one(checks: &mut Checks<'_>, sent: &Body, ways: &[Way]) {
    let names = |ways: Vec<&Way>| ways.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let used: Vec<&Way> = ways.iter().filter(|(name, _)| is_used(sent, name)).collect();
    if used.is_empty() {
        let all = names(ways.iter().collect());
        checks.say(&format!("{all} are missing, exactly one parameter must be provided"));
    } else if used.len() > 1 {
        checks.say(&format!("{} are mutually exclusive", names(used)));
    }
}

/// Whether a way was used; `false` is the same as not sent.
pub(super) fn is_used(sent: &Body, name: &str) -> bool {
    sent.get(name).is_some_and(|value| !value.is_null() && value.as_bool() != Some(false))
}

/// The people whom a checked body names; none if it names none.
pub(super) fn read_ways(sent: &Body, ways: &[Way]) -> Option<ContactSource> {
    let (name, _) = ways.iter().find(|(name, _)| is_used(sent, name))?;
    Some(match *name {
        "contact_ids" => ContactSource::Contacts(body::ids(sent, name)),
        "list_ids" => ContactSource::Lists(body::ids(sent, name)),
        "tag_ids" => ContactSource::Tags(body::ids(sent, name)),
        "segment_id" => ContactSource::Segment(u64::try_from(body::integer(sent, name)?).ok()?),
        "engagement_level" => ContactSource::Engagement(body::text(sent, name)?),
        "all_active_contacts" => ContactSource::Active,
        _ => ContactSource::NewSubscribers,
    })
}

/// The people whom `source` and `exclude` of a checked body name.
pub(super) fn read_source(account: &Account, sent: &Body, ways: &[Way]) -> Result<ContactChoice, Reply> {
    let source = body::object(sent, "source").and_then(|source| read_ways(source, ways));
    let source = source.ok_or_else(|| invalid(CONTACTS, "source is invalid"))?;
    known(account, &source)?;
    // With other sources leaving out has no meaning, and is taken for an unknown property.
    let spares = matches!(source, ContactSource::Lists(_) | ContactSource::Active);
    let exclude = if spares { excluded(sent) } else { Vec::new() };
    Ok(ContactChoice { source, exclude })
}

/// The ids in `exclude`.
pub(super) fn excluded(sent: &Body) -> Vec<String> {
    let ids = body::object(sent, "exclude").map(|exclude| body::strings(exclude, "contact_ids"));
    ids.unwrap_or_default().iter().map(|id| id.to_ascii_lowercase()).collect()
}

/// Refuses lists, tags and segments that the account does not have. Unknown contacts are the job's own errors.
pub(super) fn known(account: &Account, source: &ContactSource) -> Result<(), Reply> {
    match source {
        ContactSource::Lists(ids) => known_lists(account, ids),
        ContactSource::Tags(ids) => known_tags(account, ids),
        ContactSource::Segment(id) if !segments::is_known(account, *id) => {
            Err(invalid(CONTACTS, "segment_id not found"))
        }
        _ => Ok(()),
    }
}

/// Refuses tags that do not exist.
pub(super) fn known_tags(account: &Account, ids: &[String]) -> Result<(), Reply> {
    let held: HashSet<&str> = account.tags.iter().map(|tag| tag.tag_id.as_str()).collect();
    if ids.iter().all(|id| held.contains(id.as_str())) { Ok(()) } else { Err(invalid(CONTACTS, "tag_id not found")) }
}

// --- Finding ----------------------------------------------------------------------------------------------------

/// Who was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Places in the account's contacts.
    pub places: Vec<u32>,
    /// Ids that nobody has.
    pub missing: Vec<String>,
}

impl Found {
    /// How many were named, found or not.
    pub(super) fn total(&self) -> usize {
        self.places.len() + self.missing.len()
    }
}

/// Who the chosen people are at this moment; none when the segment is gone.
pub(super) fn find(account: &Account, whom: &ContactChoice, at: Timestamp) -> Option<Found> {
    let places: Vec<u32> = match &whom.source {
        ContactSource::Everybody => (0_u32..).zip(&account.contacts).map(|(place, _)| place).collect(),
        ContactSource::Contacts(ids) => return Some(by_ids(account, ids)),
        ContactSource::Lists(ids) => sharing(account, ids, |contact| contact.list_memberships.as_slice()),
        ContactSource::Tags(ids) => sharing(account, ids, |contact| contact.taggings.as_slice()),
        ContactSource::Segment(id) => segments::members_at(account, *id, at)?,
        ContactSource::Engagement(level) => engaged(account, level, at),
        ContactSource::Active => living(account, permission::mailable),
        ContactSource::NewSubscribers => living(account, |contact| is_new(contact, at)),
    };
    let spared: HashSet<u32> = by_ids(account, &whom.exclude).places.into_iter().collect();
    let places = places.into_iter().filter(|place| !spared.contains(place)).collect();
    Some(Found { places, missing: Vec::new() })
}

/// Who has these ids, deleted or not.
fn by_ids(account: &Account, ids: &[String]) -> Found {
    let mut found = Found::default();
    for id in ids {
        match account.by_id.get(id).and_then(|index| u32::try_from(*index).ok()) {
            Some(place) => found.places.push(place),
            None => found.missing.push(id.clone()),
        }
    }
    found
}

/// Everybody who is not deleted and passes.
fn living(account: &Account, wanted: impl Fn(&Contact) -> bool) -> Vec<u32> {
    let all = (0_u32..).zip(&account.contacts);
    all.filter(|(_, contact)| contact.deleted_at.is_none() && wanted(contact)).map(|(place, _)| place).collect()
}

/// Everybody who is not deleted and has one of these ids.
fn sharing(account: &Account, ids: &[String], held: impl Fn(&Contact) -> &[String]) -> Vec<u32> {
    let ids: HashSet<&String> = ids.iter().collect();
    living(account, |contact| held(contact).iter().any(|id| ids.contains(id)))
}

/// Whether somebody can be mailed and opted in during the last 30 days.
pub(super) fn is_new(contact: &Contact, at: Timestamp) -> bool {
    let since = contact.email.as_ref().and_then(|email| email.opt_in_date);
    permission::mailable(contact) && since.is_some_and(|since| at.duration_since(since) <= NEW)
}

/// Everybody of one level of engagement.
///
/// The service has a formula of its own for each account and does not publish it. Here it is the share of the mails
/// of the last 90 days that somebody opened or clicked in, and nothing else.
fn engaged(account: &Account, wanted: &str, at: Timestamp) -> Vec<u32> {
    let mut counts = vec![(0_u32, 0_u32); account.contacts.len()];
    for sending in account.sendings.iter().filter(|sending| at.duration_since(sending.at) <= RECENT) {
        let acts = sending.happened().iter().filter(|event| matches!(event.kind, Did::Open | Did::Click));
        let active: BTreeSet<u32> = acts.map(|event| event.contact).collect();
        for place in &sending.recipients {
            if let Some((had, used)) = counts.get_mut(*place as usize) {
                *had += 1;
                *used += u32::from(active.contains(place));
            }
        }
    }
    let all = (0_u32..).zip(account.contacts.iter().zip(counts));
    let alike = all.filter(|(_, (contact, (had, used)))| contact.deleted_at.is_none() && level(*had, *used) == wanted);
    alike.map(|(place, _)| place).collect()
}

/// High from one mail in two, medium from one in five, low below; who had no mail has no level yet.
fn level(had: u32, used: u32) -> &'static str {
    match (had, used) {
        (0, _) => "unqualified",
        (had, used) if used.saturating_mul(2) >= had => "high",
        (had, used) if used.saturating_mul(5) >= had => "medium",
        _ => "low",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const WAYS: &[Way] = &[("contact_ids", 2), ("list_ids", 1), ("all_active_contacts", 0), ("segment_id", 0)];

    fn refusal(source: &Value) -> String {
        let sent = json!({ "source": source }).as_object().cloned().unwrap_or_default();
        let mut checks = Checks::of(&sent);
        check_source(&mut checks, &sent, WAYS);
        let refused = checks.done(CONTACTS).err();
        refused.map(|reply| String::from_utf8_lossy(&reply.body).into_owned()).unwrap_or_default()
    }

    #[test]
    fn people_are_named_in_one_way() {
        let id = "af73e650-96f0-11ef-b2a0-fa163eafb85e";
        assert_eq!(refusal(&json!({ "contact_ids": [id], "all_active_contacts": false })), "");
        assert!(refusal(&json!({})).contains("exactly one parameter"));
        assert!(refusal(&json!({ "all_active_contacts": false })).contains("exactly one parameter"));
        let two = json!({ "contact_ids": [id], "segment_id": 3 });
        assert!(refusal(&two).contains("contact_ids, segment_id are mutually exclusive"));
        assert!(refusal(&json!({ "list_ids": [id, id] })).contains("source.list_ids is invalid"));
        assert!(refusal(&json!({ "segment_id": "3" })).contains("source.segment_id does not have a valid value"));
        assert!(refusal(&Value::Null).contains("source is missing"));
    }

    #[test]
    fn levels_of_engagement() {
        let levels = [(0, 0), (2, 1), (3, 1), (5, 1), (6, 1), (1, 0)].map(|(had, used)| level(had, used));
        assert_eq!(levels, ["unqualified", "high", "medium", "medium", "low", "low"]);
    }
}
