//! Schemas cut into levels: in each, the schemas below and besides are replaced by a yes or no ([`CHECK`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use jsonschema::{Keyword, Registry, ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::check::{BASE, options};
use crate::pointer;

/// The keyword that stands for another schema; its value is that schema's pointer.
pub(super) const CHECK: &str = "x-crossgate-check";
/// A translated document, and the validators for its parts: made on first need and kept, as many as there are schemas.
#[derive(Debug)]
pub(super) struct Explanations {
    pub(super) source: Arc<Value>,
    registry: Registry<'static>,
    /// By pointer: whether a value fits at all.
    whole: Mutex<HashMap<String, Arc<Validator>>>,
    /// By pointer: one level.
    levels: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Explanations {
    pub(super) fn new(source: Arc<Value>, registry: Registry<'static>) -> Self {
        Self { source, registry, whole: Mutex::default(), levels: Mutex::default() }
    }

    /// Compiles the schema at a pointer with all that it refers to.
    pub(super) fn compile(&self, at: &str) -> Result<Validator, ValidationError<'static>> {
        options().with_registry(&self.registry).build(&json!({ "$ref": format!("{BASE}#{}", fragment(at)) }))
    }

    fn accepts(&self, at: &str, value: &Value) -> bool {
        let whole = cached(&self.whole, at, || self.compile(at).ok());
        whole.is_none_or(|validator| validator.is_valid(value))
    }

    /// The level of the schema at a pointer.
    pub(super) fn level(self: &Arc<Self>, at: &str) -> Option<Arc<Validator>> {
        cached(&self.levels, at, || {
            let owner = Arc::downgrade(self);
            let level = level(self.source.pointer(at)?, at);
            let options = options().with_keyword(CHECK, move |_, value, _| {
                Ok(Box::new(Check { owner: owner.clone(), at: value.as_str().unwrap_or_default().to_owned() }))
            });
            options.build(&level).ok()
        })
    }
}

fn cached(
    map: &Mutex<HashMap<String, Arc<Validator>>>,
    at: &str,
    compile: impl FnOnce() -> Option<Validator>,
) -> Option<Arc<Validator>> {
    if let Some(known) = map.lock().unwrap_or_else(PoisonError::into_inner).get(at) {
        return Some(known.clone());
    }
    let made = Arc::new(compile()?);
    map.lock().unwrap_or_else(PoisonError::into_inner).insert(at.to_owned(), made.clone());
    Some(made)
}

/// A pointer as a URI fragment (RFC 6901 §6).
fn fragment(pointer: &str) -> String {
    let mut fragment = String::with_capacity(pointer.len());
    for byte in pointer.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'$' => {
                fragment.push(byte.into())
            }
            other => fragment.push_str(&format!("%{other:02X}")),
        }
    }
    fragment
}

/// One level of a schema: what is below, and what applies besides, becomes a check.
fn level(schema: &Value, at: &str) -> Value {
    let Some(schema) = schema.as_object() else { return schema.clone() };
    let besides = ["$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"];
    let mut out = Map::new();
    let mut all_of = Vec::new();
    for (keyword, value) in schema {
        let here = pointer::join(at, keyword);
        let each = |list: &Vec<Value>| -> Vec<Value> {
            list.iter().enumerate().map(|(index, schema)| check(schema, || format!("{here}/{index}"))).collect()
        };
        match (keyword.as_str(), value) {
            ("$ref", Value::String(target)) => {
                all_of.push(json!({ CHECK: target.strip_prefix('#').unwrap_or(target) }));
            }
            ("allOf", Value::Array(members)) => all_of.extend(each(members)),
            ("anyOf" | "oneOf" | "prefixItems", Value::Array(members)) => {
                out.insert(keyword.clone(), Value::Array(each(members)));
            }
            ("properties" | "patternProperties" | "dependentSchemas", Value::Object(members)) => {
                let each =
                    |(name, schema): (&String, &Value)| (name.clone(), check(schema, || pointer::join(&here, name)));
                out.insert(keyword.clone(), Value::Object(members.iter().map(each).collect()));
            }
            // What other schemas have evaluated is not seen from one level.
            ("unevaluatedProperties" | "unevaluatedItems", _) if besides.iter().any(|k| schema.contains_key(*k)) => {}
            (
                "items"
                | "additionalProperties"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames"
                | "unevaluatedProperties"
                | "unevaluatedItems",
                value,
            ) => drop(out.insert(keyword.clone(), check(value, || here.clone()))),
            ("$defs", _) => {}
            (_, value) => drop(out.insert(keyword.clone(), value.clone())),
        }
    }
    if !all_of.is_empty() {
        out.insert("allOf".to_owned(), Value::Array(all_of));
    }
    Value::Object(out)
}

/// A schema without others inside stays as it is.
fn check(schema: &Value, at: impl FnOnce() -> String) -> Value {
    let is_leaf =
        schema.as_object().is_none_or(|schema| !schema.values().any(|value| value.is_object() || has_schemas(value)))
            && schema.get("$ref").is_none()
            && schema.get("additionalProperties").is_none();
    if is_leaf { schema.clone() } else { json!({ CHECK: at() }) }
}

fn has_schemas(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().any(Value::is_object))
}

struct Check {
    owner: Weak<Explanations>,
    at: String,
}

impl<'i> Keyword<'i> for Check {
    /// The message is the pointer of what to ask next.
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom(self.at.as_str())) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.owner.upgrade().is_none_or(|owner| owner.accepts(&self.at, instance))
    }
}
