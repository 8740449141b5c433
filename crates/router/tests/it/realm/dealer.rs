//! Calls and their answers.

use crossgate_router::realm::{Disclosure, PartialResults, RealmConfig, Step, TimeoutUnit};
use crossgate_wamp::options::{CallOptions, InvocationDetails, Passthru, RegisterOptions, ResultDetails};
use crossgate_wamp::session::{ClientFeatures, Features};
use crossgate_wamp::uri::Match;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Message, Value};

use super::client::{World, error_uri, id, nothing, said, text};

#[tokio::test]
async fn a_call_goes_to_its_callee_and_the_answer_comes_back_in_every_pair_of_formats() {
    let world = World::new().await;
    for from in Format::ALL {
        for to in Format::ALL {
            let (mut caller, mut callee) = (world.join_in(from).await, world.join_in(to).await);
            let registration = callee.register("com.echo").await;
            let values = [text("é"), Value::from(-3_i64), Value::Binary(vec![0, 255]), Value::from(vec![true, false])];
            let request = caller.call("com.echo", &values).await;
            let invocation = callee.invocation().await;
            assert_eq!((invocation.request, invocation.registration), (id(1), registration));
            assert_eq!(invocation.payload.arg_values().unwrap(), values, "{from} to {to}");
            callee.answer(invocation.request, &values).await;
            let result = caller.result().await;
            assert_eq!((result.request, result.payload.arg_values().unwrap()), (request, values.to_vec()));
            callee.lose().await;
        }
    }
}

#[tokio::test]
async fn a_callees_error_reaches_the_caller_with_its_uri_and_arguments() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.register("com.fails").await;
    let request = caller.call("com.fails", &[]).await;
    let invocation = callee.invocation().await;
    callee.fail(invocation.request, "com.error.mine").await;
    let error = caller.error().await;
    assert_eq!(
        (error.request, error.error.as_str(), said(&error.payload).as_str()),
        (request, "com.error.mine", "said the callee")
    );
}

#[tokio::test]
async fn a_call_of_what_nobody_registered_and_of_what_is_no_uri_gets_an_error() {
    let world = World::new().await;
    let mut caller = world.join().await;
    caller.call("com.nobody", &[]).await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.no_such_procedure");
    for wrong in ["com..empty", "com.#", "com. space", ""] {
        caller.call(wrong, &[]).await;
        assert_eq!(error_uri(&caller.next().await), "wamp.error.invalid_uri", "{wrong}");
    }
}

#[tokio::test]
async fn no_pattern_catches_a_call_of_the_routers_own_names() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join_named("wanda").await);
    for (procedure, policy) in [("wa", Match::Prefix), ("..", Match::Wildcard)] {
        callee.registered(procedure, RegisterOptions { policy, ..RegisterOptions::default() }).await;
    }
    caller.call("wamp.session.nonsense", &[]).await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.no_such_procedure");
    assert!(callee.come().await.is_empty());
}

#[tokio::test]
async fn a_call_goes_to_the_exact_registration_then_to_the_longest_prefix_then_to_a_wildcard() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    let mut ids = Vec::new();
    for (procedure, policy) in
        [("a.b.c", Match::Exact), ("a.b", Match::Prefix), ("a", Match::Prefix), ("x..z", Match::Wildcard)]
    {
        ids.push(callee.registered(procedure, RegisterOptions { policy, ..RegisterOptions::default() }).await);
    }
    for (procedure, expected) in [("a.b.c", 0), ("a.bc", 1), ("a.c", 2), ("x.y.z", 3)] {
        caller.call(procedure, &[]).await;
        let invocation = callee.invocation().await;
        assert_eq!(invocation.registration, ids[expected], "{procedure}");
        let named = InvocationDetails::read(&invocation.details).unwrap().procedure;
        assert_eq!(named.as_deref(), (expected > 0).then_some(procedure), "the details name it unless it is exact");
    }
}

