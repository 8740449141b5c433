//! The answer to an authority's challenge (ACME, RFC 8555 §8.3): on every listener, whatever it serves, because the
//! authority asks on port 80 and nowhere else. It is no secret, and it is up only while an order waits for it.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response};
use http_body_util::Full;

use super::{Answer, Exchange};

/// Where the authority looks, before the token.
const PREFIX: &str = "/.well-known/acme-challenge/";

/// The answer, when there is one to that token.
pub(super) fn answer(exchange: &Exchange<'_>) -> Option<Answer> {
    let token = exchange.path.strip_prefix(PREFIX)?;
    if !matches!(exchange.head.method, Method::GET | Method::HEAD) {
        return None;
    }
    let text = exchange.peer.door.shared.supply.said(token)?;
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    Some(answer)
}
