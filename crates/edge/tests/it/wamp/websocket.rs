//! Messages over WebSocket, by another implementation of it.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio_websockets::Message;

use super::{echoing, websocket};
use crate::served::within;

#[tokio::test]
async fn every_serializer_carries_messages_of_every_size_in_order() {
    let served = echoing(json!({})).await;
    for protocol in ["wamp.2.json", "wamp.2.msgpack", "wamp.2.cbor"] {
        let mut socket = websocket(&served, protocol).await;
        for size in [0, 1, 125, 126, 65_535, 65_536, 1_000_000] {
            let payload = vec![b'a'; size];
            let message = if protocol.ends_with("json") {
                Message::text(payload.clone())
            } else {
                Message::binary(payload.clone())
            };
            let text = message.is_text();
            within(socket.send(message)).await.unwrap();
            let back = within(socket.next()).await.unwrap().unwrap();
            assert!(back.is_text() == text && **back.as_payload() == *payload, "{protocol} {size}");
        }
        for number in 0..500_u32 {
            let text = number.to_string();
            let message =
                if protocol.ends_with("json") { Message::text(text) } else { Message::binary(text.into_bytes()) };
            within(socket.feed(message)).await.unwrap();
        }
        within(socket.flush()).await.unwrap();
        for number in 0..500_u32 {
            let back = within(socket.next()).await.unwrap().unwrap();
            assert_eq!(**back.as_payload(), *number.to_string().as_bytes());
        }
        within(socket.close()).await.unwrap();
    }
}

#[tokio::test]
async fn batched_serializers_carry_several_messages_in_a_frame_both_ways() {
    let served = echoing(json!({})).await;
    let lengths = |messages: &[&[u8]]| -> Vec<u8> {
        messages.iter().flat_map(|m| [&u32::try_from(m.len()).unwrap().to_be_bytes()[..], m].concat()).collect()
    };
    let separated =
        |messages: &[&[u8]]| -> Vec<u8> { messages.iter().flat_map(|m| [m, &[0x18][..]].concat()).collect() };
    for protocol in ["wamp.2.json.batched", "wamp.2.msgpack.batched", "wamp.2.cbor.batched"] {
        let json = protocol.contains("json");
        let batch = |messages: &[&[u8]]| if json { separated(messages) } else { lengths(messages) };
        let mut socket = websocket(&served, protocol).await;
        let frame = batch(&[b"one", b"two", b"", b"four"]);
        let message = if json { Message::text(frame.clone()) } else { Message::binary(frame.clone()) };
        within(socket.send(message)).await.unwrap();
        let mut back = Vec::new();
        let mut frames = 0;
        while back.len() < frame.len() {
            back.extend_from_slice(within(socket.next()).await.unwrap().unwrap().as_payload());
            frames += 1;
        }
        assert_eq!((back, frames), (frame, 1), "{protocol}: what came together goes back together");
    }
}

#[tokio::test]
async fn a_batch_that_is_too_long_for_one_frame_becomes_several() {
    let served = echoing(json!({})).await;
    let mut socket = websocket(&served, "wamp.2.cbor.batched").await;
    within(socket.send(Message::binary(vec![0, 0, 0, 0]))).await.unwrap();
    within(socket.next()).await.unwrap().unwrap();
    let message = [&10_000_u32.to_be_bytes()[..], &[7; 10_000]].concat();
    within(socket.send(Message::binary(message.repeat(50)))).await.unwrap();
    let (mut bytes, mut largest) = (0, 0);
    while bytes < message.len() * 50 {
        let frame = within(socket.next()).await.unwrap().unwrap();
        bytes += frame.as_payload().len();
        largest = largest.max(frame.as_payload().len());
    }
    assert!(bytes == message.len() * 50 && largest <= 64 * 1024 + 10_004, "{largest}");
}

#[tokio::test]
async fn the_first_subprotocol_of_the_client_that_is_spoken_here_is_chosen() {
    let served = echoing(json!({"serializers": ["json", "msgpack"], "batched": false})).await;
    let offers =
        "wamp.2.cbor.batched, wamp.2.cbor, wamp.2.msgpack.batched, wamp.2.msgpack, wamp.2.json.batched, wamp.2.json";
    let mut socket = websocket(&served, offers).await;
    within(socket.send(Message::binary(&b"\x93"[..]))).await.unwrap();
    assert!(within(socket.next()).await.unwrap().unwrap().is_binary(), "msgpack");
}

#[tokio::test]
async fn a_ping_is_answered_and_so_is_a_close() {
    let served = echoing(json!({})).await;
    let mut socket = websocket(&served, "wamp.2.json").await;
    within(socket.send(Message::ping(&b"hello"[..]))).await.unwrap();
    let pong = within(socket.next()).await.unwrap().unwrap();
    assert!(pong.is_pong() && **pong.as_payload() == *b"hello");
    within(socket.send(Message::close(Some(4001_u16.try_into().unwrap()), "enough"))).await.unwrap();
    let close = within(socket.next()).await.unwrap().unwrap();
    assert_eq!(close.as_close().map(|(code, _)| u16::from(code)), Some(4001));
    assert!(within(socket.next()).await.is_none());
}