#[tokio::test]
async fn partial_results_come_in_order_and_only_to_those_who_asked_for_them() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.register("com.parts").await;
    for receive_progress in [true, false] {
        caller.call_with("com.parts", CallOptions { receive_progress, ..CallOptions::default() }, &[]).await;
        let invocation = callee.invocation().await;
        assert_eq!(InvocationDetails::read(&invocation.details).unwrap().receive_progress, receive_progress);
        for part in ["1", "2"] {
            callee.progress(invocation.request, &[text(part)]).await;
        }
        callee.answer(invocation.request, &[text("3")]).await;
        let expected: &[&str] = if receive_progress { &["1", "2", "3"] } else { &["3"] };
        for part in expected {
            let result = caller.result().await;
            assert_eq!(said(&result.payload), *part);
            assert_eq!(ResultDetails::read(&result.details).unwrap().progress, *part != "3");
        }
        assert!(caller.come().await.is_empty());
    }
}

#[tokio::test]
async fn a_callee_that_cannot_cancel_is_not_asked_for_partial_results() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join_plain().await);
    callee.register("com.parts").await;
    caller.call_with("com.parts", CallOptions { receive_progress: true, ..CallOptions::default() }, &[]).await;
    let invocation = callee.invocation().await;
    assert!(!InvocationDetails::read(&invocation.details).unwrap().receive_progress);
}

#[tokio::test]
async fn a_realm_can_ask_callees_that_cannot_cancel_for_partial_results_too() {
    let config = RealmConfig { partial_results: PartialResults::Any, ..RealmConfig::default() };
    let world = World::with(config).await;
    let announced = Some(Features { progressive_call_results: true, ..Features::default() });
    let roles = ClientFeatures { callee: announced, ..nothing() };
    let (mut caller, mut callee) = (world.join().await, world.join_as(Format::Json, "realm1", None, roles).await);
    callee.register("com.parts").await;
    caller.call_with("com.parts", CallOptions { receive_progress: true, ..CallOptions::default() }, &[]).await;
    let invocation = callee.invocation().await;
    assert!(InvocationDetails::read(&invocation.details).unwrap().receive_progress);
    callee.progress(invocation.request, &[text("1")]).await;
    assert_eq!(said(&caller.result().await.payload), "1");
}

#[tokio::test]
async fn arguments_in_parts_all_go_to_one_invocation_of_one_callee() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.register("com.upload").await;
    let parts = |progress| CallOptions { progress, ..CallOptions::default() };
    let request = caller.call_with("com.upload", parts(true), &[text("1")]).await;
    caller.call_again(request, "com.upload", parts(true), &[text("2")]).await;
    caller.call_again(request, "com.upload", parts(false), &[text("3")]).await;
    for (part, progress) in [("1", true), ("2", true), ("3", false)] {
        let invocation = callee.invocation().await;
        assert_eq!((invocation.request, said(&invocation.payload).as_str()), (id(1), part));
        assert_eq!(InvocationDetails::read(&invocation.details).unwrap().progress, progress);
    }
    callee.answer(id(1), &[text("done")]).await;
    assert_eq!(said(&caller.result().await.payload), "done");
}

#[tokio::test]
async fn parts_that_come_after_the_callee_answered_are_dropped_and_start_no_call() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.register("com.upload").await;
    let parts = |progress| CallOptions { progress, ..CallOptions::default() };
    let request = caller.call_with("com.upload", parts(true), &[]).await;
    callee.invocation().await;
    callee.fail(id(1), "com.error.enough").await;
    assert_eq!(error_uri(&caller.next().await), "com.error.enough");
    for progress in [true, false] {
        assert_eq!(caller.call_again(request, "com.upload", parts(progress), &[]).await, Step::Continue);
    }
    assert!(callee.come().await.is_empty() && caller.come().await.is_empty());
}

#[tokio::test]
async fn arguments_in_parts_need_a_callee_and_a_caller_that_announced_them() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join_plain().await);
    callee.register("com.upload").await;
    let parts = CallOptions { progress: true, ..CallOptions::default() };
    caller.call_with("com.upload", parts.clone(), &[]).await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.feature_not_supported");
    let mut plain = world.join_plain().await;
    let request = plain.request();
    assert_eq!(plain.call_again(request, "com.upload", parts, &[]).await, Step::Close);
}

