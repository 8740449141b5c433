//! `application/x-www-form-urlencoded` bodies.

use serde_json::{Map, Value};

use super::body::{Accepted, Field};
use super::pairs::Pairs;
use super::parameter::{Found, Notation};
use super::single::Kind;
use super::text::{Encoding, coerce, decode};
use crate::contract::Rules;
use crate::error::Errors;
use crate::pointer;
use crate::schema::Shape;

/// Reads a form into an object. Fields that the schema does not name are kept as text, for the validator to judge.
pub(super) fn read(text: &str, accepted: &Accepted, rules: Rules, errors: &mut Errors) -> Value {
    let mut pairs = Pairs::urlencoded(text, rules.compat, "body", errors);
    let mut object = Map::new();
    for field in &accepted.fields {
        match field.in_form(&mut pairs, rules) {
            Ok(Some(value)) => drop(object.insert(field.parameter.name.clone(), value)),
            Ok(None) => {}
            Err(unreadable) => {
                errors.push("body", format!("{}{}", field.parameter.pointer, unreadable.pointer), unreadable.detail);
            }
        }
    }
    for pair in pairs.list.into_iter().filter(|pair| !pair.used) {
        match decode(pair.raw, Encoding::Form, rules.compat) {
            Ok(value) => {
                let value = coerce(value, accepted.shape.property(&pair.name), rules.compat);
                append(&mut object, pair.name.into_owned(), value);
            }
            Err(detail) => errors.push("body", pointer::join("", &pair.name), detail),
        }
    }
    Value::Object(object)
}

/// A name that comes again makes a list.
fn append(object: &mut Map<String, Value>, name: String, value: Value) {
    match object.get_mut(&name) {
        None => drop(object.insert(name, value)),
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

impl Field {
    fn in_form(&self, pairs: &mut Pairs<'_>, rules: Rules) -> Found {
        let parameter = &self.parameter;
        if !self.items_are_json() {
            return parameter.in_pairs(pairs, &[], rules);
        }
        let mut list = Vec::new();
        for pair in pairs.list.iter_mut().filter(|pair| pair.name == parameter.name) {
            pair.used = true;
            list.push(parameter.read_json(pair.raw, Encoding::Form, rules)?);
        }
        Ok(if list.is_empty() { None } else { Some(Value::Array(list)) })
    }

    /// A list of objects is one JSON text for each (OpenAPI 3.0.3 §4.7.15.1.1).
    fn items_are_json(&self) -> bool {
        let shape: &Shape = &self.parameter.shape;
        self.parameter.notation != Notation::Json
            && Kind::of(shape) == Kind::Array
            && Kind::of(shape.item()) != Kind::Scalar
    }
}
