//! Frames that a hostile router sends.

use std::future::poll_fn;

use super::rawsocket::RawSocket;
use super::websocket::WebSocket;
use super::*;

/// A RawSocket connection after its handshake.
pub(crate) fn rawsocket(stream: tokio::io::DuplexStream, format: Format, send_bytes_max: usize) -> Transport {
    Transport {
        frames: Box::new(RawSocket::new(stream, 1 << 16)),
        name: "rawsocket",
        form: Serializer { format, batched: false },
        send_bytes_max,
        unsent_bytes: 0,
        taken: Taken::default(),
        limits: Limits::default(),
    }
}

/// Takes everything that a router sends; gives the frames before the end, and how it ended.
fn drain(mut frames: impl Frames) -> (Vec<Bytes>, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut found = Vec::new();
        loop {
            match poll_fn(|cx| frames.poll_receive(cx)).await {
                Ok(Incoming::Frame(frame)) => found.push(frame),
                Ok(Incoming::Life) => {}
                Ok(Incoming::Closed(why)) | Err(why) => return (found, why),
            }
        }
    })
}

/// A stream that says what the router says, and takes everything.
fn from(bytes: &[u8]) -> impl super::super::dial::Bytestream {
    tokio::io::join(std::io::Cursor::new(bytes.to_vec()), tokio::io::sink())
}

#[test]
fn websocket_frames_survive_anything() {
    bolero::check!().with_iterations(2_000).for_each(|bytes: &[u8]| {
        let (frames, _) = drain(WebSocket::new(from(bytes), bytes.len().is_multiple_of(2), 1000));
        assert!(frames.iter().all(|frame| frame.len() <= 1000));
    });
}

#[test]
fn rawsocket_frames_survive_anything() {
    bolero::check!().with_iterations(2_000).for_each(|bytes: &[u8]| {
        let (frames, _) = drain(RawSocket::new(from(bytes), 1000));
        assert!(frames.iter().all(|frame| frame.len() <= 1000));
    });
}

#[test]
fn messages_come_out_of_frames_and_pings_between_them_are_no_messages() {
    let rawsocket = [&[0, 0, 0, 2][..], b"ab", &[1, 0, 0, 1], b"?", &[2, 0, 0, 0], &[0, 0, 0, 1], b"c"].concat();
    let (frames, why) = drain(RawSocket::new(from(&rawsocket), 1000));
    assert_eq!((frames, why.as_str()), (vec!["ab".into(), "c".into()], "the router closed it"));
    let websocket =
        [&[0x81, 2][..], b"ab", &[0x89, 1], b"?", &[0x01, 1], b"c", &[0x80, 1], b"d", &[0x88, 4, 3, 232], b"ok"];
    let (frames, why) = drain(WebSocket::new(from(&websocket.concat()), true, 1000));
    assert_eq!((frames, why.as_str()), (vec!["ab".into(), "cd".into()], "the router closed it with code 1000: ok"));
}

#[test]
fn what_is_too_large_or_of_the_wrong_kind_ends_the_connection() {
    assert!(drain(RawSocket::new(from(&[0, 0, 4, 0]), 1000)).1.contains("1024"));
    assert!(drain(WebSocket::new(from(&[0x82, 126, 4, 0]), false, 1000)).1.contains("1024"));
    assert!(drain(WebSocket::new(from(&[0x82, 1, 0]), true, 1000)).1.contains("binary"));
    assert!(drain(WebSocket::new(from(&[0x81, 1, 0x80]), true, 1000)).0.is_empty(), "not UTF-8");
}
