//! The transports with the router behind them.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::rawsocket::shaken;
use super::{end, frame, read_close, read_frame, upgraded};
use crate::client::http;
use crate::served::{Served, plain, within};

const WELCOME: u64 = 2;
const ABORT: u64 = 3;
const GOODBYE: u64 = 6;

fn hello(realm: &str) -> String {
    json!([1, realm, {"roles": {"caller": {}}}]).to_string()
}

async fn served(wamp: Value) -> Served {
    Served::listeners(json!([plain(json!({ "wamp": wamp }))])).await
}

async fn told(stream: &mut TcpStream) -> Value {
    let (first, payload) = read_frame(stream).await;
    assert_eq!(first, 0x81);
    serde_json::from_slice(&payload).unwrap()
}

async fn joined(served: &Served) -> TcpStream {
    let mut stream = upgraded(served.address("plain"), "wamp.2.json", "").await;
    stream.write_all(&frame(0x81, hello("test").as_bytes())).await.unwrap();
    let welcome = told(&mut stream).await;
    assert_eq!((&welcome[0], &welcome[2]["authmethod"]), (&json!(WELCOME), &json!("anonymous")));
    stream
}

#[tokio::test]
async fn a_client_joins_and_leaves_and_may_join_again_on_the_same_connection() {
    let served = served(json!({})).await;
    let mut stream = joined(&served).await;
    stream.write_all(&frame(0x81, br#"[6,{},"wamp.close.close_realm"]"#)).await.unwrap();
    assert_eq!(told(&mut stream).await[0], GOODBYE);
    stream.write_all(&frame(0x81, hello("test").as_bytes())).await.unwrap();
    assert_eq!(told(&mut stream).await[0], WELCOME);
}

#[tokio::test]
async fn a_realm_that_is_not_served_here_is_refused_and_the_connection_closed() {
    for (wamp, realm) in [(json!({}), "nowhere"), (json!({"realms": ["other"]}), "test")] {
        let served = served(wamp).await;
        let mut stream = upgraded(served.address("plain"), "wamp.2.json", "").await;
        stream.write_all(&frame(0x81, hello(realm).as_bytes())).await.unwrap();
        let abort = told(&mut stream).await;
        assert_eq!((&abort[0], &abort[2]), (&json!(ABORT), &json!("wamp.error.no_such_realm")));
        assert_eq!(read_close(&mut stream).await.0, 1000);
    }
}

#[tokio::test]
async fn what_breaks_the_protocol_is_told_before_the_connection_closes() {
    let served = served(json!({})).await;
    let mut stream = joined(&served).await;
    stream.write_all(&frame(0x81, hello("test").as_bytes())).await.unwrap();
    let abort = told(&mut stream).await;
    assert_eq!((&abort[0], &abort[2]), (&json!(ABORT), &json!("wamp.error.protocol_violation")));
    assert_eq!(read_close(&mut stream).await.0, 1000);
}

#[tokio::test]
async fn at_the_stop_the_router_says_goodbye_and_waits_for_the_answer() {
    let mut served = served(json!({})).await;
    let mut stream = joined(&served).await;
    served.tell();
    let goodbye = told(&mut stream).await;
    assert_eq!((&goodbye[0], &goodbye[2]), (&json!(GOODBYE), &json!("wamp.close.system_shutdown")));
    stream.write_all(&frame(0x81, br#"[6,{},"wamp.close.goodbye_and_out"]"#)).await.unwrap();
    assert_eq!(read_close(&mut stream).await.0, 1000);
    stream.write_all(&frame(0x88, &[0x03, 0xe8])).await.unwrap();
    assert!(end(&mut stream).await.is_empty());
    assert_eq!(served.stopped().await, 0);
}

#[tokio::test]
async fn who_does_not_join_is_closed_although_it_was_told_no_realm_before() {
    let served = served(json!({"join_ms": 200, "ping_ms": 0})).await;
    let mut stream = joined(&served).await;
    stream.write_all(&frame(0x81, br#"[6,{},"wamp.close.close_realm"]"#)).await.unwrap();
    assert_eq!(told(&mut stream).await[0], GOODBYE);
    assert_eq!(read_close(&mut stream).await.0, 1008);
}

#[tokio::test]
async fn rawsocket_and_long_poll_lead_to_the_same_realm() {
    let served = served(json!({})).await;
    let (mut stream, _) = shaken(&served, [0x7f, 0xf1, 0, 0]).await;
    let hello = hello("test");
    stream.write_u32(u32::try_from(hello.len()).unwrap()).await.unwrap();
    stream.write_all(hello.as_bytes()).await.unwrap();
    let length = within(stream.read_u32()).await.unwrap();
    let mut welcome = vec![0; length as usize];
    within(stream.read_exact(&mut welcome)).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&welcome).unwrap()[0], WELCOME);

    let opened = http().post(served.url("/lp/open")).body(r#"{"protocols": ["wamp.2.json"]}"#).send().await.unwrap();
    let opened: Value = opened.json().await.unwrap();
    let base = served.url(&format!("/lp/{}", opened["transport"].as_str().unwrap()));
    assert_eq!(http().post(format!("{base}/send")).body(hello).send().await.unwrap().status(), 204);
    let welcome: Value = http().post(format!("{base}/receive")).send().await.unwrap().json().await.unwrap();
    assert_eq!(welcome[0], WELCOME);
    let goodbye = http().post(format!("{base}/send")).body(r#"[6,{},"wamp.close.close_realm"]"#).send().await.unwrap();
    assert_eq!(goodbye.status(), 204);
    let goodbye: Value = http().post(format!("{base}/receive")).send().await.unwrap().json().await.unwrap();
    assert_eq!(goodbye[0], GOODBYE);
}
