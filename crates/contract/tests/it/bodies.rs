//! Bodies of every media type that is read.

use crossgate_contract::{BindError, Options};
use http::Method;
use serde_json::{Value, json};

use crate::kit::{Ask, Bench, document, post, told};

fn bench(content: &Value, required: bool) -> Bench {
    bench_with(content, required, Options::default())
}

fn bench_with(content: &Value, required: bool, options: Options) -> Bench {
    let operation = json!({"post": {
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
        "requestBody": {"required": required, "content": content},
        "responses": {"200": {"description": "fine"}},
    }});
    Bench::with(&document("3.0.3", &json!({"/a/{id}": operation}), &json!({})), options)
}

fn send(bench: &Bench, media_type: &str, body: impl AsRef<[u8]>) -> Result<Value, BindError> {
    bench.ask(&Method::POST, &Ask::to("/a/1").body(media_type, body))
}

#[test]
fn an_objects_fields_stand_beside_the_parameters() {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let bench = bench(&json!({"application/json": {"schema": schema}}), true);
    let expected = json!({"id": 1, "name": "a", "more": [1]});
    assert_eq!(send(&bench, "application/json", r#"{"name": "a", "more": [1]}"#).unwrap(), expected);
    let collides = send(&bench, "application/json", r#"{"name": "a", "id": 2}"#);
    assert_eq!(told(collides), ["body /id is a parameter of this operation; send it there and not in the body"]);
}

#[test]
fn what_is_no_object_is_called_body() {
    let bench = bench(&json!({"application/json": {"schema": {}}}), true);
    for value in [json!([1, 2]), json!("x"), json!(5), json!(null), json!(true)] {
        assert_eq!(send(&bench, "application/json", value.to_string()).unwrap(), json!({"id": 1, "body": value}));
    }
}

#[test]
fn errors_of_parameters_and_body_come_together() {
    let schema = json!({"type": "object", "required": ["name"]});
    let bench = bench(&json!({"application/json": {"schema": schema}}), true);
    let ask = Ask::to("/a/x").body("application/json", "{}");
    assert_eq!(told(bench.ask(&Method::POST, &ask)), ["path /id must be an integer", "body /name is required"]);
}

#[test]
fn a_body_is_required_or_not() {
    let content = json!({"application/json": {"schema": {"type": "object"}}});
    let required = bench(&content, true);
    let optional = bench(&content, false);
    let empty = Ask::to("/a/1");
    let empty_json = Ask::to("/a/1").body("application/json", "");
    for ask in [&empty, &empty_json] {
        assert_eq!(told(required.ask(&Method::POST, ask)), ["body  is required"]);
        assert_eq!(optional.ask(&Method::POST, ask).unwrap(), json!({"id": 1}));
    }
}

#[test]
fn only_described_media_types_are_taken() {
    let bench = bench(&json!({"application/json": {"schema": {}}, "text/*": {"schema": {"type": "string"}}}), true);
    for fine in [
        "application/json",
        "APPLICATION/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
        "text/plain",
        "text/csv",
    ] {
        assert!(send(&bench, fine, "1").is_ok(), "{fine}");
    }
    for bad in [
        "application/xml",
        "application/vnd.a+json",
        "image/png",
        "nonsense",
        "",
        "application/json; charset=latin1",
        "text/plain; charset=iso-8859-1",
    ] {
        let outcome = send(&bench, bad, "1");
        let expected = vec!["application/json".to_owned(), "text/*".to_owned()];
        assert_eq!(outcome, Err(BindError::UnsupportedMediaType { expected }), "{bad}");
    }
    let mut unnamed = Ask::to("/a/1");
    unnamed.body = b"{}".to_vec();
    assert_eq!(told(bench.ask(&Method::POST, &unnamed)), ["unsupported; expected application/json, text/*"]);
}

#[test]
fn the_most_precise_media_type_decides() {
    let content = json!({
        "*/*": {"schema": {"type": "string", "maxLength": 0}},
        "application/*": {"schema": {"type": "object", "required": ["range"]}},
        "application/vnd.a+json": {"schema": {"type": "object", "required": ["exact"]}},
    });
    let bench = bench(&content, true);
    assert_eq!(told(send(&bench, "application/vnd.a+json", "{}")), ["body /exact is required"]);
    assert_eq!(told(send(&bench, "application/json", "{}")), ["body /range is required"]);
    assert_eq!(told(send(&bench, "text/plain", "x")), ["body  must be at most 0 characters long"]);
}

#[test]
fn json_is_read_with_care() {
    let bench = bench(&json!({"application/json": {"schema": {}}}), true);
    for (body, expected) in [
        (&br#"{"a": 1, "a": 2}"#[..], "body /a stands twice in this object; say it once"),
        (
            b"{\"a\": 99999999999999999999}",
            "body /a is an integer beyond 64 bits; send it as text to keep all its digits",
        ),
        (b"{\"a\": \xff}", "body  must be UTF-8 text; the byte at offset 6 is not"),
        (b"{\"a\": nope}", "body  must be valid JSON: expected ident at line 1, column 8"),
        (b"{} {}", "body  must be valid JSON: trailing characters at line 1, column 4"),
        (b"{\"a\": NaN}", "body  must be valid JSON: expected value at line 1, column 7"),
    ] {
        assert_eq!(told(send(&bench, "application/json", body)), [expected]);
    }
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    assert!(told(send(&bench, "application/json", &deep))[0].ends_with("must not nest more than 64 levels deep"));
    assert!(send(&bench, "application/json", deep.trim_start_matches('[').trim_end_matches(']')).is_ok());
}

#[test]
fn duplicate_keys_may_be_allowed_by_option_or_in_the_contract() {
    let content = json!({"application/json": {"schema": {}}});
    let lenient = bench_with(&content, true, Options { duplicate_keys: true, ..Options::default() });
    assert_eq!(send(&lenient, "application/json", r#"{"a": 1, "a": 2}"#).unwrap(), json!({"id": 1, "a": 2}));
    let body = json!({"required": true, "content": content});
    let operation = |extension: bool| json!({"post": {"x-crossgate-duplicate-keys": extension, "requestBody": body, "responses": {"200": {"description": "x"}}}});
    let text = document("3.0.3", &json!({"/yes": operation(true), "/no": operation(false)}), &json!({}));
    let bench = Bench::new(&text);
    let ask = |path: &str| bench.ask(&Method::POST, &Ask::to(path).body("application/json", r#"{"a": 1, "a": 2}"#));
    assert_eq!(ask("/yes").unwrap(), json!({"a": 2}));
    assert!(ask("/no").is_err());
}

#[test]
fn a_body_has_a_largest_size() {
    let content = json!({"text/plain": {"schema": {"type": "string"}}});
    let bench = bench_with(&content, true, Options { body_bytes_max: 3, ..Options::default() });
    assert!(send(&bench, "text/plain", "abc").is_ok());
    assert_eq!(told(send(&bench, "text/plain", "abcd")), ["body  must be at most 3 bytes long"]);
}

#[test]
fn text_and_bytes_are_called_body() {
    let content = json!({
        "text/plain": {"schema": {"type": "integer"}},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1, "maxLength": 3}},
        "image/png": {},
    });
    let bench = bench(&content, true);
    assert_eq!(send(&bench, "text/plain", "5").unwrap(), json!({"id": 1, "body": 5}));
    assert_eq!(told(send(&bench, "text/plain", "x")), ["body  must be an integer"]);
    assert_eq!(told(send(&bench, "text/plain", b"\xff")), ["body  must be UTF-8 text; the byte at offset 0 is not"]);
    assert_eq!(send(&bench, "application/octet-stream", b"\xff\x00a").unwrap(), json!({"id": 1, "body": "/wBh"}));
    assert_eq!(told(send(&bench, "application/octet-stream", b"abcd")), ["body  must be between 1 and 3 bytes long"]);
    assert_eq!(told(send(&bench, "application/octet-stream", b"")), ["body  must be between 1 and 3 bytes long"]);
    assert_eq!(send(&bench, "image/png", b"\x89").unwrap(), json!({"id": 1, "body": "iQ=="}));
}

fn form_schema() -> Value {
    json!({"type": "object", "required": ["name"], "additionalProperties": false, "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "csv": {"type": "array", "items": {"type": "integer"}},
        "deep": {"type": "object", "properties": {"x": {"type": "integer"}}},
        "json": {"type": "object", "properties": {"x": {"type": "integer"}}},
        "list": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "integer"}}}},
    }})
}

#[test]
fn url_encoded_forms_are_read_by_their_encoding() {
    let encoding =
        json!({"csv": {"style": "form", "explode": false}, "deep": {"style": "deepObject", "explode": true}});
    let bench =
        bench(&json!({"application/x-www-form-urlencoded": {"schema": form_schema(), "encoding": encoding}}), true);
    let form = "application/x-www-form-urlencoded";
    let body =
        "name=A+B%26C&age=5&tags=a&tags=b&csv=1,2&deep[x]=1&json=%7B%22x%22:2%7D&list=%7B%22x%22:3%7D&list=%7B%7D";
    let expected = json!({"id": 1, "name": "A B&C", "age": 5, "tags": ["a", "b"], "csv": [1, 2], "deep": {"x": 1},
        "json": {"x": 2}, "list": [{"x": 3}, {}]});
    assert_eq!(send(&bench, form, body).unwrap(), expected);
    for (body, expected) in [
        ("", "body /name is required"),
        ("name=a&age=x", "body /age must be an integer"),
        ("name=a&name=b", "body /name is given more than once"),
        ("name=a&nmae=b", "body /nmae is not a known field"),
        ("name=%zz", "body /name must be percent-encoded UTF-8"),
        ("name=a&x=%zz", "body /x must be percent-encoded UTF-8"),
        ("name=a&%zz=1", "body  has a name that must be percent-encoded UTF-8"),
        ("name=a&json=%7B%22x%22:%22y%22%7D", "body /json/x must be an integer"),
        ("name=a&deep[x]=y", "body /deep/x must be an integer"),
    ] {
        assert_eq!(told(send(&bench, form, body)), [expected], "{body}");
    }
    assert_eq!(told(send(&bench, form, [0xff])), ["body  must be UTF-8 text; the byte at offset 0 is not"]);
}

fn part(head: &str, data: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{data}\r\n")
}

#[test]
fn multipart_forms_are_read_by_part() {
    let schema = json!({"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "meta": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}},
        "file": {"type": "string", "format": "binary", "maxLength": 4},
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
    }});
    let encoding = json!({"file": {"contentType": "image/png, image/*"}});
    let bench = bench(&json!({"multipart/form-data": {"schema": schema, "encoding": encoding}}), true);
    let media_type = "multipart/form-data; boundary=B";
    let body = [
        part("name=\"name\"", "Ada"),
        part("name=age", "36"),
        part("name=tags", "a"),
        part("name=tags", "b"),
        part("name=meta\r\nContent-Type: application/json", "{\"x\": 1}"),
        part("name=file; filename=\"a.png\"\r\nContent-Type: image/png", "\x01\x02"),
        part("name=files; filename=f", "1"),
        part("name=files; filename=g\r\nContent-Type: application/octet-stream", ""),
        part("name=extra", "text"),
        part("name=blob\r\nContent-Type: application/octet-stream", "\x03"),
    ];
    let expected = json!({"id": 1, "name": "Ada", "age": 36, "tags": ["a", "b"], "meta": {"x": 1}, "file": "AQI=",
        "files": ["MQ==", ""], "extra": "text", "blob": "Aw=="});
    assert_eq!(send(&bench, media_type, format!("{}--B--\r\n", body.concat())).unwrap(), expected);
    for (parts, expected) in [
        (part("name=age", "1"), "body /name is required"),
        (part("name=name", "a") + &part("name=name", "b"), "body /name is given more than once"),
        (part("name=name", "a") + &part("name=age", "x"), "body /age must be an integer"),
        (part("name=name", "a") + &part("name=meta", "{}"), "body /meta/x is required"),
        (
            part("name=name", "a") + &part("name=meta", "{\"x\": 1, \"x\": 2}"),
            "body /meta/x stands twice in this object; say it once",
        ),
        (
            part("name=name", "a") + &part("name=file\r\nContent-Type: text/html", ""),
            "body /file has a media type that is not accepted for this part",
        ),
        (
            part("name=name", "a") + &part("name=file\r\nContent-Type: image/png", "12345"),
            "body /file must be between 0 and 4 bytes long",
        ),
    ] {
        assert_eq!(told(send(&bench, media_type, format!("{parts}--B--"))), [expected], "{parts}");
    }
    assert_eq!(
        told(send(&bench, "multipart/form-data", "x")),
        ["body  needs a boundary of 1 to 70 bytes in its media type"]
    );
    assert_eq!(told(send(&bench, media_type, "x")), ["body  must end with its closing boundary"]);
}

