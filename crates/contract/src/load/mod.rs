//! From a document to a contract. Every mistake is collected; nothing is built from a document that has one.

mod answers;
mod bodies;
mod cursor;
mod operations;
mod parameters;
mod references;

use std::sync::Arc;

use serde_json::Value;

use self::cursor::At;
use crate::contract::{Contract, Operation};
use crate::document::Document;
use crate::fault::{Fault, Faults};
use crate::options::Options;
use crate::route::Table;
use crate::schema::{CheckId, Dialect, FillsBuilder, Schemas, ShapeReader, closest};

/// Reads, checks and compiles.
pub(crate) fn contract(file: &str, text: &str, options: Options) -> Result<Contract, Faults> {
    let document = Document::parse(file, text).map_err(|fault| Faults::new(vec![fault]))?;
    let dialect = dialect(&document).map_err(|fault| Faults::new(vec![fault]))?;
    let mut loader = Loader::new(&document, dialect, &options);
    let (title, version) = loader.info();
    let drafts = loader.paths();
    loader.all_schemas();
    loader.references();
    let Loader { schemas, fills, mut faults, defaults, .. } = loader;
    let checks = match schemas.compile() {
        Ok(checks) if faults.is_empty() => Arc::new(checks),
        outcome => {
            faults.extend(outcome.err().into_iter().flatten());
            return Err(Faults::new(faults));
        }
    };
    for (pointer, check) in defaults {
        if document.value.pointer(&pointer).is_some_and(|value| !checks.accepts(check, value)) {
            faults.push(document.fault(&pointer, "the default does not fit its own schema"));
        }
    }
    let fills = Arc::new(fills.finish());
    let operations: Vec<Arc<Operation>> =
        drafts.into_iter().map(|draft| Arc::new(draft.finish(checks.clone(), fills.clone()))).collect();
    let mut table = Table::new();
    for operation in &operations {
        faults.extend(table.insert("", operation.clone(), ()).err());
    }
    if !faults.is_empty() {
        return Err(Faults::new(faults));
    }
    Ok(Contract { document: document.value, title, version, operations, options })
}

fn dialect(document: &Document) -> Result<Dialect, Fault> {
    let version = match document.value.get("openapi") {
        Some(Value::String(version)) => version.as_str(),
        Some(_) => return Err(document.fault("/openapi", "`openapi` must be quoted text such as \"3.0.3\"")),
        None if document.value.get("swagger").is_some() => {
            return Err(document.fault("/swagger", "Swagger 2.0 is not read; convert the document to OpenAPI 3"));
        }
        None => return Err(document.fault("", "`openapi` is required, such as `openapi: 3.0.3`")),
    };
    let patch = |prefix: &str| version.strip_prefix(prefix).is_some_and(|patch| patch.parse::<u16>().is_ok());
    if patch("3.0.") {
        Ok(Dialect::V3_0)
    } else if patch("3.1.") {
        Ok(Dialect::V3_1)
    } else {
        Err(document.fault("/openapi", format!("`openapi` must be 3.0.x or 3.1.x, not {version}")))
    }
}

/// What is known while a document is read.
struct Loader<'d> {
    document: &'d Document,
    dialect: Dialect,
    options: &'d Options,
    schemas: Schemas<'d>,
    shapes: ShapeReader<'d>,
    fills: FillsBuilder<'d>,
    faults: Vec<Fault>,
    /// Pointers of defaults, and the checks that they must pass.
    defaults: Vec<(String, CheckId)>,
    /// See [`crate::bind::parameter::Notation::Styled`].
    label_dots: bool,
}

impl<'d> Loader<'d> {
    fn new(document: &'d Document, dialect: Dialect, options: &'d Options) -> Self {
        let version = document.value.get("openapi").and_then(Value::as_str).unwrap_or_default();
        Self {
            document,
            dialect,
            options,
            schemas: Schemas::new(document, dialect, options.compat),
            shapes: ShapeReader::new(&document.value),
            fills: FillsBuilder::new(&document.value),
            faults: Vec::new(),
            defaults: Vec::new(),
            label_dots: matches!(version, "3.0.0" | "3.0.1" | "3.0.2" | "3.0.3" | "3.1.0"),
        }
    }

    fn fault(&mut self, pointer: &str, message: impl Into<String>) {
        self.faults.push(self.document.fault(pointer, message));
    }

    fn root(&self) -> At<'d> {
        At { pointer: String::new(), value: &self.document.value }
    }

    fn info(&mut self) -> (String, String) {
        let Some(info) = self.root().get("info") else {
            self.fault("", "`info` is required, with `title` and `version`");
            return Default::default();
        };
        let mut text = |key: &str| match info.value.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(_) => {
                self.fault(&info.pointer_to(key), format!("`info.{key}` must be text; put it in quotes"));
                String::new()
            }
            None => {
                self.fault(&info.pointer, format!("`info.{key}` is required"));
                String::new()
            }
        };
        (text("title"), text("version"))
    }

    /// Looks at the schemas that no operation uses, too.
    fn all_schemas(&mut self) {
        let Some(schemas) = self.root().get("components").and_then(|components| components.get("schemas")) else {
            return;
        };
        for schema in self.entries(&schemas, "`components.schemas`") {
            self.schemas.look_at(&schema.pointer);
        }
    }

    /// The members of an object that are not extensions, in the order of the document.
    fn entries(&mut self, at: &At<'d>, what: &str) -> Vec<At<'d>> {
        match at.value.as_object() {
            Some(members) => {
                let members = members.keys().filter(|key| !key.starts_with("x-"));
                let mut members: Vec<At<'d>> = members.filter_map(|key| at.get(key)).collect();
                members.sort_by_cached_key(|member| self.document.position(&member.pointer));
                members
            }
            None => {
                self.fault(&at.pointer, format!("{what} must be an object"));
                Vec::new()
            }
        }
    }

    /// The items of a list.
    fn items(&mut self, at: &At<'d>, what: &str) -> Vec<At<'d>> {
        match at.value.as_array() {
            Some(items) => (0..items.len()).filter_map(|index| at.get(&index.to_string())).collect(),
            None => {
                self.fault(&at.pointer, format!("{what} must be a list"));
                Vec::new()
            }
        }
    }

    fn flag(&mut self, at: &At<'d>, key: &str, otherwise: bool) -> bool {
        match at.value.get(key) {
            None => otherwise,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.fault(&at.pointer_to(key), format!("`{key}` must be true or false"));
                otherwise
            }
        }
    }

    fn text(&mut self, at: &At<'d>, key: &str) -> Option<&'d str> {
        match at.value.get(key) {
            None => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.fault(&at.pointer_to(key), format!("`{key}` must be text; put it in quotes"));
                None
            }
        }
    }

    /// Refuses fields that OpenAPI does not know: a misspelt field would silently do nothing.
    fn known(&mut self, at: &At<'d>, what: &str, known: &[&str]) {
        if self.options.compat {
            return;
        }
        for key in at.value.as_object().into_iter().flat_map(|members| members.keys()) {
            if key.starts_with("x-") || known.contains(&key.as_str()) {
                continue;
            }
            let message = match closest(key, known.iter().copied()) {
                Some(meant) => format!("`{key}` is not a known field of {what}; did you mean `{meant}`?"),
                None => format!("`{key}` is not a known field of {what}"),
            };
            self.fault(&at.pointer_to(key), message);
        }
    }
}
