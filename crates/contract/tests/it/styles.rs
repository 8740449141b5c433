//! The "Style Examples" of OpenAPI as a table: every style, with and without `explode`, for an empty text, a scalar,
//! an array and an object.

use crossgate_contract::Options;
use serde_json::{Value, json};

use crate::kit::{Ask, Bench, document, get, told};
use http::Method;

fn schema(kind: &str) -> Value {
    match kind {
        "string" => json!({"type": "string"}),
        "integer" => json!({"type": "integer"}),
        "array" => json!({"type": "array", "items": {"type": "string"}}),
        "integers" => json!({"type": "array", "items": {"type": "integer"}}),
        "object" => json!({"type": "object", "properties": {
            "R": {"type": "integer"}, "G": {"type": "integer"}, "B": {"type": "integer"}}}),
        other => panic!("{other}"),
    }
}

fn bench(version: &str, place: &str, style: &str, explode: bool, kind: &str) -> Bench {
    let parameter = json!({"name": "color", "in": place, "required": place == "path", "style": style,
        "explode": explode, "schema": schema(kind)});
    let path = if place == "path" { "/p/{color}" } else { "/p" };
    Bench::new(&document(version, &json!({path: get(&json!([parameter]))}), &json!({})))
}

fn ask(place: &str, written: &str) -> Ask {
    match place {
        "path" => Ask::to(&format!("/p/{written}")),
        "query" => Ask::to(&format!("/p?{written}")),
        "header" => Ask::to("/p").header("color", written),
        "cookie" => Ask::to("/p").header("cookie", written),
        other => panic!("{other}"),
    }
}

