//! The path where HTTP becomes WebSocket.

use std::sync::Arc;

use crossgate_identity::WampTransport;
use crossgate_wamp::Map;
use crossgate_wamp::serializer::Serializer;
use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, PROXY_AUTHORIZATION, SEC_WEBSOCKET_KEY, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use super::head::API_KEY;
use super::{Answer, Exchange};
use crate::config::{self, Method, Surface};
use crate::cookie::{session_cookie, wamp_cookie, wamp_cookie_name};
use crate::door::State;
use crate::problem::Problem;
use crate::upgrade::Upgrade;
use crate::wamp::Facts;
use crate::ws::{self, Rules};

/// Headers that are nobody else's business.
const SECRET: [HeaderName; 5] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SEC_WEBSOCKET_KEY, API_KEY];

/// Whether this is the path of WebSocket here.
pub(super) fn is_at(state: &State, path: &str) -> bool {
    let wamp = &state.listener.wamp;
    state.serves(Surface::Wamp) && wamp.speaks(config::WampTransport::Websocket) && path == wamp.path
}

/// Answers a handshake; when it holds, the connection becomes WebSocket after the answer.
pub(super) fn answer(x: &Exchange<'_>) -> Answer {
    let wamp = &x.state.listener.wamp;
    let shared = &x.peer.door.shared;
    let rules = Rules {
        forms: &wamp.forms(),
        origins: &wamp.origins,
        own: own(x),
        compress: wamp.compress,
        echo: shared.echoes(),
    };
    let (accepted, mut answer) = match ws::negotiate(x.head, &rules) {
        Ok(agreed) => agreed,
        Err(problem) => return problem.response(x.trace),
    };
    let Some(on) = x.upgrade.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() else {
        let problem = Problem::new(http::StatusCode::UPGRADE_REQUIRED, "this connection cannot become WebSocket");
        return problem.response(x.trace);
    };
    let mut facts = facts(x, "websocket", accepted.form);
    if wamp.cookie && x.head.headers.contains_key(ORIGIN) {
        give_cookie(x, &mut facts, &mut answer);
    }
    x.peer.upgrade(Upgrade { on, accepted, facts });
    answer
}

/// The scheme and host that the client believes to talk to.
pub(super) fn own<'a>(x: &'a Exchange<'_>) -> Option<(&'a str, &'a str)> {
    let host = x.from.host.as_deref().or_else(|| match x.head.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => x.head.headers.get(HOST)?.to_str().ok(),
    });
    Some((if x.from.secure { "https" } else { "http" }, host?))
}

/// Gives a browser the cookie of WAMP sessions, unless it has one that stands for somebody. A handshake without
/// is as good, so what fails here is passed over.
fn give_cookie(x: &Exchange<'_>, facts: &mut Facts, answer: &mut Answer) {
    let secure = x.from.secure;
    let presented = wamp_cookie(&x.head.headers, secure);
    let Ok(cookie) = x.peer.door.shared.identity.wamp_cookie(presented) else { return };
    if let Some(value) = cookie.to_set() {
        let attributes =
            if secure { "Path=/; HttpOnly; SameSite=Lax; Secure" } else { "Path=/; HttpOnly; SameSite=Lax" };
        let line = format!("{}={}; {attributes}", wamp_cookie_name(secure), value.expose_secret());
        if let Ok(mut line) = HeaderValue::try_from(line) {
            line.set_sensitive(true);
            answer.headers_mut().append(SET_COOKIE, line);
        }
    }
    facts.client.cookie = Some(cookie);
}

/// What is known of a peer that came by a request.
pub(super) fn facts(x: &Exchange<'_>, framing: &'static str, form: Option<Serializer>) -> Facts {
    let counts = x.state.accepts(Method::Session) && (x.from.secure || x.peer.door.bound.is_local());
    let session = counts.then(|| session_cookie(&x.head.headers, x.from.secure)).flatten();
    let client = WampTransport {
        listener: Arc::clone(&x.peer.door.name),
        framing,
        channel: if x.from.secure { "tls" } else { x.peer.channel() },
        peer: x.peer.name(x.from.source),
        source: x.from.source,
        secure: x.from.secure || x.peer.is_private(),
        certificate: x.peer.certificate.clone().filter(|_| x.state.accepts(Method::Certificate)),
        tls_exporter: x.peer.exporter,
        session_cookie: session.map(SecretString::from),
        headers: shown(&x.head.headers),
        ..WampTransport::default()
    };
    Facts { form, client, message_bytes_max: usize::MAX }
}

/// The headers that others may be shown: authenticators, and who watches sessions.
fn shown(headers: &HeaderMap) -> Map {
    let values = |name| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        values.collect::<Vec<_>>().join(", ")
    };
    let names = headers.keys().filter(|name| !SECRET.contains(name));
    names.map(|name| (name.as_str().to_owned(), values(name).into())).collect()
}
