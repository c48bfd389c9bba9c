//! A contract of one page, and actions that keep it, break it, or say why they differ.

use serde_json::{Value, json};

use super::shape::Shapes;
use super::{Contract, Report, compare, from_swagger};
use crate::catalog::bundle::Side;
use crate::catalog::model::Action;

/// What a vendor might publish: one list with filters, one thing that holds itself.
fn swagger() -> Value {
    json!({
        "swagger": "2.0", "info": { "version": "3.1", "description": "Words." }, "host": "example.com", "basePath": "/v3",
        "consumes": ["application/json"], "produces": ["application/json"],
        "paths": {
            "/empty": {},
            "/things/{thing_id}": { "put": {
                "tags": ["Things"], "operationId": "putThing", "description": "Words.",
                "parameters": [
                    { "name": "thing_id", "in": "path", "required": true, "type": "string", "format": "uuid", "x-example": "1" },
                    { "name": "kinds", "in": "query", "type": "string", "format": "csv", "items": { "type": "string", "enum": ["a", "b"] } },
                    { "name": "limit", "in": "query", "type": "string", "default": "50", "minimum": 1, "maximum": 500 },
                    { "name": "body", "in": "body", "required": true, "schema": { "$ref": "#/definitions/Thing" } }
                ],
                "responses": { "200": { "description": "Words.", "schema": { "$ref": "#/definitions/Thing" } }, "404": { "$ref": "#/responses/Gone" } },
                "security": [{ "oauth2_implicit": ["data"] }, { "oauth2_access_code": ["data"] }],
                "x-authorization-privileges": ["things:write"]
            } }
        },
        "responses": { "Gone": { "description": "Words." } },
        "definitions": { "Thing": {
            "type": "object", "required": ["title"], "description": "Words.",
            "properties": {
                "title": { "type": "string", "maxLength": 50, "example": "Words", "title": "Words" },
                "made_at": { "type": "string", "format": "date-time", "readOnly": true },
                "within": { "type": "array", "items": { "$ref": "#/definitions/Thing" } }
            }
        } }
    })
}

fn contract() -> Contract {
    from_swagger(&swagger()).unwrap()
}

/// An action that keeps that contract.
fn action() -> Value {
    let inner = json!({ "type": "object", "title": "Thing" });
    json!({
        "name": "update_thing", "title": "Update thing", "description": "Changes a thing.", "effect": "update",
        "scopes": ["data"], "privileges": ["things:write"],
        "call": {
            "method": "PUT", "path": "/things/{thing_id}", "body": "rest", "success": [200],
            "query": [{ "name": "kinds", "style": "csv" }, { "name": "limit", "from": "page_size", "style": "plain" }]
        },
        "input": { "type": "object", "required": ["thing_id", "title"], "properties": {
            "thing_id": { "type": "string", "format": "uuid" },
            "kinds": { "type": "array", "items": { "type": "string", "enum": ["b", "a"] } },
            "page_size": { "type": "integer", "minimum": 1, "maximum": 500 },
            "title": { "type": "string", "maxLength": 50 },
            "within": { "type": "array", "items": inner }
        } },
        "output": { "type": "object", "properties": {
            "title": { "type": "string" },
            "made_at": { "type": "string" },
            "within": { "type": "array", "items": inner }
        } },
        "examples": []
    })
}

fn held(action: Value) -> Report {
    let action: Action = serde_json::from_value(action).unwrap();
    compare(&contract(), &[&action])
}

/// The places that the report leaves unexplained.
fn places(action: Value) -> Vec<String> {
    held(action).unexplained.into_iter().map(|difference| difference.place).collect()
}

#[test]
fn a_swagger_document_becomes_facts_without_words() {
    let contract = contract();
    let operation = contract.operation("PUT", "/things/{thing_id}").unwrap();
    assert_eq!(contract.operations.len(), 1, "a path without methods adds nothing");
    assert_eq!((operation.operation_id.as_str(), operation.tag.as_str()), ("putThing", "Things"));
    assert_eq!(operation.scopes, ["data"], "alternative schemes ask for it twice");
    assert_eq!(operation.privileges, ["things:write"]);
    assert_eq!(operation.authorizer, ["oauth2_access_code", "oauth2_implicit"]);
    assert_eq!(operation.responses["404"], None);
    let thing = &contract.definitions["Thing"];
    let title = json!({ "type": "string", "maxLength": 50 });
    assert_eq!(thing["properties"]["title"], title, "a property may be called title");
    let facts = serde_json::to_string(&contract).unwrap();
    assert!(!facts.contains("Words") && !facts.contains("x-example"), "{facts}");
    assert_eq!(Contract::from_json(&facts).unwrap(), contract, "facts survive being written and read");
}

