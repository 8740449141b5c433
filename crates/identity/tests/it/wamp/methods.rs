//! The static methods, each with an answer that the test computes itself.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossgate_call::Proof;
use crossgate_identity::WampTransport;
use crossgate_wamp::Value;

use super::kit::*;
use crate::kit::{World, certificate, dns};

const DENIED: &str = "wamp.error.authentication_denied";

/// PBKDF2 of `password` with the salt `salt123`, as clients derive it.
fn derived() -> String {
    let mut key = [0; 32];
    let iterations = NonZeroU32::new(100).unwrap();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, b"salt123", b"password", &mut key);
    STANDARD.encode(key)
}

fn config() -> String {
    format!(
        r#"
        [roles.anonymous]
        [roles.client]
        [roles.server]
        [wamp.principals.joe]
        role = "client"
        ticket = "secret-ticket"
        secret = "shared-secret"
        [wamp.principals.salted]
        role = "client"
        secret = "{}"
        salt = {{ salt = "salt123", iterations = 100, keylen = 32 }}
        [wamp.principals.elsewhere]
        role = "client"
        realms = ["realm2"]
        ticket = "secret-ticket"
        "#,
        derived()
    )
}

#[tokio::test]
async fn an_anonymous_session_gets_a_random_name_and_the_configured_role() {
    let world = World::open(&config()).await;
    let first = welcome(Client::new(&world, &["anonymous"]).named("admin").hello().await);
    assert_eq!((&*first.authrole, first.authmethod, first.authprovider), ("anonymous", "anonymous", "static"));
    assert_ne!(&*first.authid, "admin", "nobody in particular does not choose a name");
    let second = welcome(Client::new(&world, &["anonymous"]).hello().await);
    assert_ne!(first.authid, second.authid);
    assert!(first.caller.is_anonymous());
    assert_eq!((&**first.caller.id(), first.caller.realm().as_str()), ("anonymous", REALM));
    let mut silent = Client::new(&world, &[]);
    silent.details.authmethods = None;
    assert_eq!(welcome(silent.hello().await).authmethod, "anonymous", "no list of methods is this one");
}

#[tokio::test]
async fn a_ticket_is_compared_and_nothing_but_the_ticket_will_do() {
    let world = World::open(&config()).await;
    let joe = Client::new(&world, &["ticket"]).named("joe");
    let (extra, attempt) = joe.challenged().await;
    assert!(extra.is_empty());
    let joined = welcome(joe.answer(attempt, "secret-ticket").await);
    assert_eq!((&*joined.authid, &*joined.authrole, joined.authprovider), ("joe", "client", "static"));
    assert_eq!((joined.caller.proof(), &**joined.caller.id()), (Proof::Password, "joe"));
    for wrong in ["", "secret-ticke", "secret-ticket ", "SECRET-TICKET", "shared-secret"] {
        assert_eq!(uri(joe.joined_with(wrong).await), DENIED, "{wrong:?}");
    }
    let elsewhere = Client::new(&world, &["ticket"]).named("elsewhere");
    assert_eq!(uri(elsewhere.joined_with("secret-ticket").await), DENIED, "another realm's");
    welcome(elsewhere.clone().realm("realm2").joined_with("secret-ticket").await);
}

#[tokio::test]
async fn wampcra_is_an_hmac_over_a_challenge_that_names_the_session() {
    let world = World::open(&config()).await;
    let joe = Client::new(&world, &["wampcra"]).named("joe");
    let (extra, attempt) = joe.challenged().await;
    let challenge = text(&extra, "challenge").to_owned();
    let read: serde_json::Value = serde_json::from_str(&challenge).unwrap();
    for (key, expected) in
        [("authid", "joe"), ("authrole", "client"), ("authmethod", "wampcra"), ("authprovider", "static")]
    {
        assert_eq!(read[key], expected);
    }
    assert_eq!(read["session"], SESSION);
    assert!(read["timestamp"].as_str().unwrap().starts_with("2027-01-15T"), "{read}");
    assert!(extra.get("salt").is_none());
    let joined = welcome(joe.answer(attempt, &cra_signature("shared-secret", &challenge)).await);
    assert_eq!((&*joined.authid, joined.authmethod), ("joe", "wampcra"));

    let (other, attempt) = joe.challenged().await;
    assert_ne!(text(&other, "challenge"), challenge, "a challenge is never used twice");
    assert_eq!(uri(joe.answer(attempt, &cra_signature("shared-secret", &challenge)).await), DENIED);
    let (extra, attempt) = joe.challenged().await;
    assert_eq!(uri(joe.answer(attempt, &cra_signature("other-secret", text(&extra, "challenge"))).await), DENIED);
}