#[test]
fn bytes_are_marked_by_content_media_type_in_3_1() {
    let schema = json!({"type": "object", "properties": {"file": {"contentMediaType": "image/png"}}});
    let body = json!({"required": true, "content": {"multipart/form-data": {"schema": schema}}});
    let paths = json!({"/a/1": {"post": {"requestBody": body, "responses": {"200": {"description": "x"}}}}});
    let bench = Bench::new(&document("3.1.0", &paths, &json!({})));
    let body = format!("{}--B--", part("name=file", "\x01\x02"));
    assert_eq!(send(&bench, "multipart/form-data; boundary=B", body).unwrap(), json!({"file": "AQI="}));
}

#[test]
fn a_body_that_is_not_described_is_not_looked_at() {
    let bench = Bench::new(&document(
        "3.0.3",
        &json!({"/": {"post": {"responses": {"200": {"description": "x"}}}}}),
        &json!({}),
    ));
    assert_eq!(bench.ask(&Method::POST, &Ask::to("/").body("text/html", "<p>")).unwrap(), json!({}));
}

#[test]
fn a_media_type_without_schema_takes_anything() {
    let bench = Bench::new(&document("3.0.3", &json!({"/": post(&json!({}))}), &json!({})));
    assert_eq!(bench.post_json("/", &json!({"a": [1]})).unwrap(), json!({"a": [1]}));
}

