//! One request, from its head to its answer: match, who, may they, read, bind, call, respond.

mod body;
mod caller;
mod challenge;
mod credentials;
mod csrf;
mod events;
mod head;
mod longpoll;
mod oauth;
mod operation;
mod outcome;
mod pages;
mod signed;
mod websocket;

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use crossgate_call::{Error, Events, Trace};
use crossgate_contract::Match;
use crossgate_router::Origin;
use futures_util::FutureExt as _;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Body as _;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;

use self::body::Body;
use self::events::{Content, Feed};
use crate::config::Surface;
use crate::connection::Peer;
use crate::door::State;
use crate::metrics::Requests;
use crate::problem::Problem;
use crate::{compress, cors, forwarded, ws};

/// An answer, whole; what goes on follows its head: see [`events`].
pub(crate) type Answer = Response<Full<Bytes>>;

/// The header that tells the caller its trace.
const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A request's head, and what is known of who sent it.
struct Exchange<'a> {
    peer: &'a Peer,
    state: &'a State,
    head: &'a Parts,
    /// The path; two slashes at its beginning count as one, which some clients' base addresses make.
    path: &'a str,
    trace: Trace,
    from: forwarded::Origin,
    /// What becomes of the connection, when the request asks for something else than HTTP.
    upgrade: Mutex<Option<OnUpgrade>>,
}

/// An answer, and what it counts as.
struct Routed<'a> {
    answer: Answer,
    requests: &'a Requests,
    /// Another origin's page may read it, where CORS permits.
    shared: bool,
    /// It may be compressed: see [`compress`].
    compressible: bool,
    /// What follows instead of its content.
    events: Option<Events>,
}

/// Answers a request.
pub(crate) async fn answer(peer: Arc<Peer>, mut request: Request<Incoming>) -> Result<Response<Content>, Infallible> {
    let state = peer.door.state.load_full();
    let (in_flight, last) = peer.begin(&state.listener.limits);
    let clock = &peer.door.shared.clock;
    let started = clock.instant();
    let upgrade = (peer.http1 && ws::is_wanted(request.headers())).then(|| hyper::upgrade::on(&mut request));
    let (head, incoming) = request.into_parts();
    let exchange = Exchange::new(&peer, &state, &head, upgrade);
    let mut body = Body::new(incoming);
    // A bug fails one request, not the others of the connection.
    let routed = match AssertUnwindSafe(exchange.route(&mut body)).catch_unwind().await {
        Ok(routed) => routed,
        Err(_) => exchange.uncounted(Problem::plainly(&Error::internal("answering a request panicked"))),
    };
    let Routed { mut answer, requests, shared, compressible, events } = routed;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        requests.record(answer.status(), clock.instant().saturating_duration_since(started));
        return Ok(answer.map(Content::Whole));
    }
    exchange.finish(answer.headers_mut(), shared);
    if !peer.http1 && body.is_unread() {
        body.discard().await;
    }
    let close = last || head.headers.contains_key(TRANSFER_ENCODING) || body.is_unread();
    if peer.http1 && close {
        // What follows a refused body cannot be told from a request, and of a chunked one that also claimed
        // a length (RFC 9112 §6.3) nobody knows where it ends.
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        if body.is_unread() {
            peer.leave_unread();
        }
    }
    let length =
        answer.body().size_hint().exact().and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
    if compressible
        && let Some(bytes_min) = state.compress_bytes_min
        && compress::is_wanted(bytes_min, &head.headers, &answer, length)
    {
        answer = compress::compress(&head.headers, answer).await;
    }
    requests.record(answer.status(), clock.instant().saturating_duration_since(started));
    // HEAD asks what there would be, and takes nothing.
    let Some(events) = events.filter(|_| head.method != Method::HEAD) else { return Ok(answer.map(Content::Whole)) };
    let idle = state.listener.timeouts.idle();
    Ok(answer.map(|_| Content::Events(Box::new(Feed::new(events, in_flight, idle)))))
}

impl<'a> Exchange<'a> {
    fn new(peer: &'a Peer, state: &'a State, head: &'a Parts, upgrade: Option<OnUpgrade>) -> Self {
        let listener = &state.listener;
        let from =
            forwarded::origin(peer.address, peer.tls, &head.headers, &listener.trusted_proxies, listener.proxy_header);
        let parent = head.headers.get(TRACEPARENT).and_then(|value| Trace::from_traceparent(value.to_str().ok()?));
        let trace = parent.unwrap_or_else(|| peer.door.shared.traces.make());
        Self { peer, state, head, path: head::path(&head.uri), trace, from, upgrade: Mutex::new(upgrade) }
    }

