//! What an authenticator may return, and what a client is told for everything else.

use crossgate_identity::{WampAskError, WampStep};
use crossgate_wamp::{Map, Value};
use serde_json::json;

use super::dynamic::CONFIG;
use super::kit::*;
use crate::kit::World;

const FAILED: &str = "wamp.error.authentication_failed";
const NO_REALM: &str = "wamp.error.no_such_realm";
const NO_PRINCIPAL: &str = "wamp.error.no_such_principal";
const NO_ROLE: &str = "wamp.error.no_such_role";

/// A ticket client that is named `joe`, judged like this.
async fn judged(world: &World, answer: Result<Value, WampAskError>) -> WampStep {
    let client = Client::new(world, &["ticket"]).named("joe");
    let asked = ask(client.joined_with("the-ticket").await);
    world.identity.wamp_decided(asked.asked, answer)
}

fn fault(uri: &str, message: Option<&str>) -> WampAskError {
    WampAskError { uri: uri.to_owned(), message: message.map(str::to_owned) }
}

#[tokio::test]
async fn a_role_or_a_dictionary_lets_the_client_in() {
    let world = World::open(CONFIG).await;
    for (answer, authid, role, realm) in [
        (json!("server"), "joe", "server", REALM),
        (json!({"role": "server"}), "joe", "server", REALM),
        (json!({"role": "guest", "authid": "node7"}), "node7", "guest", REALM),
        (json!({"role": "server", "realm": "other.realm"}), "joe", "server", "other.realm"),
        (json!({"role": "server", "realm": null, "authid": null, "extra": null}), "joe", "server", REALM),
        (json!({"role": "server", "unknown": [1, 2]}), "joe", "server", REALM),
    ] {
        let joined = welcome(judged(&world, Ok(value(answer.clone()))).await);
        let seen = (&*joined.authid, &*joined.authrole, joined.caller.realm().as_str());
        assert_eq!(seen, (authid, role, realm), "{answer}");
        assert_eq!(&**joined.caller.id(), authid);
    }
    let joined = welcome(judged(&world, Ok(value(json!({"role": "server", "extra": {"theme": "dark"}})))).await);
    assert_eq!(text(&joined.authextra, "theme"), "dark");
}

#[tokio::test]
async fn every_other_answer_is_refused_with_its_own_error() {
    let world = World::open(CONFIG).await;
    for (answer, expected) in [
        (Value::Null, FAILED),
        (Value::from(7_u64), FAILED),
        (Value::Bool(true), FAILED),
        (Value::Binary(vec![1]), FAILED),
        (value(json!(["server"])), FAILED),
        (value(json!({"role": 7})), FAILED),
        (value(json!({"role": "server", "authid": 7})), FAILED),
        (value(json!({"role": "server", "realm": ["x"]})), FAILED),
        (value(json!({"role": "server", "extra": "x"})), FAILED),
        (value(json!("")), NO_ROLE),
        (value(json!({})), NO_ROLE),
        (value(json!({"authid": "joe"})), NO_ROLE),
        (value(json!({"role": ""})), NO_ROLE),
        (value(json!("nobody-configured-this")), NO_ROLE),
        (value(json!({"role": "server", "realm": "no realm at all"})), NO_REALM),
        (value(json!({"role": "server", "authid": "a\u{7}b"})), NO_PRINCIPAL),
        (value(json!({"role": "server", "authid": "x".repeat(300)})), NO_PRINCIPAL),
    ] {
        assert_eq!(uri(judged(&world, Ok(answer.clone())).await), expected, "{answer:?}");
    }
    let (_, message) = abort(judged(&world, Ok(Value::Null)).await);
    assert!(message.starts_with("got invalid return type"), "{message}");
}

#[tokio::test]
async fn reserved_roles_and_roles_that_the_configuration_does_not_name_are_given_to_nobody() {
    let config = format!("{CONFIG}\n[roles.trusted]\n");
    let world = World::open(&config).await;
    for role in ["trusted", "operator", "anonymous", "TRUSTED"] {
        for answer in [Value::from(role), value(json!({"role": role, "authid": "joe"}))] {
            assert_eq!(uri(judged(&world, Ok(answer)).await), NO_ROLE, "{role}");
        }
    }
}

#[tokio::test]
async fn without_any_name_there_is_no_principal() {
    let world = World::open(CONFIG).await;
    let peer = crate::kit::certificate("app1", vec![]);
    let client = Client::new(&world, &["tls"]).with_certificate(&peer);
    assert_eq!(uri(client.decided(Ok("server".into())).await), NO_PRINCIPAL);
    assert_eq!(&*welcome(client.clone().named("app1").decided(Ok("server".into())).await).authid, "app1");
}

