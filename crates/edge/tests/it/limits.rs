//! How much the doors take.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{answer, ask, http, raw, rest};
use crate::served::{Served, within};

#[tokio::test]
async fn at_the_limit_a_connection_waits_for_another_to_end() {
    let served = Served::plain(json!({"limits": {"connections": 1}})).await;
    let mut first = TcpStream::connect(served.address("plain")).await.unwrap();
    ask(&mut first, "/whoami").await;
    let mut second = TcpStream::connect(served.address("plain")).await.unwrap();
    second.write_all(b"GET /whoami HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    // The first is still served although the second waits.
    assert!(ask(&mut first, "/whoami").await.starts_with("HTTP/1.1 200"));
    drop(first);
    assert!(answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn one_address_has_its_share_of_connections() {
    let served = Served::plain(json!({"limits": {"connections_per_ip": 1}})).await;
    let mut first = TcpStream::connect(served.address("plain")).await.unwrap();
    ask(&mut first, "/whoami").await;
    let mut second = TcpStream::connect(served.address("plain")).await.unwrap();
    assert_eq!(rest(&mut second).await, "", "closed at once");
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_refused_unread() {
    let served = Served::plain(json!({})).await;
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    let head = b"POST /notes HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1001\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let text = answer(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 413 ") && text.contains("connection: close"), "{text}");
    assert!(text.contains("the body is larger than 1000 bytes"), "{text}");
}

#[tokio::test]
async fn the_answer_to_a_large_refused_body_arrives_although_the_client_goes_on_sending() {
    let served = Served::plain(json!({})).await;
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    let head = b"POST /notes HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 500000\r\n\r\n";
    stream.write_all(head).await.unwrap();
    within(stream.write_all(&vec![b' '; 500_000])).await.unwrap();
    let text = rest(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
}

#[tokio::test]
async fn the_other_streams_of_an_http2_connection_do_not_mind_a_refused_body() {
    let served = Served::plain(json!({})).await;
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    for _ in 0..3 {
        let large =
            client.post(served.url("/notes")).header("content-type", "application/json").body(vec![b' '; 500_000]);
        assert_eq!(within(large.send()).await.unwrap().status(), 413);
        assert_eq!(within(client.get(served.url("/whoami")).send()).await.unwrap().status(), 200);
    }
}

/// An HTTP/2 frame (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let [.., high, middle, low] = payload.len().to_be_bytes();
    [&[high, middle, low, kind, flags, 0, 0, 0, stream][..], payload].concat()
}

/// The kind and flags of each frame of stream 1 until our ping is answered.
async fn until_pong(stream: &mut TcpStream) -> Vec<(u8, u8)> {
    let mut seen = Vec::new();
    loop {
        let mut head = [0; 9];
        within(stream.read_exact(&mut head)).await.unwrap();
        let [high, middle, low, kind, flags, _, _, _, id] = head;
        let mut payload = vec![0; usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low)];
        within(stream.read_exact(&mut payload)).await.unwrap();
        match (kind, id) {
            (PING, _) if flags == 1 => return seen,
            (_, 1) => seen.push((kind, flags)),
            _ => {}
        }
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PING: u8 = 6;

#[tokio::test]
async fn an_http2_stream_with_a_refused_body_is_answered_and_not_reset() {
    let served = Served::plain(json!({})).await;
    for (path, length) in [("/notes", 5000), ("/nothing/here", 8)] {
        let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
        let mut head = vec![0x83, 0x86, 0x01, 1, b'a', 0x04, u8::try_from(path.len()).unwrap()];
        head.extend_from_slice(path.as_bytes());
        head.extend_from_slice(b"\x0f\x10\x10application/json\x0f\x0d");
        let digits = length.to_string();
        head.push(u8::try_from(digits.len()).unwrap());
        head.extend_from_slice(digits.as_bytes());
        let ping = frame(PING, 0, 0, &[0; 8]);
        let opening = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(4, 0, 0, &[]),
            frame(HEADERS, 4, 1, &head),
            ping.clone(),
        ];
        stream.write_all(&opening.concat()).await.unwrap();
        let mut seen = until_pong(&mut stream).await;
        stream.write_all(&frame(DATA, 1, 1, &vec![b' '; length])).await.unwrap();
        while !seen.iter().any(|(kind, flags)| *kind == RST_STREAM || flags & 1 == 1) {
            stream.write_all(&ping).await.unwrap();
            seen.extend(until_pong(&mut stream).await);
        }
        stream.write_all(&ping).await.unwrap();
        seen.extend(until_pong(&mut stream).await);
        assert!(seen.iter().any(|(kind, _)| *kind == HEADERS), "{path}: {seen:?}");
        assert!(seen.iter().all(|(kind, _)| *kind != RST_STREAM), "{path}: {seen:?}");
    }
}

#[tokio::test]
async fn a_body_that_turns_out_too_large_is_refused() {
    let served = Served::plain(json!({})).await;
    let mut text =
        "POST /notes HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_owned();
    for _ in 0..20 {
        text += &format!("64\r\n{}\r\n", " ".repeat(100));
    }
    let answer = raw(served.address("plain"), &(text + "0\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn the_listener_may_be_stricter_than_the_operation() {
    let served = Served::plain(json!({"limits": {"body_bytes": 10}})).await;
    let request = http().post(served.url("/notes")).json(&json!({"text": "more than ten bytes"}));
    assert_eq!(request.send().await.unwrap().status(), 413);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let served = Served::plain(json!({"limits": {"header_bytes": 8192}})).await;
    let text = format!("GET / HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n", "x".repeat(9000));
    let answer = raw(served.address("plain"), &text).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_connection_is_closed_politely_after_its_number_of_requests() {
    let served = Served::plain(json!({"limits": {"requests_per_connection": 2}})).await;
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    assert!(!ask(&mut stream, "/whoami").await.contains("connection: close"));
    assert!(ask(&mut stream, "/whoami").await.contains("connection: close"));
    assert_eq!(rest(&mut stream).await, "");
}
