//! The account as its partner sees it: plan, billing status, and the people who sign in from elsewhere.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The account as its partner sees it. The default is what every new account is: on trial.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Plan {
    pub plan_type: PlanType,
    pub billing_status: BillingStatus,
    /// Day of the month, from 1 to 31; none during a trial.
    pub billing_day: Option<i8>,
    /// The tier of the last bill, as its place in the list of tiers; none during a trial.
    pub billed_tier: Option<usize>,
    pub next_bill: Option<Timestamp>,
    /// None for the accounts that stood there from the start: their trial does not end.
    pub trial_ends: Option<Timestamp>,
    pub cancellation: Option<Cancellation>,
    /// Whether bills are in pounds and not in dollars.
    pub in_pounds: bool,
    /// How the partner calls the account.
    pub partner_account_id: Option<String>,
    /// How the owner signs in, where that is not by a password.
    pub sign_in: Option<SignIn>,
    /// Users that the partner added.
    pub users: Vec<PartnerUser>,
}

/// A plan, the later the more it offers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::sandbox) enum PlanType {
    #[default]
    Trial,
    Bronze,
    Silver,
    Gold,
}

impl PlanType {
    /// The plans by name.
    pub(in crate::sandbox) const NAMES: &'static [&'static str] = &["TRIAL", "BRONZE", "SILVER", "GOLD"];

    /// As requests and answers write it.
    pub(in crate::sandbox) fn name(self) -> &'static str {
        match self {
            Self::Trial => "TRIAL",
            Self::Bronze => "BRONZE",
            Self::Silver => "SILVER",
            Self::Gold => "GOLD",
        }
    }

    /// The plan of that name.
    pub(in crate::sandbox) fn named(name: &str) -> Option<Self> {
        [Self::Trial, Self::Bronze, Self::Silver, Self::Gold].into_iter().find(|plan| plan.name() == name)
    }
}

/// Where the account stands with its bills.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) enum BillingStatus {
    #[default]
    Trial,
    Open,
    Canceled,
    TrialEnd,
}

impl BillingStatus {
    /// As answers write it.
    pub(in crate::sandbox) fn name(self) -> &'static str {
        match self {
            Self::Trial => "Trial",
            Self::Open => "Open",
            Self::Canceled => "Canceled",
            Self::TrialEnd => "Trial End",
        }
    }
}

/// The end of an account, at once or some day.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::sandbox) struct Cancellation {
    pub effective: Timestamp,
    pub reason_id: Option<i64>,
}

/// Who somebody is to an external provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sandbox) struct SignIn {
    pub provider: String,
    pub id: String,
}

/// A user that the partner added, who signs in by an external provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::sandbox) struct PartnerUser {
    pub first_name: String,
    pub last_name: String,
    /// `account_manager` or `campaign_creator`.
    pub role_name: String,
    pub contact_email: String,
    pub login_name: String,
    pub sign_in: SignIn,
}
