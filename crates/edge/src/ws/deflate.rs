//! permessage-deflate (RFC 7692), each message by itself (`server_no_context_takeover` and
//! `client_no_context_takeover`): nothing is kept for a connection between its messages, and what one message
//! held cannot be guessed from the size of the next.

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::Code;
use crate::wamp::Fault;

/// What ends a flushed block, and is left out of messages (§7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// How much room is made for the output at a time, in bytes, at the least.
const ROOM_BYTES: usize = 4096;

thread_local! {
    // Their state takes some hundred kilobytes; it is made once per thread and cleared after each message.
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
    static DECOMPRESS: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Compresses a message; `None` when that does not make it smaller.
pub(super) fn deflate(message: &[u8]) -> Option<Bytes> {
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        let mut out = Vec::with_capacity(message.len() / 2 + ROOM_BYTES);
        loop {
            let read = usize::try_from(compress.total_in()).ok()?;
            compress.compress_vec(message.get(read..)?, &mut out, FlushCompress::Sync).ok()?;
            if out.len() < out.capacity() {
                break;
            }
            if out.len() > message.len() {
                return None;
            }
            out.reserve(ROOM_BYTES);
        }
        let bytes = out.strip_suffix(&TAIL)?;
        (bytes.len() < message.len()).then(|| Bytes::copy_from_slice(bytes))
    })
}

/// Decompresses a message of at most `bytes_max`.
pub(super) fn inflate(message: &[u8], bytes_max: usize) -> Result<Bytes, Fault> {
    const BROKEN: Fault = Fault::new(Code::Invalid, "compressed data is broken");
    DECOMPRESS.with_borrow_mut(|decompress| {
        decompress.reset(false);
        let mut out = Vec::with_capacity((message.len() * 2 + ROOM_BYTES).min(bytes_max.saturating_add(1)));
        for part in [message, &TAIL] {
            let before = decompress.total_in();
            loop {
                let done = (decompress.total_in(), decompress.total_out());
                let read = usize::try_from(done.0 - before).map_err(|_| BROKEN)?;
                let rest = part.get(read..).ok_or(BROKEN)?;
                let status = decompress.decompress_vec(rest, &mut out, FlushDecompress::Sync).map_err(|_| BROKEN)?;
                if out.len() > bytes_max {
                    return Err(Fault::new(Code::TooBig, "the message is too large"));
                }
                // A sender may end the last block for good (§7.2.3.4); what it adds after that is nothing.
                if status == Status::StreamEnd {
                    return Ok(out.into());
                }
                if out.len() == out.capacity() {
                    // One byte more than allowed, so that too much is seen to be too much.
                    let left = bytes_max.saturating_add(1) - out.len();
                    out.reserve(out.len().max(ROOM_BYTES).min(left).max(1));
                } else if done == (decompress.total_in(), decompress.total_out()) {
                    // It may hold back output after it has taken all input, so only standing still is the end.
                    break;
                }
            }
            if usize::try_from(decompress.total_in() - before) != Ok(part.len()) {
                return Err(BROKEN);
            }
        }
        Ok(out.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_as_it_was() {
        for size in [256, 1000, 70_000, 1_000_000] {
            let message: Vec<u8> = (0..size).map(|at: usize| (at / 7 % 251) as u8).collect();
            let compressed = deflate(&message).expect("repetition compresses");
            assert!(compressed.len() < message.len());
            assert_eq!(inflate(&compressed, size).unwrap(), message);
        }
    }

    #[test]
    fn what_does_not_become_smaller_is_sent_as_it_is() {
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(5000)
        .collect();
        assert_eq!(deflate(&noise), None);
    }

    #[test]
    fn a_small_message_that_becomes_enormous_is_refused_in_time() {
        let bomb = deflate(&vec![0; 8 << 20]).unwrap();
        assert!(bomb.len() < 64 * 1024);
        assert_eq!(inflate(&bomb, 1 << 20).unwrap_err().code, Code::TooBig);
        assert_eq!(inflate(&bomb, 8 << 20).unwrap().len(), 8 << 20);
    }

    #[test]
    fn broken_data_is_refused() {
        assert!(inflate(&[0xff; 40], 1000).is_err());
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // RFC 7692 §7.2.3: one block, a block without compression, a final block, two blocks.
        for bytes in [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
            &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        ] {
            assert_eq!(inflate(bytes, 100).unwrap(), "Hello");
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_give_more_than_may_be_and_what_was_compressed_comes_back() {
        const BYTES_MAX: usize = 1 << 12;
        bolero::check!().with_type::<(Vec<u8>, u16)>().for_each(|(bytes, times)| {
            if let Ok(out) = inflate(bytes, BYTES_MAX) {
                assert!(out.len() <= BYTES_MAX);
            }
            let message = bytes.repeat(usize::from(*times) % 64);
            if let Some(packed) = deflate(&message) {
                match inflate(&packed, BYTES_MAX) {
                    Ok(out) => assert_eq!(out, message),
                    Err(fault) => assert!(fault.code == Code::TooBig && message.len() > BYTES_MAX),
                }
            }
        });
    }
}
