//! Answers judged by their contract.

use http::{HeaderMap, HeaderValue};

use crate::kit::Bench;

const DOCUMENT: &str = r#"
openapi: 3.0.3
info: {title: T, version: "1"}
paths:
  /a:
    get:
      responses:
        "200":
          description: fine
          headers:
            X-Rate: {required: true, schema: {type: integer}}
            X-Note: {schema: {type: string, maxLength: 2}}
          content:
            application/json:
              schema:
                type: object
                required: [id, name, secret]
                properties:
                  id: {type: string, readOnly: true}
                  name: {type: string}
                  secret: {type: string, writeOnly: true}
            text/plain: {schema: {type: integer}}
            image/*: {}
        "204": {description: nothing}
        4XX:
          description: wrong
          content:
            application/problem+json: {schema: {type: object, required: [title]}}
        default:
          description: else
          content:
            text/plain: {}
"#;

fn told(status: u16, media_type: Option<&str>, body: &str) -> Vec<String> {
    let bench = Bench::new(DOCUMENT);
    match bench.contract.operations()[0].check_response(status, media_type, body.as_bytes()) {
        Ok(()) => Vec::new(),
        Err(errors) => {
            errors.into_iter().map(|error| format!("{} {} {}", error.place, error.pointer, error.detail)).collect()
        }
    }
}

#[test]
fn answers_that_fit_pass() {
    for (status, media_type, body) in [
        (200, Some("application/json; charset=utf-8"), r#"{"id": "1", "name": "a"}"#),
        (200, Some("text/plain"), "5"),
        (200, Some("image/png"), "\u{1}"),
        (204, None, ""),
        (404, Some("application/problem+json"), r#"{"title": "x"}"#),
        (500, Some("text/plain"), "x"),
    ] {
        assert_eq!(told(status, media_type, body), [""; 0], "{status} {body}");
    }
}

#[test]
fn answers_that_do_not_fit_are_told_apart() {
    for (status, media_type, body, expected) in [
        (200, Some("application/json"), r#"{"name": 5}"#, &["body /id is required", "body /name must be text"][..]),
        (
            200,
            Some("application/json"),
            r#"{"id": "1", "name": "a", "secret": "s"}"#,
            &["body /secret is write-only and must not be sent back"],
        ),
        (
            200,
            Some("text/html"),
            "",
            &["header /content-type is a media type that the contract does not describe for this status"],
        ),
        (200, None, "{}", &["header /content-type must name a media type"]),
        (200, Some("text/plain"), "x", &["body  must be an integer"]),
        (204, None, "x", &["body  must be empty: the contract describes no content for this status"]),
        (404, Some("application/problem+json"), "{}", &["body /title is required"]),
        (
            500,
            Some("application/json"),
            "{}",
            &["header /content-type is a media type that the contract does not describe for this status"],
        ),
    ] {
        let mut found = told(status, media_type, body);
        found.sort();
        assert_eq!(found, expected, "{status} {body}");
    }
    assert!(told(200, Some("application/json"), "{")[0].starts_with("body  must be valid JSON"));
}

#[test]
fn a_status_that_is_not_described_is_told() {
    let bench = Bench::new(
        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {responses: {'200': {description: x}}}}}",
    );
    let errors = bench.contract.operations()[0].check_response(418, None, b"").unwrap_err();
    assert_eq!(
        (errors[0].place, errors[0].detail.as_str()),
        ("status", "is 418, which the contract does not describe")
    );
}

#[test]
fn required_headers_must_be_there_and_fit() {
    let bench = Bench::new(DOCUMENT);
    let operation = &bench.contract.operations()[0];
    let mut headers = HeaderMap::new();
    let errors = operation.check_response_headers(200, &headers).unwrap_err();
    assert_eq!((errors[0].pointer.as_str(), errors[0].detail.as_str()), ("/X-Rate", "is required"));
    headers.insert("x-rate", HeaderValue::from_static("5"));
    assert!(operation.check_response_headers(200, &headers).is_ok());
    headers.insert("x-note", HeaderValue::from_static("abc"));
    headers.insert("x-rate", HeaderValue::from_static("many"));
    assert_eq!(operation.check_response_headers(200, &headers).unwrap_err().len(), 2);
    assert!(operation.check_response_headers(404, &headers).is_ok());
}
