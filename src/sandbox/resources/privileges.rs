//! What the roles of an account may do.
//!
//! The names are those that the contract asks for, and `campaign:create`, whose number is the one that is published;
//! the other numbers are invented. The gate holds operations against the names.

use crate::sandbox::env::Role;

const CAMPAIGN_CREATOR: &[(u32, &str)] =
    &[(28, "contacts:lists:read"), (30, "campaign:create"), (31, "campaign:read"), (32, "campaign:write")];

const MANAGER: &[(u32, &str)] = &[
    (20, "account:read"),
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

const OWNER: &[(u32, &str)] = &[
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

/// Number and name of each privilege of a role.
pub(in crate::sandbox) fn of(role: Role) -> &'static [(u32, &'static str)] {
    match role {
        Role::Owner => OWNER,
        Role::Manager => MANAGER,
        Role::CampaignCreator => CAMPAIGN_CREATOR,
    }
}
