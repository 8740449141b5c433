//! Why a value does not fit, in time that grows with the value and the schema and not with their product's power.
//!
//! A validator that lists its errors tries every branch of every choice again below every branch: a recursive schema
//! with two branches takes twice as long for each level of the value. So schemas are explained one level at a time.
//! In a level, schemas below are replaced by a yes or no ([`CHECK`]), which is quick; only where the answer is no, and
//! only in the branch that was probably meant, the next level is asked.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{Keyword, Registry, ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::check::{BASE, options};
use super::keywords::{READ_ONLY, WRITE_ONLY};
use super::sentence::{NO_FORM, must_be, sentence, type_names};
use super::words::{closest, list, short};
use crate::error::Errors;
use crate::pointer;

/// The keyword that stands for another schema; its value is that schema's pointer.
const CHECK: &str = "x-crossgate-check";
/// How many schemas are asked about one value at most; beyond that the list of errors may be incomplete.
const STEPS_MAX: usize = 5_000;
/// How many levels are explained below each other.
const LEVELS_MAX: usize = 200;

/// A translated document, and the validators for its parts: made on first need and kept, as many as there are schemas.
#[derive(Debug)]
pub(super) struct Explanations {
    source: Arc<Value>,
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

    fn level(self: &Arc<Self>, at: &str) -> Option<Arc<Validator>> {
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

/// Writes sentences about one value.
pub(super) struct Explainer<'e> {
    explanations: &'e Arc<Explanations>,
    place: &'static str,
    /// Schema and place in the value, so that nothing is explained twice.
    asked: HashSet<(String, String)>,
}

/// A value, the schema that it does not fit, and how deep the question is.
#[derive(Clone, Copy)]
pub(super) struct Here<'h> {
    /// The schema's pointer in the translated document.
    pub(super) at: &'h str,
    pub(super) value: &'h Value,
    /// The value's own pointer.
    pub(super) pointer: &'h str,
    pub(super) level: usize,
}

/// What fails in a branch at the place of the choice itself.
enum Failure {
    Type(Vec<&'static str>),
    Values(Vec<Value>),
    Other,
}

impl<'e> Explainer<'e> {
    pub(super) fn new(explanations: &'e Arc<Explanations>, place: &'static str) -> Self {
        Self { explanations, place, asked: HashSet::new() }
    }

    /// Explains why a value does not fit a schema.
    pub(super) fn explain(&mut self, here: Here<'_>, errors: &mut Errors) {
        let Here { at, value, pointer, level } = here;
        if errors.is_full() || self.asked.len() >= STEPS_MAX || level > LEVELS_MAX {
            errors.push(self.place, pointer, "does not fit its schema");
            return;
        }
        if !self.asked.insert((at.to_owned(), pointer.to_owned())) {
            return;
        }
        let Some(validator) = self.explanations.level(at) else { return };
        let mut fits = true;
        for error in validator.iter_errors(value) {
            fits = false;
            self.one(here, &error, errors);
        }
        if fits {
            self.undescribed(here, errors);
        }
    }

    fn one(&mut self, here: Here<'_>, error: &ValidationError<'_>, errors: &mut Errors) {
        let path = error.instance_path().as_str();
        let pointer = format!("{}{path}", here.pointer);
        match error.kind() {
            Kind::Custom { keyword, message } if keyword == CHECK => {
                if let Some(value) = here.value.pointer(path) {
                    self.explain(Here { at: message, value, pointer: &pointer, level: here.level + 1 }, errors);
                }
            }
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                for name in unexpected {
                    self.unknown_field(here, name, errors);
                }
            }
            Kind::Required { property } => {
                self.field(&pointer, property.as_str().unwrap_or_default(), "is required", errors);
            }
            Kind::Custom { keyword, message } if keyword == READ_ONLY => {
                self.field(&pointer, message, "is set by the server; leave it out", errors);
            }
            Kind::Custom { keyword, message } if keyword == WRITE_ONLY => {
                self.field(&pointer, message, "is write-only and must not be sent back", errors);
            }
            Kind::PropertyNames { error: inner } => self.field_name(here, inner, errors),
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => self.choice(here, context, errors),
            kind => errors.push(self.place, pointer, sentence(kind)),
        }
    }

    fn field(&self, pointer: &str, name: &str, detail: &str, errors: &mut Errors) {
        errors.push(self.place, pointer::join(pointer, &short(name)), detail);
    }

    /// Names that the object already holds were not meant.
    fn unknown_field(&self, here: Here<'_>, name: &str, errors: &mut Errors) {
        let mut known = Vec::new();
        self.known_fields(here.at, 0, &mut known);
        let free = known.iter().map(String::as_str).filter(|known| here.value.get(*known).is_none());
        let detail = match closest(name, free) {
            Some(known) => format!("is not a known field; did you mean `{}`?", short(known)),
            None => "is not a known field".to_owned(),
        };
        self.field(here.pointer, name, &detail, errors);
    }

