//! How the resource services refuse: one array with a key and a text.
//!
//! The keys' first part differs by service; here is the one place that knows them.

use super::validate::is_uuid;
use crate::sandbox::call::{Call, Reply};

/// Contacts, lists, tags, custom fields and bulk jobs. Recorded from the service for contacts and lists, assumed for
/// the others.
pub(super) const CONTACTS: &str = "contacts.api";
/// Campaigns. A guess: no recorded answer names it.
pub(super) const EMAILS: &str = "emails.api";
/// Account services. A guess too.
pub(super) const ACCOUNT: &str = "account.api";
/// Segments. A guess too.
pub(super) const SEGMENTS: &str = "segments.api";
/// Reports; on record for the statistics of campaigns.
pub(super) const REPORTS: &str = "reportingsvc";
/// Events and registrations. A guess too.
pub(super) const EVENTS: &str = "events.api";
/// Social media. A guess too.
pub(super) const SOCIAL: &str = "social.api";
/// Partner accounts and webhooks. A guess too.
pub(super) const PARTNER_API: &str = "partner.api";

/// 400: what was sent does not hold.
pub(super) fn invalid(namespace: &str, text: &str) -> Reply {
    Reply::errors(400, &format!("{namespace}.validation.error"), text)
}

/// 404 with a text of its own.
pub(super) fn missing(namespace: &str, text: &str) -> Reply {
    Reply::errors(404, &format!("{namespace}.not_found"), text)
}

/// 404: the id is well formed, but nothing has it.
pub(super) fn unknown(namespace: &str, name: &str) -> Reply {
    missing(namespace, &format!("{name} not found"))
}

/// 409: something else is in the way.
pub(super) fn conflict(namespace: &str, text: &str) -> Reply {
    Reply::errors(409, &format!("{namespace}.conflict"), text)
}

/// 429 of a service's own limit, not the gateway's.
pub(super) fn too_many(namespace: &str, text: &str) -> Reply {
    Reply::errors(429, &format!("{namespace}.too_many_requests"), text)
}

/// The UUID in the path, lower-cased. A malformed one is answered with 404, as the service does, not with 400.
pub(super) fn path_id(call: &Call, name: &str, namespace: &str) -> Result<String, Reply> {
    let id = call.param(name);
    if is_uuid(id) {
        Ok(id.to_ascii_lowercase())
    } else {
        Err(missing(namespace, &format!("{name} is in an invalid format.")))
    }
}
