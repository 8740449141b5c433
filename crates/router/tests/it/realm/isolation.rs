//! Realms know nothing of one another: no message, id or name of one is seen in another.

use crossgate_call::Realm;
use crossgate_router::realm::{RealmConfig, SessionLimits};
use crossgate_wamp::options::{Audience, PublishOptions, RegisterOptions, SubscribeOptions};
use crossgate_wamp::uri::Match;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Map, Message, Value};

use super::client::{Client, World, error_uri, everything, said, text};

async fn there(world: &World) -> Client {
    world.join_as(Format::Json, "realm2", None, everything()).await
}

async fn asked(client: &mut Client, procedure: &str, args: &[Value]) -> Result<Vec<Value>, String> {
    client.ask(procedure, args, Map::new()).await
}

#[tokio::test]
async fn events_retained_ones_and_testaments_stay_in_their_realm() {
    let world = World::new().await;
    let (mut here, mut publisher, mut other) = (world.join().await, world.join().await, there(&world).await);
    for policy in [Match::Exact, Match::Prefix] {
        other.subscribe_with("com.news", SubscribeOptions { policy, get_retained: false }).await;
    }
    for topic in ["wamp.session.on_join", "wamp.session.on_leave", "wamp.subscription.on_create"] {
        other.subscribe(topic).await;
    }
    here.subscribe("com.news").await;
    other.come().await;
    let named = Audience { eligible: Some(vec![here.id(), other.id()]), ..Audience::default() };
    for audience in [Audience::default(), named] {
        let options = PublishOptions { audience, retain: true, ..PublishOptions::default() };
        publisher.publish_with("com.news", options, &[text("secret")]).await;
        assert_eq!(said(&here.event().await.payload), "secret");
    }
    let will = [text("com.news"), Value::List(vec![text("the last will")]), Map::new().into()];
    asked(&mut publisher, "wamp.session.add_testament", &will).await.unwrap();
    publisher.lose().await;
    assert_eq!(said(&here.event().await.payload), "the last will");
    world.join().await.lose().await;
    let late = SubscribeOptions { policy: Match::Wildcard, get_retained: true };
    assert!(matches!(other.subscribe_with("com.", late).await, Message::Subscribed { .. }));
    let heard = other.come().await;
    let topics: Vec<_> = heard.iter().filter(|message| matches!(message, Message::Event(_))).collect();
    // Its own new subscription is told of, and nothing else has happened in its realm.
    assert_eq!(topics.len(), 1, "{heard:#?}");
}

#[tokio::test]
async fn the_same_procedure_is_answered_in_each_realm_by_its_own_callee() {
    let world = World::new().await;
    let (mut here, mut other) = (world.join().await, there(&world).await);
    let (mut callee, mut other_callee) = (world.join().await, there(&world).await);
    let single = RegisterOptions::default;
    callee.registered("com.work", single()).await;
    other_callee.registered("com.work", single()).await;
    other_callee.registered("com.only.there", single()).await;
    here.call("com.work", &[]).await;
    let invocation = callee.invocation().await;
    callee.answer(invocation.request, &[text("here")]).await;
    assert_eq!(said(&here.result().await.payload), "here");
    other.call("com.work", &[]).await;
    let invocation = other_callee.invocation().await;
    other_callee.answer(invocation.request, &[text("there")]).await;
    assert_eq!(said(&other.result().await.payload), "there");
    here.call("com.only.there", &[]).await;
    assert_eq!(error_uri(&here.next().await), "wamp.error.no_such_procedure");
    assert!(callee.come().await.is_empty() && other_callee.come().await.is_empty());
}

#[tokio::test]
async fn the_meta_api_finds_counts_and_ends_sessions_of_its_own_realm_alone() {
    let world = World::new().await;
    let (mut here, mut other) = (world.join().await, there(&world).await);
    other.register("com.only.there").await;
    other.subscribe("com.only.there").await;
    assert_eq!(asked(&mut here, "wamp.session.count", &[]).await.unwrap(), [Value::from(1_u64)]);
    assert_eq!(asked(&mut here, "wamp.session.list", &[]).await.unwrap(), [Value::from(vec![here.id()])]);
    for procedure in ["wamp.session.get", "wamp.session.kill"] {
        let refused = asked(&mut here, procedure, &[other.id().into()]).await;
        assert_eq!(refused.unwrap_err(), "wamp.error.no_such_session", "{procedure}");
    }
    asked(&mut here, "wamp.session.kill_all", &[]).await.unwrap();
    asked(&mut here, "wamp.session.kill_by_authrole", &[text("anonymous")]).await.unwrap();
    for procedure in
        ["wamp.registration.lookup", "wamp.registration.match", "wamp.subscription.lookup", "wamp.subscription.match"]
    {
        assert_eq!(asked(&mut here, procedure, &[text("com.only.there")]).await.unwrap(), [Value::Null], "{procedure}");
    }
    assert!(other.come().await.is_empty(), "it was told nothing");
    assert_eq!(asked(&mut other, "wamp.session.count", &[]).await.unwrap(), [Value::from(1_u64)], "and is still there");
}

#[tokio::test]
async fn each_realm_counts_its_ids_and_its_limits_by_itself() {
    let one = SessionLimits { sessions_max: 1, ..SessionLimits::default() };
    let config = RealmConfig { role_limits: [("anonymous".to_owned(), one)].into(), ..RealmConfig::default() };
    let world = World::with(config).await;
    let (mut here, mut other) = (world.join().await, there(&world).await);
    // What happens in one shows in no number of the other.
    let first = (here.subscribe("com.a").await, here.register("com.a").await);
    for number in 0..5 {
        other.subscribe(&format!("com.{number}")).await;
        other.register(&format!("com.{number}")).await;
    }
    let second = (here.subscribe("com.b").await, here.register("com.b").await);
    assert_eq!((second.0.get(), second.1.get()), (first.0.get() + 1, first.1.get() + 1));
    let _more = there(&world).await;
    let mut refused = world.connect(Format::Json);
    refused.hello("realm1", None, everything()).await;
    assert!(matches!(refused.next().await, Message::Abort { .. }), "the limit of this realm, which the other has not");
    let summaries = world.kit.router.realm_summaries();
    let of = |name: &str| summaries.iter().find(|summary| summary.realm == Realm::new(name)).unwrap();
    assert_eq!((of("realm1").sessions, of("realm2").sessions), (1, 2));
    assert_eq!((of("realm1").subscriptions, of("realm2").subscriptions), (2, 5));
}
