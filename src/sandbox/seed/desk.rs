//! What lies on the desk of the owner: bulk jobs of the last days, and single mails that went out.

use jiff::Timestamp;
use serde_json::json;

use super::groups::{PRESS, WINE, WINE_LOVER};
use super::letters::{LETTERS, html};
use super::{DAY, HOUR, Sower, shifted};
use crate::sandbox::account::{Account, Contact, ContactChoice, ContactSource, ExportOrder, Job, JobState, Mail, Work};
use crate::sandbox::resources::permission::mailable;

/// Place of the letter that was tested before it went out, and how many days ago that was.
const TESTED: (usize, i64) = (12, 3);
/// People whom one job tags.
const TAGGED: usize = 40;

/// Jobs, then mails.
pub(super) fn add(sower: &mut Sower<'_>, account: &mut Account) {
    let jobs = [imported(sower), tagging(sower, account), export(sower, account)];
    account.jobs.extend(jobs);
    previews(sower, account);
    questions(sower, account);
    invitation(sower, account);
    account.outbox.sort_by_key(|mail| mail.at);
}

// --- Jobs -------------------------------------------------------------------------------------------------------

/// A job that was ordered so many days ago. What work it has is done by the first tick.
fn ordered(sower: &mut Sower<'_>, days: i64, work: Work) -> Job {
    let at = sower.morning(days);
    Job {
        activity_id: sower.env.uuid_v1(),
        state: JobState::Initialized,
        export: matches!(work, Work::Export(_)).then(String::new),
        work,
        created_at: at,
        updated_at: at,
        started_at: None,
        completed_at: None,
        percent_done: 1,
        errors: Vec::new(),
        status: json!({}),
        source_file_name: None,
    }
}

/// A file of addresses from the market; it is over, because the people have come in since.
fn imported(sower: &mut Sower<'_>) -> Job {
    let job = ordered(sower, 8, Work::Done);
    let done = shifted(job.created_at, 2);
    Job {
        state: JobState::Completed,
        started_at: Some(shifted(job.created_at, 1)),
        completed_at: Some(done),
        updated_at: done,
        percent_done: 100,
        errors: vec!["Line 19: the e-mail address is not valid".into()],
        status: json!({
            "items_total_count": 32, "person_count": 30, "error_count": 1, "correctable_count": 1,
            "cannot_add_to_list_count": 0,
        }),
        source_file_name: Some("market-stand.csv".to_owned()),
        ..job
    }
}

/// Some of the people on one list get a tag: such as were not changed since, or their last change would go back.
fn tagging(sower: &mut Sower<'_>, account: &Account) -> Job {
    let before = sower.morning(4);
    let list = account.lists.get(WINE).map(|list| &list.list_id);
    let wanted = |contact: &&Contact| {
        contact.updated_at < before && list.is_some_and(|id| contact.list_memberships.contains(id))
    };
    let people = account.contacts.iter().filter(wanted).take(TAGGED);
    let people = people.map(|contact| contact.contact_id.clone()).collect();
    let whom = ContactChoice { source: ContactSource::Contacts(people), exclude: Vec::new() };
    let tag_ids = account.tags.get(WINE_LOVER).map(|tag| tag.tag_id.clone()).into_iter().collect();
    ordered(sower, 4, Work::AddTags { whom, tag_ids })
}

/// The smallest list as a file.
fn export(sower: &mut Sower<'_>, account: &Account) -> Job {
    let list_ids = account.lists.get(PRESS).map(|list| list.list_id.clone()).into_iter().collect();
    let whom = ContactChoice { source: ContactSource::Lists(list_ids), exclude: Vec::new() };
    ordered(sower, 2, Work::Export(ExportOrder { whom, ..ExportOrder::default() }))
}

// --- Mails ------------------------------------------------------------------------------------------------------

/// The owner looked at the latest letter in two inboxes before it went out.
fn previews(sower: &Sower<'_>, account: &mut Account) {
    let (place, days) = TESTED;
    let Some(letter) = LETTERS.get(place) else { return };
    let at = shifted(sower.morning(days), HOUR);
    for to in [account.login.clone(), "sam@mail.example".to_owned()] {
        let subject = letter.subject.to_owned();
        account.outbox.push(Mail { at, to, subject, html: html(letter), kind: "test".into() });
    }
    account.test_sends.insert(at.strftime("%Y-%m-%d").to_string(), 2);
}

/// The last three people who were asked to confirm their address.
fn questions(sower: &Sower<'_>, account: &mut Account) {
    let since = sower.ago(90 * DAY);
    let waits = |contact: &&Contact| {
        let pending = contact.email.as_ref().is_some_and(|email| email.confirm_status == "pending");
        pending && contact.deleted_at.is_none() && contact.created_at >= since
    };
    let asked = account.contacts.iter().rev().filter(waits).take(3);
    let mails = asked.filter_map(|contact| {
        let to = contact.email.as_ref()?.address.clone();
        Some(question(contact.created_at, to, "confirm_contact"))
    });
    let mails: Vec<Mail> = mails.collect();
    account.outbox.extend(mails);
}

/// Somebody who left is asked to come back.
fn invitation(sower: &Sower<'_>, account: &mut Account) {
    let at = sower.morning(5);
    let wine = account.lists.get(WINE).map(|list| list.list_id.clone());
    let left = |contact: &&mut Contact| {
        let out = contact.email.as_ref().and_then(|email| email.opt_out_date);
        contact.deleted_at.is_none() && !mailable(contact) && out.is_some_and(|out| out < at)
    };
    let Some(contact) = account.contacts.iter_mut().find(left) else { return };
    contact.resubscribe_sent = true;
    contact.resubscribe_lists = wine.into_iter().collect();
    let to = contact.email.as_ref().map(|email| email.address.clone()).unwrap_or_default();
    account.outbox.push(question(at, to, "resubscribe"));
}

/// A mail that asks for a confirmation.
fn question(at: Timestamp, to: String, kind: &'static str) -> Mail {
    let subject = "Please confirm your subscription".to_owned();
    let html = "<p>Do you want to receive our e-mails? Please confirm.</p>".to_owned();
    Mail { at, to, subject, html, kind: kind.into() }
}
