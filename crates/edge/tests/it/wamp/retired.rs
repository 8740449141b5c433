//! Sessions of those who showed a certificate, when the lists that it was checked by are replaced: they end, whatever they
//! came over, and those of others go on.

use std::sync::Arc;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{end, frame, head_of, listening, read_close, read_frame, request};
use crate::client::{BOTH, handshake, https, rest, trusting};
use crate::pki::{Credential, Pki, authority};
use crate::served::{Served, within};

/// The serial number of the one that is revoked.
const REVOKED: u64 = 66;

struct House {
    pki: Pki,
    server: Value,
    served: Served,
}

impl House {
    async fn new() -> Self {
        let pki = Pki::new();
        let server = pki.server("server", &["localhost"]);
        let served = listening(listeners(&pki, &server, json!([]))).await;
        Self { pki, server, served }
    }

    /// Puts a list in force that has the one on it.
    fn revoke(&self) {
        let list = self.pki.revoke("list.crl", &[REVOKED], 2999);
        let config = json!({"listeners": listeners(&self.pki, &self.server, json!([list]))});
        self.served.edge.reload(serde_json::from_value(config).unwrap()).unwrap();
    }

    async fn dial(&self, credential: Option<&Credential>) -> TlsStream<TcpStream> {
        let client = Arc::new(trusting(&self.pki, credential, BOTH, &["http/1.1"]));
        handshake(self.served.address("tls"), &client, "localhost").await.unwrap()
    }

    async fn websocket(&self, credential: Option<&Credential>) -> TlsStream<TcpStream> {
        let mut stream = self.dial(credential).await;
        stream.write_all(request("sec-websocket-protocol: wamp.2.json\r\n").as_bytes()).await.unwrap();
        assert!(head_of(&mut stream).await.starts_with("HTTP/1.1 101 "));
        echoes(&mut stream).await;
        stream
    }

    async fn rawsocket(&self, credential: Option<&Credential>) -> TlsStream<TcpStream> {
        let mut stream = self.dial(credential).await;
        stream.write_all(&[0x7f, 0xf1, 0, 0]).await.unwrap();
        within(stream.read_exact(&mut [0; 4])).await.unwrap();
        raw_echoes(&mut stream).await;
        stream
    }

    fn client(&self, credential: Option<&Credential>) -> Client {
        https(trusting(&self.pki, credential, BOTH, &[]))
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.served.address("tls").port())
    }

    /// Opens a long-poll session; gives the base of its paths.
    async fn longpoll(&self, client: &Client) -> String {
        let opened = client.post(self.url("/lp/open")).body(r#"{"protocols": ["wamp.2.json"]}"#).send();
        let opened: Value = within(opened).await.unwrap().json().await.unwrap();
        self.url(&format!("/lp/{}", opened["transport"].as_str().unwrap()))
    }
}

fn listeners(pki: &Pki, server: &Value, crls: Value) -> Value {
    let tls =
        json!({"certificates": [server], "client_ca": authority(pki), "client_certificate": "optional", "crls": crls});
    json!([{"name": "tls", "address": "127.0.0.1:0", "tls": tls, "wamp": {"longpoll": {"poll_ms": 60_000}}}])
}

async fn echoes(stream: &mut TlsStream<TcpStream>) {
    stream.write_all(&frame(0x81, b"[1]")).await.unwrap();
    assert_eq!(read_frame(stream).await, (0x81, b"[1]".to_vec()));
}

async fn raw_echoes(stream: &mut TlsStream<TcpStream>) {
    stream.write_all(&[0, 0, 0, 3, b'[', b'2', b']']).await.unwrap();
    let mut back = [0; 7];
    within(stream.read_exact(&mut back)).await.unwrap();
    assert_eq!(&back, b"\0\0\0\x03[2]");
}

#[tokio::test]
async fn a_holder_over_websocket_or_rawsocket_goes_when_the_lists_are_replaced_and_others_stay() {
    let house = House::new().await;
    let partner = house.pki.client("partner", REVOKED);
    let (mut holder, mut other) = (house.websocket(Some(&partner)).await, house.websocket(None).await);
    let (mut raw_holder, mut raw_other) = (house.rawsocket(Some(&partner)).await, house.rawsocket(None).await);
    house.revoke();
    assert_eq!(read_close(&mut holder).await.0, 1000);
    assert!(end(&mut raw_holder).await.is_empty());
    for _ in 0..2 {
        echoes(&mut other).await;
        raw_echoes(&mut raw_other).await;
    }
    let again = trusting(&house.pki, Some(&partner), BOTH, &["http/1.1"]);
    let refused = match handshake(house.served.address("tls"), &Arc::new(again), "localhost").await {
        Err(_) => true,
        // TLS 1.3: the client has finished before the server has looked.
        Ok(mut stream) => rest(&mut stream).await.is_empty(),
    };
    assert!(refused, "and does not come back");
}

#[tokio::test]
async fn a_holders_long_poll_session_ends_too_and_others_stay() {
    let house = House::new().await;
    let mut ends = Vec::new();
    // One is revoked, the other is not: both are asked to come anew.
    for (name, serial) in [("partner", REVOKED), ("partner", REVOKED + 1)] {
        let credential = house.pki.client(name, serial);
        let client = house.client(Some(&credential));
        let base = house.longpoll(&client).await;
        assert_eq!(client.post(format!("{base}/send")).body("[1]").send().await.unwrap().status(), 204);
        assert_eq!(client.post(format!("{base}/receive")).send().await.unwrap().text().await.unwrap(), "[1]");
        let waiting = client.post(format!("{base}/receive")).send();
        ends.push((tokio::spawn(waiting), credential, base));
    }
    let stranger = house.client(None);
    let own = house.longpoll(&stranger).await;
    house.revoke();
    for (waiting, credential, base) in ends {
        // Either its answer came, or the connection went first; the session is over in any case.
        if let Ok(answer) = within(waiting).await.unwrap() {
            assert_eq!(answer.status(), 404);
        }
        let after = house.client(Some(&credential)).post(format!("{base}/receive")).send();
        assert!(within(after).await.map_or(true, |answer| answer.status() == 404));
    }
    assert_eq!(stranger.post(format!("{own}/send")).body("[3]").send().await.unwrap().status(), 204);
    assert_eq!(stranger.post(format!("{own}/receive")).send().await.unwrap().text().await.unwrap(), "[3]");
}

#[tokio::test]
async fn a_session_that_a_holder_opens_on_a_connection_from_before_ends_as_well() {
    let house = House::new().await;
    let credential = house.pki.client("partner", REVOKED + 1);
    let mut before = house.dial(Some(&credential)).await;
    let body = r#"{"protocols": ["wamp.2.json"]}"#;
    let head = format!(
        "POST /lp/open HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    before.write_all(head.as_bytes()).await.unwrap();
    assert!(head_of(&mut before).await.starts_with("HTTP/1.1 100 "), "the request is under way");
    house.revoke();
    before.write_all(body.as_bytes()).await.unwrap();
    let answer = rest(&mut before).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let opened = answer.split_once("\r\n\r\n").unwrap().1;
    let opened: Value = serde_json::from_str(opened).unwrap();
    let url = house.url(&format!("/lp/{}/receive", opened["transport"].as_str().unwrap()));
    let late = house.client(Some(&credential)).post(url).send();
    assert_eq!(within(late).await.unwrap().status(), 404);
}
