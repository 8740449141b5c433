//! Methods and paths.

use std::sync::Arc;

use crossgate_contract::{Contract, Match, Operation, Options, Table};
use http::Method;
use serde_json::json;

use crate::kit::{Bench, document};

fn operations(list: &[(&str, &str)]) -> Vec<Arc<Operation>> {
    let mut paths = serde_json::Map::new();
    for (method, template) in list {
        let names = template.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let parameters: Vec<_> = names
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        let operation = json!({"parameters": parameters, "responses": {"200": {"description": "fine"}}});
        paths.entry(*template).or_insert_with(|| json!({}))[method.to_lowercase()] = operation;
    }
    let text = document("3.0.3", &json!(paths), &json!({}));
    Contract::parse("c.json", &text, Options::default())
        .unwrap_or_else(|faults| panic!("{faults}"))
        .operations()
        .to_vec()
}

fn table(list: &[(&str, &str)]) -> Table<()> {
    let mut table = Table::new();
    for operation in operations(list) {
        table.insert("", operation, ()).unwrap();
    }
    table
}

/// `METHOD template [parameters]`, `405 methods` or `404`.
fn found(table: &Table<()>, method: &Method, path: &str) -> String {
    match table.find(method, path) {
        Match::Found { operation, path, .. } => {
            let values: Vec<&str> = (0..path.len()).map(|index| path.get(index).unwrap()).collect();
            format!("{} {} [{}]", operation.method(), operation.template(), values.join(" "))
        }
        Match::MethodNotAllowed { allow } => {
            format!("405 {}", allow.iter().map(Method::as_str).collect::<Vec<_>>().join(" "))
        }
        Match::NotFound => "404".to_owned(),
    }
}

#[test]
fn paths_are_found_by_the_most_precise_template() {
    let table = table(&[
        ("GET", "/"),
        ("GET", "/loan"),
        ("GET", "/loan/{id}/{date}"),
        ("GET", "/loan/latest/{date}"),
        ("GET", "/loan/{id}/today"),
        ("GET", "/file/{name}.json"),
        ("GET", "/file/{name}.{ext}"),
        ("GET", "/file/{name}"),
        ("GET", "/file/index.json"),
        ("GET", "/range/{from}-{to}"),
        ("GET", "/auth/"),
        ("GET", "/a b/é"),
        ("GET", "/x/{p}/y"),
        ("GET", "/x/b/z"),
    ]);
    for (path, expected) in [
        ("/", "GET / []"),
        ("/loan", "GET /loan []"),
        ("/loan/1/2020-01-01", "GET /loan/{id}/{date} [1 2020-01-01]"),
        ("/loan/latest/x", "GET /loan/latest/{date} [x]"),
        ("/loan/1/today", "GET /loan/{id}/today [1]"),
        ("/loan/latest/today", "GET /loan/latest/{date} [today]"),
        ("/file/index.json", "GET /file/index.json []"),
        ("/file/a.json", "GET /file/{name}.json [a]"),
        ("/file/a.txt", "GET /file/{name}.{ext} [a txt]"),
        ("/file/a", "GET /file/{name} [a]"),
        ("/file/.json", "GET /file/{name} [.json]"),
        ("/range/1-2", "GET /range/{from}-{to} [1 2]"),
        ("/range/12", "404"),
        ("/auth/", "GET /auth/ []"),
        ("/auth", "404"),
        ("/a%20b/%C3%A9", "GET /a b/é []"),
        ("/l%6fan", "GET /loan []"),
        ("/loan/a%2Fb/c%20d", "GET /loan/{id}/{date} [a%2Fb c%20d]"),
        ("/x/b/y", "GET /x/{p}/y [b]"),
        ("/x/b/z", "GET /x/b/z []"),
        ("/loan//2020", "404"),
        ("/loan/1/2/", "404"),
        ("/loan/1", "404"),
        ("/loan/", "404"),
        ("//", "404"),
        ("", "404"),
        ("loan", "404"),
        ("*", "404"),
        ("/l%zzan", "404"),
        ("/l%ffan", "404"),
    ] {
        assert_eq!(found(&table, &Method::GET, path), expected, "{path}");
    }
}

