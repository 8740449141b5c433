//! Dynamic authorizers: when one is asked, with what, and what it may answer.

use std::sync::Arc;
use std::time::Duration;

use crossgate_call::Realm;
use crossgate_identity::{
    Action, Match, WampAuthorizer, WampRule, WampSession, WampVerdict, wamp_authorization_failed, wamp_authorizer_args,
    wamp_not_authorized,
};
use crossgate_wamp::Value;
use crossgate_wamp::id::Id;
use serde_json::json;

use super::kit::*;
use crate::kit::World;

const CONFIG: &str = r#"
[roles.server]
authorizer = "com.example.authorize"
allow = [{ uri = "com.free.", match = "prefix", actions = ["call", "subscribe", "register"] }]
deny = [{ uri = "com.secret.", match = "prefix", actions = ["call", "subscribe"] }]
[roles.plain]
allow = [{ uri = "com.free.", match = "prefix" }]
[roles.authenticator]
allow = [{ uri = "com.example.authorize", actions = ["register"] }, { uri = "com.example.authenticate", actions = ["register"] }]
[wamp.auth.public]
anonymous = { authenticator = "com.example.authenticate", role = "plain" }
[wamp.authorization]
timeout_ms = 700
cache_ttl_s = 60
cache_entries_max = 100
"#;

fn rule(world: &World, roles: &[&str], action: Action, uri: &str, kind: Match) -> WampRule {
    let roles: Vec<Arc<str>> = roles.iter().map(|role| Arc::from(*role)).collect();
    world.identity.wamp_rule(&Realm::new(REALM), &roles, action, uri, kind)
}

fn word(rule: &WampRule) -> &'static str {
    match rule {
        WampRule::Permit => "permit",
        WampRule::Refuse => "refuse",
        WampRule::Ask(_) => "ask",
    }
}

#[tokio::test]
async fn an_authorizer_is_asked_about_what_the_grants_leave_open() {
    let world = World::open(CONFIG).await;
    use Action::{Call, Publish, Register, Subscribe};
    for (roles, action, uri, kind, expected) in [
        (&["server"][..], Call, "com.free.x", Match::Exact, "permit"),
        (&["server"], Call, "com.secret.x", Match::Exact, "refuse"),
        (&["server"], Call, "com.other.x", Match::Exact, "ask"),
        (&["server"], Publish, "com.secret.x", Match::Exact, "ask"),
        (&["server"], Subscribe, "com.free.", Match::Prefix, "permit"),
        (&["server"], Subscribe, "com.", Match::Prefix, "refuse"),
        (&["server"], Subscribe, "com.other.", Match::Prefix, "ask"),
        (&["server"], Subscribe, "com..x", Match::Wildcard, "refuse"),
        (&["server"], Call, "no uri", Match::Exact, "refuse"),
        (&["plain"], Call, "com.free.x", Match::Exact, "permit"),
        (&["plain"], Call, "com.other.x", Match::Exact, "refuse"),
        (&["plain", "server"], Call, "com.other.x", Match::Exact, "ask"),
        (&["nobody"], Call, "com.free.x", Match::Exact, "refuse"),
        (&[], Call, "com.free.x", Match::Exact, "refuse"),
        (&["server"], Register, "com.other.x", Match::Exact, "ask"),
    ] {
        assert_eq!(word(&rule(&world, roles, action, uri, kind)), expected, "{roles:?} {action:?} {uri}");
    }
}

#[tokio::test]
async fn an_authorizer_does_not_decide_who_may_be_authorizer_or_authenticator() {
    let world = World::open(CONFIG).await;
    for uri in ["com.example.authorize", "com.example.authenticate"] {
        assert_eq!(word(&rule(&world, &["server"], Action::Register, uri, Match::Exact)), "refuse");
        assert_eq!(word(&rule(&world, &["authenticator"], Action::Register, uri, Match::Exact)), "permit");
        assert_eq!(word(&rule(&world, &["server"], Action::Call, uri, Match::Exact)), "ask");
    }
    for (uri, kind) in [
        ("com.", Match::Prefix),
        ("", Match::Prefix),
        ("com.example.auth", Match::Prefix),
        ("com..authorize", Match::Wildcard),
    ] {
        let ruled = rule(&world, &["server"], Action::Register, uri, kind);
        assert_eq!(word(&ruled), "refuse", "{uri} would catch its calls");
    }
}