#[tokio::test]
async fn what_the_method_needs_must_be_in_the_answer() {
    let world = World::open(CONFIG).await;
    let scram = json!({
        "role": "server", "salt": "00", "iterations": 1, "kdf": "pbkdf2",
        "stored-key": "11".repeat(32), "server-key": "22".repeat(32),
    });
    let scram_with = |key: &str, value: serde_json::Value| {
        let mut answer = scram.clone();
        answer[key] = value;
        answer
    };
    for (method, answer) in [
        ("wampcra", json!("server")),
        ("wampcra", json!({"role": "server"})),
        ("wampcra", json!({"role": "server", "secret": 7})),
        ("wampcra", json!({"role": "server", "secret": "x", "salt": "s", "iterations": 0})),
        ("wampcra", json!({"role": "server", "secret": "x", "salt": "s", "keylen": 100_000})),
        ("wampcra", json!({"role": "server", "secret": "x", "salt": "s", "iterations": -1})),
        ("cryptosign", json!("server")),
        ("cryptosign", json!({"role": "server"})),
        ("cryptosign", json!({"role": "server", "pubkey": "zz"})),
        ("scram", json!("server")),
        ("scram", scram_with("stored-key", json!("11"))),
        ("scram", scram_with("server-key", json!(null))),
        ("scram", scram_with("salt", json!("x"))),
        ("scram", scram_with("kdf", json!("bcrypt"))),
        ("scram", scram_with("kdf", json!("argon2id-13"))),
        ("wamp-scram", scram_with("iterations", json!(4_000_000_000_u64))),
    ] {
        let client = Client::new(&world, &[method]).named("joe").extra("nonce", "abc");
        let (uri, message) = abort(client.decided(Ok(value(answer.clone()))).await);
        assert_eq!(uri, FAILED, "{method} {answer}");
        assert!(message.starts_with("got invalid return type"), "{message}");
    }
}

#[tokio::test]
async fn an_authenticators_own_error_is_the_clients() {
    let world = World::open(CONFIG).await;
    for (given, expected, words) in [
        (fault("com.xbr.error.denied", Some("not today")), "com.xbr.error.denied", "not today"),
        (fault("wamp.error.runtime_error", Some("division by zero")), "wamp.error.runtime_error", "division by zero"),
        (fault("wamp.error.no_such_procedure", None), "wamp.error.no_such_procedure", "com.example.ticket"),
        (fault("wamp.error.no_such_procedure", Some("gone")), "wamp.error.no_such_procedure", "<com.example.ticket>"),
        (fault("wamp.error.timeout", None), "wamp.error.timeout", "took too long"),
        (fault("com.xbr.error.denied", None), "com.xbr.error.denied", "refused"),
        (fault("no uri, this", Some("odd")), "wamp.error.runtime_error", "odd"),
        (fault("", None), "wamp.error.runtime_error", "refused"),
    ] {
        let (uri, message) = abort(judged(&world, Err(given.clone())).await);
        assert_eq!(uri, expected, "{given:?}");
        assert!(message.contains(words), "{message}");
    }
    let (_, message) = abort(judged(&world, Err(fault("com.x.y", Some(&"é".repeat(10_000))))).await);
    assert_eq!(message.chars().count(), 512);
    let missing = WampAskError::no_such_realm(&crossgate_call::Realm::new("realm0"));
    let (uri, message) = abort(judged(&world, Err(missing)).await);
    assert_eq!(uri, NO_REALM);
    assert_eq!(message, "explicit realm <realm0> configured for dynamic authenticator does not exist");
}

#[tokio::test]
async fn a_refusal_slows_down_guessing_and_an_authenticator_that_is_away_does_not() {
    let world = World::open(CONFIG).await;
    for technical in ["wamp.error.no_such_procedure", "wamp.error.timeout", "crossgate.error.too_many"] {
        for _ in 0..10 {
            assert_eq!(uri(judged(&world, Err(fault(technical, None))).await), technical);
        }
    }
    for _ in 0..6 {
        let step = judged(&world, Err(fault("com.xbr.error.denied", None))).await;
        assert_eq!(uri(step), "com.xbr.error.denied");
    }
    let step = Client::new(&world, &["ticket"]).named("joe").joined_with("the-ticket").await;
    assert_eq!(uri(step), "crossgate.error.too_many");
}

#[tokio::test]
async fn an_answer_under_another_configuration_lets_nobody_in() {
    let world = World::open(CONFIG).await;
    let asked = ask(Client::new(&world, &["anonymous"]).hello().await);
    world.identity.reload(crate::kit::parsed(CONFIG)).unwrap();
    assert_eq!(uri(world.identity.wamp_decided(asked.asked, Ok(Map::new().into()))), FAILED);
}
