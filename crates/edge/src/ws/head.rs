//! What stands before a frame's payload (RFC 6455 §5.2).

use super::Code;
use crate::wamp::Fault;

pub(super) const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

/// The largest payload of a close, ping or pong, in bytes (§5.5).
pub(super) const CONTROL_BYTES_MAX: usize = 125;

/// The head of a frame that a client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) last: bool,
    /// RSV1: the message is compressed.
    pub(super) compressed: bool,
    pub(super) opcode: u8,
    pub(super) bytes: usize,
    pub(super) mask: [u8; 4],
    /// How long the head itself is, in bytes.
    pub(super) length: usize,
}

impl Head {
    /// Reads a head; `None` when it is not there as a whole.
    pub(super) fn read(input: &[u8]) -> Result<Option<Self>, Fault> {
        let [first, second, rest @ ..] = input else { return Ok(None) };
        if first & 0x30 != 0 {
            return Err(Fault::new(Code::Protocol, "reserved bits are set"));
        }
        if second & 0x80 == 0 {
            return Err(Fault::new(Code::Protocol, "frames of clients must be masked"));
        }
        let (bytes, size) = match (second & 0x7f, rest) {
            (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 2),
            (127, [a, b, c, d, e, f, g, h, ..]) => (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), 8),
            (126 | 127, _) => return Ok(None),
            (bytes, _) => (u64::from(bytes), 0),
        };
        let shortest = match size {
            2 => bytes > 125,
            8 => bytes > u64::from(u16::MAX) && bytes >> 63 == 0,
            _ => true,
        };
        if !shortest {
            return Err(Fault::new(Code::Protocol, "a length is not in its shortest form"));
        }
        let Some([a, b, c, d, ..]) = rest.get(size..) else { return Ok(None) };
        Ok(Some(Self {
            last: first & 0x80 != 0,
            compressed: first & 0x40 != 0,
            opcode: first & 0x0f,
            // What does not fit a word is larger than any limit.
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            mask: [*a, *b, *c, *d],
            length: 2 + size + 4,
        }))
    }

    pub(super) fn is_control(&self) -> bool {
        self.opcode & 0x08 != 0
    }
}

/// Writes the head of one of our frames, which are not masked and never in pieces. Gives the bytes and how many
/// of them count.
pub(super) fn write(opcode: u8, compressed: bool, bytes: usize) -> crate::wamp::Head {
    let mut head = [0; crate::wamp::HEAD_BYTES_MAX];
    head[0] = 0x80 | if compressed { 0x40 } else { 0 } | opcode;
    let length = if let Some(short) = u8::try_from(bytes).ok().filter(|bytes| *bytes <= 125) {
        head[1] = short;
        2
    } else if let Ok(medium) = u16::try_from(bytes) {
        head[1] = 126;
        head[2..4].copy_from_slice(&medium.to_be_bytes());
        4
    } else {
        head[1] = 127;
        head[2..10].copy_from_slice(&(bytes as u64).to_be_bytes());
        10
    };
    crate::wamp::Head::new(head, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_needs_all_of_its_bytes_and_says_how_many_they_are() {
        let cases: [(&[u8], usize); 3] = [
            (&[0x81, 0x80 | 5, 1, 2, 3, 4], 5),
            (&[0xc2, 0x80 | 126, 0x01, 0x00, 1, 2, 3, 4], 256),
            (&[0x82, 0x80 | 127, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4], 65_536),
        ];
        for (bytes, payload) in cases {
            for cut in 0..bytes.len() {
                assert_eq!(Head::read(&bytes[..cut]).unwrap(), None);
            }
            let head = Head::read(bytes).unwrap().unwrap();
            assert_eq!((head.bytes, head.length, head.mask), (payload, bytes.len(), [1, 2, 3, 4]));
            assert!(head.last && head.compressed == (bytes[0] & 0x40 != 0));
        }
    }

    #[test]
    fn lengths_in_a_longer_form_than_needed_are_refused() {
        for bytes in [
            &[0x81, 0xfe, 0, 125, 1, 2, 3, 4][..],
            &[0x81, 0xff, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4],
            &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
        ] {
            assert!(Head::read(bytes).is_err());
        }
    }

    #[test]
    fn our_heads_are_in_the_shortest_form() {
        for (bytes, expected) in [
            (0, &[0x82, 0][..]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (65_535, &[0x82, 126, 255, 255]),
            (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            assert_eq!(write(BINARY, false, bytes).as_ref(), expected);
        }
    }
}
