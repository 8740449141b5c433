//! One target per parser: whatever comes in, an answer comes out. They run briefly here, and long under a fuzzer.

use std::panic::{AssertUnwindSafe, RefUnwindSafe};

use bolero::check;
use crossgate_contract::{BindError, Contract, FIELD_ERRORS_MAX, Match, Options, Request};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use crate::kit::{Bench, document};

/// Runs of each target under plain `cargo test`.
const RUNS: usize = 2_000;

/// Every style and every place, and bodies of every kind.
fn everything() -> Bench {
    let scalar = json!({"type": ["integer", "null"], "minimum": 0});
    let list = json!({"type": "array", "items": {"type": "number"}, "uniqueItems": true});
    let object = json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "boolean"}}}});
    let mut parameters = vec![
        json!({"name": "p", "in": "path", "required": true, "style": "matrix", "explode": true, "schema": object}),
        json!({"name": "q", "in": "path", "required": true, "style": "label", "schema": list}),
        json!({"name": "r", "in": "path", "required": true, "schema": scalar}),
        json!({"name": "json", "in": "query", "content": {"application/json": {"schema": object}}}),
        json!({"name": "deep", "in": "query", "style": "deepObject", "schema": object}),
        json!({"name": "open", "in": "query", "schema": {"type": "object", "additionalProperties": {"type": "integer"}}}),
        json!({"name": "X-H", "in": "header", "schema": list}),
        json!({"name": "c", "in": "cookie", "schema": object}),
    ];
    for (index, style) in ["form", "spaceDelimited", "pipeDelimited"].into_iter().enumerate() {
        for explode in [false, true] {
            let name = format!("s{index}{explode}");
            parameters.push(json!({"name": name, "in": "query", "style": style, "explode": explode, "schema": list}));
        }
    }
    let form = json!({"schema": {"type": "object", "properties": {"m": {"type": "integer"}, "n": object, "o": {"type": "array", "items": {"type": "string", "format": "binary"}}}}});
    let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}},
        "application/x-www-form-urlencoded": form, "multipart/form-data": form, "text/*": {}, "*/*": {}});
    let operation = json!({"parameters": parameters, "requestBody": {"content": content}, "responses": {"200": {"description": "x"}}});
    let schemas = json!({"Tree": {"type": "object", "properties": {"t": {"anyOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}]},
        "d": {"type": "string", "format": "date-time"}, "u": {"type": "string", "format": "uri"}, "e": {"type": "string", "format": "email"}}}});
    Bench::with(
        &document("3.1.0", &json!({"/a/{p}/{q}/x{r}.y": {"post": operation}}), &schemas),
        Options { strict_query: true, ..Options::default() },
    )
}

/// An answer, and one that keeps its promises.
fn judge(outcome: &Result<Value, BindError>) {
    match outcome {
        Ok(value) => assert!(value.is_object()),
        Err(BindError::UnsupportedMediaType { expected }) => assert!(!expected.is_empty()),
        Err(BindError::Invalid(errors)) => {
            assert!(!errors.is_empty() && errors.len() <= FIELD_ERRORS_MAX + 1);
            for error in errors {
                assert!(!error.detail.is_empty() && error.detail.chars().count() < 400, "{error:?}");
                assert!(error.pointer.is_empty() || error.pointer.starts_with('/'), "{error:?}");
            }
        }
    }
}

fn send(bench: &Bench, query: Option<&str>, headers: &HeaderMap, body: &[u8]) -> Result<Value, BindError> {
    let Match::Found { operation, path, .. } = bench.table.find(&Method::POST, "/a/;a=1/.1/x1.y") else {
        panic!("no path")
    };
    operation.bind(Request { path: &path, query, headers, body })
}

fn fuzz_body(media_type: &'static str) -> impl Fn(&[u8]) + RefUnwindSafe {
    let bench = AssertUnwindSafe(everything());
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(media_type));
    let headers = AssertUnwindSafe(headers);
    move |body: &[u8]| {
        let (bench, headers) = (&bench, &headers);
        judge(&send(bench, None, headers, body));
    }
}

#[test]
fn any_document_is_read_or_refused() {
    check!().with_iterations(RUNS).for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        for file in ["f.yaml", "f.json"] {
            if let Err(faults) = Contract::parse(file, &text, Options::default()) {
                assert!(!faults.is_empty() && faults.iter().all(|fault| fault.line > 0 && fault.column > 0));
            }
        }
    });
}

#[test]
fn any_path_and_query_are_bound_or_refused() {
    let bench = AssertUnwindSafe(everything());
    check!().with_iterations(RUNS).with_type::<(Vec<u8>, Vec<u8>)>().for_each(|(path, query)| {
        let bench = &bench;
        let (path, query) = (String::from_utf8_lossy(path), String::from_utf8_lossy(query));
        let headers = HeaderMap::new();
        judge(&send(bench, Some(&query), &headers, b""));
        if let Match::Found { operation, path, .. } = bench.table.find(&Method::POST, &format!("/a/{path}/x{query}.y"))
        {
            judge(&operation.bind(Request { path: &path, query: None, headers: &headers, body: b"" }));
        }
    });
}

#[test]
fn any_header_and_cookie_are_bound_or_refused() {
    let bench = AssertUnwindSafe(everything());
    check!().with_iterations(RUNS).for_each(|bytes: &[u8]| {
        let bench = &bench;
        let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
        for name in ["x-h", "cookie", "content-type"] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.clone());
            judge(&send(bench, None, &headers, b"x"));
        }
    });
}

#[test]
fn any_json_body_is_bound_or_refused() {
    let run = fuzz_body("application/json");
    check!().with_iterations(RUNS).for_each(|bytes: &[u8]| run(bytes));
    // Random bytes are seldom JSON; pieces of JSON are.
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"t\"",
        "\"d\"",
        "\"\\ud800\"",
        "1",
        "-99999999999999999999",
        "1e400",
        "null",
        " ",
    ];
    check!().with_iterations(RUNS).for_each(|bytes: &[u8]| {
        let text: String =
            bytes.iter().filter_map(|byte| PIECES.get(usize::from(*byte) % PIECES.len())).copied().collect();
        run(text.as_bytes());
    });
}

#[test]
fn any_multipart_body_is_bound_or_refused() {
    let run = fuzz_body("multipart/form-data; boundary=B");
    const PIECES: &[&[u8]] = &[
        b"--B",
        b"--",
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Disposition: form-data; name=m",
        b"; name=\"n",
        b"Content-Type: application/json",
        b"{}",
        b"\xff",
        b"B",
    ];
    check!().with_iterations(RUNS).for_each(|bytes: &[u8]| {
        run(bytes);
        let body: Vec<u8> = bytes
            .iter()
            .filter_map(|byte| PIECES.get(usize::from(*byte) % PIECES.len()))
            .copied()
            .flatten()
            .copied()
            .collect();
        run(&body);
    });
}

#[test]
fn any_form_body_is_bound_or_refused() {
    let run = fuzz_body("application/x-www-form-urlencoded");
    check!().with_iterations(RUNS).for_each(|bytes: &[u8]| run(bytes));
}
