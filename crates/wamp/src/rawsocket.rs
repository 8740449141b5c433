//! WAMP over RawSocket: the handshake of four bytes, and the prefix of four bytes before each frame.

use crate::wire::Format;

/// The first byte of a handshake. No HTTP request, no TLS record and no MQTT packet begins with it.
pub const MAGIC: u8 = 0x7f;

/// The handshake and each prefix have so many bytes.
pub const HEADER_BYTES: usize = 4;

/// The largest frame that any length can announce.
pub const FRAME_BYTES_MAX: usize = 1 << 24;

/// The smallest limit that a peer can announce.
pub const LIMIT_BYTES_MIN: usize = 1 << 9;

/// Why a router refuses a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The serializer is not served.
    Serializer = 1,
    /// The peer receives too little.
    Length = 2,
    /// Reserved bits are set.
    Reserved = 3,
    /// There are too many connections.
    Connections = 4,
}

/// A request, or a reply that accepts one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handshake {
    /// The serializer.
    pub format: Format,
    /// The largest message in bytes that the sender of this handshake receives; a power of two.
    pub receive_bytes_max: usize,
}

/// What four bytes of a client are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// A handshake that can be accepted.
    Valid(Handshake),
    /// One to be refused so.
    Refused(Refusal),
    /// Not RawSocket: close without a word.
    Foreign,
}

/// What four bytes of a router are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Accepted.
    Accepted(Handshake),
    /// Refused, with the number of the error.
    Refused(u8),
    /// Not RawSocket.
    Foreign,
}

const fn number(format: Format) -> u8 {
    match format {
        Format::Json => 1,
        Format::MessagePack => 2,
        Format::Cbor => 3,
    }
}

fn format(number: u8) -> Option<Format> {
    Format::ALL.into_iter().find(|format| self::number(*format) == number)
}

impl Handshake {
    /// The four bytes. A limit between two powers of two becomes the smaller.
    #[must_use]
    pub const fn encode(self) -> [u8; HEADER_BYTES] {
        let limit = if self.receive_bytes_max < LIMIT_BYTES_MIN {
            LIMIT_BYTES_MIN
        } else if self.receive_bytes_max > FRAME_BYTES_MAX {
            FRAME_BYTES_MAX
        } else {
            self.receive_bytes_max
        };
        let length = (limit.ilog2() - LIMIT_BYTES_MIN.ilog2()) as u8;
        [MAGIC, length << 4 | number(self.format), 0, 0]
    }
}

/// Reads a client's handshake.
#[must_use]
pub fn request(bytes: [u8; HEADER_BYTES]) -> Request {
    let [magic, second, reserved @ ..] = bytes;
    if magic != MAGIC {
        return Request::Foreign;
    }
    if reserved != [0, 0] {
        return Request::Refused(Refusal::Reserved);
    }
    match format(second & 0x0f) {
        Some(format) => Request::Valid(Handshake { format, receive_bytes_max: LIMIT_BYTES_MIN << (second >> 4) }),
        None => Request::Refused(Refusal::Serializer),
    }
}

/// The four bytes that refuse a handshake.
#[must_use]
pub const fn refuse(refusal: Refusal) -> [u8; HEADER_BYTES] {
    [MAGIC, (refusal as u8) << 4, 0, 0]
}

/// Reads a router's answer to a client's handshake.
#[must_use]
pub fn reply(bytes: [u8; HEADER_BYTES]) -> Reply {
    match (request(bytes), bytes[1]) {
        (Request::Foreign | Request::Refused(Refusal::Reserved), _) => Reply::Foreign,
        (Request::Valid(handshake), _) => Reply::Accepted(handshake),
        (Request::Refused(_), second) if second & 0x0f == 0 => Reply::Refused(second >> 4),
        (Request::Refused(_), _) => Reply::Foreign,
    }
}

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// A message.
    Message,
    /// To be answered with a pong of the same bytes.
    Ping,
    /// The answer to a ping.
    Pong,
}

/// What stands before a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    /// What it holds.
    pub kind: FrameKind,
    /// How many bytes follow.
    pub bytes: usize,
}

/// Why a connection must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Reserved bits are set, or the length says two things.
    #[error("reserved bits are set")]
    Reserved,
    /// There is no such kind of frame.
    #[error("unknown frame type {0}")]
    Kind(u8),
    /// The frame is larger than agreed.
    #[error("a frame of {bytes} bytes, {max} were agreed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
}

impl Prefix {
    /// The four bytes, when the size is one that can be announced.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`].
    pub fn encode(self) -> Result<[u8; HEADER_BYTES], FrameError> {
        if self.bytes > FRAME_BYTES_MAX {
            return Err(FrameError::TooLarge { bytes: self.bytes, max: FRAME_BYTES_MAX });
        }
        // The 25th bit of the length is bit 3 of the first byte: exactly 2^24.
        let mut header = (self.bytes as u32 & 0x00ff_ffff).to_be_bytes();
        header[0] = self.kind as u8 | u8::from(self.bytes == FRAME_BYTES_MAX) << 3;
        Ok(header)
    }

    /// Reads the four bytes, of a frame that may have `max` bytes.
    ///
    /// # Errors
    /// The connection must end.
    pub fn decode(header: [u8; HEADER_BYTES], max: usize) -> Result<Self, FrameError> {
        let [first, rest @ ..] = header;
        if first & 0xf0 != 0 {
            return Err(FrameError::Reserved);
        }
        let kind = match first & 0x07 {
            0 => FrameKind::Message,
            1 => FrameKind::Ping,
            2 => FrameKind::Pong,
            other => return Err(FrameError::Kind(other)),
        };
        let low = rest.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let bytes = match (first & 0x08 != 0, low) {
            (false, low) => low,
            (true, 0) => FRAME_BYTES_MAX,
            (true, _) => return Err(FrameError::Reserved),
        };
        if bytes > max { Err(FrameError::TooLarge { bytes, max }) } else { Ok(Self { kind, bytes }) }
    }
}
