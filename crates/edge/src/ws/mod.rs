//! WebSocket (RFC 6455): the handshake on top of HTTP/1.1, and the frames.
//!
//! The frames are taken apart and put together here rather than by a library, for what the libraries at hand do not give:
//! nothing is allocated for a silent peer, answers to a flood of pings are bounded, and compression
//! (RFC 7692) keeps nothing between messages.

mod close;
mod decode;
mod deflate;
mod encode;
mod handshake;
mod head;
mod mask;

pub(crate) use close::Code;
pub(crate) use decode::{Decoder, Expected};
pub(crate) use encode::Encoder;
pub(crate) use handshake::{Accepted, Rules, is_wanted, negotiate, origin_permitted};