#[tokio::test]
async fn a_second_call_under_a_request_that_is_on_its_way_breaks_the_protocol() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.register("com.slow").await;
    let request = caller.call("com.slow", &[]).await;
    assert_eq!(caller.call_again(request, "com.slow", CallOptions::default(), &[]).await, Step::Close);
}

#[tokio::test]
async fn a_callee_that_answers_what_it_was_never_asked_breaks_the_protocol() {
    let world = World::new().await;
    let (mut caller, mut callee, mut other) = (world.join().await, world.join().await, world.join().await);
    callee.register("com.mine").await;
    caller.call("com.mine", &[]).await;
    let invocation = callee.invocation().await;
    // Another session's invocation is not its own to answer, neither with a result nor with an error.
    assert_eq!(other.fail(invocation.request, "com.error.forged").await, Step::Close);
    let mut third = world.join().await;
    assert_eq!(third.answer(invocation.request, &[]).await, Step::Close);
    assert!(caller.come().await.is_empty());
    callee.answer(invocation.request, &[text("mine")]).await;
    assert_eq!(said(&caller.result().await.payload), "mine");
    // A second answer is late, and dropped.
    assert_eq!(callee.answer(invocation.request, &[text("again")]).await, Step::Continue);
    assert!(caller.come().await.is_empty());
}

#[tokio::test]
async fn invocations_are_counted_per_callee_from_one_without_gaps() {
    let world = World::new().await;
    let (mut caller, mut one, mut two) = (world.join().await, world.join().await, world.join().await);
    one.register("com.one").await;
    two.register("com.two").await;
    for number in 1..=3 {
        caller.call("com.one", &[]).await;
        caller.call("com.two", &[]).await;
        assert_eq!(one.invocation().await.request, id(number));
        assert_eq!(two.invocation().await.request, id(number));
    }
}

#[tokio::test]
async fn a_timeout_is_in_milliseconds_and_answers_with_the_specifications_error() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.register("com.slow").await;
    let options = CallOptions { timeout: Some(30), ..CallOptions::default() };
    caller.call_with("com.slow", options, &[]).await;
    let invocation = callee.invocation().await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.timeout");
    assert!(matches!(callee.next().await, Message::Interrupt { request, .. } if request == invocation.request));
    // The late answer is dropped.
    assert_eq!(callee.answer(invocation.request, &[]).await, Step::Continue);
    assert!(caller.come().await.is_empty());
}

#[tokio::test]
async fn a_realm_can_count_timeouts_in_seconds_as_autobahn_python_does() {
    for (timeout_unit, told) in [(TimeoutUnit::Milliseconds, 7), (TimeoutUnit::Seconds, 7_000)] {
        let world = World::with(RealmConfig { timeout_unit, ..RealmConfig::default() }).await;
        let (mut caller, mut callee) = (world.join().await, world.join().await);
        let options = RegisterOptions { forward_timeout: true, ..RegisterOptions::default() };
        callee.registered("com.slow", options).await;
        caller.call_with("com.slow", CallOptions { timeout: Some(7), ..CallOptions::default() }, &[]).await;
        let details = InvocationDetails::read(&callee.invocation().await.details).unwrap();
        assert_eq!(details.timeout, Some(told), "{timeout_unit:?}, in milliseconds");
    }
}

#[tokio::test]
async fn a_callee_that_watches_the_timeout_itself_is_told_it() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.registered("com.own", RegisterOptions { forward_timeout: true, ..RegisterOptions::default() }).await;
    caller.call_with("com.own", CallOptions { timeout: Some(20), ..CallOptions::default() }, &[]).await;
    let invocation = callee.invocation().await;
    assert_eq!(InvocationDetails::read(&invocation.details).unwrap().timeout, Some(20));
}

#[tokio::test]
async fn a_caller_is_disclosed_when_it_wants_or_the_callee_does_and_never_otherwise() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join_named("wanda").await, world.join().await);
    callee.register("com.plain").await;
    callee.registered("com.asks", RegisterOptions { disclose_caller: Some(true), ..RegisterOptions::default() }).await;
    for (procedure, disclose_me, known) in
        [("com.plain", None, false), ("com.plain", Some(true), true), ("com.asks", None, true)]
    {
        caller.call_with(procedure, CallOptions { disclose_me, ..CallOptions::default() }, &[]).await;
        let details = InvocationDetails::read(&callee.invocation().await.details).unwrap();
        let expected = known.then(|| (caller.id(), "wanda".to_owned(), "worker".to_owned()));
        let found = details.caller.zip(details.caller_authid).zip(details.caller_authrole);
        assert_eq!(found.map(|((caller, authid), role)| (caller, authid, role)), expected, "{procedure}");
    }
}

