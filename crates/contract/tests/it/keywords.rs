//! Every schema keyword that is promised: values that fit, values that do not, and the sentence.

use crossgate_contract::Options;
use serde_json::{Value, json};

use crate::kit::{judge, told};

struct Row(Value, Vec<Value>, Vec<(Value, &'static str)>);

fn check(version: &str, rows: Vec<Row>) {
    for Row(schema, accepted, refused) in rows {
        let bench = judge(version, &schema, &json!({}), Options::default());
        for value in accepted {
            let body = json!({ "value": value });
            assert_eq!(bench.post_json("/", &body), Ok(body.clone()), "{version} {schema} {value}");
        }
        for (value, expected) in refused {
            let mut errors = told(bench.post_json("/", &json!({ "value": value })));
            errors.sort();
            let mut expected: Vec<String> = expected.split('|').map(|one| format!("body {one}")).collect();
            expected.sort();
            assert_eq!(errors, expected, "{version} {schema} {value}");
        }
    }
}

fn both() -> Vec<Row> {
    vec![
        Row(
            json!({"type": "string"}),
            vec![json!(""), json!("x")],
            vec![(json!(1), "/value must be text"), (json!(null), "/value must be text")],
        ),
        Row(
            json!({"type": "integer"}),
            vec![json!(1), json!(-1), json!(1.0), json!(u64::MAX)],
            vec![(json!(1.5), "/value must be an integer"), (json!("1"), "/value must be an integer")],
        ),
        Row(json!({"type": "number"}), vec![json!(1), json!(1.5)], vec![(json!("1"), "/value must be a number")]),
        Row(json!({"type": "boolean"}), vec![json!(true)], vec![(json!("true"), "/value must be true or false")]),
        Row(
            json!({"type": "array", "items": {"type": "integer"}}),
            vec![json!([]), json!([1])],
            vec![
                (json!({}), "/value must be an array"),
                (json!([1, "x", true]), "/value/1 must be an integer|/value/2 must be an integer"),
            ],
        ),
        Row(json!({"type": "object"}), vec![json!({}), json!({"a": 1})], vec![(json!([]), "/value must be an object")]),
        Row(
            json!({"enum": ["MALE", "FEMALE", "OTHER"]}),
            vec![json!("MALE")],
            vec![(json!("X"), "/value must be one of MALE, FEMALE, OTHER")],
        ),
        Row(json!({"enum": ["only"]}), vec![json!("only")], vec![(json!("X"), "/value must be only")]),
        Row(
            json!({"enum": [1, null, "a"]}),
            vec![json!(1), json!(null)],
            vec![(json!(2), "/value must be one of 1, null, a")],
        ),
        Row(
            json!({"minimum": 2, "maximum": 5}),
            vec![json!(2), json!(5), json!("x")],
            vec![(json!(1), "/value must be at least 2"), (json!(6), "/value must be at most 5")],
        ),
        Row(
            json!({"multipleOf": 0.01}),
            vec![json!(1.25), json!(3)],
            vec![(json!(1.255), "/value must be a multiple of 0.01")],
        ),
        Row(
            json!({"minLength": 2, "maxLength": 3}),
            vec![json!("éé"), json!("abc")],
            vec![
                (json!("é"), "/value must be at least 2 characters long"),
                (json!("abcd"), "/value must be at most 3 characters long"),
            ],
        ),
        Row(json!({"minLength": 1}), vec![json!("a")], vec![(json!(""), "/value must not be empty")]),
        Row(
            json!({"pattern": "^[a-z]+$"}),
            vec![json!("abc"), json!(5)],
            vec![(json!("ABC"), "/value must match the pattern ^[a-z]+$")],
        ),
        Row(
            json!({"pattern": "\\d{4}"}),
            vec![json!("x2024y")],
            vec![(json!("٣٣٣٣"), "/value must match the pattern \\d{4}")],
        ),
        Row(
            json!({"minItems": 1, "maxItems": 2, "items": {}}),
            vec![json!([1])],
            vec![
                (json!([]), "/value must have at least 1 item"),
                (json!([1, 2, 3]), "/value must have at most 2 items"),
            ],
        ),
        Row(
            json!({"uniqueItems": true, "items": {}}),
            vec![json!([1, "1"])],
            vec![(json!([1, 1.0]), "/value must not have the same item twice")],
        ),
        Row(
            json!({"minProperties": 1, "maxProperties": 2}),
            vec![json!({"a": 1})],
            vec![
                (json!({}), "/value must have at least 1 field"),
                (json!({"a": 1, "b": 2, "c": 3}), "/value must have at most 2 fields"),
            ],
        ),
        Row(
            json!({"required": ["a", "b"]}),
            vec![json!({"a": 1, "b": 2}), json!("not an object")],
            vec![(json!({}), "/value/a is required|/value/b is required")],
        ),
        Row(
            json!({"properties": {"a/b": {"type": "integer"}}, "additionalProperties": false}),
            vec![json!({"a/b": 1})],
            vec![(json!({"a/b": "x", "c": 1}), "/value/c is not a known field|/value/a~1b must be an integer")],
        ),
        Row(
            json!({"properties": {"sample_id": {}}, "additionalProperties": false}),
            vec![],
            vec![(json!({"sampleId": 1}), "/value/sampleId is not a known field; did you mean `sample_id`?")],
        ),
        Row(
            json!({"additionalProperties": {"type": "integer"}}),
            vec![json!({"a": 1})],
            vec![(json!({"a": "x"}), "/value/a must be an integer")],
        ),
        Row(
            json!({"type": "object", "additionalProperties": false}),
            vec![json!({})],
            vec![(json!({"a": 1, "b": 2}), "/value/a is not a known field|/value/b is not a known field")],
        ),
        Row(
            json!({"not": {"type": "string"}}),
            vec![json!(1)],
            vec![(json!("x"), "/value has a form that is not allowed")],
        ),
        Row(
            json!({"allOf": [{"minimum": 2}, {"maximum": 3}]}),
            vec![json!(2)],
            vec![(json!(1), "/value must be at least 2")],
        ),
        Row(
            json!({"anyOf": [{"type": "integer", "minimum": 5}, {"type": "string", "minLength": 2}]}),
            vec![json!(5), json!("ab")],
            vec![
                (json!(1), "/value must be at least 5"),
                (json!("a"), "/value must be at least 2 characters long"),
                (json!(true), "/value must be an integer or text"),
            ],
        ),
        Row(
            json!({"oneOf": [{"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 3}]}),
            vec![json!(2), json!(3)],
            vec![
                (json!(6), "/value has more than one of the allowed forms; it must have exactly one"),
                (
                    json!(5),
                    "/value does not have any of the allowed forms; the closest is explained here|/value must be a multiple of 2",
                ),
            ],
        ),
        Row(
            json!({"oneOf": [{"enum": ["a", "b"]}, {"enum": ["c"]}]}),
            vec![json!("c")],
            vec![(json!("x"), "/value must be one of a, b, c")],
        ),
    ]
}

#[test]
fn keywords_of_both_versions_accept_and_refuse() {
    check("3.0.3", both());
    check("3.1.0", both());
}

#[test]
fn keywords_of_3_0_accept_and_refuse() {
    check(
        "3.0.3",
        vec![
            Row(
                json!({"type": "string", "nullable": true}),
                vec![json!(null), json!("x")],
                vec![(json!(1), "/value must be text or null")],
            ),
            Row(
                json!({"type": "string", "nullable": false}),
                vec![json!("x")],
                vec![(json!(null), "/value must be text")],
            ),
            Row(
                json!({"type": "string", "nullable": true, "enum": ["a"]}),
                vec![json!(null), json!("a")],
                vec![(json!("b"), "/value must be one of a, null")],
            ),
            Row(
                json!({"nullable": true, "allOf": [{"type": "object", "required": ["a"]}]}),
                vec![json!(null), json!({"a": 1})],
                vec![(json!({}), "/value/a is required"), (json!(1), "/value must be an object or null")],
            ),
            Row(
                json!({"minimum": 2, "exclusiveMinimum": true}),
                vec![json!(3)],
                vec![(json!(2), "/value must be more than 2")],
            ),
            Row(
                json!({"minimum": 2, "exclusiveMinimum": false}),
                vec![json!(2)],
                vec![(json!(1), "/value must be at least 2")],
            ),
            Row(
                json!({"maximum": 2, "exclusiveMaximum": true}),
                vec![json!(1)],
                vec![(json!(2), "/value must be less than 2")],
            ),
            Row(
                json!({"type": "string", "example": 5, "xml": {}, "externalDocs": {}, "deprecated": true, "x-mine": 1}),
                vec![json!("x")],
                vec![],
            ),
        ],
    );
}

#[test]
fn keywords_of_3_1_accept_and_refuse() {
    check(
        "3.1.0",
        vec![
            Row(
                json!({"type": ["string", "null"]}),
                vec![json!(null), json!("x")],
                vec![(json!(1), "/value must be text or null")],
            ),
            Row(
                json!({"exclusiveMinimum": 2, "exclusiveMaximum": 4}),
                vec![json!(3)],
                vec![(json!(2), "/value must be more than 2"), (json!(4), "/value must be less than 4")],
            ),
            Row(json!({"const": "a"}), vec![json!("a")], vec![(json!("b"), "/value must be a")]),
            Row(
                json!({"oneOf": [{"const": "a"}, {"const": 2}]}),
                vec![json!(2)],
                vec![(json!("b"), "/value must be one of a, 2")],
            ),
            Row(
                json!({"prefixItems": [{"type": "integer"}], "items": false}),
                vec![json!([1])],
                vec![(json!(["x"]), "/value/0 must be an integer"), (json!([1, 2]), "/value/1 is not allowed")],
            ),
            Row(
                json!({"contains": {"type": "integer"}, "minContains": 2}),
                vec![json!([1, 2])],
                vec![(json!([1, "x"]), "/value must contain the required kind of item")],
            ),
            Row(
                json!({"patternProperties": {"^n_": {"type": "integer"}}, "additionalProperties": false}),
                vec![json!({"n_a": 1})],
                vec![(json!({"n_a": "x", "b": 1}), "/value/b is not a known field|/value/n_a must be an integer")],
            ),
            Row(
                json!({"propertyNames": {"pattern": "^[a-z]+$"}}),
                vec![json!({"a": 1})],
                vec![(json!({"A": 1}), "/value/A is a field whose name must match the pattern ^[a-z]+$")],
            ),
            Row(
                json!({"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}),
                vec![json!({"a": 1, "b": 1}), json!({"c": 1})],
                vec![(json!({"a": 1}), "/value/b is required"), (json!({}), "/value/c is required")],
            ),
            Row(
                json!({"dependentRequired": {"a": ["b"]}}),
                vec![json!({"b": 1}), json!({"a": 1, "b": 1})],
                vec![(json!({"a": 1}), "/value/b is required")],
            ),
            Row(
                json!({"dependentSchemas": {"a": {"required": ["b"]}}}),
                vec![json!({})],
                vec![(json!({"a": 1}), "/value/b is required")],
            ),
            Row(
                json!({"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": false}),
                vec![json!({"a": 1})],
                vec![(json!({"b": 1}), "/value/b is not a known field")],
            ),
            Row(
                json!({"prefixItems": [{}], "unevaluatedItems": false}),
                vec![json!([1])],
                vec![(json!([1, 2]), "/value has more items than are described")],
            ),
            Row(
                json!({"$defs": {"Id": {"type": "integer"}}, "minimum": 1}),
                vec![json!(1)],
                vec![(json!(0), "/value must be at least 1")],
            ),
            Row(json!(true), vec![json!(1)], vec![]),
            Row(json!(false), vec![], vec![(json!(1), "/value is not allowed")]),
            Row(
                json!({"type": "string", "examples": ["a"], "$comment": "x", "contentEncoding": "base64"}),
                vec![json!("x")],
                vec![],
            ),
        ],
    );
}

#[test]
fn references_are_followed_recursive_ones_too() {
    for version in ["3.0.3", "3.1.0"] {
        let schemas = json!({"Tree": {"type": "object", "required": ["name"], "additionalProperties": false, "properties": {
            "name": {"type": "string"},
            "left": {"$ref": "#/components/schemas/Tree"},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
            "deep": {"$ref": "#/components/schemas/Tree/properties/name"},
        }}});
        let bench = judge(version, &json!({"$ref": "#/components/schemas/Tree"}), &schemas, Options::default());
        let fine = json!({"value": {"name": "a", "left": {"name": "b"}, "children": [{"name": "c", "children": []}], "deep": "x"}});
        assert!(bench.post_json("/", &fine).is_ok());
        let bad = json!({"value": {"name": "a", "left": {"nmae": "b"}, "children": [{"name": "c", "children": [5]}], "deep": 1}});
        let errors = told(bench.post_json("/", &bad));
        for expected in [
            "body /value/left/name is required",
            "body /value/left/nmae is not a known field; did you mean `name`?",
            "body /value/children/0/children/0 must be an object",
            "body /value/deep must be text",
        ] {
            assert!(errors.contains(&expected.to_owned()), "{errors:?}");
        }
        assert_eq!(errors.len(), 4);
    }
}

#[test]
fn what_stands_beside_a_reference_counts_in_3_1_only() {
    let schemas = json!({"Id": {"type": "integer"}});
    let schema = json!({"$ref": "#/components/schemas/Id", "minimum": 5});
    let body = json!({"value": 1});
    assert!(judge("3.0.3", &schema, &schemas, Options::default()).post_json("/", &body).is_ok());
    let errors = told(judge("3.1.0", &schema, &schemas, Options::default()).post_json("/", &body));
    assert_eq!(errors, ["body /value must be at least 5"]);
}

#[test]
fn fields_that_the_server_sets_are_refused_and_not_required() {
    for version in ["3.0.3", "3.1.0"] {
        let schemas = json!({
            "Id": {"type": "string", "readOnly": true},
            "Base": {"type": "object", "properties": {"created": {"type": "string", "readOnly": true}}},
        });
        let schema = json!({
            "allOf": [{"$ref": "#/components/schemas/Base"}, {
                "type": "object",
                "required": ["id", "name", "created", "number"],
                "properties": {
                    "id": {"$ref": "#/components/schemas/Id"},
                    "number": {"readOnly": true, "type": "integer"},
                    "name": {"type": "string"},
                    "secret": {"type": "string", "writeOnly": true},
                },
            }],
        });
        let bench = judge(version, &schema, &schemas, Options::default());
        assert!(bench.post_json("/", &json!({"value": {"name": "a", "secret": "s"}})).is_ok());
        let errors = told(bench.post_json("/", &json!({"value": {"id": "1", "number": 2, "created": "x"}})));
        let mut errors = errors;
        errors.sort();
        assert_eq!(
            errors,
            [
                "body /value/created is set by the server; leave it out",
                "body /value/id is set by the server; leave it out",
                "body /value/name is required",
                "body /value/number is set by the server; leave it out",
            ]
        );
    }
}

#[test]
fn all_errors_come_at_once_and_no_value_is_repeated() {
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["a"], "properties": {
        "a": {"type": "string", "maxLength": 3}, "b": {"enum": ["x"]}, "c": {"type": "integer"}}});
    let bench = judge("3.0.3", &schema, &json!({}), Options::default());
    let long = "S3CRET".repeat(1000);
    let errors = told(bench.post_json("/", &json!({"value": {"a": long, "b": long, "c": long, "d": 1, (long): 2}})));
    assert_eq!(errors.len(), 5, "{errors:?}");
    assert!(errors.iter().all(|error| error.chars().count() < 200), "{errors:?}");
    assert_eq!(
        errors.iter().filter(|error| error.contains("S3CRETS3CRETS3CRET")).count(),
        1,
        "only the unknown field's name, cut"
    );
}

#[test]
fn at_most_a_hundred_errors_are_listed() {
    let bench = judge("3.0.3", &json!({"type": "array", "items": {"type": "integer"}}), &json!({}), Options::default());
    let errors = told(bench.post_json("/", &json!({"value": vec!["x"; 250]})));
    assert_eq!(errors.len(), 101);
    assert_eq!(errors[100], "body  has at least 150 more errors that are not listed");
}

#[test]
fn defaults_of_a_body_are_filled_in() {
    let schema = json!({"type": "object", "properties": {
        "colour": {"type": "string", "default": "red"},
        "size": {"type": "object", "properties": {"unit": {"type": "string", "default": "cm"}}},
    }});
    let bench = judge("3.0.3", &schema, &json!({}), Options::default());
    let bound = bench.post_json("/", &json!({"value": {"size": {}}})).unwrap();
    assert_eq!(bound, json!({"value": {"colour": "red", "size": {"unit": "cm"}}}));
}

#[test]
fn explaining_a_deep_value_of_a_branching_recursive_schema_ends() {
    // Trying every branch of every level would take 2^60 steps.
    for combination in ["anyOf", "oneOf", "allOf"] {
        let branch = |field: &str| json!({"type": "object", "required": [field], "properties": {"t": {"$ref": "#/components/schemas/T"}}});
        let schemas = json!({"T": {combination: [branch("a"), branch("b")]}});
        let bench = judge("3.1.0", &json!({"$ref": "#/components/schemas/T"}), &schemas, Options::default());
        let mut value = json!({});
        for _ in 0..60 {
            value = json!({"a": 1, "b": 1, "t": value});
        }
        let errors = told(bench.post_json("/", &json!({ "value": value })));
        assert!(errors.iter().any(|error| error.contains(&format!("{}/a is required", "/t".repeat(60)))), "{errors:?}");
    }
}

#[test]
fn what_other_schemas_have_described_is_no_stranger() {
    let schemas = json!({"Base": {"type": "object", "properties": {"id": {"type": "integer"}}}});
    let schema = json!({"allOf": [{"$ref": "#/components/schemas/Base"}], "properties": {"name": {"type": "string"}}, "unevaluatedProperties": false});
    let bench = judge("3.1.0", &schema, &schemas, Options::default());
    assert!(bench.post_json("/", &json!({"value": {"id": 1, "name": "a"}})).is_ok());
    assert_eq!(
        told(bench.post_json("/", &json!({"value": {"id": 1, "nmae": "a"}}))),
        ["body /value/nmae is not a known field; did you mean `name`?"]
    );
    assert_eq!(told(bench.post_json("/", &json!({"value": {"id": "x"}}))), ["body /value/id must be an integer"]);
}

#[test]
fn documents_of_3_0_get_the_keywords_of_3_1_that_they_use() {
    let bench = judge("3.0.3", &json!({"const": "a"}), &json!({}), Options::default());
    assert_eq!(told(bench.post_json("/", &json!({"value": "b"}))), ["body /value must be a"]);
}

#[test]
fn fields_of_one_pointer_need_no_escaping_in_references() {
    let schemas =
        json!({"a b/c~{\"%": {"type": "object", "properties": {"x y%": {"type": "object", "required": ["é"]}}}});
    let bench =
        judge("3.1.0", &json!({"$ref": "#/components/schemas/a%20b~1c~0%7B%22%25"}), &schemas, Options::default());
    let errors = told(bench.post_json("/", &json!({"value": {"x y%": {}}})));
    assert_eq!(errors, ["body /value/x y%/é is required"]);
}
