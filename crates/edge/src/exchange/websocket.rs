//! The path where HTTP becomes WebSocket.

use std::sync::Arc;

use http::header::HOST;

use super::{Answer, Exchange};
use crate::config::{Method, Surface, WampTransport};
use crate::cookie::session_cookie;
use crate::door::State;
use crate::problem::Problem;
use crate::upgrade::{NO_FORM, Upgrade};
use crate::wamp::Facts;
use crate::ws::{self, Rules};

/// Whether this is the path of WebSocket here.
pub(super) fn is_at(state: &State, path: &str) -> bool {
    let wamp = &state.listener.wamp;
    state.serves(Surface::Wamp) && wamp.speaks(WampTransport::Websocket) && path == wamp.path
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
    let (accepted, answer) = match ws::negotiate(x.head, &rules) {
        Ok(agreed) => agreed,
        Err(problem) => return problem.response(x.trace),
    };
    let Some(on) = x.upgrade.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() else {
        let problem = Problem::new(http::StatusCode::UPGRADE_REQUIRED, "this connection cannot become WebSocket");
        return problem.response(x.trace);
    };
    let form = accepted.form.unwrap_or(NO_FORM);
    x.peer.upgrade(Upgrade { on, accepted, facts: facts(x, "websocket", form) });
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

/// What is known of a peer that came by a request.
pub(super) fn facts(x: &Exchange<'_>, kind: &'static str, form: crossgate_wamp::serializer::Serializer) -> Facts {
    let counts = x.state.accepts(Method::Session) && (x.from.secure || x.peer.door.bound.is_local());
    Facts {
        listener: Arc::clone(&x.peer.door.name),
        kind,
        form,
        source: x.from.source,
        peer: x.from.source.map_or_else(|| "unix".to_owned(), |source| source.to_string()),
        secure: x.from.secure,
        certificate: x.peer.certificate.clone().filter(|_| x.state.accepts(Method::Certificate)),
        session_cookie: counts.then(|| session_cookie(&x.head.headers, x.from.secure)).flatten().map(str::to_owned),
        headers: x.head.headers.clone(),
        message_bytes_max: usize::MAX,
    }
}
