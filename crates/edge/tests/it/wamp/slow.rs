//! Peers that are slow, silent or gone.

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::rawsocket::shaken;
use super::{echoing, end, frame, listening, read_close, read_frame, upgraded};
use crate::client::rest;
use crate::served::{plain, within};

#[tokio::test]
async fn whoever_says_nothing_after_the_handshake_is_closed() {
    let served = echoing(json!({"join_ms": 100})).await;
    let mut stream = upgraded(served.address("plain"), "wamp.2.json", "").await;
    let (code, reason) = read_close(&mut stream).await;
    assert_eq!((code, reason.as_str()), (1008, "no realm was joined in time"));
    let (mut stream, _) = shaken(&served, [0x7f, 0xf1, 0, 0]).await;
    assert!(end(&mut stream).await.is_empty());
    let mut pings = upgraded(served.address("plain"), "wamp.2.json", "").await;
    pings.write_all(&frame(0x89, b"")).await.unwrap();
    assert_eq!(read_frame(&mut pings).await.0, 0x8a);
    assert_eq!(read_close(&mut pings).await.0, 1008, "a ping is no HELLO");
}

#[tokio::test]
async fn a_silent_peer_is_asked_and_one_that_does_not_answer_is_dropped() {
    let served = echoing(json!({"ping_ms": 100})).await;
    let mut stream = upgraded(served.address("plain"), "wamp.2.json", "").await;
    stream.write_all(&frame(0x81, b"[]")).await.unwrap();
    read_frame(&mut stream).await;
    for _ in 0..2 {
        let (first, payload) = read_frame(&mut stream).await;
        assert_eq!(first, 0x89);
        stream.write_all(&frame(0x8a, &payload)).await.unwrap();
    }
    assert_eq!(read_frame(&mut stream).await.0, 0x89);
    assert!(end(&mut stream).await.is_empty(), "half open: no answer, no close frame, dropped");
}

#[tokio::test]
async fn a_peer_that_sends_and_never_reads_is_dropped_and_held_no_memory() {
    let served = echoing(json!({"send_ms": 300})).await;
    let mut stream = upgraded(served.address("plain"), "wamp.2.cbor", "").await;
    let message = frame(0x82, &vec![7; 1 << 20]);
    let written = within(async {
        let mut written = 0;
        while stream.write_all(&message).await.is_ok() {
            written += message.len();
        }
        written
    })
    .await;
    // What the two sockets' buffers take, and the messages on their way back: not all that a peer likes to send.
    assert!(written < 400 << 20, "{written}");
}

#[tokio::test]
async fn a_flood_of_pings_that_nobody_reads_the_answers_of_ends_too() {
    let served = echoing(json!({"send_ms": 300, "ping_ms": 0})).await;
    let mut stream = upgraded(served.address("plain"), "wamp.2.json", "").await;
    let pings = frame(0x89, &[b'x'; 125]).repeat(1000);
    within(async { while stream.write_all(&pings).await.is_ok() {} }).await;
}

#[tokio::test]
async fn a_handshake_that_stops_half_way_is_cut_off() {
    let served = listening(json!([plain(json!({"timeouts": {"handshake_ms": 200}}))])).await;
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    stream.write_all(&[0x7f, 0xf1]).await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}
