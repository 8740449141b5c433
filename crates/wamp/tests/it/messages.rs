//! Messages: the published vectors, and what decoding and encoding keep.

use bytes::Bytes;
use crossgate_wamp::message::{DecodeError, Kind, Removed};
use crossgate_wamp::wire::{Format, Limits};
use crossgate_wamp::{Message, Payload, Value};
use proptest::prelude::*;

use crate::kit::{any_format, any_message, decode, hex, id, meaning};

/// One message in each format, as the protocol's single-message vectors have them.
const VECTORS: &[(Kind, &str, &str, &str)] = &[
    (
        Kind::Hello,
        r#"[1,"com.example.realm",{"roles":{"subscriber":{},"publisher":{}}}]"#,
        "9301b1636f6d2e6578616d706c652e7265616c6d81a5726f6c657382aa7375627363726962657280a97075626c697368657280",
        "830171636f6d2e6578616d706c652e7265616c6da165726f6c6573a26a73756273637269626572a0697075626c6973686572a0",
    ),
    (
        Kind::Publish,
        r#"[16,239714735,{},"com.myapp.mytopic1",["Hello, world!"]]"#,
        "9510ce0e49c1af80b2636f6d2e6d796170702e6d79746f7069633191ad48656c6c6f2c20776f726c6421",
        "85101a0e49c1afa072636f6d2e6d796170702e6d79746f70696331816d48656c6c6f2c20776f726c6421",
    ),
    (
        Kind::Event,
        r#"[36,9823526,112233445566,{},["Hello, event!"]]"#,
        "9524ce0095e526cf0000001a21a278be8091ad48656c6c6f2c206576656e7421",
        "8518241a0095e5261b0000001a21a278bea0816d48656c6c6f2c206576656e7421",
    ),
    (
        Kind::Event,
        r#"[36,5647382910,998877665544,{"enc_algo":"cryptobox","enc_serializer":"msgpack"},"\u0000g6Vjb2xvcqRibHVlpHNpemWlbGFyZ2WlY291bnQe"]"#,
        "9524cf00000001509c397ecf000000e891bf990882a8656e635f616c676fa963727970746f626f78ae656e635f73657269616c697a6572a76d73677061636bc41e83a5636f6c6f72a4626c7565a473697a65a56c61726765a5636f756e741e",
        "8518241b00000001509c397e1b000000e891bf9908a268656e635f616c676f6963727970746f626f786e656e635f73657269616c697a6572676d73677061636b581e83a5636f6c6f72a4626c7565a473697a65a56c61726765a5636f756e741e",
    ),
    (
        Kind::Event,
        r#"[36,7418529630,556677889900,{"forward_for":[{"session":2468013579,"authid":"frontend1","authrole":"user"}]},[100,"data"]]"#,
        "9524cf00000001ba2dc75ecf000000819c967f6c81ab666f72776172645f666f729183a773657373696f6ece931ae60ba6617574686964a966726f6e74656e6431a861757468726f6c65a4757365729264a464617461",
        "8518241b00000001ba2dc75e1b000000819c967f6ca16b666f72776172645f666f7281a36773657373696f6e1a931ae60b666175746869646966726f6e74656e64316861757468726f6c6564757365728218646464617461",
    ),
    (Kind::EventReceived, "[337,5512315355]", "92cd0151cf00000001488f41db", "821901511b00000001488f41db"),
];

#[test]
fn the_published_vectors_are_read_and_written_to_the_byte() {
    for (kind, json, messagepack, cbor) in VECTORS {
        let forms = [
            (Format::Json, json.as_bytes().to_vec()),
            (Format::MessagePack, hex(messagepack)),
            (Format::Cbor, hex(cbor)),
        ];
        for (from, bytes) in &forms {
            let message = decode(*from, bytes.clone()).expect("a message");
            assert_eq!(message.kind(), *kind);
            for (to, expected) in &forms {
                let written = message.to_bytes(*to).expect("every format can say it");
                assert_eq!(written, expected, "{from} to {to}: {json}");
            }
        }
    }
}

