//! What sessions may: by the grants, and by an authorizer.

use crossgate_router::realm::{RealmAudit, RealmConfig};
use crossgate_wamp::options::{InvocationDetails, Policy, PublishOptions, RegisterOptions, SubscribeOptions};
use crossgate_wamp::uri::Match;
use crossgate_wamp::{Map, Message, Value};

use super::client::{Client, World, error_uri, text};

/// Sends a request without waiting for its answer, in a task that the test can look after.
async fn judged(world: &World) -> (Client, Client) {
    let mut authorizer = world.join_named("wanda").await;
    let options = RegisterOptions { invoke: Policy::RoundRobin, ..RegisterOptions::default() };
    authorizer.registered("com.authorize", options).await;
    (authorizer, world.join_named("judy").await)
}

/// Answers one question of the router, and gives its arguments.
async fn decide(authorizer: &mut Client, verdict: Value) -> Vec<Value> {
    let invocation = authorizer.invocation().await;
    authorizer.answer(invocation.request, &[verdict]).await;
    invocation.payload.arg_values().unwrap()
}

#[tokio::test]
async fn what_is_not_granted_is_refused_whether_it_exists_or_not() {
    let world = World::new().await;
    let (mut walt, mut worker) = (world.join_named("walt").await, world.join_named("wanda").await);
    worker.register("com.there").await;
    for procedure in ["com.there", "com.not_there", "wamp.session.list"] {
        walt.call(procedure, &[]).await;
        assert_eq!(error_uri(&walt.next().await), "wamp.error.not_authorized", "{procedure}");
    }
    for procedure in ["com.there", "com.not_there"] {
        let refused = walt.register_with(procedure, RegisterOptions::default()).await;
        assert_eq!(error_uri(&refused), "wamp.error.not_authorized", "a taken name is not betrayed: {procedure}");
    }
}

#[tokio::test]
async fn a_pattern_needs_a_grant_for_all_that_it_stands_for() {
    let world = World::new().await;
    let mut walt = world.join_named("walt").await;
    for (topic, policy, granted) in [
        ("a.b", Match::Exact, true),
        ("a.", Match::Prefix, true),
        ("a", Match::Prefix, false),
        ("", Match::Prefix, false),
        (".b", Match::Wildcard, false),
        ("a..b", Match::Wildcard, true),
        ("a.b", Match::Wildcard, true),
        ("b.c", Match::Wildcard, false),
    ] {
        let answer = walt.subscribe_with(topic, SubscribeOptions { policy, get_retained: false }).await;
        assert_eq!(matches!(answer, Message::Subscribed { .. }), granted, "{topic} {policy}");
    }
}

#[tokio::test]
async fn refusals_are_recorded_and_successes_of_workers_are_not_unless_the_realm_wants_it() {
    for (audit, successes, refusals) in
        [(RealmAudit::Refusals, 0, 1), (RealmAudit::All, 1, 1), (RealmAudit::None, 0, 0)]
    {
        let world = World::with(RealmConfig { audit, ..RealmConfig::default() }).await;
        let (mut caller, mut callee) = (world.join().await, world.join().await);
        callee.register("com.work").await;
        caller.call("com.work", &[]).await;
        let invocation = callee.invocation().await;
        callee.answer(invocation.request, &[]).await;
        caller.result().await;
        caller.call("secret.work", &[]).await;
        caller.error().await;
        let record = world.kit.record().await;
        let count =
            |procedure: &str, outcome: &str| record.iter().filter(|(p, o)| p == procedure && o == outcome).count();
        assert_eq!(count("com.work", "ok"), successes, "{audit:?} {record:?}");
        assert_eq!(count("wamp.call", "forbidden"), refusals, "{audit:?} {record:?}");
        assert_eq!((count("wamp.join", "ok"), count("wamp.register", "ok")), (2, 1), "these always are");
    }
}

#[tokio::test]
async fn an_authorizer_is_asked_with_who_what_and_the_options_and_its_word_counts() {
    let world = World::new().await;
    let (mut authorizer, mut judy) = judged(&world).await;
    let session = judy.id();
    for (verdict, refused) in [(Value::from(true), false), (Value::from(false), true)] {
        let asked = tokio::spawn(async move {
            let options = SubscribeOptions { policy: Match::Prefix, get_retained: false };
            let answer = judy.subscribe_with("com.topic", options).await;
            (judy, answer)
        });
        let args = decide(&mut authorizer, verdict).await;
        let details = args[0].as_map().unwrap();
        assert_eq!(details.get("session"), Some(&Value::from(session)));
        assert_eq!(details.get("authid").and_then(Value::as_text), Some("judy"));
        assert!(details.get("transport").and_then(Value::as_map).unwrap().get("client_cert").is_some());
        assert_eq!(args[1..3], [text("com.topic"), text("subscribe")]);
        assert_eq!(args[3].as_map().unwrap().get("match").and_then(Value::as_text), Some("prefix"));
        let answer;
        (judy, answer) = asked.await.unwrap();
        if refused {
            assert_eq!(error_uri(&answer), "wamp.error.not_authorized");
        } else {
            assert!(matches!(answer, Message::Subscribed { .. }));
        }
    }
}

