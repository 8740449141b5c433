//! One table for all: callers without WAMP reach WAMP callees, and WAMP callers reach what the program itself answers.

use std::sync::Arc;

use crossgate_call::{Error, Kind, Outcome, Payload, Result};
use crossgate_router::Origin;
use crossgate_wamp::message::{Call, Yield};
use crossgate_wamp::options::CallOptions;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Dict, Map, Message, Text, Value};
use serde_json::json;

use super::client::{Client, World, error_uri, everything, text};
use crate::kit::origin;

async fn in_test(world: &World) -> Client {
    world.join_as(Format::Cbor, "test", None, everything()).await
}

fn http(world: &World, procedure: &'static str, input: serde_json::Value) -> tokio::task::JoinHandle<Result<Outcome>> {
    let (router, caller) = (Arc::clone(&world.kit.router), world.kit.operator());
    tokio::spawn(async move {
        let permit = router.admit(&caller, procedure, origin()).await?;
        router.call(permit, Payload::from_value(input)).await
    })
}

#[tokio::test]
async fn an_http_call_reaches_whoever_registered_its_procedure() {
    let world = World::new().await;
    let mut callee = in_test(&world).await;
    callee.register("shop.price").await;
    let list = vec![Value::from(1_u64), Value::from(2_u64)];
    let cases: [(Vec<Value>, Map, Option<serde_json::Value>); 5] = [
        (vec![], Map::new().with("price", 7_u64), Some(json!({"price": 7}))),
        (vec![text("seven")], Map::new(), Some(json!("seven"))),
        (list, Map::new(), Some(json!([1, 2]))),
        (vec![text("x")], Map::new().with("y", true), Some(json!({"args": ["x"], "kwargs": {"y": true}}))),
        (vec![], Map::new(), None),
    ];
    for (args, kwargs, expected) in cases {
        let answer = http(&world, "shop.price", json!({"item": "tea", "count": 2}));
        let invocation = callee.invocation().await;
        assert!(invocation.payload.arg_values().unwrap().is_empty());
        let input = invocation.payload.kwarg_values().unwrap();
        assert_eq!((input.get("item"), input.get("count")), (Some(&text("tea")), Some(&Value::from(2_u64))));
        let payload = crossgate_wamp::Payload::from_values(callee.format, args, kwargs);
        let (request, options) = (invocation.request, Dict::empty(callee.format));
        callee.send(Message::Yield(Yield { request, options, payload })).await;
        match (answer.await.unwrap().unwrap(), expected) {
            (Outcome::Value(found), Some(expected)) => assert_eq!(found.value().unwrap(), &expected),
            (Outcome::Empty, None) => {}
            (other, expected) => panic!("{other:?} {expected:?}"),
        }
    }
    let record = world.kit.record().await;
    let recorded = record.iter().filter(|(procedure, outcome)| procedure == "shop.price" && outcome == "ok").count();
    assert_eq!(recorded, 5, "who comes over HTTP is recorded: {record:?}");
}

#[tokio::test]
async fn a_callees_error_becomes_the_kind_that_its_uri_stands_for() {
    let world = World::new().await;
    let mut callee = in_test(&world).await;
    callee.register("shop.price").await;
    for (uri, kind, told) in [
        ("crossgate.error.not_found", Kind::NotFound, true),
        ("crossgate.error.conflict", Kind::Conflict, true),
        ("crossgate.error.too_many", Kind::TooMany, true),
        ("wamp.error.invalid_argument", Kind::Invalid, true),
        ("wamp.error.not_authorized", Kind::Forbidden, true),
        ("wamp.error.timeout", Kind::Deadline, true),
        ("wamp.error.unavailable", Kind::Unavailable, false),
        ("wamp.error.runtime_error", Kind::Internal, false),
        ("com.mine.own", Kind::Internal, false),
    ] {
        let answer = http(&world, "shop.price", json!({}));
        let invocation = callee.invocation().await;
        callee.fail(invocation.request, uri).await;
        let error = answer.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.public() == "said the callee"), (kind, told), "{uri}");
    }
}

