//! What is counted. Handles are made when listeners and contracts are loaded, so that a request only adds to
//! them; the program installs its recorder before.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// Why a connection came to nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    /// First bytes, handshake or head did not come in time.
    Slow,
    /// The handshake failed: no common version or cipher, or a certificate that does not check out.
    Tls,
    /// The client certificate is not readable.
    Certificate,
    /// Plain HTTP on a TLS port.
    PlainOnTls,
    /// TLS on a plain port.
    TlsOnPlain,
    /// No protocol that is spoken here.
    Unknown,
    /// A RawSocket handshake that cannot be accepted.
    RawSocket,
    /// What began as an upgrade to WebSocket did not become one.
    Upgrade,
}

impl Failure {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Slow, "slow"),
        (Self::Tls, "tls"),
        (Self::Certificate, "certificate"),
        (Self::PlainOnTls, "plain_on_tls"),
        (Self::TlsOnPlain, "tls_on_plain"),
        (Self::Unknown, "unknown_protocol"),
        (Self::RawSocket, "rawsocket"),
        (Self::Upgrade, "upgrade"),
    ];
}

/// The counts of one listener.
pub(crate) struct Listening {
    pub(crate) open: Gauge,
    pub(crate) accepted: Counter,
    pub(crate) waits: Counter,
    pub(crate) refused: Counter,
    pub(crate) accept_errors: Counter,
    failures: [Counter; Failure::ALL.len()],
    pub(crate) websocket: Arc<Talk>,
    pub(crate) rawsocket: Arc<Talk>,
    pub(crate) longpoll: Arc<Talk>,
}

impl Listening {
    pub(crate) fn new(name: &str) -> Self {
        let name = name.to_owned();
        let failure = |(_, reason): (Failure, &'static str)| counter!("crossgate_connection_failures_total", "listener" => name.clone(), "reason" => reason);
        Self {
            open: gauge!("crossgate_connections_open", "listener" => name.clone()),
            accepted: counter!("crossgate_connections_total", "listener" => name.clone()),
            waits: counter!("crossgate_connections_waits_total", "listener" => name.clone()),
            refused: counter!("crossgate_connections_refused_total", "listener" => name.clone(), "reason" => "per_ip"),
            accept_errors: counter!("crossgate_accept_errors_total", "listener" => name.clone()),
            failures: Failure::ALL.map(failure),
            websocket: Arc::new(Talk::new(&name, "websocket")),
            rawsocket: Arc::new(Talk::new(&name, "rawsocket")),
            longpoll: Arc::new(Talk::new(&name, "longpoll")),
        }
    }

    pub(crate) fn failed(&self, failure: Failure) {
        self.failures[failure as usize].increment(1);
    }
}

/// When a certificate ends, in seconds since 1970.
pub(crate) fn certificate_ends(listener: &str, file: &str, second: i64) {
    let labels = [("listener", listener.to_owned()), ("file", file.to_owned())];
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit a double for the next 200 million years")]
    gauge!("crossgate_certificate_not_after_seconds", &labels).set(second as f64);
}

/// The counts of one operation, or of a group of requests that belong to none.
#[derive(Debug)]
pub(crate) struct Requests {
    /// By the status' first digit, from 1.
    classes: [Counter; 5],
    seconds: Histogram,
}

impl Requests {
    pub(crate) fn new(operation: &str) -> Self {
        let operation = operation.to_owned();
        let class = |class: &'static str| counter!("crossgate_http_requests_total", "operation" => operation.clone(), "status" => class);
        Self {
            classes: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(class),
            seconds: histogram!("crossgate_http_request_duration_seconds", "operation" => operation.clone()),
        }
    }

    pub(crate) fn record(&self, status: StatusCode, took: Duration) {
        if let Some(class) = self.classes.get(usize::from(status.as_u16() / 100).wrapping_sub(1)) {
            class.increment(1);
        }
        self.seconds.record(took);
    }
}

/// How a WAMP connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Talked {
    /// The session was over, or the router ended it.
    Session,
    /// The peer closed.
    Peer,
    /// The peer broke the rules, or said nothing at all.
    Fault,
    /// The connection broke, or was closed without a word.
    Lost,
    /// There was no sign of life any more.
    Dead,
    /// The program stopped.
    Stopped,
    /// The peer does not take a message of the size of one for it.
    TooLarge,
    /// The peer did not read what could not be left out.
    Slow,
}

impl Talked {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Session, "session"),
        (Self::Peer, "peer"),
        (Self::Fault, "fault"),
        (Self::Lost, "lost"),
        (Self::Dead, "dead"),
        (Self::Stopped, "stopped"),
        (Self::TooLarge, "too_large"),
        (Self::Slow, "slow"),
    ];
}

/// The counts of one WAMP transport of a listener.
pub(crate) struct Talk {
    open: Gauge,
    begun: Counter,
    ended: [Counter; Talked::ALL.len()],
}

/// A WAMP connection that is counted as open while this lives.
pub(crate) struct Talking(Gauge);

impl Talk {
    pub(crate) fn new(listener: &str, transport: &'static str) -> Self {
        let listener = listener.to_owned();
        let ended = |(_, reason): (Talked, &'static str)| counter!("crossgate_wamp_connections_ended_total", "listener" => listener.clone(), "transport" => transport, "reason" => reason);
        Self {
            open: gauge!("crossgate_wamp_connections_open", "listener" => listener.clone(), "transport" => transport),
            begun: counter!("crossgate_wamp_connections_total", "listener" => listener.clone(), "transport" => transport),
            ended: Talked::ALL.map(ended),
        }
    }

    pub(crate) fn begin(&self) -> Talking {
        self.begun.increment(1);
        self.open.increment(1);
        Talking(self.open.clone())
    }

    pub(crate) fn ended(&self, how: Talked) {
        self.ended[how as usize].increment(1);
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
