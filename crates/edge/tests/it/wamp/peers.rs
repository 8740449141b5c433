//! How a peer is named to whoever asks about its session: as Crossbar does it, whatever it came over.

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use super::{frame, head_of, read_frame, request};
use crate::client::http;
use crate::served::{Served, plain, within};

const HELLO: &str = r#"[1,"test",{"roles":{"caller":{}}}]"#;

fn asking(session: &Value) -> String {
    json!([48, 1, {}, "wamp.session.get", [session]]).to_string()
}

fn peer(result: &Value) -> String {
    result[3][0]["transport"]["peer"].as_str().unwrap_or_else(|| panic!("{result}")).to_owned()
}

async fn over_websocket(mut stream: impl AsyncRead + AsyncWrite + Unpin, more: &str) -> String {
    let head = request(&format!("sec-websocket-protocol: wamp.2.json\r\n{more}"));
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(head_of(&mut stream).await.starts_with("HTTP/1.1 101 "));
    stream.write_all(&frame(0x81, HELLO.as_bytes())).await.unwrap();
    let welcome: Value = serde_json::from_slice(&read_frame(&mut stream).await.1).unwrap();
    stream.write_all(&frame(0x81, asking(&welcome[1]).as_bytes())).await.unwrap();
    peer(&serde_json::from_slice(&read_frame(&mut stream).await.1).unwrap())
}

async fn over_rawsocket(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    stream.write_all(&[0x7f, 0xf1, 0, 0]).await.unwrap();
    within(stream.read_exact(&mut [0; 4])).await.unwrap();
    let mut said = async |text: &str| -> Value {
        stream.write_u32(u32::try_from(text.len()).unwrap()).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = vec![0; within(stream.read_u32()).await.unwrap() as usize];
        within(stream.read_exact(&mut answer)).await.unwrap();
        serde_json::from_slice(&answer).unwrap()
    };
    let welcome = said(HELLO).await;
    peer(&said(&asking(&welcome[1])).await)
}

async fn over_longpoll(served: &Served) -> String {
    let post = async |path: &str, body: String| within(http().post(served.url(path)).body(body).send()).await.unwrap();
    let opened: Value = post("/lp/open", r#"{"protocols": ["wamp.2.json"]}"#.into()).await.json().await.unwrap();
    let base = format!("/lp/{}", opened["transport"].as_str().unwrap());
    post(&format!("{base}/send"), HELLO.into()).await;
    let welcome: Value = post(&format!("{base}/receive"), String::new()).await.json().await.unwrap();
    post(&format!("{base}/send"), asking(&welcome[1])).await;
    peer(&post(&format!("{base}/receive"), String::new()).await.json().await.unwrap())
}

#[tokio::test]
async fn a_peer_is_named_by_family_address_and_port_over_every_transport() {
    let served = Served::listeners(json!([plain(json!({}))])).await;
    let dial = async || TcpStream::connect(served.address("plain")).await.unwrap();
    let stream = dial().await;
    let own = stream.local_addr().unwrap().port();
    assert_eq!(over_websocket(stream, "").await, format!("tcp4:127.0.0.1:{own}"));
    let stream = dial().await;
    let own = stream.local_addr().unwrap().port();
    assert_eq!(over_rawsocket(stream).await, format!("tcp4:127.0.0.1:{own}"));
    let named = over_longpoll(&served).await;
    let port = named.strip_prefix("tcp4:127.0.0.1:").and_then(|port| port.parse::<u16>().ok());
    assert!(port.is_some_and(|port| port > 0), "{named}");
}

#[tokio::test]
async fn of_a_caller_behind_a_trusted_proxy_the_address_is_told_and_no_port() {
    let served = Served::listeners(json!([plain(json!({"trusted_proxies": ["127.0.0.1"]}))])).await;
    for (address, named) in [("192.0.2.7", "tcp4:192.0.2.7:0"), ("2001:db8::7", "tcp6:2001:db8::7:0")] {
        let stream = TcpStream::connect(served.address("plain")).await.unwrap();
        assert_eq!(over_websocket(stream, &format!("x-forwarded-for: {address}\r\n")).await, named);
    }
}

#[tokio::test]
async fn over_a_unix_socket_a_peer_is_named_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("peers.sock");
    let address = format!("unix:{}", path.display());
    let served = Served::listeners(json!([{"name": "unix", "address": address}])).await;
    let dial = async || within(UnixStream::connect(&path)).await.unwrap();
    assert_eq!(over_websocket(dial().await, "").await, address);
    assert_eq!(over_rawsocket(dial().await).await, address);
    drop(served);
}
