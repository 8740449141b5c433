//! HTTP long-poll, as autobahn-js does it.

use http::StatusCode;
use reqwest::Client;
use serde_json::{Value, json};

use super::{echoing, listening};
use crate::client::http;
use crate::served::{API_KEY, Served, plain, within};

async fn post(client: &Client, url: &str, body: impl Into<reqwest::Body>) -> (StatusCode, Vec<u8>) {
    let response = within(client.post(url).header("content-type", "application/json").body(body).send()).await.unwrap();
    (response.status(), response.bytes().await.unwrap().to_vec())
}

/// Opens a session; gives the base of its paths.
async fn open(served: &Served, protocol: &str) -> String {
    let (status, body) = post(&http(), &served.url("/lp/open?x=1"), json!({"protocols": [protocol]}).to_string()).await;
    assert_eq!(status, 200);
    let opened: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(opened["protocol"], protocol);
    served.url(&format!("/lp/{}", opened["transport"].as_str().unwrap()))
}

#[tokio::test]
async fn messages_go_there_and_back_one_at_a_time() {
    let served = echoing(json!({})).await;
    let base = open(&served, "wamp.2.json").await;
    let client = http();
    for text in ["[1]", "[2]"] {
        assert_eq!(post(&client, &format!("{base}/send"), text).await, (StatusCode::NO_CONTENT, vec![]));
    }
    for text in ["[1]", "[2]"] {
        assert_eq!(post(&client, &format!("{base}/receive"), "").await, (StatusCode::OK, text.as_bytes().to_vec()));
    }
    assert_eq!(post(&client, &format!("{base}/close"), "").await.0, 204);
    let gone = post(&client, &format!("{base}/receive"), "").await;
    assert_eq!(gone.0, 404, "{}", String::from_utf8_lossy(&gone.1));
}

#[tokio::test]
async fn batched_forms_take_and_give_several_at_once() {
    let served = echoing(json!({})).await;
    let base = open(&served, "wamp.2.json.batched").await;
    let client = http();
    assert_eq!(post(&client, &format!("{base}/send"), "[1]\u{18}[2]\u{18}[3]\u{18}").await.0, 204);
    assert_eq!(post(&client, &format!("{base}/receive"), "").await.1, b"[1]\x18[2]\x18[3]\x18");
    assert_eq!(post(&client, &format!("{base}/send"), "").await.0, 204);
    let base = open(&served, "wamp.2.cbor.batched").await;
    assert_eq!(post(&client, &format!("{base}/send"), vec![0, 0, 0, 9]).await.0, 400, "a batch that is malformed");
}

#[tokio::test]
async fn a_receive_waits_for_a_message_and_the_newest_one_gets_it() {
    let served = echoing(json!({})).await;
    let base = open(&served, "wamp.2.json").await;
    let receive = format!("{base}/receive");
    let first = tokio::spawn({
        let receive = receive.clone();
        async move { post(&http(), &receive, "").await }
    });
    let second = async { post(&http(), &receive, "").await };
    let send = async {
        // The first is answered because the second came; only then is there a message.
        let first = within(first).await.unwrap();
        post(&http(), &format!("{base}/send"), "[1]").await;
        first
    };
    let (second, first) = within(async { tokio::join!(second, send) }).await;
    let mut answers = [first, second];
    answers.sort_by_key(|(status, _)| *status);
    assert_eq!(answers, [(StatusCode::OK, b"[1]".to_vec()), (StatusCode::NO_CONTENT, vec![])]);
}

#[tokio::test]
async fn nothing_to_receive_is_said_after_a_while_and_an_abandoned_session_ends() {
    let served = echoing(json!({"longpoll": {"poll_ms": 50, "idle_ms": 200, "sessions_per_ip": 1}})).await;
    let base = open(&served, "wamp.2.json").await;
    let client = http();
    assert_eq!(post(&client, &format!("{base}/send"), "[1]").await.0, 204);
    assert_eq!(post(&client, &format!("{base}/receive"), "").await.0, 200);
    assert_eq!(post(&client, &format!("{base}/receive"), "").await.0, 204);
    // Its place is given back.
    let again = json!({"protocols": ["wamp.2.json"]}).to_string();
    within(async { while post(&client, &served.url("/lp/open"), again.clone()).await.0 != 200 {} }).await;
    assert_eq!(post(&client, &format!("{base}/receive"), "").await.0, 404);
}

#[tokio::test]
async fn a_session_belongs_to_whoever_opened_it() {
    let served = echoing(json!({})).await;
    let base = open(&served, "wamp.2.json").await;
    let other = http().post(format!("{base}/send")).header("x-api-key", API_KEY).body("[1]");
    assert_eq!(other.send().await.unwrap().status(), 404, "to others it does not exist");
    assert_eq!(post(&http(), &format!("{base}/send"), "[1]").await.0, 204);
    let forged = served.url("/lp/0123456789abcdef/send");
    assert_eq!(post(&http(), &forged, "[1]").await.0, 404);
    let wrong = http().post(served.url("/lp/open")).header("x-api-key", "a key that nobody knows").body("{}");
    assert_eq!(wrong.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn sessions_are_limited_in_all_and_by_address_and_places_are_given_back() {
    let served = echoing(json!({"longpoll": {"sessions_per_ip": 1}})).await;
    let base = open(&served, "wamp.2.json").await;
    let again = json!({"protocols": ["wamp.2.json"]}).to_string();
    assert_eq!(post(&http(), &served.url("/lp/open"), again.clone()).await.0, 429);
    post(&http(), &format!("{base}/close"), "").await;
    within(async { while post(&http(), &served.url("/lp/open"), again.clone()).await.0 != 200 {} }).await;
    let served = echoing(json!({"longpoll": {"sessions": 1}})).await;
    open(&served, "wamp.2.json").await;
    assert_eq!(post(&http(), &served.url("/lp/open"), again).await.0, 503);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_a_sentence() {
    let served = listening(json!([plain(json!({"wamp": {"serializers": ["json"], "message_bytes_max": 4096}}))])).await;
    let said = async |path: &str, body: &str| {
        let (status, body) = post(&http(), &served.url(path), body.to_owned()).await;
        (status.as_u16(), String::from_utf8(body).unwrap())
    };
    let (status, text) = said("/lp/open", "{}").await;
    assert!(status == 400 && text.contains("the body must be"), "{text}");
    let (status, text) = said("/lp/open", r#"{"protocols": ["wamp.2.cbor"]}"#).await;
    assert!(status == 400 && text.contains("wamp.2.json"), "{text}");
    assert_eq!(http().get(served.url("/lp/open")).send().await.unwrap().status(), 405);
    let base = open(&served, "wamp.2.json").await;
    assert_eq!(post(&http(), &format!("{base}/send"), "a".repeat(4097)).await.0, 413);
    let foreign = http().post(served.url("/lp/open")).header("origin", "https://evil.example").body("{}");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
}
