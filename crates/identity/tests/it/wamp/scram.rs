//! SCRAM in both dialects, with a client written from RFC 5802 alone.

use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use crossgate_identity::WampTransport;
use crossgate_wamp::{Map, Value};

use super::kit::*;
use crate::kit::World;

const SALT: &[u8] = b"0123456789abcdef";
const CLIENT_NONCE: &str = "fyko+d2lbbFgONRv9qkxdawL";

fn pbkdf2_password() -> Vec<u8> {
    let mut key = vec![0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::new(4_096).unwrap(), SALT, b"pencil", &mut key);
    key
}

fn argon2_password() -> Vec<u8> {
    let mut key = vec![0; 32];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(512, 2, 1, Some(32)).unwrap());
    argon2.hash_password_into(b"pencil", SALT, &mut key).unwrap();
    key
}

/// The record that a server keeps.
fn record(kdf: &str, salted: &[u8], iterations: u32, memory: Option<u32>) -> String {
    let client_key = hmac_sha256(salted, b"Client Key");
    let memory = memory.map(|memory| format!("memory = {memory}\n")).unwrap_or_default();
    format!(
        "kdf = \"{kdf}\"\niterations = {iterations}\n{memory}salt = \"{}\"\nstored_key = \"{}\"\nserver_key = \"{}\"\n",
        hex(SALT),
        hex(digest(&SHA256, &client_key).as_ref()),
        hex(&hmac_sha256(salted, b"Server Key")),
    )
}

fn config() -> String {
    let (pbkdf2, argon2) = (pbkdf2_password(), argon2_password());
    let autobahn = STANDARD_NO_PAD.encode(&argon2);
    let principal = |name: &str, record: String| {
        format!("[wamp.principals.{name}]\nrole = \"client\"\n[wamp.principals.{name}.scram]\n{record}")
    };
    [
        "[roles.client]\n".to_owned(),
        principal("both", record("pbkdf2", &pbkdf2, 4_096, None)),
        principal("autobahn", record("argon2id-13", autobahn.as_bytes(), 2, Some(512))),
        principal("spec", record("argon2id13", &argon2, 2, Some(512))),
    ]
    .concat()
}

/// A client's proof, and the signature that the server must show.
fn prove(extra: &Map, authid: &str, salted: &[u8], binding: &str) -> (String, String) {
    let nonce = text(extra, "nonce");
    assert!(nonce.starts_with(CLIENT_NONCE) && nonce.len() >= CLIENT_NONCE.len() + 22, "{nonce}");
    assert_eq!(STANDARD.decode(text(extra, "salt")).unwrap(), SALT);
    let iterations = extra.get("iterations").and_then(Value::as_unsigned).unwrap();
    let message =
        format!("n={authid},r={CLIENT_NONCE},r={nonce},s={},i={iterations},c={binding},r={nonce}", text(extra, "salt"));
    let client_key = hmac_sha256(salted, b"Client Key");
    let signature = hmac_sha256(digest(&SHA256, &client_key).as_ref(), message.as_bytes());
    let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(key, byte)| key ^ byte).collect();
    let server = hmac_sha256(&hmac_sha256(salted, b"Server Key"), message.as_bytes());
    (STANDARD.encode(proof), STANDARD.encode(server))
}

fn client<'w>(world: &'w World, method: &str, authid: &str) -> Client<'w> {
    Client::new(world, &[method]).named(authid).extra("nonce", CLIENT_NONCE)
}

/// What a client of the specification sends with its proof.
fn spec_extra(challenge: &Map, binding: Value, data: Value) -> Map {
    Map::new().with("nonce", text(challenge, "nonce")).with("channel_binding", binding).with("cbind_data", data)
}

#[tokio::test]
async fn autobahns_dialect_binds_nothing_and_shows_the_servers_signature_under_its_own_name() {
    let world = World::open(&config()).await;
    let argon2 = STANDARD_NO_PAD.encode(argon2_password());
    for (authid, kdf, salted) in
        [("both", "pbkdf2", pbkdf2_password()), ("autobahn", "argon2id-13", argon2.into_bytes())]
    {
        let client = client(&world, "scram", authid);
        let (extra, attempt) = client.challenged().await;
        assert_eq!(text(&extra, "kdf"), kdf);
        let (proof, server) = prove(&extra, authid, &salted, "");
        let joined = welcome(client.answer(attempt, &proof).await);
        assert_eq!((&*joined.authid, joined.authmethod), (authid, "scram"));
        assert_eq!(text(&joined.authextra, "scram_server_signature"), server);
    }
}