    fn field_name(&mut self, here: Here<'_>, inner: &ValidationError<'_>, errors: &mut Errors) {
        let name = inner.instance().as_str().unwrap_or_default();
        let mut reasons = Errors::default();
        // Another name in this place is another value: its pointer only tells the questions apart.
        let pointer = pointer::join(here.pointer, name);
        self.one(Here { value: inner.instance(), pointer: &pointer, ..here }, inner, &mut reasons);
        for reason in reasons.into_list() {
            self.field(here.pointer, name, &format!("is a field whose name {}", reason.detail), errors);
        }
    }

    /// `anyOf` and `oneOf`: what was probably meant is the branch of the right type with the fewest failures.
    fn choice(&mut self, here: Here<'_>, branches: &[Vec<ValidationError<'static>>], errors: &mut Errors) {
        let failures: Vec<Vec<Failure>> = branches.iter().map(|branch| self.failures(branch, here.value, 0)).collect();
        let of_other_type =
            |failures: &&Vec<Failure>| failures.iter().any(|failure| matches!(failure, Failure::Type(_)));
        let near: Vec<&Vec<Failure>> = failures.iter().filter(|failures| !of_other_type(failures)).collect();
        if near.is_empty() {
            let kinds = failures.iter().flatten().filter_map(|failure| match failure {
                Failure::Type(kinds) => Some(kinds.as_slice()),
                _ => None,
            });
            let kinds: Vec<&str> = kinds.flatten().copied().collect();
            errors.push(self.place, here.pointer, if kinds.is_empty() { NO_FORM.to_owned() } else { must_be(&kinds) });
            return;
        }
        let values: Option<Vec<&Vec<Value>>> = near
            .iter()
            .map(|failures| match failures.as_slice() {
                [Failure::Values(values)] => Some(values),
                _ => None,
            })
            .collect();
        if let Some(values) = values {
            let values: Vec<Value> = values.into_iter().flatten().cloned().collect();
            errors.push(self.place, here.pointer, format!("must be one of {}", list(&values)));
            return;
        }
        if near.len() > 1 {
            errors.push(self.place, here.pointer, format!("{NO_FORM}; the closest is explained here"));
        }
        let candidates = branches.iter().zip(&failures).filter(|(_, failures)| !of_other_type(failures));
        if let Some((branch, _)) = candidates.min_by_key(|(_, failures)| failures.len()) {
            branch.iter().for_each(|inner| self.one(here, inner, errors));
        }
    }

    /// What fails in a branch, seen through references and combinations at the same place.
    fn failures(&self, branch: &[ValidationError<'_>], value: &Value, level: usize) -> Vec<Failure> {
        /// How many references and combinations are seen through.
        const THROUGH_MAX: usize = 8;
        let mut failures = Vec::new();
        for error in branch {
            let is_here = error.instance_path().is_empty();
            match error.kind() {
                Kind::Custom { keyword, message } if keyword == CHECK && is_here && level < THROUGH_MAX => {
                    if let Some(validator) = self.explanations.level(message) {
                        let inner: Vec<ValidationError<'_>> = validator.iter_errors(value).collect();
                        failures.extend(self.failures(&inner, value, level + 1));
                    }
                }
                Kind::FalseSchema if is_here => failures.push(Failure::Type(Vec::new())),
                kind @ Kind::Type { .. } if is_here => {
                    failures.push(Failure::Type(type_names(kind).unwrap_or_default()))
                }
                Kind::Enum { options } if is_here => {
                    failures.push(Failure::Values(options.as_array().cloned().unwrap_or_default()));
                }
                Kind::Constant { expected_value } if is_here => {
                    failures.push(Failure::Values(vec![expected_value.as_ref().clone()]));
                }
                _ => failures.push(Failure::Other),
            }
        }
        failures
    }

    /// A level that fits alone, of a schema that does not fit: `unevaluatedProperties` or `unevaluatedItems`.
    fn undescribed(&self, here: Here<'_>, errors: &mut Errors) {
        let mut known = Vec::new();
        self.known_fields(here.at, 0, &mut known);
        let strangers = here.value.as_object().into_iter().flat_map(|object| object.keys());
        let strangers: Vec<&String> = strangers.filter(|name| !known.contains(name)).collect();
        for name in &strangers {
            self.unknown_field(here, name, errors);
        }
        if strangers.is_empty() {
            errors.push(self.place, here.pointer, "has fields or items that are not described");
        }
    }

    /// The names that a schema describes, itself and through what applies besides.
    fn known_fields(&self, at: &str, level: usize, known: &mut Vec<String>) {
        /// How many references and combinations are followed, and names collected.
        const FOLLOW_MAX: usize = 8;
        const NAMES_MAX: usize = 1_000;
        let Some(schema) = self.explanations.source.pointer(at).and_then(Value::as_object) else { return };
        if level > FOLLOW_MAX || known.len() > NAMES_MAX {
            return;
        }
        known.extend(
            schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|own| own.keys().cloned()),
        );
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#')) {
            self.known_fields(target, level + 1, known);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let members = schema.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
            for index in 0..members {
                self.known_fields(&format!("{at}/{keyword}/{index}"), level + 1, known);
            }
        }
        for keyword in ["then", "else"] {
            if schema.contains_key(keyword) {
                self.known_fields(&format!("{at}/{keyword}"), level + 1, known);
            }
        }
    }
}
