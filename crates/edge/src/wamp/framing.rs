//! What a transport's framing can do. Nothing here reads or writes.

use bytes::{Bytes, BytesMut};

use crate::ws::Code;

/// The longest head of a frame, in bytes: that of a large WebSocket frame.
pub(crate) const HEAD_BYTES_MAX: usize = 10;

/// What comes in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// A message, or several in one frame where the form is batched.
    Message(Bytes),
    /// To be answered with a pong of the same bytes.
    Ping(Bytes),
    /// The answer to a ping.
    Pong,
    /// The peer closes; its code, if it gave one.
    Close(Option<u16>),
}

/// What the peer did that nobody may do: the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What WebSocket says of it.
    pub(crate) code: Code,
    /// A sentence for the peer.
    pub(crate) reason: &'static str,
}

impl Fault {
    pub(crate) const fn new(code: Code, reason: &'static str) -> Self {
        Self { code, reason }
    }
}

/// Takes frames apart.
pub(crate) trait Decode: Send {
    /// Takes messages of up to so many bytes, from the next one on.
    fn limit(&mut self, message_bytes_max: usize);
    /// The next thing that the input holds as a whole, taken off it; `None` when more bytes are needed.
    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, Fault>;
}

/// What is said besides messages.
#[derive(Debug)]
pub(crate) enum Control {
    /// Are you there?
    Ping,
    /// The answer to a ping.
    Pong(Bytes),
    /// The end, with its code and reason. The reason has at most 123 bytes.
    Close(Option<(u16, &'static str)>),
}

/// The peer said that it takes no message of this size.
#[derive(Debug)]
pub(crate) struct TooLarge {
    /// The message's size in bytes.
    pub(crate) bytes: usize,
    /// The most that it takes.
    pub(crate) max: usize,
}

/// Puts frames together: a head, and what follows it.
pub(crate) trait Encode: Send {
    /// The frame of a message.
    fn message(&mut self, message: Bytes) -> Result<(Head, Bytes), TooLarge>;
    /// The frame of something else; `None` where the transport has no such thing.
    fn control(&mut self, control: Control) -> Option<(Head, Bytes)>;
    /// Whether the ends tell each other that they close, before they do.
    fn says_goodbye(&self) -> bool;
}

/// The head of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    bytes: [u8; HEAD_BYTES_MAX],
    length: usize,
}

impl Head {
    /// The first `length` bytes count.
    pub(crate) fn new(bytes: [u8; HEAD_BYTES_MAX], length: usize) -> Self {
        Self { bytes, length: length.min(HEAD_BYTES_MAX) }
    }
}

impl AsRef<[u8]> for Head {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
