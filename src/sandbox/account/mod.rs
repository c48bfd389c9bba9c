//! One customer account: everything the v3 service keeps for it.
//!
//! Plain structs in insertion order; the resource files render them. Nothing here knows about HTTP. All of it can be
//! written to a file and read back.

mod automations;
mod campaigns;
mod engagement;
mod events;
mod jobs;
mod landing;
mod people;
mod plan;
mod registrations;
mod segments;
mod sms;
mod social;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use self::{automations::*, campaigns::*, engagement::*, events::*, jobs::*, landing::*, people::*};
pub(super) use self::{plan::*, registrations::*, segments::*, sms::*, social::*};

/// All state of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Account {
    /// The login that consents, e.g. `owner@example.com`; the token's `sub`.
    pub login: String,
    /// The account's public code.
    pub encoded_id: String,
    /// `/account/summary`, kept as the JSON that is shown.
    pub summary: Value,
    /// `/account/summary/physical_address`.
    pub physical_address: Option<Value>,
    /// `/account/emails`, kept as the JSON that is shown.
    pub emails: Vec<Value>,
    /// Contacts in order of creation, deleted ones included. Nobody ever leaves, so a place here is a lasting name.
    pub contacts: Vec<Contact>,
    /// Contact id to place in `contacts`. Not written to a file: it follows from the contacts.
    #[serde(skip)]
    pub by_id: HashMap<String, usize>,
    /// Lower-cased address to place in `contacts`, deleted ones included: deleting frees no address.
    #[serde(skip)]
    pub by_email: HashMap<String, usize>,
    pub lists: Vec<List>,
    pub tags: Vec<Tag>,
    pub custom_fields: Vec<CustomField>,
    pub segments: Segments,
    /// Segments whose contacts were asked for once: the first answer is "not yet".
    pub segments_asked: BTreeSet<String>,
    /// Bulk jobs, oldest first.
    pub jobs: Vec<Job>,
    pub campaigns: Vec<Campaign>,
    /// What went out, and what came of it, oldest first.
    pub sendings: Vec<Sending>,
    /// Test mails sent per UTC day.
    pub test_sends: BTreeMap<String, u32>,
    /// Mails that would have gone out: tests and campaigns, newest last.
    pub outbox: Vec<Mail>,
    pub events: Events,
    pub social: Social,
    pub automations: Automations,
    pub landing_pages: LandingPages,
    pub sms: Sms,
    pub plan: Plan,
}

impl Account {
    /// Makes the look-ups by id and address anew, after the account was read from a file.
    pub(super) fn index(&mut self) {
        self.by_id = self.contacts.iter().enumerate().map(|(at, c)| (c.contact_id.clone(), at)).collect();
        let address = |(at, c): (usize, &Contact)| Some((c.email.as_ref()?.address.to_lowercase(), at));
        self.by_email = self.contacts.iter().enumerate().filter_map(address).collect();
    }
}
