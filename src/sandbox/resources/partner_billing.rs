//! How billing plans go on: tiers, bills, ends of trials, cancellations.
//!
//! A paying account is in the tier that its people put it in at the last bill. So a tier changes, and is announced, on
//! the billing day and not when somebody is added.

use std::cmp::Ordering;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::permission;
use crate::sandbox::account::{Account, BillingStatus, Contact, Plan, PlanType};
use crate::sandbox::partner::Topic;
use crate::sandbox::world::World;

/// Fewest and most people of each tier. The last has no end.
pub(super) const TIERS: &[(u32, u32)] = &[
    (0, 500),
    (501, 1_000),
    (1_001, 2_500),
    (2_501, 5_000),
    (5_001, 10_000),
    (10_001, 25_000),
    (25_001, 50_000),
    (50_001, u32::MAX),
];

/// Lets happen what has come due in the accounts: cancellations, ends of trials, bills.
pub(in crate::sandbox) fn advance(world: &mut World) {
    let now = world.env.now();
    let World { accounts, partner, changes, .. } = world;
    for account in accounts.iter_mut() {
        let Account { plan, contacts, encoded_id, .. } = account;
        if let Some(topic) = carry_on(plan, now, || active(contacts)) {
            partner.announce(topic, encoded_id, now);
            *changes += 1;
        }
    }
}

/// People who can be mailed: what tiers count.
pub(super) fn active(contacts: &[Contact]) -> u32 {
    u32::try_from(contacts.iter().filter(|contact| permission::mailable(contact)).count()).unwrap_or(u32::MAX)
}

/// The tier for so many people, as its place in the list.
pub(super) fn tier_of(active: u32) -> usize {
    TIERS.iter().position(|(_, most)| active <= *most).unwrap_or(0)
}

/// Moves to another plan; gives what subscribers are told. Leaving the trial is what makes an account pay.
pub(super) fn change(plan: &mut Plan, to: PlanType, day: Option<i8>, active: u32, now: Timestamp) -> Option<Topic> {
    let from = std::mem::replace(&mut plan.plan_type, to);
    if from == PlanType::Trial && to != from {
        let day = day.unwrap_or_else(|| now.to_zoned(TimeZone::UTC).day());
        plan.billing_status = BillingStatus::Open;
        plan.billing_day = Some(day);
        plan.billed_tier = Some(tier_of(active));
        plan.next_bill = Some(next_bill(now, day));
        plan.trial_ends = None;
    }
    direction(to.cmp(&from))
}

fn direction(order: Ordering) -> Option<Topic> {
    match order {
        Ordering::Greater => Some(Topic::TierIncrease),
        Ordering::Less => Some(Topic::TierDecrease),
        Ordering::Equal => None,
    }
}

/// What has come due in one account; gives what subscribers are told.
fn carry_on(plan: &mut Plan, now: Timestamp, active: impl FnOnce() -> u32) -> Option<Topic> {
    if end(plan, now) {
        return Some(Topic::AccountCancelled);
    }
    if plan.trial_ends.is_some_and(|at| at <= now) {
        plan.trial_ends = None;
        plan.billing_status = BillingStatus::TrialEnd;
    }
    if plan.next_bill.is_some_and(|at| at <= now) { bill(plan, now, active()) } else { None }
}

/// Ends an account whose cancellation is due; says whether it did.
pub(super) fn end(plan: &mut Plan, now: Timestamp) -> bool {
    let due = plan.cancellation.as_ref().is_some_and(|wish| wish.effective <= now);
    if !due || plan.billing_status == BillingStatus::Canceled {
        return false;
    }
    plan.billing_status = BillingStatus::Canceled;
    (plan.next_bill, plan.trial_ends) = (None, None);
    true
}

/// The bill of a month sets the tier anew.
fn bill(plan: &mut Plan, now: Timestamp, active: u32) -> Option<Topic> {
    let tier = tier_of(active);
    let before = plan.billed_tier.replace(tier).unwrap_or(tier);
    plan.next_bill = plan.billing_day.map(|day| next_bill(now, day));
    direction(tier.cmp(&before))
}

