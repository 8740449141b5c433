//! What is counted. Handles are made when listeners and contracts are loaded, so that a request only adds to
//! them; the program installs its recorder before.

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
}

impl Failure {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Slow, "slow"),
        (Self::Tls, "tls"),
        (Self::Certificate, "certificate"),
        (Self::PlainOnTls, "plain_on_tls"),
        (Self::TlsOnPlain, "tls_on_plain"),
        (Self::Unknown, "unknown_protocol"),
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
