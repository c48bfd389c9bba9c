//! Writing to a contact: how it is kept and how its properties are set; sub-resources have files of their own.
//!
//! Four doors lead here (create, update, sign-up form, import), with different rules for what was left out; the rules
//! are the doors', the setting is here.

use jiff::Timestamp;
use jiff::civil::Date;

use super::body::{self, Body};
pub(super) use super::contact_parts::{
    Stamp, add_lists, set_custom_field, set_custom_fields, set_parts, set_phone, set_street,
};
pub(super) use super::contact_sms::{set_sms, sms_number};
use super::refusal::{CONTACTS, conflict, invalid};
use crate::sandbox::account::{Account, Contact};
use crate::sandbox::call::Reply;
use crate::sandbox::env::Env;

/// Lists a contact can be on.
pub(super) const MAX_LISTS: usize = 50;
/// Phone numbers, and street addresses, that a contact can have.
pub(super) const MAX_PLACES: usize = 3;

// --- Keeping ----------------------------------------------------------------------------------------------------

/// Refuses lists that do not exist or were deleted.
pub(super) fn known_lists(account: &Account, ids: &[String]) -> Result<(), Reply> {
    let known = |id: &String| account.lists.iter().any(|l| l.list_id == *id && l.deleted_at.is_none());
    if ids.iter().all(known) { Ok(()) } else { Err(invalid(CONTACTS, "list_id not found")) }
}

/// Refuses an address that another contact has, be it deleted. Callers read the id out of the text.
pub(super) fn refuse_taken(account: &Account, address: &str, own: Option<usize>) -> Result<(), Reply> {
    let Some(index) = account.by_email.get(&address.to_lowercase()).filter(|index| own != Some(**index)) else {
        return Ok(());
    };
    let id = account.contacts.get(*index).map_or("", |contact| contact.contact_id.as_str());
    Err(conflict(CONTACTS, &format!("Email already exists for contact {id}")))
}

/// A contact with nothing in it yet.
pub(super) fn blank(env: &mut Env, source: &str, at: Timestamp) -> Contact {
    Contact {
        contact_id: env.uuid_v1(),
        create_source: source.to_owned(),
        created_at: at,
        updated_at: at,
        ..Contact::default()
    }
}

/// Adds a contact to the account.
pub(super) fn insert(account: &mut Account, mut contact: Contact) {
    let index = account.contacts.len();
    contact.sequence = account.contacts.last().map_or(1, |last| last.sequence.saturating_add(1));
    account.by_id.insert(contact.contact_id.clone(), index);
    if let Some(email) = &contact.email {
        account.by_email.insert(email.address.to_lowercase(), index);
    }
    account.contacts.push(contact);
}

/// Puts a changed contact back in its place; an address it no longer has becomes free.
pub(super) fn replace(account: &mut Account, index: usize, contact: Contact) {
    let Some(slot) = account.contacts.get_mut(index) else { return };
    if let Some(email) = &slot.email {
        account.by_email.remove(&email.address.to_lowercase());
    }
    if let Some(email) = &contact.email {
        account.by_email.insert(email.address.to_lowercase(), index);
    }
    *slot = contact;
}

// --- Properties -------------------------------------------------------------------------------------------------

/// What becomes of a property that was not sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// It is emptied, as an update does.
    Clears,
    /// It stays, as with sign-up forms and imports.
    Keeps,
}

/// Sets name, job, birthday and anniversary.
pub(super) fn set_person(contact: &mut Contact, sent: &Body, absent: Absent) {
    set(&mut contact.first_name, body::text(sent, "first_name"), absent);
    set(&mut contact.last_name, body::text(sent, "last_name"), absent);
    set(&mut contact.job_title, body::text(sent, "job_title"), absent);
    set(&mut contact.company_name, body::text(sent, "company_name"), absent);
    set(&mut contact.birthday_month, body::integer(sent, "birthday_month"), absent);
    set(&mut contact.birthday_day, body::integer(sent, "birthday_day"), absent);
    let day = body::text(sent, "anniversary").and_then(|text| anniversary(&text));
    set(&mut contact.anniversary, day, absent);
}

fn set<T>(slot: &mut Option<T>, value: Option<T>, absent: Absent) {
    if value.is_some() || absent == Absent::Clears {
        *slot = value;
    }
}

/// A day in any of the accepted spellings, as `YYYY-MM-DD`: year first or last, `/` or `-` between.
pub(super) fn anniversary(text: &str) -> Option<String> {
    let text = text.trim();
    let between = if text.contains('/') { '/' } else { '-' };
    let parts: Vec<&str> = text.split(between).collect();
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => (year, month, day),
        [month, day, year] if year.len() == 4 => (year, month, day),
        _ => return None,
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if month.len() > 2 || day.len() > 2 || !parts.iter().all(|part| digits(part)) {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some(date.to_string())
}

#[cfg(test)]
mod tests {
    use super::anniversary;

    #[test]
    fn every_accepted_spelling_of_a_day_comes_out_alike() {
        for day in ["11/05/2006", "11/5/2006", "2006/11/05", "2006/11/5", "2006-11-05", "2006-11-5", "11-5-2006"] {
            assert_eq!(anniversary(day).as_deref(), Some("2006-11-05"), "{day}");
        }
        for day in ["", "2006", "2006-11", "11/05-2006", "2006-02-30", "+206-1-1", "2006-011-05", "5.11.2006"] {
            assert_eq!(anniversary(day), None, "{day}");
        }
    }
}
