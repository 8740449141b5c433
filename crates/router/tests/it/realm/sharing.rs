//! Registrations shared by several callees: who is asked, how many at a time, and who is left.

use crossgate_router::realm::RealmConfig;
use crossgate_wamp::options::{CallOptions, Policy, RegisterOptions, SubscribeOptions};
use crossgate_wamp::uri::Match;
use crossgate_wamp::{Map, Message, Value};

use super::client::{Client, World, error_uri, revoked, said, text};

const fn shared(invoke: Policy) -> RegisterOptions {
    RegisterOptions {
        policy: Match::Exact,
        invoke,
        concurrency: None,
        force_reregister: false,
        disclose_caller: None,
        forward_timeout: false,
    }
}

/// Makes `calls` calls, lets whoever is asked answer, and says who that was.
async fn asked(caller: &mut Client, callees: &mut [Client], calls: usize) -> Vec<usize> {
    let mut order = Vec::new();
    for _ in 0..calls {
        caller.call("com.work", &[]).await;
        for (at, callee) in callees.iter_mut().enumerate() {
            if callee.outbox.bytes() > 0 {
                let invocation = callee.invocation().await;
                callee.answer(invocation.request, &[]).await;
                order.push(at);
            }
        }
        caller.result().await;
    }
    order
}

