//! Responses: each with the headers that keep a page to itself.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use maud::Markup;
use serde_json::json;

use super::assets::Asset;

/// What a page of ours may load and where it may send: this origin, nothing inline, nothing from elsewhere.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Personal data: neither browsers nor proxies keep it.
const NO_STORE: &str = "no-store";
/// The name changes with the content, so a copy is good for ever (RFC 8246).
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Asked again each time, and answered shortly when nothing changed.
const REVALIDATE: &str = "no-cache";

/// A response of the console.
pub(crate) type Reply = Response<Bytes>;

/// A page.
pub(crate) fn page(status: StatusCode, markup: Markup) -> Reply {
    let mut reply = reply(status, "text/html; charset=utf-8", NO_STORE, markup.into_string().into());
    // Origin stays on our own posts (the check needs it) and tells other sites nothing.
    set(&mut reply, REFERRER_POLICY, "same-origin");
    set(&mut reply, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    // What a page shows depends on who looks.
    set(&mut reply, VARY, "cookie, authorization, accept");
    reply
}

/// Sends the browser elsewhere.
pub(crate) fn redirect(status: StatusCode, location: &str) -> Reply {
    let mut reply = reply(status, "text/plain; charset=utf-8", NO_STORE, Bytes::new());
    set(&mut reply, LOCATION, location);
    reply
}

/// An embedded file, or word that the browser's copy is good.
pub(crate) fn asset(asset: &Asset, request: &HeaderMap) -> Reply {
    tagged(request, asset.media_type, FOR_EVER, &asset.etag, &asset.bytes)
}

/// The icon under the name that browsers ask for by themselves: kept, but asked again.
pub(crate) fn icon(asset: &Asset, request: &HeaderMap) -> Reply {
    tagged(request, asset.media_type, REVALIDATE, &asset.etag, &asset.bytes)
}

/// A JSON document that rarely changes.
pub(crate) fn document(bytes: &Bytes, etag: &str, request: &HeaderMap) -> Reply {
    tagged(request, "application/json", REVALIDATE, etag, bytes)
}

/// A problem document (RFC 9457 §3) for programs that ask for something that is not there.
pub(crate) fn problem(status: StatusCode, detail: &str) -> Reply {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail});
    reply(status, "application/problem+json", NO_STORE, body.to_string().into())
}

/// Adds the methods that a path does answer.
pub(crate) fn with_allow(mut reply: Reply, allow: &str) -> Reply {
    set(&mut reply, ALLOW, allow);
    reply
}

/// Adds a header whose value may hold what a visitor typed; a value that cannot be a header is left out.
pub(crate) fn set(reply: &mut Reply, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().append(name, value);
    }
}

fn tagged(request: &HeaderMap, media_type: &str, cache: &str, etag: &str, bytes: &Bytes) -> Reply {
    let fresh = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|known| {
        known.split(',').any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == etag)
    });
    let (status, body) = if fresh { (StatusCode::NOT_MODIFIED, Bytes::new()) } else { (StatusCode::OK, bytes.clone()) };
    let mut reply = reply(status, media_type, cache, body);
    set(&mut reply, ETAG, etag);
    reply
}

fn reply(status: StatusCode, media_type: &str, cache: &str, body: Bytes) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    set(&mut reply, CONTENT_TYPE, media_type);
    set(&mut reply, CACHE_CONTROL, cache);
    set(&mut reply, CONTENT_SECURITY_POLICY, POLICY);
    set(&mut reply, X_CONTENT_TYPE_OPTIONS, "nosniff");
    reply
}
