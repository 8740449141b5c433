//! An operation of a contract: who, may they, what did they send, call, answer.

use bytes::Bytes;
use crossgate_call::{Error, Field, Kind, Payload};
use crossgate_contract::{BindError, PathParams, Request};
use crossgate_router::Permit;
use http::header::ACCEPT;
use http::{HeaderValue, StatusCode};

use super::body::Body;
use super::{Answer, Exchange, caller, outcome};
use crate::mount::Target;
use crate::problem::Problem;

/// Answers an operation; also says whether the answer may be compressed.
pub(super) async fn answer(x: &Exchange<'_>, target: &Target, path: PathParams, body: &mut Body) -> (Answer, bool) {
    let name = target.procedure.as_deref().unwrap_or_else(|| target.operation.template());
    let known = match caller::known(x, name).await {
        Ok(known) => known,
        Err(problem) => return (problem.response(x.trace), false),
    };
    let documents = |status| target.operation.documents(status);
    let Some(procedure) = &target.procedure else {
        let error = Error::new(Kind::NoSuchProcedure, "nobody answers this operation here");
        return (caller::failure(x, &error, documents), false);
    };
    if target.operation.takes_body() {
        // Before the place in the audit log, which is held until the body has come.
        body.turn(x.peer).await;
    }
    let router = &x.peer.door.shared.router;
    let permit = match router.admit(&known.caller, procedure, x.origin()).await {
        Ok(permit) => permit,
        Err(error) => return (caller::failure(x, &error, documents), false),
    };
    let (permit, payload) = match input(x, target, &path, body, permit).await {
        Ok(bound) => bound,
        Err(answer) => return (answer, false),
    };
    match router.call(permit, payload).await {
        Ok(done) => (outcome::answer(x, target, done), !known.ambient),
        Err(error) => (caller::failure(x, &error, documents), false),
    }
}

/// Reads and binds the input. When it does not become a call, the permit ends with the reason.
async fn input(
    x: &Exchange<'_>,
    target: &Target,
    path: &PathParams,
    body: &mut Body,
    permit: Permit,
) -> Result<(Permit, Payload), Answer> {
    let bytes = match bytes(x, target, body).await {
        Ok(bytes) => bytes,
        Err(unreadable) => {
            permit.refuse(&unreadable.error()).await;
            return Err(unreadable.problem().response(x.trace));
        }
    };
    let request = Request { path, query: x.head.uri.query(), headers: &x.head.headers, body: &bytes };
    match target.operation.bind(request) {
        Ok(value) => Ok((permit, Payload::from_value(value))),
        Err(BindError::Invalid(errors)) => {
            let fields = errors.into_iter().map(|error| Field::new(error.place, error.pointer, error.detail)).collect();
            let error = Error::invalid("the request does not fit the contract; see errors", fields);
            permit.refuse(&error).await;
            Err(Problem::of(&error, |status| target.operation.documents(status)).response(x.trace))
        }
        Err(BindError::UnsupportedMediaType { expected }) => {
            let expected = expected.join(", ");
            let detail = format!("the body must be {expected}; say so in Content-Type");
            permit.refuse(&Error::invalid(detail.clone(), Vec::new())).await;
            let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
            // What would be taken instead: RFC 9110 §15.5.16.
            let problem = match HeaderValue::try_from(expected) {
                Ok(expected) => problem.header(ACCEPT, expected),
                Err(_) => problem,
            };
            Err(problem.response(x.trace))
        }
    }
}

async fn bytes(x: &Exchange<'_>, target: &Target, body: &mut Body) -> Result<Bytes, super::body::Unreadable> {
    if !target.operation.takes_body() {
        return Ok(Bytes::new());
    }
    let listener = &x.state.listener;
    let bytes_max = target.operation.body_bytes_max().min(listener.limits.body_bytes);
    body.read(x.peer, bytes_max, listener.timeouts.body()).await
}