/// The first billing day after a moment; in short months it is the last day.
fn next_bill(after: Timestamp, day: i8) -> Timestamp {
    let this = after.to_zoned(TimeZone::UTC).date().first_of_month();
    let months = [Some(this), this.checked_add(1.month()).ok()];
    let mut days = months.into_iter().flatten().filter_map(|month| day_of(month, day));
    days.find(|at| *at > after).unwrap_or(Timestamp::MAX)
}

fn day_of(month: Date, day: i8) -> Option<Timestamp> {
    let date = month.with().day(day.min(month.days_in_month())).build().ok()?;
    date.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
}

#[cfg(test)]
mod tests {
    use super::super::validate::instant;
    use super::*;
    use crate::sandbox::account::Cancellation;

    fn at(text: &str) -> Timestamp {
        instant(text).unwrap_or_default()
    }

    fn paying(people: u32) -> Plan {
        let mut plan = Plan::default();
        change(&mut plan, PlanType::Silver, Some(31), people, at("2026-01-10T09:00:00Z"));
        plan
    }

    #[test]
    fn tiers_meet_without_a_gap() {
        let mut next = 0;
        for (fewest, most) in TIERS {
            assert_eq!(*fewest, next);
            next = most.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last one has no end");
        assert_eq!([0, 500, 501, 1_000, 1_001, u32::MAX].map(tier_of), [0, 0, 1, 1, 2, TIERS.len() - 1]);
    }

    #[test]
    fn a_bill_comes_on_its_day_or_on_the_last_of_the_month() {
        for (after, day, next) in [
            ("2026-01-10T09:00:00Z", 15, "2026-01-15"),
            ("2026-01-15T00:00:00Z", 15, "2026-02-15"),
            ("2026-01-31T12:00:00Z", 31, "2026-02-28"),
            ("2026-12-20T00:00:00Z", 1, "2027-01-01"),
        ] {
            assert_eq!(next_bill(at(after), day), at(next), "{after}");
        }
    }

    #[test]
    fn leaving_the_trial_starts_to_pay_and_the_day_stays() {
        let mut plan = Plan::default();
        let now = at("2026-01-10T09:00:00Z");
        assert_eq!(change(&mut plan, PlanType::Trial, Some(3), 7, now), None);
        assert_eq!((plan.billing_status, plan.billing_day), (BillingStatus::Trial, None));
        assert_eq!(change(&mut plan, PlanType::Gold, None, 7, now), Some(Topic::TierIncrease));
        assert_eq!((plan.billing_status, plan.billing_day), (BillingStatus::Open, Some(10)));
        assert_eq!(change(&mut plan, PlanType::Bronze, Some(3), 7, now), Some(Topic::TierDecrease));
        assert_eq!(plan.billing_day, Some(10));
    }

    #[test]
    fn a_tier_changes_with_the_bill_and_not_before() {
        let mut plan = paying(500);
        assert_eq!(carry_on(&mut plan, at("2026-01-30T23:59:59Z"), || 501), None);
        assert_eq!(carry_on(&mut plan, at("2026-01-31"), || 501), Some(Topic::TierIncrease));
        assert_eq!(carry_on(&mut plan, at("2026-02-01"), || 0), None);
        assert_eq!(carry_on(&mut plan, at("2026-02-28"), || 0), Some(Topic::TierDecrease));
    }

    #[test]
    fn an_account_ends_once_and_is_never_billed_again() {
        let mut plan = paying(0);
        plan.cancellation = Some(Cancellation { effective: at("2026-01-20"), reason_id: None });
        assert_eq!(carry_on(&mut plan, at("2026-01-19"), || 0), None);
        assert_eq!(carry_on(&mut plan, at("2026-01-20"), || 0), Some(Topic::AccountCancelled));
        assert_eq!(carry_on(&mut plan, at("2027-01-01"), || 9_999), None);
        assert_eq!(plan.billing_status, BillingStatus::Canceled);
    }

    #[test]
    fn a_trial_ends_by_itself_and_silently() {
        let mut plan = Plan { trial_ends: Some(at("2026-03-01")), ..Plan::default() };
        assert_eq!(carry_on(&mut plan, at("2026-03-01"), || 0), None);
        assert_eq!(plan.billing_status, BillingStatus::TrialEnd);
        assert_eq!(change(&mut plan, PlanType::Bronze, None, 0, at("2026-03-02")), Some(Topic::TierIncrease));
        assert_eq!(plan.billing_status, BillingStatus::Open);
    }
}
