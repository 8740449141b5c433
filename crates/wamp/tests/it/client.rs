//! A client's side: which answer belongs to which request, whatever a router sends.

use crossgate_wamp::client::{Arrival, Client, ClientViolation, Join, JoinFault, JoinStep};
use crossgate_wamp::message::Kind;
use crossgate_wamp::options::{CallOptions, CancelMode, PublishOptions, RegisterOptions, SubscribeOptions};
use crossgate_wamp::session::HelloDetails;
use crossgate_wamp::wire::{Format, Limits};
use crossgate_wamp::{Map, Message, Payload, uris};

use crate::kit::{decode, id};

fn message(json: &str) -> Message {
    decode(Format::Json, json.to_owned()).expect("a message")
}

fn json(message: &Message) -> String {
    String::from_utf8(message.to_bytes(Format::Json).expect("JSON").to_vec()).expect("UTF-8")
}

fn client() -> Client<&'static str> {
    Client::new(Format::Json)
}

fn nothing() -> Payload {
    Payload::empty(Format::Json)
}

fn join() -> Join {
    Join::begin(Format::Json, "realm1", &HelloDetails::default()).0
}

#[test]
fn a_client_joins_after_a_challenge_or_is_told_why_not() {
    let (mut join, hello) = Join::begin(Format::Json, "realm1", &HelloDetails::default());
    assert!(json(&hello).starts_with(r#"[1,"realm1",{"#));
    let step = join.receive(message(r#"[4,"ticket",{"a":1}]"#));
    assert!(matches!(step, Ok(JoinStep::Challenge { method, .. }) if method == "ticket"));
    assert_eq!(json(&join.authenticate("secret", &Map::new())), r#"[5,"secret",{}]"#);
    let step =
        join.receive(message(r#"[2,7,{"authid":"joe","roles":{"dealer":{"features":{"call_canceling":true}}}}]"#));
    let Ok(JoinStep::Welcome { session, welcome }) = step else { panic!("{step:?}") };
    assert_eq!((session, welcome.auth.authid.as_str(), welcome.dealer.call_canceling), (id(7), "joe", true));
    let refused = self::join().receive(message(r#"[3,{"message":"go away"},"wamp.error.no_such_realm"]"#));
    let words = Some("go away".to_owned());
    assert_eq!(refused, Ok(JoinStep::Refused { reason: uris::error::NO_SUCH_REALM.into(), message: words }));
}

#[test]
fn a_router_that_asks_without_end_or_out_of_turn_is_left() {
    let mut join = join();
    for _ in 0..8 {
        assert!(join.receive(message(r#"[4,"ticket",{}]"#)).is_ok());
    }
    assert_eq!(join.receive(message(r#"[4,"ticket",{}]"#)), Err(JoinFault::Challenges));
    assert_eq!(self::join().receive(message("[50,1,{}]")), Err(JoinFault::Unexpected(Kind::Result)));
}

#[test]
fn each_answer_finds_its_request() {
    let mut client = client();
    let (call, said) = client.call("call", "a.b", &CallOptions::default(), nothing());
    assert_eq!((call, json(&said).as_str()), (id(1), r#"[48,1,{},"a.b"]"#));
    assert_eq!(json(&client.subscribe("sub", "a.t", SubscribeOptions::default())), r#"[32,2,{},"a.t"]"#);
    assert_eq!(json(&client.register("reg", "a.p", RegisterOptions::default())), r#"[64,3,{},"a.p"]"#);
    let options = PublishOptions::default();
    assert_eq!(json(&client.publish(Some("pub"), "a.t", &options, nothing())), r#"[16,4,{"acknowledge":true},"a.t"]"#);
    assert_eq!(json(&client.publish(None, "a.t", &options, nothing())), r#"[16,5,{},"a.t"]"#);
    assert_eq!(client.waiting(), 4);
    for (answer, token, number) in [("[17,4,40]", "pub", 40), ("[65,3,30]", "reg", 30), ("[33,2,20]", "sub", 20)] {
        let arrival = client.receive(message(answer));
        assert!(matches!(arrival, Ok(Arrival::Done { token: t, id: i }) if (t, i) == (token, id(number))), "{answer}");
    }
    let progress = client.receive(message(r#"[50,1,{"progress":true},[1]]"#));
    assert!(matches!(progress, Ok(Arrival::Progress { request, .. }) if request == call));
    assert_eq!(client.token(call), Some(&"call"));
    let result = client.receive(message("[50,1,{},[2]]"));
    assert!(matches!(result, Ok(Arrival::Result { token: "call", .. })), "{result:?}");
    assert!(matches!(client.receive(message("[50,1,{},[2]]")), Ok(Arrival::Nothing)), "it came twice");
    assert_eq!(client.waiting(), 0);
}

#[test]
fn an_error_ends_the_request_and_a_canceled_call_still_waits_for_it() {
    let mut client = client();
    let (call, _) = client.call("call", "a.b", &CallOptions::default(), nothing());
    let cancel = client.cancel(call, CancelMode::KillNoWait).expect("it is open");
    assert_eq!(json(&cancel), r#"[49,1,{"mode":"killnowait"}]"#);
    let failed = client.receive(message(r#"[8,48,1,{},"wamp.error.canceled"]"#));
    assert!(matches!(failed, Ok(Arrival::Failed { token: "call", error }) if error.error == uris::error::CANCELED));
    assert!(client.cancel(call, CancelMode::Kill).is_none());
}

#[test]
fn answers_to_nothing_and_answers_of_another_kind_are_violations() {
    for (said, violation) in [
        ("[50,2,{}]", ClientViolation::Unasked { kind: Kind::Result, request: id(2) }),
        ("[33,1,5]", ClientViolation::OtherAnswer { answer: Kind::Subscribed, request: Kind::Call }),
        (r#"[8,64,1,{},"a.b"]"#, ClientViolation::OtherAnswer { answer: Kind::Error, request: Kind::Call }),
        (r#"[48,1,{},"a.b"]"#, ClientViolation::Unexpected(Kind::Call)),
        ("[2,1,{}]", ClientViolation::Unexpected(Kind::Welcome)),
    ] {
        let mut client = client();
        client.call("call", "a.b", &CallOptions::default(), nothing());
        assert_eq!(client.receive(message(said)).expect_err("a violation"), violation, "{said}");
    }
}

#[test]
fn events_come_until_the_last_of_those_who_share_a_subscription_has_left() {
    let mut client = client();
    for answer in ["[33,1,9]", "[33,2,9]"] {
        client.subscribe("sub", "a.t", SubscribeOptions::default());
        client.receive(message(answer)).expect("subscribed");
    }
    let is_event = |client: &mut Client<&str>| {
        matches!(client.receive(message("[36,9,1,{}]")).expect("no violation"), Arrival::Event(_))
    };
    assert!(is_event(&mut client));
    assert_eq!(client.unsubscribe("first", id(9)).err(), Some("first"), "the other one stays");
    assert!(is_event(&mut client));
    assert_eq!(json(&client.unsubscribe("second", id(9)).expect("a message")), "[34,3,9]");
    assert!(!is_event(&mut client), "an event that crossed UNSUBSCRIBE");
    assert!(matches!(client.receive(message("[35,3]")), Ok(Arrival::Removed { token: "second", .. })));
    assert_eq!(client.unsubscribe("again", id(9)).err(), Some("again"));
}

#[test]
fn an_invocation_is_answered_once_and_what_is_not_registered_is_refused() {
    let mut client = client();
    client.register("reg", "a.p", RegisterOptions::default());
    client.receive(message("[65,1,30]")).expect("registered");
    assert!(matches!(client.receive(message("[68,1,30,{},[1]]")), Ok(Arrival::Invocation(_))));
    assert_eq!(client.receive(message("[68,1,30,{}]")).expect_err("twice"), ClientViolation::Twice(id(1)));
    assert_eq!(json(&client.answer(id(1), true, nothing()).expect("open")), r#"[70,1,{"progress":true}]"#);
    assert!(matches!(client.receive(message("[69,1,{}]")), Ok(Arrival::Interrupt { .. })));
    assert_eq!(json(&client.fail(id(1), "a.e", nothing()).expect("open")), r#"[8,68,1,{},"a.e"]"#);
    assert!(client.answer(id(1), false, nothing()).is_none());
    assert!(matches!(client.receive(message("[69,1,{}]")), Ok(Arrival::Nothing)), "too late");
    let unregister = client.unregister("gone", id(30)).expect("registered");
    assert_eq!(json(&unregister), "[66,2,30]");
    assert!(matches!(client.receive(message("[68,2,30,{}]")), Ok(Arrival::Invocation(_))), "it crossed UNREGISTER");
    assert!(matches!(client.receive(message("[67,2]")), Ok(Arrival::Removed { token: "gone", .. })));
    let Ok(Arrival::Reply(reply)) = client.receive(message("[68,3,30,{}]")) else { panic!("a refusal") };
    assert_eq!(json(&reply), r#"[8,68,3,{},"wamp.error.no_such_procedure"]"#);
}

#[test]
fn what_the_router_takes_away_is_gone() {
    let mut client = client();
    client.register("reg", "a.p", RegisterOptions::default());
    client.receive(message("[65,1,30]")).expect("registered");
    let revoked = client.receive(message(r#"[67,0,{"registration":30,"reason":"a.b"}]"#));
    assert!(matches!(revoked, Ok(Arrival::RegistrationRevoked(revocation)) if revocation.id == id(30)));
    assert_eq!(client.unregister("gone", id(30)).err(), Some("gone"));
}

#[test]
fn a_session_ends_by_either_sides_goodbye_and_gives_back_what_waits() {
    let mut client = client();
    client.call("call", "a.b", &CallOptions::default(), nothing());
    assert!(client.goodbye().is_some() && client.goodbye().is_none());
    assert!(matches!(client.receive(message("[50,1,{}]")), Ok(Arrival::Result { .. })), "answers still come");
    assert!(matches!(client.receive(message(r#"[6,{},"wamp.close.goodbye_and_out"]"#)), Ok(Arrival::Left)));
    assert!(client.receive(message("[50,1,{}]")).is_err());

    let mut client = self::client();
    client.call("call", "a.b", &CallOptions::default(), nothing());
    let arrival = client.receive(message(r#"[6,{"message":"bye"},"wamp.close.system_shutdown"]"#));
    let Ok(Arrival::Goodbye { reply, reason, message }) = arrival else { panic!("{arrival:?}") };
    assert_eq!(json(&reply), r#"[6,{},"wamp.close.goodbye_and_out"]"#);
    assert_eq!((reason.as_str(), message.as_deref()), (uris::close::SYSTEM_SHUTDOWN, Some("bye")));
    assert_eq!(client.abandon().collect::<Vec<_>>(), ["call"]);
}

#[test]
fn a_client_survives_any_router() {
    let limits = Limits { items_max: 1_000, ..Limits::default() };
    bolero::check!().with_iterations(2_000).for_each(|bytes: &[u8]| {
        let (format, messages) = bytes.split_first().map_or((0, bytes), |(first, rest)| (first % 3, rest));
        let format = Format::ALL[usize::from(format)];
        let mut client = Client::new(format);
        let empty = || Payload::empty(format);
        client.call(1, "a.b", &CallOptions::default(), empty());
        client.subscribe(2, "a.b", SubscribeOptions::default());
        client.register(3, "a.b", RegisterOptions::default());
        let (mut join, _) = Join::begin(format, "realm1", &HelloDetails::default());
        for piece in messages.chunks(24) {
            // Whole messages that almost fit, beside bytes that are none.
            let shaped = piece.first().map(|kind| format!("[{kind},{},30,{{}}]", piece.len() % 5));
            let shaped = shaped.and_then(|text| decode(Format::Json, text).ok());
            let read = Message::decode(format, &bytes::Bytes::copy_from_slice(piece), &limits).ok();
            for message in shaped.into_iter().chain(read) {
                let _ = join.receive(message.clone());
                if let Ok(Arrival::Invocation(invocation)) = client.receive(message) {
                    assert!(client.answer(invocation.request, false, empty()).is_some());
                }
            }
        }
        assert!(client.abandon().count() <= 3, "nothing is given back that was not asked");
    });
}
