//! Authenticators over WAMP: asked by the router, in another realm, while a client says HELLO.

use std::sync::Arc;

use crossgate_wamp::options::{Policy, RegisterOptions};
use crossgate_wamp::session::Welcome;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Dict, Map, Message, Text, Value};
use tokio::task::JoinHandle;

use super::client::{Client, World, everything, text};

/// A worker in the authenticators' realm.
async fn authenticator(world: &World) -> Client {
    let mut client = world.join_as(Format::Cbor, "realm2", Some("wanda"), everything()).await;
    let options = RegisterOptions { invoke: Policy::RoundRobin, ..RegisterOptions::default() };
    client.registered("com.authenticate", options).await;
    client
}

/// A client that joins with a ticket, and what it hears in the end.
fn join(world: &Arc<World>) -> JoinHandle<(Client, Message)> {
    let world = Arc::clone(world);
    tokio::spawn(async move {
        let mut client = world.connect_at("dynamic");
        client.hello("realm1", Some("dora"), everything()).await;
        assert!(matches!(client.next().await, Message::Challenge { .. }));
        let (signature, extra) = (Text::from("sesame"), Dict::empty(client.format));
        client.send(Message::Authenticate { signature, extra }).await;
        let answer = client.next().await;
        (client, answer)
    })
}

fn refusal(answer: &Message) -> &str {
    match answer {
        Message::Abort { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_authenticator_in_another_realm_decides_who_joins_and_as_what() {
    let world = Arc::new(World::new().await);
    let mut authenticator = authenticator(&world).await;
    for (verdict, expected) in [
        (text("worker"), Ok(("dora", "worker"))),
        (Map::new().with("role", "worker").with("authid", "dorothy").into(), Ok(("dorothy", "worker"))),
        (text("trusted"), Err(())),
        (text("no such role"), Err(())),
        (Value::from(7_u64), Err(())),
    ] {
        let joining = join(&world);
        let invocation = authenticator.invocation().await;
        let args = invocation.payload.arg_values().unwrap();
        assert_eq!(args[..2], [text("realm1"), text("dora")]);
        let details = args[2].as_map().unwrap();
        assert_eq!(details.get("ticket").and_then(Value::as_text), Some("sesame"));
        authenticator.answer(invocation.request, std::slice::from_ref(&verdict)).await;
        let (_client, answer) = joining.await.unwrap();
        match (answer, expected) {
            (Message::Welcome { details, .. }, Ok(expected)) => {
                let auth = Welcome::read(&details).unwrap().auth;
                assert_eq!((auth.authid.as_str(), auth.authrole.as_str()), expected);
                assert_eq!((auth.realm.as_str(), auth.authprovider.as_str()), ("realm1", "dynamic"));
            }
            (Message::Abort { .. }, Err(())) => {}
            (answer, _) => panic!("{verdict:?}: {answer:?}"),
        }
    }
}

#[tokio::test]
async fn an_authenticators_error_is_what_the_client_hears() {
    let world = Arc::new(World::new().await);
    let mut authenticator = authenticator(&world).await;
    let joining = join(&world);
    let invocation = authenticator.invocation().await;
    authenticator.fail(invocation.request, "com.error.denied").await;
    assert_eq!(refusal(&joining.await.unwrap().1), "com.error.denied");
}

#[tokio::test]
async fn an_authenticator_that_dies_is_replaced_by_the_next_and_the_client_does_not_notice() {
    let world = Arc::new(World::new().await);
    let (mut first, mut second) = (authenticator(&world).await, authenticator(&world).await);
    let joining = join(&world);
    first.invocation().await;
    first.lose().await;
    let invocation = second.invocation().await;
    second.answer(invocation.request, &[text("worker")]).await;
    assert!(matches!(joining.await.unwrap().1, Message::Welcome { .. }));
}

#[tokio::test]
async fn an_authenticator_that_is_not_there_or_does_not_answer_lets_nobody_in() {
    let world = Arc::new(World::new().await);
    assert_eq!(refusal(&join(&world).await.unwrap().1), "wamp.error.no_such_procedure");
    let mut silent = authenticator(&world).await;
    let joining = join(&world);
    silent.invocation().await;
    refusal(&joining.await.unwrap().1);
}

#[tokio::test]
async fn however_many_join_the_rates_of_callers_do_not_keep_the_router_from_asking() {
    let mut identity = super::client::identity();
    identity["caller_rate"] = serde_json::json!({"per_second": 0.001, "burst": 2});
    let rate = serde_json::json!({"per_second": 0.001, "burst": 2});
    identity["roles"]["operator"] = serde_json::json!({"allow": [{"uri": "com.", "match": "prefix"}], "rate": rate});
    let world = Arc::new(World::with_identity(identity).await);
    let mut authenticator = authenticator(&world).await;
    for _ in 0..6 {
        let joining = join(&world);
        let invocation = authenticator.invocation().await;
        authenticator.answer(invocation.request, &[text("worker")]).await;
        let (mut client, answer) = joining.await.unwrap();
        assert!(matches!(answer, Message::Welcome { .. }), "{answer:?}");
        client.close("wamp.close.normal");
    }
    // The rates hold for who calls.
    let mut caller = world.join().await;
    for _ in 0..2 {
        caller.ask("wamp.session.count", &[], Map::new()).await.unwrap();
    }
    assert_eq!(caller.ask("wamp.session.count", &[], Map::new()).await.unwrap_err(), "crossgate.error.too_many");
}
