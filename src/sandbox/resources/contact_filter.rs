//! Which contacts a collection call asks for: every filter must hold.
//!
//! `updated_after` looks at the contact's own `updated_at`, which an opt-out leaves alone; that is the service's trap,
//! and `optout_after` is its remedy. Where the collection lags, a window does not see a change that is too new.

use jiff::Timestamp;
use serde_json::Value;

use super::permission;
use super::query;
use super::refusal::CONTACTS;
use crate::sandbox::account::{Account, Contact};
use crate::sandbox::call::{Call, Reply};

const STATUSES: &[&str] = &["all", "active", "deleted", "not_set", "pending_confirmation", "temp_hold", "unsubscribed"];
const SMS_STATUSES: &[&str] = &["all", "explicit", "unsubscribed", "pending_confirmation", "not_set"];

/// From the first moment, up to but not including the second, in whole seconds as they are shown.
#[derive(Default)]
struct Window {
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Window {
    fn read(call: &Call, name: &str) -> Result<Self, Reply> {
        let after = query::moment(call, &format!("{name}_after"), CONTACTS)?;
        let before = query::moment(call, &format!("{name}_before"), CONTACTS)?;
        Ok(Self { after, before })
    }

    /// Whether it holds the moment, and that is not too new to be `seen`; a contact without one is only in a window
    /// without bounds.
    fn holds(&self, moment: Option<Timestamp>, seen: Option<Timestamp>) -> bool {
        if self.after.is_none() && self.before.is_none() {
            return true;
        }
        let Some(moment) = moment.filter(|moment| seen.is_none_or(|seen| *moment <= seen)) else { return false };
        let second = moment.as_second();
        self.after.is_none_or(|after| second >= after.as_second())
            && self.before.is_none_or(|before| second < before.as_second())
    }
}

/// The filters of one call.
pub(super) struct Filter {
    statuses: Vec<String>,
    sms_statuses: Vec<String>,
    email: Option<String>,
    lists: Vec<String>,
    tags: Vec<String>,
    updated: Window,
    created: Window,
    opted_out: Window,
    /// Up to when changes are seen; `None` where all of them are.
    seen: Option<Timestamp>,
}

impl Filter {
    /// Reads and checks all of them.
    pub(super) fn read(call: &Call, seen: Option<Timestamp>) -> Result<Self, Reply> {
        Ok(Self {
            statuses: query::choices(call, "status", STATUSES, CONTACTS)?,
            sms_statuses: query::choices(call, "sms_status", SMS_STATUSES, CONTACTS)?,
            email: call.query("email").map(|email| email.trim().to_lowercase()),
            lists: query::ids(call, "lists", 25, CONTACTS)?,
            tags: query::ids(call, "tags", 50, CONTACTS)?,
            updated: Window::read(call, "updated")?,
            created: Window::read(call, "created")?,
            opted_out: Window::read(call, "optout")?,
            seen,
        })
    }

    /// The contacts that pass, oldest first, as far as they are looked at. Addresses are unique, so one is looked up.
    pub(super) fn find<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = &'a Contact> {
        let all: &[Contact] = if self.email.is_none() { account.contacts.as_slice() } else { &[] };
        let one = self.email.as_ref().and_then(|address| account.contacts.get(*account.by_email.get(address)?));
        all.iter().chain(one).filter(move |contact| self.admits(contact))
    }

    /// Whether a contact passes all filters but the address.
    fn admits(&self, contact: &Contact) -> bool {
        let opted_out_at = contact.email.as_ref().and_then(|email| email.opt_out_date);
        self.seen.is_none_or(|seen| contact.created_at <= seen)
            && self.admits_status(contact)
            && self.admits_sms_status(contact)
            && shares(&self.lists, &contact.list_memberships)
            && shares(&self.tags, &contact.taggings)
            && self.updated.holds(Some(contact.updated_at), self.seen)
            && self.created.holds(Some(contact.created_at), self.seen)
            && self.opted_out.holds(opted_out_at, self.seen)
    }

    /// Deleted contacts pass only where they are asked for; by default everybody else does, opted out or not.
    fn admits_status(&self, contact: &Contact) -> bool {
        let deleted = contact.deleted_at.is_some();
        if self.statuses.is_empty() {
            return !deleted;
        }
        self.statuses.iter().any(|status| match status.as_str() {
            "all" => true,
            "deleted" => deleted,
            "active" => permission::mailable(contact),
            other => !deleted && permission::of(contact) == other,
        })
    }

    fn admits_sms_status(&self, contact: &Contact) -> bool {
        let held = |wanted: &String| wanted == "all" || wanted == sms_status(contact);
        self.sms_statuses.is_empty() || self.sms_statuses.iter().any(held)
    }
}

/// No filter, or at least one in common.
fn shares(wanted: &[String], held: &[String]) -> bool {
    wanted.is_empty() || wanted.iter().any(|id| held.contains(id))
}

/// The permission of a contact's SMS channel.
fn sms_status(contact: &Contact) -> &str {
    let channel = contact.sms_channel.as_ref();
    let permission = channel.and_then(|c| c.pointer("/sms_channel_consents/0/sms_consent_permission"));
    permission.and_then(Value::as_str).unwrap_or("not_set")
}