#[tokio::test]
async fn a_result_says_nothing_about_its_callee() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.register("com.plain").await;
    caller.call("com.plain", &[]).await;
    callee.answer(id(1), &[]).await;
    assert!(caller.result().await.details.to_map().unwrap().is_empty());
}

#[tokio::test]
async fn a_realm_that_discloses_nobody_refuses_to_be_asked_for_it() {
    let world = World::with(RealmConfig { disclosure: Disclosure::Never, ..RealmConfig::default() }).await;
    let (mut caller, mut callee) = (world.join().await, world.join().await);
    callee.register("com.plain").await;
    caller.call_with("com.plain", CallOptions { disclose_me: Some(true), ..CallOptions::default() }, &[]).await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.option_disallowed.disclose_me");
    let options = RegisterOptions { disclose_caller: Some(true), ..RegisterOptions::default() };
    let refused = callee.register_with("com.asks", options).await;
    assert_eq!(error_uri(&refused), "wamp.error.option_disallowed.disclose_me");
}

#[tokio::test]
async fn payloads_in_both_dialects_of_passthru_go_through_untouched_with_their_attributes() {
    let world = World::new().await;
    let spec = Passthru { ppt_scheme: Some("x_mine".into()), ppt_cipher: Some("aes".into()), ..Passthru::default() };
    let autobahn = Passthru { enc_algo: Some("cryptobox".into()), enc_key: Some("k".into()), ..Passthru::default() };
    for passthru in [spec, autobahn] {
        let (mut caller, mut callee) = (world.join_in(Format::Cbor).await, world.join_in(Format::MessagePack).await);
        callee.register("com.opaque").await;
        let options = CallOptions { passthru: passthru.clone(), ..CallOptions::default() };
        caller.call_with("com.opaque", options, &[Value::Binary(vec![1, 2, 3])]).await;
        let invocation = callee.invocation().await;
        assert_eq!(InvocationDetails::read(&invocation.details).unwrap().passthru, passthru);
        assert_eq!(invocation.payload.arg_values().unwrap(), [Value::Binary(vec![1, 2, 3])]);
        let options = crossgate_wamp::options::YieldOptions { progress: false, passthru: passthru.clone() };
        let answer = crossgate_wamp::message::Yield {
            request: invocation.request,
            options: options.to_dict(callee.format),
            payload: callee.payload(&[Value::Binary(vec![4])]),
        };
        callee.send(Message::Yield(answer)).await;
        let result = caller.result().await;
        assert_eq!(ResultDetails::read(&result.details).unwrap().passthru, passthru);
        callee.lose().await;
    }
}

#[tokio::test]
async fn a_callee_without_passthru_is_not_given_such_a_payload() {
    let world = World::new().await;
    let (mut caller, mut callee) = (world.join().await, world.join_plain().await);
    callee.register("com.plain").await;
    let passthru = Passthru { ppt_scheme: Some("x_mine".into()), ..Passthru::default() };
    caller.call_with("com.plain", CallOptions { passthru, ..CallOptions::default() }, &[]).await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.feature_not_supported");
}

#[tokio::test]
async fn an_answer_larger_than_the_caller_receives_becomes_an_error() {
    let world = World::new().await;
    let mut caller = world.connect_with(Format::Json, 2048, None);
    caller.hello("realm1", None, super::client::everything()).await;
    caller.next().await;
    let mut callee = world.join().await;
    callee.register("com.large").await;
    caller.call("com.large", &[]).await;
    let invocation = callee.invocation().await;
    callee.answer(invocation.request, &[text(&"x".repeat(4000))]).await;
    assert_eq!(error_uri(&caller.next().await), "wamp.error.payload_size_exceeded");
}
