//! Compression of answers.
//!
//! Compression leaks: whoever can put chosen text next to a secret in one answer, and sees the answer's size,
//! learns the secret piece by piece (BREACH). That needs a browser that attaches credentials on its own. So an
//! answer is compressed only when the caller proved itself by something a browser does not attach (a bearer
//! token, an API key) or did not prove itself at all; never for a session cookie or a client certificate, and
//! never when the answer sets a cookie.

use std::convert::Infallible;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use tower::ServiceExt as _;
use tower_http::CompressionLevel;
use tower_http::compression::Compression;

/// Larger answers are sent as they are: compressing them would hold up a core. In bytes.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// Between these many pieces of output other requests get their turn.
const PIECES_PER_TURN: usize = 16;
/// Brotli and gzip both give most of their gain here; higher levels cost several times the work.
const LEVEL: CompressionLevel = CompressionLevel::Precise(4);

/// Whether this answer should be compressed for this request.
pub(crate) fn is_wanted(
    bytes_min: usize,
    request: &HeaderMap,
    response: &Response<Full<Bytes>>,
    length: usize,
) -> bool {
    let headers = response.headers();
    (bytes_min..=BYTES_MAX).contains(&length)
        && !headers.contains_key(CONTENT_ENCODING)
        && !headers.contains_key(SET_COOKIE)
        && headers.get(CONTENT_TYPE).is_some_and(is_compressible)
        && request.get_all(ACCEPT_ENCODING).iter().any(names_one_of_ours)
}

fn names_one_of_ours(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(|text| {
        text.split(',').any(|coding| {
            let coding = coding.split(';').next().unwrap_or_default().trim();
            coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("br")
        })
    })
}

fn is_compressible(media_type: &HeaderValue) -> bool {
    let Ok(text) = media_type.to_str() else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let listed = matches!(
        &*essence,
        "application/json"
            | "application/javascript"
            | "application/xml"
            | "application/yaml"
            | "application/wasm"
            | "image/svg+xml"
    );
    listed
        || essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || essence.ends_with("+yaml")
}

/// Compresses as `Accept-Encoding` asks.
pub(crate) async fn compress(request: &HeaderMap, response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let mut wish = Request::new(());
    for value in request.get_all(ACCEPT_ENCODING) {
        wish.headers_mut().append(ACCEPT_ENCODING, value.clone());
    }
    let plain = response.clone();
    let service = tower::service_fn(move |_: Request<()>| std::future::ready(Ok::<_, Infallible>(plain.clone())));
    let always = |_: http::StatusCode, _: http::Version, _: &HeaderMap, _: &http::Extensions| true;
    let Ok(packed) = Compression::new(service).quality(LEVEL).compress_when(always).oneshot(wish).await;
    if !packed.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    let (mut parts, mut body) = packed.into_parts();
    let mut bytes = BytesMut::new();
    let mut pieces = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return response };
        if let Some(data) = frame.data_ref() {
            bytes.extend_from_slice(data);
        }
        pieces += 1;
        if pieces % PIECES_PER_TURN == 0 {
            tokio::task::yield_now().await;
        }
    }
    parts.headers.remove(CONTENT_LENGTH);
    debug_assert!(parts.headers.contains_key(VARY), "caches must tell the encodings apart");
    Response::from_parts(parts, Full::new(bytes.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(media_type: &'static str) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from("balance ".repeat(1000))));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        response
    }

    fn accepting(codings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(codings))])
    }

    #[tokio::test]
    async fn the_coding_that_the_caller_prefers_is_used_and_named() {
        for (codings, expected) in [("gzip", "gzip"), ("br", "br"), ("gzip;q=0.5, br", "br"), ("gzip, br;q=0", "gzip")]
        {
            let request = accepting(codings);
            assert!(is_wanted(1, &request, &text("application/json"), 8000));
            let response = compress(&request, text("application/json")).await;
            assert_eq!(response.headers()[CONTENT_ENCODING], expected, "{codings}");
            assert_eq!(response.headers()[VARY], "accept-encoding");
            assert!(response.into_body().collect().await.unwrap().to_bytes().len() < 1000);
        }
    }

    #[test]
    fn what_would_leak_or_gain_nothing_is_left_alone() {
        let gzip = accepting("gzip");
        assert!(!is_wanted(9000, &gzip, &text("application/json"), 8000), "small");
        assert!(!is_wanted(1, &gzip, &text("image/png"), 8000), "compressed already");
        assert!(!is_wanted(1, &accepting("deflate"), &text("text/html"), 8000), "not asked for");
        let mut cookie = text("text/html");
        cookie.headers_mut().insert(SET_COOKIE, HeaderValue::from_static("a=b"));
        assert!(!is_wanted(1, &gzip, &cookie, 8000), "holds a secret");
    }
}
