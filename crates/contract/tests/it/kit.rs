//! Small contracts, and requests to them.

use crossgate_contract::{BindError, Contract, Match, Options, Request, Table};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

/// A contract in a table, ready to be asked.
pub(crate) struct Bench {
    pub(crate) contract: Contract,
    pub(crate) table: Table<usize>,
}

/// A request to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    pub(crate) fn to(target: &str) -> Self {
        Self { target: target.to_owned(), ..Self::default() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub(crate) fn body(self, media_type: &str, body: impl AsRef<[u8]>) -> Self {
        let mut ask = self.header("content-type", media_type);
        ask.body = body.as_ref().to_vec();
        ask
    }
}

impl Bench {
    pub(crate) fn new(text: &str) -> Self {
        Self::with(text, Options::default())
    }

    pub(crate) fn with(text: &str, options: Options) -> Self {
        let contract = Contract::parse("test.yaml", text, options).unwrap_or_else(|faults| panic!("{faults}"));
        let mut table = Table::new();
        for (index, operation) in contract.operations().iter().enumerate() {
            table.insert("", operation.clone(), index).unwrap();
        }
        Self { contract, table }
    }

    pub(crate) fn ask(&self, method: &Method, ask: &Ask) -> Result<Value, BindError> {
        let (path, query) = match ask.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (ask.target.as_str(), None),
        };
        match self.table.find(method, path) {
            Match::Found { operation, path, .. } => {
                operation.bind(Request { path: &path, query, headers: &ask.headers, body: &ask.body })
            }
            other => panic!("{method} {path}: {other:?}"),
        }
    }

    pub(crate) fn get(&self, target: &str) -> Result<Value, BindError> {
        self.ask(&Method::GET, &Ask::to(target))
    }

    pub(crate) fn post_json(&self, target: &str, body: &Value) -> Result<Value, BindError> {
        self.ask(&Method::POST, &Ask::to(target).body("application/json", body.to_string()))
    }
}

/// `place pointer detail` of each error.
pub(crate) fn told(outcome: Result<Value, BindError>) -> Vec<String> {
    match outcome {
        Ok(value) => panic!("was accepted: {value}"),
        Err(BindError::UnsupportedMediaType { expected }) => {
            vec![format!("unsupported; expected {}", expected.join(", "))]
        }
        Err(BindError::Invalid(errors)) => {
            assert!(!errors.is_empty());
            errors.into_iter().map(|error| format!("{} {} {}", error.place, error.pointer, error.detail)).collect()
        }
    }
}

/// A document with these paths and schemas, as JSON text.
pub(crate) fn document(version: &str, paths: &Value, schemas: &Value) -> String {
    json!({
        "openapi": version,
        "info": {"title": "Test", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
    .to_string()
}

/// An operation that takes these parameters.
pub(crate) fn get(parameters: &Value) -> Value {
    json!({"get": {"parameters": parameters, "responses": {"200": {"description": "fine"}}}})
}

/// An operation that takes a JSON body of this schema.
pub(crate) fn post(schema: &Value) -> Value {
    json!({"post": {
        "requestBody": {"required": true, "content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "fine"}},
    }})
}

/// A bench whose `POST /` takes a body of this schema under `value`.
pub(crate) fn judge(version: &str, schema: &Value, schemas: &Value, options: Options) -> Bench {
    let schema = json!({"type": "object", "properties": {"value": schema}});
    Bench::with(&document(version, &json!({"/": post(&schema)}), schemas), options)
}
