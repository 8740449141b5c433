//! A session against a router that says what a test wants it to say.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossgate_wamp::Value;
use crossgate_wamp::options::{RegisterOptions, SubscribeOptions};
use crossgate_wamp::rawsocket::{FrameKind, HEADER_BYTES, Prefix};
use crossgate_wamp::serializer::Serializer;
use crossgate_wamp::session::Welcome;
use crossgate_wamp::wire::Format;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;
use crate::call::Call;
use crate::error::Error;
use crate::publish::Publish;
use crate::register::{Invocation, Register};
use crate::transport::tests::rawsocket;

/// The router's end.
struct Router(DuplexStream);

impl Router {
    async fn say(&mut self, message: &str) {
        let prefix = Prefix { kind: FrameKind::Message, bytes: message.len() }.encode().unwrap();
        self.0.write_all(&[&prefix, message.as_bytes()].concat()).await.unwrap();
    }

    async fn frame(&mut self) -> (FrameKind, String) {
        let mut header = [0; HEADER_BYTES];
        self.0.read_exact(&mut header).await.unwrap();
        let prefix = Prefix::decode(header, 1 << 24).unwrap();
        let mut payload = vec![0; prefix.bytes];
        self.0.read_exact(&mut payload).await.unwrap();
        (prefix.kind, String::from_utf8(payload).unwrap())
    }

    async fn hears(&mut self, expected: &str) {
        assert_eq!(self.frame().await, (FrameKind::Message, expected.to_owned()));
    }
}

fn joined(limits: &Limits) -> (Session, Router) {
    let (ours, theirs) = duplex(1 << 16);
    let serializer = Serializer { format: Format::Json, batched: false };
    let details = Details { session: Id::FIRST, welcome: Welcome::default(), transport: "rawsocket", serializer };
    (start(rawsocket(ours, Format::Json, 1 << 20), details, limits), Router(theirs))
}

async fn registered(register: Register, handler: impl Handler) -> (Session, Router) {
    let (session, mut router) = joined(&Limits::default());
    let asking = session.clone();
    let asked = tokio::spawn(async move { asking.register(register, handler).await.map(drop) });
    let (_, message) = router.frame().await;
    assert!(message.starts_with("[64,1,{"), "{message}");
    router.say("[65,1,30]").await;
    asked.await.unwrap().unwrap();
    (session, router)
}

