//! Whether a contact may be mailed: how `email_address` comes about and how it changes.
//!
//! Kept apart from the other properties because the rules differ by who asks: the account, the person, an import.

use jiff::Timestamp;

use super::body::{Body, text};
use super::contact_write::{MAX_LISTS, add_lists};
use super::refusal::{CONTACTS, invalid};
use crate::sandbox::account::{Account, Contact, EmailAddress, Mail};
use crate::sandbox::call::Reply;
use crate::sandbox::env::Env;

/// The values of `permission_to_send`.
pub(super) const PERMISSIONS: &[&str] =
    &["explicit", "implicit", "not_set", "pending_confirmation", "temp_hold", "unsubscribed"];

const EXPLICIT: &str = "explicit";
const IMPLICIT: &str = "implicit";
const PENDING: &str = "pending_confirmation";
const UNSUBSCRIBED: &str = "unsubscribed";

/// The values of `confirm_status`.
const OFF: &str = "off";
const WAITING: &str = "pending";
const CONFIRMED: &str = "confirmed";

/// The permission of a contact; one without an address has not set any.
pub(super) fn of(contact: &Contact) -> &str {
    contact.email.as_ref().map_or("not_set", |email| email.permission_to_send.as_str())
}

/// Whether campaigns reach the contact.
pub(in crate::sandbox) fn mailable(contact: &Contact) -> bool {
    contact.deleted_at.is_none() && [EXPLICIT, IMPLICIT].contains(&of(contact))
}

/// Whether the contact has opted out.
pub(super) fn opted_out(contact: &Contact) -> bool {
    of(contact) == UNSUBSCRIBED
}

/// A new address. Without a permission, a person's own entry counts as explicit and the account's as implicit.
pub(super) fn fresh(address: &str, permission: Option<&str>, source: &str, at: Timestamp) -> EmailAddress {
    let usual = if source == "Contact" { EXPLICIT } else { IMPLICIT };
    let mut email = EmailAddress {
        address: address.to_owned(),
        confirm_status: OFF.to_owned(),
        created_at: at,
        updated_at: at,
        ..EmailAddress::default()
    };
    grant(&mut email, permission.unwrap_or(usual), source, at);
    email
}

/// A new address as a contact's `email_address` has it.
pub(super) fn from_object(sent: &Body, source: &str, at: Timestamp) -> EmailAddress {
    let address = text(sent, "address").unwrap_or_default();
    let permission = text(sent, "permission_to_send");
    let mut email = fresh(&address, permission.as_deref(), source, at);
    email.opt_out_reason = text(sent, "opt_out_reason").filter(|_| email.permission_to_send == UNSUBSCRIBED);
    email
}

/// Refuses to let the account undo what the person asked for: only the person can come back.
pub(super) fn may_change(before: Option<&EmailAddress>, sent: &Body, source: &str) -> Result<(), Reply> {
    let own_wish = before.is_some_and(|email| {
        email.permission_to_send == UNSUBSCRIBED && email.opt_out_source.as_deref() == Some("Contact")
    });
    let stays = text(sent, "permission_to_send").is_none_or(|permission| permission == UNSUBSCRIBED);
    if own_wish && !stays && source != "Contact" {
        return Err(invalid(CONTACTS, "email_address.permission_to_send does not have a valid value"));
    }
    Ok(())
}

/// The address after an update by `source`.
pub(super) fn changed(before: Option<&EmailAddress>, sent: &Body, source: &str, at: Timestamp) -> EmailAddress {
    let Some(before) = before else { return from_object(sent, source, at) };
    let mut email = before.clone();
    if let Some(address) = text(sent, "address").filter(|address| *address != email.address) {
        email.address = address;
        email.updated_at = at;
    }
    let permission = text(sent, "permission_to_send").unwrap_or_else(|| email.permission_to_send.clone());
    // The service does not take an explicit permission back to implicit; it keeps it and says nothing.
    let downgrade = email.permission_to_send == EXPLICIT && permission == IMPLICIT;
    if permission != email.permission_to_send && !downgrade {
        grant(&mut email, &permission, source, at);
    }
    if email.permission_to_send == UNSUBSCRIBED
        && let Some(reason) = text(sent, "opt_out_reason")
    {
        email.opt_out_reason = Some(reason);
    }
    email
}

/// The address after a sign-up form: explicit by the person's own act, even after an opt-out. With `confirms`, a new
/// one has to be confirmed first.
pub(super) fn signed_up(before: Option<&EmailAddress>, address: &str, confirms: bool, at: Timestamp) -> EmailAddress {
    let Some(before) = before else {
        let permission = if confirms { PENDING } else { EXPLICIT };
        return fresh(address, Some(permission), "Contact", at);
    };
    let mut email = before.clone();
    if email.permission_to_send != EXPLICIT {
        grant(&mut email, EXPLICIT, "Contact", at);
    }
    email
}

/// The mail that asks a new contact to confirm its address, if the account wants that and the address is pending.
pub(super) fn ask(contact: &mut Contact, env: &Env) -> Option<Mail> {
    let email = contact.email.as_mut().filter(|email| email.permission_to_send == PENDING)?;
    if !env.options.confirmed_opt_in || email.confirm_status == WAITING {
        return None;
    }
    WAITING.clone_into(&mut email.confirm_status);
    Some(request(&email.address, "confirm_contact", env.now()))
}