#[tokio::test]
async fn a_decision_to_be_cached_is_asked_for_once_per_match_policy_and_can_be_purged() {
    let world = World::new().await;
    let (mut authorizer, mut judy) = judged(&world).await;
    let cached = || Map::new().with("allow", true).with("cache", true).into();
    for (policy, purge, asks) in [
        (Match::Exact, false, true),
        (Match::Exact, false, false),
        (Match::Prefix, false, true),
        (Match::Exact, true, true),
    ] {
        if purge {
            assert_eq!(world.kit.router.purge_authorizations(&crossgate_call::Realm::new("realm1")), 2);
        }
        let options = SubscribeOptions { policy, get_retained: false };
        let asked = tokio::spawn(async move {
            judy.subscribe_with("com.topic", options).await;
            judy
        });
        if asks {
            decide(&mut authorizer, cached()).await;
        }
        judy = asked.await.unwrap();
        assert!(authorizer.come().await.is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_is_none_and_an_error_fail_the_request() {
    let world = World::new().await;
    let (mut authorizer, mut judy) = judged(&world).await;
    for nonsense in [Some(text("yes")), Some(Map::new().with("cache", true).into()), None] {
        let asked = tokio::spawn(async move {
            judy.publish_with("com.topic", PublishOptions { acknowledge: true, ..PublishOptions::default() }, &[])
                .await;
            let answer = judy.next().await;
            (judy, answer)
        });
        match nonsense {
            Some(verdict) => drop(decide(&mut authorizer, verdict).await),
            None => {
                let invocation = authorizer.invocation().await;
                authorizer.fail(invocation.request, "com.error.broken").await;
            }
        }
        let answer;
        (judy, answer) = asked.await.unwrap();
        assert_eq!(error_uri(&answer), "wamp.error.authorization_failed");
    }
}

#[tokio::test]
async fn an_authorizer_that_does_not_answer_is_not_waited_for() {
    let world = World::new().await;
    let (mut authorizer, mut judy) = judged(&world).await;
    judy.call("com.anything", &[]).await;
    assert_eq!(error_uri(&judy.next().await), "wamp.error.authorization_failed");
    authorizer.invocation().await;
    assert!(matches!(authorizer.next().await, Message::Interrupt { .. }));
}

#[tokio::test]
async fn without_an_authorizer_there_nothing_is_allowed() {
    let world = World::new().await;
    let mut judy = world.join_named("judy").await;
    judy.call("com.anything", &[]).await;
    assert_eq!(error_uri(&judy.next().await), "wamp.error.authorization_failed");
}

#[tokio::test]
async fn an_authorizer_that_dies_while_it_is_asked_is_replaced_by_the_next() {
    let world = World::new().await;
    let (mut first, mut judy) = judged(&world).await;
    let mut second = world.join_named("wanda").await;
    let options = RegisterOptions { invoke: Policy::RoundRobin, ..RegisterOptions::default() };
    second.registered("com.authorize", options).await;
    let asked = tokio::spawn(async move { judy.subscribe_with("com.topic", SubscribeOptions::default()).await });
    first.invocation().await;
    first.lose().await;
    decide(&mut second, true.into()).await;
    assert!(matches!(asked.await.unwrap(), Message::Subscribed { .. }));
}

#[tokio::test]
async fn an_authorizer_never_authorizes_itself() {
    let world = World::new().await;
    let (mut authorizer, mut judy) = judged(&world).await;
    for policy in [Match::Exact, Match::Prefix] {
        let options = RegisterOptions { policy, invoke: Policy::RoundRobin, ..RegisterOptions::default() };
        let refused = judy.register_with("com.authorize", options).await;
        assert_eq!(error_uri(&refused), "wamp.error.not_authorized");
    }
    judy.call("com.authorize", &[]).await;
    assert_eq!(error_uri(&judy.next().await), "wamp.error.not_authorized");
    assert!(authorizer.come().await.is_empty(), "it was not even asked");
}

#[tokio::test]
async fn an_authorizer_can_have_the_caller_disclosed() {
    let world = World::new().await;
    let (mut authorizer, mut judy) = judged(&world).await;
    let mut callee = world.join_named("wanda").await;
    callee.register("com.work").await;
    let session = judy.id();
    let asked = tokio::spawn(async move { judy.call("com.work", &[]).await });
    decide(&mut authorizer, Map::new().with("allow", true).with("disclose", true).into()).await;
    asked.await.unwrap();
    let details = InvocationDetails::read(&callee.invocation().await.details).unwrap();
    assert_eq!(details.caller, Some(session));
}
