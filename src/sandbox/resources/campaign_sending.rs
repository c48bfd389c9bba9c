//! How campaigns go out: what comes due, in the order in which it comes due, dated then and not when somebody looked.
//!
//! Nothing leaves the stand-in: a sending notes who would have had which mail, and what they do with it. The second
//! mail to non-openers is an activity of its own.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::body::{self, Body};
use super::campaign_checks::check_senders;
use super::campaign_content::segment_ids;
use super::campaign_footer as footer;
use super::campaign_trial::{decide, split};
use super::campaigns::status;
use super::permission;
use super::segments;
use crate::sandbox::account::{AbTrial, Account, Campaign, Sending};
use crate::sandbox::engagement;
use crate::sandbox::env::{Env, later};

/// Outcomes of an attempt, as the history numbers them.
pub(super) const SENT: u32 = 0;
const FAILED: u32 = 1;
const UNVERIFIED_SENDER: u32 = 9;
const NOBODY: u32 = 12;

/// What can come due in a campaign. What is due at the same moment happens in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// The mail goes out.
    Begin,
    /// It is out.
    End,
    /// The better subject goes to the rest.
    Decide,
    /// The mail goes once more to those who did nothing with it.
    Resend,
}

/// What comes next in a campaign, and when. Going out takes `takes`.
fn next(campaign: &Campaign, takes: SignedDuration) -> Option<(Timestamp, Step)> {
    let scheduled = campaign.primary.scheduled;
    let mail = match campaign.status.as_str() {
        status::REMOVED => return None,
        status::SCHEDULED => scheduled.map(|at| (at, Step::Begin)),
        status::EXECUTING => scheduled.map(|at| (later(at, takes), Step::End)),
        _ => None,
    };
    let undecided = trial(campaign).filter(|trial| trial.winner.is_none());
    let decision = undecided.map(|trial| (trial.decides_at, Step::Decide));
    let resend = campaign.resend.as_ref().and_then(|resend| resend.due).map(|at| (at, Step::Resend));
    [mail, decision, resend].into_iter().flatten().min()
}

/// The A/B test of a campaign, once it has gone out.
pub(super) fn trial(campaign: &Campaign) -> Option<&AbTrial> {
    campaign.ab_test.as_ref()?.trial.as_ref()
}

/// Does everything that has come due by a moment.
pub(super) fn advance(account: &mut Account, env: &Env, by: Timestamp) {
    let takes = SignedDuration::from_millis(env.options.sending_ms);
    // Four things at most come due in one campaign while nobody calls.
    for _ in 0..account.campaigns.len().saturating_mul(4) {
        let due = account.campaigns.iter().enumerate().filter_map(|(index, campaign)| {
            let (at, step) = next(campaign, takes)?;
            (at <= by).then_some((at, step, index))
        });
        let Some((at, step, index)) = due.min() else { return };
        // Who has asked for no more by then gets no more.
        engagement::advance(account, at);
        match step {
            Step::Begin => begin(account, env, index, at),
            Step::End => end(account, index, at),
            Step::Decide => decide(account, env, index, at),
            Step::Resend => send_again(account, env, index, at),
        }
    }
}

/// The mail goes out: to everybody at once, or first to those with whom two subjects are tested.
fn begin(account: &mut Account, env: &Env, index: usize, at: Timestamp) {
    let Some(campaign) = account.campaigns.get(index) else { return };
    let mail = prepared(account, campaign, at);
    let people = recipients(account, campaign, at);
    let went_out = mail.went_out();
    let (sendings, trial) = split(campaign.ab_test.as_ref(), mail, people);
    for sending in sendings {
        dispatch(account, env, sending);
    }
    let Some(campaign) = account.campaigns.get_mut(index) else { return };
    status::EXECUTING.clone_into(&mut campaign.status);
    campaign.updated_at = at;
    if trial.is_some()
        && let Some(test) = campaign.ab_test.as_mut()
    {
        test.trial = trial;
    }
    let resend = campaign.resend.as_mut().filter(|resend| resend.due.is_none() && resend.sent.is_none());
    if let Some(resend) = resend.filter(|_| went_out) {
        resend.due = Some(later(at, SignedDuration::from_mins(resend.delay_minutes)));
    }
}

/// The mail is out, or it is known that it is not.
fn end(account: &mut Account, index: usize, at: Timestamp) {
    let Some(campaign) = account.campaigns.get(index) else { return };
    let latest = account.sendings_of(&campaign.primary.campaign_activity_id).last();
    let outcome = if latest.is_none_or(Sending::went_out) { status::DONE } else { status::ERROR };
    let Some(campaign) = account.campaigns.get_mut(index) else { return };
    outcome.clone_into(&mut campaign.status);
    campaign.primary.scheduled = None;
    campaign.updated_at = at;
}

/// The next sending of a campaign's mail, without its recipients.
pub(super) fn prepared(account: &Account, campaign: &Campaign, at: Timestamp) -> Sending {
    let content = &campaign.primary.content;
    let activity = &campaign.primary.campaign_activity_id;
    let html = body::text(content, "html_content").unwrap_or_default();
    let won = trial(campaign).and_then(|trial| trial.winner.clone());
    Sending {
        send_id: account.sendings_of(activity).map(|earlier| earlier.send_id).max().unwrap_or(0) + 1,
        campaign_id: campaign.campaign_id.clone(),
        campaign_activity_id: activity.clone(),
        at,
        list_ids: body::ids(content, "contact_list_ids"),
        segment_ids: segment_ids(content),
        subject: won.or_else(|| body::text(content, "subject")).unwrap_or_default(),
        links: engagement::links(&html),
        html,
        reason_code: obstacle(account, content),
        ..Sending::default()
    }
}

