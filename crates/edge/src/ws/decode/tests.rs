use super::*;

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// A client's frame. `first` is its first byte: 0x80 for the last of a message, and the opcode.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ MASK[at % 4]));
    bytes
}

fn text() -> Decoder {
    Decoder::new(Expected::Text, 1 << 20, 1 << 20, false)
}

/// All that comes out of bytes that come in pieces of a size, and the fault at their end if there is one.
fn decoded(mut decoder: Decoder, wire: &[u8], piece: usize) -> (Vec<Incoming>, Option<Code>) {
    let (mut input, mut all) = (BytesMut::new(), Vec::new());
    for bytes in wire.chunks(piece) {
        input.extend_from_slice(bytes);
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(incoming)) => all.push(incoming),
                Ok(None) => break,
                Err(fault) => return (all, Some(fault.code)),
            }
        }
    }
    (all, None)
}

fn fault(decoder: Decoder, wire: &[u8]) -> Option<Code> {
    let whole = decoded(decoder, wire, wire.len()).1;
    let expected = decoded(text(), wire, 1).1;
    if whole.is_some() && expected.is_some() {
        assert_eq!(whole, expected, "in pieces as in one");
    }
    whole
}

#[test]
fn messages_come_out_whatever_pieces_they_come_in() {
    let long = "ä".repeat(40_000);
    let wire = [
        frame(0x81, b"one"),
        frame(0x01, "tw\u{f6}".as_bytes().split_at(3).0),
        frame(0x89, b"ping"),
        frame(0x00, b""),
        frame(0x80, "tw\u{f6}".as_bytes().split_at(3).1),
        frame(0x81, b""),
        frame(0x81, long.as_bytes()),
        frame(0x8a, b"unasked"),
        frame(0x88, &[0x03, 0xe8, b'b', b'y', b'e']),
    ]
    .concat();
    let message = |text: &str| Incoming::Message(Bytes::copy_from_slice(text.as_bytes()));
    let expected = [
        message("one"),
        Incoming::Ping(Bytes::from_static(b"ping")),
        message("tw\u{f6}"),
        message(""),
        message(&long),
        Incoming::Pong,
        Incoming::Close(Some(1000)),
    ];
    for piece in [1, 2, 3, 7, 1000, wire.len()] {
        let (all, fault) = decoded(text(), &wire, piece);
        assert_eq!(fault, None);
        assert!(all == expected, "in pieces of {piece}");
    }
}

#[test]
fn what_the_standard_forbids_is_a_fault() {
    let unmasked = vec![0x81, 0x01, b'a'];
    let cases = [
        (unmasked, Code::Protocol),
        (frame(0xc1, b"a"), Code::Protocol),
        (frame(0xa1, b"a"), Code::Protocol),
        (frame(0x83, b"a"), Code::Protocol),
        (frame(0x8b, b"a"), Code::Protocol),
        (frame(0x80, b"a"), Code::Protocol),
        ([frame(0x01, b"a"), frame(0x81, b"b")].concat(), Code::Protocol),
        (frame(0x09, b"a"), Code::Protocol),
        (frame(0x89, &[b'a'; 126]), Code::Protocol),
        (frame(0x88, &[3]), Code::Protocol),
        (frame(0x88, &[0x03, 0xed]), Code::Protocol),
        (frame(0x88, &[0x03, 0xe8, 0xff]), Code::Invalid),
        (frame(0x82, b"a"), Code::Unsupported),
        (frame(0x81, &[b'a', 0xc0, 0xaf]), Code::Invalid),
        (frame(0x81, &[b'a', 0xc3]), Code::Invalid),
        ([frame(0x01, &[0xc3]), frame(0x80, b"")].concat(), Code::Invalid),
    ];
    for (wire, code) in cases {
        assert_eq!(fault(text(), &wire), Some(code), "{wire:02x?}");
    }
}

#[test]
fn text_that_cannot_become_utf_8_is_refused_before_the_rest_has_come() {
    let wire = frame(0x81, &[&b"fine so far"[..], &[0xf4, 0x90], &[b'x'; 1000]].concat());
    let (all, fault) = decoded(text(), &wire[..8 + 20], 1);
    assert!(all.is_empty() && fault == Some(Code::Invalid));
}

