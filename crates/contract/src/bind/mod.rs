//! From a request to one JSON object.

pub(crate) mod body;
mod deep;
mod form;
pub(crate) mod json;
mod multipart;
mod pairs;
pub(crate) mod parameter;
mod single;
pub(crate) mod text;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, COOKIE};
use serde_json::{Map, Value};

use self::pairs::Pairs;
use self::parameter::{Parameter, Place};
use crate::contract::Operation;
use crate::error::{BindError, Errors};
use crate::media::MediaType;
use crate::route::PathParams;

pub use self::multipart::PARTS_MAX;
pub use self::pairs::QUERY_PAIRS_MAX;
pub use self::text::percent_decode;

/// What a request brings to an operation.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// From [`crate::Match::Found`].
    pub path: &'a PathParams,
    /// The query without its question mark, percent-encoded.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

impl Operation {
    /// Makes one object of the parameters and the body: parameters under their names, an object body's fields beside
    /// them, any other body under `body` (bytes as base64). Defaults are filled in.
    ///
    /// # Errors
    /// [`BindError::UnsupportedMediaType`] when the body's media type is not described; else every place that does not
    /// fit.
    pub fn bind(&self, request: Request<'_>) -> Result<Value, BindError> {
        let body = match &self.body {
            Some(body) => {
                let named = request.headers.get(CONTENT_TYPE);
                body.choose(named.map(|value| value.to_str().ok().and_then(MediaType::parse)), request.body)?
            }
            None => None,
        };
        let mut object = Map::new();
        let mut errors = Errors::default();
        self.bind_parameters(request, &mut object, &mut errors);
        if let Some(chosen) = body {
            self.bind_body(&chosen, request.body, &mut object, &mut errors);
        } else if self.body.as_ref().is_some_and(|body| body.required) {
            errors.push("body", "", "is required");
        }
        if errors.is_empty() { Ok(Value::Object(object)) } else { Err(BindError::Invalid(errors.into_list())) }
    }

    fn bind_parameters(&self, request: Request<'_>, object: &mut Map<String, Value>, errors: &mut Errors) {
        let in_query = self.parameters.iter().any(|parameter| parameter.place == Place::Query);
        let mut query = match request.query {
            Some(query) if in_query || self.rules.strict_query => Pairs::query(query, self.rules.compat, errors),
            _ => Pairs::default(),
        };
        let in_cookie = self.parameters.iter().any(|parameter| parameter.place == Place::Cookie);
        let cookies = match in_cookie {
            true => request.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).collect(),
            false => Vec::new(),
        };
        for parameter in &self.parameters {
            let found = match parameter.place {
                Place::Path => parameter.in_path(request.path, self.rules),
                Place::Query => parameter.in_pairs(&mut query, &self.parameters, self.rules),
                Place::Header => parameter.in_headers(request.headers, self.rules),
                Place::Cookie => parameter.in_cookies(&cookies, &self.parameters, self.rules),
            };
            self.settle(parameter, found, object, errors);
        }
        if self.rules.strict_query {
            query.refuse_unused(&self.parameters, errors);
        }
    }

    /// Judges what a parameter was found to be, and puts it into the object.
    fn settle(
        &self,
        parameter: &Parameter,
        found: Result<Option<Value>, parameter::Unreadable>,
        object: &mut Map<String, Value>,
        errors: &mut Errors,
    ) {
        let place = parameter.place.as_str();
        match found {
            Err(unreadable) => {
                errors.push(place, format!("{}{}", parameter.pointer, unreadable.pointer), unreadable.detail);
            }
            Ok(Some(value)) => {
                // An empty value that the contract allows stands outside the schema (OpenAPI 3.0.3 §4.7.12.2.1).
                let empty = parameter.allow_empty && (value.is_null() || value == "");
                if let (Some(check), false) = (parameter.check, empty) {
                    self.checks.judge(check, &value, place, &parameter.pointer, errors);
                }
                object.insert(parameter.name.clone(), value);
            }
            Ok(None) if parameter.required => errors.push(place, parameter.pointer.clone(), "is required"),
            Ok(None) => {
                if let Some(default) = &parameter.default {
                    object.insert(parameter.name.clone(), default.clone());
                }
            }
        }
    }
}
