//! Two campaigns of text messages, and what came of them.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::Value;

use super::{DAY, Sower, shifted};
use crate::sandbox::account::{Account, Contact, SmsCampaign, SmsDid, SmsEvent};

/// The number that the school writes from.
const NUMBER: &str = "6035550100";

/// Both campaigns. Who left in the first is not in the second.
pub(super) fn add(sower: &mut Sower<'_>, account: &mut Account) {
    let mut left = HashSet::new();
    for (name, days) in [("Bread in an hour", 92), ("Last seats tonight", 12)] {
        let at = sower.morning(days);
        let all = (0_u32..).zip(&account.contacts).filter(|(_, contact)| reachable(contact, at));
        let recipients: Vec<u32> = all.map(|(place, _)| place).filter(|place| !left.contains(place)).collect();
        let events: Vec<SmsEvent> = recipients.iter().flat_map(|place| reactions(sower, *place, at)).collect();
        left.extend(events.iter().filter(|event| event.kind == SmsDid::OptOut).map(|event| event.contact));
        account.sms.send(SmsCampaign {
            campaign_id: sower.env.uuid_v4(),
            name: name.to_owned(),
            at,
            source_number: NUMBER.to_owned(),
            recipients,
            events,
            applied: 0,
        });
    }
}

/// Whether somebody had agreed to text messages by then.
fn reachable(contact: &Contact, at: Timestamp) -> bool {
    let consent = contact.sms_channel.as_ref().and_then(|channel| channel.pointer("/sms_channel_consents/0"));
    let permission = consent.and_then(|consent| consent.get("sms_consent_permission")).and_then(Value::as_str);
    let agreed = permission == Some("explicit");
    agreed && contact.created_at <= at && contact.deleted_at.is_none_or(|deleted| deleted > at)
}

/// What one recipient does.
fn reactions(sower: &mut Sower<'_>, contact: u32, at: Timestamp) -> Vec<SmsEvent> {
    let mut events = Vec::new();
    if sower.dice.percent(4) {
        return events;
    }
    let delivered = shifted(at, 1 + sower.dice.up_to(40));
    events.push(SmsEvent { contact, kind: SmsDid::Delivery, at: delivered });
    if sower.dice.percent(14) {
        events.push(SmsEvent { contact, kind: SmsDid::Click, at: shifted(delivered, 20 + sower.dice.up_to(2 * DAY)) });
    }
    if sower.dice.percent(3) {
        events.push(SmsEvent { contact, kind: SmsDid::OptOut, at: shifted(delivered, 30 + sower.dice.up_to(DAY)) });
    }
    events
}
