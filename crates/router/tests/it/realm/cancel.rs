//! Cancelation, and what becomes of calls whose caller or callee is lost.

use crossgate_router::realm::{CancelDefault, RealmConfig, Step};
use crossgate_wamp::Message;
use crossgate_wamp::options::{CallOptions, CancelMode, InterruptOptions, Policy, RegisterOptions};

use super::client::{Client, World, error_uri, said, text};

fn interrupt(message: &Message) -> (crossgate_wamp::id::Id, CancelMode) {
    match message {
        Message::Interrupt { request, options } => (*request, InterruptOptions::read(options).unwrap().mode.unwrap()),
        other => panic!("{other:?}"),
    }
}

async fn pair(world: &World) -> (Client, Client) {
    let (caller, mut callee) = (world.join().await, world.join().await);
    callee.register("com.slow").await;
    (caller, callee)
}

#[tokio::test]
async fn skip_answers_the_caller_at_once_and_tells_the_callee_nothing() {
    let world = World::new().await;
    let (mut caller, mut callee) = pair(&world).await;
    let request = caller.call("com.slow", &[]).await;
    let invocation = callee.invocation().await;
    caller.cancel(request, Some("skip")).await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.canceled");
    assert_eq!(callee.answer(invocation.request, &[]).await, Step::Continue);
    assert!(callee.come().await.is_empty() && caller.come().await.is_empty());
}

#[tokio::test]
async fn kill_interrupts_the_callee_and_its_answer_is_the_calls() {
    let world = World::new().await;
    for answers_with_result in [true, false] {
        let (mut caller, mut callee) = pair(&world).await;
        let request = caller.call("com.slow", &[]).await;
        let invocation = callee.invocation().await;
        caller.cancel(request, Some("kill")).await;
        assert_eq!(interrupt(&callee.next().await), (invocation.request, CancelMode::Kill));
        assert!(caller.come().await.is_empty(), "the answer is awaited");
        if answers_with_result {
            callee.answer(invocation.request, &[text("was ready")]).await;
            assert_eq!(said(&caller.result().await.payload), "was ready");
        } else {
            callee.fail(invocation.request, "wamp.error.canceled").await;
            assert_eq!(error_uri(&caller.next().await), "wamp.error.canceled");
        }
        callee.lose().await;
    }
}

#[tokio::test]
async fn killnowait_answers_the_caller_and_interrupts_the_callee() {
    let world = World::new().await;
    let (mut caller, mut callee) = pair(&world).await;
    let request = caller.call("com.slow", &[]).await;
    let invocation = callee.invocation().await;
    caller.cancel(request, Some("killnowait")).await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.canceled");
    assert_eq!(interrupt(&callee.next().await), (invocation.request, CancelMode::KillNoWait));
    callee.fail(invocation.request, "wamp.error.canceled").await;
    assert!(caller.come().await.is_empty(), "no second answer");
}

#[tokio::test]
async fn every_mode_answers_when_the_callee_knows_no_cancelation() {
    let world = World::new().await;
    for mode in [None, Some("skip"), Some("kill"), Some("killnowait")] {
        let (mut caller, mut callee) = (world.join().await, world.join_plain().await);
        callee.register("com.plain").await;
        let request = caller.call("com.plain", &[]).await;
        callee.invocation().await;
        caller.cancel(request, mode).await;
        assert_eq!(error_uri(&caller.next().await), "wamp.error.canceled", "{mode:?}");
        assert!(callee.come().await.is_empty());
        callee.lose().await;
    }
}

#[tokio::test]
async fn a_cancel_without_a_mode_means_what_the_realm_says() {
    let world = World::with(RealmConfig { cancel_mode: CancelDefault::Kill, ..RealmConfig::default() }).await;
    let (mut caller, mut callee) = pair(&world).await;
    let request = caller.call("com.slow", &[]).await;
    callee.invocation().await;
    caller.cancel(request, None).await;
    assert_eq!(interrupt(&callee.next().await).1, CancelMode::Kill);
    assert!(caller.come().await.is_empty());
}

