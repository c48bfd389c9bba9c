//! The postal address at the end of every mail, which the law asks for: the mail's own, or else the account's.

use serde_json::Value;

use super::body::{self, Body};
use super::validate::Checks;
use crate::sandbox::account::Account;

/// The property of a mail that holds the address.
pub(super) const NAME: &str = "physical_address_in_footer";

/// Texts without a limit of their own.
const TEXTS: &[&str] = &[
    "address_line1",
    "address_line2",
    "address_line3",
    "address_optional",
    "city",
    "organization_name",
    "postal_code",
    "state_non_us_name",
];

/// The states by code, for the names that the service adds.
const STATES: &[(&str, &str)] = &[
    ("AL", "Alabama"),
    ("AK", "Alaska"),
    ("AZ", "Arizona"),
    ("AR", "Arkansas"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DE", "Delaware"),
    ("DC", "District of Columbia"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("HI", "Hawaii"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("IA", "Iowa"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("ME", "Maine"),
    ("MD", "Maryland"),
    ("MA", "Massachusetts"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MS", "Mississippi"),
    ("MO", "Missouri"),
    ("MT", "Montana"),
    ("NE", "Nebraska"),
    ("NV", "Nevada"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NY", "New York"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VT", "Vermont"),
    ("VA", "Virginia"),
    ("WA", "Washington"),
    ("WV", "West Virginia"),
    ("WI", "Wisconsin"),
    ("WY", "Wyoming"),
];

/// The name of a state of the United States.
pub(super) fn state_name(code: &str) -> Option<&'static str> {
    STATES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, name)| *name)
}

/// Checks the address of a mail. It is whole when first given; later parts of it may come alone.
pub(super) fn check(mail: &mut Checks<'_>, whole: bool) {
    mail.inner(NAME, |footer| {
        if whole {
            footer.required("address_line1").required("country_code").required("organization_name");
        }
        for name in TEXTS {
            footer.test(name, Value::is_string);
        }
        footer.text("country_code", 2).text("state_code", 2);
    });
}

/// Whether an address in the United States comes without its state.
pub(super) fn lacks_state(footer: &Body) -> bool {
    let country = body::text(footer, "country_code").unwrap_or_default();
    country.eq_ignore_ascii_case("US") && body::text(footer, "state_code").is_none()
}

/// Adds what the service adds: the names of country and state. Only the United States are known by name here.
pub(super) fn complete(footer: &mut Body) {
    let code = body::text(footer, "country_code").unwrap_or_default().to_ascii_uppercase();
    let state = body::text(footer, "state_code").unwrap_or_default().to_ascii_uppercase();
    let country = if code == "US" { "United States" } else { code.as_str() };
    footer.insert("country_name".to_owned(), country.into());
    footer.remove("state_name");
    let name = STATES.iter().find(|(known, _)| code == "US" && *known == state).map(|(_, name)| *name);
    body::show(footer, "state_name", name);
    footer.insert("country_code".to_owned(), code.into());
}

/// The address under a mail; none when neither the mail nor the account has one.
pub(super) fn of(account: &Account, content: &Body) -> Option<Body> {
    if let Some(own) = body::object(content, NAME) {
        return Some(own.clone());
    }
    let mut footer = account.physical_address.as_ref()?.as_object()?.clone();
    let name = account.summary.get("organization_name").and_then(Value::as_str);
    body::show(&mut footer, "organization_name", name);
    let state = footer.remove("state_name");
    body::show(&mut footer, "state_non_us_name", state);
    complete(&mut footer);
    Some(footer)
}

/// The address in one line.
pub(super) fn line(footer: &Body) -> String {
    let part = |name: &str| body::text(footer, name).unwrap_or_default();
    let region = joined(vec![part("state_code"), part("state_non_us_name"), part("postal_code")], " ");
    let place = joined(vec![part("city"), region], ", ");
    let lines = vec![
        part("organization_name"),
        part("address_line1"),
        part("address_line2"),
        part("address_line3"),
        part("address_optional"),
        place,
        part("country_code"),
    ];
    joined(lines, " | ")
}

/// The parts that have something in them, with a separator between.
fn joined(mut parts: Vec<String>, separator: &str) -> String {
    parts.retain(|part| !part.is_empty());
    parts.join(separator)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: &Value) -> Body {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn names_follow_from_codes() {
        let mut footer = body(&json!({ "country_code": "us", "state_code": "ma", "state_name": "old" }));
        complete(&mut footer);
        let name = |name: &str| body::text(&footer, name).unwrap_or_default();
        assert_eq!((name("country_name"), name("country_code")), ("United States".to_owned(), "US".to_owned()));
        assert_eq!(name("state_name"), "Massachusetts");
    }

    #[test]
    fn the_line_leaves_out_what_is_not_there() {
        let footer = json!({ "organization_name": "Shop", "city": "Boston", "state_code": "MA", "postal_code": "1" });
        assert_eq!(line(&body(&footer)), "Shop | Boston, MA 1");
    }

    #[test]
    fn only_american_addresses_need_a_state() {
        assert!(lacks_state(&body(&json!({ "country_code": "US" }))));
        assert!(!lacks_state(&body(&json!({ "country_code": "US", "state_code": "MA" }))));
        assert!(!lacks_state(&body(&json!({ "country_code": "AU" }))));
    }

    #[test]
    fn the_accounts_address_stands_in() {
        let address = json!({ "address_line1": "1 High", "city": "Perth", "state_name": "WA", "country_code": "au" });
        let summary = json!({ "organization_name": "Shop" });
        let account = Account { physical_address: Some(address), summary, ..Account::default() };
        let footer = of(&account, &Body::new()).unwrap_or_default();
        assert_eq!(body::text(&footer, "state_non_us_name").as_deref(), Some("WA"));
        assert_eq!(line(&footer), "Shop | 1 High | Perth, WA | AU");
        assert!(of(&Account::default(), &Body::new()).is_none());
    }
}
