//! OpenAPI 3.0 and 3.1 documents at run time: match a request, bind its input, validate it, check the answer.
//!
//! This crate owns what a contract file promises: which operation a method and a path mean ([`Table`]), what one JSON
//! object its parameters and body make together ([`Operation::bind`]), whether they fit, told for every place at once
//! ([`FieldError`]), and whether an answer is one that the contract describes ([`Operation::check_response`]). A file
//! that is wrong is refused when it is read, with file and line for each mistake ([`Faults`]).
//!
//! It must not know sockets, callers, or what answers an operation. It does no input or output and never looks at a
//! clock; the same bytes always give the same answer.
//!
//! ```
//! use crossgate_contract::{Contract, Match, Options, Request, Table};
//!
//! let text = r#"
//! openapi: 3.0.3
//! info: {title: Greetings, version: "1"}
//! paths:
//!   /greet/{name}:
//!     get:
//!       parameters:
//!         - {name: name, in: path, required: true, schema: {type: string}}
//!         - {name: times, in: query, schema: {type: integer, maximum: 3, default: 1}}
//!       responses: {"200": {description: A greeting}}
//! "#;
//! let contract = Contract::parse("greetings.yaml", text, Options::default()).unwrap();
//! let mut table = Table::new();
//! for operation in contract.operations() {
//!     table.insert("/v1", operation.clone(), ()).unwrap();
//! }
//! let Match::Found { operation, path, .. } = table.find(&http::Method::GET, "/v1/greet/Ada") else { panic!() };
//! let headers = http::HeaderMap::new();
//! let request = |query| Request { path: &path, query, headers: &headers, body: b"" };
//! assert_eq!(operation.bind(request(None)).unwrap(), serde_json::json!({"name": "Ada", "times": 1}));
//! assert!(operation.bind(request(Some("times=4"))).is_err());
//! ```

mod bind;
mod contract;
mod document;
mod error;
mod fault;
mod formats;
mod load;
mod media;
mod options;
mod pointer;
mod response;
mod route;
mod schema;

pub use bind::{PARTS_MAX, QUERY_PAIRS_MAX, Request, percent_decode};
pub use contract::{Contract, Operation};
pub use error::{BindError, FIELD_ERRORS_MAX, FieldError};
pub use fault::{Fault, Faults};
pub use options::Options;
pub use route::{Match, PATH_PARAMETERS_MAX, PathParams, Table};
