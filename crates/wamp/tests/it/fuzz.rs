//! Whatever bytes arrive, decoders answer, in time and without a panic.

use bytes::Bytes;
use crossgate_wamp::wire::{Format, Limits, WireError, transcode};
use crossgate_wamp::{Message, Value, rawsocket, serializer};

const RUNS: usize = 1_000;

fn look(format: Format, bytes: &[u8]) {
    let limits = Limits { items_max: 10_000, ..Limits::default() };
    let accepted = format.check(bytes, &limits).is_ok();
    let read = Value::read(format, bytes);
    for to in Format::ALL {
        let mut out = Vec::new();
        match transcode(format, bytes, to, &mut out) {
            Ok(()) if accepted => assert_eq!(to.check(&out, &Limits::default()), Ok(()), "{format} to {to}"),
            Err(error) if accepted => assert!(matches!(error, WireError::Untranslatable(_)), "{error}"),
            _ => {}
        }
    }
    if accepted {
        assert!(matches!(read, Ok(_) | Err(WireError::Untranslatable(_))), "{read:?}");
    }
    let message = Bytes::copy_from_slice(bytes);
    if let Ok(message) = Message::decode(format, &message, &limits) {
        let again = message.to_bytes(format).expect("the same format");
        let same = Message::decode(format, &again, &limits).expect("what was written is a message");
        assert_eq!(same.kind(), message.kind());
    }
    for message in serializer::split(format, message).flatten().take(100) {
        let _ = Message::decode(format, &message, &limits);
    }
}

#[test]
fn json_decoders_survive_anything() {
    bolero::check!().with_iterations(RUNS).for_each(|bytes: &[u8]| look(Format::Json, bytes));
}

#[test]
fn messagepack_decoders_survive_anything() {
    bolero::check!().with_iterations(RUNS).for_each(|bytes: &[u8]| look(Format::MessagePack, bytes));
}

#[test]
fn cbor_decoders_survive_anything() {
    bolero::check!().with_iterations(RUNS).for_each(|bytes: &[u8]| look(Format::Cbor, bytes));
}

#[test]
fn rawsocket_headers_survive_anything() {
    bolero::check!().with_iterations(RUNS).with_type::<[u8; 4]>().for_each(|bytes| {
        let _ = (rawsocket::request(*bytes), rawsocket::reply(*bytes));
        if let Ok(prefix) = rawsocket::Prefix::decode(*bytes, rawsocket::FRAME_BYTES_MAX) {
            assert_eq!(prefix.encode(), Ok(*bytes));
        }
    });
}
