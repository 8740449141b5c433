//! WAMP v2 as values: what the messages are and how they are written, what a session, a broker and a
//! dealer decide. A router and a client are built around it.
//!
//! Everything here is a pure function or a value that is owned by its caller: this crate knows no
//! socket, no async runtime, no TLS, no configuration and no policy, and no other crate of Crossgate.
//! Application payloads stay what they were on the wire: slices, looked at only to find their end.

pub mod auth;
pub mod broker;
pub mod dealer;
mod dict;
pub mod id;
pub mod message;
pub mod meta;
pub mod options;
mod payload;
pub mod rawsocket;
pub mod serializer;
pub mod session;
pub mod table;
mod text;
pub mod uri;
pub mod uris;
mod value;
pub mod wire;

pub use dict::{Dict, LIST_ITEMS_MAX, OptionError};
pub use message::Message;
pub use payload::Payload;
pub use text::Text;
pub use value::{Map, Value};
