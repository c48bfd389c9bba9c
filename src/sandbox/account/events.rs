//! Events: when they are, how far they have come, and what is sold there.
//!
//! What the service computes is typed; what it only keeps is JSON.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::registrations::EventRegistration;
use crate::sandbox::env::Env;

/// Events of one account, oldest first, deleted ones included.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Events {
    pub hosted: Vec<HostedEvent>,
}

/// One event with its only track, the one that people register through.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct HostedEvent {
    /// Its id as a campaign too.
    pub event_id: String,
    pub name: String,
    /// As it was set; that an active one is over follows from its end.
    pub status: EventStatus,
    pub start: Timestamp,
    pub end: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub active_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    /// The other writable properties, as they are shown.
    pub content: Map<String, Value>,
    pub track: EventTrack,
    /// Campaign activities that promote it, as they are shown.
    pub promotions: Vec<Value>,
    /// Oldest first.
    pub registrations: Vec<EventRegistration>,
}

/// How far an event has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum EventStatus {
    #[default]
    Draft,
    Active,
    Complete,
    Cancelled,
    Deleted,
    Error,
}

impl EventStatus {
    /// As answers and filters write it.
    pub(in crate::sandbox) fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Active => "ACTIVE",
            Self::Complete => "COMPLETE",
            Self::Cancelled => "CANCELLED",
            Self::Deleted => "DELETED",
            Self::Error => "ERROR",
        }
    }
}

/// The registration form of an event, and what it offers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct EventTrack {
    /// A short key, not a UUID.
    pub track_id: String,
    /// The registration form.
    pub campaign_activity_id: String,
    /// The e-mail that confirms a registration.
    pub confirmation_id: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The writable properties, as they are shown.
    pub content: Map<String, Value>,
    pub tickets: Vec<TicketKind>,
    pub items: Vec<EventItem>,
}

/// A kind of ticket, with its fee.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct TicketKind {
    pub name: String,
    /// Nothing for a free one.
    pub price_cents: u32,
}

/// Something sold beside the tickets.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct EventItem {
    pub item_id: String,
    pub name: String,
    pub price_cents: u32,
    /// None for as many as are asked for.
    pub quantity_total: Option<u32>,
    pub created_at: Timestamp,
}

/// A short key as tracks, items and tickets have it: six small letters and digits.
pub(in crate::sandbox) fn short_key(env: &mut Env) -> String {
    let mut rest = env.random();
    let mut digit = || {
        let digit = char::from_digit(u32::try_from(rest % 36).unwrap_or(0), 36).unwrap_or('0');
        rest /= 36;
        digit
    };
    (0..6).map(|_| digit()).collect()
}

impl HostedEvent {
    /// A draft whose track offers nothing yet.
    pub(in crate::sandbox) fn draft(
        env: &mut Env,
        name: String,
        (start, end): (Timestamp, Timestamp),
        content: Map<String, Value>,
    ) -> Self {
        let now = env.now();
        let track = EventTrack {
            track_id: short_key(env),
            campaign_activity_id: env.uuid_v4(),
            confirmation_id: Some(env.uuid_v4()),
            created_at: now,
            updated_at: now,
            ..EventTrack::default()
        };
        let event_id = env.uuid_v4();
        Self { event_id, name, start, end, created_at: now, updated_at: now, content, track, ..Self::default() }
    }

    /// The state at a moment: an active event is complete once it has ended.
    pub(in crate::sandbox) fn status_at(&self, now: Timestamp) -> EventStatus {
        if self.status == EventStatus::Active && self.end <= now { EventStatus::Complete } else { self.status }
    }

    /// Tickets of the registrations that hold.
    pub(in crate::sandbox) fn tickets_sold(&self) -> usize {
        self.registrations.iter().filter(|r| r.holds()).map(EventRegistration::valid_tickets).sum()
    }

    /// How many of an item are sold.
    pub(in crate::sandbox) fn items_sold(&self, item_id: &str) -> u32 {
        let holding = self.registrations.iter().filter(|r| r.holds() || r.items_kept);
        let ordered = holding.flat_map(|r| &r.items).filter(|item| item.item_id == item_id);
        ordered.fold(0, |sum: u32, item| sum.saturating_add(item.count))
    }

    /// The campaign activities that belong to it.
    pub(in crate::sandbox) fn activities(&self) -> Vec<&str> {
        let own = [Some(self.track.campaign_activity_id.as_str()), self.track.confirmation_id.as_deref()];
        own.into_iter().flatten().chain(self.promotions.iter().filter_map(promoted_by)).collect()
    }

    /// A draft like it under another name, with those of its campaign activities that `keeps` tells; nobody is
    /// registered for it. The form comes along always: there is no event without one.
    pub(in crate::sandbox) fn copied(&self, env: &mut Env, name: String, keeps: impl Fn(&str) -> bool) -> Self {
        let mut copy = Self::draft(env, name, (self.start, self.end), self.content.clone());
        copy.track.content.clone_from(&self.track.content);
        copy.track.tickets.clone_from(&self.track.tickets);
        for item in &self.track.items {
            let (item_id, created_at) = (short_key(env), copy.created_at);
            copy.track.items.push(EventItem { item_id, created_at, ..item.clone() });
        }
        let confirmed = self.track.confirmation_id.as_deref().is_some_and(&keeps);
        copy.track.confirmation_id = copy.track.confirmation_id.filter(|_| confirmed);
        for promotion in self.promotions.iter().filter(|p| promoted_by(p).is_some_and(&keeps)) {
            let mut promotion = promotion.clone();
            if let Some(shown) = promotion.as_object_mut() {
                shown.insert("campaign_activity_id".to_owned(), env.uuid_v4().into());
            }
            copy.promotions.push(promotion);
        }
        copy
    }
}

/// The campaign activity of a promotion.
fn promoted_by(promotion: &Value) -> Option<&str> {
    promotion.get("campaign_activity_id")?.as_str()
}
