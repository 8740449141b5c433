//! The opening handshake (RFC 6455 §4.2), as far as it is not HTTP's own.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossgate_wamp::serializer::Serializer;
use http::header::{
    CONNECTION, CONTENT_LENGTH, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version};
use http_body_util::Full;

use crate::problem::Problem;

/// What the key is hashed with (§1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// A key has so many bytes, before base64.
const KEY_BYTES: usize = 16;
/// Subprotocols and extensions looked at; nobody has more to offer.
const OFFERS_MAX: usize = 32;
/// The one version there is.
const VERSION: HeaderValue = HeaderValue::from_static("13");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const DEFLATE: &str = "permessage-deflate";
const DEFLATE_ANSWER: HeaderValue =
    HeaderValue::from_static("permessage-deflate; server_no_context_takeover; client_no_context_takeover");

/// What the listener takes.
pub(crate) struct Rules<'a> {
    /// The forms of messages.
    pub(crate) forms: &'a [Serializer],
    /// Origins besides the own.
    pub(crate) origins: &'a [String],
    /// The scheme and host that the client believes to talk to.
    pub(crate) own: Option<(&'a str, &'a str)>,
    /// Whether compression may be agreed on.
    pub(crate) compress: bool,
    /// Whether a client without a subprotocol is let in, to have its messages sent back. Tests only.
    pub(crate) echo: bool,
}

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The form of messages; `None` when there is no subprotocol, which is for tests.
    pub(crate) form: Option<Serializer>,
    /// Whether messages may be compressed.
    pub(crate) compressed: bool,
}

/// Whether a request asks for WebSocket.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    lists(headers, &UPGRADE).any(|token| token.eq_ignore_ascii_case("websocket"))
}

/// Judges a handshake; gives what was agreed on, and the answer.
pub(crate) fn negotiate(head: &Parts, rules: &Rules<'_>) -> Result<(Accepted, Response<Full<bytes::Bytes>>), Problem> {
    let key = asked_properly(head)?;
    permitted(&head.headers, rules)?;
    let form = subprotocol(&head.headers, rules)?;
    let compressed = rules.compress && offers_deflate(&head.headers);
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(UPGRADE, WEBSOCKET);
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    if let Ok(accept) = HeaderValue::try_from(accept(key)) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(form) = form {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(form.subprotocol()));
    }
    if compressed {
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, DEFLATE_ANSWER);
    }
    Ok((Accepted { form, compressed }, answer))
}

/// Checks what §4.2.1 demands; gives the key.
fn asked_properly(head: &Parts) -> Result<&str, Problem> {
    let headers = &head.headers;
    let bad = |detail: &'static str| Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    if head.method != Method::GET || head.version != Version::HTTP_11 || !is_wanted(headers) {
        let detail = "this path speaks WebSocket; connect with a WAMP client, over HTTP/1.1";
        return Err(Problem::new(StatusCode::UPGRADE_REQUIRED, detail).header(UPGRADE, WEBSOCKET));
    }
    if !lists(headers, &CONNECTION).any(|token| token.eq_ignore_ascii_case("upgrade")) {
        return bad("a WebSocket handshake needs the header Connection: Upgrade");
    }
    if headers.get(SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, "only version 13 of WebSocket is spoken here");
        return Err(problem.header(SEC_WEBSOCKET_VERSION, VERSION));
    }
    let body = headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    if body || headers.contains_key(TRANSFER_ENCODING) {
        return bad("a WebSocket handshake has no body");
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter().filter_map(|key| key.to_str().ok());
    match (keys.next(), keys.next()) {
        (Some(key), None) if STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == KEY_BYTES) => Ok(key),
        _ => bad("Sec-WebSocket-Key must be 16 bytes in base64"),
    }
}

/// Whether the page that connects may. A browser says where it comes from; a program need not.
fn permitted(headers: &HeaderMap, rules: &Rules<'_>) -> Result<(), Problem> {
    origin_permitted(headers, rules.origins, rules.own)
}

