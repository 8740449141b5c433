//! Requests that another origin's page makes with credentials that the browser attaches on its own.

use http::header::{HOST, ORIGIN};
use http::{HeaderName, Method, StatusCode};

use super::Exchange;
use crate::problem::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a request without any sign of its origin is taken for. Browsers always send one with a request that
/// changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsaid {
    /// A program: let it pass.
    Program,
    /// A forgery: a cookie came along, and programs have better credentials.
    Forgery,
}

/// Refuses a request that changes something and comes from another origin's page.
pub(super) fn check(x: &Exchange<'_>, unsaid: Unsaid) -> Result<(), Problem> {
    let safe = matches!(x.head.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_own(x).unwrap_or(unsaid == Unsaid::Program) {
        return Ok(());
    }
    let detail =
        "a page of another site may not do this in your name; send it from this site's pages, or with a bearer token";
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

/// Whether the request comes from our own pages, or those that CORS lets act so; `None` when it does not say.
fn is_own(x: &Exchange<'_>) -> Option<bool> {
    let headers = &x.head.headers;
    let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    if origin.is_some_and(|origin| x.state.cors.trusts(origin)) {
        return Some(true);
    }
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return Some(site == "same-origin" || site == "none");
    }
    // Older browsers: the origin must be the one that the request went to.
    let host = x.from.host.as_deref().or_else(|| match x.head.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(HOST)?.to_str().ok(),
    });
    let scheme = if x.from.secure { "https" } else { "http" };
    let own = |origin: &str| {
        let (said, at) = origin.split_once("://")?;
        Some(said == scheme && at.eq_ignore_ascii_case(host?))
    };
    origin.map(|origin| own(origin).unwrap_or(false))
}
