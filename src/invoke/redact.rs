//! What the run log may keep of an input and of an error: that something was there and of what kind, never what it
//! said. Pure, and by the action's own schema.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::refusal::WEB_PAGE;
use crate::protocol::ActionError;

/// Entries of a list that are shown; an import has thousands of them.
const SHOWN: usize = 20;

/// What stands for a secret, whatever its type.
const SECRET: &str = "«secret»";

/// The input with its names and types, its choices, numbers, truth values and ids; every other text as its length.
pub(super) fn input(schema: &Value, input: &Map<String, Value>) -> Value {
    object(schema, input)
}

/// An error's words without those of the service, which may repeat what they refuse.
pub(super) fn error(error: &ActionError) -> String {
    let Some(said) = error.upstream.as_deref() else { return error.detail.clone() };
    let words = said.error_message.as_deref().filter(|words| !words.is_empty() && *words != WEB_PAGE);
    let ours = words.map_or_else(|| error.detail.clone(), |words| error.detail.replace(words, &length(words)));
    match said.error_key.as_deref().filter(|key| !ours.contains(*key)) {
        Some(key) => format!("{ours} ({key})"),
        None => ours,
    }
}

fn value(schema: &Value, value: &Value) -> Value {
    if schema["x-ui"]["secret"] == true {
        return Value::from(SECRET);
    }
    match value {
        Value::Object(map) => object(schema, map),
        Value::Array(list) => array(schema, list),
        Value::String(text) if is_open(schema, text) => value.clone(),
        Value::String(text) => Value::from(length(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn object(schema: &Value, map: &Map<String, Value>) -> Value {
    let shown = map.iter().map(|(name, inner)| (name.clone(), value(&schema["properties"][name], inner)));
    Value::Object(shown.collect())
}

fn array(schema: &Value, list: &[Value]) -> Value {
    let mut shown: Vec<Value> = list.iter().take(SHOWN).map(|entry| value(&schema["items"], entry)).collect();
    if list.len() > SHOWN {
        shown.push(Value::from(format!("«{} more»", list.len() - SHOWN)));
    }
    Value::Array(shown)
}

/// A choice or an id: it tells nothing about anybody. Looked at once more, for schemas do not always bind.
fn is_open(schema: &Value, text: &str) -> bool {
    let chosen = schema["enum"].as_array().is_some_and(|choices| choices.iter().any(|choice| choice == text));
    chosen || schema["const"] == text || (schema["format"] == "uuid" && Uuid::try_parse(text).is_ok())
}

fn length(text: &str) -> String {
    match text.chars().count() {
        1 => "«1 character»".to_owned(),
        n => format!("«{n} characters»"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        catalog::Catalog,
        protocol::{ActionError, Code, Upstream},
    };

    fn redacted(action: &str, input: Value) -> Value {
        let Value::Object(input) = input else { panic!("an object") };
        super::input(&Catalog::embedded().action(action).unwrap().input, &input)
    }

    #[test]
    fn names_types_choices_numbers_and_ids_stay_and_texts_become_their_length() {
        let id = "5b9cbf1e-2f4a-11ef-8a0f-fa163e123456";
        let given = json!({
            "contact_id": id, "update_source": "Account", "first_name": "Noor", "birthday_month": 4,
            "email_address": { "address": "noor@example.com" }, "list_memberships": [id, "not an id"]
        });
        let expected = json!({
            "contact_id": id, "update_source": "Account", "first_name": "«4 characters»", "birthday_month": 4,
            "email_address": { "address": "«16 characters»" }, "list_memberships": [id, "«9 characters»"]
        });
        assert_eq!(redacted("update_contact", given), expected);
    }

    #[test]
    fn a_secret_leaves_not_even_its_length() {
        let shown = redacted("create_partner_account", json!({ "password": "Teal-Anchor!2026" }));
        assert_eq!(shown, json!({ "password": "«secret»" }));
    }

    #[test]
    fn of_a_long_list_the_beginning_is_enough() {
        let rows: Vec<Value> = (0..5_000).map(|i| json!({ "email": format!("p{i}@example.com") })).collect();
        let shown = redacted("start_contact_json_import_job", json!({ "import_data": rows }));
        let list = shown["import_data"].as_array().unwrap();
        assert_eq!((list.len(), &list[20]), (21, &json!("«4980 more»")));
        assert!(!shown.to_string().contains('@'));
    }

    #[test]
    fn no_text_of_any_example_comes_through() {
        for entry in Catalog::embedded().entries() {
            let action = Catalog::embedded().action(entry.name).unwrap();
            for example in &action.examples {
                let given = example.input.as_object().cloned().unwrap_or_default();
                let shown = super::input(&action.input, &given).to_string();
                assert!(!shown.contains('@'), "{}: {shown}", entry.name);
            }
        }
    }

    #[test]
    fn an_error_keeps_our_words_and_loses_the_services() {
        let said = "noor@example.com is taken";
        let error = ActionError::new(Code::Conflict, format!("the service answered 409: {said}; look it up"));
        let upstream = Upstream {
            status: 409,
            error_key: Some("contacts.api.conflict".to_owned()),
            error_message: Some(said.to_owned()),
            ..Upstream::default()
        };
        let words = super::error(&error.upstream(upstream));
        assert_eq!(words, "the service answered 409: «25 characters»; look it up (contacts.api.conflict)");
    }
}
