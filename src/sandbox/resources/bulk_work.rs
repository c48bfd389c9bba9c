//! What bulk jobs do when their time has come.
//!
//! Deleting a single list or tag is a bulk job of the service too, so one and many go the same way here.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::contact_choice::{self as choice, Found};
use super::contact_write::{self as write, MAX_LISTS};
use super::export_file;
use super::import;
use super::jobs::Outcome;
use crate::sandbox::account::{Account, Contact, ContactChoice, ContactSource, ExportOrder, Work};
use crate::sandbox::env::Env;

/// Tags that a contact can have.
const MAX_TAGS: usize = 50;

/// Does the work of a job.
pub(super) fn perform(account: &mut Account, env: &mut Env, work: &Work, at: Timestamp) -> Outcome {
    match work {
        Work::Done => Outcome::default(),
        Work::Import(order) => import::run(account, env, order, at),
        Work::Export(order) => export(account, order, at),
        Work::DeleteContacts(whom) => {
            let done = to_each(account, whom, at, |contact| {
                delete_contact(contact, at);
                Ok(())
            });
            done.outcome(lists_named(whom))
        }
        Work::AddToLists { whom, list_ids } => {
            let lists = living_lists(account, list_ids);
            to_each(account, whom, at, |contact| add_to_lists(contact, &lists, at)).outcome(Some(list_ids.len()))
        }
        Work::RemoveFromLists { whom, list_ids } => {
            let done = to_each(account, whom, at, |contact| {
                leave_out(contact, |contact| &mut contact.list_memberships, list_ids, at);
                Ok(())
            });
            done.outcome(Some(list_ids.len()))
        }
        Work::AddTags { whom, tag_ids } => {
            let tags = living_tags(account, tag_ids);
            to_each(account, whom, at, |contact| add_tags(contact, &tags, at)).outcome(None)
        }
        Work::RemoveTags { whom, tag_ids } => {
            let done = to_each(account, whom, at, |contact| {
                leave_out(contact, |contact| &mut contact.taggings, tag_ids, at);
                Ok(())
            });
            done.outcome(None)
        }
        Work::DeleteLists(ids) => delete_lists(account, ids, at),
        Work::DeleteTags(ids) => delete_tags(account, ids),
        Work::DeleteFields(ids) => {
            delete_fields(account, ids);
            Outcome::default()
        }
    }
}

// --- People -----------------------------------------------------------------------------------------------------

/// How far a job over people came.
#[derive(Debug, Default)]
struct Done {
    total: usize,
    completed: usize,
    errors: Vec<Value>,
    /// Nobody could be found at all: the segment is gone.
    lost: bool,
}

impl Done {
    /// As the job shows it, with the number of lists where those are counted too.
    fn outcome(self, lists: Option<usize>) -> Outcome {
        Outcome {
            status: counters(self.total, self.completed, lists),
            errors: self.errors,
            file: None,
            failed: self.lost,
        }
    }
}

/// The counters of a job over people.
pub(super) fn counters(total: usize, completed: usize, lists: Option<usize>) -> Value {
    match lists {
        Some(lists) => {
            json!({ "list_count": lists, "items_total_count": total, "items_completed_count": completed })
        }
        None => json!({ "items_total_count": total, "items_completed_count": completed }),
    }
}

/// How many lists name the people: those who are deleted are counted beside them.
pub(super) fn lists_named(whom: &ContactChoice) -> Option<usize> {
    match &whom.source {
        ContactSource::Lists(ids) => Some(ids.len()),
        _ => None,
    }
}

/// One error for each id that nobody has.
fn errors(found: &Found) -> Vec<Value> {
    found.missing.iter().map(|id| format!("Contact {id} not found").into()).collect()
}

/// Does something to each of the chosen people. Where it is refused, the others go on.
fn to_each(
    account: &mut Account,
    whom: &ContactChoice,
    at: Timestamp,
    act: impl Fn(&mut Contact) -> Result<(), &'static str>,
) -> Done {
    let Some(found) = choice::find(account, whom, at) else {
        return Done { errors: vec!["segment_id not found".into()], lost: true, ..Done::default() };
    };
    let mut done = Done { total: found.total(), errors: errors(&found), ..Done::default() };
    for place in found.places {
        let Some(contact) = account.contacts.get_mut(place as usize) else { continue };
        match act(contact) {
            Ok(()) => done.completed += 1,
            Err(text) => done.errors.push(format!("Contact {} {text}", contact.contact_id).into()),
        }
    }
    done
}

/// Off all lists and out of sight, but neither forgotten nor opted out.
pub(super) fn delete_contact(contact: &mut Contact, at: Timestamp) {
    if contact.deleted_at.is_none() {
        contact.list_memberships.clear();
        contact.deleted_at = Some(at);
        contact.updated_at = at;
    }
}

/// Notes that the account changed a contact.
fn touch(contact: &mut Contact, at: Timestamp) {
    contact.update_source = Some("Account".to_owned());
    contact.updated_at = at;
}

