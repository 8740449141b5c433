//! Handshakes of WebSocket that hold, and those that do not.

use http::header::ORIGIN;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{KEY, connect, echoing, head_of, request};
use crate::client::answer;
use crate::served::Served;

async fn asked(served: &Served, text: &str) -> String {
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    answer(&mut stream).await
}

#[tokio::test]
async fn an_answer_is_what_the_standard_says_and_nothing_else() {
    let served = echoing(json!({})).await;
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    stream.write_all(request("sec-websocket-protocol: wamp.2.json\r\n").as_bytes()).await.unwrap();
    let head = head_of(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    for line in [
        "upgrade: websocket",
        "connection: upgrade",
        "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "sec-websocket-protocol: wamp.2.json",
    ] {
        assert!(head.lines().any(|found| found == line), "{line} in {head}");
    }
    assert!(!head.contains("sec-websocket-extensions"), "{head}");
}

#[tokio::test]
async fn a_handshake_that_does_not_hold_is_refused_with_a_sentence() {
    let served = Served::plain(json!({"wamp": {"serializers": ["json"], "batched": false}})).await;
    let fine = request("sec-websocket-protocol: wamp.2.json\r\n");
    let cases = [
        (request(""), "400", "name one of these in Sec-WebSocket-Protocol: wamp.2.json"),
        (request("sec-websocket-protocol: wamp.2.cbor, chat\r\n"), "400", "name one of these"),
        (fine.replace("version: 13", "version: 8"), "426", "only version 13"),
        (fine.replace(KEY, "c2hvcnQ="), "400", "Sec-WebSocket-Key must be 16 bytes"),
        (fine.replace("keep-alive, Upgrade", "keep-alive"), "400", "Connection: Upgrade"),
        (fine.replace("upgrade: WebSocket\r\n", ""), "426", "this path speaks WebSocket"),
        (fine.replace("GET ", "POST "), "426", "this path speaks WebSocket"),
        (fine.replace("\r\n\r\n", "\r\ncontent-length: 2\r\n\r\n{}"), "400", "has no body"),
    ];
    for (text, status, sentence) in cases {
        let answer = asked(&served, &text).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains(sentence) && answer.contains("application/problem+json"), "{answer}");
    }
    let version = asked(&served, &fine.replace("version: 13", "version: 8")).await;
    assert!(version.contains("sec-websocket-version: 13\r\n"), "{version}");
}

#[tokio::test]
async fn pages_of_other_origins_may_not_connect_unless_they_are_listed() {
    let served = echoing(json!({"origins": ["https://app.example"]})).await;
    let open = async |origin: &str| {
        let stream = TcpStream::connect(served.address("plain")).await.unwrap();
        connect(stream, "wamp.2.json", &[(ORIGIN, origin)]).await
    };
    assert!(open("http://localhost").await.is_ok(), "the own");
    assert!(open("https://app.example").await.is_ok(), "listed");
    for origin in ["https://evil.example", "null", "https://localhost"] {
        assert!(open(origin).await.is_err(), "{origin}");
    }
    let refused =
        asked(&served, &request("sec-websocket-protocol: wamp.2.json\r\norigin: https://evil.example\r\n")).await;
    assert!(
        refused.starts_with("HTTP/1.1 403 ") && refused.contains("pages of this origin may not connect"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_a_listener_does_not_serve_does_not_exist() {
    let served = Served::plain(json!({"serve": ["api"]})).await;
    let answer = asked(&served, &request("sec-websocket-protocol: wamp.2.json\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    let served = Served::plain(json!({"serve": ["wamp"], "wamp": {"transports": ["rawsocket"]}})).await;
    let answer = asked(&served, &request("sec-websocket-protocol: wamp.2.json\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    let served = echoing(json!({"path": "/socket"})).await;
    let text = request("sec-websocket-protocol: wamp.2.json\r\n").replace("/ws", "/socket");
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    assert!(head_of(&mut stream).await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn over_http2_there_is_no_websocket_and_a_sentence_says_so() {
    let served = echoing(json!({})).await;
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let response = client.get(served.url("/ws")).send().await.unwrap();
    assert_eq!(response.status(), 426);
    assert!(response.text().await.unwrap().contains("over HTTP/1.1"));
}
