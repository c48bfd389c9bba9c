//! Whether a contact may be mailed: how `email_address` comes about and how it changes.
//!
//! Kept apart from the other properties because the rules differ by who asks: the account, the person, an import.

use jiff::Timestamp;

use super::body::{Body, text};
use super::refusal::{CONTACTS, invalid};
use crate::sandbox::account::{Contact, EmailAddress};
use crate::sandbox::call::Reply;

/// The values of `permission_to_send`.
pub(super) const PERMISSIONS: &[&str] =
    &["explicit", "implicit", "not_set", "pending_confirmation", "temp_hold", "unsubscribed"];

const EXPLICIT: &str = "explicit";
const IMPLICIT: &str = "implicit";
const UNSUBSCRIBED: &str = "unsubscribed";

/// The permission of a contact; one without an address has not set any.
pub(super) fn of(contact: &Contact) -> &str {
    contact.email.as_ref().map_or("not_set", |email| email.permission_to_send.as_str())
}

/// Whether campaigns reach the contact.
pub(super) fn mailable(contact: &Contact) -> bool {
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
        // Confirmed opt-in is off in the stand-in.
        confirm_status: "off".to_owned(),
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

/// The address after a sign-up form: explicit by the person's own act, even after an opt-out.
pub(super) fn signed_up(before: Option<&EmailAddress>, address: &str, at: Timestamp) -> EmailAddress {
    let Some(before) = before else { return fresh(address, Some(EXPLICIT), "Contact", at) };
    let mut email = before.clone();
    if email.permission_to_send != EXPLICIT {
        grant(&mut email, EXPLICIT, "Contact", at);
    }
    email
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
