//! HTTP/2 peers that make much work of little traffic.

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::client::{http, rest};
use crate::served::{Served, within};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `GET http://a/` in HPACK (RFC 7541): three indexed fields and a literal one.
const REQUEST: &[u8] = &[0x82, 0x86, 0x84, 0x41, 1, b'a'];

/// RFC 9113 §4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// Sends frames and reads until the server ends the connection; a server that goes on serving fails the test.
async fn flood(served: &Served, frames: Vec<u8>) {
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    let all = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &frames].concat();
    // The server may end the connection before it has read everything.
    let _ = within(stream.write_all(&all)).await;
    rest(&mut stream).await;
    assert_eq!(http().get(served.url("/whoami")).send().await.unwrap().status(), 200, "others are served");
}

async fn patient() -> Served {
    Served::plain(json!({"timeouts": {"idle_ms": 3_600_000, "keep_alive_ms": 3_600_000}})).await
}

#[tokio::test]
async fn opening_and_resetting_streams_without_end_ends_the_connection() {
    let served = patient().await;
    let cancel = 8_u32.to_be_bytes();
    let open_and_reset = |index: u32| {
        let stream = 2 * index + 1;
        [frame(HEADERS, END_STREAM | END_HEADERS, stream, REQUEST), frame(RST_STREAM, 0, stream, &cancel)].concat()
    };
    flood(&served, (0..2000).flat_map(open_and_reset).collect()).await;
}

#[tokio::test]
async fn a_head_that_goes_on_without_end_ends_the_connection() {
    let served = patient().await;
    // A literal field with a name and a value of 100 bytes each, not indexed.
    let field = [&[0, 100][..], &[b'x'; 100], &[100], &[b'y'; 100]].concat();
    let mut frames = frame(HEADERS, END_STREAM, 1, REQUEST);
    for _ in 0..2000 {
        frames.extend(frame(CONTINUATION, 0, 1, &field));
    }
    flood(&served, frames).await;
}
