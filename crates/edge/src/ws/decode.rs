//! From bytes to messages: frames, fragments, text that must be UTF-8.

use bytes::{Buf as _, Bytes, BytesMut};

use super::close::may_arrive;
use super::deflate;
use super::head::{BINARY, CLOSE, CONTINUATION, CONTROL_BYTES_MAX, Head, PING, PONG, TEXT};
use super::mask::unmask;
use super::{Code, encode};
use crate::wamp::{Decode, Fault, Incoming};

/// The most frames of one message. A message of the largest size comes in so many of 128 bytes.
const FRAGMENTS_MAX: usize = 1 << 17;

/// Which messages the subprotocol has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Text, for JSON.
    Text,
    /// Binary, for the other formats.
    Binary,
    /// Both, without a subprotocol: each message then stands behind a byte that says which it is.
    Any,
}

/// Takes frames apart. A payload that has not arrived as a whole is unmasked and checked as it comes, so that
/// what is wrong ends the connection at once.
#[derive(Debug)]
pub(crate) struct Decoder {
    expected: Expected,
    frame_bytes_max: usize,
    message_bytes_max: usize,
    /// permessage-deflate was agreed on.
    inflates: bool,
    /// The frame whose payload is arriving.
    open: Option<Open>,
    /// The message whose frames are arriving.
    message: Option<Message>,
}

#[derive(Debug)]
struct Open {
    left: usize,
    mask: [u8; 4],
    taken: usize,
    last: bool,
}

#[derive(Debug)]
struct Message {
    text: bool,
    compressed: bool,
    bytes: BytesMut,
    /// Bytes known to be UTF-8.
    checked: usize,
    frames: usize,
}

impl Decoder {
    pub(crate) fn new(expected: Expected, frame_bytes_max: usize, message_bytes_max: usize, inflates: bool) -> Self {
        Self { expected, frame_bytes_max, message_bytes_max, inflates, open: None, message: None }
    }

    /// A close, ping or pong, which may stand between the frames of a message.
    fn control(head: Head, input: &mut BytesMut) -> Result<Option<Incoming>, Fault> {
        if !head.last || head.compressed || head.bytes > CONTROL_BYTES_MAX {
            return Err(Fault::new(Code::Protocol, "a control frame is in pieces, compressed or too long"));
        }
        if input.len() < head.length + head.bytes {
            return Ok(None);
        }
        let payload = payload(head, input);
        match head.opcode {
            PING => Ok(Some(Incoming::Ping(payload))),
            PONG => Ok(Some(Incoming::Pong)),
            CLOSE => closing(&payload).map(|code| Some(Incoming::Close(code))),
            _ => Err(Fault::new(Code::Protocol, "unknown opcode")),
        }
    }

    /// Begins a message, or goes on with one, when its next frame's head is there.
    fn begin(&mut self, head: Head) -> Result<(), Fault> {
        let known = matches!(head.opcode, CONTINUATION | TEXT | BINARY);
        let in_turn = (head.opcode == CONTINUATION) == self.message.is_some();
        if !known || !in_turn {
            return Err(Fault::new(Code::Protocol, "a frame is out of turn or of an unknown kind"));
        }
        if head.compressed && (!self.inflates || head.opcode == CONTINUATION) {
            return Err(Fault::new(Code::Protocol, "compression was not agreed on"));
        }
        let text = head.opcode == TEXT;
        if head.opcode != CONTINUATION && self.expected != Expected::Any && text != (self.expected == Expected::Text) {
            let sentence = if text { "this subprotocol is binary" } else { "this subprotocol is text" };
            return Err(Fault::new(Code::Unsupported, sentence));
        }
        let before = self.message.as_ref().map_or(0, |message| message.bytes.len());
        if head.bytes > self.frame_bytes_max || head.bytes > self.message_bytes_max.saturating_sub(before) {
            return Err(Fault::new(Code::TooBig, "the message is too large"));
        }
        let message = self.message.get_or_insert_with(|| Message {
            text,
            compressed: head.compressed,
            bytes: BytesMut::new(),
            checked: 0,
            frames: 0,
        });
        message.frames += 1;
        if message.frames > FRAGMENTS_MAX {
            return Err(Fault::new(Code::Policy, "the message is in too many pieces"));
        }
        Ok(())
    }

