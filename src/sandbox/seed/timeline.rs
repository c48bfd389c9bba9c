//! How time passes while the past is made: people leave or are deleted between the campaigns, as they do later on.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::{Sower, words};
use crate::sandbox::account::{Account, Contact};
use crate::sandbox::engagement;
use crate::sandbox::resources::permission::{self, mailable};

/// Somebody goes.
pub(super) struct Parting {
    at: Timestamp,
    place: u32,
    how: How,
}

#[derive(Clone, Copy)]
enum How {
    /// Left by the link in a mail, and said why.
    Left(&'static str),
    /// Was taken off by the account.
    TakenOff(&'static str),
    Deleted,
}

/// Who will go until now and how, the last of them first.
pub(super) fn planned(sower: &mut Sower<'_>, contacts: &[Contact]) -> Vec<Parting> {
    let mut partings = Vec::new();
    for (place, contact) in (0_u32..).zip(contacts) {
        let how = match sower.dice.below(1_000) {
            0..15 => How::Deleted,
            15..45 => How::Left(sower.dice.pick(words::REASONS)),
            45..55 => How::TakenOff(sower.dice.pick(words::ASKED)),
            _ => continue,
        };
        partings.push(Parting { at: sower.since(contact.created_at), place, how });
    }
    partings.sort_by_key(|parting| Reverse(parting.at));
    partings
}

/// Lets happen all that happened by a moment: partings, and what recipients did.
pub(super) fn pass(account: &mut Account, partings: &mut Vec<Parting>, to: Timestamp) {
    while let Some(parting) = partings.pop_if(|parting| parting.at <= to) {
        // Whoever has left through a mail by then does not leave again.
        engagement::advance(account, parting.at);
        if let Some(contact) = account.contacts.get_mut(parting.place as usize) {
            apply(contact, &parting);
        }
    }
    engagement::advance(account, to);
}

fn apply(contact: &mut Contact, parting: &Parting) {
    match parting.how {
        How::Deleted => {
            contact.list_memberships.clear();
            contact.deleted_at = Some(parting.at);
            contact.updated_at = contact.updated_at.max(parting.at);
        }
        How::Left(reason) if mailable(contact) => {
            permission::leave(contact, parting.at);
            because(contact, reason);
        }
        How::TakenOff(reason) if mailable(contact) => {
            permission::leave(contact, parting.at);
            because(contact, reason);
            by_account(contact, parting.at);
        }
        How::Left(_) | How::TakenOff(_) => {}
    }
}

fn because(contact: &mut Contact, reason: &str) {
    if let Some(email) = contact.email.as_mut() {
        email.opt_out_reason = Some(reason.to_owned());
    }
}

/// The account's own act, which is a change of the contact too.
fn by_account(contact: &mut Contact, at: Timestamp) {
    if let Some(email) = contact.email.as_mut() {
        email.opt_out_source = Some("Account".to_owned());
    }
    contact.update_source = Some("Account".to_owned());
    contact.updated_at = contact.updated_at.max(at);
}
