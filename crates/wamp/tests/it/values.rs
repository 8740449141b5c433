//! Values in the three formats, and what becomes of them between two.

use crossgate_wamp::Value;
use crossgate_wamp::wire::{Format, Limits, Reader, WireError, transcode};
use proptest::prelude::*;

use crate::kit::{any_format, any_value, hex};

fn written(value: &Value, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    value.write(format, &mut out);
    out
}

fn transcoded(from: Format, bytes: &[u8], to: Format) -> Result<Vec<u8>, WireError> {
    let mut out = Vec::new();
    transcode(from, bytes, to, &mut out).map(|()| out)
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(value in any_value(), format in any_format()) {
        let bytes = written(&value, format);
        prop_assert_eq!(format.check(&bytes, &Limits::default()), Ok(()));
        prop_assert_eq!(Value::read(format, &bytes), Ok(value));
    }

    #[test]
    fn every_format_says_the_same(value in any_value(), from in any_format(), to in any_format()) {
        let there = transcoded(from, &written(&value, from), to).expect("every format can say it");
        prop_assert_eq!(&there, &written(&value, to), "the same bytes as when written at once");
        let back = transcoded(to, &there, from).expect("and back");
        prop_assert_eq!(Value::read(from, &back), Ok(value));
    }

    #[test]
    fn a_value_passes_through_the_json_library(value in any_value()) {
        let json = value.to_json();
        let back = Value::from_json(&json).expect("a value");
        prop_assert_eq!(back.to_json(), json, "but for the order of keys, which the library sorts");
    }
}

