//! What an operator says about the doors. Every field's comment is its description in the JSON Schema.

pub(crate) mod check;
mod endpoint;
mod listener;
mod network;
mod tls;
mod wamp;

use std::path::Path;

use crossgate_certificates::acme::Challenge;
use schemars::JsonSchema;
use serde::Deserialize;

pub use endpoint::Endpoint;
pub use listener::{Limits, Listener, Method, ProxyHeader, Surface, Timeouts};
pub use network::{Network, Proxy};
pub use tls::{Certificate, ClientCertificate, CrlExpired, CrlScope, KeySource, Tls, TlsVersion};
pub use wamp::{Longpoll, Wamp, WampSerializer, WampTransport};

/// The doors: listeners, and what holds for all of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The sockets to listen on. Addresses and names can only change by a restart; everything else is
    /// reloaded.
    pub listeners: Vec<Listener>,
    /// Which pages of other origins may call the API from a browser. None by default.
    pub cors: Cors,
    /// Compression of answers.
    pub compression: Compression,
    /// HTTP Strict Transport Security (RFC 6797).
    pub hsts: Hsts,
    /// The token endpoint, `POST /oauth/token`.
    pub tokens: Tokens,
    /// Certificates from a public authority (ACME), for listeners that want them.
    pub acme: Option<crossgate_certificates::acme::Config>,
    /// How long requests in flight may take to finish after the first stop signal, in seconds. What is left
    /// then is cut off.
    pub drain_s: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listeners: vec![Listener::local()],
            cors: Cors::default(),
            compression: Compression::default(),
            hsts: Hsts::default(),
            tokens: Tokens::default(),
            acme: None,
            drain_s: 30,
        }
    }
}

impl Config {
    /// A warning when names are to be proved where nobody is asked.
    pub(crate) fn unanswered(&self) -> Option<&'static str> {
        let acme = self.acme.as_ref()?;
        let asked = self.wanted().any(|wanted| acme.challenge(wanted) == Challenge::Http01);
        (asked && self.listeners.iter().all(|listener| listener.tls.is_some())).then_some(
            "tls.acme with http-01: the authority asks on port 80, and no listener is without TLS; add one with serve = [], \
             unless a proxy passes /.well-known/acme-challenge/ on",
        )
    }

    /// The certificates that listeners order, in the order of the configuration.
    pub fn wanted(&self) -> impl Iterator<Item = &crossgate_certificates::acme::Wanted> {
        self.listeners.iter().filter_map(|listener| listener.tls.as_ref()).flat_map(|tls| &tls.acme)
    }

    /// Makes relative paths relative to the folder of the configuration file.
    pub fn relative_to(&mut self, folder: &Path) {
        if let Some(acme) = &mut self.acme {
            acme.relative_to(folder);
        }
        for listener in &mut self.listeners {
            listener.relative_to(folder);
        }
    }
}

/// Cross-origin resource sharing: which origins' pages may call the API. It never applies to pages.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cors {
    /// The exact origins, `https://app.example` or `http://localhost:3000`. There is no wildcard.
    pub origins: Vec<String>,
    /// Whether those pages may use the browser's cookies and client certificates. Bearer tokens and API
    /// keys need no such permission.
    pub credentials: bool,
    /// Request headers that those pages may send besides `Authorization`, `Content-Type`, `X-API-Key`,
    /// `Idempotency-Key` and `traceparent`.
    pub headers: Vec<String>,
    /// How long a browser may remember the permission, in seconds.
    pub max_age_s: u64,
}

impl Default for Cors {
    fn default() -> Self {
        Self { origins: Vec::new(), credentials: false, headers: Vec::new(), max_age_s: 600 }
    }
}

/// Compression of answers with gzip or brotli, as the caller accepts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Compression {
    /// Whether answers are compressed at all.
    pub enabled: bool,
    /// Answers smaller than this many bytes are sent as they are.
    pub bytes_min: usize,
}

impl Default for Compression {
    fn default() -> Self {
        Self { enabled: true, bytes_min: 2048 }
    }
}

/// HTTP Strict Transport Security, sent over TLS by listeners that are not on a loopback address.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hsts {
    /// Whether the header is sent.
    pub enabled: bool,
    /// How long browsers keep to HTTPS, in seconds. One year by default.
    pub max_age_s: u64,
    /// Whether it holds for subdomains too.
    pub subdomains: bool,
}

impl Default for Hsts {
    fn default() -> Self {
        Self { enabled: true, max_age_s: 31_536_000, subdomains: false }
    }
}

/// Limits of the token endpoint, per source address (IPv6: per /64 network).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// Requests a minute.
    pub requests_per_minute: u32,
    /// Requests that may come at once before the rate holds.
    pub burst: u32,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { requests_per_minute: 60, burst: 20 }
    }
}
