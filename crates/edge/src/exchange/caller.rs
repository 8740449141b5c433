//! Who asks: from credentials to a caller, or to a refusal.

use std::sync::Arc;

use crossgate_call::{Caller, Error, Kind, Realm};
use crossgate_identity::Refusal;
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;

use super::credentials::{self, Presented};
use super::csrf::{self, Unsaid};
use super::{Answer, Exchange};
use crate::problem::Problem;

/// A caller, and whether a browser may have attached its proof on its own.
pub(super) struct Known {
    pub(super) caller: Arc<Caller>,
    pub(super) ambient: bool,
}

/// Finds out who calls an operation. Credentials that do not hold are written into the audit log.
pub(super) async fn known(x: &Exchange<'_>, procedure: &str) -> Result<Known, Problem> {
    let presented = Presented::read(x)?;
    let ambient = presented.is_ambient();
    if ambient {
        csrf::check(x, if presented.session.is_some() { Unsaid::Forgery } else { Unsaid::Program })?;
    }
    match x.peer.door.shared.identity.caller(&presented.in_realm(&x.state.realm)).await {
        Ok(caller) => Ok(Known { caller, ambient }),
        Err(Refusal { error, challenge }) => {
            let error = turned_away(x, procedure, error).await;
            Err(with_challenge(Problem::plainly(&error), &error, HeaderValue::try_from(challenge).ok()))
        }
    }
}

/// Finds out who visits a page. A session that has ended makes a stranger, who can sign in anew.
pub(super) async fn visitor(x: &Exchange<'_>) -> Result<Known, Problem> {
    let presented = Presented::read(x)?;
    let ambient = presented.is_ambient();
    csrf::check(x, if presented.session.is_some() { Unsaid::Forgery } else { Unsaid::Program })?;
    let identity = &x.peer.door.shared.identity;
    let found = match identity.caller(&presented.in_realm(&x.state.realm)).await {
        Err(_) if ambient => identity.caller(&credentials::anonymous(&x.state.realm)).await,
        found => found,
    };
    found.map(|caller| Known { caller, ambient }).map_err(|Refusal { error, challenge }| {
        with_challenge(Problem::plainly(&error), &error, HeaderValue::try_from(challenge).ok())
    })
}

/// Writes a refusal into the audit log; gives what to answer, which is another error when it cannot be written.
pub(super) async fn turned_away(x: &Exchange<'_>, procedure: &str, error: Error) -> Error {
    let shared = &x.peer.door.shared;
    match shared.identity.caller(&credentials::anonymous(&x.state.realm)).await {
        Ok(nobody) => shared.router.turned_away(&nobody, procedure, x.origin(), error).await,
        Err(_) => error,
    }
}

/// How a failed call is answered: with a challenge where credentials are missing (RFC 9110 §15.5.2).
pub(super) fn failure(x: &Exchange<'_>, error: &Error, documents: impl Fn(u16) -> bool) -> Answer {
    with_challenge(Problem::of(error, documents), error, Some(challenge(&x.state.realm))).response(x.trace)
}

pub(super) fn with_challenge(problem: Problem, error: &Error, challenge: Option<HeaderValue>) -> Problem {
    match challenge {
        Some(challenge) if error.kind() == Kind::Unauthenticated => problem.header(WWW_AUTHENTICATE, challenge),
        _ => problem,
    }
}

/// What a stranger is asked for.
pub(super) fn challenge(realm: &Realm) -> HeaderValue {
    HeaderValue::try_from(crossgate_identity::challenge(realm)).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
}