    /// Takes what has arrived of the open frame; true when that was all of it.
    fn take(&mut self, input: &mut BytesMut) -> Result<bool, Fault> {
        let (Some(open), Some(message)) = (&mut self.open, &mut self.message) else { return Ok(true) };
        let take = open.left.min(input.len());
        let start = message.bytes.len();
        message.bytes.extend_from_slice(&input[..take]);
        input.advance(take);
        unmask(&mut message.bytes[start..], open.mask, open.taken);
        (open.left, open.taken) = (open.left - take, open.taken + take);
        if message.text && !message.compressed {
            message.check(open.last && open.left == 0)?;
        }
        Ok(open.left == 0)
    }

    /// The whole message.
    fn finish(&mut self, message: Message) -> Result<Incoming, Fault> {
        let bytes = if message.compressed {
            let bytes = deflate::inflate(&message.bytes, self.message_bytes_max)?;
            if message.text && std::str::from_utf8(&bytes).is_err() {
                return Err(NOT_UTF8);
            }
            bytes
        } else {
            message.bytes.freeze()
        };
        Ok(Incoming::Message(self.marked(bytes, message.text)))
    }

    fn marked(&self, bytes: Bytes, text: bool) -> Bytes {
        if self.expected == Expected::Any { encode::mark(&bytes, text) } else { bytes }
    }
}

impl Decode for Decoder {
    fn limit(&mut self, message_bytes_max: usize) {
        self.message_bytes_max = message_bytes_max;
    }

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, Fault> {
        loop {
            if self.open.is_some() {
                if !self.take(input)? {
                    return Ok(None);
                }
                if self.open.take().is_some_and(|open| open.last)
                    && let Some(message) = self.message.take()
                {
                    return self.finish(message).map(Some);
                }
            }
            let Some(head) = Head::read(input)? else { return Ok(None) };
            if head.is_control() {
                return Self::control(head, input);
            }
            let alone = head.last && head.opcode != CONTINUATION;
            self.begin(head)?;
            if alone && !head.compressed && input.len() >= head.length + head.bytes {
                // Most messages are one frame, here as a whole: no byte of it is moved.
                self.message = None;
                let bytes = payload(head, input);
                if head.opcode == TEXT && std::str::from_utf8(&bytes).is_err() {
                    return Err(NOT_UTF8);
                }
                return Ok(Some(Incoming::Message(self.marked(bytes, head.opcode == TEXT))));
            }
            input.advance(head.length);
            self.open = Some(Open { left: head.bytes, mask: head.mask, taken: 0, last: head.last });
        }
    }
}

const NOT_UTF8: Fault = Fault::new(Code::Invalid, "text is not UTF-8");

impl Message {
    /// Checks what came in addition. A character may be cut in two by the end of a piece, not by that of the message.
    fn check(&mut self, whole: bool) -> Result<(), Fault> {
        match std::str::from_utf8(&self.bytes[self.checked..]) {
            Ok(text) => self.checked += text.len(),
            Err(error) if error.error_len().is_none() && !whole => self.checked += error.valid_up_to(),
            Err(_) => return Err(NOT_UTF8),
        }
        Ok(())
    }
}

/// Splits a frame off that is there as a whole.
fn payload(head: Head, input: &mut BytesMut) -> Bytes {
    input.advance(head.length);
    let mut bytes = input.split_to(head.bytes);
    unmask(&mut bytes, head.mask, 0);
    bytes.freeze()
}

/// What a close frame says; no code when it says nothing.
fn closing(payload: &[u8]) -> Result<Option<u16>, Fault> {
    match payload {
        [] => Ok(None),
        [a, b, reason @ ..] if may_arrive(u16::from_be_bytes([*a, *b])) => {
            std::str::from_utf8(reason).map_err(|_| NOT_UTF8)?;
            Ok(Some(u16::from_be_bytes([*a, *b])))
        }
        _ => Err(Fault::new(Code::Protocol, "there is no such close code")),
    }
}

#[cfg(test)]
mod tests;
