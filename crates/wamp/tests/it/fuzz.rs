//! Whatever bytes arrive, decoders answer, in time and without a panic.

use bytes::Bytes;
use crossgate_wamp::options::{
    CallOptions, CancelOptions, PublishOptions, RegisterOptions, SubscribeOptions, YieldOptions,
};
use crossgate_wamp::session::{Handshake, HelloDetails};
use crossgate_wamp::wire::{Format, Limits, WireError, transcode};
use crossgate_wamp::{Dict, Map, Message, Value, rawsocket, serializer};

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

/// Attributes that something is done with, in HELLO's details and in options.
const ATTRIBUTES: &[&str] = &[
    "roles",
    "features",
    "caller",
    "callee",
    "publisher",
    "subscriber",
    "call_canceling",
    "call_cancelling",
    "progressive_call_results",
    "authmethods",
    "authid",
    "authrole",
    "authextra",
    "pubkey",
    "channel_binding",
    "nonce",
    "match",
    "invoke",
    "concurrency",
    "force_reregister",
    "disclose_me",
    "timeout",
    "progress",
    "receive_progress",
    "mode",
    "reason",
    "acknowledge",
    "exclude",
    "eligible",
    "exclude_authid",
    "eligible_authrole",
    "exclude_me",
    "retain",
    "get_retained",
    "ppt_scheme",
    "ppt_serializer",
    "enc_algo",
    "x_repeatable",
    "forward_timeout",
];
const WORDS: &[&str] =
    &["", "exact", "prefix", "wildcard", "roundrobin", "kill", "skip", "ticket", "mqtt", "x_a", "\0", "\u{e9}"];

/// A value by a few numbers, of any type, and one level deeper each time that it holds others.
fn value(seeds: &[(u8, u8, u64)], depth: usize) -> Value {
    let Some(((kind, which, number), rest)) = seeds.split_first() else { return Value::Null };
    match kind % 9 {
        0 => Value::Null,
        1 => (number % 2 == 0).into(),
        2 => (*number).into(),
        3 => Value::from(-((number >> 1).cast_signed())),
        4 => (*number as f64 / 7.0).into(),
        5 => WORDS[usize::from(*which) % WORDS.len()].into(),
        6 => Value::Binary(number.to_be_bytes().to_vec()),
        7 if depth < 4 => Value::List(
            (0..usize::from(*which % 4)).map(|at| value(rest.get(at..).unwrap_or(&[]), depth + 1)).collect(),
        ),
        _ if depth < 4 => map(rest, depth + 1).into(),
        _ => Value::Null,
    }
}

fn map(seeds: &[(u8, u8, u64)], depth: usize) -> Map {
    let mut map = Map::new();
    for (at, (key, ..)) in seeds.iter().enumerate().take(6) {
        map.insert(ATTRIBUTES[usize::from(*key) % ATTRIBUTES.len()], value(&seeds[at..], depth));
    }
    map
}

#[test]
fn details_and_options_are_read_or_refused_whatever_their_attributes_hold() {
    bolero::check!().with_iterations(RUNS).with_type::<Vec<(u8, u8, u64)>>().for_each(|seeds| {
        let map = map(seeds, 0);
        for format in Format::ALL {
            let dict = Dict::from_map(format, &map);
            if let Ok(read) = HelloDetails::read(&dict) {
                let again = HelloDetails::read(&read.to_dict(format)).expect("what was read can be written and read");
                assert_eq!(again.methods().collect::<Vec<_>>(), read.methods().collect::<Vec<_>>());
            }
            if let Ok(read) = CallOptions::read(&dict) {
                assert_eq!(CallOptions::read(&read.to_dict(format)), Ok(read));
            }
            if let Ok(read) = PublishOptions::read(&dict) {
                assert_eq!(PublishOptions::read(&read.to_dict(format)), Ok(read));
            }
            if let Ok(read) = RegisterOptions::read(&dict) {
                assert_eq!(RegisterOptions::read(&read.to_dict(format)), Ok(read));
            }
            let _ = (SubscribeOptions::read(&dict), YieldOptions::read(&dict), CancelOptions::read(&dict));
        }
    });
}

#[test]
fn handshakes_survive_any_messages_in_any_order() {
    let messages = [
        r#"[1,"realm1",{"roles":{"caller":{}}}]"#,
        r#"[1,"realm 1",{"roles":{}}]"#,
        r#"[1,"realm1",{"roles":7}]"#,
        r#"[2,1,{}]"#,
        r#"[3,{},"a.b"]"#,
        r#"[4,"ticket",{}]"#,
        r#"[5,"x",{}]"#,
        r#"[6,{},"a.b"]"#,
        r#"[48,1,{},"a.b"]"#,
        r#"[70,1,{}]"#,
    ];
    let messages = messages.map(|text| crate::kit::decode(Format::Json, text).expect("a message"));
    bolero::check!().with_iterations(RUNS).with_type::<Vec<u8>>().for_each(|steps| {
        let mut handshake = Handshake::default();
        let mut aborted = false;
        for step in steps {
            match usize::from(*step) % (messages.len() + 4) {
                10 => drop(handshake.challenge()),
                11 => drop(handshake.welcome()),
                12 => drop(handshake.goodbye()),
                13 => {
                    handshake.abort();
                    aborted = true;
                }
                which => {
                    let taken = handshake.receive(messages[which].clone());
                    assert!(!aborted || taken.is_err(), "nothing is taken after an end");
                    aborted |= taken.is_err();
                }
            }
        }
    });
}

#[test]
fn messages_with_changed_bytes_are_read_or_refused() {
    let texts = [
        r#"[1,"realm1",{"roles":{"caller":{"features":{"call_canceling":true}}},"authmethods":["ticket"],"authid":"joe"}]"#,
        r#"[5,"secret",{"nonce":"abc"}]"#,
        r#"[48,7814135,{"timeout":1000,"receive_progress":true},"com.example.add",[1,-2,3.5,"\u00e9",null],{"a":{"b":[true]}}]"#,
        r#"[8,68,9007199254740992,{},"com.example.error",["\u0000AP+BYWJj"],{"code":7}]"#,
    ];
    let changes = bolero::check!().with_iterations(RUNS).with_type::<(u8, Vec<(u16, u8, bool)>)>();
    changes.for_each(|(which, changes)| {
        for format in Format::ALL {
            let text = texts[usize::from(*which) % texts.len()];
            let mut bytes = Vec::new();
            transcode(Format::Json, text.as_bytes(), format, &mut bytes).expect("every format can say it");
            for (at, byte, inserts) in changes.iter().take(4) {
                let at = usize::from(*at) % bytes.len();
                if *inserts { bytes.insert(at, *byte) } else { bytes[at] ^= *byte }
            }
            look(format, &bytes);
        }
    });
}
