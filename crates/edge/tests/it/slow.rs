//! Clients that take their time are cut off.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::client::{BOTH, answer, ask, handshake, rest, trusting};
use crate::pki::Pki;
use crate::served::Served;

/// Short enough for a test, long enough for a busy machine to do what must be done within it.
const SHORT_MS: u64 = 300;

async fn silent(served: &Served, listener: &str, said: &[u8]) -> String {
    let mut stream = TcpStream::connect(served.address(listener)).await.unwrap();
    stream.write_all(said).await.unwrap();
    rest(&mut stream).await
}

#[tokio::test]
async fn whoever_says_nothing_or_does_not_finish_the_handshake_is_cut_off() {
    let pki = Pki::new();
    let tls = json!({"certificates": [pki.server("server", &["localhost"])]});
    let timeouts = json!({"handshake_ms": SHORT_MS});
    let served = Served::listeners(json!([
        {"name": "tls", "address": "127.0.0.1:0", "tls": tls, "timeouts": timeouts},
        {"name": "plain", "address": "127.0.0.1:0", "timeouts": timeouts},
    ]))
    .await;
    for (listener, said) in [("tls", &b""[..]), ("tls", &[0x16, 3, 1, 0]), ("plain", b""), ("plain", b"PRI * HTTP")] {
        assert_eq!(silent(&served, listener, said).await, "", "{listener} {said:?}");
    }
}

#[tokio::test]
async fn a_head_that_comes_too_slowly_is_cut_off_on_a_fresh_and_on_a_used_connection() {
    let served = Served::plain(json!({"timeouts": {"headers_ms": SHORT_MS, "idle_ms": 3_600_000}})).await;
    assert_eq!(silent(&served, "plain", b"GET /whoami HTTP/1.1\r\nhost: local").await, "");
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    assert!(ask(&mut stream, "/whoami").await.starts_with("HTTP/1.1 200"));
    stream.write_all(b"GET /whoami HTTP/1.1\r\nhost: local").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn an_idle_connection_outlives_the_time_for_a_head_and_not_the_time_for_idling() {
    let served = Served::plain(json!({"timeouts": {"headers_ms": 20, "idle_ms": SHORT_MS}})).await;
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    assert!(ask(&mut stream, "/whoami").await.starts_with("HTTP/1.1 200"));
    let since = tokio::time::Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    assert!(
        since.elapsed() > Duration::from_millis(SHORT_MS / 2),
        "the time for a head does not count while there is none"
    );
}

#[tokio::test]
async fn an_idle_http2_connection_is_told_to_go() {
    let pki = Pki::new();
    let tls = json!({"certificates": [pki.server("server", &["localhost"])]});
    let listener = json!({"name": "tls", "address": "127.0.0.1:0", "tls": tls, "timeouts": {"idle_ms": SHORT_MS}});
    let served = Served::listeners(json!([listener])).await;
    let config = Arc::new(trusting(&pki, None, BOTH, &["h2"]));
    let mut stream = handshake(served.address("tls"), &config, "localhost").await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    // The frames are binary; that they end is what counts.
    rest(&mut stream).await;
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_answered_with_408() {
    let served = Served::plain(json!({"timeouts": {"body_ms": SHORT_MS}})).await;
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    let head = b"POST /notes HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(head).await.unwrap();
    let text = answer(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 408 ") && text.contains("connection: close"), "{text}");
    drop(stream);
}
