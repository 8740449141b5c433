//! What is written by a style is read back; and whatever is sent, binding ends with an answer.

use http::Method;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::kit::{Ask, Bench, document, get};

/// Percent-encodes everything that is not unreserved (RFC 3986 §2.3), and the dot, which style label takes for itself.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Writes a value as OpenAPI's styles say, each text encoded by `code`.
fn write(style: &str, explode: bool, name: &str, value: &Value, code: fn(&str) -> String) -> String {
    let flat = |delimiter: &str| match value {
        Value::Array(items) => items.iter().map(|item| code(&text_of(item))).collect::<Vec<_>>().join(delimiter),
        Value::Object(fields) if explode => fields
            .iter()
            .map(|(key, field)| format!("{}={}", code(key), code(&text_of(field))))
            .collect::<Vec<_>>()
            .join(delimiter),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, field)| format!("{}{delimiter}{}", code(key), code(&text_of(field))))
            .collect::<Vec<_>>()
            .join(delimiter),
        scalar => code(&text_of(scalar)),
    };
    let each = |prefix: &str, delimiter: &str| match value {
        Value::Array(items) if explode => items
            .iter()
            .map(|item| format!("{prefix}{name}={}", code(&text_of(item))))
            .collect::<Vec<_>>()
            .join(delimiter),
        Value::Object(_) if explode => flat(if delimiter.is_empty() { ";" } else { delimiter }),
        _ => format!("{prefix}{name}={}", flat(",")),
    };
    match style {
        "simple" => flat(","),
        "label" => format!(".{}", flat(if explode { "." } else { "," })),
        "matrix" => match value {
            Value::Object(_) if explode => format!(";{}", flat(";")),
            _ => each(";", ""),
        },
        "form" => each("", "&"),
        "spaceDelimited" => format!("{name}={}", flat("%20")),
        "pipeDelimited" => format!("{name}={}", flat("%7C")),
        "deepObject" => match value {
            Value::Object(fields) => {
                let field =
                    |(key, field): (&String, &Value)| format!("{name}[{}]={}", code(key), code(&text_of(field)));
                fields.iter().map(field).collect::<Vec<_>>().join("&")
            }
            _ => panic!("deepObject is for objects"),
        },
        other => panic!("{other}"),
    }
}

/// A schema and a value that has it. Lists are not of one empty text, which reads as the empty list.
fn typed() -> impl Strategy<Value = (Value, Value)> {
    let text = "\\PC{1,8}";
    prop_oneof![
        any::<i64>().prop_map(|number| (json!({"type": "integer"}), json!(number))),
        any::<bool>().prop_map(|flag| (json!({"type": "boolean"}), json!(flag))),
        (-1e9..1e9_f64).prop_map(|number| (json!({"type": "number"}), json!(number))),
        text.prop_map(|text| (json!({"type": "string"}), json!(text))),
        prop::collection::vec(text, 1..5)
            .prop_map(|list| (json!({"type": "array", "items": {"type": "string"}}), json!(list))),
        prop::collection::vec(any::<i32>(), 1..5)
            .prop_map(|list| (json!({"type": "array", "items": {"type": "integer"}}), json!(list))),
        prop::collection::btree_map("[a-z]{1,5}", text, 1..5).prop_map(|fields| {
            let properties: Map<String, Value> =
                fields.keys().map(|key| (key.clone(), json!({"type": "string"}))).collect();
            (json!({"type": "object", "properties": properties}), json!(fields))
        }),
    ]
}

fn round_trip(place: &str, style: &str, explode: bool, schema: &Value, value: &Value) {
    // In a header texts stand as they are: there, delimiters within a text cannot be told apart.
    let plain = place == "header";
    let code: fn(&str) -> String = if plain { |text| text.to_owned() } else { encode };
    let parameter = json!({"name": "zzzzzz", "in": place, "required": place == "path", "style": style, "explode": explode, "schema": schema});
    let template = if place == "path" { "/p/{zzzzzz}" } else { "/p" };
    let bench = Bench::new(&document("3.0.4", &json!({template: get(&json!([parameter]))}), &json!({})));
    let written = write(style, explode, "zzzzzz", value, code);
    let ask = match place {
        "path" => Ask::to(&format!("/p/{written}")),
        "query" => Ask::to(&format!("/p?{written}")),
        "header" => Ask::to("/p").header("zzzzzz", &written),
        _ => Ask::to("/p").header("cookie", &written.replace('&', "; ")),
    };
    let bound = bench.ask(&Method::GET, &ask).unwrap_or_else(|error| panic!("{style} {written}: {error:?}"));
    // Text that looks like an integral number is the same number.
    assert_eq!(bound["zzzzzz"], *value, "{place} {style} explode={explode} {written}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn what_a_style_writes_is_read_back((schema, value) in typed(), explode in any::<bool>()) {
        for (place, style) in [("path", "simple"), ("path", "label"), ("path", "matrix"), ("query", "form"), ("cookie", "form")] {
            round_trip(place, style, explode, &schema, &value);
        }
        // These two styles encode their delimiters, and so cannot carry them.
        if (value.is_array() || value.is_object()) && !value.to_string().contains([' ', '|']) {
            round_trip("query", "spaceDelimited", false, &schema, &value);
            round_trip("query", "pipeDelimited", false, &schema, &value);
        }
        if value.is_object() {
            round_trip("query", "deepObject", explode, &schema, &value);
        }
    }

    #[test]
    fn headers_are_read_back_too(list in prop::collection::vec("[a-zA-Z0-9%._/é-]{1,8}", 1..5), explode in any::<bool>()) {
        let schema = json!({"type": "array", "items": {"type": "string"}});
        round_trip("header", "simple", explode, &schema, &json!(list));
    }

    #[test]
    fn json_bodies_come_back_whole(value in json_value()) {
        let schema = json!({});
        let bench = Bench::new(&document("3.1.0", &json!({"/": crate::kit::post(&schema)}), &json!({})));
        let bound = bench.post_json("/", &json!([value])).unwrap();
        prop_assert_eq!(bound, json!({"body": [value]}));
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e15..1e15_f64).prop_map(|number| json!(number)),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..4).prop_map(|fields| json!(fields)),
        ]
    })
}
