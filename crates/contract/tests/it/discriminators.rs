//! Discriminators choose one schema, so that the errors are that schema's.

use crossgate_contract::Options;
use serde_json::{Value, json};

use crate::kit::{Bench, judge, told};

fn pets() -> Value {
    json!({
        "Cat": {"type": "object", "required": ["kind", "lives"], "properties": {"kind": {"type": "string"}, "lives": {"type": "integer"}}},
        "Dog": {"type": "object", "required": ["kind", "tricks"], "properties": {"kind": {"type": "string"}, "tricks": {"type": "array", "items": {"type": "string"}}}},
    })
}

fn one_of(discriminator: &Value) -> Value {
    json!({"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}], "discriminator": discriminator})
}

fn expect(bench: &Bench, value: &Value, expected: &[&str]) {
    let outcome = bench.post_json("/", &json!({ "value": value }));
    if expected.is_empty() {
        assert!(outcome.is_ok(), "{value}: {outcome:?}");
    } else {
        assert_eq!(told(outcome), expected, "{value}");
    }
}

#[test]
fn without_a_mapping_the_schemas_names_choose() {
    for version in ["3.0.3", "3.1.0"] {
        let bench = judge(version, &one_of(&json!({"propertyName": "kind"})), &pets(), Options::default());
        expect(&bench, &json!({"kind": "Cat", "lives": 9}), &[]);
        expect(&bench, &json!({"kind": "Dog", "tricks": []}), &[]);
        expect(&bench, &json!({"kind": "Cat", "lives": "x"}), &["body /value/lives must be an integer"]);
        expect(&bench, &json!({"kind": "Dog", "lives": 9}), &["body /value/tricks is required"]);
        expect(&bench, &json!({"kind": "Cow"}), &["body /value/kind must be one of Cat, Dog"]);
        expect(&bench, &json!({"lives": 9}), &["body /value/kind is required"]);
        expect(&bench, &json!("Cat"), &["body /value must be an object"]);
    }
}

#[test]
fn a_mapping_gives_the_schemas_other_names() {
    let discriminator = json!({"propertyName": "kind", "mapping": {"c": "#/components/schemas/Cat", "kitten": "Cat"}});
    let bench = judge("3.0.3", &one_of(&discriminator), &pets(), Options::default());
    expect(&bench, &json!({"kind": "c", "lives": 9}), &[]);
    expect(&bench, &json!({"kind": "kitten", "lives": 1}), &[]);
    expect(&bench, &json!({"kind": "Dog", "tricks": []}), &[]);
    expect(&bench, &json!({"kind": "Cat", "lives": 9}), &["body /value/kind must be one of c, kitten, Dog"]);
}

#[test]
fn a_base_schema_chooses_among_its_children() {
    let schemas = json!({
        "Pet": {"type": "object", "required": ["kind", "name"], "discriminator": {"propertyName": "kind"},
            "properties": {"kind": {"type": "string"}, "name": {"type": "string"}}},
        "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"type": "object", "required": ["lives"], "properties": {"lives": {"type": "integer"}}}]},
        "Kitten": {"allOf": [{"$ref": "#/components/schemas/Cat"}, {"type": "object", "required": ["age"]}]},
    });
    let bench = judge("3.0.3", &json!({"$ref": "#/components/schemas/Pet"}), &schemas, Options::default());
    expect(&bench, &json!({"kind": "Cat", "name": "a", "lives": 9}), &[]);
    expect(&bench, &json!({"kind": "Cat", "name": "a"}), &["body /value/lives is required"]);
    expect(&bench, &json!({"kind": "Kitten", "name": "a", "lives": 9}), &["body /value/age is required"]);
    expect(&bench, &json!({"kind": "Dog", "name": "a"}), &["body /value/kind must be one of Cat, Kitten"]);
    let list = judge(
        "3.0.3",
        &json!({"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}),
        &schemas,
        Options::default(),
    );
    expect(&list, &json!([{"kind": "Cat", "name": "a", "lives": "x"}]), &["body /value/0/lives must be an integer"]);
}

#[test]
fn null_may_be_among_the_choices() {
    let mut nullable = one_of(&json!({"propertyName": "kind"}));
    nullable["nullable"] = json!(true);
    let bench = judge("3.0.3", &nullable, &pets(), Options::default());
    expect(&bench, &json!(null), &[]);
    expect(&bench, &json!({"kind": "Cat"}), &["body /value/lives is required"]);
    let mut with_null = one_of(&json!({"propertyName": "kind"}));
    with_null["oneOf"].as_array_mut().unwrap().push(json!({"type": "null"}));
    let bench = judge("3.1.0", &with_null, &pets(), Options::default());
    expect(&bench, &json!(null), &[]);
    expect(&bench, &json!({"kind": "Cat"}), &["body /value/lives is required"]);
}

#[test]
fn a_field_with_a_fixed_value_tells_branches_apart_without_a_discriminator() {
    let schemas = json!({
        "Dcv": {"type": "string", "enum": ["dcv"]},
        "Check": {"type": "object", "required": ["check_type", "target"], "properties": {"target": {"type": "string"}}},
        "CaaParams": {"allOf": [{"$ref": "#/components/schemas/Check"}, {"properties": {"check_type": {"type": "string", "enum": ["caa"]}}}]},
        "DcvParams": {"allOf": [{"$ref": "#/components/schemas/Check"}, {"required": ["method", "token"], "properties": {"check_type": {"$ref": "#/components/schemas/Dcv"}}}]},
    });
    let schema =
        json!({"oneOf": [{"$ref": "#/components/schemas/CaaParams"}, {"$ref": "#/components/schemas/DcvParams"}]});
    for version in ["3.0.3", "3.1.0"] {
        let bench = judge(version, &schema, &schemas, Options::default());
        expect(&bench, &json!({"check_type": "caa", "target": "a"}), &[]);
        expect(
            &bench,
            &json!({"check_type": "dcv", "target": 5}),
            &["body /value/target must be text", "body /value/method is required", "body /value/token is required"],
        );
        expect(&bench, &json!({"check_type": "caa"}), &["body /value/target is required"]);
        expect(&bench, &json!({"check_type": "x", "target": 5}), &["body /value/check_type must be one of caa, dcv"]);
        expect(&bench, &json!([]), &["body /value must be an object"]);
    }
}
