//! Subscriptions as Server-Sent Events.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crossgate_tests::{EventStream, Http, Visitor};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::bridge::{APP, site};
use super::reload::reload;
use super::signed_in;

async fn publish(visitor: &Visitor, topic: &str, value: impl Into<Value>) -> String {
    let answer = visitor.post("/wamp/publish", &json!({"topic": topic, "args": [value.into()]})).await;
    answer.json()["id"].as_u64().unwrap_or_else(|| panic!("{answer:?}")).to_string()
}

/// The values of the next events, with their ids.
async fn take(stream: &mut EventStream, count: usize) -> Vec<(String, Value)> {
    let mut taken = Vec::new();
    for _ in 0..count {
        let told = stream.told().await;
        assert_eq!(told.kind, "", "{told:?}");
        taken.push((told.id, told.data["args"][0].clone()));
    }
    taken
}

#[tokio::test]
async fn events_come_as_they_are_published_over_both_versions_of_http() {
    let site = site();
    let program = site.start().await;
    let token = program.visitor("tls").token(APP.0, APP.1).await;
    for http in [Http::One, Http::Two] {
        let app = program.visitor_with("tls", http, None).with_token(&token).with_header("accept-encoding", "gzip");
        let mut exact = app.events("/wamp/events?topic=com.example.news").await;
        assert_eq!(exact.header("content-type"), "text/event-stream");
        assert_eq!((exact.header("cache-control"), exact.header("content-encoding")), ("no-store", ""));
        let mut prefix = app.events("/wamp/events?topic=com.example.n&match=prefix").await;
        let first = publish(&app, "com.example.notes", "other").await;
        let second = publish(&app, "com.example.news", json!({"text": "line\nbreak"})).await;
        let told = exact.told().await;
        assert_eq!((&told.id, &told.kind[..]), (&second, ""));
        assert_eq!(
            told.data,
            json!({"topic": "com.example.news", "args": [{"text": "line\nbreak"}], "kwargs": {}, "details": {}})
        );
        assert_eq!(take(&mut prefix, 1).await, [(first, json!("other"))]);
        assert_eq!(prefix.told().await.data["topic"], "com.example.news");
    }
    program.stop().await;
}

#[tokio::test]
async fn a_stream_is_taken_up_where_it_ended() {
    let site = site();
    let program = site.start().await;
    let app = signed_in(&program, APP).await;
    let path = "/wamp/events?topic=com.example.kept.a";
    let mut stream = app.events(path).await;
    publish(&app, "com.example.kept.a", 1).await;
    let (last, _) = take(&mut stream, 1).await.remove(0);
    drop(stream);
    let mut missed = Vec::new();
    for number in 2..5 {
        missed.push((publish(&app, "com.example.kept.a", number).await, json!(number)));
        publish(&app, "com.example.kept.b", number).await;
    }
    let mut resumed = app.with_header("last-event-id", &last).events(path).await;
    assert_eq!(take(&mut resumed, 3).await, missed);
    let live = publish(&app, "com.example.kept.a", 5).await;
    assert_eq!(take(&mut resumed, 1).await, [(live, json!(5))]);
    // What is not known, or of a topic that is not kept, is said to be a gap.
    for (path, after) in [(path, "12345"), ("/wamp/events?topic=com.example.news", &last[..])] {
        let mut unknown = app.with_header("last-event-id", after).events(path).await;
        let told = unknown.told().await;
        assert_eq!((&told.kind[..], told.data["after"].to_string()), ("gap", after.to_owned()));
    }
    app.with_header("last-event-id", "x").get(path).await.problem(400);
    program.stop().await;
}

