//! Compression, where it is switched on and asked for.

use std::io::Write as _;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{echoing, frame, head_of, read_close, read_frame, request, upgraded};

const OFFER: &str = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";

/// Compresses as a client does: one flushed block without its tail.
fn deflated(message: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(message).unwrap();
    encoder.flush().unwrap();
    let mut bytes = encoder.get_ref().clone();
    bytes.truncate(bytes.len() - 4);
    bytes
}

#[tokio::test]
async fn it_is_agreed_on_only_where_both_sides_want_it() {
    for (compress, offer, expected) in [(true, OFFER, true), (true, "", false), (false, OFFER, false)] {
        let served = echoing(json!({ "compress": compress })).await;
        let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
        let text = request(&format!("sec-websocket-protocol: wamp.2.json\r\n{offer}"));
        stream.write_all(text.as_bytes()).await.unwrap();
        let head = head_of(&mut stream).await;
        let agreed = head.contains(
            "sec-websocket-extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n",
        );
        assert_eq!(agreed, expected, "{head}");
    }
}

#[tokio::test]
async fn messages_are_decompressed_and_large_ones_go_back_compressed() {
    let served = echoing(json!({"compress": true})).await;
    let mut stream = upgraded(served.address("plain"), "wamp.2.json", OFFER).await;
    let message = "[1,2,3]".repeat(1000);
    stream.write_all(&frame(0xc1, &deflated(message.as_bytes()))).await.unwrap();
    let (first, payload) = read_frame(&mut stream).await;
    assert!(first == 0xc1 && payload.len() < message.len() / 10, "{first:x} {}", payload.len());
    let mut back = flate2::write::DeflateDecoder::new(Vec::new());
    back.write_all(&[&payload[..], &[0, 0, 0xff, 0xff]].concat()).unwrap();
    back.flush().unwrap();
    assert_eq!(back.get_ref(), message.as_bytes());
    stream.write_all(&frame(0xc1, &deflated(b"[1]"))).await.unwrap();
    assert_eq!(read_frame(&mut stream).await, (0x81, b"[1]".to_vec()), "small ones as they are");
}

#[tokio::test]
async fn a_small_frame_that_holds_an_enormous_message_is_refused() {
    let served = echoing(json!({"compress": true, "message_bytes_max": 100_000})).await;
    let mut stream = upgraded(served.address("plain"), "wamp.2.json", OFFER).await;
    stream.write_all(&frame(0xc1, &deflated(&vec![b' '; 50_000_000]))).await.unwrap();
    assert_eq!(read_close(&mut stream).await.0, 1009);
}
