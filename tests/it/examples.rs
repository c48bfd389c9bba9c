//! Every example of every action, sent as the runtime sends it, keeps the vendor's contract; what it does not keep is
//! named here, and its action file says why.

use std::{collections::BTreeSet, time::Duration};

use constantcontact::{
    catalog::{
        Catalog,
        model::{Action, Authorizer},
    },
    invoke::bind::bind,
    schema::fill_defaults,
    transport::{Credentials, HttpCall, HttpClient, HttpSettings, Transport},
};
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use crate::strict::Strict;

/// Operations whose contract is mistaken, as their action files state, and the part of the complaint that shows it.
const EXCUSES: [(&str, &str); 7] = [
    ("POST /activities/contacts_json_import", ".cf:"),
    ("POST /activities/custom_fields_delete", "custom_field_ids"),
    ("POST /activities/remove_list_memberships", "at most 0 are allowed"),
    ("POST /automations/workflows", "parameter_value"),
    ("PUT /automations/workflows/{automation_flow_id}", "parameter_value"),
    ("PATCH /events/{event_id}", "is required"),
    ("POST /emails/activities/{campaign_activity_id}/schedules", "scheduled_date"),
];

/// Every action of the catalogue.
pub(crate) fn actions() -> impl Iterator<Item = &'static Action> {
    let catalog = Catalog::embedded();
    catalog.entries().iter().map(move |entry| catalog.action(entry.name).unwrap())
}

/// An input as the runtime takes it: with the defaults that its schema states.
pub(crate) fn filled(action: &Action, input: &Value) -> Map<String, Value> {
    let mut input = input.as_object().unwrap().clone();
    fill_defaults(&action.input, &mut input);
    input
}

fn operation(action: &Action) -> String {
    format!("{} {}", action.call.method, action.call.path)
}

fn credentials(action: &Action) -> Credentials {
    let token = SecretString::from("token");
    match action.authorizer {
        Authorizer::Account => Credentials::Bearer(token),
        Authorizer::Partner => Credentials::Partner { token, api_key: "key".to_owned() },
    }
}

/// Sends an input, and gives the status of the answer.
async fn status(client: &HttpClient, base: &Url, action: &Action, input: &Map<String, Value>) -> u16 {
    let call = bind(action, input, None).unwrap_or_else(|error| panic!("{}: {error:?}", action.name));
    let call = HttpCall {
        method: call.method,
        url: call.url(base),
        credentials: credentials(action),
        body: call.body,
        timeout: Duration::from_secs(10),
    };
    client.send(call).await.unwrap_or_else(|failure| panic!("{}: {failure:?}", action.name)).status
}

#[tokio::test]
async fn every_example_keeps_the_contract() {
    let excuses = EXCUSES.map(|(operation, part)| (operation.to_owned(), part.to_owned())).to_vec();
    let strict = Strict::start_with(excuses).await;
    let base = Url::parse(&strict.base).unwrap();
    let client = HttpClient::new(HttpSettings::default());
    let mut refused = Vec::new();

    for action in actions() {
        for example in &action.examples {
            let status = status(&client, &base, action, &filled(action, &example.input)).await;
            if status / 100 != 2 {
                refused.push(format!("{}, “{}”: {status}", action.name, example.title));
            }
        }
    }

    let complaints = strict.complaints();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    let unused = strict.unused_excuses();
    assert!(unused.is_empty(), "no example needs these excuses: {unused:?}");
    let known: BTreeSet<String> = actions().map(operation).collect();
    let seen: BTreeSet<String> = strict.seen().into_iter().map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(seen, known, "operations that were called, and those of the actions");
    assert_eq!(seen.len(), 128);
}

#[test]
fn every_excuse_is_a_deviation_that_its_action_states() {
    for (excused, _) in EXCUSES {
        let action = actions().find(|action| operation(action) == excused).unwrap();
        assert!(!action.deviations.is_empty(), "{} states no difference from the contract", action.name);
    }
}
