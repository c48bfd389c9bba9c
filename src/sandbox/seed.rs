//! The account that stands ready: an owner, a confirmed sender, a postal address; no people, lists or campaigns.

use serde_json::json;

use super::{
    account::Account,
    env::{Env, offset_millis},
};

/// An empty but usable account, the `nth` of this world.
pub(super) fn account(env: &mut Env, nth: usize) -> Account {
    // The first has the names that the documentation uses.
    let number = if nth == 0 { String::new() } else { (nth + 1).to_string() };
    let login = format!("owner{number}@example.com");
    let encoded_id = format!("a07e1sandbox{number}");
    let address = json!({
        "address_line1": "12 Harbour Street", "city": "Boston", "state_code": "MA", "postal_code": "02110", "country_code": "us"
    });
    let summary = json!({
        "contact_email": login, "contact_phone": "+1 555-0100", "country_code": "us",
        "encoded_account_id": encoded_id, "first_name": "Sam", "last_name": "Owner",
        "organization_name": "Harbour Kitchen", "organization_phone": "+1 555-0101", "state_code": "MA",
        "time_zone_id": "US/Eastern", "website": "https://www.example.com"
    });
    let sender = json!({
        "email_address": login, "email_id": 1, "confirm_status": "CONFIRMED",
        "confirm_time": offset_millis(env.now()), "confirm_source_type": "SITE_OWNER",
        "roles": ["CONTACT", "BILLING", "REPLY_TO", "DEFAULT_FROM"], "pending_roles": []
    });
    Account { login, encoded_id, summary, physical_address: Some(address), emails: vec![sender], ..Account::default() }
}