#[test]
fn a_path_without_the_method_tells_which_it_has() {
    let table = table(&[
        ("GET", "/a"),
        ("POST", "/a"),
        ("DELETE", "/b"),
        ("HEAD", "/c"),
        ("GET", "/c"),
        ("GET", "/u/{id}"),
        ("PUT", "/u/me"),
    ]);
    for (method, path, expected) in [
        (Method::PUT, "/a", "405 GET HEAD POST"),
        (Method::HEAD, "/a", "GET /a []"),
        (Method::HEAD, "/c", "HEAD /c []"),
        (Method::HEAD, "/b", "405 DELETE"),
        (Method::GET, "/u/me", "GET /u/{id} [me]"),
        (Method::PUT, "/u/me", "PUT /u/me []"),
        (Method::POST, "/u/me", "405 GET HEAD PUT"),
        (Method::PUT, "/u/x", "405 GET HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), "/b", "405 DELETE"),
        (Method::GET, "/nope", "404"),
    ] {
        assert_eq!(found(&table, &method, path), expected, "{method} {path}");
    }
}

#[test]
fn contracts_live_under_prefixes() {
    let mut table = Table::new();
    for (prefix, list) in [("/v1", [("GET", "/a/{x}")]), ("/v2/deep", [("GET", "/a/{x}")]), ("", [("GET", "/a/{x}")])] {
        for operation in operations(&list) {
            table.insert(prefix, operation, ()).unwrap();
        }
    }
    assert_eq!(table.len(), 3);
    for (path, expected) in [
        ("/v1/a/1", "GET /a/{x} [1]"),
        ("/v2/deep/a/2", "GET /a/{x} [2]"),
        ("/a/3", "GET /a/{x} [3]"),
        ("/v2/a/1", "404"),
    ] {
        assert_eq!(found(&table, &Method::GET, path), expected);
    }
    for bad in ["v1", "/v1/", "/", "/{x}", "/a?b"] {
        let operation = operations(&[("GET", "/z")]).remove(0);
        assert!(table.insert(bad, operation, ()).is_err(), "{bad}");
    }
}

#[test]
fn what_answers_already_is_not_answered_twice() {
    let mut table = Table::new();
    let [first, second] = [operations(&[("GET", "/a/{x}")]).remove(0), operations(&[("GET", "/a/{y}")]).remove(0)];
    table.insert("", first, ()).unwrap();
    let fault = table.insert("", second, ()).unwrap_err();
    assert!(fault.message.contains("is answered already by GET /a/{x} (c.json:"), "{fault}");
    let other = operations(&[("POST", "/a/{y}")]).remove(0);
    assert!(table.insert("", other, ()).is_ok());
    let ambiguous = operations(&[("GET", "/m/{x}a")]).remove(0);
    table.insert("", ambiguous, ()).unwrap();
    let fault = table.insert("", operations(&[("GET", "/m/a{x}")]).remove(0), ()).unwrap_err();
    assert!(fault.message.contains("ambiguous"), "{fault}");
}

#[test]
fn an_operation_tells_what_the_document_says_of_it() {
    let bench = Bench::new(
        "openapi: 3.0.3\ninfo: {title: Demo, version: '2.1'}\npaths:\n  /a:\n    post:\n      operationId: make\n      x-mine: {k: 1}\n      x-crossgate-body-bytes-max: 10\n      requestBody: {content: {text/plain: {}}}\n      responses: {'404': {description: x}, '202': {description: x}, '201': {description: x}, default: {description: x}, 5XX: {description: x}}\n    get:\n      responses: {default: {description: x}}\n",
    );
    assert_eq!((bench.contract.title(), bench.contract.version()), ("Demo", "2.1"));
    let by =
        |method: Method| bench.contract.operations().iter().find(|operation| operation.method() == method).unwrap();
    let post = by(Method::POST);
    assert_eq!((post.id(), post.template(), post.success_status()), (Some("make"), "/a", 201));
    assert_eq!(post.extension("x-mine"), Some(&json!({"k": 1})));
    assert_eq!(post.extension("x-other"), None);
    assert!(post.takes_body() && post.body_bytes_max() == 10);
    assert!(post.documents(404) && !post.documents(500) && !post.documents(400));
    let get = by(Method::GET);
    assert_eq!((get.id(), get.success_status(), get.takes_body()), (None, 200, false));
    assert_eq!(get.body_bytes_max(), Options::default().body_bytes_max);
    assert_eq!(bench.contract.document()["info"]["title"], "Demo");
}

#[test]
fn contracts_and_tables_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Contract>();
    shared::<Operation>();
    shared::<Table<()>>();
}