    /// What audit records say about where the request came from.
    fn origin(&self) -> Origin {
        Origin { door: "http", source: self.from.source, trace: self.trace }
    }

    async fn route(&'a self, body: &mut Body) -> Routed<'a> {
        if let Err(problem) = head::check(self.head, self.peer.http1) {
            return self.uncounted(problem);
        }
        if let Some(answer) = challenge::answer(self) {
            return self.counted_as_none(answer);
        }
        if self.state.serves(Surface::Tokens)
            && let Some(endpoint) = oauth::Endpoint::at(self.path)
            && !cors::is_preflight(&self.head.method, &self.head.headers)
        {
            let answer = oauth::answer(self, endpoint, body).await;
            return Routed { answer, requests: &self.counts().tokens, shared: true, compressible: false, events: None };
        }
        if cors::is_preflight(&self.head.method, &self.head.headers) {
            return self.preflight();
        }
        if websocket::is_at(self.state, self.path) {
            let answer = websocket::answer(self);
            return Routed { answer, requests: &self.counts().wamp, shared: false, compressible: false, events: None };
        }
        if let Some(step) = longpoll::at(self.state, self.path) {
            let answer = longpoll::answer(self, step, body).await;
            return Routed { answer, requests: &self.counts().wamp, shared: true, compressible: false, events: None };
        }
        match self.state.table.find(&self.head.method, self.path) {
            Match::Found { target, path, .. } => {
                let operation::Done { answer, events, compressible } =
                    operation::answer(self, target, path, body).await;
                Routed { answer, requests: &target.requests, shared: true, compressible, events }
            }
            Match::MethodNotAllowed { allow } => self.other_method(&allow),
            Match::NotFound if self.head.uri.path() == "*" => self.other_method(&[]),
            Match::NotFound if self.state.serves(Surface::Site) => {
                let (answer, compressible) = pages::answer(self, body).await;
                Routed { answer, requests: &self.counts().site, shared: false, compressible, events: None }
            }
            Match::NotFound => self.uncounted(Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path")),
        }
    }

    fn counts(&self) -> &'a crate::door::Counts {
        &self.peer.door.shared.counts
    }

    /// An answer that belongs to no operation.
    fn uncounted(&self, problem: Problem) -> Routed<'a> {
        self.counted_as_none(problem.response(self.trace))
    }

    fn counted_as_none(&self, answer: Answer) -> Routed<'a> {
        Routed { answer, requests: &self.counts().none, shared: true, compressible: false, events: None }
    }

    /// The path exists and the method does not: `OPTIONS` asks for just that.
    fn other_method(&self, allow: &[Method]) -> Routed<'a> {
        let mut names: Vec<&str> = allow.iter().map(Method::as_str).collect();
        names.push("OPTIONS");
        let allow = HeaderValue::try_from(names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"));
        if self.head.method == Method::OPTIONS {
            let mut answer = nothing();
            answer.headers_mut().insert(ALLOW, allow);
            return self.counted_as_none(answer);
        }
        let problem =
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("this path does not answer {}", self.head.method));
        self.uncounted(problem.header(ALLOW, allow))
    }

    /// A browser asks whether a page of another origin may send a request; it asks without credentials.
    fn preflight(&self) -> Routed<'a> {
        let mut answer = nothing();
        let wanted = self.head.headers.get(http::header::ACCESS_CONTROL_REQUEST_METHOD);
        let method = wanted.and_then(|wanted| Method::from_bytes(wanted.as_bytes()).ok());
        if let (Some(wanted), Some(method)) = (wanted, method) {
            let token = self.state.serves(Surface::Tokens)
                && oauth::Endpoint::at(self.path).is_some_and(|at| *at.method() == method);
            let polls = method == Method::POST && longpoll::at(self.state, self.path).is_some();
            if token || polls || matches!(self.state.table.find(&method, self.path), Match::Found { .. }) {
                self.state.cors.preflight(wanted, answer.headers_mut());
            }
        }
        self.counted_as_none(answer)
    }

    /// Adds the headers that every answer has.
    fn finish(&self, headers: &mut HeaderMap, shared: bool) {
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
        // Answers differ by caller; a page says itself when it may be kept.
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        if let Ok(trace) = HeaderValue::try_from(self.trace.to_string()) {
            headers.insert(TRACE_ID, trace);
        }
        if self.from.secure
            && let Some(hsts) = &self.state.hsts
        {
            headers.insert(STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
        if shared {
            self.state.cors.permit(&self.head.headers, headers);
        }
    }
}

/// An answer without content.
fn nothing() -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}
