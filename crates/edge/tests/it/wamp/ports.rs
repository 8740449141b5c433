//! Everything on one port, told apart by the first bytes.

use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_websockets::Message;

use super::{connect, echoing, listening};
use crate::client::{BOTH, ask, handshake, trusting};
use crate::pki::Pki;
use crate::served::within;

async fn speaks_websocket(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut socket = connect(stream, "wamp.2.cbor", &[]).await.unwrap();
    for size in [1, 100_000] {
        within(socket.send(Message::binary(vec![7; size]))).await.unwrap();
        assert_eq!(within(socket.next()).await.unwrap().unwrap().as_payload().len(), size);
    }
}

async fn speaks_rawsocket(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    stream.write_all(&[0x7f, 0xf3, 0, 0]).await.unwrap();
    stream.write_all(&[0, 0, 0, 2, 1, 2]).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = [0; 10];
    within(stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, [0x7f, 0xf3, 0, 0, 0, 0, 0, 2, 1, 2]);
}

#[tokio::test]
async fn a_plain_port_speaks_http_websocket_and_rawsocket() {
    let served = echoing(json!({})).await;
    let address = served.address("plain");
    let open = async || TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut open().await, "/whoami").await.starts_with("HTTP/1.1 200"));
    speaks_websocket(open().await).await;
    speaks_rawsocket(open().await).await;
    let mut kept = open().await;
    assert!(ask(&mut kept, "/whoami").await.starts_with("HTTP/1.1 200"));
    speaks_websocket(kept).await;
}

#[tokio::test]
async fn a_tls_port_speaks_them_all_too() {
    let pki = Pki::new();
    let tls = json!({"certificates": [pki.server("server", &["localhost"])]});
    let served = listening(json!([{"name": "tls", "address": "127.0.0.1:0", "tls": tls}])).await;
    for version in BOTH {
        for protocols in [&[][..], &["http/1.1"]] {
            let config = Arc::new(trusting(&pki, None, &[version], protocols));
            let open = async || handshake(served.address("tls"), &config, "localhost").await.unwrap();
            assert!(ask(&mut open().await, "/whoami").await.starts_with("HTTP/1.1 200"));
            speaks_websocket(open().await).await;
            speaks_rawsocket(open().await).await;
        }
    }
    let mut plain = TcpStream::connect(served.address("tls")).await.unwrap();
    plain.write_all(&[0x7f, 0xf3, 0, 0]).await.unwrap();
    assert!(super::end(&mut plain).await.is_empty(), "without TLS a TLS port says nothing to it");
}

#[tokio::test]
async fn a_unix_socket_speaks_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wamp.sock");
    let served = listening(json!([{"name": "unix", "address": format!("unix:{}", path.display())}])).await;
    let open = async || within(UnixStream::connect(&path)).await.unwrap();
    assert!(ask(&mut open().await, "/whoami").await.starts_with("HTTP/1.1 200"));
    speaks_websocket(open().await).await;
    speaks_rawsocket(open().await).await;
    drop(served);
}

#[tokio::test]
async fn rawsocket_is_not_spoken_where_it_is_not_served() {
    for wamp in [json!({"transports": ["websocket"]}), json!({"transports": []})] {
        let served = echoing(wamp).await;
        let mut stream = TcpStream::connect(served.address("plain")).await.unwrap();
        stream.write_all(&[0x7f, 0xf3, 0, 0]).await.unwrap();
        assert!(super::end(&mut stream).await.is_empty());
    }
}