#[tokio::test]
async fn the_configuration_says_how_an_authorizer_is_asked() {
    let world = World::open(CONFIG).await;
    let ruled = rule(&world, &["server"], Action::Call, "com.other.x", Match::Exact);
    let WampRule::Ask(WampAuthorizer { procedure, caller, role, timeout, cache_ttl, cache_entries_max }) = ruled else {
        panic!("{ruled:?}")
    };
    assert_eq!((&*procedure, &*role, timeout), ("com.example.authorize", "server", Duration::from_millis(700)));
    assert_eq!((cache_ttl, cache_entries_max), (Duration::from_secs(60), 100));
    assert_eq!((caller.has_role("operator"), caller.realm().as_str()), (true, REALM));
    assert!(world.identity.wamp_authorizer(&Realm::new(REALM), "plain").is_none());
}

#[tokio::test]
async fn an_authorizer_is_given_the_session_the_uri_the_action_and_the_options() {
    let world = World::open(CONFIG).await;
    let welcome = welcome(Client::new(&world, &["anonymous"]).decided(Ok(value(json!({"extra": {"a": 1}})))).await);
    let transport = transport().details(crossgate_call::Clock::now(&*world.clock));
    let session = WampSession {
        session: Id::new(SESSION).unwrap(),
        welcome: &welcome,
        transport: &transport,
        serializer: "cbor",
    };
    let options = map(json!({"match": "prefix"}));
    let [details, uri, action, given] = wamp_authorizer_args(&session, "com.x", Action::Subscribe, options.clone());
    assert_eq!((uri.as_text(), action.as_text(), given.as_map()), (Some("com.x"), Some("subscribe"), Some(&options)));
    let keys: Vec<&str> = details.as_map().unwrap().iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["session", "authid", "authrole", "authmethod", "authprovider", "authextra", "transport"]);
    let joined = session.join_details();
    assert_eq!(
        (text(&joined, "realm"), text(&joined, "serializer"), text(&joined, "authrole")),
        (REALM, "cbor", "plain")
    );
    assert_eq!(joined.get("resumed"), Some(&Value::Null));
    let transport = joined.get("transport").unwrap().as_map().unwrap();
    assert!(transport.get("peer_cert").is_some() && transport.get("client_cert").is_some());
}

#[test]
fn an_authorizer_answers_with_a_boolean_or_a_dictionary_of_known_attributes() {
    let verdict = |allow, cache, disclose| Ok(WampVerdict { allow, cache, disclose });
    for (answer, expected) in [
        (json!(true), verdict(true, false, None)),
        (json!(false), verdict(false, false, None)),
        (json!({"allow": true}), verdict(true, false, None)),
        (json!({"allow": true, "cache": true, "disclose": false}), verdict(true, true, Some(false))),
        (json!({"allow": false, "disclose": true, "validate": null}), verdict(false, false, Some(true))),
    ] {
        assert_eq!(WampVerdict::read(&value(answer.clone())), expected, "{answer}");
    }
}

#[test]
fn an_authorizers_wrong_answer_is_no_permission() {
    for answer in [
        json!(null),
        json!(1),
        json!("true"),
        json!([true]),
        json!({}),
        json!({"cache": true}),
        json!({"allow": 1}),
        json!({"allow": "yes"}),
        json!({"allow": null}),
        json!({"allow": true, "cache": 1}),
        json!({"allow": true, "disclose": "no"}),
        json!({"allow": true, "validate": true}),
        json!({"allow": true, "validate": {"args": "x"}}),
        json!({"allow": true, "Allow": true}),
    ] {
        assert!(WampVerdict::read(&value(answer.clone())).is_err(), "{answer}");
    }
}

#[test]
fn a_refusal_names_what_was_refused() {
    assert_eq!(
        wamp_authorization_failed("com.x", Action::Call, "it is away"),
        "failed to authorize session for calling procedure 'com.x': it is away"
    );
    assert_eq!(wamp_not_authorized("com.x", Action::Publish), "session not authorized to publish to topic 'com.x'");
}
