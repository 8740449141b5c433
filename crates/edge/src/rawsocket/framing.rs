//! Frames of RawSocket.

use bytes::{Buf as _, Bytes, BytesMut};
use crossgate_wamp::rawsocket::{FrameKind, HEADER_BYTES, Prefix};

use crate::wamp::{Control, Decode, Encode, Fault, HEAD_BYTES_MAX, Head, Incoming, TooLarge};
use crate::ws::Code;

/// The largest ping that is answered, in bytes. The specification sets no limit.
const PING_BYTES_MAX: usize = 64 * 1024;

/// Takes frames apart.
#[derive(Debug)]
pub(crate) struct Decoder {
    bytes_max: usize,
}

impl Decoder {
    /// `bytes_max`: what the peer was told that we take.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max }
    }
}

impl Decode for Decoder {
    fn limit(&mut self, message_bytes_max: usize) {
        self.bytes_max = message_bytes_max;
    }

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, Fault> {
        let Some(header) = input.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let prefix = Prefix::decode(*header, self.bytes_max)
            .map_err(|_| Fault::new(Code::Protocol, "a frame is malformed or larger than agreed"))?;
        if prefix.kind != FrameKind::Message && prefix.bytes > PING_BYTES_MAX {
            return Err(Fault::new(Code::TooBig, "a ping is too large"));
        }
        if input.len() < HEADER_BYTES + prefix.bytes {
            return Ok(None);
        }
        input.advance(HEADER_BYTES);
        let payload = input.split_to(prefix.bytes).freeze();
        Ok(Some(match prefix.kind {
            FrameKind::Message => Incoming::Message(payload),
            FrameKind::Ping => Incoming::Ping(payload),
            FrameKind::Pong => Incoming::Pong,
        }))
    }
}

/// Puts frames together.
#[derive(Debug)]
pub(crate) struct Encoder {
    bytes_max: usize,
}

impl Encoder {
    /// `bytes_max`: what the peer said that it takes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max }
    }
}

impl Encode for Encoder {
    fn message(&mut self, message: Bytes) -> Result<(Head, Bytes), TooLarge> {
        let (bytes, max) = (message.len(), self.bytes_max);
        if bytes > max {
            return Err(TooLarge { bytes, max });
        }
        head(FrameKind::Message, bytes).map(|head| (head, message)).ok_or(TooLarge { bytes, max })
    }

    fn control(&mut self, control: Control) -> Option<(Head, Bytes)> {
        let (kind, payload) = match control {
            Control::Ping => (FrameKind::Ping, Bytes::new()),
            // A peer that sends larger pings than it takes pongs gets none.
            Control::Pong(payload) if payload.len() > self.bytes_max => return None,
            Control::Pong(payload) => (FrameKind::Pong, payload),
            Control::Close(_) => return None,
        };
        head(kind, payload.len()).map(|head| (head, payload))
    }

    fn says_goodbye(&self) -> bool {
        false
    }
}

fn head(kind: FrameKind, bytes: usize) -> Option<Head> {
    let prefix = Prefix { kind, bytes }.encode().ok()?;
    let mut head = [0; HEAD_BYTES_MAX];
    head[..HEADER_BYTES].copy_from_slice(&prefix);
    Some(Head::new(head, HEADER_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_whatever_pieces_they_come_in() {
        let mut encoder = Encoder::new(1 << 16);
        let mut wire = Vec::new();
        for message in [Bytes::from_static(b"one"), Bytes::new(), Bytes::from(vec![7; 3000])] {
            let (head, payload) = encoder.message(message).unwrap();
            wire.extend_from_slice(head.as_ref());
            wire.extend_from_slice(&payload);
        }
        for piece in [1, 3, 1000] {
            let mut decoder = Decoder::new(1 << 12);
            let (mut input, mut messages) = (BytesMut::new(), Vec::new());
            for bytes in wire.chunks(piece) {
                input.extend_from_slice(bytes);
                while let Some(Incoming::Message(message)) = decoder.decode(&mut input).unwrap() {
                    messages.push(message.len());
                }
            }
            assert_eq!(messages, [3, 0, 3000]);
        }
    }

    #[test]
    fn what_the_peer_does_not_take_is_not_sent() {
        let mut encoder = Encoder::new(512);
        assert!(encoder.message(vec![0; 513].into()).is_err());
        assert!(encoder.control(Control::Pong(vec![0; 513].into())).is_none());
        assert!(encoder.message(vec![0; 512].into()).is_ok());
    }

    #[test]
    fn what_is_larger_than_agreed_or_reserved_is_a_fault() {
        for bytes in [[0, 0, 0x02, 0x01], [0x10, 0, 0, 1], [0x03, 0, 0, 0], [0x01, 0x01, 0, 1]] {
            let mut input = BytesMut::from(&bytes[..]);
            assert!(Decoder::new(512).decode(&mut input).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic_exceed_its_limit_or_differ_by_how_they_come() {
        const BYTES_MAX: usize = 1 << 10;
        fn decoded(wire: &[u8], piece: usize) -> (Vec<(u8, Bytes)>, bool) {
            let (mut decoder, mut input, mut all) = (Decoder::new(BYTES_MAX), BytesMut::new(), Vec::new());
            for bytes in wire.chunks(piece) {
                input.extend_from_slice(bytes);
                loop {
                    match decoder.decode(&mut input) {
                        Ok(Some(Incoming::Message(message))) => all.push((0, message)),
                        Ok(Some(Incoming::Ping(payload))) => all.push((1, payload)),
                        Ok(Some(_)) => all.push((2, Bytes::new())),
                        Ok(None) => break,
                        Err(_) => return (all, true),
                    }
                }
            }
            (all, false)
        }
        // Heads as they may be, so that what is behind them is reached.
        bolero::check!().with_type::<(Vec<(u8, u16, Vec<u8>)>, u8)>().for_each(|(frames, piece)| {
            let mut wire = Vec::new();
            for (kind, lies, payload) in frames {
                let bytes = if kind & 0x80 == 0 { payload.len() } else { usize::from(*lies) };
                wire.extend([kind & 0x1b, 0, (bytes >> 8) as u8, bytes as u8]);
                wire.extend(payload);
            }
            let whole = decoded(&wire, wire.len().max(1));
            assert!(decoded(&wire, usize::from(*piece).max(1)) == whole);
            assert!(whole.0.iter().all(|(_, payload)| payload.len() <= BYTES_MAX));
        });
    }
}
