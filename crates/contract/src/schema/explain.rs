//! Why a value does not fit, in time that grows with the value and the schema and not with their product's power.
//!
//! A validator that lists its errors tries every branch of every choice again below every branch: a recursive schema
//! with two branches takes twice as long for each level of the value. So schemas are explained one level at a time.
//! In a level, schemas below are replaced by a yes or no ([`CHECK`]), which is quick; only where the answer is no, and
//! only in the branch that was probably meant, the next level is asked.

use std::collections::HashSet;
use std::sync::Arc;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::keywords::{READ_ONLY, WRITE_ONLY};
use super::levels::{CHECK, Explanations};
use super::sentence::sentence;
use super::words::{closest, short};
use crate::error::{Errors, FIELD_ERRORS_MAX};
use crate::pointer;

/// How many schemas are asked about one value at most; beyond that the list of errors may be incomplete.
const STEPS_MAX: usize = 5_000;
/// How many values are looked at in all, each time that a schema is asked about what holds them.
const WORK_MAX: usize = 1_000_000;
/// How many levels are explained below each other.
const LEVELS_MAX: usize = 200;

/// Writes sentences about one value.
pub(super) struct Explainer<'e> {
    pub(super) explanations: &'e Arc<Explanations>,
    pub(super) place: &'static str,
    /// Schema and place in the value, so that nothing is explained twice.
    asked: HashSet<(String, String)>,
    /// Values looked at.
    work: usize,
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

impl<'e> Explainer<'e> {
    pub(super) fn new(explanations: &'e Arc<Explanations>, place: &'static str) -> Self {
        Self { explanations, place, asked: HashSet::new(), work: 0 }
    }

    /// Explains why a value does not fit a schema.
    pub(super) fn explain(&mut self, here: Here<'_>, errors: &mut Errors) {
        let Here { at, value, pointer, level } = here;
        self.work = self.work.saturating_add(nodes(value));
        if errors.is_full() || self.asked.len() >= STEPS_MAX || self.work > WORK_MAX || level > LEVELS_MAX {
            errors.push(self.place, pointer, "does not fit its schema");
            return;
        }
        if !self.asked.insert((at.to_owned(), pointer.to_owned())) {
            return;
        }
        let Some(validator) = self.explanations.level(at) else { return };
        let mut fits = true;
        let mut found = validator.iter_errors(value);
        while let Some(error) = found.next() {
            fits = false;
            self.one(here, &error, errors);
            if errors.is_full() {
                // Nobody is told what they are, so nobody asks.
                errors.leave_out(found.count());
                return;
            }
        }
        if fits {
            self.undescribed(here, errors);
        }
    }

    pub(super) fn one(&mut self, here: Here<'_>, error: &ValidationError<'_>, errors: &mut Errors) {
        let path = error.instance_path().as_str();
        let pointer = format!("{}{path}", here.pointer);
        match error.kind() {
            Kind::Custom { keyword, message } if keyword == CHECK => {
                if let Some(value) = here.value.pointer(path) {
                    self.explain(Here { at: message, value, pointer: &pointer, level: here.level + 1 }, errors);
                }
            }
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                self.unknown_fields(here, unexpected.iter(), errors);
            }
            // An object that may hold nothing is refused as a whole; what it holds is what is wrong.
            Kind::FalseSchema if error.schema_path().as_str().ends_with("/additionalProperties") => {
                let fields = here.value.as_object().into_iter().flat_map(|object| object.keys());
                self.unknown_fields(here, fields, errors);
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

    /// Names the first; of those that would not be listed there is only the number.
    fn unknown_fields<'n>(&self, here: Here<'_>, names: impl Iterator<Item = &'n String>, errors: &mut Errors) {
        let mut names = names;
        let mut known = Vec::new();
        self.known_fields(here.at, 0, &mut known);
        // Names that the object already holds were not meant.
        known.retain(|known| here.value.get(known).is_none());
        // Long names that begin alike make one error, so that the list alone does not bound the work.
        for name in names.by_ref().take(FIELD_ERRORS_MAX) {
            if errors.is_full() {
                errors.leave_out(1);
            } else {
                self.unknown_field(here, name, &known, errors);
            }
        }
        errors.leave_out(names.count());
    }

    fn unknown_field(&self, here: Here<'_>, name: &str, known: &[String], errors: &mut Errors) {
        let detail = match closest(name, known.iter().map(String::as_str)) {
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

    /// A level that fits alone, of a schema that does not fit: `unevaluatedProperties` or `unevaluatedItems`.
    fn undescribed(&self, here: Here<'_>, errors: &mut Errors) {
        let mut known = Vec::new();
        self.known_fields(here.at, 0, &mut known);
        let known: HashSet<&str> = known.iter().map(String::as_str).collect();
        let all = here.value.as_object().into_iter().flat_map(|object| object.keys());
        let mut strangers = all.filter(|name| !known.contains(name.as_str())).peekable();
        let any = strangers.peek().is_some();
        self.unknown_fields(here, strangers, errors);
        if !any {
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

/// How many values a value is made of. Recursion is as deep as the value, which its reader has bounded.
fn nodes(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(nodes).sum::<usize>(),
        _ => 1,
    }
}
