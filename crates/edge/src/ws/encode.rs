//! From messages to frames.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::deflate;
use super::head::{BINARY, CLOSE, PING, PONG, TEXT, write};
use super::{Code, Expected};
use crate::wamp::{Control, Encode, Head, TooLarge};

/// Messages below this size are not worth compressing, in bytes.
const COMPRESS_BYTES_MIN: usize = 256;

/// What stands before a message that says itself whether it is text.
const MARK_TEXT: u8 = b't';
const MARK_BINARY: u8 = b'b';

/// Puts frames together.
#[derive(Debug)]
pub(crate) struct Encoder {
    expected: Expected,
    deflates: bool,
}

impl Encoder {
    pub(crate) fn new(expected: Expected, deflates: bool) -> Self {
        Self { expected, deflates }
    }
}

/// Puts the byte before a message that says which kind it is.
pub(super) fn mark(message: &[u8], text: bool) -> Bytes {
    let mut marked = BytesMut::with_capacity(1 + message.len());
    marked.put_u8(if text { MARK_TEXT } else { MARK_BINARY });
    marked.extend_from_slice(message);
    marked.freeze()
}

impl Encode for Encoder {
    fn message(&mut self, message: Bytes) -> Result<(Head, Bytes), TooLarge> {
        let (opcode, message) = match self.expected {
            Expected::Text => (TEXT, message),
            Expected::Binary => (BINARY, message),
            Expected::Any => {
                (if message.first() == Some(&MARK_TEXT) { TEXT } else { BINARY }, message.slice(message.len().min(1)..))
            }
        };
        if self.deflates
            && message.len() >= COMPRESS_BYTES_MIN
            && let Some(compressed) = deflate::deflate(&message)
        {
            return Ok((write(opcode, true, compressed.len()), compressed));
        }
        Ok((write(opcode, false, message.len()), message))
    }

    fn control(&mut self, control: Control) -> Option<(Head, Bytes)> {
        let (opcode, payload) = match control {
            Control::Ping => (PING, Bytes::new()),
            Control::Pong(payload) => (PONG, payload),
            Control::Close(None) => (CLOSE, Bytes::new()),
            Control::Close(Some((code, reason))) => {
                let mut payload = BytesMut::with_capacity(2 + reason.len());
                payload.put_u16(code);
                payload.extend_from_slice(reason.as_bytes());
                (CLOSE, payload.freeze())
            }
        };
        Some((write(opcode, false, payload.len()), payload))
    }

    fn says_goodbye(&self) -> bool {
        true
    }
}

impl Code {
    pub(crate) const fn number(self) -> u16 {
        self as u16
    }
}
