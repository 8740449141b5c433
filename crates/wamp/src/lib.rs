//! WAMP v2 as values: what the messages are and how they are written, what a session, a broker and a
//! dealer decide. A router and a client are built around it.
//!
//! Everything here is a pure function or a value that is owned by its caller: this crate knows no
//! socket, no async runtime, no TLS, no configuration and no policy, and no other crate of Crossgate.
//! Application payloads stay what they were on the wire: slices, looked at only to find their end.
//!
//! ```
//! use crossgate_wamp::message::{Invocation, Message};
//! use crossgate_wamp::wire::{Format, Limits};
//! use crossgate_wamp::{Dict, id::Id};
//!
//! // A call comes in as JSON, and goes to a callee that speaks CBOR.
//! let bytes = br#"[48, 1, {}, "com.example.add", [2, 3]]"#[..].into();
//! let Ok(Message::Call(call)) = Message::decode(Format::Json, &bytes, &Limits::default()) else { panic!() };
//! assert_eq!(call.procedure, "com.example.add");
//! let invocation = Message::Invocation(Invocation {
//!     request: Id::FIRST,
//!     registration: Id::FIRST,
//!     details: Dict::empty(Format::Cbor),
//!     payload: call.payload,
//! });
//! assert_eq!(invocation.to_bytes(Format::Cbor)?, &b"\x85\x18\x44\x01\x01\xa0\x82\x02\x03"[..]);
//! # Ok::<(), crossgate_wamp::wire::WireError>(())
//! ```

pub mod auth;
pub mod broker;
pub mod client;
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
