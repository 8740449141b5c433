//! Names of serializers, and batches.

use bytes::Bytes;
use crossgate_wamp::serializer::{BATCH_MESSAGES_MAX, Serializer, append, split};
use crossgate_wamp::wire::Format;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::kit::{any_format, any_message};

#[test]
fn the_first_of_the_clients_subprotocols_that_is_enabled_is_taken() {
    let offers = ["wamp.2.flatbuffers", "wamp.2.cbor.batched", "wamp.2.cbor", " wamp.2.json"];
    let named = |name| Serializer::from_subprotocol(name).expect("known");
    assert_eq!(Serializer::choose(offers, &Serializer::ALL), Some(named("wamp.2.cbor.batched")));
    assert_eq!(Serializer::choose(offers, &[named("wamp.2.json"), named("wamp.2.cbor")]), Some(named("wamp.2.cbor")));
    assert_eq!(Serializer::choose(offers, &[named("wamp.2.json")]), Some(named("wamp.2.json")));
    assert_eq!(Serializer::choose(["wamp.2.ubjson", "chat"], &Serializer::ALL), None);
    for serializer in Serializer::ALL {
        assert_eq!(named(serializer.subprotocol()), serializer);
    }
}

#[test]
fn both_separators_of_json_batches_are_understood() {
    let messages = |frame: &'static [u8]| -> Vec<_> {
        split(Format::Json, Bytes::from_static(frame)).map(|message| message.expect("a message")).collect()
    };
    for frame in [&b"[1]\x18[2]\x18"[..], b"[1]\x1e[2]\x1e", b"[1]\x18[2]"] {
        assert_eq!(messages(frame), ["[1]", "[2]"], "{frame:?}");
    }
    assert_eq!(messages(b""), [""; 0]);
    let mut frame = Vec::new();
    append(Format::Json, b"[1]", &mut frame).expect("appended");
    assert_eq!(frame, b"[1]\x18");
}

#[test]
fn a_length_beyond_the_frame_ends_the_batch_with_an_error() {
    for frame in [&[0, 0, 0, 1, 7, 0, 0, 0, 9, 1][..], &[0, 0, 0, 1, 7, 0, 0]] {
        let found: Vec<_> = split(Format::Cbor, Bytes::copy_from_slice(frame)).collect();
        assert!(matches!(&found[..], [Ok(message), Err(_)] if message == &[7][..]), "{found:?}");
    }
    let empty = vec![0; 4 * (BATCH_MESSAGES_MAX + 9)];
    let found: Vec<_> = split(Format::Cbor, empty.into()).collect();
    assert!(found.len() == BATCH_MESSAGES_MAX + 1 && found.last().is_some_and(Result::is_err));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_batch_comes_apart_as_it_was_put_together(
        (format, messages) in any_format().prop_flat_map(|format| (Just(format), vec(any_message(format), 0..6)))
    ) {
        let encoded: Vec<Bytes> = messages.iter().map(|message| message.to_bytes(format).expect("written")).collect();
        let mut frame = Vec::new();
        encoded.iter().for_each(|message| append(format, message, &mut frame).expect("appended"));
        let found: Vec<Bytes> = split(format, frame.into()).map(|message| message.expect("a message")).collect();
        prop_assert_eq!(found, encoded);
    }
}
