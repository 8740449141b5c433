//! Pages: handed to the program's site, with the headers that keep them to themselves.

use bytes::Bytes;
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;

use super::body::Body;
use super::{Answer, Exchange, caller};
use crate::site::Visit;

/// The largest form, in bytes. Pages take forms, not uploads.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// For a page that says nothing itself: it may not be put into another's frame, nor load anything.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Answers a page; also says whether the answer may be compressed.
pub(super) async fn answer(x: &Exchange<'_>, body: &mut Body) -> (Answer, bool) {
    let known = match caller::visitor(x).await {
        Ok(known) => known,
        Err(problem) => return (problem.response(x.trace), false),
    };
    let listener = &x.state.listener;
    let bytes_max = FORM_BYTES_MAX.min(listener.limits.body_bytes);
    let form = match body.read(x.peer, bytes_max, listener.timeouts.body()).await {
        Ok(form) => form,
        Err(unreadable) => return (unreadable.problem().response(x.trace), false),
    };
    let mut request = Request::new(form);
    // hyper leaves out the body of the answer to HEAD.
    *request.method_mut() = if x.head.method == Method::HEAD { Method::GET } else { x.head.method.clone() };
    *request.uri_mut() = x.head.uri.clone();
    *request.headers_mut() = x.head.headers.clone();
    let visit = Visit {
        caller: known.caller,
        trace: x.trace,
        source: x.from.source,
        secure: x.from.secure,
        listener: std::sync::Arc::clone(&x.peer.door.name),
    };
    let mut page = x.peer.door.shared.site.serve(request, visit).await.map(Full::<Bytes>::new);
    let headers = page.headers_mut();
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(POLICY);
    headers.entry(RESOURCE_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    (page, !known.ambient)
}
