//! YAML 1.2 into a JSON value, keeping the place of every key and item.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Location, Spanned};

use super::{DOCUMENT_DEPTH_MAX, Position, Positions};
use crate::pointer;

/// How many events all aliases together may replay.
const ALIAS_EVENTS_MAX: usize = 50_000;

pub(super) fn parse(text: &str) -> Result<(Value, Positions), (Position, String)> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DOCUMENT_DEPTH_MAX },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: ALIAS_EVENTS_MAX },
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    let root: Spanned<Node> = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let position = error.location().map_or((1, 1), |location| place(&location));
        (position, format!("is not valid YAML: {error}"))
    })?;
    let mut positions = Positions::new();
    let mut pointer = String::new();
    positions.insert(String::new(), place(&root.referenced));
    let value = build(root.value, &mut pointer, &mut positions);
    Ok((value, positions))
}

fn place(location: &Location) -> Position {
    let clamp = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).max(1);
    (clamp(location.line()), clamp(location.column()))
}

/// Recursion is bounded by [`DOCUMENT_DEPTH_MAX`], which the parser has enforced.
fn build(node: Node, pointer: &mut String, positions: &mut Positions) -> Value {
    match node {
        Node::Scalar(value) => value,
        Node::Sequence(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                let length = pointer.len();
                pointer::push(pointer, &index.to_string());
                positions.insert(pointer.clone(), place(&item.referenced));
                list.push(build(item.value, pointer, positions));
                pointer.truncate(length);
            }
            Value::Array(list)
        }
        Node::Mapping(members) => {
            let mut object = Map::new();
            for (key, member) in members {
                let length = pointer.len();
                pointer::push(pointer, &key.value);
                positions.insert(pointer.clone(), place(&key.referenced));
                object.insert(key.value, build(member.value, pointer, positions));
                pointer.truncate(length);
            }
            Value::Object(object)
        }
    }
}

enum Node {
    Scalar(Value),
    Sequence(Vec<Spanned<Node>>),
    Mapping(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON can express")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number must be finite"))?;
        Ok(Node::Scalar(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Value::String(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Scalar(Value::String(value)))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Node, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut members: Vec<(Spanned<String>, Spanned<Node>)> = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            if members.iter().any(|(known, _)| known.value == key.value) {
                return Err(A::Error::custom(format!("key `{}` stands here twice", key.value)));
            }
            members.push((key, access.next_value()?));
        }
        Ok(Node::Mapping(members))
    }
}
