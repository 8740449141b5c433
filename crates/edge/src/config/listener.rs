//! One listener: its socket, its TLS, what it serves to whom, and its limits.

use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Endpoint, Proxy, Tls, Wamp};

/// One listener.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Its name in logs and metrics.
    pub name: String,
    /// Where it listens.
    pub address: Endpoint,
    /// The permissions of a unix socket, in octal.
    #[serde(default = "mode_default")]
    pub mode: String,
    /// The realm that its callers act in; the program's realm when left out.
    #[serde(default)]
    pub realm: Option<String>,
    /// What it serves; the rest does not exist for its callers. Everything by default.
    #[serde(default = "Surface::all")]
    pub serve: Vec<Surface>,
    /// The ways in which its callers may prove who they are. All by default.
    #[serde(default = "Method::all")]
    pub authentication: Vec<Method>,
    /// Allows plain HTTP on an address that others can reach. Tokens and passwords cross the network in
    /// the clear then; meant for a proxy on the same private network that ends TLS.
    #[serde(default)]
    pub insecure_plain: bool,
    /// TLS. Without it the listener speaks plain HTTP.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// How much it takes.
    #[serde(default)]
    pub limits: Limits,
    /// How long it waits.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// WAMP: the transports, their limits, and what can be reached over them.
    #[serde(default)]
    pub wamp: Wamp,
    /// The proxies whose word about the real caller is believed. None by default: the caller is the peer.
    #[serde(default)]
    pub trusted_proxies: Vec<Proxy>,
    /// Which header those proxies set. Name the one that they overwrite: the other is ignored, because a
    /// proxy passes on what the caller put there.
    #[serde(default)]
    pub proxy_header: ProxyHeader,
}

fn mode_default() -> String {
    "0660".into()
}

impl Listener {
    /// A listener with every default, at an address.
    pub fn new(name: impl Into<String>, address: Endpoint) -> Self {
        Self {
            name: name.into(),
            address,
            mode: mode_default(),
            realm: None,
            serve: Surface::all(),
            authentication: Method::all(),
            insecure_plain: false,
            tls: None,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            wamp: Wamp::default(),
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
        }
    }

    /// Plain HTTP for this machine alone.
    pub(crate) fn local() -> Self {
        Self::new("local", Endpoint::Tcp(([127, 0, 0, 1], 8080).into()))
    }

    pub(crate) fn relative_to(&mut self, folder: &Path) {
        if let Endpoint::Unix(path) = &mut self.address {
            *path = folder.join(&*path);
        }
        let Some(tls) = &mut self.tls else { return };
        let chains =
            tls.certificates.iter_mut().flat_map(|pair| [Some(&mut pair.chain), pair.key.file_mut()]).flatten();
        for path in chains.chain(&mut tls.client_ca).chain(&mut tls.crls) {
            // Joining keeps an absolute path as it is.
            *path = folder.join(&*path);
        }
    }
}

/// A group of paths that a listener serves or hides.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Surface {
    /// The contracts' operations.
    Api,
    /// The pages: console and API explorer.
    Site,
    /// The token endpoint and its metadata.
    Tokens,
    /// Operations whose contract says `x-crossgate-surface: probes`: liveness and readiness.
    Probes,
    /// Operations whose contract says `x-crossgate-surface: metrics`.
    Metrics,
    /// WAMP: WebSocket, RawSocket and HTTP long-poll.
    Wamp,
}

impl Surface {
    fn all() -> Vec<Self> {
        vec![Self::Api, Self::Site, Self::Tokens, Self::Probes, Self::Metrics, Self::Wamp]
    }
}

/// A way to prove who one is.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// `Authorization: Bearer`.
    Token,
    /// `X-API-Key`, or `Authorization: ApiKey`.
    ApiKey,
    /// A TLS client certificate.
    Certificate,
    /// The session cookie of the console.
    Session,
    /// Requests of the HTTP bridge that are signed with a key of `[identity.signed_keys]`.
    Signature,
}

impl Method {
    fn all() -> Vec<Self> {
        vec![Self::Token, Self::ApiKey, Self::Certificate, Self::Session, Self::Signature]
    }
}

/// The header in which trusted proxies say who called them.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// How much a listener takes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections. At the limit, new ones wait in the operating system's queue.
    pub connections: usize,
    /// Open connections from one address (IPv6: from one /64 network); more are closed at once.
    pub connections_per_ip: usize,
    /// Size of a request's head, in bytes: request line and headers together. At least 8192.
    pub header_bytes: usize,
    /// Size of a request's body, in bytes; an operation's own limit holds too where it is lower.
    pub body_bytes: usize,
    /// Concurrent HTTP/2 streams of one connection.
    pub h2_streams: u32,
    /// Requests after which a connection is closed politely, so that load spreads anew.
    pub requests_per_connection: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_ip: 256,
            header_bytes: 32 * 1024,
            body_bytes: 16 * 1024 * 1024,
            h2_streams: 128,
            requests_per_connection: 100_000,
        }
    }
}

/// How long a listener waits, in milliseconds.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// For a connection's first bytes and its TLS handshake.
    pub handshake_ms: u64,
    /// For a request's head, from its first byte to its last.
    pub headers_ms: u64,
    /// For a request's body, from its first byte to its last.
    pub body_ms: u64,
    /// For the next request on a connection that has none.
    pub idle_ms: u64,
    /// Between two HTTP/2 pings that check whether the peer is still there, and for their answers.
    pub keep_alive_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { handshake_ms: 10_000, headers_ms: 10_000, body_ms: 30_000, idle_ms: 60_000, keep_alive_ms: 20_000 }
    }
}

impl Timeouts {
    pub(crate) fn handshake(&self) -> Duration {
        Duration::from_millis(self.handshake_ms)
    }
    pub(crate) fn headers(&self) -> Duration {
        Duration::from_millis(self.headers_ms)
    }
    pub(crate) fn body(&self) -> Duration {
        Duration::from_millis(self.body_ms)
    }
    pub(crate) fn idle(&self) -> Duration {
        Duration::from_millis(self.idle_ms)
    }
    pub(crate) fn keep_alive(&self) -> Duration {
        Duration::from_millis(self.keep_alive_ms)
    }
}
