//! The connection that a session comes over, and how authenticators, authorizers and meta events see it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crossgate_wamp::{Map, Value};
use jiff::Timestamp;
use secrecy::SecretString;

use super::certificate;
use super::cookie::WampCookie;
use crate::certificate::PeerCertificate;

/// How many attempts to join a connection has until one succeeds.
pub const WAMP_ATTEMPTS_MAX: u32 = 8;
/// Headers that are credentials: they are shown to nobody.
const SECRET_HEADERS: [&str; 5] = ["authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"];

/// A connection, as far as it matters for who is on its other end. Shared by all sessions that follow
/// one another on it.
#[derive(Debug, Default)]
pub struct WampTransport {
    /// The listener's name: it offers the authentication methods of the set of that name
    /// (`[identity.wamp.auth.NAME]`), or else of `default`.
    pub listener: Arc<str>,
    /// The methods of that set that the listener offers; all when absent.
    pub methods: Option<Vec<String>>,
    /// `websocket`, `rawsocket`, `longpoll` or `memory`.
    pub framing: &'static str,
    /// `tcp`, `tls`, `unix` or `memory`: what is under the framing.
    pub channel: &'static str,
    /// The subprotocol, `wamp.2.cbor.batched` for instance.
    pub protocol: &'static str,
    /// `tcp4:127.0.0.1:46574`, `tcp6:::1:46574`, `unix:/run/crossgate.sock`, as Crossbar writes it.
    pub peer: String,
    /// The peer's address, by which guessing is slowed down.
    pub source: Option<IpAddr>,
    /// Whether nobody can listen: TLS, a Unix socket, or the same process.
    pub secure: bool,
    /// The client's certificate, verified by the listener.
    pub certificate: Option<Arc<PeerCertificate>>,
    /// The keying material of RFC 9266: label `EXPORTER-Channel-Binding`, no context, 32 bytes. TLS 1.3 only.
    pub tls_exporter: Option<[u8; 32]>,
    /// The cookie of a browser session, as HTTP requests present it.
    pub session_cookie: Option<SecretString>,
    /// The cookie of WAMP sessions, from [`crate::Identity::wamp_cookie`].
    pub cookie: Option<WampCookie>,
    /// The request's headers by lower-case name. Credentials among them are left out of [`Self::details`].
    pub headers: Map,
    /// The attempts to join so far.
    pub attempts: WampAttempts,
}

/// Counts a connection's attempts to join.
#[derive(Debug, Default)]
pub struct WampAttempts(AtomicU32);

impl WampAttempts {
    /// Takes one; `false` when there have been too many.
    pub(super) fn take(&self) -> bool {
        self.0.fetch_add(1, Ordering::AcqRel) < WAMP_ATTEMPTS_MAX
    }

    /// One succeeded: the next session on this connection begins anew.
    pub(super) fn succeeded(&self) {
        self.0.store(0, Ordering::Release);
    }
}

impl WampTransport {
    /// The `transport` of an authenticator's or authorizer's `details`, of `wamp.session.on_join` and of
    /// `wamp.session.get`. The certificate is in it twice, as `peer_cert` and as `client_cert`: programs
    /// in use read the one or the other.
    #[must_use]
    pub fn details(&self, now: Timestamp) -> Map {
        let certificate =
            self.certificate.as_ref().and_then(|peer| certificate::details(peer, now)).map_or(Value::Null, Value::Map);
        Map::new()
            .with("channel_type", self.channel)
            .with("channel_framing", self.framing)
            .with("channel_serializer", Value::Null)
            .with("own", Value::Null)
            .with("peer", self.peer.as_str())
            .with("is_server", true)
            .with("own_pid", Value::Null)
            .with("own_tid", Value::Null)
            .with("own_fd", Value::Null)
            .with("is_secure", self.secure)
            .with("channel_id", Map::new())
            .with("peer_cert", certificate.clone())
            .with("client_cert", certificate)
            .with("websocket_protocol", self.websocket_protocol())
            .with("websocket_extensions_in_use", Value::List(Vec::new()))
            .with("http_headers_received", self.shown_headers())
            .with("http_headers_sent", Map::new())
            .with("http_cbtid", Value::Null)
    }

    fn websocket_protocol(&self) -> Value {
        if self.framing == "websocket" { self.protocol.into() } else { Value::Null }
    }

    fn shown_headers(&self) -> Map {
        let shown = self
            .headers
            .iter()
            .filter(|(name, _)| !SECRET_HEADERS.iter().any(|secret| secret.eq_ignore_ascii_case(name)));
        shown.map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
    }

    /// The binding of that name, if the connection has it.
    pub(super) fn binding(&self, name: &str) -> Option<[u8; 32]> {
        self.tls_exporter.filter(|_| name == "tls-exporter")
    }
}