/// Place, style, explode, type, text, value.
fn rows() -> Vec<(&'static str, &'static str, bool, &'static str, &'static str, Value)> {
    let list = json!(["blue", "black", "brown"]);
    let one = json!(["blue"]);
    let rgb = json!({"R": 100, "G": 200, "B": 150});
    let mut rows = Vec::new();
    let mut row = |place, style, explode, kind, text, value: &Value| {
        rows.push((place, style, explode, kind, text, value.clone()))
    };
    for explode in [false, true] {
        row("path", "matrix", explode, "string", ";color", &json!(""));
        row("path", "matrix", explode, "string", ";color=", &json!(""));
        row("path", "matrix", explode, "string", ";color=blue", &json!("blue"));
        row("path", "matrix", explode, "integer", ";color=7", &json!(7));
        row("path", "matrix", explode, "array", ";color=blue", &one);
        row("path", "matrix", explode, "array", ";color", &json!([]));
        row("path", "label", explode, "string", ".", &json!(""));
        row("path", "label", explode, "string", ".blue", &json!("blue"));
        row("path", "label", explode, "string", ".a.b", &json!("a.b"));
        row("path", "label", explode, "integer", ".7", &json!(7));
        row("path", "label", explode, "array", ".blue", &one);
        row("path", "label", explode, "array", ".", &json!([]));
        row("path", "simple", explode, "string", "blue", &json!("blue"));
        row("path", "simple", explode, "string", "a,b", &json!("a,b"));
        row("path", "simple", explode, "string", "%C3%A9%2F%20+", &json!("é/ +"));
        row("path", "simple", explode, "integer", "7", &json!(7));
        row("path", "simple", explode, "array", "blue", &one);
        row("path", "simple", explode, "array", "blue,black,brown", &list);
        row("path", "simple", explode, "array", "a%2Cb,c", &json!(["a,b", "c"]));
        row("path", "simple", explode, "integers", "1,2,3", &json!([1, 2, 3]));
        row("header", "simple", explode, "string", "", &json!(""));
        row("header", "simple", explode, "string", "blue", &json!("blue"));
        row("header", "simple", explode, "string", "100%", &json!("100%"));
        row("header", "simple", explode, "array", "blue,black,brown", &list);
        row("header", "simple", explode, "array", "blue , black,\tbrown", &list);
        row("header", "simple", explode, "array", "", &json!([]));
        row("header", "simple", explode, "integer", "7", &json!(7));
        row("query", "form", explode, "string", "color=", &json!(""));
        row("query", "form", explode, "string", "color", &json!(""));
        row("query", "form", explode, "string", "color=blue", &json!("blue"));
        row("query", "form", explode, "string", "color=a+b%20c%2Bd&x=1", &json!("a b c+d"));
        row("query", "form", explode, "string", "%63olor=b", &json!("b"));
        row("query", "form", explode, "integer", "color=7", &json!(7));
        row("query", "form", explode, "array", "color=blue", &one);
        row("query", "form", explode, "array", "color=", &json!([]));
        row("cookie", "form", explode, "string", "color=", &json!(""));
        row("cookie", "form", explode, "string", "x=1; color=blue", &json!("blue"));
        row("cookie", "form", explode, "string", "color=\"blue\"", &json!("blue"));
        row("cookie", "form", explode, "integer", "color=7; y=2", &json!(7));
        row("cookie", "form", explode, "array", "color=blue", &one);
    }
    row("path", "matrix", false, "array", ";color=blue,black,brown", &list);
    row("path", "matrix", true, "array", ";color=blue;color=black;color=brown", &list);
    row("path", "matrix", false, "object", ";color=R,100,G,200,B,150", &rgb);
    row("path", "matrix", true, "object", ";R=100;G=200;B=150", &rgb);
    row("path", "label", true, "array", ".blue.black.brown", &list);
    row("path", "label", false, "array", ".blue,black,brown", &list);
    row("path", "label", true, "object", ".R=100.G=200.B=150", &rgb);
    row("path", "label", false, "object", ".R,100,G,200,B,150", &rgb);
    row("path", "simple", false, "object", "R,100,G,200,B,150", &rgb);
    row("path", "simple", true, "object", "R=100,G=200,B=150", &rgb);
    row("header", "simple", false, "object", "R,100,G,200,B,150", &rgb);
    row("header", "simple", true, "object", "R=100, G=200, B=150", &rgb);
    row("query", "form", false, "array", "color=blue,black,brown", &list);
    row("query", "form", true, "array", "color=blue&x=1&color=black&color=brown", &list);
    row("query", "form", true, "integers", "color=1&color=2", &json!([1, 2]));
    row("query", "form", false, "object", "color=R,100,G,200,B,150", &rgb);
    row("query", "form", true, "object", "R=100&G=200&B=150&x=1", &rgb);
    row("query", "spaceDelimited", false, "array", "color=blue%20black%20brown", &list);
    row("query", "spaceDelimited", false, "array", "color=blue+black+brown", &list);
    row("query", "spaceDelimited", false, "object", "color=R%20100%20G%20200%20B%20150", &rgb);
    row("query", "spaceDelimited", true, "array", "color=blue&color=black&color=brown", &list);
    row("query", "pipeDelimited", false, "array", "color=blue%7Cblack%7Cbrown", &list);
    row("query", "pipeDelimited", false, "array", "color=blue|black|brown", &list);
    row("query", "pipeDelimited", false, "object", "color=R%7C100%7CG%7C200%7CB%7C150", &rgb);
    row("query", "pipeDelimited", true, "array", "color=blue&color=black&color=brown", &list);
    row("query", "deepObject", true, "object", "color[R]=100&color%5BG%5D=200&color[B]=150", &rgb);
    row("query", "deepObject", false, "object", "color[R]=100&color[G]=200&color[B]=150", &rgb);
    row("cookie", "form", false, "array", "color=blue,black,brown", &list);
    row("cookie", "form", true, "array", "color=blue&color=black&color=brown", &list);
    row("cookie", "form", true, "array", "color=blue; color=black; color=brown", &list);
    row("cookie", "form", false, "object", "color=R,100,G,200,B,150", &rgb);
    row("cookie", "form", true, "object", "R=100&G=200&B=150", &rgb);
    row("cookie", "form", true, "object", "R=100; G=200; B=150", &rgb);
    rows
}

#[test]
fn every_style_is_read_as_the_standard_writes_it() {
    for version in ["3.0.4", "3.1.1"] {
        for (place, style, explode, kind, written, expected) in rows() {
            let bound = bench(version, place, style, explode, kind).ask(&Method::GET, &ask(place, written));
            let row = format!("{version} {place} {style} explode={explode} {kind} {written}");
            assert_eq!(bound.unwrap_or_else(|error| panic!("{row}: {error:?}")), json!({"color": expected}), "{row}");
        }
    }
}

#[test]
fn every_scalar_type_comes_out_of_every_style() {
    for (kind, text, value) in [
        ("integer", "-3", json!(-3)),
        ("number", "1.5", json!(1.5)),
        ("boolean", "true", json!(true)),
        ("string", "true", json!("true")),
    ] {
        for (place, style, written) in [
            ("path", "simple", text.to_owned()),
            ("path", "label", format!(".{text}")),
            ("path", "matrix", format!(";color={text}")),
            ("query", "form", format!("color={text}")),
            ("header", "simple", text.to_owned()),
            ("cookie", "form", format!("color={text}")),
        ] {
            let parameter =
                json!({"name": "color", "in": place, "required": true, "style": style, "schema": {"type": kind}});
            let path = if place == "path" { "/p/{color}" } else { "/p" };
            let bench = Bench::new(&document("3.0.3", &json!({path: get(&json!([parameter]))}), &json!({})));
            let bound = bench.ask(&Method::GET, &ask(place, &written));
            assert_eq!(bound.unwrap(), json!({"color": value}), "{place} {style} {kind}");
        }
    }
}

