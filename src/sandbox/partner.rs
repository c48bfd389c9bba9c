//! What a technology partner has beside its accounts: webhooks, and their deliveries.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::deliveries::Deliveries;

/// All state of the partner.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Partner {
    /// In the order in which they were made.
    pub subscriptions: Vec<Subscription>,
    pub deliveries: Deliveries,
}

/// An application's wish to hear of a topic.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Subscription {
    /// The application.
    pub api_key: String,
    pub topic: Topic,
    pub hook_uri: String,
}

/// What a partner can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Topic {
    TierIncrease,
    TierDecrease,
    AccountCancelled,
    AccountDisabled,
}

/// The account that a test notification names; there is none of that id.
const MADE_UP_ACCOUNT: &str = "a07e1example";

impl Topic {
    /// The topic of that number.
    pub(super) fn numbered(id: &str) -> Option<Self> {
        let all = [Self::TierIncrease, Self::TierDecrease, Self::AccountCancelled, Self::AccountDisabled];
        all.into_iter().find(|topic| topic.id().to_string() == id)
    }

    /// Its number.
    pub(super) fn id(self) -> u32 {
        match self {
            Self::TierIncrease => 1,
            Self::TierDecrease => 2,
            Self::AccountCancelled => 3,
            Self::AccountDisabled => 4,
        }
    }

    /// What the service calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::TierIncrease => "Billing Tier Upgrade",
            Self::TierDecrease => "Billing Tier Downgrade",
            Self::AccountCancelled => "Account Cancelled",
            Self::AccountDisabled => "Account Disabled",
        }
    }

    /// When it is announced.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::TierIncrease => "Sent when a client account moves to a higher tier.",
            Self::TierDecrease => "Sent when a client account moves to a lower tier.",
            Self::AccountCancelled => "Sent when a client account ends.",
            Self::AccountDisabled => "Sent when a client account is suspended.",
        }
    }

    fn event_type(self) -> &'static str {
        match self {
            Self::TierIncrease => "tier.increase",
            Self::TierDecrease => "tier.decrease",
            Self::AccountCancelled => "account.cancel",
            Self::AccountDisabled => "account.disable",
        }
    }
}

impl Partner {
    /// The application's subscription to a topic.
    pub(super) fn subscription(&self, api_key: &str, topic: Topic) -> Option<&Subscription> {
        self.subscriptions.iter().find(|held| held.is(api_key, topic))
    }

    /// Subscribes an application, or moves its subscription to another address.
    pub(super) fn subscribe(&mut self, api_key: &str, topic: Topic, hook_uri: &str) {
        if let Some(held) = self.subscriptions.iter_mut().find(|held| held.is(api_key, topic)) {
            hook_uri.clone_into(&mut held.hook_uri);
            return;
        }
        let (api_key, hook_uri) = (api_key.to_owned(), hook_uri.to_owned());
        self.subscriptions.push(Subscription { api_key, topic, hook_uri });
    }

    /// Ends a subscription; says whether there was one.
    pub(super) fn unsubscribe(&mut self, api_key: &str, topic: Topic) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|held| !held.is(api_key, topic));
        self.subscriptions.len() < before
    }

    /// Tells all who subscribed to the topic what happened to an account.
    pub(super) fn announce(&mut self, topic: Topic, encoded_id: &str, now: Timestamp) {
        self.queue(|held| held.topic == topic, encoded_id, now);
    }

    /// Tells one application of something that did not happen.
    pub(super) fn test(&mut self, api_key: &str, topic: Topic, now: Timestamp) {
        self.queue(|held| held.is(api_key, topic), MADE_UP_ACCOUNT, now);
    }

    fn queue(&mut self, wanted: impl Fn(&Subscription) -> bool, encoded_id: &str, now: Timestamp) {
        let Self { subscriptions, deliveries } = self;
        for held in subscriptions.iter().filter(|held| wanted(held)) {
            deliveries.push(held.topic.id(), &held.hook_uri, held.notice(encoded_id), now);
        }
    }

    /// The deliveries, oldest first, for the lever that shows them.
    pub(super) fn shown(&self) -> Value {
        self.deliveries.shown()
    }
}

impl Subscription {
    fn is(&self, api_key: &str, topic: Topic) -> bool {
        self.api_key == api_key && self.topic == topic
    }

    /// The body of a notification. Its address is the service's own and not the stand-in's, as a receiver will see it.
    fn notice(&self, encoded_id: &str) -> Value {
        let url = format!("https://api.cc.email/v3/partner/accounts/{encoded_id}/plan");
        json!({ "url": url, "api_key": self.api_key, "event_type": self.topic.event_type() })
    }
}
