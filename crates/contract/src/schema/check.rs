//! From schemas in a document to compiled checks.

use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, Registry, ValidationOptions, Validator};
use serde_json::{Value, json};

use super::keywords;
use super::sentence::Explainer;
use super::translate::Translator;
use super::{Dialect, Direction};
use crate::document::Document;
use crate::error::Errors;
use crate::fault::Fault;
use crate::pointer;

/// The name under which a translated document is known while it is compiled. Nothing is ever fetched.
const BASE: &str = "urn:crossgate:contract";
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
    validators: Vec<Validator>,
    /// What they were compiled from; sentences look names up in it.
    source: Arc<Value>,
}

impl Checks {
    /// Whether a value fits; nothing is allocated for one that does.
    pub(crate) fn accepts(&self, id: CheckId, value: &Value) -> bool {
        self.get(id).is_none_or(|(validator, _)| validator.is_valid(value))
    }

    /// Adds to `errors` everything that does not fit, each under `prefix`.
    pub(crate) fn judge(&self, id: CheckId, value: &Value, place: &'static str, prefix: &str, errors: &mut Errors) {
        let Some((validator, source)) = self.get(id) else { return };
        if validator.is_valid(value) {
            return;
        }
        let explainer = Explainer { source, place, prefix };
        for error in validator.iter_errors(value) {
            explainer.explain(&error, errors);
        }
    }

    fn get(&self, id: CheckId) -> Option<(&Validator, &Value)> {
        let compiled = match id.direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        };
        compiled.validators.get(id.index).map(|validator| (validator, compiled.source.as_ref()))
    }
}

fn compile(
    document: &Document,
    translator: &Translator<'_>,
    roots: &[(String, usize)],
) -> Result<Compiled, Vec<Fault>> {
    let source = Arc::new(translator.source());
    let validators = validators(document, &source, roots)?;
    Ok(Compiled { validators, source })
}

fn validators(document: &Document, source: &Value, roots: &[(String, usize)]) -> Result<Vec<Validator>, Vec<Fault>> {
    let registry = Registry::new()
        .draft(Draft::Draft202012)
        .add(BASE, Draft::Draft202012.create_resource_ref(source))
        .and_then(jsonschema::RegistryBuilder::prepare)
        .map_err(|error| vec![document.fault("", format!("has schemas that cannot be read: {error}"))])?;
    let mut faults = Vec::new();
    let mut validators = Vec::with_capacity(roots.len());
    for (pointer, definition) in roots {
        let schema = json!({ "$ref": format!("{BASE}#/$defs/d{definition}") });
        match options().with_registry(&registry).build(&schema) {
            Ok(validator) => validators.push(validator),
            Err(error) => {
                faults.push(document.fault(pointer, format!("has a schema that cannot be compiled: {error}")))
            }
        }
    }
    if faults.is_empty() { Ok(validators) } else { Err(faults) }
}

fn options<'i>() -> ValidationOptions<'i> {
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
    let mut errors = Errors::default();
    let explainer = Explainer { source: &Value::Null, place: "body", prefix: "" };
    for error in meta.iter_errors(schema) {
        explainer.explain(&error, &mut errors);
    }
    errors.into_list().into_iter().map(|error| (error.pointer, error.detail)).collect()
}

/// The object schema that holds the keyword at an error's place, found by the keyword's absolute location.
pub(super) fn holder<'s>(source: &'s Value, location: &str) -> Option<&'s Value> {
    let (_, fragment) = location.split_once('#')?;
    let fragment = crate::bind::text::percent_decode(fragment, false)?;
    let (parent, _) = pointer::split_last(&fragment)?;
    source.pointer(parent)
}