#[test]
fn white_space_and_other_spellings_are_read() {
    let plain = decode(Format::Json, r#"[16,239714735,{},"com.myapp.mytopic1",["Hello"],{"a":1}]"#).expect("plain");
    for same in [
        "[16, 239714735, {}, \"com.myapp.mytopic1\", [\"Hello\"], {\"a\": 1}]",
        " [ 16 ,\n239714735 , { } ,\"com\\u002emyapp.mytopic1\" , [ \"Hello\" ]\t, {\"a\":1 } ] ",
    ] {
        let spaced = decode(Format::Json, same).expect("spaced");
        assert_eq!(meaning(&spaced), meaning(&plain), "{same}");
        let kwargs = spaced.payload().and_then(Payload::kwargs).expect("keyword arguments");
        assert!(kwargs.starts_with(b"{\"a\":"), "{kwargs:?}");
    }
    // An array of unknown length, an id as a double.
    let open = hex("9f18309f"[..6].as_ref()); // 9f 18 30
    let loose = [&open[..], &hex("fb4008000000000000a06161ff")].concat();
    assert_eq!(
        meaning(&decode(Format::Cbor, loose).expect("a call")),
        meaning(&decode(Format::Json, r#"[48,3,{},"a"]"#).expect("a call"))
    );
}

#[test]
fn payloads_are_slices_of_the_message() {
    let bytes = Bytes::from_static(br#"[48,1,{},"a.b",[1,{"deep":[true]}],{"k":"v"}]"#);
    let Ok(Message::Call(call)) = Message::decode(Format::Json, &bytes, &Limits::default()) else { panic!("a call") };
    let inside = |slice: &[u8]| bytes.as_ptr_range().contains(&slice.as_ptr());
    assert!(inside(call.payload.args().expect("args")) && inside(call.procedure.as_bytes()));
    assert_eq!(call.payload.args(), Some(&br#"[1,{"deep":[true]}]"#[..]));
    assert_eq!(call.payload.kwargs(), Some(&br#"{"k":"v"}"#[..]));
}

#[test]
fn revocations_have_request_zero_and_details() {
    let revoked = decode(Format::Json, r#"[67,0,{"registration":7,"reason":"a.b"}]"#).expect("revoked");
    assert!(matches!(&revoked, Message::Unregistered(Removed::Revoked(_))), "{revoked:?}");
    let asked = decode(Format::Json, "[35,9]").expect("asked");
    assert_eq!(asked, Message::Unsubscribed(Removed::Asked(id(9))));
    assert!(decode(Format::Json, "[35,0]").is_err());
    // Autobahn's dictionary after UNREGISTER says nothing to a router.
    let with_options = decode(Format::Json, r#"[66,1,2,{"forward_for":[]}]"#).expect("unregister");
    assert_eq!(with_options, Message::Unregister { request: id(1), registration: id(2) });
}

#[test]
fn what_is_no_message_is_refused_for_the_right_reason() {
    let field = |kind, field, expected| DecodeError::Field { kind, field, expected };
    for (text, expected) in [
        ("[]", DecodeError::NotAMessage),
        ("{}", DecodeError::NotAMessage),
        ("7", DecodeError::NotAMessage),
        ("[\"a\"]", DecodeError::NotAMessage),
        ("[7,1]", DecodeError::UnknownKind(7)),
        ("[1025]", DecodeError::UnknownKind(1025)),
        ("[48,1,{}]", DecodeError::Count { kind: "CALL", found: 3 }),
        ("[6,{},\"a\",1]", DecodeError::Count { kind: "GOODBYE", found: 4 }),
        ("[48,0,{},\"a\"]", field("CALL", 1, "an id from 1 to 2^53")),
        ("[48,9007199254740993,{},\"a\"]", field("CALL", 1, "an id from 1 to 2^53")),
        ("[48,1.5,{},\"a\"]", field("CALL", 1, "a whole number")),
        ("[48,1,[],\"a\"]", field("CALL", 2, "a dictionary")),
        ("[48,1,{},7]", field("CALL", 3, "text")),
        ("[48,1,{},\"a\",{}]", field("CALL", 4, "a list, or one binary")),
        ("[48,1,{},\"a\",\"text\"]", field("CALL", 4, "a list, or one binary")),
        ("[48,1,{},\"a\",[],[]]", field("CALL", 5, "a dictionary")),
        ("[48,1,{},\"a\",[],{},1]", DecodeError::Count { kind: "CALL", found: 7 }),
        ("[8,50,1,{},\"a\"]", field("ERROR", 1, "the type of a request")),
        ("[1,2,3,4,5,6,7,8]", DecodeError::Count { kind: "the message", found: 8 }),
    ] {
        assert_eq!(decode(Format::Json, text), Err(expected), "{text}");
    }
    for wrong in ["", "[", "[48,1,{},\"a\"", "[48,1,{},\"a\"] x", "[48,1,{},\"a\",", "nul"] {
        assert!(matches!(decode(Format::Json, wrong), Err(DecodeError::Wire(_))), "{wrong:?}");
    }
}

#[test]
fn a_transparent_payload_is_one_binary_in_every_format() {
    let data = b"\x00\x01\xfe";
    for format in Format::ALL {
        let payload = Payload::transparent(format, data);
        for other in Format::ALL {
            let there = payload.to_format(other).expect("binary is in every format");
            assert_eq!(there.transparent_data().as_deref(), Some(&data[..]), "{format} to {other}");
            assert_eq!(there.arg_values(), Ok(Vec::new()));
        }
    }
}

#[test]
fn encoded_arguments_are_checked_before_they_are_taken() {
    let limits = Limits::default();
    let take = |args: &[u8], kwargs: Option<&[u8]>| Payload::from_encoded(Format::Json, args, kwargs, &limits);
    assert!(take(b"[1]", Some(b"{\"a\":2}")).is_ok());
    for (args, kwargs) in
        [(&b"{}"[..], None), (b"[1", None), (b"[1],[2]", None), (b"[]", Some(&b"[]"[..])), (b"\"a\"", None)]
    {
        assert!(take(args, kwargs).is_err(), "{args:?} {kwargs:?}");
    }
}

proptest! {
    #[test]
    fn a_message_is_read_as_it_was_written(message in any_format().prop_flat_map(any_message), to in any_format()) {
        let bytes = message.to_bytes(to).expect("every format can say it");
        let read = decode(to, bytes.clone()).expect("what was written is a message");
        prop_assert_eq!(meaning(&read), meaning(&message));
        prop_assert_eq!(read.to_bytes(to).expect("the same format"), bytes, "and written as it was read");
    }

    #[test]
    fn payloads_mean_the_same_in_every_format(message in any_format().prop_flat_map(any_message), to in any_format()) {
        if let Some(payload) = message.payload() {
            let other = payload.to_format(to).expect("every format can say it");
            prop_assert_eq!(other.arg_values(), payload.arg_values());
            prop_assert_eq!(other.kwarg_values(), payload.kwarg_values());
            prop_assert_eq!(other.transparent_data(), payload.transparent_data());
            prop_assert_eq!(other.fields(), payload.fields());
        }
    }
}

#[test]
fn every_kind_has_its_number_and_no_other_has_one() {
    for code in 0..2000 {
        match Kind::from_code(code) {
            Some(kind) => assert_eq!(kind.code(), code),
            None => assert!(!Kind::ALL.iter().any(|kind| kind.code() == code)),
        }
    }
    assert_eq!(Kind::from_code(337), Some(Kind::EventReceived));
    assert!(matches!(Value::read(Format::Json, b"[]"), Ok(Value::List(_))));
}
