//! What the roles of an account may do.
//!
//! The names are those that the contract asks for, and `campaign:create`, whose number is the one that is published;
//! the other numbers are invented. The gate holds operations against the names.

use crate::sandbox::env::Role;

/// Number and name of each.
const ALL: &[(u32, &str)] = &[
    (20, "account:read"),
    (21, "account:update"),
    (25, "contacts:read"),
    (26, "contacts:write"),
    (28, "contacts:lists:read"),
    (29, "contacts:lists:write"),
    (30, "campaign:create"),
    (31, "campaign:read"),
    (32, "campaign:write"),
    (33, "campaign:send"),
    (34, "campaign:delete"),
    (40, "ui:campaign:metrics"),
    (50, "customer-journey:read"),
    (51, "customer-journey:create"),
    (52, "customer-journey:update"),
];

/// What is left to somebody who only writes campaigns.
const CAMPAIGN_CREATOR: &[&str] = &["contacts:lists:read", "campaign:create", "campaign:read", "campaign:write"];

/// Number and name of each privilege of a role.
pub(in crate::sandbox) fn of(role: Role) -> impl Iterator<Item = (u32, &'static str)> {
    ALL.iter().copied().filter(move |(_, name)| match role {
        Role::Owner => true,
        Role::Manager => *name != "account:update",
        Role::CampaignCreator => CAMPAIGN_CREATOR.contains(name),
    })
}
