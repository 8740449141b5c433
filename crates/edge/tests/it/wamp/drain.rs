//! Stopping.

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::rawsocket::shaken;
use super::{echoing, end, frame, read_close, read_frame, upgraded};
use crate::client::http;
use crate::served::within;

#[tokio::test]
async fn open_sessions_are_closed_politely_and_nothing_is_cut_off() {
    let mut served = echoing(json!({"goodbye_ms": 200})).await;
    let mut websocket = upgraded(served.address("plain"), "wamp.2.json", "").await;
    websocket.write_all(&frame(0x81, b"[1]")).await.unwrap();
    assert_eq!(read_frame(&mut websocket).await.1, b"[1]");
    let (mut raw, _) = shaken(&served, [0x7f, 0xf1, 0, 0]).await;
    let opened = http().post(served.url("/lp/open")).body(r#"{"protocols": ["wamp.2.json"]}"#).send().await.unwrap();
    assert_eq!(opened.status(), 200);
    served.tell();
    assert_eq!(read_close(&mut websocket).await.0, 1000);
    websocket.write_all(&frame(0x88, &[0x03, 0xe8])).await.unwrap();
    assert!(end(&mut websocket).await.is_empty());
    assert!(end(&mut raw).await.is_empty());
    assert_eq!(served.stopped().await, 0);
}

#[tokio::test]
async fn a_peer_that_does_not_answer_a_close_is_waited_for_only_so_long() {
    let mut served = echoing(json!({"goodbye_ms": 200})).await;
    let mut websocket = upgraded(served.address("plain"), "wamp.2.json", "").await;
    websocket.write_all(&frame(0x81, b"[1]")).await.unwrap();
    read_frame(&mut websocket).await;
    served.tell();
    assert_eq!(within(served.stopped()).await, 0);
}

#[tokio::test]
async fn whoever_does_not_want_to_wait_cuts_off_sessions_too() {
    let served = echoing(json!({})).await;
    let mut websocket = upgraded(served.address("plain"), "wamp.2.json", "").await;
    served.abort();
    end(&mut websocket).await;
}
