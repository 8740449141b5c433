//! New certificates and settings while connections are open.

use std::sync::Arc;

use rustls::HandshakeKind;
use serde_json::{Value, json};
use tokio_rustls::client::TlsStream;

use crate::client::{BOTH, ask, handshake, http, trusting};
use crate::pki::{Pki, authority};
use crate::served::{Served, plain};

fn config(certificate: &Value) -> Value {
    json!({"listeners": [{"name": "tls", "address": "127.0.0.1:0", "tls": {"certificates": [certificate]}}]})
}

fn presented<S>(stream: &TlsStream<S>) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn a_new_certificate_is_presented_and_open_connections_go_on() {
    let pki = Pki::new();
    let served = Served::start(config(&pki.server("old", &["localhost"]))).await;
    let client = Arc::new(trusting(&pki, None, BOTH, &["http/1.1"]));
    let mut old = handshake(served.address("tls"), &client, "localhost").await.unwrap();
    assert!(ask(&mut old, "/whoami").await.starts_with("HTTP/1.1 200"));
    served.edge.reload(serde_json::from_value(config(&pki.server("new", &["localhost"]))).unwrap()).unwrap();
    let new = handshake(served.address("tls"), &client, "localhost").await.unwrap();
    assert_ne!(presented(&old), presented(&new));
    assert!(ask(&mut old, "/whoami").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_session_is_resumed_until_a_reload_forgets_it() {
    let pki = Pki::new();
    let certificate = pki.server("server", &["localhost"]);
    let served = Served::start(config(&certificate)).await;
    let client = Arc::new(trusting(&pki, None, BOTH, &["http/1.1"]));
    let mut kinds = Vec::new();
    for reload in [false, false, true] {
        if reload {
            served.edge.reload(serde_json::from_value(config(&certificate)).unwrap()).unwrap();
        }
        let mut stream = handshake(served.address("tls"), &client, "localhost").await.unwrap();
        ask(&mut stream, "/whoami").await;
        kinds.push(stream.get_ref().1.handshake_kind());
    }
    assert_eq!(kinds[1], Some(HandshakeKind::Resumed));
    assert_ne!(kinds[2], Some(HandshakeKind::Resumed), "who was let in by the old revocation lists is checked anew");
}

#[tokio::test]
async fn a_certificate_revoked_by_a_reload_is_refused_from_then_on() {
    let pki = Pki::new();
    let server = pki.server("server", &["localhost"]);
    let with = |crls: Value| {
        let tls = json!({"certificates": [server], "client_ca": authority(&pki), "client_certificate": "required", "crls": crls});
        json!({"listeners": [{"name": "tls", "address": "127.0.0.1:0", "tls": tls}]})
    };
    let served = Served::start(with(json!([]))).await;
    let partner = pki.client("partner", 66);
    let client = Arc::new(trusting(&pki, Some(&partner), BOTH, &["http/1.1"]));
    let mut stream = handshake(served.address("tls"), &client, "localhost").await.unwrap();
    assert!(ask(&mut stream, "/whoami").await.contains("partner"));
    served.edge.reload(serde_json::from_value(with(json!([pki.revoke("list.crl", &[66], 2999)]))).unwrap()).unwrap();
    let refused = match handshake(served.address("tls"), &client, "localhost").await {
        Err(_) => true,
        // TLS 1.3: the client has finished before the server has looked.
        Ok(mut stream) => crate::client::rest(&mut stream).await.is_empty(),
    };
    assert!(refused, "the ticket of the first connection does not help");
    assert_eq!(crate::client::rest(&mut stream).await, "", "and the first connection has been closed");
}

#[tokio::test]
async fn a_configuration_that_is_wrong_or_moves_a_listener_changes_nothing() {
    let served = Served::plain(json!({})).await;
    let cases = [
        (json!({"listeners": []}), "needs a restart"),
        (json!({"listeners": [{"name": "other", "address": "127.0.0.1:0"}]}), "needs a restart"),
        (json!({"listeners": [{"name": "plain", "address": "127.0.0.1:1"}]}), "needs a restart"),
        (json!({"listeners": [plain(json!({"limits": {"connections": 0}}))]}), "limits.connections"),
        (json!({"listeners": [plain(json!({}))], "cors": {"origins": ["*"]}}), "is not an origin"),
    ];
    for (config, expected) in cases {
        let error = served.edge.reload(serde_json::from_value(config).unwrap()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(http().get(served.url("/whoami")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_a_listener_serves_changes_for_open_connections_too() {
    let served = Served::plain(json!({})).await;
    let client = http();
    assert_eq!(client.get(served.url("/counts")).send().await.unwrap().status(), 200);
    let config = json!({"listeners": [plain(json!({"serve": ["api"]}))]});
    served.edge.reload(serde_json::from_value(config).unwrap()).unwrap();
    assert_eq!(client.get(served.url("/counts")).send().await.unwrap().status(), 404);
}
