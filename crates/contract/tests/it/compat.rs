//! The `compat` switch: what a lenient Python server accepts.

use crossgate_contract::{Contract, Options};
use http::Method;
use serde_json::json;

use crate::kit::{Ask, Bench, document, get};

fn lenient() -> Options {
    Options { compat: true, ..Options::default() }
}

#[test]
fn parameters_are_read_leniently() {
    let parameters = json!([
        {"name": "id", "in": "query", "schema": {"type": "integer"}},
        {"name": "flag", "in": "query", "schema": {"type": "boolean"}},
        {"name": "text", "in": "query", "schema": {"type": "string"}},
        {"name": "list", "in": "query", "explode": false, "schema": {"type": "array", "items": {"type": "string"}}},
        {"name": "date", "in": "query", "schema": {"type": "string", "format": "date"}},
    ]);
    let text = document("3.0.3", &json!({"/p": get(&parameters)}), &json!({}));
    let strict = Bench::new(&text);
    let compat = Bench::with(&text, lenient());
    for (query, expected) in [
        ("id=007", json!({"id": 7})),
        ("id=%2B7", json!({"id": 7})),
        ("flag=True", json!({"flag": true})),
        ("text=a&text=b", json!({"text": "b"})),
        ("text=100%", json!({"text": "100%"})),
        ("date=10/01/2022", json!({"date": "10/01/2022"})),
    ] {
        let target = format!("/p?{query}");
        assert_eq!(compat.get(&target).unwrap(), expected, "{query}");
        assert!(strict.get(&target).is_err(), "{query}");
    }
    assert_eq!(compat.get("/p?list=a%2Cb").unwrap(), json!({"list": ["a", "b"]}));
    assert_eq!(strict.get("/p?list=a%2Cb").unwrap(), json!({"list": ["a,b"]}));
    assert!(compat.get("/p?id=x").is_err(), "types are checked all the same");
}

#[test]
fn wide_integers_are_rounded() {
    let operation = json!({"post": {"requestBody": {"content": {"application/json": {}}}}});
    let bench = Bench::with(&document("3.0.3", &json!({"/": operation}), &json!({})), lenient());
    let ask = Ask::to("/").body("application/json", "{\"a\": 100000000000000000000}");
    assert_eq!(bench.ask(&Method::POST, &ask).unwrap(), json!({"a": 1e20}));
}

#[test]
fn documents_are_read_leniently() {
    let text = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\nunheard: 1\npaths:\n  /a/{id}:\n    get:\n      paramters: []\n      parameters: [{name: id, in: path, schema: {type: integer, requird: true}}]\n";
    assert!(Contract::parse("c.yaml", text, lenient()).is_ok());
    assert!(Contract::parse("c.yaml", text, Options::default()).unwrap_err().len() >= 4);
}
