//! What is only looked at: accounts, jobs, mail, and the table of how well each operation is known.

use std::fmt::{self, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::sandbox::{
    account::{Account, Job, Work},
    env::{millis, seconds},
    honesty,
};

/// The accounts, and how much is in each.
pub(super) fn accounts(accounts: &[Account]) -> Value {
    accounts.iter().map(account).collect()
}

fn account(account: &Account) -> Value {
    json!({
        "login": account.login, "encoded_account_id": account.encoded_id,
        "organization_name": account.summary.get("organization_name"),
        "contacts": account.contacts.iter().filter(|contact| contact.deleted_at.is_none()).count(),
        "lists": account.lists.iter().filter(|list| list.deleted_at.is_none()).count(),
        "tags": account.tags.len(), "custom_fields": account.custom_fields.len(),
        "campaigns": account.campaigns.len(), "jobs": account.jobs.len(), "mails": mails(account),
    })
}

/// How many mails of an account the outbox has.
fn mails(account: &Account) -> usize {
    account.outbox.len() + account.sendings.iter().map(|sending| sending.recipients.len()).sum::<usize>()
}

/// The jobs of all accounts, account by account, oldest first.
pub(super) fn jobs(accounts: &[Account]) -> Value {
    accounts.iter().flat_map(|account| account.jobs.iter().map(move |job| one_job(&account.login, job))).collect()
}

fn one_job(login: &str, job: &Job) -> Value {
    json!({
        "account": login, "activity_id": job.activity_id, "state": job.state, "left_to_do": left_to_do(&job.work),
        "percent_done": job.percent_done, "created_at": seconds(job.created_at),
        "started_at": job.started_at.map(seconds), "completed_at": job.completed_at.map(seconds),
        "status": job.status, "errors": job.errors.len(),
    })
}

/// The kind of work that waits; none once it is done.
fn left_to_do(work: &Work) -> Option<String> {
    let mut name = Name(String::new());
    // It stops at the end of the name, long before the rows of an import.
    let _ = write!(name, "{work:?}");
    Some(name.0).filter(|name| name != "done")
}

/// Keeps a name at the beginning of what is written, as `snake_case`, and takes no more.
struct Name(String);

impl Write for Name {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            if !letter.is_ascii_alphanumeric() {
                return Err(fmt::Error);
            }
            if letter.is_ascii_uppercase() && !self.0.is_empty() {
                self.0.push('_');
            }
            self.0.push(letter.to_ascii_lowercase());
        }
        Ok(())
    }
}

/// A mail that would have gone out.
#[derive(Serialize)]
struct Mail<'a> {
    #[serde(serialize_with = "with_millis")]
    at: Timestamp,
    account: &'a str,
    to: &'a str,
    subject: &'a str,
    kind: &'a str,
    html: &'a str,
}

fn with_millis<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&millis(*at))
}

/// The newest `most` mails as JSON, newest last: single ones, and each recipient's copy of a campaign. Of one account
/// or of all.
pub(super) fn outbox(accounts: &[Account], login: Option<&str>, most: usize) -> Vec<u8> {
    let wanted = accounts.iter().filter(|account| login.is_none_or(|login| account.login == login));
    let mut mails: Vec<Mail> = wanted.flat_map(|account| newest(account, most)).collect();
    mails.sort_by_key(|mail| mail.at);
    let newest = mails.get(mails.len().saturating_sub(most)..).unwrap_or_default();
    serde_json::to_vec(newest).unwrap_or_default()
}

/// Mails of an account, among them its newest `most`: of each sending no more, so that a large one costs little.
fn newest(account: &Account, most: usize) -> Vec<Mail<'_>> {
    let login = account.login.as_str();
    let single = account.outbox.iter().skip(account.outbox.len().saturating_sub(most));
    let mut mails: Vec<Mail> = single
        .map(|m| Mail { at: m.at, account: login, to: &m.to, subject: &m.subject, kind: &m.kind, html: &m.html })
        .collect();
    for sending in &account.sendings {
        let places = sending.recipients.iter().skip(sending.recipients.len().saturating_sub(most));
        let people = places.filter_map(|place| account.contacts.get(*place as usize)?.email.as_ref());
        let (at, subject, html) = (sending.at, sending.subject.as_str(), sending.html.as_str());
        mails.extend(people.map(|to| Mail { at, account: login, to: &to.address, subject, kind: "campaign", html }));
    }
    mails
}

/// Each operation, how well its behaviour is known, and what is simplified.
pub(super) fn operations() -> Value {
    json!(honesty::operations())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{left_to_do, outbox};
    use crate::sandbox::account::{Account, Contact, EmailAddress, Sending, Work};

    #[test]
    fn the_name_of_the_work_is_told_without_its_rows() {
        assert_eq!(left_to_do(&Work::DeleteLists(vec!["a".to_owned()])).as_deref(), Some("delete_lists"));
        assert_eq!(left_to_do(&Work::default()), None);
    }

    #[test]
    fn the_newest_mails_come_last() {
        let person = |address: &str| Contact {
            email: Some(EmailAddress { address: address.to_owned(), ..EmailAddress::default() }),
            ..Contact::default()
        };
        let contacts = ["a@example.com", "b@example.com", "c@example.com"].map(person).to_vec();
        let sending = |second: i64, recipients: Vec<u32>| Sending {
            at: jiff::Timestamp::from_second(second).unwrap(),
            recipients,
            ..Sending::default()
        };
        let sendings = vec![sending(9, vec![0, 9, 1]), sending(5, vec![2])];
        let account = Account { contacts, sendings, ..Account::default() };
        let to = |most: usize| {
            let json = outbox(std::slice::from_ref(&account), None, most);
            let mails: Vec<Value> = serde_json::from_slice(&json).unwrap();
            mails.iter().filter_map(|mail| mail["to"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        assert_eq!(to(10), ["c@example.com", "a@example.com", "b@example.com"]);
        assert_eq!(to(1), ["b@example.com"]);
    }
}
