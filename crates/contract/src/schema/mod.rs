//! Schemas: the only module that knows the `jsonschema` crate.
//!
//! OpenAPI's dialects are translated to JSON Schema 2020-12 ([`translate`]), once for requests and once for
//! responses, and compiled; what does not fit is told in our own words ([`explain`]).

mod check;
mod choice;
mod defaults;
mod discriminator;
mod explain;
mod keywords;
mod levels;
mod reference;
mod sentence;
mod shape;
mod translate;
mod travel;
mod words;

pub(crate) use check::{CheckId, Checks, Schemas};
pub(crate) use defaults::{FillId, Fills, FillsBuilder};
pub(crate) use reference::resolve;
pub(crate) use shape::{Shape, ShapeReader, Types};
pub(crate) use translate::is_known_dialect;
pub(crate) use words::closest;

/// Which way a value travels: a server-set field does not go in, a secret does not come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the caller: `readOnly` fields are refused.
    Request,
    /// To the caller: `writeOnly` fields are refused.
    Response,
}

/// The version of OpenAPI that a document speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// 3.0.x: a JSON Schema dialect of its own.
    V3_0,
    /// 3.1.x: JSON Schema 2020-12.
    V3_1,
}
