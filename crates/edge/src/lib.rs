//! The doors: one accept loop, TLS, HTTP/1.1 and HTTP/2, problem documents, and the way from a request's head
//! to a call and back.
//!
//! Beside HTTP, on the same ports: WAMP over WebSocket, RawSocket and HTTP long-poll (`ws/`, `rawsocket/`, `longpoll/`, and
//! what they share in `wamp/`). What a session is and may do is the router's.
//!
//! Owns sockets and certificates, how much and how long a peer may take, how HTTP says what a call
//! means, and the token endpoint's wire form. Must not know any service, any procedure's meaning, who may call what
//! (that is `crates/identity`'s and `crates/router`'s), or what pages show ([`Site`] is the program's).
//!
//! The path of a request: accept and TLS (`accept.rs`, `connection/`) → method and path → who → admit → body → bind →
//! call → answer (`exchange/`). Nothing of a body is read before its sender is known and may call.

mod accept;
mod compress;
mod config;
mod connection;
mod cookie;
mod cors;
mod door;
mod edge;
mod error;
mod exchange;
mod forwarded;
mod gate;
mod longpoll;
mod metrics;
mod mount;
mod problem;
mod rawsocket;
mod site;
mod socket;
mod throttle;
mod tls;
mod traces;
mod upgrade;
mod wamp;
mod ws;

pub use config::{
    Certificate, ClientCertificate, Compression, Config, Cors, CrlExpired, CrlScope, Endpoint, Hsts, KeySource, Limits,
    Listener, Longpoll, Method, Network, Proxy, ProxyHeader, Surface, Timeouts, Tls, TlsVersion, Tokens, Wamp,
    WampSerializer, WampTransport,
};
pub use cookie::{session_cookie, session_cookie_name};
pub use edge::{Address, Edge, Parts, Prepared, check, check_mounts};
pub use error::Error;
pub use mount::Mount;
pub use site::{Site, Visit};
pub use socket::Bound;
pub use tls::Supply;
