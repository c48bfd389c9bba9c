//! Text message campaigns, and what their recipients did: the one source of the text message reports.
//!
//! These campaigns are made on the web, and the API only reports on them; here they come with the data that an account
//! starts with. A campaign comes with all that will come of it; time decides how much of that has happened.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Text message campaigns of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Sms {
    pub campaigns: Vec<SmsCampaign>,
}

/// A campaign of text messages, sent once.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct SmsCampaign {
    pub campaign_id: String,
    pub name: String,
    pub at: Timestamp,
    /// The number it was sent from, digits only.
    pub source_number: String,
    /// Places in the account's contacts.
    pub recipients: Vec<u32>,
    /// All that comes of it, oldest first, what is still to come included.
    pub events: Vec<SmsEvent>,
    /// How many of `events` have been applied to the contacts.
    pub applied: usize,
}

/// One thing that happened with one recipient.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in crate::sandbox) struct SmsEvent {
    /// Place in the account's contacts.
    pub contact: u32,
    pub kind: SmsDid,
    pub at: Timestamp,
}

/// What came of a text message. Sends are the recipients themselves; a send without a delivery came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::sandbox) enum SmsDid {
    /// It arrived.
    Delivery,
    /// Followed its link.
    Click,
    /// Asked for no more.
    OptOut,
}

impl Sms {
    /// Adds a campaign, with its events in any order.
    pub(in crate::sandbox) fn send(&mut self, mut campaign: SmsCampaign) {
        campaign.events.sort_by_key(|event| event.at);
        campaign.applied = 0;
        self.campaigns.push(campaign);
    }
}

impl SmsCampaign {
    /// What has happened by a moment, oldest first.
    pub(in crate::sandbox) fn happened(&self, now: Timestamp) -> &[SmsEvent] {
        let count = self.events.partition_point(|event| event.at <= now);
        self.events.get(..count).unwrap_or_default()
    }

    /// What the contacts already show, oldest first.
    pub(in crate::sandbox) fn applied(&self) -> &[SmsEvent] {
        self.events.get(..self.applied).unwrap_or_default()
    }
}

/// The sums of some campaigns; within each campaign everybody counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::sandbox) struct SmsTally {
    pub sends: usize,
    pub delivers: usize,
    pub clicks: usize,
    pub opt_outs: usize,
}

impl SmsTally {
    /// Adds up one campaign, as far as it has come.
    pub(in crate::sandbox) fn of(campaign: &SmsCampaign, now: Timestamp) -> Self {
        let mut tally = Self { sends: campaign.recipients.len(), ..Self::default() };
        let mut once: HashSet<(u32, SmsDid)> = HashSet::new();
        for event in campaign.happened(now) {
            let first = usize::from(once.insert((event.contact, event.kind)));
            match event.kind {
                SmsDid::Delivery => tally.delivers += first,
                SmsDid::Click => tally.clicks += first,
                SmsDid::OptOut => tally.opt_outs += first,
            }
        }
        tally
    }

    /// Both together.
    pub(in crate::sandbox) fn plus(self, other: Self) -> Self {
        Self {
            sends: self.sends + other.sends,
            delivers: self.delivers + other.delivers,
            clicks: self.clicks + other.clicks,
            opt_outs: self.opt_outs + other.opt_outs,
        }
    }
}
