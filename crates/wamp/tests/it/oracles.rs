//! The scanners beside other people's decoders.

use crossgate_wamp::Value;
use crossgate_wamp::wire::{Format, Limits};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::kit::any_value;

fn accepts(format: Format, bytes: &[u8]) -> bool {
    format.check(bytes, &Limits::default()).is_ok()
}

/// Text that is JSON, or nearly.
fn nearly_json() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"a\"",
        "\"\\u00e9\"",
        "\"\\ud800\"",
        "1",
        "-0",
        "0.5",
        "1e5",
        "01",
        "-",
        "true",
        "null",
        " ",
        "\n",
        "\"",
        "\\",
        "fals",
        "\u{e9}",
    ]);
    vec(pieces, 1..12).prop_map(|pieces| pieces.concat())
}

/// Bytes of a valid value, of which a few are changed.
fn nearly(format: Format) -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<proptest::sample::Index>(), any::<u8>()), 0..3);
    (any_value(), changes).prop_map(move |(value, changes)| {
        let mut bytes = Vec::new();
        value.write(format, &mut bytes);
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn json_is_accepted_exactly_when_serde_json_accepts_it(text in nearly_json()) {
        let oracle = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
        prop_assert_eq!(accepts(Format::Json, text.as_bytes()), oracle, "{:?}", text);
    }

    #[test]
    fn changed_json_is_accepted_exactly_when_serde_json_accepts_it(bytes in nearly(Format::Json)) {
        let oracle = std::str::from_utf8(&bytes)
            .is_ok_and(|text| serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok());
        prop_assert_eq!(accepts(Format::Json, &bytes), oracle, "{:?}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn what_is_accepted_as_messagepack_is_whole_to_rmpv(bytes in nearly(Format::MessagePack)) {
        let mut rest = &bytes[..];
        let oracle = rmpv::decode::read_value(&mut rest);
        if accepts(Format::MessagePack, &bytes) {
            prop_assert!(oracle.is_ok() && rest.is_empty(), "{:x?}", bytes);
        } else if let Ok(value) = oracle {
            // It takes text that is not UTF-8, the byte c1, and bytes that come after.
            prop_assert!(!rest.is_empty() || bytes.contains(&0xc1) || !is_all_text(&value), "{:x?}", bytes);
        }
    }

    #[test]
    fn what_is_accepted_as_cbor_is_whole_to_ciborium(bytes in nearly(Format::Cbor)) {
        let mut rest = &bytes[..];
        let oracle = ciborium::from_reader::<ciborium::Value, _>(&mut rest);
        if accepts(Format::Cbor, &bytes) {
            // It has no value for simple values that nobody assigned.
            let simple = bytes.iter().any(|byte| matches!(byte, 0xe0..=0xf3 | 0xf8));
            prop_assert!(simple || (oracle.is_ok() && rest.is_empty()), "{:x?} {:?}", bytes, oracle);
        } else if oracle.is_ok() {
            prop_assert!(!rest.is_empty(), "{:x?}", bytes);
        }
    }

    #[test]
    fn others_read_what_is_written(value in any_value()) {
        let mut json = Vec::new();
        value.write(Format::Json, &mut json);
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
        let (mut packed, mut cbor) = (Vec::new(), Vec::new());
        value.write(Format::MessagePack, &mut packed);
        value.write(Format::Cbor, &mut cbor);
        let theirs = rmpv::decode::read_value(&mut &packed[..]).expect("rmpv reads it");
        let mut again = Vec::new();
        rmpv::encode::write_value(&mut again, &theirs).expect("rmpv writes it");
        prop_assert_eq!(Value::read(Format::MessagePack, &again), Ok(value.clone()));
        let theirs: ciborium::Value = ciborium::from_reader(&cbor[..]).expect("ciborium reads it");
        let mut again = Vec::new();
        ciborium::into_writer(&theirs, &mut again).expect("ciborium writes it");
        prop_assert_eq!(Value::read(Format::Cbor, &again), Ok(value));
    }
}

fn is_all_text(value: &rmpv::Value) -> bool {
    match value {
        rmpv::Value::String(text) => text.as_str().is_some(),
        rmpv::Value::Array(list) => list.iter().all(is_all_text),
        rmpv::Value::Map(pairs) => pairs.iter().all(|(key, value)| is_all_text(key) && is_all_text(value)),
        _ => true,
    }
}