#[test]
fn size_is_judged_by_the_head_and_over_all_frames() {
    let small = || Decoder::new(Expected::Text, 1000, 1500, false);
    let head_only = &frame(0x81, &[b'a'; 1001])[..8];
    assert_eq!(decoded(small(), head_only, 8).1, Some(Code::TooBig));
    let second = [frame(0x01, &[b'a'; 1000]), frame(0x80, &[b'a'; 501])].concat();
    assert_eq!(decoded(small(), &second, second.len()).1, Some(Code::TooBig));
    let fits = [frame(0x01, &[b'a'; 1000]), frame(0x80, &[b'a'; 500])].concat();
    assert_eq!(decoded(small(), &fits, 100).0.len(), 1);
    let endless = [&frame(0x01, b"")[..], &frame(0x00, b"").repeat(FRAGMENTS_MAX)].concat();
    assert_eq!(decoded(text(), &endless, endless.len()).1, Some(Code::Policy));
}

#[test]
fn compressed_messages_are_taken_where_that_was_agreed_on() {
    let message = "the same words again and again, ".repeat(20);
    let compressed = deflate::deflate(message.as_bytes()).unwrap();
    let agreed = || Decoder::new(Expected::Text, 1 << 20, 1 << 20, true);
    let (first, second) = compressed.split_at(10);
    let wire = [frame(0xc1, &compressed), frame(0x41, first), frame(0x80, second), frame(0x81, b"plain")].concat();
    for piece in [1, 9, wire.len()] {
        let (all, fault) = decoded(agreed(), &wire, piece);
        assert_eq!(fault, None);
        assert_eq!(all.len(), 3);
        assert_eq!(all[1], Incoming::Message(message.clone().into()));
    }
    let continued = [frame(0x41, first), frame(0xc0, second)].concat();
    assert_eq!(decoded(agreed(), &continued, 1).1, Some(Code::Protocol), "RSV1 belongs to the first frame");
    assert_eq!(decoded(agreed(), &frame(0xc9, b""), 1).1, Some(Code::Protocol), "no control frame is compressed");
    let tiny = Decoder::new(Expected::Text, 1 << 20, message.len() - 1, true);
    assert_eq!(decoded(tiny, &frame(0xc1, &compressed), 1000).1, Some(Code::TooBig));
}

#[test]
fn no_bytes_make_the_decoder_panic_or_differ_by_how_they_come() {
    bolero::check!().with_type::<(Vec<u8>, u8, bool)>().for_each(|(wire, piece, inflates)| {
        let decoder = || Decoder::new(Expected::Any, 1 << 12, 1 << 13, *inflates);
        let piece = usize::from(*piece).max(1);
        let whole = decoded(decoder(), wire, wire.len().max(1));
        assert!(decoded(decoder(), wire, piece) == whole);
    });
}

#[test]
fn no_frames_that_are_well_formed_make_the_decoder_panic_exceed_its_limits_or_differ_by_how_they_come() {
    const BYTES_MAX: usize = 1 << 13;
    type Frames = Vec<(u8, u16, u8, bool)>;
    bolero::check!().with_type::<(Frames, u8, bool)>().for_each(|(frames, piece, inflates)| {
        let mut wire = Vec::new();
        for (first, bytes, filler, compresses) in frames {
            let payload = vec![*filler; usize::from(*bytes) % (1 << 14)];
            // A bomb now and then: what is small on the wire, and large after it.
            let packed = compresses.then(|| deflate::deflate(&payload)).flatten();
            // Mostly opcodes that exist.
            let opcode =
                if first & 0x10 == 0 { [0, 1, 2, 8, 9, 10][usize::from(first & 0x0f) % 6] } else { first & 0x0f };
            let payload = packed.as_deref().unwrap_or(&payload);
            let payload = if opcode & 8 == 0 { payload } else { &payload[..payload.len().min(126)] };
            wire.extend(frame(first & 0xc0 | opcode, payload));
        }
        let decoder = || Decoder::new(Expected::Any, 1 << 12, BYTES_MAX, *inflates);
        let whole = decoded(decoder(), &wire, wire.len().max(1));
        assert!(decoded(decoder(), &wire, usize::from(*piece).max(1)) == whole);
        for incoming in &whole.0 {
            if let Incoming::Message(message) = incoming {
                assert!(message.len() <= BYTES_MAX + 1, "{}: a message and its mark", message.len());
            }
        }
    });
}
