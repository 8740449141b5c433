//! The contract, the Swagger document and the service's table say the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::kit::Kit;

/// Each operation, as `METHOD path`, with its identifier and its statuses.
fn operations(document: &Value) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            let statuses = operation["responses"].as_object().unwrap().keys().cloned().collect();
            let id = operation["operationId"].as_str().unwrap().to_owned();
            operations.insert(format!("{} {path}", method.to_uppercase()), (id, statuses));
        }
    }
    operations
}

fn contract() -> Value {
    serde_saphyr::from_str(crossgate_loans::CONTRACT).unwrap()
}

#[tokio::test]
async fn every_row_of_the_table_is_an_operation_of_the_contract_and_the_other_way_round() {
    let kit = Kit::new().await;
    let rows: BTreeMap<String, String> = crossgate_loans::service(&kit.ledger)
        .procedures
        .iter()
        .map(|row| (row.operation.unwrap().to_owned(), row.name.to_owned()))
        .chain([("POST /token".to_owned(), "identity.login".to_owned())])
        .collect();
    let promised: BTreeMap<String, String> =
        operations(&contract()).into_iter().map(|(operation, (id, _))| (operation, id)).collect();
    assert_eq!(rows, promised);
}

#[test]
fn the_swagger_document_promises_what_the_contract_promises() {
    let swagger: Value = serde_json::from_str(crossgate_loans::SWAGGER).unwrap();
    assert_eq!(swagger["swagger"], "2.0");
    assert_eq!(operations(&swagger), operations(&contract()));
    let schemas = |schemas: &Value| schemas.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(schemas(&swagger["definitions"]), schemas(&contract()["components"]["schemas"]));
}

#[test]
fn only_the_token_is_given_without_a_token() {
    let contract = contract();
    assert_eq!(contract["security"], serde_json::json!([{"bearer": []}]));
    for (path, item) in contract["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values().filter(|operation| operation.is_object()) {
            assert_eq!(operation.get("security").is_some(), path == "/token", "{path}");
        }
    }
}

/// What a contract refuses must not be what the service accepts: path parameters are no stricter than its own rules.
#[test]
fn the_path_of_a_balance_is_left_to_the_service_to_judge() {
    let contract = contract();
    let loan_id = &contract["components"]["parameters"]["loan_id"]["schema"];
    assert_eq!(*loan_id, serde_json::json!({"type": "integer", "minimum": 0}));
    let date = &contract["paths"]["/api/v1/loan/{loan_id}/{date}"]["parameters"][1]["schema"];
    assert_eq!(*date, serde_json::json!({"type": "string"}));
}
