//! Which contacts a collection call asks for: every filter must hold.
//!
//! `updated_after` looks at the contact's own `updated_at`, which an opt-out leaves alone; that is the service's trap,
//! and `optout_after` is its remedy.

use jiff::Timestamp;
use serde_json::Value;

use super::permission;
use super::query;
use super::refusal::CONTACTS;
use crate::sandbox::account::Contact;
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

    /// Whether it holds the moment; a contact without one is only in a window without bounds.
    fn holds(&self, moment: Option<Timestamp>) -> bool {
        let Some(moment) = moment.map(Timestamp::as_second) else {
            return self.after.is_none() && self.before.is_none();
        };
        self.after.is_none_or(|after| moment >= after.as_second())
            && self.before.is_none_or(|before| moment < before.as_second())
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
}

impl Filter {
    /// Reads and checks all of them.
    pub(super) fn read(call: &Call) -> Result<Self, Reply> {
        Ok(Self {
            statuses: query::choices(call, "status", STATUSES, CONTACTS)?,
            sms_statuses: query::choices(call, "sms_status", SMS_STATUSES, CONTACTS)?,
            email: call.query("email").map(|email| email.trim().to_lowercase()),
            lists: query::ids(call, "lists", 25, CONTACTS)?,
            tags: query::ids(call, "tags", 50, CONTACTS)?,
            updated: Window::read(call, "updated")?,
            created: Window::read(call, "created")?,
            opted_out: Window::read(call, "optout")?,
        })
    }

    /// Whether a contact passes.
    pub(super) fn admits(&self, contact: &Contact) -> bool {
        let email = contact.email.as_ref();
        self.admits_status(contact)
            && self.admits_sms_status(contact)
            && self.email.as_ref().is_none_or(|wanted| email.is_some_and(|e| e.address.to_lowercase() == *wanted))
            && shares(&self.lists, &contact.list_memberships)
            && shares(&self.tags, &contact.taggings)
            && self.updated.holds(Some(contact.updated_at))
            && self.created.holds(Some(contact.created_at))
            && self.opted_out.holds(email.and_then(|e| e.opt_out_date))
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
        let status = sms_status(contact);
        self.sms_statuses.is_empty() || self.sms_statuses.iter().any(|wanted| wanted == "all" || wanted == status)
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