/// A mail that asks a person for a confirmation.
pub(super) fn request(address: &str, kind: &'static str, at: Timestamp) -> Mail {
    let subject = "Please confirm your subscription".to_owned();
    let html = "<p>Do you want to receive our e-mails? Please confirm.</p>".to_owned();
    Mail { at, to: address.to_owned(), subject, html, kind: kind.into() }
}

/// What the link in such a mail does: `true` if somebody with this address had been asked.
///
/// Who is asked to come back gets the lists that were meant with it, as far as there are still such lists.
pub(in crate::sandbox) fn confirm(account: &mut Account, address: &str, at: Timestamp) -> bool {
    let Some(place) = account.by_email.get(&address.trim().to_lowercase()).copied() else { return false };
    let Account { contacts, lists, .. } = account;
    let Some(contact) = contacts.get_mut(place).filter(|contact| was_asked(contact)) else { return false };
    let mut wanted = std::mem::take(&mut contact.resubscribe_lists);
    wanted.retain(|id| lists.iter().any(|list| list.list_id == *id && list.deleted_at.is_none()));
    add_lists(contact, &wanted);
    contact.list_memberships.truncate(MAX_LISTS);
    if let Some(email) = contact.email.as_mut() {
        grant(email, EXPLICIT, "Contact", at);
        CONFIRMED.clone_into(&mut email.confirm_status);
    }
    contact.resubscribe_sent = false;
    contact.update_source = Some("Contact".to_owned());
    contact.updated_at = at;
    true
}

/// Whether there is a question that the person has not answered yet.
fn was_asked(contact: &Contact) -> bool {
    let returns = opted_out(contact) && contact.resubscribe_sent;
    contact.deleted_at.is_none() && (returns || of(contact) == PENDING)
}

/// What the unsubscribe link in a mail does: the person's own wish, which moves only the address's own time.
pub(in crate::sandbox) fn leave(contact: &mut Contact, at: Timestamp) {
    if let Some(email) = contact.email.as_mut().filter(|email| email.permission_to_send != UNSUBSCRIBED) {
        grant(email, UNSUBSCRIBED, "Contact", at);
        contact.update_source = Some("Contact".to_owned());
    }
}

/// Sets the permission and who is behind it.
fn grant(email: &mut EmailAddress, permission: &str, source: &str, at: Timestamp) {
    permission.clone_into(&mut email.permission_to_send);
    email.updated_at = at;
    // Nobody waits any more for a confirmation of what was decided in another way.
    if permission != PENDING && email.confirm_status == WAITING {
        OFF.clone_into(&mut email.confirm_status);
    }
    if permission == UNSUBSCRIBED {
        email.opt_out_source = Some(source.to_owned());
        email.opt_out_date = Some(at);
        return;
    }
    email.opt_out_source = None;
    email.opt_out_date = None;
    email.opt_out_reason = None;
    if [EXPLICIT, IMPLICIT].contains(&permission) {
        email.opt_in_source = Some(source.to_owned());
        email.opt_in_date = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::account::List;

    const ADDRESS: &str = "noor@example.com";

    fn account(email: EmailAddress) -> Account {
        let contact = Contact { email: Some(email), ..Contact::default() };
        let list = List { list_id: "known".to_owned(), ..List::default() };
        let mut account = Account { contacts: vec![contact], lists: vec![list], ..Account::default() };
        account.index();
        account
    }

    fn shown(account: &Account) -> (&str, &str) {
        let email = account.contacts.first().and_then(|contact| contact.email.as_ref());
        email.map_or(("", ""), |email| (email.permission_to_send.as_str(), email.confirm_status.as_str()))
    }

    #[test]
    fn a_pending_address_is_confirmed_once() {
        let at = Timestamp::default();
        let mut account = account(signed_up(None, ADDRESS, true, at));
        assert_eq!(shown(&account), (PENDING, OFF));
        assert!(!confirm(&mut account, "somebody@example.com", at));
        assert!(confirm(&mut account, "Noor@Example.com ", at));
        assert_eq!(shown(&account), (EXPLICIT, CONFIRMED));
        assert!(!confirm(&mut account, ADDRESS, at));
    }

    #[test]
    fn who_left_comes_back_only_when_asked_and_gets_the_lists_that_are_left() {
        let at = Timestamp::default();
        let mut account = account(fresh(ADDRESS, Some(UNSUBSCRIBED), "Contact", at));
        assert!(!confirm(&mut account, ADDRESS, at));
        for contact in &mut account.contacts {
            contact.resubscribe_sent = true;
            contact.resubscribe_lists = vec!["gone".to_owned(), "known".to_owned()];
        }
        assert!(confirm(&mut account, ADDRESS, at));
        assert_eq!(shown(&account), (EXPLICIT, CONFIRMED));
        let lists = account.contacts.first().map(|contact| contact.list_memberships.clone());
        assert_eq!(lists, Some(vec!["known".to_owned()]));
    }

    #[test]
    fn the_form_brings_back_who_left_without_a_confirmation() {
        let at = Timestamp::default();
        let before = fresh(ADDRESS, Some(UNSUBSCRIBED), "Contact", at);
        let after = signed_up(Some(&before), ADDRESS, true, at);
        assert_eq!((after.permission_to_send.as_str(), after.opt_out_date), (EXPLICIT, None));
    }
}