#[tokio::test]
async fn salted_wampcra_tells_the_client_how_to_derive_its_key() {
    let world = World::open(&config()).await;
    let client = Client::new(&world, &["wampcra"]).named("salted");
    let (extra, attempt) = client.challenged().await;
    assert_eq!(text(&extra, "salt"), "salt123");
    let numbers = ["iterations", "keylen"].map(|key| extra.get(key).and_then(Value::as_unsigned));
    assert_eq!(numbers, [Some(100), Some(32)]);
    let signature = cra_signature(&derived(), text(&extra, "challenge"));
    assert_eq!(&*welcome(client.answer(attempt, &signature).await).authid, "salted");
    let (extra, attempt) = client.challenged().await;
    assert_eq!(uri(client.answer(attempt, &cra_signature("password", text(&extra, "challenge"))).await), DENIED);
}

fn ed25519(seed: u8) -> (Ed25519KeyPair, String) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let public = hex(pair.public_key().as_ref());
    (pair, public)
}

fn cryptosign_config() -> String {
    format!(
        "[roles.client]\n[wamp.principals.joe]\nrole = \"client\"\npublic_keys = [\"{}\", \"{}\"]\n\
         [wamp.principals.amy]\nrole = \"client\"\npublic_keys = [\"{}\"]\n",
        ed25519(1).1,
        ed25519(2).1,
        ed25519(3).1,
    )
}

/// `hex(signature || message)`.
fn signed(pair: &Ed25519KeyPair, message: &[u8]) -> String {
    hex(&[pair.sign(message).as_ref(), message].concat())
}

#[tokio::test]
async fn cryptosign_is_a_signature_by_one_of_the_principals_keys() {
    let world = World::open(&cryptosign_config()).await;
    for seed in [1, 2] {
        let (pair, public) = ed25519(seed);
        for client in [Client::new(&world, &["cryptosign"]), Client::new(&world, &["cryptosign"]).named("joe")] {
            let client = client.extra("pubkey", public.as_str());
            let (extra, attempt) = client.challenged().await;
            assert_eq!(extra.get("channel_binding"), Some(&Value::Null));
            let answer = signed(&pair, &unhex(text(&extra, "challenge")));
            let joined = welcome(client.answer(attempt, &answer).await);
            assert_eq!((&*joined.authid, joined.caller.proof()), ("joe", Proof::Signature));
        }
    }
    let amy = Client::new(&world, &["cryptosign"]).named("amy");
    let (extra, attempt) = amy.challenged().await;
    let answer = signed(&ed25519(3).0, &unhex(text(&extra, "challenge")));
    welcome(amy.answer(attempt, &answer).await);
}

