//! WAMP v2 as values: what the messages are and how they are written, what a session, a broker and a
//! dealer decide. A router and a client are built around it.
//!
//! Everything here is a pure function or a value that is owned by its caller: this crate knows no
//! socket, no async runtime, no TLS, no configuration and no policy, and no other crate of Crossgate.
//! Application payloads stay what they were on the wire: slices, looked at only to find their end.

pub mod id;
pub mod uri;
pub mod uris;
