//! From schemas in a document to compiled checks.

use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, Registry, ValidationOptions, Validator};
use serde_json::{Value, json};

use super::explain::{Explainer, Here};
use super::keywords;
use super::levels::Explanations;
use super::sentence::sentence;
use super::translate::Translator;
use super::{Dialect, Direction};
use crate::document::Document;
use crate::error::Errors;
use crate::fault::Fault;
use crate::pointer;

/// The name under which a translated document is known while it is compiled. Nothing is ever fetched.
pub(super) const BASE: &str = "urn:crossgate:contract";
/// The largest compiled `pattern` in bytes.
const PATTERN_BYTES_MAX: usize = 4 << 20;

/// An index into [`Checks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CheckId {
    direction: Direction,
    index: usize,
}

/// Collects the schemas that need checking, and compiles them all together.
pub(crate) struct Schemas<'d> {
    document: &'d Document,
    request: Translator<'d>,
    response: Translator<'d>,
    request_roots: Vec<(String, usize)>,
    response_roots: Vec<(String, usize)>,
}

impl<'d> Schemas<'d> {
    pub(crate) fn new(document: &'d Document, dialect: Dialect, compat: bool) -> Self {
        Self {
            document,
            request: Translator::new(document, dialect, compat, Direction::Request),
            response: Translator::new(document, dialect, compat, Direction::Response),
            request_roots: Vec::new(),
            response_roots: Vec::new(),
        }
    }

    /// Asks for a check of the schema at `pointer`.
    pub(crate) fn root(&mut self, pointer: &str, direction: Direction) -> CheckId {
        let (translator, roots) = match direction {
            Direction::Request => (&mut self.request, &mut self.request_roots),
            Direction::Response => (&mut self.response, &mut self.response_roots),
        };
        let index = match roots.iter().position(|(known, _)| known == pointer) {
            Some(index) => index,
            None => {
                let definition = translator.definition(pointer, false);
                roots.push((pointer.to_owned(), definition));
                roots.len() - 1
            }
        };
        CheckId { direction, index }
    }

    /// Translates a schema for its faults alone.
    pub(crate) fn look_at(&mut self, pointer: &str) {
        self.request.definition(pointer, true);
    }

    /// Translates what was asked for, and everything that it refers to; compiles it when nothing is wrong with it.
    pub(crate) fn compile(mut self) -> Result<Checks, Vec<Fault>> {
        let mut faults = self.request.run();
        faults.extend(self.response.run());
        if !faults.is_empty() {
            return Err(faults);
        }
        let request = compile(self.document, &self.request, &self.request_roots);
        let response = compile(self.document, &self.response, &self.response_roots);
        match (request, response) {
            (Ok(request), Ok(response)) => Ok(Checks { request, response }),
            (request, response) => Err(request.err().into_iter().chain(response.err()).flatten().collect()),
        }
    }
}

/// The compiled checks of a contract.
#[derive(Debug)]
pub(crate) struct Checks {
    request: Compiled,
    response: Compiled,
}

#[derive(Debug)]
struct Compiled {
    /// Whether a value fits, and the pointer of what it was compiled from.
    roots: Vec<(Validator, String)>,
    explanations: Arc<Explanations>,
}

impl Checks {
    /// Whether a value fits; nothing is allocated for one that does.
    pub(crate) fn accepts(&self, id: CheckId, value: &Value) -> bool {
        self.compiled(id).roots.get(id.index).is_none_or(|(validator, _)| validator.is_valid(value))
    }

    /// Adds to `errors` everything that does not fit, each under `prefix`.
    pub(crate) fn judge(&self, id: CheckId, value: &Value, place: &'static str, prefix: &str, errors: &mut Errors) {
        let compiled = self.compiled(id);
        let Some((validator, at)) = compiled.roots.get(id.index) else { return };
        if validator.is_valid(value) {
            return;
        }
        let mut found = Errors::default();
        let here = Here { at, value, pointer: prefix, level: 0 };
        Explainer::new(&compiled.explanations, place).explain(here, &mut found);
        if found.is_empty() {
            // What is refused is never passed over in silence.
            found.push(place, prefix, "does not fit its schema");
        }
        errors.absorb(found);
    }

    fn compiled(&self, id: CheckId) -> &Compiled {
        match id.direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        }
    }
}

fn compile(
    document: &Document,
    translator: &Translator<'_>,
    roots: &[(String, usize)],
) -> Result<Compiled, Vec<Fault>> {
    let source = Arc::new(translator.source());
    let registry = Registry::new()
        .draft(Draft::Draft202012)
        .add(BASE, source.clone())
        .and_then(jsonschema::RegistryBuilder::prepare)
        .map_err(|error| vec![document.fault("", format!("has schemas that cannot be read: {error}"))])?;
    let explanations = Explanations::new(source, registry);
    let mut faults = Vec::new();
    let mut compiled = Vec::with_capacity(roots.len());
    for (pointer, definition) in roots {
        let at = format!("/$defs/d{definition}");
        match explanations.compile(&at) {
            Ok(validator) => compiled.push((validator, at)),
            Err(error) => {
                faults.push(document.fault(pointer, format!("has a schema that cannot be compiled: {error}")))
            }
        }
    }
    let explanations = Arc::new(explanations);
    if faults.is_empty() { Ok(Compiled { roots: compiled, explanations }) } else { Err(faults) }
}

pub(super) fn options<'i>() -> ValidationOptions<'i> {
    let options = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES_MAX));
    keywords::register(options)
}

/// Whether a `pattern` compiles: ECMA-262 without look-around and back-references, so that matching is linear in time.
pub(super) fn pattern_compiles(pattern: &str) -> bool {
    options().build(&json!({ "pattern": pattern })).is_ok()
}

/// What the meta-schema says about a translated schema: pointers inside it, with sentences.
pub(super) fn malformations(schema: &Value) -> Vec<(String, String)> {
    let meta = jsonschema::draft202012::meta::validator();
    let found = meta.iter_errors(schema).map(|error| {
        let pointer = error.instance_path().as_str();
        let detail = match pointer::split_last(pointer) {
            Some((_, keyword)) if keyword == "type" => {
                "must be a type of JSON Schema, such as string or object".to_owned()
            }
            _ => sentence(error.kind()),
        };
        (pointer.to_owned(), detail)
    });
    found.collect()
}