#[test]
fn what_a_format_lacks_becomes_what_is_documented() {
    use Format::{Cbor, Json, MessagePack};
    let cases: &[(Format, &[u8], Format, &[u8])] = &[
        // Infinity and not a number.
        (Cbor, &[0xf9, 0x7c, 0x00], Json, b"null"),
        (MessagePack, &hex("cb7ff8000000000000"), Json, b"null"),
        (Cbor, &[0xf9, 0x7c, 0x00], MessagePack, &hex("cb7ff0000000000000")),
        // Halves and singles become doubles.
        (Cbor, &[0xf9, 0x3e, 0x00], Json, b"1.5"),
        (Cbor, &[0xf9, 0x00, 0x01], Cbor, &hex("fb3e70000000000000")),
        (MessagePack, &hex("ca3fc00000"), Cbor, &hex("fb3ff8000000000000")),
        // Big numbers.
        (Cbor, &hex("c249010000000000000000"), Json, b"18446744073709551616"),
        (Cbor, &hex("c349010000000000000000"), Json, b"-18446744073709551617"),
        (Json, b"18446744073709551616", Cbor, &hex("c249010000000000000000")),
        (Json, b"-18446744073709551617", Cbor, &hex("c349010000000000000000")),
        (Json, b"18446744073709551616", MessagePack, b"\xb418446744073709551616"),
        (Cbor, &hex("3bffffffffffffffff"), Json, b"-18446744073709551616"),
        (Cbor, &hex("3bffffffffffffffff"), MessagePack, b"\xb5-18446744073709551616"),
        (Cbor, &hex("c24105"), Json, b"5"),
        // Binary.
        (Json, br#""\u0000EOP/kFMHXFJvX8BtT+N82w==""#, Cbor, &hex("5010e3ff9053075c526f5fc06d4fe37cdb")),
        (Cbor, &hex("5010e3ff9053075c526f5fc06d4fe37cdb"), Json, br#""\u0000EOP/kFMHXFJvX8BtT+N82w==""#),
        (Json, br#""\u0000not base64""#, MessagePack, b"\xab\0not base64"),
        // Tags, extensions, undefined, simple values.
        (Cbor, &hex("c11a514b67b0"), Json, b"1363896240"),
        (Cbor, &hex("f7"), MessagePack, &hex("c0")),
        (Cbor, &hex("f8ff"), Json, b"null"),
        (MessagePack, &hex("d6ff00000000"), Cbor, &hex("4400000000")),
        // Lengths that are not known.
        (Cbor, &hex("9f018202039f0405ffff"), Json, b"[1,[2,3],[4,5]]"),
        (Cbor, &hex("bf6161019f02ff03ff"), MessagePack, &hex("82a1610191 0203".replace(' ', "").as_str())),
        (Cbor, &hex("7f657374726561646d696e67ff"), Json, br#""streaming""#),
        (Cbor, &hex("5f42010243030405ff"), MessagePack, &hex("c4050102030405")),
        // Keys that are not text.
        (
            MessagePack,
            &hex("8401a161ffa162c3a163cb3ff8000000000000a164"),
            Json,
            br#"{"1":"a","-1":"b","true":"c","1.5":"d"}"#,
        ),
        // Escapes; half of a surrogate pair.
        (Json, br#""\ud83d\ude00\n\/\u00e9""#, MessagePack, b"\xa8\xf0\x9f\x98\x80\n/\xc3\xa9"),
        (Json, br#""\ud83dx""#, Json, "\"\u{fffd}x\"".as_bytes()),
        (Json, b"-0", MessagePack, &hex("cb8000000000000000")),
        (Json, b"1e999", Cbor, &hex("fb7ff0000000000000")),
    ];
    for (from, bytes, to, expected) in cases {
        assert_eq!(from.check(bytes, &Limits::default()), Ok(()), "{from} {bytes:x?}");
        assert_eq!(transcoded(*from, bytes, *to), Ok(expected.to_vec()), "{from} {bytes:x?} to {to}");
    }
}

#[test]
fn what_no_other_format_can_say_is_refused_in_words() {
    let composite_key = hex("81900102"[..6].as_ref());
    assert!(matches!(transcoded(Format::MessagePack, &composite_key, Format::Json), Err(WireError::Untranslatable(_))));
    assert_eq!(transcoded(Format::MessagePack, &composite_key, Format::Cbor), Ok(hex("a18001")));
    let digits = "9".repeat(2000);
    assert_eq!(
        Format::Json.check(digits.as_bytes(), &Limits::default()),
        Ok(()),
        "on the way through it is nobody's business"
    );
    assert!(matches!(transcoded(Format::Json, digits.as_bytes(), Format::Cbor), Err(WireError::Untranslatable(_))));
}

#[test]
fn the_last_of_two_equal_keys_counts_in_memory_and_both_go_through() {
    let twice = br#"{"a":1,"b":2,"a":3}"#;
    let Ok(Value::Map(map)) = Value::read(Format::Json, twice) else { panic!("a map") };
    assert_eq!((map.len(), map.get("a")), (2, Some(&Value::from(3_i64))));
    assert_eq!(transcoded(Format::Json, twice, Format::Cbor), Ok(hex("a3616101616202616103")));
}

#[test]
fn depth_items_and_size_are_limited_in_every_format() {
    let deep = |levels: usize| {
        let nest = |open: &[u8], inner: &[u8], close: &[u8]| {
            [open.repeat(levels), inner.to_vec(), close.repeat(levels)].concat()
        };
        [
            (Format::Json, nest(b"[", b"1", b"]")),
            (Format::MessagePack, nest(&[0x91], &[1], &[])),
            (Format::Cbor, nest(&[0x81], &[1], &[])),
            (Format::Cbor, nest(&[0x9f], &[1], &[0xff])),
        ]
    };
    for (format, bytes) in deep(128) {
        assert_eq!(format.check(&bytes, &Limits::default()), Ok(()), "{format}");
        assert!(Value::read(format, &bytes).is_ok(), "{format}");
    }
    for (format, bytes) in deep(129).into_iter().chain(deep(100_000)) {
        let error = WireError::TooDeep { max: 128 };
        assert_eq!(
            format.check(&bytes, &Limits { depth_max: usize::MAX, ..Limits::default() }),
            Err(error),
            "{format}"
        );
        assert!(Value::read(format, &bytes).is_err(), "{format}");
    }
    let limits = Limits { items_max: 4, message_bytes_max: 9, depth_max: 1 };
    for (bytes, expected) in [
        (&b"[1,2,3]"[..], Ok(())),
        (b"[1,2,3,4]", Err(WireError::TooMany { max: 4 })),
        (b"{\"a\":1}", Ok(())),
        (b"[[1]]", Err(WireError::TooDeep { max: 1 })),
        (b"[1,2,3   ]", Err(WireError::TooLarge { bytes: 10, max: 9 })),
    ] {
        assert_eq!(Format::Json.check(bytes, &limits), expected, "{bytes:?}");
    }
}

#[test]
fn a_header_that_promises_more_than_there_is_costs_nothing() {
    for (format, bytes) in [
        (Format::MessagePack, hex("ddffffffff")),
        (Format::MessagePack, hex("dfffffffff")),
        (Format::MessagePack, hex("dbffffffff")),
        (Format::MessagePack, hex("c7")),
        (Format::MessagePack, hex("c700")),
        (Format::Cbor, hex("9bffffffffffffffff")),
        (Format::Cbor, hex("bbffffffffffffffff")),
        (Format::Cbor, hex("5bffffffffffffffff")),
        (Format::Cbor, hex("7bffffffffffffffff")),
    ] {
        assert!(format.check(&bytes, &Limits::default()).is_err(), "{format} {bytes:x?}");
        let mut reader = Reader::new(format, &bytes);
        assert!((0..3).any(|_| reader.next().is_err()), "{format} {bytes:x?}");
    }
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let cases: &[(Format, &str)] = &[
        (Format::MessagePack, "c1"),
        (Format::MessagePack, "a1ff"),
        (Format::MessagePack, "92"),
        (Format::MessagePack, "0101"),
        (Format::Cbor, "ff"),
        (Format::Cbor, "bf01ff"),
        (Format::Cbor, "9fc1ff"),
        (Format::Cbor, "1c"),
        (Format::Cbor, "1f"),
        (Format::Cbor, "df01"),
        (Format::Cbor, "f801"),
        (Format::Cbor, "61ff"),
        (Format::Cbor, "7f4101ff"),
        (Format::Cbor, "7f7f6161ffff"),
        (Format::Cbor, "7f61c361a9ff"),
        (Format::Cbor, "c1"),
        (Format::Cbor, "0101"),
    ];
    for (format, digits) in cases {
        assert!(format.check(&hex(digits), &Limits::default()).is_err(), "{format} {digits}");
    }
    for text in [
        "",
        " ",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "[1,]",
        "[,1]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{1:2}",
        "{\"a\":1,}",
        "[1 2]",
        "tru",
        "True",
        "NaN",
        "Infinity",
        "\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\t\"",
        "'a'",
        "[1]]",
        "1 2",
        "/**/1",
        "[}",
        "{]",
        "\u{feff}1",
    ] {
        assert!(Format::Json.check(text.as_bytes(), &Limits::default()).is_err(), "{text:?}");
    }
    assert!(Format::Json.check(b"\"\xff\"", &Limits::default()).is_err());
}
