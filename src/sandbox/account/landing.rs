//! Landing pages and what visitors did on them: the one source of the landing page reports.
//!
//! Pages are made on the web, and the API only reports on them; here they come with the data that an account starts
//! with. A page comes with all that will happen on it; time decides how much of that is shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Device;

/// Landing pages of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct LandingPages {
    pub pages: Vec<LandingPage>,
}

/// One page on the web.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct LandingPage {
    pub campaign_activity_id: String,
    pub name: String,
    /// The different addresses that the page links to.
    pub links: Vec<String>,
    /// All that visitors do, oldest first, what is still to come included.
    pub visits: Vec<Visit>,
}

/// One thing that one visitor did.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in crate::sandbox) struct Visit {
    /// Place in the account's contacts.
    pub contact: u32,
    pub kind: Visited,
    pub at: Timestamp,
    /// For a click, the place in the page's links; otherwise 0.
    pub link: u16,
    pub device: Device,
}

/// What somebody did on a page. The contact itself already is as the visit left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum Visited {
    /// Opened the page.
    Open,
    /// Followed a link on it.
    Click,
    /// Became a contact by its form.
    Add,
    /// Changed its own data by the form.
    Update,
    /// Agreed to text messages.
    SmsOptIn,
}

impl LandingPages {
    /// Puts a page on the web, with its visits in any order.
    pub(in crate::sandbox) fn publish(&mut self, mut page: LandingPage) {
        page.visits.sort_by_key(|visit| visit.at);
        self.pages.push(page);
    }
}

impl LandingPage {
    /// What has happened by a moment, oldest first.
    pub(in crate::sandbox) fn happened(&self, now: Timestamp) -> &[Visit] {
        let count = self.visits.partition_point(|visit| visit.at <= now);
        self.visits.get(..count).unwrap_or_default()
    }
}