#[test]
fn the_old_tables_dots_are_read_where_the_document_is_that_old() {
    for (version, expected) in [
        ("3.0.3", json!(["blue", "black"])),
        ("3.1.0", json!(["blue", "black"])),
        ("3.0.4", json!(["blue.black"])),
        ("3.1.1", json!(["blue.black"])),
    ] {
        let bound = bench(version, "path", "label", false, "array").get("/p/.blue.black");
        assert_eq!(bound.unwrap(), json!({"color": expected}), "{version}");
    }
}

#[test]
fn what_a_style_cannot_mean_is_told() {
    for (place, style, explode, kind, written, expected) in [
        ("path", "label", false, "string", "blue", "path /color must begin with a dot (style label)"),
        ("path", "matrix", false, "string", "blue", "path /color must be written like ;color=… (style matrix)"),
        ("path", "matrix", false, "string", ";colour=blue", "path /color must be written like ;color=… (style matrix)"),
        ("path", "matrix", false, "string", ";color=a;color=b", "path /color is given more than once"),
        ("path", "simple", false, "object", "R,100,G", "path /color must be names and values in turn"),
        ("path", "simple", true, "object", "R,100", "path /color must be fields written like name=value"),
        ("path", "simple", false, "object", "R,1,R,2", "path /color has a field that is given more than once"),
        ("path", "simple", false, "string", "%ff", "path /color must be percent-encoded UTF-8"),
        ("path", "simple", false, "integer", "x", "path /color must be an integer"),
        ("path", "simple", false, "integers", "1,x,3", "path /color/1 must be an integer"),
        ("query", "form", true, "string", "color=a&color=b", "query /color is given more than once"),
        ("query", "form", true, "string", "color=%zz", "query /color must be percent-encoded UTF-8"),
        ("query", "form", true, "object", "R=1&R=2", "query /color/R is given more than once"),
        ("query", "form", true, "object", "R=x", "query /color/R must be an integer"),
        (
            "query",
            "deepObject",
            true,
            "object",
            "color[R=1",
            "query /color must have balanced brackets around names, like color[field]=value",
        ),
        (
            "query",
            "deepObject",
            true,
            "object",
            "color[]=1",
            "query /color must have balanced brackets around names, like color[field]=value",
        ),
        (
            "query",
            "deepObject",
            true,
            "object",
            "color[a][b][c][d][e][f]=1",
            "query /color must not nest so many brackets, like color[field]=value",
        ),
        ("query", "deepObject", true, "object", "color[R]=1&color[R]=2", "query /color/R is given more than once"),
        ("query", "deepObject", true, "object", "color[R]=1&color[R][x]=2", "query /color/R is given more than once"),
        ("header", "simple", false, "integer", "x", "header /color must be an integer"),
        ("cookie", "form", true, "integer", "color=x", "cookie /color must be an integer"),
    ] {
        let bound = bench("3.0.4", place, style, explode, kind).ask(&Method::GET, &ask(place, written));
        assert_eq!(told(bound), [expected], "{place} {style} {written}");
    }
}

#[test]
fn what_is_absent_is_required_defaulted_or_left_out() {
    let parameters = json!([
        {"name": "must", "in": "query", "required": true, "schema": {"type": "integer"}},
        {"name": "X-Must", "in": "header", "required": true, "schema": {"type": "string"}},
        {"name": "bread", "in": "cookie", "required": true, "schema": {"type": "string"}},
        {"name": "filled", "in": "query", "schema": {"type": "integer", "default": 5}},
        {"name": "list", "in": "query", "schema": {"type": "array", "items": {"type": "string"}, "default": ["a"]}},
        {"name": "left", "in": "query", "schema": {"type": "integer"}},
        {"name": "rgb", "in": "query", "schema": {"type": "object", "properties": {"R": {"type": "integer"}}}},
    ]);
    let bench = Bench::new(&document("3.0.3", &json!({"/p": get(&parameters)}), &json!({})));
    assert_eq!(
        told(bench.get("/p")),
        ["query /must is required", "header /X-Must is required", "cookie /bread is required"]
    );
    let ask = Ask::to("/p?must=1").header("x-must", "a").header("cookie", "bread=b");
    let expected = json!({"must": 1, "X-Must": "a", "bread": "b", "filled": 5, "list": ["a"]});
    assert_eq!(bench.ask(&Method::GET, &ask).unwrap(), expected);
}

