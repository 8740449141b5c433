//! A contract and its operations, ready to be asked.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};

use crate::bind::body::Body;
use crate::bind::json::Limits;
use crate::bind::parameter::Parameter;
use crate::fault::{Fault, Faults};
use crate::load;
use crate::options::Options;
use crate::response::Answer;
use crate::route::{Segment, Template};
use crate::schema::{Checks, Fills};

/// An OpenAPI document that has been found sound.
#[derive(Debug)]
pub struct Contract {
    pub(crate) document: Value,
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) operations: Vec<Arc<Operation>>,
    pub(crate) options: Options,
}

impl Contract {
    /// Reads a document in YAML or JSON (a `file` that ends in `.json` must be JSON). Nothing is read from disk; `file`
    /// only names the source in faults.
    ///
    /// # Errors
    /// Every mistake in the document, with its line.
    pub fn parse(file: &str, text: &str, options: Options) -> Result<Contract, Faults> {
        load::contract(file, text, options)
    }

    /// The document as read, references unresolved.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// `info.title`.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// `info.version`: the version of the described API, not of OpenAPI.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How it was read.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The operations, in the order of the document.
    pub fn operations(&self) -> &[Arc<Operation>] {
        &self.operations
    }
}

/// One method on one path.
#[derive(Debug)]
pub struct Operation {
    pub(crate) id: Option<String>,
    pub(crate) method: Method,
    pub(crate) template: String,
    pub(crate) parsed: Template,
    pub(crate) extensions: Map<String, Value>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) rules: Rules,
    /// Where it stands; the message is empty.
    pub(crate) origin: Fault,
    pub(crate) checks: Arc<Checks>,
    pub(crate) fills: Arc<Fills>,
}

/// How strictly an operation's requests are judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) compat: bool,
    pub(crate) strict_query: bool,
    pub(crate) body_bytes_max: usize,
    pub(crate) json: Limits,
}

impl Operation {
    /// `operationId`.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path as the document writes it: `/loan/{id}`.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The value of an extension (`x-…`) of this operation.
    pub fn extension(&self, name: &str) -> Option<&Value> {
        self.extensions.get(name)
    }

    /// The lowest documented success status, or 200.
    pub fn success_status(&self) -> u16 {
        self.answers.iter().filter_map(Answer::exact).filter(|status| (200..300).contains(status)).min().unwrap_or(200)
    }

    /// Whether the status itself is documented; a class (`4XX`) or `default` does not count.
    pub fn documents(&self, status: u16) -> bool {
        self.answers.iter().any(|answer| answer.exact() == Some(status))
    }

    /// Whether a request body is described.
    pub fn takes_body(&self) -> bool {
        self.body.is_some()
    }

    /// The largest body in bytes: `x-crossgate-body-bytes-max`, or the option.
    pub fn body_bytes_max(&self) -> usize {
        self.rules.body_bytes_max
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.parsed.segments
    }

    /// A fault at the place of this operation.
    pub(crate) fn fault(&self, message: String) -> Fault {
        Fault { message, ..self.origin.clone() }
    }

    /// `GET /loan/{id} (loans.yaml:12)`.
    pub(crate) fn origin(&self) -> String {
        format!("{} {} ({}:{})", self.method, self.template, self.origin.file, self.origin.line)
    }
}
