//! Dynamic authenticators: what they are asked, and every method through one.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossgate_call::Proof;
use crossgate_wamp::{Map, Value};
use serde_json::json;

use super::kit::*;
use crate::kit::{World, certificate};

/// Every method by an authenticator.
pub(super) const CONFIG: &str = r#"
[roles.server]
[roles.authenticator]
allow = [{ uri = "com.example.", match = "prefix", actions = ["register"] }]
[roles.guest]
[roles.asker]
allow = [{ uri = "com.example.", match = "prefix" }]
[wamp.auth.public]
anonymous = { authenticator = "com.example.anonymous", role = "guest" }
ticket = { authenticator = "com.example.ticket" }
wampcra = { authenticator = "com.example.cra" }
scram = { authenticator = "com.example.scram" }
wamp-scram = { authenticator = "com.example.scram" }
cryptosign = { authenticator = "com.example.key" }
tls = { authenticator = "com.example.tls", authenticator_realm = "realm0", authenticator_role = "asker", timeout_ms = 1500 }
"#;

fn ok(json: serde_json::Value) -> Result<Value, crossgate_identity::WampAskError> {
    Ok(value(json))
}

#[tokio::test]
async fn an_authenticator_is_given_realm_authid_and_details() {
    let world = World::open(CONFIG).await;
    let client = Client::new(&world, &["wampcra"]).named("joe").role("server").extra("device", "x1");
    let ask = ask(client.hello().await);
    assert_eq!((&*ask.procedure, ask.realm.as_str(), ask.timeout), ("com.example.cra", REALM, Duration::from_secs(5)));
    assert_eq!((&**ask.caller.id(), ask.caller.has_role("operator")), ("crossgate", true));
    let [realm, authid, details] = &ask.args;
    assert_eq!((realm.as_text(), authid.as_text()), (Some(REALM), Some("joe")));
    let details = details.as_map().unwrap();
    let keys: Vec<&str> = details.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["session", "authmethod", "authextra", "transport", "authid", "authrole"]);
    assert_eq!(details.get("session").and_then(Value::as_unsigned), Some(SESSION));
    assert_eq!((text(details, "authmethod"), text(details, "authrole")), ("wampcra", "server"));
    assert_eq!(text(details.get("authextra").unwrap().as_map().unwrap(), "device"), "x1");
}

#[tokio::test]
async fn a_tls_client_is_judged_at_once_where_and_as_whom_the_configuration_says() {
    let world = World::open(CONFIG).await;
    let peer = certificate("app1", vec![]);
    let client = Client::new(&world, &["tls"]).with_certificate(&peer);
    let asked = ask(client.hello().await);
    assert_eq!((asked.realm.as_str(), asked.timeout), ("realm0", Duration::from_millis(1_500)));
    assert!(asked.caller.has_role("asker") && !asked.caller.has_role("operator"));
    let [realm, authid, details] = &asked.args;
    assert_eq!((realm.as_text(), authid), (Some(REALM), &Value::Null));
    let details = details.as_map().unwrap();
    assert_eq!((details.get("authid"), details.get("authextra")), (None, Some(&Value::Null)));
    let step = world.identity.wamp_decided(asked.asked, ok(json!({"authid": "app1", "role": "server"})));
    let joined = welcome(step);
    assert_eq!((&*joined.authid, joined.authprovider, joined.caller.proof()), ("app1", "dynamic", Proof::Certificate));
    assert_eq!(joined.caller.expires().unwrap().as_second(), peer.not_after_s());
    let (_, message) = abort(Client::new(&world, &["tls"]).hello().await);
    assert!(message.contains("did not send a TLS client certificate"), "nobody was asked: {message}");
}

#[tokio::test]
async fn a_ticket_is_asked_for_first_and_then_shown_to_the_authenticator() {
    let world = World::open(CONFIG).await;
    let client = Client::new(&world, &["ticket"]).named("joe");
    let asked = ask(client.joined_with("the-ticket").await);
    assert_eq!(text(asked.args[2].as_map().unwrap(), "ticket"), "the-ticket");
    let joined = welcome(world.identity.wamp_decided(asked.asked, Ok("server".into())));
    assert_eq!((&*joined.authid, &*joined.authrole, joined.authmethod), ("joe", "server", "ticket"));
}

