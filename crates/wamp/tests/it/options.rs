//! Options and details.

use crossgate_wamp::options::{
    Audience, CallOptions, CancelMode, CancelOptions, EventDetails, InterruptOptions, InvocationDetails, Passthru,
    Policy, PublishOptions, RegisterOptions, Revocation, SubscribeOptions, YieldOptions,
};
use crossgate_wamp::uri::Match;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Dict, Message};

use crate::kit::{decode, id};

/// The dictionary of a JSON text, by way of a message in each format.
fn dicts(json: &str) -> Vec<Dict> {
    let Ok(Message::Cancel { options, .. }) = decode(Format::Json, format!("[49,1,{json}]")) else {
        panic!("{json} is a dictionary")
    };
    Format::ALL.map(|format| options.to_format(format).expect("every format can say it")).into()
}

#[test]
fn unknown_attributes_and_nulls_are_ignored() {
    let text =
        r#"{"acknowledge":true,"x_new":[1,{"a":[]}],"exclude":null,"exclude_me":false,"eligible_authrole":["a"]}"#;
    for dict in dicts(text) {
        let options = PublishOptions::read(&dict).expect("options");
        assert!(options.acknowledge && !options.excludes_publisher());
        assert_eq!(options.audience.exclude, None);
        assert_eq!(options.audience.eligible_authrole, Some(vec!["a".to_owned()]));
    }
}

#[test]
fn an_attribute_of_another_type_is_named() {
    for dict in dicts(r#"{"timeout":"soon"}"#) {
        assert_eq!(
            CallOptions::read(&dict).expect_err("refused").to_string(),
            "`timeout` must be a whole number from 0 on"
        );
    }
    for (json, key) in [
        (r#"{"exclude":[1,"a"]}"#, "exclude"),
        (r#"{"exclude":5}"#, "exclude"),
        (r#"{"eligible_authid":[1]}"#, "eligible_authid"),
        (r#"{"retain":1}"#, "retain"),
    ] {
        assert!(
            dicts(json).iter().all(|dict| PublishOptions::read(dict).is_err_and(|error| error.key == key)),
            "{json}"
        );
    }
    assert!(dicts(r#"{"match":"glob"}"#).iter().all(|dict| SubscribeOptions::read(dict).is_err()));
    assert!(dicts(r#"{"invoke":"all"}"#).iter().all(|dict| RegisterOptions::read(dict).is_err()));
    assert!(dicts(r#"{"concurrency":0}"#).iter().all(|dict| RegisterOptions::read(dict).is_err()));
    assert!(dicts(r#"{"mode":"now"}"#).iter().all(|dict| CancelOptions::read(dict).is_err()));
}

#[test]
fn every_attribute_is_written_and_read_in_every_format() {
    let text = |text: &str| Some(text.to_owned());
    let passthru = Passthru {
        ppt_scheme: text("mqtt"),
        ppt_serializer: text("json"),
        ppt_cipher: text("aes256gcm"),
        ppt_keyid: text("k"),
        enc_algo: text("cryptobox"),
        enc_key: text("e"),
        enc_serializer: text("cbor"),
    };
    let audience = Audience {
        exclude: Some(vec![id(1)]),
        exclude_authid: Some(vec!["a".into()]),
        exclude_authrole: Some(Vec::new()),
        eligible: Some(vec![id(1 << 53)]),
        eligible_authid: Some(vec!["é".into()]),
        eligible_authrole: Some(vec!["c".into(), "d".into()]),
    };
    for format in Format::ALL {
        macro_rules! same {
            ($type:ident $fields:tt) => {
                let value = $type $fields;
                assert_eq!($type::read(&value.clone().to_dict(format)), Ok(value));
                assert_eq!($type::read(&Dict::empty(format)), Ok($type::default()));
            };
        }
        same!(CallOptions {
            timeout: Some(5),
            receive_progress: true,
            progress: true,
            disclose_me: Some(false),
            repeatable: true,
            passthru: passthru.clone()
        });
        same!(CancelOptions { mode: Some(CancelMode::KillNoWait) });
        same!(InterruptOptions { mode: Some(CancelMode::Kill), reason: text("a.b") });
        same!(InvocationDetails {
            procedure: text("p"),
            caller: Some(id(7)),
            caller_authid: text("a"),
            caller_authrole: text("r"),
            trustlevel: Some(2),
            timeout: Some(9),
            receive_progress: true,
            progress: true,
            passthru: passthru.clone()
        });
        same!(YieldOptions { progress: true, passthru: passthru.clone() });
        same!(PublishOptions {
            acknowledge: true,
            exclude_me: Some(true),
            disclose_me: Some(true),
            retain: true,
            audience: audience.clone(),
            passthru: passthru.clone()
        });
        same!(EventDetails {
            topic: text("t"),
            publisher: Some(id(3)),
            publisher_authid: text("a"),
            publisher_authrole: text("r"),
            trustlevel: Some(0),
            retained: true,
            passthru: passthru.clone(),
            x_acknowledged_delivery: true
        });
        same!(SubscribeOptions { policy: Match::Wildcard, get_retained: true });
        same!(RegisterOptions {
            policy: Match::Prefix,
            invoke: Policy::LeastLoaded,
            concurrency: Some(4),
            force_reregister: true,
            disclose_caller: Some(true),
            forward_timeout: true
        });
        let revocation = Revocation { id: id(5), reason: text("wamp.error.unregistered") };
        assert_eq!(Revocation::read(&revocation.of_subscription(format)), Ok(revocation.clone()));
        assert_eq!(Revocation::read(&revocation.of_registration(format)), Ok(revocation));
    }
    assert!(passthru.is_passthru() && passthru.is_transparent() && !passthru.is_empty());
    assert!(!Passthru { ppt_scheme: text(""), ..Passthru::default() }.is_passthru());
}

#[test]
fn an_audience_is_whoever_meets_all_conditions() {
    let names = |list: &[&str]| Some(list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let admits = |audience: &Audience| audience.admits(id(7), "alice", "user");
    let everybody = Audience::default();
    assert!(everybody.is_everybody() && admits(&everybody));
    let cases = [
        (Audience { eligible: Some(Vec::new()), ..everybody.clone() }, false),
        (Audience { eligible: Some(vec![id(7)]), ..everybody.clone() }, true),
        (Audience { eligible: Some(vec![id(7)]), exclude: Some(vec![id(7)]), ..everybody.clone() }, false),
        (Audience { exclude: Some(Vec::new()), ..everybody.clone() }, true),
        (Audience { eligible: Some(vec![id(7)]), eligible_authrole: names(&["admin"]), ..everybody.clone() }, false),
        (
            Audience { eligible_authid: names(&["alice"]), eligible_authrole: names(&["user"]), ..everybody.clone() },
            true,
        ),
        (Audience { exclude_authid: names(&["alice"]), ..everybody.clone() }, false),
        (Audience { exclude_authrole: names(&["user"]), ..everybody.clone() }, false),
        (Audience { eligible_authid: names(&[]), ..everybody }, false),
    ];
    for (audience, expected) in cases {
        assert_eq!(admits(&audience), expected, "{audience:?}");
    }
}
