//! What stands on the wire: the three formats, how values in them are skipped, read and written, and how
//! one format becomes another.
//!
//! Nothing here recurses: depth is bounded by [`DEPTH_MAX`], and each loop moves forward in its input.

mod big;
mod cbor;
mod error;
mod json;
mod messagepack;
mod reader;
mod token;
mod transcode;
mod writer;

use std::fmt;

pub use big::{BIG_BYTES_MAX, Big};
pub use error::WireError;
pub use reader::Reader;
pub use token::Token;
pub use transcode::transcode;
pub use writer::Writer;

/// How deep arrays and maps may nest inside one field of a message. The scanners keep their stacks in
/// arrays of this size; [`Limits`] can ask for less, and not for more.
pub const DEPTH_MAX: usize = 128;

/// The largest message by default, in bytes: the most that RawSocket can carry.
pub const MESSAGE_BYTES_MAX: usize = 1 << 24;

/// How many values one message holds by default.
pub const ITEMS_MAX: usize = 1 << 20;

/// What a message may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest message in bytes.
    pub message_bytes_max: usize,
    /// The deepest nesting inside a field; no more than [`DEPTH_MAX`].
    pub depth_max: usize,
    /// The most values in one message: scalars, arrays, maps and their keys.
    pub items_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message_bytes_max: MESSAGE_BYTES_MAX, depth_max: DEPTH_MAX, items_max: ITEMS_MAX }
    }
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// RFC 8259, with binary data as `"\u0000"` and base64.
    Json,
    /// MessagePack version 5: text and binary differ.
    MessagePack,
    /// RFC 8949.
    Cbor,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Json, Self::MessagePack, Self::Cbor];

    /// Whether messages are text, which WebSocket marks.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Json)
    }

    /// The name in subprotocols and `ppt_serializer`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MessagePack => "msgpack",
            Self::Cbor => "cbor",
        }
    }

    /// The end of the value that begins at `at`, which is checked on the way: its syntax, its UTF-8, and
    /// the limits. JSON's UTF-8 is not: that is checked once per message.
    pub(crate) fn skip(self, bytes: &[u8], at: usize, budget: &mut Budget) -> Result<usize, WireError> {
        match self {
            Self::Json => json::skip(bytes, at, budget),
            Self::MessagePack => messagepack::skip(bytes, at, budget),
            Self::Cbor => cbor::skip(bytes, at, budget),
        }
    }

    /// How many elements the array has that `bytes` begin with, when that is known, and where the first one is;
    /// `None` when it is something else. Not for JSON, whose arrays have no header.
    pub(crate) fn array_head(self, bytes: &[u8]) -> Result<Option<(Option<usize>, usize)>, WireError> {
        match self {
            Self::Json => Ok(None),
            Self::MessagePack => match messagepack::head(bytes, 0)? {
                (messagepack::Head::Array(elements), at) => Ok(Some((Some(elements), at))),
                _ => Ok(None),
            },
            Self::Cbor => match cbor::head(bytes, 0)? {
                (cbor::Head::Array(elements), at) => Ok(Some((elements, at))),
                _ => Ok(None),
            },
        }
    }

    /// Whether `bytes` are exactly one valid value within the limits; surrounding white space is part of JSON.
    ///
    /// # Errors
    /// What is wrong, and at which byte.
    pub fn check(self, bytes: &[u8], limits: &Limits) -> Result<(), WireError> {
        let mut budget = Budget::new(bytes, limits)?;
        if self == Self::Json {
            json::check_utf8(bytes)?;
        }
        let mut end = self.skip(bytes, 0, &mut budget)?;
        if self == Self::Json {
            end = json::space(bytes, end);
        }
        if end == bytes.len() { Ok(()) } else { Err(WireError::malformed(end, "more than one value")) }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(crate) use cbor::BREAK as CBOR_BREAK;
pub(crate) use json::{binary_text, check_utf8, space};

/// What is left of the limits while a message is read.
#[derive(Debug)]
pub(crate) struct Budget {
    depth_max: usize,
    items_max: usize,
    items: usize,
}

impl Budget {
    /// The whole budget for a message, when its size is within the limits.
    pub(crate) fn new(bytes: &[u8], limits: &Limits) -> Result<Self, WireError> {
        if bytes.len() > limits.message_bytes_max {
            return Err(WireError::TooLarge { bytes: bytes.len(), max: limits.message_bytes_max });
        }
        Ok(Self { depth_max: limits.depth_max.min(DEPTH_MAX), items_max: limits.items_max, items: 0 })
    }

    /// A budget for what was checked before: only the fixed stacks bound it.
    pub(crate) const fn checked() -> Self {
        Self { depth_max: DEPTH_MAX, items_max: usize::MAX, items: 0 }
    }

    pub(crate) const fn item(&mut self) -> Result<(), WireError> {
        if self.items >= self.items_max {
            return Err(WireError::TooMany { max: self.items_max });
        }
        self.items += 1;
        Ok(())
    }

    /// Whether one more level may open at `depth` open ones.
    pub(crate) const fn level(&self, depth: usize) -> Result<(), WireError> {
        if depth >= self.depth_max { Err(WireError::TooDeep { max: self.depth_max }) } else { Ok(()) }
    }
}
