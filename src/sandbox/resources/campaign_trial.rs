//! A/B tests as they go out: two subjects to a part of the people, and the better one to the rest.
//!
//! All three are sendings of the same mail, so that its reports show them together. The service does not say how.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::campaign_sending::{SENT, addressed, dispatch, prepared, trial};
use super::permission;
use crate::sandbox::account::{AbTest, AbTrial, Account, Campaign, Did, Sending};
use crate::sandbox::env::{Env, later};

/// The sendings of a mail: one, or two with a subject each, if there is a test that has not been made.
pub(super) fn split(test: Option<&AbTest>, mail: Sending, people: Vec<u32>) -> (Vec<Sending>, Option<AbTrial>) {
    let test = test.filter(|test| test.trial.is_none() && mail.reason_code == SENT && people.len() > 1);
    let Some(test) = test else { return (vec![addressed(mail, people)], None) };
    let (first, second, rest) = deal(&people, test.test_size);
    let other = Sending { send_id: mail.send_id + 1, subject: test.alternative_subject.clone(), ..mail.clone() };
    let trial = AbTrial {
        sends: (mail.send_id, other.send_id),
        rest,
        decides_at: later(mail.at, SignedDuration::from_hours(test.wait_hours)),
        winner: None,
    };
    (vec![addressed(mail, first), addressed(other, second)], Some(trial))
}

/// Deals people out for a test: so many of a hundred to the first subject, as many to the second, the rest to
/// neither. Both get somebody, and both are spread evenly over all.
fn deal(people: &[u32], percent: u32) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let all = people.len();
    let asked = all.saturating_mul(percent as usize) / 100;
    let each = (all / 2).min(asked.max(1));
    let tested = each.saturating_mul(2);
    let turn = |index: usize| index.saturating_mul(tested).checked_div(all).unwrap_or(0);
    let (mut first, mut second, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for (index, person) in people.iter().copied().enumerate() {
        let group = match (turn(index) == turn(index + 1), turn(index).is_multiple_of(2)) {
            (true, _) => &mut rest,
            (false, true) => &mut first,
            (false, false) => &mut second,
        };
        group.push(person);
    }
    (first, second, rest)
}

/// The subject that more people opened goes to those who waited for it.
pub(super) fn decide(account: &mut Account, env: &Env, index: usize, at: Timestamp) {
    let Some(campaign) = account.campaigns.get(index) else { return };
    let Some(trial) = trial(campaign) else { return };
    let mut people = trial.rest.clone();
    people.retain(|place| account.contacts.get(*place as usize).is_some_and(permission::mailable));
    let mut mail = prepared(account, campaign, at);
    if let Some(subject) = better_subject(account, campaign, trial, at) {
        mail.subject = subject;
    }
    let winner = mail.subject.clone();
    if !people.is_empty() {
        dispatch(account, env, addressed(mail, people));
    }
    let test = account.campaigns.get_mut(index).and_then(|campaign| campaign.ab_test.as_mut());
    if let Some(trial) = test.and_then(|test| test.trial.as_mut()) {
        trial.winner = Some(winner);
        trial.rest = Vec::new();
    }
}

/// The subject of the sending that more people had opened by then; the first one's when they are even.
fn better_subject(account: &Account, campaign: &Campaign, trial: &AbTrial, by: Timestamp) -> Option<String> {
    let activity = &campaign.primary.campaign_activity_id;
    let sending = |send_id: u64| account.sendings_of(activity).find(|sending| sending.send_id == send_id);
    let (first, second) = (sending(trial.sends.0)?, sending(trial.sends.1)?);
    let better = if openers(second, by) > openers(first, by) { second } else { first };
    Some(better.subject.clone())
}

/// How many people had opened a mail by then.
fn openers(sending: &Sending, by: Timestamp) -> usize {
    let opens = sending.events.iter().filter(|event| event.kind == Did::Open && event.at <= by);
    opens.map(|event| event.contact).collect::<BTreeSet<u32>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_deals_evenly() {
        let people: Vec<u32> = (0..100).collect();
        let (first, second, rest) = deal(&people, 10);
        assert_eq!((first.len(), second.len(), rest.len()), (10, 10, 80));
        // Spread over all, not the oldest first.
        assert!(first.iter().any(|place| *place > 80) && first.iter().any(|place| *place < 20));
    }

    #[test]
    fn a_test_of_all_leaves_nobody_and_a_small_one_has_somebody() {
        let (first, second, rest) = deal(&[1, 2, 3, 4, 5, 6], 50);
        assert_eq!((first.len(), second.len(), rest.len()), (3, 3, 0));
        let (first, second, rest) = deal(&[1, 2, 3, 4, 5], 5);
        assert_eq!((first.len(), second.len(), rest.len()), (1, 1, 3));
        assert_eq!(deal(&[], 50), (vec![], vec![], vec![]));
        assert_eq!(deal(&[7], 50), (vec![], vec![], vec![7]));
    }
}
