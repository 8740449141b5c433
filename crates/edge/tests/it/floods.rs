//! HTTP/2 peers that make much work of little traffic.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
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

/// Reads frames until the head of an answer on a stream comes.
async fn head_of(stream: &mut TcpStream, wanted: u32) {
    loop {
        let mut head = [0; 9];
        within(stream.read_exact(&mut head)).await.unwrap();
        let [a, b, c, kind, _, id @ ..] = head;
        let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap()];
        within(stream.read_exact(&mut payload)).await.unwrap();
        if kind == HEADERS && u32::from_be_bytes(id) == wanted {
            return;
        }
    }
}

#[tokio::test]
async fn bodies_that_do_not_come_take_few_places_in_the_audit_log_and_keep_nobody_waiting() {
    let served = patient().await;
    // `POST http://a/notes` and `GET http://a/whoami`, with literal fields for path, authority and media type.
    let authority = [0x41, 1, b'a'];
    let post = [&[0x83, 0x86, 0x44, 6], &b"/notes"[..], &authority, &[0x5f, 16], &b"application/json"[..]].concat();
    let get = [&[0x82, 0x86, 0x44, 7], &b"/whoami"[..], &authority].concat();
    let mut frames: Vec<u8> = (0..100).flat_map(|index| frame(HEADERS, END_HEADERS, 2 * index + 1, &post)).collect();
    frames.extend(frame(HEADERS, END_STREAM | END_HEADERS, 201, &get));
    let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
    stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[]), &frames].concat()).await.unwrap();
    head_of(&mut stream, 201).await;
    let taken = served.audit.stats().taken;
    assert!((1..=20).contains(&taken), "{taken} places for 100 bodies");
}