/// Refuses pages of other origins than the own and the listed ones.
pub(crate) fn origin_permitted(
    headers: &HeaderMap,
    origins: &[String],
    own: Option<(&str, &str)>,
) -> Result<(), Problem> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let listed = origins.iter().any(|known| known == "*" || known == origin);
    let is_own = origin
        .split_once("://")
        .zip(own)
        .is_some_and(|((scheme, at), (own_scheme, host))| scheme == own_scheme && at.eq_ignore_ascii_case(host));
    if listed || is_own {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "pages of this origin may not connect here; see wamp.origins"))
}

/// The first subprotocol of the client's list that is spoken here.
fn subprotocol(headers: &HeaderMap, rules: &Rules<'_>) -> Result<Option<Serializer>, Problem> {
    let offers: Vec<&str> = lists(headers, &SEC_WEBSOCKET_PROTOCOL).take(OFFERS_MAX).collect();
    if offers.is_empty() && rules.echo {
        return Ok(None);
    }
    Serializer::choose(offers, rules.forms).map(Some).ok_or_else(|| {
        let forms: Vec<&str> = rules.forms.iter().map(|form| form.subprotocol()).collect();
        let detail = format!("name one of these in Sec-WebSocket-Protocol: {}", forms.join(", "));
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

/// Whether one of the client's offers of compression is one that we can keep.
fn offers_deflate(headers: &HeaderMap) -> bool {
    lists(headers, &SEC_WEBSOCKET_EXTENSIONS).take(OFFERS_MAX).any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        parts.next() == Some(DEFLATE) && acceptable(parts)
    })
}

/// Whether an offer's parameters are known, without repetition, and possible (RFC 7692 §7.1).
fn acceptable<'a>(parameters: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = Vec::new();
    for parameter in parameters {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (parameter, None),
        };
        let bits = value.and_then(|value| value.parse::<u8>().ok()).filter(|bits| (8..=15).contains(bits));
        let fine = match name {
            "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
            "client_max_window_bits" => value.is_none() || bits.is_some(),
            // What compresses here always uses the largest window.
            "server_max_window_bits" => bits == Some(15),
            _ => false,
        };
        if !fine || seen.contains(&name) {
            return false;
        }
        seen.push(name);
    }
    true
}

/// The answer to a key (§4.2.2).
fn accept(key: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(key.as_bytes());
    context.update(GUID);
    STANDARD.encode(context.finish())
}

/// The members of a list that may be spread over several headers.
fn lists<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|member| !member.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn the_key_is_answered_as_in_the_standard() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn offers_of_compression_that_cannot_be_kept_are_passed_over() {
        for (offer, expected) in [
            ("permessage-deflate", true),
            ("permessage-deflate; client_max_window_bits", true),
            ("permessage-deflate; client_max_window_bits=10; server_no_context_takeover", true),
            ("permessage-deflate; server_max_window_bits=15", true),
            ("permessage-deflate; server_max_window_bits=\"15\"", true),
            ("permessage-deflate; server_max_window_bits=9", false),
            ("permessage-deflate; server_max_window_bits=9, permessage-deflate", true),
            ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", false),
            ("permessage-deflate; client_max_window_bits=16", false),
            ("permessage-deflate; unknown", false),
            ("x-webkit-deflate-frame", false),
        ] {
            assert_eq!(offers_deflate(&headers(&[("sec-websocket-extensions", offer)])), expected, "{offer}");
        }
    }

    #[test]
    fn pages_connect_from_the_own_origin_and_listed_ones_only() {
        let listed = ["https://app.example".to_owned()];
        let own = Some(("https", "here.example:8443"));
        for (origin, expected) in [
            ("https://here.example:8443", true),
            ("https://HERE.example:8443", true),
            ("http://here.example:8443", false),
            ("https://here.example", false),
            ("https://app.example", true),
            ("https://app.example.evil", false),
            ("null", false),
        ] {
            assert_eq!(origin_permitted(&headers(&[("origin", origin)]), &listed, own).is_ok(), expected, "{origin}");
        }
        assert!(origin_permitted(&HeaderMap::new(), &[], None).is_ok(), "a program says nothing");
        let any = ["*".to_owned()];
        assert!(origin_permitted(&headers(&[("origin", "null")]), &any, None).is_ok());
    }
}
