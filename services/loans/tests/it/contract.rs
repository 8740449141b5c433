//! The contract, the Swagger document and the service say the same: in their lists, and in every answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crossgate_call::{Error, Kind, Outcome};
use crossgate_contract::{BindError, Contract, Match, Options, Request, Table};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use crate::kit::Kit;

fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| Contract::parse("loans.yaml", crossgate_loans::CONTRACT, Options::default()).unwrap())
}

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

/// A request through the contract: bound, called, and its answer checked. What the contract refuses is answered with
/// the place, as the door would.
async fn ask(kit: &Kit, method: Method, path_and_query: &str, body: Value) -> Result<Value, Error> {
    let mut table = Table::new();
    for operation in contract().operations() {
        table.insert("", operation.clone(), ()).unwrap();
    }
    let (path, query) =
        path_and_query.split_once('?').map_or((path_and_query, None), |(path, query)| (path, Some(query)));
    let Match::Found { operation, path, .. } = table.find(&method, path) else {
        panic!("no operation {path_and_query}")
    };
    let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(&body).unwrap() };
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("idempotency-key", HeaderValue::from_str(&format!("{path_and_query} {}", body.len())).unwrap());
    let input = match operation.bind(Request { path: &path, query, headers: &headers, body: &body }) {
        Ok(input) => input,
        Err(BindError::Invalid(errors)) => {
            let fields = errors.into_iter().map(|e| crossgate_call::Field::new(e.place, e.pointer, e.detail)).collect();
            return Err(Error::invalid("refused by the contract", fields));
        }
        Err(error) => panic!("{error:?}"),
    };
    let (status, value) = match kit.call(operation.id().unwrap(), input).await? {
        Outcome::Value(value) => (200, value),
        Outcome::Created { value, .. } => (201, value),
        other => panic!("{other:?}"),
    };
    assert_eq!(status, operation.success_status());
    operation.check_response(status, Some("application/json"), &value.bytes()).unwrap();
    Ok(value.value().unwrap().clone())
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
        operations(contract().document()).into_iter().map(|(operation, (id, _))| (operation, id)).collect();
    assert_eq!(rows, promised);
}

#[tokio::test]
async fn every_answer_is_one_that_the_contract_describes() {
    let kit = Kit::demo().await;
    let get = |path: &'static str| ask(&kit, Method::GET, path, Value::Null);
    assert_eq!(get("/api/v1/loan/1/2020-10-31").await.unwrap(), "3215.97");
    assert_eq!(get("/api/v1/loan/0003/9999-12-31").await.unwrap(), "-4.20");
    get("/status").await.unwrap();
    get("/api/v1/loans?limit=2").await.unwrap();
    assert_eq!(get("/api/v1/loans/6").await.unwrap()["balance"], Value::Null);
    get("/api/v1/loans/1/entries/1").await.unwrap();
    let history = get("/api/v1/loan/1/history?from=2020-01-01&to=2020-12-31&limit=3").await.unwrap();
    let next = format!("/api/v1/loan/1/history?cursor={}", history["next"].as_str().unwrap());
    ask(&kit, Method::GET, &next, Value::Null).await.unwrap();

    let payment = json!({"type": "payment", "effective_on": "2020-11-02", "amount": "10.00", "note": "by hand"});
    let posted = ask(&kit, Method::POST, "/api/v1/loans/1/entries", payment).await.unwrap();
    let reversal = format!("/api/v1/loans/1/entries/{}/reversal", posted["seq"]);
    let reversed = ask(&kit, Method::POST, &reversal, json!({})).await.unwrap();
    assert_eq!(reversed["reverses"], posted["seq"]);
    get("/api/v1/loan/1/history?from=2020-11-01&to=2020-11-30").await.unwrap();
}

#[tokio::test]
async fn the_contract_is_no_stricter_with_a_balance_than_the_service() {
    let kit = Kit::demo().await;
    for (path, refused) in [
        ("/api/v1/loan/99999999999999999999/2020-10-31", Kind::NotFound),
        ("/api/v1/loan/9223372036854775808/2020-10-31", Kind::NotFound),
        ("/api/v1/loan/3000000000/2020-10-31", Kind::NotFound),
        ("/api/v1/loan/1/2019-01-01", Kind::NotFound),
        ("/api/v1/loan/1/2020-02-30", Kind::Invalid),
        ("/api/v1/loan/1/garbage", Kind::Invalid),
        ("/api/v1/loan/-1/2020-10-31", Kind::Invalid),
        ("/api/v1/loan/x/2020-10-31", Kind::Invalid),
    ] {
        assert_eq!(ask(&kit, Method::GET, path, Value::Null).await.unwrap_err().kind(), refused, "{path}");
    }
    assert_eq!(ask(&kit, Method::GET, "/api/v1/loan/1/2020-2-9", Value::Null).await.unwrap(), "4469.64");
}

#[test]
fn what_does_not_fit_is_answered_with_422_wherever_a_loan_is_named() {
    for operation in contract().operations().iter().filter(|operation| operation.template().contains("loan_id")) {
        assert!(operation.documents(422) && !operation.documents(400), "{}", operation.template());
        assert!(operation.documents(404));
    }
}

#[test]
fn the_swagger_document_promises_what_the_contract_promises() {
    let swagger: Value = serde_json::from_str(crossgate_loans::SWAGGER).unwrap();
    let contract = contract();
    let document = contract.document();
    assert_eq!(swagger["swagger"], "2.0");
    assert_eq!(operations(&swagger), operations(document));
    let names = |schemas: &Value| -> BTreeMap<String, Option<BTreeSet<String>>> {
        let members = |schema: &Value| Some(schema["properties"].as_object()?.keys().cloned().collect());
        schemas.as_object().unwrap().iter().map(|(name, schema)| (name.clone(), members(schema))).collect()
    };
    assert_eq!(names(&swagger["definitions"]), names(&document["components"]["schemas"]));
}

#[test]
fn only_the_token_is_given_without_a_token() {
    let contract = contract();
    let document = contract.document();
    assert_eq!(document["security"], json!([{"bearer": []}]));
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values().filter(|operation| operation.is_object()) {
            assert_eq!(operation.get("security").is_some(), path == "/token", "{path}");
        }
    }
}