#[test]
fn several_header_lines_are_one_list() {
    let bench = bench("3.0.3", "header", "simple", false, "array");
    let ask = Ask::to("/p").header("color", "blue").header("Color", "black,brown");
    assert_eq!(bench.ask(&Method::GET, &ask).unwrap(), json!({"color": ["blue", "black", "brown"]}));
    let bytes = Ask::to("/p").header("color", "é");
    assert_eq!(bench.ask(&Method::GET, &bytes).unwrap(), json!({"color": ["é"]}));
}

#[test]
fn a_header_that_is_no_list_is_sent_once() {
    for kind in ["string", "integer"] {
        let bench = bench("3.0.3", "header", "simple", false, kind);
        let ask = Ask::to("/p").header("color", "1").header("Color", "1");
        assert_eq!(
            told(bench.ask(&Method::GET, &ask)),
            ["header /color stands twice in the request; send it once"],
            "{kind}"
        );
        assert!(bench.ask(&Method::GET, &Ask::to("/p").header("color", "1")).is_ok());
    }
    let bench = bench("3.0.3", "header", "simple", false, "object");
    let ask = Ask::to("/p").header("color", "R,1").header("color", "G,2");
    assert!(bench.ask(&Method::GET, &ask).is_ok(), "an object is a list of names and values");
}

#[test]
fn empty_values_are_allowed_where_the_contract_says_so() {
    let parameters = json!([
        {"name": "text", "in": "query", "allowEmptyValue": true, "schema": {"type": "string", "minLength": 3}},
        {"name": "number", "in": "query", "allowEmptyValue": true, "schema": {"type": "integer"}},
        {"name": "strict", "in": "query", "schema": {"type": "integer"}},
    ]);
    let bench = Bench::new(&document("3.0.3", &json!({"/p": get(&parameters)}), &json!({})));
    assert_eq!(bench.get("/p?text=&number").unwrap(), json!({"text": "", "number": null}));
    assert_eq!(
        told(bench.get("/p?text=ab&strict=")),
        ["query /text must be at least 3 characters long", "query /strict must be an integer"]
    );
}

#[test]
fn reserved_characters_are_read_as_they_stand() {
    let parameters = json!([{"name": "url", "in": "query", "allowReserved": true, "schema": {"type": "string"}}]);
    let bench = Bench::new(&document("3.0.3", &json!({"/p": get(&parameters)}), &json!({})));
    assert_eq!(bench.get("/p?url=https://a/b?c=d;e,f").unwrap(), json!({"url": "https://a/b?c=d;e,f"}));
}

#[test]
fn a_parameter_may_hold_json() {
    let schema = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}});
    let content = json!({"application/json": {"schema": schema}});
    let parameters = json!([
        {"name": "filter", "in": "query", "content": content},
        {"name": "X-Filter", "in": "header", "content": content},
    ]);
    let bench = Bench::new(&document("3.0.3", &json!({"/p": get(&parameters)}), &json!({})));
    let ask = Ask::to("/p?filter=%7B%22a%22:+1%7D").header("x-filter", "{\"a\": 2}");
    assert_eq!(bench.ask(&Method::GET, &ask).unwrap(), json!({"filter": {"a": 1}, "X-Filter": {"a": 2}}));
    assert_eq!(told(bench.get("/p?filter=%7B%22a%22:%22x%22%7D")), ["query /filter/a must be an integer"]);
    assert_eq!(
        told(bench.get("/p?filter=%7B%22a%22:1,%22a%22:2%7D")),
        ["query /filter/a stands twice in this object; say it once"]
    );
    assert!(told(bench.get("/p?filter=nope"))[0].starts_with("query /filter must be valid JSON"));
}

#[test]
fn an_exploded_object_leaves_the_other_parameters_alone() {
    let parameters = json!([
        {"name": "open", "in": "query", "schema": {"type": "object", "additionalProperties": {"type": "integer"}}},
        {"name": "page", "in": "query", "schema": {"type": "integer"}},
        {"name": "deep", "in": "query", "style": "deepObject", "schema": {"type": "object", "properties": {
            "tags": {"type": "array", "items": {"type": "string"}},
            "inner": {"type": "object", "properties": {"n": {"type": "integer"}}}}}},
    ]);
    let bench = Bench::new(&document("3.0.3", &json!({"/p": get(&parameters)}), &json!({})));
    let bound = bench.get("/p?page=3&a=1&b=2&deep[tags]=x&deep[tags][]=y&deep[inner][n]=4").unwrap();
    let expected = json!({"open": {"a": 1, "b": 2}, "page": 3, "deep": {"tags": ["x", "y"], "inner": {"n": 4}}});
    assert_eq!(bound, expected);
}

