//! The token endpoint (RFC 6749 §3.2), its keys (RFC 7517) and its metadata (RFC 8414). They have answers of
//! their own, fixed by those standards, instead of problem documents.

use std::sync::Arc;

use bytes::Bytes;
use crossgate_call::{Caller, Error};
use crossgate_identity::{OAuthError, TokenRequest, TokenResponse};
use crossgate_router::audit::Record;
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use super::body::Body;
use super::credentials;
use super::{Answer, Exchange, caller, nothing};
use crate::config;
use crate::problem::{Problem, whole_seconds};

/// What the audit log calls a request for a token.
const PROCEDURE: &str = "identity.token";
/// The largest request, in bytes; an assertion fits, with room.
const FORM_BYTES_MAX: usize = 32 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";
/// How long others may keep our keys and metadata. A new key is published before it is used.
const KEEP: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The paths that are ours whatever the contracts say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Token,
    Keys,
    Metadata,
}

impl Endpoint {
    pub(super) fn at(path: &str) -> Option<Self> {
        match path {
            "/oauth/token" => Some(Self::Token),
            // The second is where our metadata says that they are, unless it is configured otherwise.
            "/oauth/jwks" | "/.well-known/jwks.json" => Some(Self::Keys),
            "/.well-known/oauth-authorization-server" => Some(Self::Metadata),
            _ => None,
        }
    }

    pub(super) fn method(self) -> &'static Method {
        if self == Self::Token { &Method::POST } else { &Method::GET }
    }
}

/// Answers one of the endpoints.
pub(super) async fn answer(x: &Exchange<'_>, endpoint: Endpoint, body: &mut Body) -> Answer {
    let method = &x.head.method;
    let read = endpoint != Endpoint::Token && *method == Method::HEAD;
    if method != endpoint.method() && !read {
        return other_method(x, endpoint);
    }
    let identity = &x.peer.door.shared.identity;
    match endpoint {
        Endpoint::Token => token(x, body).await,
        Endpoint::Keys => published(&identity.jwks()),
        Endpoint::Metadata => match identity.metadata() {
            Some(metadata) => published(&metadata),
            None => Problem::new(StatusCode::NOT_FOUND, "no tokens are issued here").response(x.trace),
        },
    }
}

fn other_method(x: &Exchange<'_>, endpoint: Endpoint) -> Answer {
    let allow = if endpoint == Endpoint::Token { "POST, OPTIONS" } else { "GET, HEAD, OPTIONS" };
    if x.head.method == Method::OPTIONS {
        let mut answer = nothing();
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        return answer;
    }
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("this path does not answer {}", x.head.method));
    problem.header(ALLOW, HeaderValue::from_static(allow)).response(x.trace)
}

fn published(value: &Value) -> Answer {
    let mut answer = json_answer(StatusCode::OK, value);
    answer.headers_mut().insert(CACHE_CONTROL, KEEP);
    answer
}

