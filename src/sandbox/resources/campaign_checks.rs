//! What a mail must hold before it is kept: when it is made, and when it is changed.

use serde_json::Value;

use super::account_services::is_confirmed;
use super::body::{self, Body};
use super::campaign_content::{DOCUMENT, segment_ids};
use super::campaign_footer as footer;
use super::contact_write::known_lists;
use super::refusal::{EMAILS, invalid};
use super::segments;
use super::validate::Checks;
use crate::sandbox::account::Account;
use crate::sandbox::call::Reply;

/// Lists to which one mail can go: as many as an account has.
const MAX_LISTS: usize = 1_000;
/// Characters of a subject.
pub(super) const SUBJECT: usize = 200;
/// What the HTML must not hold.
const FORBIDDEN: &[&str] = &["[#", "${", "<@"];

/// Texts of a document that have a limit.
const DOCUMENT_TEXTS: &[(&str, usize)] = &[
    ("style_content", 150_000),
    ("text_content", 150_000),
    ("greeting_salutation", 50),
    ("greeting_secondary", 1_500),
    ("permission_reminder", 1_500),
    ("subscribe_link_name", 80),
    ("forward_email_link_name", 80),
    ("view_as_webpage_text", 50),
];

/// What every mail must hold.
pub(super) fn check(mail: &mut Checks<'_>) {
    let harmless = |v: &Value| v.as_str().is_some_and(|html| !FORBIDDEN.iter().any(|mark| html.contains(*mark)));
    mail.filled("from_name", 100).filled("subject", SUBJECT).text("preheader", 200);
    mail.text("html_content", 150_000).test("html_content", harmless);
    mail.filled("from_email", 80).email("from_email", 80);
    mail.filled("reply_to_email", 80).email("reply_to_email", 80);
}

/// Properties of the old formats, which the others accept and ignore.
fn check_document(document: &mut Checks<'_>) {
    for (name, max) in DOCUMENT_TEXTS {
        document.text(name, *max);
    }
    for what in ["subscribe_link", "permission_reminder", "view_as_webpage", "forward_email_link"] {
        document.test(&format!("{what}_enabled"), Value::is_string);
    }
    document.one_of("greeting_name_type", &["F", "L", "B", "N"]).test("view_as_webpage_link_name", Value::is_string);
}

/// Refuses senders that are not confirmed addresses of the account.
pub(super) fn check_senders(account: &Account, mail: &Body) -> Result<(), Reply> {
    for name in ["from_email", "reply_to_email"] {
        if !is_confirmed(account, &body::text(mail, name).unwrap_or_default()) {
            return Err(invalid(EMAILS, &format!("{name} is not a confirmed account email address")));
        }
    }
    Ok(())
}

/// Checks an update of a mail. A footer has to be whole as long as the mail has none of its own.
pub(super) fn check_update(account: &Account, sent: &Body, whole_footer: bool) -> Result<(), Reply> {
    let mut checks = Checks::of(sent);
    check(&mut checks);
    footer::check(&mut checks, whole_footer);
    if whole_footer && body::object(sent, footer::NAME).is_some_and(footer::lacks_state) {
        checks.problem("physical_address_in_footer.state_code", "is missing");
    }
    checks.ids("contact_list_ids", MAX_LISTS).inner(DOCUMENT, check_document).test("document_id", Value::is_string);
    let one_number = |v: &Value| v.as_array().is_some_and(|ids| ids.len() <= 1 && ids.iter().all(Value::is_u64));
    checks.test("segment_ids", one_number);
    let filled = |name: &str| !body::array(sent, name).unwrap_or_default().is_empty();
    if filled("contact_list_ids") && filled("segment_ids") {
        checks.say("contact_list_ids, segment_ids are mutually exclusive");
    }
    checks.done(EMAILS)?;
    check_senders(account, sent)?;
    known_segments(account, sent)?;
    known_lists(account, &body::ids(sent, "contact_list_ids"))
        .map_err(|_| invalid(EMAILS, "contact_list_ids is invalid"))
}

/// Refuses segments that do not exist.
fn known_segments(account: &Account, sent: &Body) -> Result<(), Reply> {
    let known = |id: u64| segments::is_known(account, id);
    if segment_ids(sent).into_iter().all(known) { Ok(()) } else { Err(invalid(EMAILS, "segment_ids is invalid")) }
}