#[tokio::test]
async fn a_signature_by_another_key_or_over_another_message_is_refused() {
    let world = World::open(&cryptosign_config()).await;
    let (pair, public) = ed25519(1);
    let stranger = ed25519(9);
    let joe = Client::new(&world, &["cryptosign"]).extra("pubkey", public.as_str());
    let attempts: [(Client<'_>, &Ed25519KeyPair, bool); 4] = [
        (joe.clone(), &stranger.0, true),
        (joe.clone(), &pair, false),
        (joe.clone().named("amy"), &pair, true),
        (Client::new(&world, &["cryptosign"]).extra("pubkey", stranger.1.as_str()), &stranger.0, true),
    ];
    for (client, pair, over_the_challenge) in attempts {
        let (extra, attempt) = client.challenged().await;
        let message = if over_the_challenge { unhex(text(&extra, "challenge")) } else { vec![0; 32] };
        assert_eq!(uri(client.answer(attempt, &signed(pair, &message)).await), DENIED);
    }
    for key in ["", "00", &"zz".repeat(32)] {
        let client = Client::new(&world, &["cryptosign"]).extra("pubkey", key);
        assert_eq!(uri(client.hello().await), "wamp.error.authentication_failed", "{key}");
    }
}

#[tokio::test]
async fn a_signature_is_bound_to_the_tls_channel_where_the_connection_has_its_exporter() {
    let world = World::open(&cryptosign_config()).await;
    let (pair, public) = ed25519(1);
    let bound = |binding: &str| {
        Client::new(&world, &["cryptosign"]).extra("pubkey", public.as_str()).extra("channel_binding", binding)
    };
    let channel = [0x5a; 32];
    let client = bound("tls-exporter").over(WampTransport { tls_exporter: Some(channel), ..transport() });
    let (extra, attempt) = client.challenged().await;
    assert_eq!(text(&extra, "channel_binding"), "tls-exporter");
    let challenge = unhex(text(&extra, "challenge"));
    let message: Vec<u8> = challenge.iter().zip(channel).map(|(byte, other)| byte ^ other).collect();
    welcome(client.answer(attempt, &signed(&pair, &message)).await);
    let (extra, attempt) = client.challenged().await;
    let unbound = signed(&pair, &unhex(text(&extra, "challenge")));
    assert_eq!(uri(client.answer(attempt, &unbound).await), DENIED, "relayed from another channel");

    for (client, what) in [(bound("tls-exporter"), "tls-exporter"), (bound("tls-unique"), "tls-unique")] {
        let (uri, message) = abort(client.hello().await);
        assert_eq!(uri, "wamp.error.authentication_failed");
        assert!(message.contains(what) && message.contains("TLS 1.3"), "{message}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_known_by_its_fingerprint_or_by_the_rules_for_http() {
    let (known, ruled, unknown) =
        (certificate("app1", vec![]), certificate("x", vec![dns("w1.workers.example")]), certificate("app9", vec![]));
    let config = format!(
        "[roles.server]\n[roles.worker]\n[roles.other]\n\
         [[certificates]]\nsan_dns = \"*.workers.example\"\nroles = [\"other\", \"worker\"]\n\
         [wamp.auth.public.tls]\n[wamp.principals.node]\nrole = \"server\"\ncertificates = [\"{}\"]\n",
        known.sha256().to_uppercase(),
    );
    let world = World::open(&config).await;
    let joined = welcome(Client::new(&world, &["tls"]).named("ignored").with_certificate(&known).hello().await);
    assert_eq!((&*joined.authid, &*joined.authrole, joined.caller.proof()), ("node", "server", Proof::Certificate));
    assert_eq!(joined.caller.certificate(), Some(known.sha256()));
    assert_eq!(joined.caller.expires().unwrap().as_second(), known.not_after_s(), "the session ends with it");

    let worker = Client::new(&world, &["tls"]).with_certificate(&ruled);
    let joined = welcome(worker.hello().await);
    assert_eq!((&*joined.authid, &*joined.authrole), ("w1.workers.example", "other"));
    let joined = welcome(worker.clone().role("worker").hello().await);
    let roles: Vec<&str> = joined.caller.roles().iter().map(|role| &**role).collect();
    assert_eq!((&*joined.authrole, roles), ("worker", vec!["worker"]), "the role that was asked for, alone");
    assert_eq!(uri(worker.clone().role("server").hello().await), "wamp.error.no_such_role");

    let (uri, message) = abort(Client::new(&world, &["tls"]).with_certificate(&unknown).hello().await);
    assert_eq!(uri, DENIED);
    assert!(message.contains(&**unknown.sha256()), "{message}");
    let (_, message) = abort(Client::new(&world, &["tls", "anonymous"]).hello().await);
    assert!(message.contains("did not send a TLS client certificate"), "{message}");
}