#[tokio::test]
async fn the_specifications_dialect_says_c_biws_and_shows_a_verifier() {
    let world = World::open(&config()).await;
    for (authid, kdf, salted) in [("both", "pbkdf2", pbkdf2_password()), ("spec", "argon2id13", argon2_password())] {
        let client = client(&world, "wamp-scram", authid);
        let (extra, attempt) = client.challenged().await;
        assert_eq!(text(&extra, "kdf"), kdf);
        let (proof, server) = prove(&extra, authid, &salted, "biws");
        let step = world.identity.wamp_answer(attempt, &proof, &spec_extra(&extra, Value::Null, Value::Null)).await;
        assert_eq!(text(&welcome(step).authextra, "verifier"), server);
    }
}

#[tokio::test]
async fn the_specifications_dialect_is_bound_to_the_channel_on_demand_and_autobahns_cannot_be() {
    let world = World::open(&config()).await;
    let data = [0x5a; 32];
    let over = WampTransport { tls_exporter: Some(data), ..transport() };
    let client = client(&world, "wamp-scram", "spec").extra("channel_binding", "tls-exporter").over(over);
    let (extra, attempt) = client.challenged().await;
    let binding = STANDARD.encode([b"p=tls-exporter,,".as_slice(), &data].concat());
    let (proof, _) = prove(&extra, "spec", &argon2_password(), &binding);
    let sent = spec_extra(&extra, "tls-exporter".into(), STANDARD.encode(data).into());
    welcome(world.identity.wamp_answer(attempt, &proof, &sent).await);
    let (extra, attempt) = client.challenged().await;
    let (proof, _) = prove(&extra, "spec", &argon2_password(), "biws");
    let step = world.identity.wamp_answer(attempt, &proof, &spec_extra(&extra, Value::Null, Value::Null)).await;
    assert_eq!(uri(step), "wamp.error.authentication_denied", "stripped on the way");

    let unbound = self::client(&world, "scram", "autobahn").extra("channel_binding", "tls-exporter");
    let (uri, message) = abort(unbound.hello().await);
    assert_eq!(uri, "wamp.error.authentication_failed");
    assert!(message.contains("wamp-scram"), "{message}");
}

#[tokio::test]
async fn a_wrong_password_another_nonce_or_a_record_of_the_other_dialect_is_refused() {
    let world = World::open(&config()).await;
    let spec = client(&world, "wamp-scram", "spec");
    let (extra, attempt) = spec.challenged().await;
    let (proof, _) = prove(&extra, "spec", &pbkdf2_password(), "biws");
    let step = world.identity.wamp_answer(attempt, &proof, &spec_extra(&extra, Value::Null, Value::Null)).await;
    assert_eq!(uri(step), "wamp.error.authentication_denied");

    let (extra, attempt) = spec.challenged().await;
    let (proof, _) = prove(&extra, "spec", &argon2_password(), "biws");
    let other = Map::new().with("nonce", CLIENT_NONCE);
    assert_eq!(uri(world.identity.wamp_answer(attempt, &proof, &other).await), "wamp.error.authentication_denied");

    let autobahn = client(&world, "scram", "spec");
    let (extra, attempt) = autobahn.challenged().await;
    assert_ne!(text(&extra, "kdf"), "argon2id13", "what is made up is of the dialect that is spoken");
    assert_eq!(uri(autobahn.answer(attempt, &proof).await), "wamp.error.authentication_denied");

    for nonce in [Value::Null, "".into(), "a,b".into(), "x".repeat(257).into(), 7_u64.into()] {
        let client = Client::new(&world, &["scram"]).named("both").extra("nonce", nonce);
        assert_eq!(uri(client.hello().await), "wamp.error.authentication_failed");
    }
}
