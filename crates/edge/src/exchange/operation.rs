//! An operation of a contract: who, may they, what did they send, call, answer.

use bytes::Bytes;
use crossgate_call::{Error, Events, Field, Kind, Payload};
use crossgate_contract::{BindError, PathParams, Request};
use crossgate_router::Permit;
use http::header::ACCEPT;
use http::{HeaderValue, StatusCode};

use super::body::Body;
use super::caller::Known;
use super::outcome::Told;
use super::signed::Signed;
use super::{Answer, Exchange, caller, outcome};
use crate::mount::Target;
use crate::problem::Problem;

/// The answer of an operation.
pub(super) struct Done {
    pub(super) answer: Answer,
    /// What follows its head, when it goes on.
    pub(super) events: Option<Events>,
    pub(super) compressible: bool,
}

/// Answers an operation.
pub(super) async fn answer(x: &Exchange<'_>, target: &Target, path: PathParams, body: &mut Body) -> Done {
    match attempt(x, target, path, body).await {
        Ok(done) => done,
        Err(answer) => Done { answer, events: None, compressible: false },
    }
}

async fn attempt(x: &Exchange<'_>, target: &Target, path: PathParams, body: &mut Body) -> Result<Done, Answer> {
    let name = target.procedure.as_deref().unwrap_or_else(|| target.operation.template());
    let said = |problem: Problem| problem.response(x.trace);
    let (known, read) = match Signed::read(x, target).map_err(said)? {
        None => (caller::known(x, name).await.map_err(said)?, None),
        Some(signed) => {
            let (caller, bytes) = signed.known(x, target, name, body).await.map_err(said)?;
            (Known { caller, ambient: false }, Some(bytes))
        }
    };
    let documents = |status| target.operation.documents(status);
    let Some(procedure) = &target.procedure else {
        let error = Error::new(Kind::NoSuchProcedure, "nobody answers this operation here");
        return Err(caller::failure(x, &error, documents));
    };
    if target.operation.takes_body() && read.is_none() {
        // Before the place in the audit log, which is held until the body has come.
        body.turn(x.peer).await;
    }
    let router = &x.peer.door.shared.router;
    let failed = |error: Error| caller::failure(x, &error, documents);
    let permit = router.admit(&known.caller, procedure, x.origin()).await.map_err(failed)?;
    let (permit, payload) = input(x, target, &path, (body, read), permit).await?;
    let outcome = router.call(permit, payload).await.map_err(failed)?;
    let Told { answer, events } = outcome::answer(x, target, outcome);
    Ok(Done { answer, compressible: !known.ambient && events.is_none(), events })
}

/// Reads and binds the input. When it does not become a call, the permit ends with the reason.
async fn input(
    x: &Exchange<'_>,
    target: &Target,
    path: &PathParams,
    (body, read): (&mut Body, Option<Bytes>),
    permit: Permit,
) -> Result<(Permit, Payload), Answer> {
    let bytes = match read {
        Some(read) => Ok(read),
        None => bytes(x, target, body).await,
    };
    let bytes = match bytes {
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

/// The body, as much as the operation takes.
pub(super) async fn bytes(
    x: &Exchange<'_>,
    target: &Target,
    body: &mut Body,
) -> Result<Bytes, super::body::Unreadable> {
    if !target.operation.takes_body() {
        return Ok(Bytes::new());
    }
    let listener = &x.state.listener;
    let bytes_max = target.operation.body_bytes_max().min(listener.limits.body_bytes);
    body.read(x.peer, bytes_max, listener.timeouts.body()).await
}
