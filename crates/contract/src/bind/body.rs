//! Request bodies: which reader takes them, and how they join the parameters.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::parameter::Parameter;
use super::text::coerce;
use super::{form, json, multipart};
use crate::contract::{Operation, Rules};
use crate::error::{BindError, Errors};
use crate::media::{Content, MediaType, Range};
use crate::pointer;
use crate::schema::{CheckId, FillId, Shape};

/// The name under which a body that is no object joins the parameters.
pub(crate) const BODY: &str = "body";

/// A described request body.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) required: bool,
    pub(crate) accepted: Vec<Accepted>,
    /// The keys of `content`, for the answer 415.
    pub(crate) expected: Vec<String>,
}

/// One media type of a body.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) range: Range,
    pub(crate) check: Option<CheckId>,
    pub(crate) fill: Option<FillId>,
    pub(crate) shape: Shape,
    /// How the fields of a form are written.
    pub(crate) fields: Vec<Field>,
}

/// A field of a form.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) parameter: Parameter,
    /// `encoding.contentType`: what a part may be.
    pub(crate) ranges: Vec<Range>,
}

/// A body's media type, and how the body is read for it.
#[derive(Debug)]
pub(crate) struct Chosen<'b> {
    accepted: &'b Accepted,
    content: Content,
    media_type: MediaType,
}

impl Body {
    /// The reader for a body; `None` when there is no body. `media_type` is `Some(None)` for one that is malformed.
    pub(crate) fn choose(
        &self,
        media_type: Option<Option<MediaType>>,
        body: &[u8],
    ) -> Result<Option<Chosen<'_>>, BindError> {
        let unsupported = || BindError::UnsupportedMediaType { expected: self.expected.clone() };
        let media_type = match media_type {
            None if body.is_empty() => return Ok(None),
            None | Some(None) => return Err(unsupported()),
            Some(Some(media_type)) => media_type,
        };
        let essence = media_type.essence();
        let best = self.accepted.iter().max_by_key(|accepted| accepted.range.precision(essence));
        let Some(accepted) = best.filter(|accepted| accepted.range.precision(essence) > 0) else {
            return if body.is_empty() && !self.required { Ok(None) } else { Err(unsupported()) };
        };
        let content = Content::of(essence);
        if matches!(content, Content::Json | Content::Form | Content::Text) && !media_type.is_utf8() {
            return Err(unsupported());
        }
        // Nothing at all is no JSON; an empty form or text is one.
        if body.is_empty() && matches!(content, Content::Json | Content::Multipart) {
            return Ok(None);
        }
        Ok(Some(Chosen { accepted, content, media_type }))
    }
}

impl Operation {
    /// Reads, judges, completes and joins a body.
    pub(super) fn bind_body(
        &self,
        chosen: &Chosen<'_>,
        body: &[u8],
        object: &mut Map<String, Value>,
        errors: &mut Errors,
    ) {
        if body.len() > self.rules.body_bytes_max {
            errors.push("body", "", format!("must be at most {} bytes long", self.rules.body_bytes_max));
            return;
        }
        let mut problems = Errors::default();
        let value = chosen.read(body, self.rules, &mut problems);
        if let (Some(mut value), true) = (value, problems.is_empty()) {
            if let Some(check) = chosen.accepted.check {
                self.checks.judge(check, &value, "body", "", &mut problems);
            }
            if let (Some(fill), true) = (chosen.accepted.fill, problems.is_empty()) {
                self.fills.apply(fill, &mut value);
            }
            self.join(value, object, &mut problems);
        }
        errors.absorb(problems);
    }

    fn join(&self, value: Value, object: &mut Map<String, Value>, errors: &mut Errors) {
        let taken = |name: &str| self.parameters.iter().any(|parameter| parameter.name == name);
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    if taken(&name) {
                        let detail = "is a parameter of this operation; send it there and not in the body";
                        errors.push("body", pointer::join("", &name), detail);
                    } else {
                        object.insert(name, field);
                    }
                }
            }
            other if taken(BODY) => {
                drop(other);
                errors.push("body", "", "must be an object");
            }
            other => drop(object.insert(BODY.to_owned(), other)),
        }
    }
}

impl Chosen<'_> {
    fn read(&self, body: &[u8], rules: Rules, errors: &mut Errors) -> Option<Value> {
        let accepted = self.accepted;
        match self.content {
            Content::Json => match json::parse(body, rules.json) {
                Ok(value) => Some(value),
                Err(problems) => {
                    problems.into_iter().for_each(|problem| errors.add(problem));
                    None
                }
            },
            Content::Form => Some(form::read(text(body, errors)?, accepted, rules, errors)),
            Content::Multipart => Some(multipart::read(body, &self.media_type, accepted, rules, errors)),
            Content::Text => Some(coerce(text(body, errors)?.into(), &accepted.shape, rules.compat)),
            Content::Bytes => Some(base64(body)),
        }
    }
}

/// Bytes as the JSON object carries them.
pub(super) fn base64(bytes: &[u8]) -> Value {
    Value::String(STANDARD.encode(bytes))
}

fn text<'b>(body: &'b [u8], errors: &mut Errors) -> Option<&'b str> {
    match std::str::from_utf8(body) {
        Ok(text) => Some(text),
        Err(error) => {
            let detail = format!("must be UTF-8 text; the byte at offset {} is not", error.valid_up_to());
            errors.push("body", "", detail);
            None
        }
    }
}
