//! Stopping.

use serde_json::json;
use tokio::net::TcpStream;

use crate::client::{ask, http, rest};
use crate::served::{Served, plain, within};

#[tokio::test]
async fn a_request_in_flight_is_answered_and_nobody_else_comes_in() {
    let mut served = Served::plain(json!({"timeouts": {"handshake_ms": 3_600_000}})).await;
    let (url, address) = (served.url("/slow"), served.address("plain"));
    let mut idle = TcpStream::connect(address).await.unwrap();
    ask(&mut idle, "/whoami").await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    let request = tokio::spawn(http().get(url).send());
    within(served.slow.entered.acquire()).await.unwrap().forget();
    served.tell();
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed at once");
    assert_eq!(rest(&mut silent).await, "", "and so is one that has said nothing");
    assert!(TcpStream::connect(address).await.is_err(), "the socket is closed");
    served.slow.release.add_permits(1);
    let response = within(request).await.unwrap().unwrap();
    assert_eq!(response.headers()["connection"], "close");
    assert_eq!(response.text().await.unwrap(), "\"at last\"");
    assert_eq!(served.stopped().await, 0);
}

#[tokio::test]
async fn an_http2_stream_in_flight_is_answered_too() {
    let mut served = Served::plain(json!({})).await;
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let request = tokio::spawn(client.get(served.url("/slow")).send());
    within(served.slow.entered.acquire()).await.unwrap().forget();
    served.tell();
    served.slow.release.add_permits(1);
    let response = within(request).await.unwrap().unwrap();
    assert_eq!((response.version(), response.status().as_u16()), (reqwest::Version::HTTP_2, 200));
    drop(client);
    assert_eq!(served.stopped().await, 0);
}

#[tokio::test]
async fn what_does_not_finish_in_the_drain_time_is_cut_off() {
    let mut served = Served::start(json!({"listeners": [plain(json!({}))], "drain_s": 0})).await;
    let request = tokio::spawn(http().get(served.url("/slow")).send());
    within(served.slow.entered.acquire()).await.unwrap().forget();
    served.tell();
    assert!(within(request).await.unwrap().is_err());
    assert_eq!(served.stopped().await, 1);
}

#[tokio::test]
async fn whoever_does_not_want_to_wait_cuts_off_everything_at_once() {
    let served = Served::plain(json!({})).await;
    let request = tokio::spawn(http().get(served.url("/slow")).send());
    within(served.slow.entered.acquire()).await.unwrap().forget();
    served.abort();
    assert!(within(request).await.unwrap().is_err());
}