#[tokio::test]
async fn canceling_what_is_answered_or_unknown_does_nothing() {
    let world = World::new().await;
    let (mut caller, mut callee) = pair(&world).await;
    let request = caller.call("com.slow", &[]).await;
    let invocation = callee.invocation().await;
    callee.answer(invocation.request, &[]).await;
    caller.result().await;
    caller.cancel(request, Some("kill")).await;
    caller.cancel(super::client::id(77), Some("kill")).await;
    assert!(caller.come().await.is_empty() && callee.come().await.is_empty());
}

#[tokio::test]
async fn a_lost_caller_has_its_calls_interrupted() {
    let world = World::new().await;
    let (mut caller, mut callee) = pair(&world).await;
    caller.call("com.slow", &[]).await;
    let invocation = callee.invocation().await;
    caller.lose().await;
    assert_eq!(interrupt(&callee.next().await), (invocation.request, CancelMode::KillNoWait));
    assert_eq!(callee.answer(invocation.request, &[]).await, Step::Continue);
}

#[tokio::test]
async fn a_lost_callee_fails_the_calls_that_are_not_safe_to_repeat() {
    let world = World::new().await;
    let shared = RegisterOptions { invoke: Policy::RoundRobin, ..RegisterOptions::default() };
    let (mut caller, mut one, mut two) = (world.join().await, world.join().await, world.join().await);
    one.registered("com.work", shared).await;
    two.registered("com.work", shared).await;
    caller.call("com.work", &[]).await;
    one.invocation().await;
    one.lose().await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.canceled");
    assert!(two.come().await.is_empty());
}

#[tokio::test]
async fn a_call_that_is_safe_to_repeat_goes_to_the_next_callee_when_one_is_lost() {
    let world = World::new().await;
    let shared = RegisterOptions { invoke: Policy::RoundRobin, ..RegisterOptions::default() };
    let (mut caller, mut one, mut two) = (world.join().await, world.join().await, world.join().await);
    one.registered("com.work", shared).await;
    two.registered("com.work", shared).await;
    let options = CallOptions { repeatable: true, ..CallOptions::default() };
    caller.call_with("com.work", options, &[text("job")]).await;
    one.invocation().await;
    one.lose().await;
    let again = two.invocation().await;
    assert_eq!(said(&again.payload), "job");
    two.answer(again.request, &[text("done")]).await;
    assert_eq!(said(&caller.result().await.payload), "done");
}

#[tokio::test]
async fn an_unavailable_callee_is_passed_over_until_none_is_left() {
    let world = World::new().await;
    let shared = RegisterOptions { invoke: Policy::First, ..RegisterOptions::default() };
    let (mut caller, mut one, mut two) = (world.join().await, world.join().await, world.join().await);
    one.registered("com.work", shared).await;
    two.registered("com.work", shared).await;
    for second_can in [true, false] {
        caller.call("com.work", &[text("job")]).await;
        let first = one.invocation().await;
        one.fail(first.request, "wamp.error.unavailable").await;
        let second = two.invocation().await;
        if second_can {
            two.answer(second.request, &[text("done")]).await;
            assert_eq!(said(&caller.result().await.payload), "done");
        } else {
            two.fail(second.request, "wamp.error.unavailable").await;
            assert_eq!(error_uri(&caller.next().await), "wamp.error.no_available_callee");
        }
    }
}

#[tokio::test]
async fn a_call_of_which_a_part_was_answered_does_not_begin_anew() {
    let world = World::new().await;
    let shared = RegisterOptions { invoke: Policy::First, ..RegisterOptions::default() };
    let (mut caller, mut one, mut two) = (world.join().await, world.join().await, world.join().await);
    one.registered("com.work", shared).await;
    two.registered("com.work", shared).await;
    let options = CallOptions { repeatable: true, receive_progress: true, ..CallOptions::default() };
    caller.call_with("com.work", options, &[]).await;
    let invocation = one.invocation().await;
    one.progress(invocation.request, &[text("half")]).await;
    assert_eq!(said(&caller.result().await.payload), "half");
    one.lose().await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.canceled");
    assert!(two.come().await.is_empty());
}
