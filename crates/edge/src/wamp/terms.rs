//! What holds for one connection, and what is known of who is at its other end.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crossgate_identity::PeerCertificate;
use crossgate_wamp::serializer::Serializer;
use http::HeaderMap;

use crate::config::Wamp;

/// How long a peer is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// For its first message.
    pub(crate) hello: Duration,
    /// Between two looks whether it is alive; `None` never looks.
    pub(crate) ping: Option<Duration>,
    /// For it to take some of what is being sent.
    pub(crate) send: Duration,
    /// For its answer to GOODBYE.
    pub(crate) goodbye: Duration,
}

impl Terms {
    /// What the listener says. `pings`: whether this peer may be asked.
    pub(crate) fn new(wamp: &Wamp, pings: bool) -> Self {
        Self { hello: wamp.hello(), ping: wamp.ping().filter(|_| pings), send: wamp.send(), goodbye: wamp.goodbye() }
    }
}

/// What the transport knows of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) listener: Arc<str>,
    /// `websocket`, `rawsocket` or `longpoll`.
    pub(crate) kind: &'static str,
    pub(crate) form: Serializer,
    /// The address of who calls, as far as it is known.
    pub(crate) source: Option<IpAddr>,
    /// The other end of the connection: `tcp4:127.0.0.1:1234`, `unix`.
    pub(crate) peer: String,
    pub(crate) secure: bool,
    pub(crate) certificate: Option<Arc<PeerCertificate>>,
    pub(crate) session_cookie: Option<String>,
    /// As they came; whoever shows them leaves out the secret ones.
    pub(crate) headers: HeaderMap,
    /// The largest message that the peer takes, in bytes.
    pub(crate) message_bytes_max: usize,
}