#[test]
fn what_is_no_swagger_is_refused() {
    assert!(from_swagger(&json!({ "openapi": "3.1.0", "paths": {} })).is_err());
    assert!(from_swagger(&json!({ "swagger": "2.0" })).is_err());
}

#[test]
fn an_action_that_keeps_the_contract_is_clean() {
    let report = held(action());
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.matched, ["PUT /things/{thing_id}"]);
}

#[test]
fn each_kind_of_difference_is_found_at_its_place() {
    let cases = [
        ("/scopes", json!([]), "scopes"),
        ("/privileges", json!([]), "privileges"),
        ("/authorizer", json!("partner"), "authorizer"),
        ("/call/success", json!([201]), "call.success"),
        ("/call/query/0/name", json!("kind"), "call.query.kinds"),
        ("/call/body", json!("none"), "call.body"),
        ("/input/required", json!(["title"]), "input.thing_id.required"),
        ("/input/required", json!(["thing_id"]), "input.title.required"),
        ("/input/properties/thing_id/format", json!("email"), "input.thing_id.format"),
        ("/input/properties/kinds/items/enum", json!(["a"]), "input.kinds.enum"),
        ("/input/properties/kinds/maxItems", json!(3), "input.kinds.maxItems"),
        ("/input/properties/page_size/maximum", json!(100), "input.page_size.maximum"),
        ("/input/properties/title/maxLength", json!(51), "input.title.maxLength"),
        ("/input/properties/title/type", json!("boolean"), "input.title.type"),
        ("/input/properties/made_at", json!({ "type": "string" }), "input.made_at"),
        ("/output/properties/more", json!({ "type": "string" }), "output.more"),
        ("/output/properties/within/items/type", json!("string"), "output.within[].type"),
        ("/output/properties/title/enum", json!(["a"]), "output.title.enum"),
    ];
    for (pointer, value, place) in cases {
        let mut action = action();
        put(&mut action, pointer, value);
        let places = places(action);
        assert!(places.iter().any(|found| found == place), "{pointer}: {place} not in {places:?}");
    }
}

/// Writes a value into a document; the last name of the pointer may be new.
fn put(document: &mut Value, pointer: &str, value: Value) {
    let (holder, name) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(holder).unwrap()[name] = value;
}

#[test]
fn a_stated_difference_is_allowed_and_a_stale_statement_is_not() {
    let mut action = action();
    put(&mut action, "/input/properties/title/maxLength", json!(40));
    let because = "Longer titles are cut without a word.";
    action["deviations"] = json!([
        { "where": "input.title.maxLength", "kind": "stricter", "because": because },
        { "where": "input.title.pattern", "kind": "stricter", "because": "It was once so." }
    ]);
    let report = held(action);
    assert!(report.unexplained.is_empty(), "{report}");
    assert_eq!(report.stale.iter().map(|stale| stale.place.as_str()).collect::<Vec<_>>(), ["input.title.pattern"]);
    let table = report.to_string();
    assert!(table.contains(&format!("stricter  {because}\n      input.title.maxLength")), "{table}");
}

#[test]
fn operations_come_and_go() {
    let mut action = action();
    put(&mut action, "/call/method", json!("PATCH"));
    let report = held(action);
    assert_eq!(report.added, ["PUT /things/{thing_id}"]);
    assert_eq!(report.removed, ["update_thing"]);
}

#[test]
fn what_all_of_brings_in_is_compared_too() {
    let definitions = json!({ "Base": { "properties": { "a": { "type": "string" } }, "required": ["a"] } });
    let contract: Contract = serde_json::from_value(json!({ "operations": [], "definitions": definitions })).unwrap();
    let own = json!({ "properties": { "b": { "type": "string" } } });
    let theirs = json!({ "allOf": [{ "$ref": "#/definitions/Base" }, own] });
    let mut shapes = Shapes::new(&contract, Side::Input);
    shapes.compare("input", &theirs, &json!({ "type": "object", "properties": { "a": { "type": "string" } } }));
    let places: Vec<&str> = shapes.found.iter().map(|found| found.place.as_str()).collect();
    assert_eq!(places, ["input.b", "input.a.required"]);
}

#[test]
fn references_in_a_circle_end() {
    let definitions = json!({ "A": { "$ref": "#/definitions/B" }, "B": { "$ref": "#/definitions/A" } });
    let contract: Contract = serde_json::from_value(json!({ "operations": [], "definitions": definitions })).unwrap();
    let theirs = json!({ "$ref": "#/definitions/A" });
    let mut shapes = Shapes::new(&contract, Side::Output);
    shapes.compare("output", &theirs, &json!({ "type": "string" }));
    assert!(shapes.found.is_empty());
}