#[tokio::test]
async fn a_wampcra_secret_comes_from_the_authenticator_salted_or_not() {
    let world = World::open(CONFIG).await;
    let client = Client::new(&world, &["wampcra"]).named("joe");
    for (answer, salt) in [
        (json!({"role": "server", "secret": "s3cret"}), None),
        (json!({"role": "server", "secret": "s3cret", "salt": "abc", "iterations": 10, "keylen": 16}), Some(10)),
        (json!({"role": "server", "secret": "s3cret", "salt": "abc"}), Some(1_000)),
    ] {
        let (_, extra, attempt) = challenge(client.decided(ok(answer)).await);
        assert_eq!(extra.get("iterations").and_then(Value::as_unsigned), salt);
        let read: serde_json::Value = serde_json::from_str(text(&extra, "challenge")).unwrap();
        assert_eq!((read["authprovider"].as_str(), read["authrole"].as_str()), (Some("dynamic"), Some("server")));
        let signature = cra_signature("s3cret", text(&extra, "challenge"));
        assert_eq!(&*welcome(client.answer(attempt, &signature).await).authrole, "server");
    }
    let (_, _, attempt) = challenge(client.decided(ok(json!({"role": "server", "secret": "s3cret"}))).await);
    assert_eq!(uri(client.answer(attempt, "wrong").await), "wamp.error.authentication_denied");
}

#[tokio::test]
async fn a_scram_record_comes_from_the_authenticator_in_crossbars_spelling() {
    let world = World::open(CONFIG).await;
    let salted = [7_u8; 32];
    let client_key = hmac_sha256(&salted, b"Client Key");
    let answer = json!({
        "role": "server", "salt": "00ff", "iterations": 4096, "memory": null, "kdf": "pbkdf2",
        "stored-key": hex(digest(&SHA256, &client_key).as_ref()),
        "server-key": hex(&hmac_sha256(&salted, b"Server Key")),
    });
    let client = Client::new(&world, &["scram"]).named("joe").extra("nonce", "abc");
    let (_, extra, attempt) = challenge(client.decided(ok(answer)).await);
    let nonce = text(&extra, "nonce");
    let message = format!("n=joe,r=abc,r={nonce},s={},i=4096,c=,r={nonce}", text(&extra, "salt"));
    let signature = hmac_sha256(digest(&SHA256, &client_key).as_ref(), message.as_bytes());
    let proof: Vec<u8> = client_key.iter().zip(signature).map(|(key, byte)| key ^ byte).collect();
    let joined = welcome(client.answer(attempt, &STANDARD.encode(proof)).await);
    assert_eq!((&*joined.authid, joined.authmethod), ("joe", "scram"));
}

#[tokio::test]
async fn a_public_key_comes_from_the_authenticator_and_the_client_must_have_the_private_one() {
    let world = World::open(CONFIG).await;
    let pair = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap();
    let public = hex(pair.public_key().as_ref());
    let client = Client::new(&world, &["cryptosign"]).extra("pubkey", public.as_str());
    let answer = || ok(json!({"role": "server", "authid": "device7", "pubkey": public}));
    let (_, extra, attempt) = challenge(client.decided(answer()).await);
    let message = unhex(text(&extra, "challenge"));
    let signed = hex(&[pair.sign(&message).as_ref(), &message].concat());
    assert_eq!(&*welcome(client.answer(attempt, &signed).await).authid, "device7");
    let (_, _, attempt) = challenge(client.decided(answer()).await);
    assert_eq!(
        uri(client.answer(attempt, &signed).await),
        "wamp.error.authentication_denied",
        "of the challenge before"
    );
}

#[tokio::test]
async fn anonymous_sessions_may_be_judged_too_and_have_a_default_role() {
    let world = World::open(CONFIG).await;
    let joined = welcome(Client::new(&world, &["anonymous"]).decided(Ok(Map::new().into())).await);
    assert_eq!((&*joined.authrole, joined.authmethod, joined.authprovider), ("guest", "anonymous", "dynamic"));
    assert!(joined.caller.is_anonymous() && !joined.authid.is_empty());
}

#[tokio::test]
async fn many_honest_clients_of_one_name_and_one_address_may_be_judged_at_once() {
    let world = World::open(CONFIG).await;
    let mut asked = Vec::new();
    for _ in 0..100 {
        asked.push(ask(Client::new(&world, &["ticket"]).named("worker").joined_with("the-ticket").await));
    }
    for asked in asked {
        welcome(world.identity.wamp_decided(asked.asked, Ok("server".into())));
    }
}
