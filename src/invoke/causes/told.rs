//! Which cause a refusal has, by what is known of it, and the words for it. Pure.

use super::Standing;
use crate::{
    catalog::model::Action,
    invoke::refusal::WEB_PAGE,
    protocol::{ActionError, Code},
    store::Connection,
};

/// Something between us and the service gave the answer, so that it says nothing of scopes or privileges.
pub(super) fn is_web_page(error: &ActionError) -> bool {
    error.upstream.as_deref().is_some_and(|said| said.error_message.as_deref() == Some(WEB_PAGE))
}

pub(super) fn is_forbidden(error: &ActionError) -> bool {
    error.upstream.as_deref().is_some_and(|said| said.status == 403) && !is_web_page(error)
}

/// Which of the three reasons a 403 has, by what is known. Where nothing is certain the error stays as it is.
pub(super) fn cause(
    action: &Action,
    connection: &Connection,
    standing: Option<&Standing>,
    error: ActionError,
) -> ActionError {
    let named = error.code == Code::PrivilegeMissing;
    let name = &action.name;
    match standing {
        Some(Standing::Holds(held)) => {
            let lacking: Vec<&str> =
                action.privileges.iter().filter(|p| !held.contains(p.as_str())).map(String::as_str).collect();
            if !lacking.is_empty() {
                let lacking = lacking.join(", ");
                let words = format!("{name} needs the privilege {lacking}, which the connected person does not have");
                return retold(error, Code::PrivilegeMissing, &words);
            }
            // Neither the person nor the application: only the scopes are left, if we do not know them.
            if !named && connection.scopes.is_none() && !action.scopes.is_empty() {
                return lacks_scope(action, error);
            }
        }
        Some(Standing::ShutOut) if !named => {
            let words = "the service refuses even what needs neither scope nor privilege";
            return retold(error, Code::AppDeactivated, words);
        }
        _ => {}
    }
    if named && !action.privileges.is_empty() {
        let words = format!("{name} needs the privilege {}", action.privileges.join(", "));
        return retold(error, Code::PrivilegeMissing, &words);
    }
    error
}

/// Without a scope that the action could need, the service's own words have to do.
pub(super) fn lacks_scope(action: &Action, error: ActionError) -> ActionError {
    if action.scopes.is_empty() {
        return error;
    }
    let needed = action.scopes.join(" or ");
    let words = format!("{} needs the scope {needed}, which the connection's token does not carry", action.name);
    retold(error, Code::ScopeMissing, &words)
}

/// A partner's calls name accounts, and the service knows only those of the partnership.
pub(super) fn unknown_account(error: ActionError) -> ActionError {
    let words = "the account may be unknown to this partnership, which is another thing than something missing in it";
    retold(error, Code::NotFound, words)
}

/// The same error under its right name, our words before the service's.
pub(super) fn retold(error: ActionError, code: Code, words: &str) -> ActionError {
    let detail = format!("{words}; {}", error.detail);
    ActionError { code, title: code.title().to_owned(), detail, ..error }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Standing, cause, lacks_scope};
    use crate::{
        catalog::Catalog,
        protocol::{ActionError, Code},
        store::Connection,
    };

    fn connection(scopes: Option<&[&str]>) -> Connection {
        let plain = json!({ "id": "shop", "status": "active", "ledger": "key", "created_ms": 0, "scopes": scopes });
        serde_json::from_value(plain).unwrap()
    }

    fn holds(names: &[&str]) -> Standing {
        Standing::Holds(names.iter().map(|n| (*n).to_owned()).collect())
    }

    #[test]
    fn each_reason_of_a_403_is_told_by_what_is_known() {
        let action = Catalog::embedded().action("get_contact").unwrap();
        let (known, opaque) = (connection(Some(&["contact_data"])), connection(None));
        let (all, few) = (holds(&["contacts:read"]), holds(&["campaign:read"]));
        let shut_out = Standing::ShutOut;
        let cases = [
            (Code::Rejected, &known, Some(&few), Code::PrivilegeMissing),
            (Code::Rejected, &opaque, Some(&few), Code::PrivilegeMissing),
            (Code::Rejected, &opaque, Some(&all), Code::ScopeMissing),
            (Code::Rejected, &known, Some(&all), Code::Rejected),
            (Code::Rejected, &known, Some(&shut_out), Code::AppDeactivated),
            (Code::Rejected, &known, None, Code::Rejected),
            (Code::PrivilegeMissing, &known, Some(&shut_out), Code::PrivilegeMissing),
            (Code::PrivilegeMissing, &opaque, Some(&all), Code::PrivilegeMissing),
            (Code::PrivilegeMissing, &known, None, Code::PrivilegeMissing),
        ];
        for (i, (said, connection, standing, expected)) in cases.into_iter().enumerate() {
            let error = cause(action, connection, standing, ActionError::new(said, "Forbidden"));
            assert_eq!((error.code, error.title.as_str()), (expected, expected.title()), "case {i}");
            assert!(error.detail.ends_with("Forbidden"), "the service's own words stay: {}", error.detail);
        }
    }

    #[test]
    fn what_is_lacking_is_named() {
        let action = Catalog::embedded().action("get_contact").unwrap();
        let refused = || ActionError::new(Code::Rejected, "Forbidden");
        let error = cause(action, &connection(None), Some(&holds(&["campaign:read"])), refused());
        assert!(error.detail.contains("the privilege contacts:read"), "{}", error.detail);
        assert!(lacks_scope(action, refused()).detail.contains("the scope contact_data"));
    }
}
