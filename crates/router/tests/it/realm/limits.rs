//! What one session, one role and one realm may have.

use std::time::Duration;

use crossgate_call::{Clock as _, SystemClock};
use crossgate_router::realm::{RealmConfig, SessionLimits, Step};
use crossgate_wamp::options::{Policy, PublishOptions, RegisterOptions, SubscribeOptions};
use crossgate_wamp::uri::Match;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Map, Message, Value};

use super::client::{World, error_uri, everything, text};

fn small() -> RealmConfig {
    let limits = SessionLimits {
        subscriptions_max: 2,
        registrations_max: 2,
        calls_max: 2,
        invocations_max: 1,
        testaments_max: 1,
        ..SessionLimits::default()
    };
    RealmConfig { role_limits: [("anonymous".to_owned(), limits)].into(), ..RealmConfig::default() }
}

#[tokio::test]
async fn a_session_has_no_more_subscriptions_registrations_calls_and_testaments_than_its_role_may() {
    let world = World::with(small()).await;
    let mut client = world.join().await;
    for (number, granted) in [("1", true), ("2", true), ("3", false), ("1", true)] {
        let answer = client.subscribe_with(&format!("com.topic{number}"), SubscribeOptions::default()).await;
        assert_eq!(matches!(answer, Message::Subscribed { .. }), granted, "{number}");
    }
    for (number, granted) in [("1", true), ("2", true), ("3", false)] {
        let answer = client.register_with(&format!("com.procedure{number}"), RegisterOptions::default()).await;
        assert_eq!(matches!(answer, Message::Registered { .. }), granted, "{number}");
    }
    let will = [text("com.will"), Value::List(Vec::new()), Map::new().into()];
    client.ask("wamp.session.add_testament", &will, Map::new()).await.unwrap();
    let refused = client.ask("wamp.session.add_testament", &will, Map::new()).await;
    assert_eq!(refused.unwrap_err(), "wamp.error.testament_error");
    let mut callee = world.join_named("wanda").await;
    callee.register("com.work").await;
    for _ in 0..3 {
        client.call("com.work", &[]).await;
    }
    assert_eq!(error_uri(&client.next().await), "crossgate.error.too_many");
    let mut worker = world.join_named("wanda").await;
    for number in 0..5 {
        worker.subscribe(&format!("com.topic{number}")).await;
    }
}

#[tokio::test]
async fn retained_events_take_up_no_more_than_their_share_of_memory() {
    let world = World::with(RealmConfig { retained_bytes_max: 2500, ..RealmConfig::default() }).await;
    let (mut publisher, mut late) = (world.join().await, world.join().await);
    let retain = || PublishOptions { retain: true, ..PublishOptions::default() };
    for number in 0..5 {
        publisher.publish_with(&format!("com.{number}"), retain(), &[text(&"x".repeat(1000))]).await;
    }
    let options = SubscribeOptions { policy: Match::Prefix, get_retained: true };
    late.subscribe_with("com.", options).await;
    assert_eq!(late.come().await.len(), 2);
}

#[tokio::test]
async fn who_sends_too_fast_is_read_from_more_slowly_and_loses_nothing() {
    let limits = SessionLimits { messages_per_second: 100, messages_burst: 5, ..SessionLimits::default() };
    let world = World::with(RealmConfig { limits, ..RealmConfig::default() }).await;
    let mut client = world.join().await;
    let begun = SystemClock.instant();
    for _ in 0..15 {
        client.publish_with("com.x", PublishOptions { acknowledge: true, ..PublishOptions::default() }, &[]).await;
    }
    assert!(SystemClock.instant() - begun >= Duration::from_millis(90));
    assert_eq!(client.come().await.len(), 15);
}

#[tokio::test]
async fn a_callee_that_is_asked_enough_is_passed_over() {
    let world = World::with(small()).await;
    let (mut small, mut large) = (world.join().await, world.join_named("wanda").await);
    let options = RegisterOptions { invoke: Policy::First, ..RegisterOptions::default() };
    small.registered("com.work", options).await;
    large.registered("com.work", options).await;
    let mut caller = world.join_named("wanda").await;
    caller.call("com.work", &[]).await;
    small.invocation().await;
    caller.call("com.work", &[]).await;
    large.invocation().await;
    assert!(small.come().await.is_empty());
}

#[tokio::test]
async fn a_full_realm_and_a_full_role_let_nobody_in_until_somebody_leaves() {
    let one = SessionLimits { sessions_max: 1, ..SessionLimits::default() };
    let config =
        RealmConfig { sessions_max: 2, role_limits: [("anonymous".to_owned(), one)].into(), ..RealmConfig::default() };
    let world = World::with(config).await;
    let first = world.join().await;
    for _ in 0..2 {
        let mut second = world.connect(Format::Json);
        assert_eq!(second.hello("realm1", None, everything()).await, Step::Close);
        let Message::Abort { reason, .. } = second.next().await else { panic!() };
        assert_eq!(reason, "wamp.error.unavailable");
    }
    world.join_named("wanda").await;
    first.lose().await;
    world.join().await;
}
