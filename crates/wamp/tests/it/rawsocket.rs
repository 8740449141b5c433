//! RawSocket's handshake and frames.

use crossgate_wamp::rawsocket::{
    FRAME_BYTES_MAX, FrameError, FrameKind, Handshake, Prefix, Refusal, Reply, Request, refuse, reply, request,
};
use crossgate_wamp::wire::Format;

#[test]
fn a_handshake_names_the_serializer_and_the_limit() {
    let handshake = |format, receive_bytes_max| Handshake { format, receive_bytes_max };
    for (bytes, expected) in [
        ([0x7f, 0xf1, 0, 0], handshake(Format::Json, 1 << 24)),
        ([0x7f, 0x02, 0, 0], handshake(Format::MessagePack, 512)),
        ([0x7f, 0x73, 0, 0], handshake(Format::Cbor, 1 << 16)),
    ] {
        assert_eq!(request(bytes), Request::Valid(expected));
        assert_eq!(reply(bytes), Reply::Accepted(expected));
        assert_eq!(expected.encode(), bytes);
    }
    assert_eq!(handshake(Format::Json, 1000).encode()[1], 0x01, "a limit is never promised larger than it is");
    assert_eq!(handshake(Format::Json, usize::MAX).encode()[1], 0xf1);
}

#[test]
fn what_cannot_be_served_is_refused_with_its_reason() {
    assert_eq!(request([0x7f, 0xf4, 0, 0]), Request::Refused(Refusal::Serializer), "UBJSON");
    assert_eq!(request([0x7f, 0xf0, 0, 0]), Request::Refused(Refusal::Serializer));
    assert_eq!(request([0x7f, 0xf1, 0, 1]), Request::Refused(Refusal::Reserved));
    assert_eq!(request(*b"GET "), Request::Foreign);
    assert_eq!(refuse(Refusal::Serializer), [0x7f, 0x10, 0, 0]);
    assert_eq!(refuse(Refusal::Connections), [0x7f, 0x40, 0, 0]);
    assert_eq!(reply([0x7f, 0x40, 0, 0]), Reply::Refused(4));
    assert_eq!(reply([0x7f, 0xf6, 0, 0]), Reply::Foreign);
}

#[test]
fn prefixes_hold_lengths_up_to_exactly_sixteen_mebibytes() {
    let max = FRAME_BYTES_MAX;
    for (header, kind, bytes) in [
        ([0, 0, 0, 5], FrameKind::Message, 5),
        ([0, 0xff, 0xff, 0xff], FrameKind::Message, max - 1),
        ([8, 0, 0, 0], FrameKind::Message, max),
        ([1, 0, 0, 0], FrameKind::Ping, 0),
        ([2, 0, 1, 0], FrameKind::Pong, 256),
    ] {
        assert_eq!(Prefix::decode(header, max), Ok(Prefix { kind, bytes }));
        assert_eq!(Prefix { kind, bytes }.encode(), Ok(header));
    }
    assert_eq!(Prefix::decode([0x10, 0, 0, 0], max), Err(FrameError::Reserved));
    assert_eq!(Prefix::decode([8, 0, 0, 1], max), Err(FrameError::Reserved));
    assert_eq!(Prefix::decode([3, 0, 0, 0], max), Err(FrameError::Kind(3)));
    assert_eq!(Prefix::decode([0, 0, 4, 1], 1024), Err(FrameError::TooLarge { bytes: 1025, max: 1024 }));
    assert!(Prefix { kind: FrameKind::Message, bytes: max + 1 }.encode().is_err());
}
