//! An outcome as the contract's response.

use std::borrow::Cow;

use bytes::Bytes;
use crossgate_call::{Error, Events, Outcome, Payload};
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;

use super::{Answer, Exchange, events};
use crate::mount::Target;
use crate::problem::{Problem, whole_seconds};

const JSON: &str = "application/json";

/// Proxies in between pass a stream on as it comes: understood by nginx and its relatives.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// An answer's head and content, or its head and what follows.
pub(super) struct Told {
    pub(super) answer: Answer,
    pub(super) events: Option<Events>,
}

/// Turns what a procedure answered into the response that its contract names.
pub(super) fn answer(x: &Exchange<'_>, target: &Target, outcome: Outcome) -> Told {
    let statuses = target.statuses;
    let mut events = None;
    let answered = match outcome {
        Outcome::Stream(stream) => {
            events = Some(stream);
            streamed(target, statuses.value)
        }
        Outcome::Value(value) => json(target, statuses.value, &value),
        Outcome::Created { location, value } => {
            json(target, statuses.created, &value).and_then(|answer| located(answer, target, &location))
        }
        Outcome::Accepted { location, retry_after, value } => json(target, statuses.accepted, &value)
            .and_then(|answer| located(answer, target, &location))
            .map(|mut answer| {
                answer.headers_mut().insert(RETRY_AFTER, whole_seconds(retry_after).into());
                answer
            }),
        Outcome::Empty => respond(target, statuses.empty, None, Bytes::new()),
        Outcome::Bytes { media_type, bytes } => respond(target, statuses.value, Some(media_type), bytes),
    };
    let answer = answered.unwrap_or_else(|cause| {
        events = None;
        tracing::error!(operation = %target.operation.template(), trace = %x.trace, %cause, "an answer could not be sent");
        Problem::plainly(&Error::internal(cause)).response(x.trace)
    });
    Told { answer, events }
}

/// The head of a stream. Only where the contract promises one: a reader that waits for the end would wait for ever.
fn streamed(target: &Target, status: u16) -> Result<Answer, String> {
    let media_type = Some(events::MEDIA_TYPE);
    target
        .operation
        .check_response(status, media_type, b"")
        .map_err(|_| "the contract promises no stream".to_owned())?;
    let mut answer = respond(target, status, media_type.map(Cow::Borrowed), Bytes::new())?;
    answer.headers_mut().insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(answer)
}

fn json(target: &Target, status: u16, value: &Payload) -> Result<Answer, String> {
    respond(target, status, Some(Cow::Borrowed(JSON)), value.bytes())
}

/// The location is relative to the contract, which does not know its prefix.
fn located(mut answer: Answer, target: &Target, location: &str) -> Result<Answer, String> {
    let value = HeaderValue::try_from(format!("{}{location}", target.prefix));
    answer.headers_mut().insert(LOCATION, value.map_err(|_| format!("`{location}` is not a location"))?);
    Ok(answer)
}

fn respond(
    target: &Target,
    status: u16,
    media_type: Option<Cow<'static, str>>,
    bytes: Bytes,
) -> Result<Answer, String> {
    if target.validate {
        target.operation.check_response(status, media_type.as_deref(), &bytes).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail)).collect();
            format!("the answer ({status}) does not fit the contract: {}", errors.join("; "))
        })?;
    }
    let mut answer = Response::new(Full::new(bytes));
    *answer.status_mut() = StatusCode::from_u16(status).map_err(|_| format!("{status} is not a status"))?;
    let value = match media_type {
        None => return Ok(answer),
        Some(Cow::Borrowed(name)) => HeaderValue::from_str(name),
        Some(Cow::Owned(name)) => {
            HeaderValue::from_maybe_shared(Bytes::from(name)).map_err(|_| ()).or_else(|()| HeaderValue::from_str(""))
        }
    };
    answer.headers_mut().insert(CONTENT_TYPE, value.map_err(|_| "the answer's media type is not one".to_owned())?);
    Ok(answer)
}
