//! RawSocket, byte by byte.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{echoing, end, frame, read_frame, upgraded};
use crate::served::{Served, within};

/// Shakes hands; gives the connection and the server's four bytes.
pub(super) async fn shaken(served: &Served, hand: [u8; 4]) -> (TcpStream, [u8; 4]) {
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    stream.write_all(&hand).await.unwrap();
    let mut answer = [0; 4];
    within(stream.read_exact(&mut answer)).await.unwrap();
    (stream, answer)
}

async fn read(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut prefix = [0; 4];
    within(stream.read_exact(&mut prefix)).await.unwrap();
    let length = u32::from_be_bytes(prefix) & 0x00ff_ffff;
    let mut payload = vec![0; length as usize];
    within(stream.read_exact(&mut payload)).await.unwrap();
    (prefix[0], payload)
}

fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes().to_vec();
    bytes[0] = kind;
    bytes.extend_from_slice(payload);
    bytes
}

#[tokio::test]
async fn every_serializer_carries_messages_and_each_side_says_how_much_it_takes() {
    let served = echoing(json!({"message_bytes_max": 300_000})).await;
    for serializer in [1, 2, 3] {
        let (mut stream, answer) = shaken(&served, [0x7f, 0xf0 | serializer, 0, 0]).await;
        // The next lower power of two is 2^18 = 2^(9 + 9).
        assert_eq!(answer, [0x7f, 0x90 | serializer, 0, 0]);
        for size in [0, 1, 5000, 1 << 18] {
            let payload = vec![serializer; size];
            stream.write_all(&framed(0, &payload)).await.unwrap();
            assert_eq!(read(&mut stream).await, (0, payload));
        }
    }
}

#[tokio::test]
async fn a_handshake_that_cannot_be_accepted_is_answered_with_its_error_and_closed() {
    let served = echoing(json!({"serializers": ["json"]})).await;
    for (hand, error) in
        [([0x7f, 0xf2, 0, 0], 0x10), ([0x7f, 0xf5, 0, 0], 0x10), ([0x7f, 0x01, 0, 0], 0x20), ([0x7f, 0xf1, 0, 1], 0x30)]
    {
        let (mut stream, answer) = shaken(&served, hand).await;
        assert_eq!(answer, [0x7f, error, 0, 0], "{hand:02x?}");
        assert!(end(&mut stream).await.is_empty());
    }
}

#[tokio::test]
async fn a_ping_is_answered_with_its_bytes_and_none_is_sent_unasked() {
    let served = echoing(json!({"ping_ms": 20})).await;
    let (mut stream, _) = shaken(&served, [0x7f, 0xf1, 0, 0]).await;
    stream.write_all(&framed(1, b"are you there")).await.unwrap();
    assert_eq!(read(&mut stream).await, (2, b"are you there".to_vec()));
    stream.write_all(&framed(2, b"unasked")).await.unwrap();
    // When a WebSocket peer has been asked several times, the next thing that comes is still the message.
    let mut other = upgraded(served.address("plain"), "wamp.2.json", "").await;
    for _ in 0..3 {
        assert_eq!(read_frame(&mut other).await.0, 0x89);
        other.write_all(&frame(0x8a, b"")).await.unwrap();
    }
    stream.write_all(&framed(0, b"[]")).await.unwrap();
    assert_eq!(read(&mut stream).await, (0, b"[]".to_vec()));
}

#[tokio::test]
async fn frames_that_are_reserved_or_larger_than_agreed_end_the_connection() {
    let served = echoing(json!({"message_bytes_max": 4096})).await;
    for bytes in [[0x10, 0, 0, 0], [0x03, 0, 0, 0], [0, 0, 0x10, 0x01], [0x08, 0, 0, 1], [0x08, 0, 0, 0]] {
        let (mut stream, _) = shaken(&served, [0x7f, 0xf1, 0, 0]).await;
        stream.write_all(&bytes).await.unwrap();
        assert!(end(&mut stream).await.is_empty(), "{bytes:02x?}");
    }
}

#[tokio::test]
async fn a_peer_is_never_sent_more_than_it_takes() {
    let served = echoing(json!({})).await;
    let (mut stream, _) = shaken(&served, [0x7f, 0x31, 0, 0]).await;
    stream.write_all(&framed(0, &[b'a'; 4096])).await.unwrap();
    assert_eq!(read(&mut stream).await.1.len(), 4096);
    stream.write_all(&framed(0, &[b'a'; 4097])).await.unwrap();
    assert!(end(&mut stream).await.is_empty(), "it cannot be sent, and nothing is lost in silence");
}
