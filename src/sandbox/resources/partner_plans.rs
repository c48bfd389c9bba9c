//! Billing plans of client accounts, as operations: shown, changed, cancelled.

use serde_json::Value;

use super::body::{self, Body};
use super::partner_accounts::{Client, client};
use super::partner_billing::{TIERS, active, change, end, tier_of};
use super::refusal::{PARTNER_API, invalid};
use super::validate::{Checks, instant};
use crate::sandbox::account::{Account, BillingStatus, Cancellation, Plan, PlanType};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::env::millis;
use crate::sandbox::partner::Topic;
use crate::sandbox::world::World;

/// Why clients leave, by number.
const REASONS: [i64; 9] = [1, 2, 3, 11, 12, 14, 21, 27, 30];

/// `GET /partner/accounts/{encoded_account_id}/plan`.
pub(super) fn get(world: &mut World, call: &Call) -> Answer {
    let client = client(world, call)?;
    Ok(Reply::json(200, &view(client.account)))
}

/// `PUT /partner/accounts/{encoded_account_id}/plan`: nothing leads back to the trial.
pub(super) fn put(world: &mut World, call: &Call) -> Answer {
    let Client { account, env, partner } = client(world, call)?;
    let sent = optional(call)?;
    let mut checks = Checks::of(&sent);
    checks.one_of("plan_type", PlanType::NAMES).integer("billing_day_of_month", 1..=31);
    checks.integer("plan_group_id", i64::from(i32::MIN)..=i64::from(i32::MAX)).done(PARTNER_API)?;
    let held = account.plan.plan_type;
    let wanted = body::text(&sent, "plan_type").and_then(|name| PlanType::named(&name)).unwrap_or(held);
    if wanted != held && (wanted == PlanType::Trial || account.plan.billing_status == BillingStatus::Canceled) {
        return Err(invalid(PARTNER_API, "plan_type does not have a valid value"));
    }
    let day = body::integer(&sent, "billing_day_of_month").and_then(|day| i8::try_from(day).ok());
    let now = env.now();
    if let Some(topic) = change(&mut account.plan, wanted, day, active(&account.contacts), now) {
        partner.announce(topic, &account.encoded_id, now);
    }
    Ok(Reply::json(200, &view(account)))
}

/// `PUT /partner/accounts/{encoded_account_id}/status/cancel`: now, or at the time that was sent.
pub(super) fn cancel(world: &mut World, call: &Call) -> Answer {
    let Client { account, env, partner } = client(world, call)?;
    let sent = optional(call)?;
    let mut checks = Checks::of(&sent);
    checks.test("reason_id", |v| v.as_i64().is_some_and(|id| REASONS.contains(&id)));
    checks.test("effective_date", |v| v.as_str().is_some_and(|text| instant(text).is_some())).done(PARTNER_API)?;
    let now = env.now();
    let effective = body::text(&sent, "effective_date").and_then(|text| instant(&text)).unwrap_or(now);
    let wish = Cancellation { effective, reason_id: body::integer(&sent, "reason_id") };
    let plan = &mut account.plan;
    // What has ended stays as it ended.
    if plan.billing_status != BillingStatus::Canceled {
        plan.cancellation = Some(wish.clone());
    }
    if end(plan, now) {
        partner.announce(Topic::AccountCancelled, &account.encoded_id, now);
    }
    Ok(Reply::json(200, &cancellation(account.plan.cancellation.as_ref().unwrap_or(&wish))))
}

/// A body that may be left out altogether.
fn optional(call: &Call) -> Result<Body, Reply> {
    if call.body.is_empty() { Ok(Body::new()) } else { body::read(call, PARTNER_API) }
}

fn cancellation(wish: &Cancellation) -> Value {
    let mut shown = Body::new();
    body::show(&mut shown, "reason_id", wish.reason_id);
    body::show(&mut shown, "effective_date", Some(millis(wish.effective)));
    Value::Object(shown)
}

/// A plan as answers show it.
fn view(account: &Account) -> Value {
    let plan = &account.plan;
    let mut shown = Body::new();
    body::show(&mut shown, "plan_type", Some(plan.plan_type.name()));
    body::show(&mut shown, "current_tiers", Some(vec![tier(plan, active(&account.contacts))]));
    body::show(&mut shown, "billing_status", Some(plan.billing_status.name()));
    body::show(&mut shown, "billing_day_of_month", plan.billing_day);
    Value::Object(shown)
}

/// The tier of the last bill; during a trial, the one that the first bill would be for.
fn tier(plan: &Plan, active: u32) -> Value {
    let place = plan.billed_tier.unwrap_or_else(|| tier_of(active));
    let (fewest, most) = TIERS.get(place).copied().unwrap_or((0, u32::MAX));
    let level = u32::try_from(place).unwrap_or(0).saturating_add(1);
    let mut shown = Body::new();
    body::show(&mut shown, "usage_type", Some("CONTACTS"));
    body::show(&mut shown, "current_usage", Some(f64::from(active)));
    body::show(&mut shown, "tier", Some(level));
    body::show(&mut shown, "tier_min", Some(f64::from(fewest)));
    body::show(&mut shown, "tier_max", (most < u32::MAX).then(|| f64::from(most)));
    body::show(&mut shown, "price", Some(f64::from(level) * price(plan.plan_type)));
    body::show(&mut shown, "currency_code", Some(if plan.in_pounds { "GBP" } else { "USD" }));
    Value::Object(shown)
}

/// What the first tier costs in a month.
fn price(plan: PlanType) -> f64 {
    match plan {
        PlanType::Trial => 0.0,
        PlanType::Bronze => 10.0,
        PlanType::Silver => 15.0,
        PlanType::Gold => 20.0,
    }
}