#[tokio::test]
async fn nobody_hears_what_they_may_not_and_nobody_opens_too_many() {
    let site = site();
    site.reconfigure("[bridge]", "[bridge]\nstreams_per_caller_max = 2");
    let program = site.start().await;
    let app = signed_in(&program, APP).await;
    for topic in ["com.example.secret", "org.other", "com.example.&match=prefix", "wamp.session.on_join"] {
        app.get(&format!("/wamp/events?topic={topic}")).await.problem(403);
    }
    program.visitor("tls").get("/wamp/events?topic=com.example.news").await.problem(401);
    app.get("/wamp/events?topic=no uri").await.problem(400);
    app.get("/wamp/events").await.problem(400);
    let path = "/wamp/events?topic=com.example.news";
    let first = app.events(path).await;
    let _second = app.events(path).await;
    let full = app.get(path).await;
    full.problem(429);
    assert!(!full.header("retry-after").is_empty());
    drop(first);
    crossgate_tests::until("the place is free again", async || app.opens(path).await.then_some(())).await;
    program.stop().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_grant_with_its_session_and_with_the_program() {
    let site = site();
    let program = site.start().await;
    let app = signed_in(&program, APP).await;
    let path = "/wamp/events?topic=com.example.news";
    // The session behind it is killed.
    let mut killed = app.events(path).await;
    site.reconfigure("{ uri = \"wamp.session.count\" }", "{ uri = \"wamp.session.\", match = \"prefix\" }");
    assert!(reload(&program).await.contains("configuration reloaded"));
    let body = json!({"procedure": "wamp.session.kill_all"});
    assert_eq!(app.post("/wamp/call", &body).await.json(), json!({"args": [1]}));
    let told = killed.told().await;
    assert_eq!((&told.kind[..], &told.data["reason"]), ("end", &json!("wamp.close.killed")));
    assert_eq!(killed.next().await, None);
    // The grant goes.
    let mut forbidden = app.events(path).await;
    let grant = "match = \"prefix\", actions = [\"call\", \"publish\", \"subscribe\"]";
    site.reconfigure(grant, "match = \"prefix\", actions = [\"call\", \"publish\"]");
    assert!(reload(&program).await.contains("configuration reloaded"));
    publish(&app, "com.example.news", "not for you any more").await;
    let told = forbidden.told().await;
    assert_eq!(told.kind, "end", "{told:?}");
    assert_eq!(forbidden.next().await, None);
    app.get(path).await.problem(403);
    // The program stops: streams end at once, and nobody is waited for.
    site.reconfigure("match = \"prefix\", actions = [\"call\", \"publish\"]", grant);
    assert!(reload(&program).await.contains("configuration reloaded"));
    let mut open = app.events(path).await;
    let began = Instant::now();
    let log = program.stop().await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}: {log}", began.elapsed());
    assert!(!log.contains("were cut off"), "{log}");
    assert_eq!(open.next().await, None);
}

#[tokio::test]
async fn a_reader_that_does_not_read_loses_events_and_is_told_so() {
    const EVENTS: usize = 120;
    let site = site();
    let program = site.start().await;
    let token = program.visitor("tls").token(APP.0, APP.1).await;
    let app = program.visitor("tls").with_token(&token);
    let mut slow = TcpStream::connect(&program.listener("plain").address).expect("the plain door is open");
    slow.set_read_timeout(Some(crossgate_tests::PATIENCE)).expect("a timeout can be set");
    write!(
        slow,
        "GET /wamp/events?topic=com.example.news HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
    )
    .expect("the head is sent");
    let mut begun = [0; 15];
    slow.read_exact(&mut begun).expect("an answer");
    assert_eq!(&begun, b"HTTP/1.1 200 OK");
    let large = "x".repeat(200_000);
    for _ in 0..EVENTS {
        publish(&app, "com.example.news", large.as_str()).await;
    }
    publish(&app, "com.example.news", "the last").await;
    let mut text = String::new();
    let mut piece = [0; 65_536];
    while !text.contains("the last") {
        let read = slow.read(&mut piece).expect("the stream goes on");
        assert_ne!(read, 0, "the stream ended");
        text.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    let arrived = text.matches("\"topic\":\"com.example.news\"").count();
    assert!(arrived < EVENTS, "{arrived} of {EVENTS} large events were kept for somebody who did not read");
    assert!(text.contains("event: dropped"), "and nobody told");
    program.stop().await;
}