async fn token(x: &Exchange<'_>, body: &mut Body) -> Answer {
    match granted(x, body).await {
        Ok(token) => private(StatusCode::OK, &token.body()),
        Err(Refused { status, body, challenge, retry_after }) => {
            let mut answer = private(status, &body);
            if let Some(challenge) = challenge.and_then(|challenge| HeaderValue::try_from(challenge).ok()) {
                answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
            if let Some(wait) = retry_after {
                answer.headers_mut().insert(RETRY_AFTER, whole_seconds(wait).into());
            }
            answer
        }
    }
}

/// A refused request, in the form of RFC 6749 §5.2.
struct Refused {
    status: StatusCode,
    body: Value,
    challenge: Option<String>,
    retry_after: Option<std::time::Duration>,
}

impl Refused {
    fn new(status: StatusCode, code: &str, description: &str) -> Self {
        let body = json!({"error": code, "error_description": description});
        Self { status, body, challenge: None, retry_after: None }
    }

    fn invalid(description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }
}

impl From<OAuthError> for Refused {
    fn from(error: OAuthError) -> Self {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        Self { status, body: error.body(), challenge: error.challenge, retry_after: error.retry_after }
    }
}

async fn granted(x: &Exchange<'_>, body: &mut Body) -> Result<TokenResponse, Refused> {
    let shared = &x.peer.door.shared;
    let now = shared.clock.instant();
    if let Some(Err(wait)) = x.from.source.map(|source| x.state.throttle.take(source, now)) {
        let error = Error::too_many("too many token requests from your address", wait);
        let error = caller::turned_away(x, PROCEDURE, error).await;
        let refused = Refused::new(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", error.public());
        return Err(Refused { retry_after: Some(wait), ..refused });
    }
    let form = form(x, body).await?;
    let authorization = x.head.headers.get(AUTHORIZATION).map(HeaderValue::to_str).transpose();
    let authorization = authorization.map_err(|_| Refused::invalid("the authorization header is not ASCII"))?;
    let source = x.from.source.map(|source| source.to_string());
    let certificate = x.peer.certificate.as_ref().filter(|_| x.state.accepts(config::Method::Certificate));
    let request = TokenRequest { authorization, form: &form, certificate, source: source.as_deref() };
    // A place in the audit log first: no token is given out that is not on record.
    let slot = shared.router.audit().reserve().await.map_err(|full| Refused {
        retry_after: full.retry_after(),
        ..Refused::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", full.public())
    })?;
    let granted = shared.identity.token(request).await;
    let (caller, outcome, detail) = match &granted {
        Ok(token) => (bearer(x, token).await, "ok", None),
        Err(error) => (nobody(x).await, "unauthenticated", Some(error.to_string())),
    };
    if let Some(caller) = caller {
        slot.record(record(x, &caller, outcome, detail, now));
    }
    Ok(granted?)
}

/// The form of the request.
async fn form(x: &Exchange<'_>, body: &mut Body) -> Result<String, Refused> {
    let media_type = x.head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(FORM) {
        return Err(Refused::invalid("the body must be application/x-www-form-urlencoded; say so in Content-Type"));
    }
    let bytes: Bytes = body
        .read(x.peer, FORM_BYTES_MAX, x.state.listener.timeouts.body())
        .await
        .map_err(|unreadable| Refused::invalid(unreadable.error().public()))?;
    String::from_utf8(bytes.into()).map_err(|_| Refused::invalid("the body is not UTF-8"))
}

/// Whom a token that was just given out stands for.
async fn bearer(x: &Exchange<'_>, token: &TokenResponse) -> Option<Arc<Caller>> {
    let body = token.body();
    let authorization = format!("Bearer {}", body.get("access_token")?.as_str()?);
    let mut credentials = credentials::anonymous(&x.state.realm);
    credentials.authorization = Some(&authorization);
    credentials.certificate = x.peer.certificate.as_ref();
    match x.peer.door.shared.identity.caller(&credentials).await {
        Ok(caller) => Some(caller),
        // A token for somebody else's audience is none here.
        Err(_) => nobody(x).await,
    }
}

async fn nobody(x: &Exchange<'_>) -> Option<Arc<Caller>> {
    x.peer.door.shared.identity.caller(&credentials::anonymous(&x.state.realm)).await.ok()
}

fn record(
    x: &Exchange<'_>,
    caller: &Caller,
    outcome: &'static str,
    detail: Option<String>,
    started: std::time::Instant,
) -> Record {
    let clock = &x.peer.door.shared.clock;
    Record {
        at: clock.now(),
        realm: caller.realm().clone(),
        caller: Arc::clone(caller.id()),
        proof: caller.proof(),
        certificate: caller.certificate().cloned(),
        procedure: PROCEDURE.into(),
        door: "http",
        source: x.from.source,
        outcome,
        detail,
        duration: clock.instant().saturating_duration_since(started),
        trace: x.trace,
    }
}

/// An answer that holds a secret or is about one (RFC 6749 §5.1).
fn private(status: StatusCode, value: &Value) -> Answer {
    let mut answer = json_answer(status, value);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

fn json_answer(status: StatusCode, value: &Value) -> Answer {
    let mut answer = Response::new(Full::new(value.to_string().into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