/// What keeps a mail from going out.
fn obstacle(account: &Account, content: &Body) -> u32 {
    if check_senders(account, content).is_err() {
        return UNVERIFIED_SENDER;
    }
    if footer::of(account, content).is_none() { FAILED } else { SENT }
}

/// Places of everybody who is to get a mail that goes out at a moment: who can be mailed, and has not had it and does
/// not wait for it.
fn recipients(account: &Account, campaign: &Campaign, at: Timestamp) -> Vec<u32> {
    let content = &campaign.primary.content;
    let activity = &campaign.primary.campaign_activity_id;
    let lists: BTreeSet<String> = body::ids(content, "contact_list_ids").into_iter().collect();
    let chosen = segment_ids(content).into_iter().filter_map(|id| segments::members_at(account, id, at));
    let chosen: BTreeSet<u32> = chosen.flatten().collect();
    let mut served: BTreeSet<u32> = account.sendings_of(activity).flat_map(|s| s.recipients.iter().copied()).collect();
    served.extend(trial(campaign).into_iter().flat_map(|trial| trial.rest.iter().copied()));
    let wanted = (0_u32..).zip(&account.contacts).filter(|(place, contact)| {
        permission::mailable(contact)
            && (chosen.contains(place) || contact.list_memberships.iter().any(|id| lists.contains(id)))
            && !served.contains(place)
    });
    wanted.map(|(place, _)| place).collect()
}

/// A sending with its recipients; none of them where the mail cannot go out.
pub(super) fn addressed(mail: Sending, people: Vec<u32>) -> Sending {
    match (mail.reason_code, people.is_empty()) {
        (SENT, true) => Sending { reason_code: NOBODY, ..mail },
        (SENT, false) => Sending { recipients: people, ..mail },
        _ => mail,
    }
}

/// Keeps a sending, with all that will come of it.
pub(super) fn dispatch(account: &mut Account, env: &Env, mut sending: Sending) {
    engagement::foresee(&mut sending, &account.contacts, env);
    account.sendings.push(sending);
}

/// The second mail goes out, under its own subject and as an activity of its own.
fn send_again(account: &mut Account, env: &Env, index: usize, at: Timestamp) {
    let Some(campaign) = account.campaigns.get(index) else { return };
    let Some(resend) = campaign.resend.as_ref() else { return };
    let people = idle(account, &campaign.primary.campaign_activity_id, at);
    let mail = Sending {
        send_id: 1,
        campaign_activity_id: resend.campaign_activity_id.clone(),
        subject: resend.subject.clone(),
        ..prepared(account, campaign, at)
    };
    let failed = !mail.went_out();
    dispatch(account, env, addressed(mail, people));
    let Some(campaign) = account.campaigns.get_mut(index) else { return };
    campaign.updated_at = at;
    if let Some(resend) = campaign.resend.as_mut() {
        resend.due = None;
        resend.sent = Some(at);
        resend.failed = failed;
    }
}

/// Who had a mail, did nothing with it by then, and can still be mailed: whoever opened it, sent it back or left has
/// an event.
fn idle(account: &Account, activity: &str, by: Timestamp) -> Vec<u32> {
    let mut people = BTreeSet::new();
    let mut stirred = BTreeSet::new();
    for sending in account.sendings_of(activity) {
        people.extend(sending.recipients.iter().copied());
        stirred.extend(sending.events.iter().filter(|event| event.at <= by).map(|event| event.contact));
    }
    let mailable = |place: u32| account.contacts.get(place as usize).is_some_and(permission::mailable);
    people.into_iter().filter(|place| !stirred.contains(place) && mailable(*place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::account::AbTest;

    #[test]
    fn what_comes_next() {
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        let mut campaign = Campaign { status: status::SCHEDULED.to_owned(), ..Campaign::default() };
        campaign.primary.scheduled = Some(at(10));
        let takes = SignedDuration::from_secs(5);
        assert!(next(&campaign, takes) == Some((at(10), Step::Begin)));
        status::EXECUTING.clone_into(&mut campaign.status);
        assert!(next(&campaign, takes) == Some((at(15), Step::End)));
        let trial = AbTrial { decides_at: at(12), ..AbTrial::default() };
        campaign.ab_test = Some(AbTest { trial: Some(trial), ..AbTest::default() });
        assert!(next(&campaign, takes) == Some((at(12), Step::Decide)));
        status::REMOVED.clone_into(&mut campaign.status);
        assert!(next(&campaign, takes).is_none());
    }

    #[test]
    fn nobody_is_told_apart_from_a_failure() {
        assert_eq!(addressed(Sending::default(), vec![]).reason_code, NOBODY);
        let failed = Sending { reason_code: FAILED, ..Sending::default() };
        assert_eq!(addressed(failed, vec![1]).recipients, Vec::<u32>::new());
    }
}
