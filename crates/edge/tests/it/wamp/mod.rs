//! WAMP's transports, against doors that send every message back.

mod deflate;
mod drain;
mod frames;
mod handshake;
mod longpoll;
mod peers;
mod ports;
mod rawsocket;
mod retired;
mod router;
mod slow;
mod websocket;

use std::net::SocketAddr;

use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, WebSocketStream};

use crate::served::{Served, plain, within};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// One plain listener that sends messages back, with keys of its `wamp` section.
async fn echoing(wamp: Value) -> Served {
    listening(json!([plain(json!({ "wamp": wamp }))])).await
}

async fn listening(listeners: Value) -> Served {
    let served = Served::listeners(listeners).await;
    served.edge.echo();
    served
}

/// Connects with another implementation of WebSocket.
async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    protocol: &str,
    headers: &[(HeaderName, &str)],
) -> Result<WebSocketStream<S>, tokio_websockets::Error> {
    let mut builder = ClientBuilder::from_uri("ws://localhost/ws".parse().unwrap());
    if !protocol.is_empty() {
        builder = builder.add_header(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(protocol).unwrap()).unwrap();
    }
    for (name, value) in headers {
        builder = builder.add_header(name.clone(), HeaderValue::from_str(value).unwrap()).unwrap();
    }
    let (socket, answer) = within(builder.connect_on(stream)).await?;
    let chosen = answer.headers().get(SEC_WEBSOCKET_PROTOCOL).map_or("", |value| value.to_str().unwrap());
    assert!(protocol.split(',').any(|offer| offer.trim() == chosen), "`{chosen}` of `{protocol}`");
    Ok(socket)
}

async fn websocket(served: &Served, protocol: &str) -> WebSocketStream<TcpStream> {
    connect(TcpStream::connect(served.address("plain")).await.unwrap(), protocol, &[]).await.unwrap()
}

/// A connection after the handshake, for frames made by hand.
async fn upgraded(address: SocketAddr, protocol: &str, more: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = request(&format!("sec-websocket-protocol: {protocol}\r\n{more}"));
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = head_of(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    stream
}

/// A handshake, with more headers.
fn request(more: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n{more}\r\n"
    )
}

/// Reads an answer's head, byte by byte, so that nothing behind it is taken.
async fn head_of(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within(stream.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A client's frame, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x11, 0x22, 0x33, 0x44];
    let mut bytes = vec![first];
    if let Ok(length) = u8::try_from(payload.len())
        && length < 126
    {
        bytes.push(0x80 | length);
    } else if let Ok(length) = u16::try_from(payload.len()) {
        bytes.push(0x80 | 126);
        bytes.extend(length.to_be_bytes());
    } else {
        bytes.push(0x80 | 127);
        bytes.extend((payload.len() as u64).to_be_bytes());
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    bytes
}

/// Reads one of the server's frames: its first byte and its payload.
async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> (u8, Vec<u8>) {
    let first = within(stream.read_u8()).await.unwrap();
    let length = match within(stream.read_u8()).await.unwrap() {
        126 => usize::from(within(stream.read_u16()).await.unwrap()),
        127 => usize::try_from(within(stream.read_u64()).await.unwrap()).unwrap(),
        length => usize::from(length),
    };
    let mut payload = vec![0; length];
    within(stream.read_exact(&mut payload)).await.unwrap();
    (first, payload)
}

/// Reads the server's close: its code and reason.
async fn read_close(stream: &mut (impl AsyncRead + Unpin)) -> (u16, String) {
    loop {
        let (first, payload) = read_frame(stream).await;
        if first == 0x88 {
            let (code, reason) = payload.split_at(2);
            return (u16::from_be_bytes(code.try_into().unwrap()), String::from_utf8(reason.to_vec()).unwrap());
        }
    }
}

/// Waits until the server has closed the connection, and gives what it still sent.
async fn end(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut rest = Vec::new();
    let _ = within(stream.read_to_end(&mut rest)).await;
    rest
}
