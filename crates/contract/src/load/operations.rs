//! Paths and their operations.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};

use super::Loader;
use super::cursor::At;
use crate::bind::body::{BODY, Body};
use crate::bind::json::Limits;
use crate::bind::parameter::{Parameter, Place};
use crate::contract::{Operation, Rules};
use crate::fault::Fault;
use crate::response::Answer;
use crate::route::{Segment, Template};
use crate::schema::{Checks, Dialect, Fills, is_known_dialect};

const METHODS: &[(&str, Method)] = &[
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("options", Method::OPTIONS),
    ("head", Method::HEAD),
    ("patch", Method::PATCH),
    ("trace", Method::TRACE),
];
const PATH_ITEM: &[&str] = &[
    "$ref",
    "summary",
    "description",
    "servers",
    "parameters",
    "get",
    "put",
    "post",
    "delete",
    "options",
    "head",
    "patch",
    "trace",
];
const OPERATION: &[&str] = &[
    "tags",
    "summary",
    "description",
    "externalDocs",
    "operationId",
    "parameters",
    "requestBody",
    "responses",
    "callbacks",
    "deprecated",
    "security",
    "servers",
];
const ROOT: &[&str] = &[
    "openapi",
    "info",
    "jsonSchemaDialect",
    "servers",
    "paths",
    "webhooks",
    "components",
    "security",
    "tags",
    "externalDocs",
];

/// An operation before its schemas are compiled.
pub(super) struct Draft {
    id: Option<String>,
    method: Method,
    template: String,
    parsed: Template,
    extensions: Map<String, Value>,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    answers: Vec<Answer>,
    rules: Rules,
    origin: Fault,
}

impl Draft {
    pub(super) fn finish(self, checks: Arc<Checks>, fills: Arc<Fills>) -> Operation {
        let Self { id, method, template, parsed, extensions, parameters, body, answers, rules, origin } = self;
        Operation { id, method, template, parsed, extensions, parameters, body, answers, rules, origin, checks, fills }
    }
}

impl<'d> Loader<'d> {
    pub(super) fn paths(&mut self) -> Vec<Draft> {
        self.known(&self.root(), "the document", ROOT);
        if let Some(dialect) = self.root().get("jsonSchemaDialect")
            && !dialect.value.as_str().is_some_and(is_known_dialect)
        {
            self.fault(&dialect.pointer, "`jsonSchemaDialect` must be JSON Schema 2020-12 or the OpenAPI 3.1 dialect");
        }
        let Some(paths) = self.root().get("paths") else {
            if self.dialect == Dialect::V3_0 || self.root().get("webhooks").is_none() {
                self.fault("", "`paths` is required");
            }
            return Vec::new();
        };
        let mut drafts = Vec::new();
        let mut shapes: HashMap<Vec<Segment>, String> = HashMap::new();
        for path in self.entries(&paths, "`paths`") {
            let template = path.key();
            match Template::parse(&template) {
                Ok(parsed) => {
                    if let Some(other) = shapes.insert(parsed.segments.clone(), template.clone()) {
                        self.fault(&path.pointer, format!("path `{template}` has the same shape as `{other}`"));
                    }
                    self.path(path, &template, &parsed, &mut drafts);
                }
                Err(message) => self.fault(&path.pointer, message),
            }
        }
        drafts.sort_by_key(|draft| (draft.origin.line, draft.origin.column));
        self.judge_ids(&drafts);
        drafts
    }

    fn path(&mut self, at: At<'d>, template: &str, parsed: &Template, drafts: &mut Vec<Draft>) {
        let Some(item) = self.follow(at) else { return };
        if !item.value.is_object() {
            self.fault(&item.pointer, format!("path `{template}` must be an object"));
            return;
        }
        self.known(&item, "a path", PATH_ITEM);
        for (key, method) in METHODS {
            if let Some(operation) = item.get(key) {
                drafts.extend(self.operation(&item, &operation, method.clone(), template, parsed));
            }
        }
    }

    fn operation(
        &mut self,
        item: &At<'d>,
        at: &At<'d>,
        method: Method,
        template: &str,
        parsed: &Template,
    ) -> Option<Draft> {
        let Some(members) = at.value.as_object() else {
            self.fault(&at.pointer, "an operation must be an object");
            return None;
        };
        self.known(at, "an operation", OPERATION);
        let parameters = self.parameters(item, at, template, parsed);
        let body = at.get("requestBody").and_then(|body| self.body(body));
        let answers = self.answers(at);
        self.judge_names(at, &parameters, body.as_ref());
        let extensions = members.iter().filter(|(key, _)| key.starts_with("x-"));
        Some(Draft {
            id: self.text(at, "operationId").map(str::to_owned),
            method,
            template: template.to_owned(),
            parsed: parsed.clone(),
            extensions: extensions.map(|(key, value)| (key.clone(), value.clone())).collect(),
            parameters,
            body,
            answers,
            rules: self.rules(at),
            origin: self.document.fault(&at.pointer, ""),
        })
    }

    fn rules(&mut self, at: &At<'d>) -> Rules {
        let options = self.options;
        let mut body_bytes_max = options.body_bytes_max;
        if let Some(limit) = at.get("x-crossgate-body-bytes-max") {
            match limit.value.as_u64().and_then(|limit| usize::try_from(limit).ok()) {
                Some(limit) => body_bytes_max = limit,
                None => self.fault(&limit.pointer, "`x-crossgate-body-bytes-max` must be a number of bytes"),
            }
        }
        let root = self.root();
        let mut switch = |key: &str, option: bool| {
            let whole = self.flag(&root, key, option);
            self.flag(at, key, whole)
        };
        let duplicate_keys = switch("x-crossgate-duplicate-keys", options.duplicate_keys);
        let strict_query = switch("x-crossgate-strict-query", options.strict_query);
        let json = Limits { depth_max: options.depth_max, duplicate_keys, wide_integers: options.compat };
        Rules { compat: options.compat, strict_query, body_bytes_max, json }
    }

    /// Parameters and the body's fields share one object, so each name must be used once.
    fn judge_names(&mut self, at: &At<'d>, parameters: &[Parameter], body: Option<&Body>) {
        let mut places: BTreeMap<&str, Place> = BTreeMap::new();
        for parameter in parameters {
            if let Some(other) = places.insert(&parameter.name, parameter.place) {
                let (name, here, there) = (&parameter.name, parameter.place.as_str(), other.as_str());
                self.fault(
                    &at.pointer,
                    format!("`{name}` is a parameter in {there} and in {here}; rename one of them"),
                );
            }
        }
        for accepted in body.iter().flat_map(|body| &body.accepted) {
            for (name, _) in &accepted.shape.properties {
                if let Some(place) = places.get(name.as_str()) {
                    let place = place.as_str();
                    self.fault(
                        &at.pointer,
                        format!("`{name}` is a parameter in {place} and a field of the body; rename one of them"),
                    );
                }
            }
            if !accepted.shape.types.is_object() && places.contains_key(BODY) {
                let message =
                    "the body may be something else than an object and is then called `body`, as is a parameter";
                self.fault(&at.pointer, format!("{message}; rename the parameter"));
            }
        }
    }

    fn judge_ids(&mut self, drafts: &[Draft]) {
        let mut first: BTreeMap<&str, u32> = BTreeMap::new();
        for draft in drafts {
            let Some(id) = &draft.id else { continue };
            if let Some(line) = first.get(id.as_str()) {
                let message = format!("operationId `{id}` is used already in line {line}");
                self.faults.push(Fault { message, ..draft.origin.clone() });
            } else {
                first.insert(id, draft.origin.line);
            }
        }
    }
}