/// Puts a contact on lists, which brings a deleted one back. Its permission stays as it is.
fn add_to_lists(contact: &mut Contact, lists: &[String], at: Timestamp) -> Result<(), &'static str> {
    let more = lists.iter().filter(|id| !contact.list_memberships.contains(id)).count();
    if contact.list_memberships.len() + more > MAX_LISTS {
        return Err("is on as many lists as it can be");
    }
    // Where all of the lists are gone by now, there is nothing to come back to.
    if more > 0 || (contact.deleted_at.is_some() && !lists.is_empty()) {
        write::add_lists(contact, lists);
        contact.deleted_at = None;
        touch(contact, at);
    }
    Ok(())
}

/// Adds tags to a contact.
fn add_tags(contact: &mut Contact, tags: &[String], at: Timestamp) -> Result<(), &'static str> {
    let more: Vec<String> = tags.iter().filter(|id| !contact.taggings.contains(id)).cloned().collect();
    if contact.taggings.len() + more.len() > MAX_TAGS {
        return Err("has as many tags as it can have");
    }
    if !more.is_empty() {
        contact.taggings.extend(more);
        touch(contact, at);
    }
    Ok(())
}

/// Takes ids out of one of the contact's collections.
fn leave_out(contact: &mut Contact, part: impl Fn(&mut Contact) -> &mut Vec<String>, ids: &[String], at: Timestamp) {
    let held = part(contact);
    let before = held.len();
    held.retain(|id| !ids.contains(id));
    if held.len() < before {
        touch(contact, at);
    }
}

/// Writes an export's file.
fn export(account: &Account, order: &ExportOrder, at: Timestamp) -> Outcome {
    let Some(found) = export_file::choose(account, order, at) else {
        let errors = vec!["segment_id not found".into()];
        return Outcome { status: counters(0, 0, None), errors, file: None, failed: true };
    };
    Outcome {
        status: counters(found.total(), found.places.len(), None),
        errors: errors(&found),
        file: Some(export_file::write(account, order, &found.places)),
        failed: false,
    }
}

// --- What they have ---------------------------------------------------------------------------------------------

/// Those of the lists that are still there when the job runs.
fn living_lists(account: &Account, ids: &[String]) -> Vec<String> {
    let living = account.lists.iter().filter(|list| list.deleted_at.is_none());
    let living: HashSet<&str> = living.map(|list| list.list_id.as_str()).collect();
    ids.iter().filter(|id| living.contains(id.as_str())).cloned().collect()
}

/// Those of the tags that are still there when the job runs.
fn living_tags(account: &Account, ids: &[String]) -> Vec<String> {
    let living: HashSet<&str> = account.tags.iter().map(|tag| tag.tag_id.as_str()).collect();
    ids.iter().filter(|id| living.contains(id.as_str())).cloned().collect()
}

/// Deletes lists and everybody's membership; the people stay.
fn delete_lists(account: &mut Account, ids: &[String], at: Timestamp) -> Outcome {
    let gone: HashSet<&String> = ids.iter().collect();
    let mut deleted = 0_usize;
    for list in account.lists.iter_mut().filter(|list| gone.contains(&list.list_id) && list.deleted_at.is_none()) {
        list.deleted_at = Some(at);
        list.updated_at = at;
        deleted += 1;
    }
    for contact in &mut account.contacts {
        contact.list_memberships.retain(|id| !gone.contains(id));
    }
    Outcome { status: json!({ "list_count": deleted }), ..Outcome::default() }
}

/// Deletes tags and takes them off everyone.
fn delete_tags(account: &mut Account, ids: &[String]) -> Outcome {
    let before = account.tags.len();
    let gone: HashSet<&String> = ids.iter().collect();
    account.tags.retain(|tag| !gone.contains(&tag.tag_id));
    for contact in &mut account.contacts {
        contact.taggings.retain(|id| !gone.contains(id));
    }
    Outcome { status: counters(ids.len(), before - account.tags.len(), None), ..Outcome::default() }
}

/// Deletes custom fields with everybody's values.
pub(super) fn delete_fields(account: &mut Account, ids: &[String]) {
    let gone = |id: &str| ids.iter().any(|wanted| wanted == id);
    account.custom_fields.retain(|field| !gone(&field.custom_field_id));
    for contact in &mut account.contacts {
        contact.custom_fields.retain(|value| {
            let id = value.get("custom_field_id").and_then(Value::as_str);
            id.is_none_or(|id| !gone(id))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_comes_back_to_lists_that_are_gone() {
        let at = Timestamp::default();
        let mut contact = Contact { deleted_at: Some(at), ..Contact::default() };
        assert_eq!(add_to_lists(&mut contact, &[], at), Ok(()));
        assert!(contact.deleted_at.is_some());
        assert_eq!(add_to_lists(&mut contact, &["left".to_owned()], at), Ok(()));
        assert!(contact.deleted_at.is_none());
    }
}
