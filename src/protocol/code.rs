//! The closed set of error codes: each with one meaning and one remedy, which the README lists from here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($variant:ident $text:literal $title:literal $remedy:literal;)+) => {
        /// What went wrong, as a closed set.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $(#[doc = $title] $variant,)+
        }

        impl Code {
            /// Every code, in the order of the README.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as it stands in documents.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// What it means, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// What to do about it.
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)+ }
            }
        }
    };
}

codes! {
    UnknownAction "unknown_action" "There is no such action" "List the actions and use one of their names.";
    ActionDisabled "action_disabled" "The action is switched off in this profile" "Add it to the profile's enabled actions.";
    InvalidInput "invalid_input" "The input breaks a rule of the action" "Correct the named fields; nothing was sent.";
    ScopeMissing "scope_missing" "The connection lacks a scope that the action needs" "Add the scope to the profile and connect again.";
    PrivilegeMissing "privilege_missing" "The connected user's role does not allow this" "Let the account's owner change the role, or connect as another user.";
    AppDeactivated "app_deactivated" "The application was deactivated by the service" "Ask the service's developer support to activate the application.";
    CredentialsMissing "credentials_missing" "The profile lacks credentials that the action needs" "Add them to the profile.";
    ConnectionUnknown "connection_unknown" "There is no such connection" "List the connections, or make one.";
    ReconnectRequired "reconnect_required" "A person has to consent again" "Connect again under the same name; the connection keeps its id.";
    Throttled "throttled" "Too many calls in one second" "Wait as long as the error says and try again.";
    QuotaExhausted "quota_exhausted" "The day's calls of this API key are used up" "Wait until 00:00 UTC, or ask the service for a higher limit.";
    QueueFull "queue_full" "Too many bulk jobs are waiting in the account" "Wait until some jobs are done.";
    NotFound "not_found" "The service does not know this id" "Look the thing up again; it may have been deleted.";
    Conflict "conflict" "It collides with something that is there" "Use the existing thing, whose id is given where the service tells it.";
    Rejected "rejected" "The service refused the call" "Read the service's own words in the error and change the input.";
    NotReady "not_ready" "The service is still preparing the answer" "Try again in a little while.";
    Unavailable "unavailable" "The service cannot be reached or is out of order" "Try again later.";
    Timeout "timeout" "The time allowed for the call ran out" "Allow more time, or try again later.";
    OutcomeUnknown "outcome_unknown" "The call may or may not have taken effect" "Look whether it did before you repeat it.";
    BadResponse "bad_response" "The service answered with something unreadable" "Try again later; report it if it stays.";
    IdempotencyMismatch "idempotency_mismatch" "The idempotency key was used for another input" "Use a new key for a new input.";
    Cancelled "cancelled" "The caller stopped it" "Nothing, unless the error says that it was sent.";
    Config "config" "Something in the configuration is wrong" "Correct the setting that the error names.";
    Store "store" "The store cannot be used" "Do what the error says about the file or its key.";
    Internal "internal" "A fault of the connector itself" "Report it with the run's id.";
}