#[tokio::test]
async fn each_policy_asks_whom_it_says() {
    for (policy, expected) in [
        (Policy::First, Some([0, 0, 0, 0])),
        (Policy::Last, Some([2, 2, 2, 2])),
        (Policy::RoundRobin, Some([0, 1, 2, 0])),
        (Policy::LeastLoaded, Some([0, 1, 2, 0])),
        (Policy::Random, None),
    ] {
        let world = World::new().await;
        let mut caller = world.join().await;
        let mut callees = [world.join().await, world.join().await, world.join().await];
        let mut ids = Vec::new();
        for callee in &mut callees {
            ids.push(callee.registered("com.work", shared(policy)).await);
        }
        assert!(ids.iter().all(|id| *id == ids[0]), "one registration for all");
        match expected {
            Some(order) => assert_eq!(asked(&mut caller, &mut callees, 4).await, order, "{policy:?}"),
            None => {
                let order = asked(&mut caller, &mut callees, 60).await;
                assert!((0..3).all(|callee| order.contains(&callee)), "each is asked in the long run: {order:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_least_loaded_callee_is_asked() {
    let world = World::new().await;
    let mut caller = world.join().await;
    let (mut one, mut two) = (world.join().await, world.join().await);
    one.registered("com.work", shared(Policy::LeastLoaded)).await;
    two.registered("com.work", shared(Policy::LeastLoaded)).await;
    caller.call("com.work", &[]).await;
    caller.call("com.work", &[]).await;
    let (busy, _) = (one.invocation().await, two.invocation().await);
    one.answer(busy.request, &[]).await;
    for _ in 0..1 {
        caller.call("com.work", &[]).await;
        one.invocation().await;
    }
}

#[tokio::test]
async fn another_policy_or_a_single_registration_that_exists_is_refused() {
    let world = World::new().await;
    let (mut one, mut two) = (world.join().await, world.join().await);
    one.register("com.single").await;
    one.registered("com.shared", shared(Policy::First)).await;
    for (procedure, policy) in
        [("com.single", Policy::Single), ("com.single", Policy::First), ("com.shared", Policy::Last)]
    {
        let refused = two.register_with(procedure, shared(policy)).await;
        assert_eq!(error_uri(&refused), "wamp.error.procedure_already_exists", "{procedure} {policy:?}");
    }
}

#[tokio::test]
async fn the_same_session_registering_again_gets_the_same_registration() {
    let world = World::new().await;
    let mut callee = world.join().await;
    let first = callee.registered("com.shared", shared(Policy::RoundRobin)).await;
    assert_eq!(callee.registered("com.shared", shared(Policy::RoundRobin)).await, first);
    let count = callee.ask("wamp.registration.count_callees", &[first.into()], Map::new()).await.unwrap();
    assert_eq!(count, [Value::from(1_u64)]);
}

#[tokio::test]
async fn force_reregister_takes_the_procedure_over_and_tells_who_had_it() {
    let world = World::new().await;
    let (mut old, mut new, mut caller) = (world.join().await, world.join().await, world.join().await);
    let first = old.register("com.taken").await;
    let forced = RegisterOptions { force_reregister: true, ..RegisterOptions::default() };
    let second = new.registered("com.taken", forced).await;
    assert_ne!(first, second);
    let told = revoked(&old.next().await);
    assert_eq!(told.get("registration").and_then(Value::as_unsigned), Some(first.get()));
    assert_eq!(told.get("reason").and_then(Value::as_text), Some("wamp.error.unregistered"));
    caller.call("com.taken", &[]).await;
    assert_eq!(new.invocation().await.registration, second);
    assert!(old.come().await.is_empty());
}

#[tokio::test]
async fn a_client_that_did_not_announce_revocation_is_not_confused_by_it() {
    let world = World::new().await;
    let (mut old, mut new) = (world.join_plain().await, world.join().await);
    old.register("com.taken").await;
    new.registered("com.taken", RegisterOptions { force_reregister: true, ..RegisterOptions::default() }).await;
    assert!(old.come().await.is_empty());
}

#[tokio::test]
async fn no_callee_gets_more_calls_at_a_time_than_it_takes_and_the_others_wait_in_order() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    let options = RegisterOptions { concurrency: Some(2), ..shared(Policy::RoundRobin) };
    callee.registered("com.work", options).await;
    for number in ["1", "2", "3", "4"] {
        caller.call("com.work", &[text(number)]).await;
    }
    let (first, second) = (callee.invocation().await, callee.invocation().await);
    assert!(callee.come().await.is_empty());
    callee.answer(second.request, &[]).await;
    assert_eq!(said(&callee.invocation().await.payload), "3");
    callee.fail(first.request, "com.error.no").await;
    assert_eq!(said(&callee.invocation().await.payload), "4");
    assert!(callee.come().await.is_empty());
}

#[tokio::test]
async fn a_full_queue_refuses_the_next_call() {
    let world = World::with(RealmConfig { calls_waiting_max: 1, ..RealmConfig::default() }).await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.registered("com.work", RegisterOptions { concurrency: Some(1), ..shared(Policy::Single) }).await;
    for _ in 0..3 {
        caller.call("com.work", &[]).await;
    }
    assert_eq!(error_uri(&caller.next().await), "crossbar.error.max_concurrency_reached");
}

#[tokio::test]
async fn a_place_is_given_back_when_the_caller_leaves_cancels_or_waits_no_longer() {
    let world = World::new().await;
    let mut callee = world.join().await;
    callee.registered("com.work", RegisterOptions { concurrency: Some(1), ..shared(Policy::Single) }).await;
    for way in ["leaves", "cancels", "timeout"] {
        let mut caller = world.join().await;
        let timeout = (way == "timeout").then_some(20);
        let request = caller.call_with("com.work", CallOptions { timeout, ..CallOptions::default() }, &[]).await;
        callee.invocation().await;
        match way {
            "leaves" => caller.lose().await,
            "cancels" => caller.cancel(request, Some("killnowait")).await,
            _ => assert_eq!(error_uri(&caller.next().await), "wamp.error.timeout"),
        }
        assert!(matches!(callee.next().await, Message::Interrupt { .. }), "{way}");
    }
    let mut caller = world.join().await;
    caller.call("com.work", &[]).await;
    callee.invocation().await;
}

#[tokio::test]
async fn a_waiting_call_is_answered_when_it_is_canceled_and_when_the_last_callee_leaves() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.registered("com.work", RegisterOptions { concurrency: Some(1), ..shared(Policy::Single) }).await;
    caller.call("com.work", &[]).await;
    let second = caller.call("com.work", &[]).await;
    caller.call("com.work", &[]).await;
    caller.cancel(second, Some("kill")).await;
    let error = caller.error().await;
    assert_eq!((error.request, error.error.as_str()), (second, "wamp.error.canceled"));
    callee.lose().await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.canceled", "the one that it was asked");
    assert_eq!(error_uri(&caller.next().await), "wamp.error.no_such_procedure", "the one that waited");
}

#[tokio::test]
async fn waiting_calls_go_to_a_callee_that_comes() {
    let world = World::new().await;
    let (mut caller, mut one, mut two) = (world.join().await, world.join().await, world.join().await);
    let options = RegisterOptions { concurrency: Some(1), ..shared(Policy::RoundRobin) };
    one.registered("com.work", options).await;
    caller.call("com.work", &[text("1")]).await;
    caller.call("com.work", &[text("2")]).await;
    two.registered("com.work", options).await;
    assert_eq!(said(&two.invocation().await.payload), "2");
}

#[tokio::test]
async fn a_call_waits_for_a_callee_that_it_has_not_tried_while_another_is_free() {
    let world = World::new().await;
    let (mut caller, mut one, mut two) = (world.join().await, world.join().await, world.join().await);
    let options = RegisterOptions { concurrency: Some(1), ..shared(Policy::RoundRobin) };
    one.registered("com.work", options).await;
    two.registered("com.work", options).await;
    caller.call("com.work", &[text("1")]).await;
    caller.call("com.work", &[text("2")]).await;
    let (first, second) = (one.invocation().await, two.invocation().await);
    // It waits for the second, although the first has a place: for others.
    one.fail(first.request, "wamp.error.unavailable").await;
    assert!(one.come().await.is_empty() && two.come().await.is_empty());
    caller.call("com.work", &[text("3")]).await;
    let third = one.invocation().await;
    assert_eq!(said(&third.payload), "3");
    one.answer(third.request, &[]).await;
    two.answer(second.request, &[]).await;
    assert_eq!(said(&two.invocation().await.payload), "1");
}

#[tokio::test]
async fn parts_of_a_call_that_waits_follow_it_to_its_callee() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.registered("com.work", RegisterOptions { concurrency: Some(1), ..shared(Policy::Single) }).await;
    caller.call("com.work", &[]).await;
    let first = callee.invocation().await;
    let parts = |progress| CallOptions { progress, ..CallOptions::default() };
    let request = caller.call_with("com.work", parts(true), &[text("1")]).await;
    caller.call_again(request, "com.work", parts(false), &[text("2")]).await;
    callee.answer(first.request, &[]).await;
    let (one, two) = (callee.invocation().await, callee.invocation().await);
    assert_eq!((said(&one.payload).as_str(), said(&two.payload).as_str()), ("1", "2"));
    assert_eq!(one.request, two.request);
}

#[tokio::test]
async fn unregistering_ends_the_registration_with_its_last_callee() {
    let world = World::new().await;
    let (mut one, mut two, mut caller) = (world.join().await, world.join().await, world.join().await);
    let registration = one.registered("com.work", shared(Policy::RoundRobin)).await;
    two.registered("com.work", shared(Policy::RoundRobin)).await;
    for callee in [&mut one, &mut two] {
        let request = callee.request();
        callee.send(Message::Unregister { request, registration }).await;
        assert!(matches!(callee.next().await, Message::Unregistered(_)));
    }
    caller.call("com.work", &[]).await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.no_such_procedure");
    let request = one.request();
    one.send(Message::Unregister { request, registration }).await;
    assert_eq!(error_uri(&one.next().await), "wamp.error.no_such_registration");
}

#[tokio::test]
async fn reserved_and_malformed_uris_cannot_be_registered() {
    let world = World::new().await;
    let mut callee = world.join().await;
    for wrong in ["wamp.session.count", "wamp", "com..x", "com.#"] {
        let refused = callee.register_with(wrong, RegisterOptions::default()).await;
        assert_eq!(error_uri(&refused), "wamp.error.invalid_uri", "{wrong}");
    }
    let refused = callee.subscribe_with("com..x", SubscribeOptions::default()).await;
    assert_eq!(error_uri(&refused), "wamp.error.invalid_uri");
    callee.register("wampum.fine").await;
}
