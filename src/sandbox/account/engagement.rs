//! What went out, and what its recipients did: the one source of every report.
//!
//! A sending is made with all that will come of it; time decides how much of that has happened. Reports read nothing
//! else, so that their rows and their sums cannot disagree.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Account;

/// One sending of a campaign activity.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Sending {
    /// From 1 within its activity.
    pub send_id: u64,
    pub campaign_id: String,
    pub campaign_activity_id: String,
    pub at: Timestamp,
    pub list_ids: Vec<String>,
    pub segment_ids: Vec<u64>,
    pub subject: String,
    pub html: String,
    /// The different addresses that the mail links to, in the order of their first appearance.
    pub links: Vec<String>,
    /// Places in the account's contacts.
    pub recipients: Vec<u32>,
    /// All that they do, oldest first, what is still to come included.
    pub events: Vec<Event>,
    /// How many of `events` have happened.
    pub happened: usize,
    /// How the attempt ended, in the service's numbers: 0 sent, 12 nobody to send to, anything else an error.
    #[serde(default)]
    pub reason_code: u32,
}

/// One thing that one recipient did.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in crate::sandbox) struct Event {
    /// Place in the account's contacts.
    pub contact: u32,
    pub kind: Did,
    pub at: Timestamp,
    /// For a click, the place in the sending's links.
    pub link: u16,
    pub device: Device,
    /// For a bounce, its code: one of `B D F S V X Z`.
    pub bounce: char,
}

/// What somebody did with a mail. Sends are the recipients themselves; what did not happen is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::sandbox) enum Did {
    /// Opened it, not necessarily for the first time.
    Open,
    /// Followed a link, which is an open too: a click always has an open before it.
    Click,
    /// It came back.
    Bounce,
    /// Asked for no more.
    OptOut,
    /// Passed it on.
    Forward,
}

/// What a mail was read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum Device {
    Computer,
    Mobile,
    Tablet,
}

impl Device {
    /// As reports write it.
    pub(in crate::sandbox) fn name(self) -> &'static str {
        match self {
            Self::Computer => "computer",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
        }
    }
}

impl Sending {
    /// Whether the mail went out. A failed attempt has no recipients and is kept for the history only.
    pub(in crate::sandbox) fn went_out(&self) -> bool {
        [0, 12].contains(&self.reason_code)
    }

    /// What has happened so far, oldest first.
    pub(in crate::sandbox) fn happened(&self) -> &[Event] {
        self.events.get(..self.happened).unwrap_or_default()
    }

    /// What had happened by a moment, oldest first.
    pub(in crate::sandbox) fn happened_by(&self, by: Timestamp) -> &[Event] {
        let count = self.events.partition_point(|event| event.at <= by);
        self.events.get(..count).unwrap_or_default()
    }
}

/// The sums of some sendings. People count once, except where a name says `all`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::sandbox) struct Tally {
    pub sends: usize,
    pub unique_opens: usize,
    pub all_opens: usize,
    pub computer_opens: usize,
    pub mobile_opens: usize,
    pub tablet_opens: usize,
    pub unique_clicks: usize,
    pub all_clicks: usize,
    pub bounces: usize,
    pub opt_outs: usize,
    pub forwards: usize,
    /// Who neither opened it nor sent it back: sends less unique opens and bounces, never below 0.
    pub not_opened: usize,
}

impl Tally {
    /// Adds up some sendings.
    pub(in crate::sandbox) fn of<'a>(sendings: impl IntoIterator<Item = &'a Sending>) -> Self {
        let mut tally = Self::default();
        // By place in the contacts, a bit for each thing that somebody has done.
        let mut done: Vec<u8> = Vec::new();
        for sending in sendings {
            for place in &sending.recipients {
                tally.sends += first(&mut done, *place, SENT);
            }
            for event in sending.happened() {
                let one = first(&mut done, event.contact, event.kind.bit());
                tally.count(event, one);
            }
        }
        tally.not_opened = tally.sends.saturating_sub(tally.unique_opens + tally.bounces);
        tally
    }

    fn count(&mut self, event: &Event, one: usize) {
        match event.kind {
            Did::Open => {
                self.all_opens += 1;
                self.unique_opens += one;
                match event.device {
                    Device::Computer => self.computer_opens += one,
                    Device::Mobile => self.mobile_opens += one,
                    Device::Tablet => self.tablet_opens += one,
                }
            }
            Did::Click => {
                self.all_clicks += 1;
                self.unique_clicks += one;
            }
            Did::Bounce => self.bounces += one,
            Did::OptOut => self.opt_outs += one,
            Did::Forward => self.forwards += one,
        }
    }
}

/// The bit of having been sent something.
const SENT: u8 = 1;

impl Did {
    fn bit(self) -> u8 {
        match self {
            Self::Open => 2,
            Self::Click => 4,
            Self::Bounce => 8,
            Self::OptOut => 16,
            Self::Forward => 32,
        }
    }
}

/// 1 when the bit of that place was not set yet; it is then.
fn first(done: &mut Vec<u8>, place: u32, bit: u8) -> usize {
    let place = place as usize;
    if done.len() <= place {
        done.resize(place + 1, 0);
    }
    let Some(bits) = done.get_mut(place) else { return 0 };
    let one = usize::from(*bits & bit == 0);
    *bits |= bit;
    one
}

impl Account {
    /// The sendings of one campaign activity, oldest first.
    pub(in crate::sandbox) fn sendings_of<'a>(&'a self, activity: &'a str) -> impl Iterator<Item = &'a Sending> {
        self.sendings.iter().filter(move |sending| sending.campaign_activity_id == activity)
    }
}