#[tokio::test]
async fn a_call_has_its_result_or_its_error() {
    let (session, mut router) = joined(&Limits::default());
    let script = tokio::spawn(async move {
        router.hears(r#"[48,1,{},"a.b",[1],{"x":2}]"#).await;
        router.say(r#"[50,1,{},["yes"]]"#).await;
        router.hears(r#"[48,2,{},"a.c"]"#).await;
        router.say(r#"[8,48,2,{},"a.error",["no"],{"code":7}]"#).await;
        router
    });
    let result = session.call(Call::new("a.b").arg(1_u64).kwarg("x", 2_u64)).await.unwrap();
    assert_eq!(result, Arguments::from("yes"));
    let Err(Error::Wamp(error)) = session.call(Call::new("a.c")).await else { panic!("an error") };
    assert_eq!(
        (error.uri.as_str(), error.args, error.kwargs.get("code")),
        ("a.error", vec!["no".into()], Some(&Value::from(7_u64)))
    );
    script.await.unwrap();
}

#[tokio::test]
async fn parts_come_before_the_result_and_what_is_dropped_is_canceled() {
    let (session, mut router) = joined(&Limits::default());
    let mut calling = session.start(Call::new("a.b").progress()).await.unwrap();
    router.hears(r#"[48,1,{"receive_progress":true},"a.b"]"#).await;
    router.say(r#"[50,1,{"progress":true},[1]]"#).await;
    router.say(r#"[50,1,{"progress":true},[2]]"#).await;
    router.say("[50,1,{},[3]]").await;
    for expected in [1_u64, 2] {
        assert_eq!(calling.part().await.unwrap(), Some(Arguments::from(expected)));
    }
    assert_eq!(calling.part().await.unwrap(), None);
    assert_eq!(calling.result().await.unwrap(), Arguments::from(3_u64));
    drop(session.start(Call::new("a.b")).await.unwrap());
    router.hears(r#"[48,2,{},"a.b"]"#).await;
    router.hears(r#"[49,2,{"mode":"killnowait"}]"#).await;
}

#[tokio::test]
async fn handlers_are_bounded_interrupted_and_their_panics_fail_one_call() {
    let handler = |invocation: Invocation| async move {
        match invocation.arguments.args.first().and_then(Value::as_text) {
            Some("wait") => pending().await,
            Some("panic") => panic!("on purpose"),
            _ => Err(WampError::new("a.error", "no")),
        }
    };
    let (_session, mut router) = registered(Register::new("a.p").concurrency(1), handler).await;
    router.say(r#"[68,1,30,{},["wait"]]"#).await;
    router.say(r#"[68,2,30,{}]"#).await;
    let (_, refused) = router.frame().await;
    assert!(refused.starts_with(r#"[8,68,2,{},"wamp.error.unavailable""#), "{refused}");
    router.say(r#"[69,1,{"mode":"kill"}]"#).await;
    let (_, canceled) = router.frame().await;
    assert!(canceled.starts_with(r#"[8,68,1,{},"wamp.error.canceled""#), "{canceled}");
    router.say(r#"[68,3,30,{},["panic"]]"#).await;
    let (_, failed) = router.frame().await;
    assert!(failed.starts_with(r#"[8,68,3,{},"wamp.error.runtime_error""#), "{failed}");
    assert!(!failed.contains("purpose"), "{failed}");
    router.say("[68,4,30,{}]").await;
    router.hears(r#"[8,68,4,{},"a.error",["no"]]"#).await;
}

#[tokio::test]
async fn who_leaves_finishes_what_is_under_way() {
    let started = Arc::new(tokio::sync::Notify::new());
    let release = Arc::new(tokio::sync::Notify::new());
    let (told, released) = (Arc::clone(&started), Arc::clone(&release));
    let handler = move |_: Invocation| {
        let (started, release) = (Arc::clone(&told), Arc::clone(&released));
        async move {
            started.notify_one();
            release.notified().await;
            Ok(Arguments::from("done"))
        }
    };
    let (session, mut router) = registered(Register::new("a.p"), handler).await;
    router.say("[68,1,30,{}]").await;
    started.notified().await;
    let leaving = tokio::spawn(async move { session.leave().await });
    // Whoever leaves takes nothing new.
    let answered = async {
        router.say("[68,2,30,{}]").await;
        router.frame().await.1
    };
    tokio::task::yield_now().await;
    release.notify_one();
    let first = answered.await;
    assert!(first.starts_with("[70,1,") || first.starts_with("[8,68,2,"), "{first}");
    let mut last = first;
    while !last.starts_with("[6,") {
        last = router.frame().await.1;
    }
    router.say(r#"[6,{},"wamp.close.goodbye_and_out"]"#).await;
    leaving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_router_that_breaks_the_rules_is_told_so_and_left() {
    let (session, mut router) = joined(&Limits::default());
    let calling = session.start(Call::new("a.b")).await.unwrap();
    router.hears(r#"[48,1,{},"a.b"]"#).await;
    router.say("[50,7,{}]").await;
    let (_, abort) = router.frame().await;
    assert!(abort.contains("wamp.error.protocol_violation"), "{abort}");
    assert!(matches!(session.ended().await, Ended::Violation(_)));
    assert!(matches!(calling.result().await, Err(Error::Ended(Ended::Violation(_)))));
    assert!(matches!(session.call(Call::new("a.b")).await, Err(Error::Ended(_))));
}

#[tokio::test]
async fn a_router_that_stops_or_vanishes_or_falls_silent_ends_the_session() {
    let (session, mut router) = joined(&Limits::default());
    router.say(r#"[6,{},"wamp.close.system_shutdown"]"#).await;
    router.hears(r#"[6,{},"wamp.close.goodbye_and_out"]"#).await;
    assert!(matches!(session.ended().await, Ended::Goodbye { reason, .. } if reason == uris::close::SYSTEM_SHUTDOWN));

    let (session, router) = joined(&Limits::default());
    drop(router);
    assert!(matches!(session.ended().await, Ended::Lost(_)));

    let limits = Limits { ping: Some(Duration::from_millis(20)), rawsocket_ping: true, ..Limits::default() };
    let (session, mut router) = joined(&limits);
    assert_eq!(router.frame().await.0, FrameKind::Ping);
    assert_eq!(session.ended().await, Ended::Lost("the router gives no sign of life".into()));

    let limits = Limits { send: Duration::from_millis(20), ..Limits::default() };
    let (session, _router) = joined(&limits);
    // More than anybody buffers on the way.
    for _ in 0..4 {
        let _ = session.publish_unacknowledged(Publish::new("a.t").arg("x".repeat(60_000))).await;
    }
    assert_eq!(session.ended().await, Ended::Lost("the router takes nothing of what is sent to it".into()));
}

#[tokio::test]
async fn limits_are_kept_before_anything_is_sent() {
    let (session, mut router) = joined(&Limits { requests_max: 1, ..Limits::default() });
    let too_large = session.call(Call::new("a.b").arg("x".repeat(2 << 20))).await;
    assert!(matches!(too_large, Err(Error::TooLarge { .. })), "{too_large:?}");
    let first = session.start(Call::new("a.b")).await.unwrap();
    assert!(matches!(session.call(Call::new("a.b")).await, Err(Error::Busy(1))));
    router.hears(r#"[48,1,{},"a.b"]"#).await;
    router.say("[50,1,{}]").await;
    first.result().await.unwrap();
}

#[test]
fn a_session_survives_any_router() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    bolero::check!().with_iterations(300).for_each(|bytes: &[u8]| {
        let calls = Arc::clone(&calls);
        runtime.block_on(async move {
            let (session, mut router) = joined(&Limits::default());
            let handler = move |_: Invocation| {
                calls.fetch_add(1, Ordering::Relaxed);
                async { Ok(Arguments::none()) }
            };
            let _calling = session.start(Call::new("a.b").progress()).await;
            let script = async {
                // Right at first, then almost, and then anything.
                let (_call, _register) = (router.frame().await, router.frame().await);
                router.say("[65,2,30]").await;
                let _subscribe = router.frame().await;
                for message in ["[33,3,40]", "[68,1,30,{}]", "[36,40,1,{}]"] {
                    router.say(message).await;
                }
                let (_, answer) = router.frame().await;
                assert_eq!(answer, "[70,1,{}]");
                for piece in bytes.chunks(16) {
                    let kind = piece.first().copied().unwrap_or_default();
                    router.say(&format!("[{kind},{},30,{{}}]", piece.len() % 4)).await;
                }
                let _ = router.0.write_all(bytes).await;
                let _ = router.0.shutdown().await;
                // What the session says is thrown away, until it has nothing more to say.
                let _ = tokio::io::copy(&mut router.0, &mut tokio::io::sink()).await;
            };
            let users = async {
                let asked = Register::new("a.p").options(RegisterOptions::default());
                let _ = session.register(asked, handler).await;
                if let Ok(mut subscription) = session.subscribe("a.t", SubscribeOptions::default()).await {
                    while let Ok(Some(_)) = subscription.next().await {}
                }
                session.ended().await
            };
            tokio::join!(script, users);
        });
    });
    assert!(calls.load(Ordering::Relaxed) > 0, "calls arrive at all");
}
