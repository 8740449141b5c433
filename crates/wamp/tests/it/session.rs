//! The handshake, and what is announced in it.

use crossgate_wamp::session::{
    AuthInfo, BrokerFeatures, ClientFeatures, DealerFeatures, Features, Handshake, HelloDetails, State, Step,
    Violation, Welcome,
};
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Dict, Map, Message, uris};

use crate::kit::decode;

fn message(json: &str) -> Message {
    decode(Format::Json, json.to_owned()).expect("a message")
}

const HELLO: &str = r#"[1,"realm1",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"joe"}]"#;

fn open() -> Handshake {
    let mut handshake = Handshake::default();
    assert!(matches!(handshake.receive(message(HELLO)), Ok(Step::Hello { .. })));
    assert!(handshake.welcome());
    handshake
}

#[test]
fn a_session_opens_after_a_challenge_and_closes_by_both_goodbyes() {
    let mut handshake = Handshake::default();
    let Ok(Step::Hello { realm, details }) = handshake.receive(message(HELLO)) else { panic!("a hello") };
    assert_eq!((&*realm, details.authid.as_deref()), ("realm1", Some("joe")));
    assert_eq!(details.methods().collect::<Vec<_>>(), ["ticket"]);
    assert!(handshake.challenge() && !handshake.welcome(), "a welcome has to wait for the answer");
    let step = handshake.receive(message(r#"[5,"secret",{}]"#));
    assert!(matches!(step, Ok(Step::Authenticate { signature, .. }) if signature == "secret"));
    assert!(handshake.welcome());
    assert!(matches!(handshake.receive(message(r#"[48,1,{},"a.b"]"#)), Ok(Step::Route(Message::Call(_)))));
    let step = handshake.receive(message(r#"[6,{},"wamp.close.close_realm"]"#));
    assert!(matches!(step, Ok(Step::Goodbye { reason }) if reason == uris::close::CLOSE_REALM));
    assert!(
        matches!(handshake.receive(message(HELLO)), Ok(Step::Hello { .. })),
        "the next session on the same connection"
    );
}

#[test]
fn what_crosses_the_routers_goodbye_is_ignored_until_the_clients_own() {
    let mut handshake = open();
    assert!(handshake.goodbye() && !handshake.goodbye());
    assert_eq!(handshake.receive(message(r#"[48,1,{},"a.b"]"#)), Ok(Step::Ignore));
    assert_eq!(handshake.receive(message(r#"[6,{},"wamp.close.goodbye_and_out"]"#)), Ok(Step::Left));
    assert_eq!(handshake.state(), State::Closed);
}

#[test]
fn messages_out_of_place_are_violations() {
    let call = r#"[48,1,{},"a.b"]"#;
    for early in [call, r#"[5,"x",{}]"#, r#"[6,{},"a.b"]"#, "[36,1,1,{}]", r#"[2,1,{}]"#] {
        let mut handshake = Handshake::default();
        assert!(matches!(handshake.receive(message(early)), Err(Violation::Unexpected(_))), "{early}");
        assert_eq!(handshake.state(), State::Aborted);
        assert!(handshake.receive(message(HELLO)).is_err(), "nothing more is said");
    }
    for wrong in
        [HELLO, r#"[5,"x",{}]"#, "[36,1,1,{}]", r#"[8,48,1,{},"a.b"]"#, "[50,1,{}]", r#"[68,1,1,{}]"#, "[33,1,1]"]
    {
        let mut handshake = open();
        let violation = handshake.receive(message(wrong)).expect_err("refused");
        let Message::Abort { reason, .. } = violation.to_abort(Format::Cbor) else { panic!("an abort") };
        assert_eq!(reason, uris::error::PROTOCOL_VIOLATION, "{wrong}");
    }
    for right in [r#"[8,68,1,{},"a.b"]"#, "[70,1,{}]", "[337,1]", r#"[16,1,{},"a"]"#, "[49,1,{}]"] {
        assert!(matches!(open().receive(message(right)), Ok(Step::Route(_))), "{right}");
    }
}

#[test]
fn an_abort_is_never_answered() {
    for mut handshake in [Handshake::default(), open()] {
        let step = handshake.receive(message(r#"[3,{},"wamp.error.canceled"]"#));
        assert!(matches!(step, Ok(Step::Aborted { .. })));
        assert_eq!(handshake.state(), State::Aborted);
    }
}

#[test]
fn a_bad_realm_or_hello_is_told_apart() {
    let mut handshake = Handshake::default();
    assert!(matches!(
        handshake.receive(message(r#"[1,"no realm",{"roles":{"caller":{}}}]"#)),
        Ok(Step::InvalidRealm(_))
    ));
    for bad in [
        r#"{}"#,
        r#"{"roles":{}}"#,
        r#"{"roles":{"clown":{}}}"#,
        r#"{"roles":[]}"#,
        r#"{"roles":{"caller":{}},"authmethods":"ticket"}"#,
        r#"{"roles":{"caller":{}},"authmethods":["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"]}"#,
        r#"{"roles":{"caller":{}},"authextra":[1]}"#,
        r#"{"roles":{"caller":{}},"authid":7}"#,
    ] {
        let hello = message(&format!(r#"[1,"realm1",{bad}]"#));
        assert!(matches!(Handshake::default().receive(hello), Err(Violation::Details(_))), "{bad}");
    }
}

#[test]
fn both_spellings_of_call_canceling_count() {
    for spelling in ["call_canceling", "call_cancelling"] {
        let hello = message(&format!(
            r#"[1,"realm1",{{"roles":{{"callee":{{"features":{{"{spelling}":true,"new":true,"shared_registration":false,"call_timeout":"yes"}}}}}}}}]"#
        ));
        let Ok(Step::Hello { details, .. }) = Handshake::default().receive(hello) else { panic!("a hello") };
        let features = details.roles.callee.expect("a callee");
        assert_eq!(features, Features { call_canceling: true, ..Features::default() }, "{spelling}");
        assert_eq!(details.methods().collect::<Vec<_>>(), ["anonymous"]);
    }
}

#[test]
fn hello_and_welcome_are_read_as_they_were_written() {
    let hello = HelloDetails {
        roles: ClientFeatures {
            caller: Some(Features { call_canceling: true, progressive_call_results: true, ..Features::default() }),
            subscriber: Some(Features::default()),
            ..ClientFeatures::default()
        },
        authmethods: Some(vec!["cryptosign".into(), "anonymous".into()]),
        authid: Some("a".into()),
        authrole: Some("r".into()),
        authextra: Map::new().with("pubkey", "00").with("n", 5_u64),
        agent: Some("test".into()),
    };
    let welcome = Welcome {
        auth: AuthInfo {
            realm: "realm1".into(),
            authid: "a".into(),
            authrole: "r".into(),
            authmethod: "ticket".into(),
            authprovider: "static".into(),
            authextra: Map::new().with("x", true),
        },
        broker: BrokerFeatures { event_history: true, ..BrokerFeatures::default() },
        dealer: DealerFeatures { call_canceling: true, testament_meta_api: true, ..DealerFeatures::default() },
        agent: None,
    };
    for format in Format::ALL {
        assert_eq!(HelloDetails::read(&hello.to_dict(format)), Ok(hello.clone()));
        assert_eq!(Welcome::read(&welcome.to_dict(format)), Ok(welcome.clone()));
    }
    let json = welcome.to_dict(Format::Json);
    let text = std::str::from_utf8(json.bytes()).expect("text");
    assert!(text.contains(r#""roles":{"broker":{"features":{"event_history":true}},"dealer":{"features":{"#), "{text}");
    assert!(HelloDetails::read(&Dict::empty(Format::Json)).is_err());
    assert_eq!(welcome.dealer.announced().collect::<Vec<_>>(), ["call_canceling", "testament_meta_api"]);
}
