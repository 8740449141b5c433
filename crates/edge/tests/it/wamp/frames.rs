//! Frames that are wrong, or come in odd ways.

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::{echoing, end, frame, read_close, read_frame, upgraded};
use crate::served::Served;

async fn closed(served: &Served, protocol: &str, bytes: &[u8]) -> (u16, String) {
    let mut stream = upgraded(served.address("plain"), protocol, "").await;
    stream.write_all(bytes).await.unwrap();
    let close = read_close(&mut stream).await;
    assert!(end(&mut stream).await.is_empty(), "nothing comes after a close");
    close
}

#[tokio::test]
async fn whoever_breaks_the_rules_is_told_how_and_closed() {
    let served = echoing(json!({"message_bytes_max": 5000, "frame_bytes_max": 4096})).await;
    let unmasked = vec![0x81, 0x02, b'h', b'i'];
    let too_much = [frame(0x01, &[b'a'; 4000]), frame(0x80, &[b'a'; 1001])].concat();
    let cases = [
        ("wamp.2.json", unmasked, 1002),
        ("wamp.2.json", frame(0xc1, b"[]"), 1002),
        ("wamp.2.json", frame(0x83, b"[]"), 1002),
        ("wamp.2.json", frame(0x80, b"[]"), 1002),
        ("wamp.2.json", frame(0x09, b""), 1002),
        ("wamp.2.json", frame(0x88, &[0x03]), 1002),
        ("wamp.2.json", frame(0x82, b"[]"), 1003),
        ("wamp.2.cbor", frame(0x81, b"[]"), 1003),
        ("wamp.2.json", frame(0x81, &[b'"', 0xff, b'"']), 1007),
        ("wamp.2.json", frame(0x81, &[b'a'; 4097]), 1009),
        ("wamp.2.json", too_much, 1009),
        ("wamp.2.cbor.batched", frame(0x82, &[0, 0, 0, 9, 1]), 1002),
    ];
    for (protocol, bytes, code) in cases {
        let (said, reason) = closed(&served, protocol, &bytes).await;
        assert_eq!(said, code, "{reason}: {:02x?}", &bytes[..bytes.len().min(12)]);
        assert!(!reason.is_empty());
    }
}

#[tokio::test]
async fn strangers_have_no_use_for_large_messages() {
    let served = echoing(json!({})).await;
    assert_eq!(closed(&served, "wamp.2.json", &frame(0x81, &[b'a'; 65_537])).await.0, 1009);
    let mut stream = upgraded(served.address("plain"), "wamp.2.json", "").await;
    for size in [65_536, 65_537] {
        stream.write_all(&frame(0x81, &vec![b'a'; size])).await.unwrap();
        assert_eq!(read_frame(&mut stream).await.1.len(), size);
    }
}

#[tokio::test]
async fn a_message_in_pieces_is_one_message_with_pings_answered_in_between() {
    let served = echoing(json!({})).await;
    let mut stream = upgraded(served.address("plain"), "wamp.2.json", "").await;
    let wire = [
        frame(0x01, "[\"\u{e4}".as_bytes().split_at(3).0),
        frame(0x89, b"?"),
        frame(0x00, &[0xa4]),
        frame(0x80, b"\"]"),
    ]
    .concat();
    // One byte at a time: the server sees the pieces as they come.
    for byte in wire {
        stream.write_all(&[byte]).await.unwrap();
        stream.flush().await.unwrap();
    }
    assert_eq!(read_frame(&mut stream).await, (0x8a, b"?".to_vec()));
    assert_eq!(read_frame(&mut stream).await, (0x81, "[\"\u{e4}\"]".as_bytes().to_vec()));
}

#[tokio::test]
async fn the_reason_arrives_although_the_peer_goes_on_sending() {
    let served = echoing(json!({"message_bytes_max": 4096})).await;
    let mut stream = upgraded(served.address("plain"), "wamp.2.json", "").await;
    stream.write_all(&frame(0x81, &[b'a'; 500_000])).await.unwrap();
    assert_eq!(read_close(&mut stream).await.0, 1009);
}

#[tokio::test]
async fn frames_that_come_along_with_the_handshake_are_read() {
    let served = echoing(json!({})).await;
    let mut stream = tokio::net::TcpStream::connect(served.address("plain")).await.unwrap();
    let mut bytes = super::request("sec-websocket-protocol: wamp.2.json\r\n").into_bytes();
    bytes.extend(frame(0x81, b"[1]"));
    stream.write_all(&bytes).await.unwrap();
    assert!(super::head_of(&mut stream).await.starts_with("HTTP/1.1 101 "));
    assert_eq!(read_frame(&mut stream).await, (0x81, b"[1]".to_vec()));
}
