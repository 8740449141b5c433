//! The credentials of a request, and which of them count.
//!
//! Precedence: `Authorization` or `X-API-Key` (both together are refused), then the session cookie, then the client
//! certificate alone. The certificate goes along with whichever counts, because a token may be bound to it
//! (RFC 8705). What a browser attaches on its own (cookie, certificate) is passed over in silence where the
//! listener does not accept it; what somebody wrote into the request is refused.

use std::sync::Arc;

use crossgate_call::Realm;
use crossgate_identity::{Credentials, PeerCertificate};
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderName, WWW_AUTHENTICATE};

use super::Exchange;
use super::head::API_KEY;
use crate::config::Method;
use crate::cookie::session_cookie;
use crate::problem::Problem;

/// What a request presents, as far as its listener accepts it.
pub(super) struct Presented<'a> {
    authorization: Option<&'a str>,
    api_key: Option<&'a str>,
    pub(super) session: Option<&'a str>,
    certificate: Option<&'a Arc<PeerCertificate>>,
}

impl<'a> Presented<'a> {
    /// Gathers the credentials that count.
    pub(super) fn read(x: &'a Exchange<'_>) -> Result<Self, Problem> {
        let certificate = x.peer.certificate.as_ref().filter(|_| x.state.accepts(Method::Certificate));
        let (authorization, api_key) = (text(x, &AUTHORIZATION)?, text(x, &API_KEY)?);
        if let Some(authorization) = authorization {
            accepted(x, if is_api_key(authorization) { Method::ApiKey } else { Method::Token })?;
        }
        if api_key.is_some() {
            accepted(x, Method::ApiKey)?;
        }
        // In the clear a session cookie counts only where the network cannot listen in.
        let counts = authorization.is_none()
            && api_key.is_none()
            && x.state.accepts(Method::Session)
            && (x.from.secure || x.peer.door.bound.is_local());
        let session = counts.then(|| session_cookie(&x.head.headers, x.from.secure)).flatten();
        Ok(Self { authorization, api_key, session, certificate })
    }

    /// Whether a browser could have attached what counts without its user's or its page's doing.
    pub(super) fn is_ambient(&self) -> bool {
        self.session.is_some() || (self.certificate.is_some() && self.authorization.is_none() && self.api_key.is_none())
    }

    pub(super) fn in_realm(&self, realm: &'a Realm) -> Credentials<'a> {
        Credentials {
            realm,
            authorization: self.authorization,
            api_key: self.api_key,
            session: self.session,
            certificate: self.certificate,
        }
    }
}

/// The credentials of somebody who shows none.
pub(super) fn anonymous(realm: &Realm) -> Credentials<'_> {
    Credentials { realm, authorization: None, api_key: None, session: None, certificate: None }
}

fn text<'a>(x: &'a Exchange<'_>, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let refuse =
        |_| Problem::new(StatusCode::BAD_REQUEST, format!("the {name} header has characters that are not ASCII"));
    x.head.headers.get(name).map(|value| value.to_str().map_err(refuse)).transpose()
}

fn is_api_key(authorization: &str) -> bool {
    authorization.split(' ').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("apikey"))
}

fn accepted(x: &Exchange<'_>, method: Method) -> Result<(), Problem> {
    if x.state.accepts(method) {
        return Ok(());
    }
    let what = if method == Method::ApiKey { "API keys" } else { "bearer tokens" };
    let problem = Problem::new(StatusCode::UNAUTHORIZED, format!("{what} are not accepted here"));
    Err(problem.header(WWW_AUTHENTICATE, super::caller::challenge(&x.state.realm)))
}