#[test]
fn unknown_query_parameters_are_ignored_or_refused_by_choice() {
    let parameters = json!([
        {"name": "limit", "in": "query", "schema": {"type": "integer"}},
        {"name": "rgb", "in": "query", "style": "deepObject", "schema": {"type": "object"}},
    ]);
    let text = document("3.0.3", &json!({"/p": get(&parameters), "/none": get(&json!([]))}), &json!({}));
    assert_eq!(Bench::new(&text).get("/p?limt=1&x").unwrap(), json!({}));
    let strict = Bench::with(&text, Options { strict_query: true, ..Options::default() });
    assert_eq!(
        told(strict.get("/p?limt=1&limit=2&rgb[R]=1&zzz")),
        ["query /limt is not a known parameter; did you mean `limit`?", "query /zzz is not a known parameter"]
    );
    assert_eq!(told(strict.get("/none?a=1")), ["query /a is not a known parameter"]);
}

#[test]
fn a_query_has_a_bounded_number_of_pairs() {
    let bench = bench("3.0.3", "query", "form", true, "array");
    let fine = format!("/p?{}", vec!["color=a"; crossgate_contract::QUERY_PAIRS_MAX].join("&"));
    assert!(bench.get(&fine).is_ok());
    assert_eq!(told(bench.get(&format!("{fine}&color=b"))), ["query  must have at most 1000 pairs"]);
}

#[test]
fn values_are_coerced_through_references_and_combinations() {
    let parameters = json!([
        {"name": "a", "in": "query", "schema": {"$ref": "#/components/schemas/Id"}},
        {"name": "b", "in": "query", "schema": {"allOf": [{"$ref": "#/components/schemas/Id"}, {"maximum": 9}]}},
        {"name": "c", "in": "query", "schema": {"oneOf": [{"type": "integer"}, {"type": "boolean"}]}},
        {"name": "d", "in": "query", "schema": {"anyOf": [{"type": "integer"}, {"type": "string"}]}},
        {"name": "e", "in": "query", "schema": {"type": "integer", "nullable": true}},
        {"name": "f", "in": "query", "schema": {"oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}},
    ]);
    let schemas = json!({"Id": {"type": "integer", "minimum": 1}});
    let bench = Bench::new(&document("3.0.3", &json!({"/p": get(&parameters)}), &schemas));
    let bound = bench.get("/p?a=1&b=2&c=true&d=x&e=null&f=1&f=2").unwrap();
    assert_eq!(bound, json!({"a": 1, "b": 2, "c": true, "d": "x", "e": null, "f": [1, 2]}));
    assert_eq!(bench.get("/p?c=5&d=6&e=7&f=8").unwrap(), json!({"c": 5, "d": 6, "e": 7, "f": 8}));
    assert_eq!(
        told(bench.get("/p?a=0&b=10&c=x&e=x")),
        [
            "query /a must be at least 1",
            "query /b must be at most 9",
            "query /c must be an integer or true or false",
            "query /e must be an integer or null",
        ]
    );
}

#[test]
fn strictness_may_be_said_for_the_whole_file_and_for_one_operation() {
    let text = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\nx-crossgate-strict-query: true\npaths:\n  /a: {get: {responses: {'200': {description: x}}}}\n  /b: {get: {x-crossgate-strict-query: false, responses: {'200': {description: x}}}}\n";
    let bench = Bench::new(text);
    assert_eq!(told(bench.get("/a?x=1")), ["query /x is not a known parameter"]);
    assert_eq!(bench.get("/b?x=1").unwrap(), json!({}));
}

#[test]
fn a_default_beside_a_reference_counts_in_3_1_only() {
    let parameters = json!([{"name": "n", "in": "query", "schema": {"$ref": "#/components/schemas/N", "default": 7}}]);
    for (version, expected) in [("3.0.3", 5), ("3.1.0", 7)] {
        let schemas = json!({"N": {"type": "integer", "default": 5}});
        let bench = Bench::new(&document(version, &json!({"/p": get(&parameters)}), &schemas));
        assert_eq!(bench.get("/p").unwrap(), json!({"n": expected}), "{version}");
    }
}
