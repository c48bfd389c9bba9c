//! What holds of every export, whatever the catalogue says.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Document, actions, docs, error_table, json_schema, openapi, retry_table, scope_table};
use crate::{catalog::Catalog, protocol::Code};

fn api() -> Value {
    let document = openapi(Catalog::embedded()).remove(0);
    serde_json::from_str(&document.text).unwrap()
}

fn operation<'a>(api: &'a Value, name: &str) -> &'a Value {
    let paths = api["paths"].as_object().unwrap().values();
    let mut operations = paths.flat_map(|path| path.as_object().unwrap().values());
    operations.find(|operation| operation["operationId"] == name).unwrap()
}

fn body<'a>(api: &'a Value, name: &str) -> &'a Value {
    &operation(api, name)["requestBody"]["content"]["application/json"]["schema"]
}

#[test]
fn paths_are_unique_and_every_text_ends_its_last_line() {
    let catalog = Catalog::embedded();
    for export in [json_schema(catalog), openapi(catalog), docs(catalog)] {
        let paths: BTreeSet<&str> = export.iter().map(|document| document.path.as_str()).collect();
        assert_eq!(paths.len(), export.len());
        assert!(export.iter().all(|document| document.text.ends_with('\n')));
    }
}

#[test]
fn schemas_stand_alone() {
    let catalog = Catalog::embedded();
    let documents = json_schema(catalog);
    assert_eq!(documents.len(), 2 + 2 * catalog.entries().len());
    for Document { path, text } in &documents {
        let schema: Value = serde_json::from_str(text).unwrap();
        assert!(!text.contains("\"$ref\""), "{path} refers to something");
        if path.starts_with("actions/") {
            assert_eq!(schema.as_object().unwrap().keys().next().unwrap(), "$schema", "{path}");
            crate::schema::compile(&schema).unwrap();
        }
    }
}

#[test]
fn every_action_is_an_operation_with_all_of_its_path() {
    let api = api();
    for action in actions(Catalog::embedded()) {
        let operation = operation(&api, &action.name);
        let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
        for name in action.call.path_variables() {
            assert!(parameters.iter().any(|p| p["in"] == "path" && p["name"] == name), "{} {name}", action.name);
        }
        assert!(parameters.iter().all(|p| p["description"].is_string()), "{}", action.name);
        assert!(operation["responses"].as_object().unwrap().len() >= 2, "{}", action.name);
        assert!(!operation["security"].as_array().unwrap().is_empty(), "{}", action.name);
    }
}

#[test]
fn a_body_holds_what_the_address_does_not_in_the_form_of_the_wire() {
    let api = api();
    assert!(body(&api, "update_contact")["properties"]["contact_id"].is_null());
    assert!(body(&api, "update_contact")["dependentRequired"].is_object());
    assert_eq!(body(&api, "create_segment")["properties"]["segment_criteria"]["contentMediaType"], "application/json");
    assert_eq!(body(&api, "create_automation")["properties"]["segment_id"]["type"], "string");
    assert!(body(&api, "create_automation")["properties"]["workflow_name"].is_null());
    let import = &operation(&api, "start_contact_file_import_job")["requestBody"]["content"]["multipart/form-data"];
    assert_eq!(import["schema"]["properties"]["file"]["contentMediaType"], "application/octet-stream");
}

#[test]
fn what_no_schema_can_say_is_said_in_words() {
    let api = api();
    let words = operation(&api, "list_account_emails")["description"].as_str().unwrap();
    assert!(words.contains("Use only one of"), "{words}");
    assert!(operation(&api, "list_contacts")["responses"]["202"]["content"].is_null());
    assert!(operation(&api, "download_contact_export")["responses"]["200"]["content"]["text/csv"].is_object());
}

#[test]
fn pages_tell_of_every_action_and_tables_of_every_code_and_scope() {
    let catalog = Catalog::embedded();
    let pages = docs(catalog);
    for action in actions(catalog) {
        let page = pages.iter().find(|page| page.path == format!("{}.md", action.resource)).unwrap();
        assert!(page.text.contains(&format!("<a id=\"{}\"></a>", action.name)), "{}", action.name);
    }
    assert!(catalog.manifest().scopes.keys().all(|scope| scope_table(catalog).contains(&format!("| `{scope}` |"))));
    assert!(Code::ALL.iter().all(|code| error_table().contains(&format!("| `{}` |", code.as_str()))));
    assert!(retry_table().contains("| `outcome_unknown` |"));
}
