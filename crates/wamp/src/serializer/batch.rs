//! Several messages in one frame.
//!
//! MessagePack and CBOR: each message after its length, 32 bits big-endian. JSON: each message is followed by
//! 0x18. The specification says 0x1e; the Autobahn family writes and reads 0x18, and it is its clients that ask
//! for batches. Both are understood, and neither can stand inside of JSON.

use bytes::{Buf as _, Bytes};

use crate::wire::{Format, WireError};

/// What follows each message of JSON.
pub const JSON_SEPARATOR: u8 = 0x18;

/// What the specification has instead.
const JSON_SEPARATOR_OF_THE_SPECIFICATION: u8 = 0x1e;

/// The most messages in one frame.
pub const BATCH_MESSAGES_MAX: usize = 65_536;

/// The messages of a frame, one after the other, as slices of it.
#[derive(Debug, Clone)]
pub struct Batch {
    format: Format,
    rest: Bytes,
    at: usize,
    messages: usize,
}

/// Takes a frame apart. Nothing is looked at before it is asked for.
#[must_use]
pub const fn split(format: Format, frame: Bytes) -> Batch {
    Batch { format, rest: frame, at: 0, messages: 0 }
}

impl Iterator for Batch {
    type Item = Result<Bytes, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.messages += 1;
        let message = if self.messages > BATCH_MESSAGES_MAX {
            Err(WireError::TooMany { max: BATCH_MESSAGES_MAX })
        } else if self.format == Format::Json {
            Ok(self.json())
        } else {
            self.prefixed()
        };
        if message.is_err() {
            self.rest.clear();
        }
        Some(message)
    }
}

impl Batch {
    fn json(&mut self) -> Bytes {
        let separator =
            self.rest.iter().position(|byte| [JSON_SEPARATOR, JSON_SEPARATOR_OF_THE_SPECIFICATION].contains(byte));
        // The last separator may be left out.
        let message = self.rest.split_to(separator.unwrap_or(self.rest.len()));
        self.rest.advance(usize::from(separator.is_some()));
        message
    }

    fn prefixed(&mut self) -> Result<Bytes, WireError> {
        let at = self.at;
        if self.rest.len() < 4 {
            return Err(WireError::short(at));
        }
        let length = self.rest.get_u32() as usize;
        if length > self.rest.len() {
            return Err(WireError::short(at));
        }
        self.at += 4 + length;
        Ok(self.rest.split_to(length))
    }
}

/// Appends one encoded message to a frame.
///
/// # Errors
/// [`WireError::TooLarge`] for a message whose length does not fit the prefix.
pub fn append(format: Format, message: &[u8], frame: &mut Vec<u8>) -> Result<(), WireError> {
    if format == Format::Json {
        frame.extend_from_slice(message);
        frame.push(JSON_SEPARATOR);
        return Ok(());
    }
    let too_large = WireError::TooLarge { bytes: message.len(), max: u32::MAX as usize };
    let length = u32::try_from(message.len()).map_err(|_| too_large)?;
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(message);
    Ok(())
}