#[tokio::test]
async fn an_http_call_whose_callee_is_lost_is_worth_trying_again() {
    let world = World::new().await;
    let mut callee = in_test(&world).await;
    callee.register("shop.price").await;
    let answer = http(&world, "shop.price", json!({}));
    callee.invocation().await;
    callee.lose().await;
    assert_eq!(answer.await.unwrap().unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(http(&world, "shop.price", json!({})).await.unwrap().unwrap_err().kind(), Kind::NoSuchProcedure);
}

#[tokio::test]
async fn an_http_caller_that_goes_away_has_its_call_interrupted() {
    let world = World::new().await;
    let mut callee = in_test(&world).await;
    callee.register("shop.price").await;
    let answer = http(&world, "shop.price", json!({}));
    callee.invocation().await;
    answer.abort();
    assert!(matches!(callee.next().await, Message::Interrupt { .. }));
}

#[tokio::test]
async fn an_http_caller_without_the_grant_is_refused_before_the_callee_is_asked() {
    let world = World::new().await;
    let mut callee = in_test(&world).await;
    callee.register("shop.price").await;
    let stranger = world.kit.stranger().await;
    let refused = world.kit.router.admit(&stranger, "secret.price", Origin { ..origin() }).await;
    assert_eq!(refused.err().map(|error: Error| error.kind()), Some(Kind::Unauthenticated));
    assert!(callee.come().await.is_empty());
}

#[tokio::test]
async fn a_wamp_caller_reaches_the_programs_own_procedures() {
    let world = World::new().await;
    let mut client = in_test(&world).await;
    assert_eq!(client.ask("test.fine", &[], Map::new().with("a", 1_u64)).await.unwrap(), [text("fine")]);
    assert_eq!(client.ask("test.fine", &[Map::new().into()], Map::new()).await.unwrap(), [text("fine")]);
    for (procedure, args, expected) in [
        ("test.fine", vec![text("no object")], "wamp.error.invalid_argument"),
        ("test.missing", vec![], "crossgate.error.not_found"),
        ("test.broken", vec![], "wamp.error.runtime_error"),
        ("test.endless", vec![], "wamp.error.timeout"),
    ] {
        assert_eq!(client.ask(procedure, &args, Map::new()).await.unwrap_err(), expected, "{procedure}");
    }
    let stored = world.kit.stored().await;
    let fine = stored.iter().find(|record| record.procedure == "test.fine").unwrap();
    assert_eq!((fine.door.as_str(), fine.outcome.as_str()), ("wamp", "ok"));
    assert!(stored.iter().all(|record| record.detail.as_deref() != Some("row 7 is gone")));
}

#[tokio::test]
async fn a_call_of_the_programs_own_procedure_can_be_canceled() {
    let world = World::new().await;
    let mut client = in_test(&world).await;
    let request = client.request();
    let (options, payload) = (Dict::empty(client.format), client.payload(&[]));
    client.send(Message::Call(Call { request, options, procedure: Text::from("test.endless"), payload })).await;
    client.cancel(request, Some("kill")).await;
    assert_eq!(error_uri(&client.next().await), "wamp.error.canceled");
}

#[tokio::test]
async fn the_programs_own_procedures_take_no_arguments_in_parts() {
    let world = World::new().await;
    let mut client = in_test(&world).await;
    let parts = CallOptions { progress: true, ..CallOptions::default() };
    for procedure in ["test.fine", "wamp.session.count"] {
        client.call_with(procedure, parts.clone(), &[]).await;
        assert_eq!(error_uri(&client.next().await), "wamp.error.feature_not_supported");
    }
}

#[tokio::test]
async fn a_worker_cannot_take_the_place_of_the_programs_own_procedure() {
    let world = World::new().await;
    let mut callee = in_test(&world).await;
    let refused = callee.register_with("test.fine", Default::default()).await;
    assert_eq!(error_uri(&refused), "wamp.error.procedure_already_exists");
}

#[tokio::test]
async fn the_meta_api_answers_callers_without_a_session() {
    let world = World::new().await;
    let client = in_test(&world).await;
    let Outcome::Value(list) = http(&world, "wamp.session.list", json!({})).await.unwrap().unwrap() else { panic!() };
    assert_eq!(list.value().unwrap(), &json!([client.id().get()]));
    let input = json!({"args": [client.id().get()]});
    let Outcome::Value(details) = http(&world, "wamp.session.get", input).await.unwrap().unwrap() else { panic!() };
    assert_eq!(details.value().unwrap()["authrole"], "anonymous");
    let gone = http(&world, "wamp.registration.get", json!({"args": [77]})).await.unwrap().unwrap_err();
    assert_eq!(gone.kind(), Kind::NotFound);
}
