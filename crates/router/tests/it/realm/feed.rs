//! Streams of events for those who speak no WAMP.

use std::sync::Arc;

use crossgate_call::{Caller, Clock as _, Event, Events, Kind, Proof, Realm, SystemClock, Vouched};
use crossgate_router::realm::{HistoryMatch, HistoryRule, Keep, RealmConfig, Wanted};
use crossgate_store::Store;
use crossgate_wamp::options::PublishOptions;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Map, Value};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::client::{Client, PATIENCE, World, everything, text};
use crate::kit::origin;

fn wanted(topic: &str) -> Wanted {
    Wanted { topic: topic.to_owned(), policy: HistoryMatch::Exact, after: None, retained: false, door: None }
}

async fn listen(world: &World, wanted: Wanted) -> Events {
    world.kit.router.bridge_events(&someone(world, None), origin(), wanted).await.unwrap()
}

/// The next event; a stream that neither goes on nor ends has failed.
async fn next(stream: &mut Events) -> Option<Event> {
    tokio::time::timeout(PATIENCE, stream.next()).await.unwrap()
}

async fn in_realm(world: &World) -> Client {
    world.join_as(Format::Cbor, "realm1", None, everything()).await
}

fn told(event: &Event) -> (Option<&'static str>, Json) {
    (event.kind, event.data.value().unwrap().clone())
}

fn someone(world: &World, expires: Option<Timestamp>) -> Arc<Caller> {
    let roles = world.kit.operator().roles().to_vec();
    let realm = Realm::new("realm1");
    Arc::new(Caller::vouch(Vouched { id: "tim".into(), roles, realm, proof: Proof::Token, expires, certificate: None }))
}

#[tokio::test]
async fn a_stream_is_a_session_like_any_other_while_it_is_open() {
    let world = World::new().await;
    let mut client = in_realm(&world).await;
    let mut stream = listen(&world, wanted("shop.news")).await;
    assert_eq!(client.ask("wamp.session.count", &[], Map::new()).await.unwrap(), [Value::from(2_u64)]);
    let options = PublishOptions { disclose_me: Some(true), ..PublishOptions::default() };
    client.publish_with("shop.news", options, &[text("hello")]).await;
    let event = next(&mut stream).await.unwrap();
    let (kind, data) = told(&event);
    assert_eq!((kind, &data["topic"], &data["args"]), (None, &json!("shop.news"), &json!(["hello"])));
    assert_eq!(data["details"]["publisher"], client.id().get());
    assert!(event.id.is_some());
    drop(stream);
    assert_eq!(client.ask("wamp.session.count", &[], Map::new()).await.unwrap(), [Value::from(1_u64)]);
}

#[tokio::test]
async fn a_stream_ends_with_its_caller_s_proof() {
    let world = World::new().await;
    let soon = SystemClock.now().checked_add(SignedDuration::from_millis(20)).unwrap();
    let caller = someone(&world, Some(soon));
    let mut stream = world.kit.router.bridge_events(&caller, origin(), wanted("shop.news")).await.unwrap();
    let end = next(&mut stream).await.unwrap();
    assert_eq!(told(&end), (Some("end"), json!({"reason": "wamp.close.timeout"})));
    assert!(next(&mut stream).await.is_none());
}

#[tokio::test]
async fn a_stream_ends_when_its_subscription_is_taken_away_and_when_its_realm_closes() {
    let world = World::new().await;
    let mut client = in_realm(&world).await;
    let mut stream = listen(&world, wanted("shop.news")).await;
    let subscription =
        client.ask("wamp.subscription.lookup", &[text("shop.news")], Map::new()).await.unwrap().remove(0);
    let members = client
        .ask("wamp.subscription.list_subscribers", std::slice::from_ref(&subscription), Map::new())
        .await
        .unwrap();
    let session = members[0].as_list().unwrap()[0].clone();
    client.ask("wamp.subscription.remove_subscriber", &[subscription, session], Map::new()).await.unwrap();
    assert_eq!(told(&next(&mut stream).await.unwrap()).0, Some("end"));
    assert!(next(&mut stream).await.is_none());

    let mut stream = listen(&world, wanted("shop.news")).await;
    world.kit.router.configure_realms(std::iter::empty().collect()).unwrap();
    assert_eq!(told(&next(&mut stream).await.unwrap()), (Some("end"), json!({"reason": "wamp.close.close_realm"})));
    let gone = world.kit.router.bridge_events(&someone(&world, None), origin(), wanted("shop.news")).await;
    assert_eq!(gone.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn what_was_published_to_a_pattern_that_is_kept_is_told_of_its_topics() {
    for keep in [Keep::Memory, Keep::Store] {
        taken_up(keep).await;
    }
}

async fn taken_up(keep: Keep) {
    let rule = HistoryRule {
        topic: "shop.".into(),
        r#match: HistoryMatch::Prefix,
        keep,
        events_max: 3,
        bytes_max: 1 << 16,
        age_max_s: None,
    };
    let config = RealmConfig { history: vec![rule], ..RealmConfig::default() };
    let world = World::with_store(config, &Store::temporary().unwrap(), Arc::new(SystemClock)).await;
    let mut client = in_realm(&world).await;
    let mut stream = listen(&world, wanted("shop.a")).await;
    client.publish("shop.a", &[text("1")]).await;
    let first = next(&mut stream).await.unwrap();
    let after: Option<u64> = first.id.as_deref().and_then(|id| id.parse().ok());
    drop(stream);
    client.publish("shop.b", &[text("2")]).await;
    client.publish("shop.a", &[text("3")]).await;
    let mut stream = listen(&world, Wanted { after, ..wanted("shop.a") }).await;
    assert_eq!(told(&next(&mut stream).await.unwrap()).1["args"], json!(["3"]));
    // Now the first is not kept any more.
    client.publish("shop.b", &[text("4")]).await;
    let mut late = listen(&world, Wanted { after, ..wanted("shop.a") }).await;
    assert_eq!(told(&next(&mut late).await.unwrap()).0, Some("gap"));
}

#[tokio::test]
async fn a_realm_that_is_full_takes_no_streams_and_a_stranger_is_asked_who_it_is() {
    let world = World::with(RealmConfig { sessions_max: 1, ..RealmConfig::default() }).await;
    let stream = listen(&world, wanted("shop.news")).await;
    let router = &world.kit.router;
    let full = router.bridge_events(&someone(&world, None), origin(), wanted("shop.news")).await.unwrap_err();
    assert_eq!(full.kind(), Kind::Unavailable);
    drop(stream);
    assert!(router.bridge_events(&someone(&world, None), origin(), wanted("shop.news")).await.is_ok());
    // The kit's strangers are in another realm, where they may not hear of everything either.
    let stranger = world.kit.stranger().await;
    let refused = router.bridge_events(&stranger, origin(), wanted("secret.news")).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unauthenticated);
    let refused = router.bridge_events(&someone(&world, None), origin(), wanted("no uri")).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Invalid);
}