#[test]
fn of_very_many_unknown_fields_the_first_are_named_and_the_rest_are_counted() {
    let properties: serde_json::Map<String, Value> =
        (0..20).map(|index| (format!("field{index}"), json!({"type": "string"}))).collect();
    let closed = json!({"type": "object", "properties": properties, "additionalProperties": false});
    let sealed = json!({"allOf": [{"type": "object", "properties": properties}], "unevaluatedProperties": false});
    let empty = json!({"type": "object", "additionalProperties": false});
    let body = Value::Object((0..80_000).map(|index| (format!("x{index}"), json!(1))).collect());
    for schema in [closed, empty, sealed] {
        let bench = Bench::new(&document("3.1.0", &json!({"/": post(&schema)}), &json!({})));
        let mut errors = told(bench.post_json("/", &body));
        assert_eq!(errors.len(), 101, "{errors:?}");
        assert_eq!(errors.pop().unwrap(), "body  has at least 79900 more errors that are not listed");
        assert!(errors.iter().all(|error| error.contains("is not a known field")), "{errors:?}");
    }
}

#[test]
fn long_names_that_begin_alike_are_not_each_compared_with_every_known_field() {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": false});
    let bench = Bench::new(&document("3.1.0", &json!({"/": post(&schema)}), &json!({})));
    let long = "n".repeat(60);
    let body = Value::Object((0..5_000).map(|index| (format!("{long}{index:04}"), json!(1))).collect());
    let errors = told(bench.post_json("/", &body));
    let once = format!("body /{long}… is not a known field");
    assert_eq!(errors, [once, "body  has at least 4900 more errors that are not listed".to_owned()]);
}
