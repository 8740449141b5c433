//! WAMP RawSocket: a handshake of four bytes, then frames behind four bytes each.

mod framing;
mod handshake;

pub(crate) use framing::{Decoder, Encoder};
pub(crate) use handshake::{FIRST_BYTE, begin};
