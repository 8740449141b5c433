//! Two contracts of the kinds that are really mounted: a loan's balance, and a laboratory that takes orders.

use http::Method;
use serde_json::{Value, json};

use crate::kit::{Ask, Bench, told};

const LOANS: &str = r##"
openapi: 3.0.3
info: {title: Loans, version: 1.0.0}
paths:
  /api/v1/loan/{id}/{date}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer, format: int64, minimum: 1}}
    get:
      operationId: loans.balance
      summary: What was owed at the end of a day
      parameters:
        - {name: date, in: path, required: true, schema: {type: string, format: date}}
      responses:
        "200":
          description: The balance
          content: {application/json: {schema: {type: string, pattern: '^-?\d+\.\d{2}$'}}}
        "404": {$ref: '#/components/responses/Problem'}
        "422": {$ref: '#/components/responses/Problem'}
components:
  responses:
    Problem:
      description: Why not
      content: {application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}}
  schemas:
    Problem:
      type: object
      required: [title, status]
      properties:
        title: {type: string}
        status: {type: integer, minimum: 400, maximum: 599}
        detail: {type: string}
"##;

#[test]
fn a_balance_is_asked_for_by_loan_and_date() {
    let bench = Bench::new(LOANS);
    assert_eq!(bench.get("/api/v1/loan/1/2020-10-31").unwrap(), json!({"id": 1, "date": "2020-10-31"}));
    assert_eq!(
        told(bench.get("/api/v1/loan/0/2020-02-30")),
        ["path /id must be at least 1", "path /date must be a date such as 2024-02-29"]
    );
    let operation = &bench.contract.operations()[0];
    assert!(operation.documents(422) && !operation.documents(400));
    assert!(operation.check_response(200, Some("application/json"), b"\"423.00\"\n").is_ok());
    assert!(operation.check_response(200, Some("application/json"), b"423.0").is_err());
    let problem = br#"{"title": "no such loan", "status": 404}"#;
    assert!(operation.check_response(404, Some("application/problem+json"), problem).is_ok());
}

const ORDERS: &str = r##"
openapi: 3.0.2
info: {title: Sequencing orders, version: 0.3.0}
servers: [{url: https://lab.example}]
security: [{bearer: []}]
paths:
  /order:
    post:
      operationId: orders.place
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/Order'}}
      responses:
        "200":
          description: Taken
          content: {application/json: {schema: {$ref: '#/components/schemas/Receipt'}}}
        "400": {description: Not taken}
  /order/{order_id}:
    get:
      parameters:
        - $ref: '#/components/parameters/OrderId'
      responses:
        "200": {description: Its state, content: {application/json: {schema: {$ref: '#/components/schemas/Receipt'}}}}
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer}
  parameters:
    OrderId: {name: order_id, in: path, required: true, schema: {type: string, pattern: '^OR-[0-9a-f]{8}$'}}
  schemas:
    Order:
      type: object
      additionalProperties: false
      required: [panel_id, read_uris]
      properties:
        panel_id: {type: string, minLength: 1}
        read_uris:
          type: array
          minItems: 1
          maxItems: 10
          items: {type: string, format: uri}
        patient_info:
          type: object
          additionalProperties: false
          properties:
            biological_sex: {type: string, enum: [MALE, FEMALE, OTHER]}
            date_of_birth: {type: string, format: date}
            family_name: {type: string, nullable: true}
        priority: {type: integer, default: 5, minimum: 1, maximum: 9}
    Receipt:
      type: object
      required: [order_id, state, submitted_at]
      properties:
        order_id: {type: string}
        state: {type: string, enum: [QUEUED, RUNNING, READY, FAILED]}
        submitted_at: {type: integer}
"##;

fn order(body: &Value) -> Result<Value, crossgate_contract::BindError> {
    Bench::new(ORDERS).post_json("/order", body)
}

#[test]
fn an_order_that_fits_is_taken_with_its_defaults() {
    let body = json!({"panel_id": "p1", "read_uris": ["s3://bucket/a.fastq", "https://h/b"],
        "patient_info": {"biological_sex": "OTHER", "date_of_birth": "1980-02-29", "family_name": null}});
    let mut expected = body.clone();
    expected["priority"] = json!(5);
    assert_eq!(order(&body).unwrap(), expected);
}

#[test]
fn everything_that_is_wrong_with_an_order_is_told_at_once() {
    let body = json!({
        "read_uris": ["s3://bucket/a.fastq", 3, "not a uri"],
        "patient_info": {"biological_sex": "X", "date_of_birth": "10/01/2022", "dateOfBirth": "1980-01-01", "family_name": 5},
        "priority": 10,
        "zzz": 1,
    });
    let mut errors = told(order(&body));
    errors.sort();
    assert_eq!(
        errors,
        [
            "body /panel_id is required",
            "body /patient_info/biological_sex must be one of MALE, FEMALE, OTHER",
            "body /patient_info/dateOfBirth is not a known field",
            "body /patient_info/date_of_birth must be a date such as 2024-02-29",
            "body /patient_info/family_name must be text or null",
            "body /priority must be at most 9",
            "body /read_uris/1 must be text",
            "body /read_uris/2 must be an absolute URI such as https://example.com/a",
            "body /zzz is not a known field",
        ]
    );
    let misspelt = json!({"panel_id": "p", "read_uris": ["a:b"], "patient_info": {"date_of_brith": "1980-01-01"}});
    assert_eq!(
        told(order(&misspelt)),
        ["body /patient_info/date_of_brith is not a known field; did you mean `date_of_birth`?"]
    );
}

#[test]
fn an_order_is_looked_up_by_its_number() {
    let bench = Bench::new(ORDERS);
    assert_eq!(bench.get("/order/OR-0a1b2c3d").unwrap(), json!({"order_id": "OR-0a1b2c3d"}));
    assert_eq!(told(bench.get("/order/QR-1")), ["path /order_id must match the pattern ^OR-[0-9a-f]{8}$"]);
    let form = Ask::to("/order").body("text/plain", "x");
    assert_eq!(told(bench.ask(&Method::POST, &form)), ["unsupported; expected application/json"]);
}
