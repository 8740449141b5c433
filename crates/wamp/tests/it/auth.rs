//! Authentication methods against published vectors, and against themselves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossgate_wamp::auth::{
    CraChallenge, CraSalt, CryptosignChallenge, CryptosignError, Kdf, ScramClient, ScramDialect, ScramError,
    ScramExchange, ScramSecret, cra_key, cra_sign, cra_verify, cryptosign_answer, cryptosign_public_key, from_hex,
    secrets_equal, to_hex,
};
use crossgate_wamp::{Map, Value};

use crate::kit::{hex, id};

#[test]
fn secrets_are_compared_whole() {
    assert!(secrets_equal(b"ticket", b"ticket"));
    for other in [&b"ticke"[..], b"tickets", b"Ticket", b""] {
        assert!(!secrets_equal(b"ticket", other));
    }
}

#[test]
fn cra_signs_as_rfc_4231_and_salts_as_pbkdf2() {
    let signature = cra_sign(b"Jefe", "what do ya want for nothing?");
    let expected = hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_eq!(signature, STANDARD.encode(expected));
    let salt = CraSalt { salt: "salt".into(), iterations: 4096, keylen: 32 };
    let expected = hex("c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
    assert_eq!(cra_key(b"password", &salt).as_deref(), Ok(STANDARD.encode(expected).as_str()));
    assert!(cra_key(b"password", &CraSalt { iterations: 0, ..salt.clone() }).is_err());
    assert!(cra_key(b"password", &CraSalt { keylen: 0, ..salt }).is_err());
}

#[test]
fn a_cra_challenge_names_the_session_and_is_answered_by_the_secret_alone() {
    let challenge = CraChallenge::new(id(77), "peter", "user", "static", [7; 32], "2026-01-02T03:04:05.000Z");
    let json: serde_json::Value = serde_json::from_str(challenge.text()).expect("JSON");
    assert_eq!((json["session"].as_u64(), json["authmethod"].as_str()), (Some(77), Some("wampcra")));
    assert_eq!(json["nonce"].as_str().map(str::len), Some(64));
    let salt = CraSalt { salt: "abc".into(), iterations: 100, keylen: 16 };
    assert_eq!(challenge.extra(None).len(), 1);
    assert_eq!(challenge.extra(Some(&salt)).get("keylen").and_then(Value::as_unsigned), Some(16));
    let answer = cra_sign(b"secret", challenge.text());
    assert!(cra_verify(b"secret", challenge.text(), &answer));
    assert!(!cra_verify(b"other", challenge.text(), &answer));
    assert!(!cra_verify(b"secret", "other", &answer));
    assert!(!cra_verify(b"secret", challenge.text(), ""));
}

/// The specification's vectors: private key, challenge, channel id, answer.
const CRYPTOSIGN: [(&str, &str, Option<&str>, &str); 6] = [
    (
        "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        None,
        "b32675b221f08593213737bef8240e7c15228b07028e19595294678c90d11c0cae80a357331bfc5cc9fb71081464e6e75013517c2cf067ad566a6b7b728e5d03ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ),
    (
        "d511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd",
        "b26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
        None,
        "d4209ad10d5aff6bfbc009d7e924795de138a63515efc7afc6b01b7fe5201372190374886a70207b042294af5bd64ce725cd8dceb344e6d11c09d1aaaf4d660fb26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
    ),
    (
        "6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b",
        "b05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
        None,
        "7beb282184baadd08f166f16dd683b39cab53816ed81e6955def951cb2ddad1ec184e206746fd82bda075af03711d3d5658fc84a76196b0fa8d1ebc92ef9f30bb05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
    ),
    (
        "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        Some("62e935ae755f3d48f80d4d59f6121358c435722a67e859cc0caa8b539027f2ff"),
        "9b6f41540c9b95b4b7b281c3042fa9c54cef43c842d62ea3fd6030fcb66e70b3e80d49d44c29d1635da9348d02ec93f3ed1ef227dfb59a07b580095c2b82f80f9d16ca518aa0c2b707f2b2a609edeca73bca8dd59817a633f35574ac6fd80d00",
    ),
    (
        "d511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd",
        "b26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
        Some("62e935ae755f3d48f80d4d59f6121358c435722a67e859cc0caa8b539027f2ff"),
        "305aaa3ac25e98f651427688b3fc43fe7d8a68a7ec1d7d61c61517c519bd4a427c3015599d83ca28b4c652333920223844ef0725eb5dc2febfd6af7677b73f01d0852a29b460fc92ec943242ac638a053bbacc200512b18b30d15083cbdc9282",
    ),
    (
        "6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b",
        "b05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
        Some("62e935ae755f3d48f80d4d59f6121358c435722a67e859cc0caa8b539027f2ff"),
        "ee3c7644fd8070532bc1fde3d70d742267da545d8c8f03e63bda63f1ad4214f4d2c4bfdb4eb9526def42deeb7e31602a6ff99eba893e0a4ad4d45892ca75e608d2b75e24a189a7f78ca776ba36fc53f6c3e31c32f251f2c524f0a44202f2902d",
    ),
];

#[test]
fn cryptosign_fits_the_specifications_six_vectors() {
    for (private, challenge, channel, answer) in CRYPTOSIGN {
        let private: [u8; 32] = from_hex(private).expect("32 bytes");
        let channel = channel.map(|channel| ("tls-unique".to_owned(), from_hex(channel).expect("32 bytes")));
        let challenge = CryptosignChallenge::new(from_hex(challenge).expect("32 bytes"), channel);
        assert_eq!(cryptosign_answer(&private, &challenge).as_deref(), Ok(answer));
        let public = cryptosign_public_key(&private).expect("a key");
        assert_eq!(challenge.verify(&public, answer), Ok(()));
        assert_eq!(challenge.verify(&public, &answer.to_uppercase()), Ok(()));
        let forged = format!("00{}", &answer[2..]);
        assert_eq!(challenge.verify(&public, &forged), Err(CryptosignError::Signature));
        assert_eq!(challenge.verify(&[9; 32], answer), Err(CryptosignError::Signature));
        assert_eq!(challenge.verify(&public, &answer[2..]), Err(CryptosignError::Malformed));
        let elsewhere = CryptosignChallenge::new([1; 32], None);
        assert_eq!(elsewhere.verify(&public, answer), Err(CryptosignError::OtherMessage), "a replay");
    }
}

#[test]
fn a_cryptosign_challenge_tells_the_binding_in_use() {
    let plain = CryptosignChallenge::new([0xab; 32], None).extra();
    assert_eq!(plain.get("channel_binding"), Some(&Value::Null));
    assert_eq!(plain.get("challenge").and_then(Value::as_text), Some("ab".repeat(32).as_str()));
    let bound = CryptosignChallenge::new([0; 32], Some(("tls-exporter".into(), [1; 32])));
    assert_eq!(bound.extra().get("channel_binding").and_then(Value::as_text), Some("tls-exporter"));
    assert_eq!(bound.message(), [1; 32]);
}

/// The server nonce of RFC 7677 §3.
const NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

#[test]
fn scram_fits_the_example_of_rfc_7677() {
    let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
    let secret =
        ScramSecret::derive(ScramDialect::Wamp, Kdf::Pbkdf2 { iterations: 4096 }, b"pencil", salt).expect("derived");
    let client = ScramClient::new(ScramDialect::Wamp, "user", "rOprNGfwEbeRWgbNEkqO");
    let exchange = ScramExchange::new(secret, "user", &client.authextra(), NONCE, None).expect("an exchange");
    let answer = client.answer(b"pencil", &exchange.extra()).expect("an answer");
    assert_eq!(answer.signature, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    let welcome = exchange.verify(&answer.signature, &answer.extra).expect("verified");
    let verifier = welcome.get("verifier").and_then(Value::as_text);
    assert_eq!(verifier, Some("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    assert!(answer.is_server(ScramDialect::Wamp, &welcome));
    assert!(
        answer.is_server(ScramDialect::Wamp, &Map::new().with("verifier", format!("v={}", verifier.expect("shown"))))
    );
    assert!(!answer.is_server(ScramDialect::Wamp, &Map::new()));
}

#[test]
fn scram_works_in_both_dialects_with_both_derivations() {
    let kdfs = [Kdf::Pbkdf2 { iterations: 64 }, Kdf::Argon2id { iterations: 1, memory_kib: 64 }];
    for (dialect, kdf) in [ScramDialect::Wamp, ScramDialect::Autobahn].into_iter().flat_map(|d| kdfs.map(|k| (d, k))) {
        let secret = ScramSecret::derive(dialect, kdf, b"p\xc3\xa4ss", vec![5; 16]).expect("derived");
        let client = ScramClient::new(dialect, "a=b,c", "Y2xpZW50");
        let exchange = ScramExchange::new(secret, "a=b,c", &client.authextra(), "c2VydmVy", None).expect("an exchange");
        let challenge = exchange.extra();
        let name = challenge.get("kdf").and_then(Value::as_text).expect("a name");
        assert_eq!(name == "argon2id-13", dialect == ScramDialect::Autobahn && matches!(kdf, Kdf::Argon2id { .. }));
        let answer = client.answer(b"p\xc3\xa4ss", &challenge).expect("an answer");
        let extra = answer.extra.clone();
        let welcome = exchange.verify(&answer.signature, &extra).expect("verified");
        assert!(answer.is_server(dialect, &welcome), "{dialect:?} {kdf:?}");
        let wrong = client.answer(b"pass", &challenge).expect("an answer");
        assert_eq!(exchange.verify(&wrong.signature, &extra), Err(ScramError::Proof));
    }
}

#[test]
fn a_scram_proof_is_bound_to_the_channel_and_nobody_talks_the_client_out_of_it() {
    let kdf = Kdf::Pbkdf2 { iterations: 64 };
    let secret = ScramSecret::derive(ScramDialect::Wamp, kdf, b"pass", vec![5; 16]).expect("derived");
    let client = ScramClient::new(ScramDialect::Wamp, "joe", "abc").bound("tls-exporter", &[7; 32]);
    let exchange = |channel: Option<[u8; 32]>| {
        let binding = channel.map(|data| ("tls-exporter".to_owned(), data.to_vec()));
        ScramExchange::new(secret.clone(), "joe", &client.authextra(), "s", binding).expect("an exchange")
    };
    let (same, other) = (exchange(Some([7; 32])), exchange(Some([8; 32])));
    let answer = client.answer(b"pass", &same.extra()).expect("an answer");
    let welcome = same.verify(&answer.signature, &answer.extra).expect("the same channel");
    assert!(answer.is_server(ScramDialect::Wamp, &welcome));
    assert_eq!(other.verify(&answer.signature, &answer.extra), Err(ScramError::OtherBinding));
    assert!(client.answer(b"pass", &exchange(None).extra()).is_err(), "the binding was taken away");
    let autobahn = ScramClient::new(ScramDialect::Autobahn, "joe", "abc").bound("tls-exporter", &[7; 32]);
    assert_eq!(autobahn.authextra().get("channel_binding"), Some(&Value::Null));
}

#[test]
fn autobahns_argon2_key_is_base64_text() {
    let derive = |dialect| {
        let kdf = Kdf::Argon2id { iterations: 1, memory_kib: 64 };
        ScramSecret::derive(dialect, kdf, b"password", vec![1; 16]).expect("derived").keys.stored_key
    };
    assert_ne!(derive(ScramDialect::Wamp), derive(ScramDialect::Autobahn));
}

#[test]
fn scram_refuses_what_does_not_belong_to_the_exchange() {
    let secret =
        |dialect| ScramSecret::derive(dialect, Kdf::Pbkdf2 { iterations: 8 }, b"p", vec![1; 8]).expect("derived");
    for bad in ["", "a,b", &"x".repeat(300)] {
        let extra = Map::new().with("nonce", bad);
        let error = ScramExchange::new(secret(ScramDialect::Wamp), "u", &extra, "s", None).expect_err("refused");
        assert_eq!(error, ScramError::Nonce);
    }
    let client = ScramClient::new(ScramDialect::Wamp, "u", "abc");
    let binding = Some(("tls-exporter".to_owned(), vec![7; 32]));
    let bound =
        ScramExchange::new(secret(ScramDialect::Wamp), "u", &client.authextra(), "s", binding).expect("an exchange");
    let plain =
        ScramExchange::new(secret(ScramDialect::Wamp), "u", &client.authextra(), "s", None).expect("an exchange");
    let answer = client.answer(b"p", &plain.extra()).expect("an answer");
    let extra = answer.extra.clone();
    assert_eq!(bound.verify(&answer.signature, &extra), Err(ScramError::OtherBinding), "the binding was taken away");
    let claims = extra.clone().with("channel_binding", "tls-exporter");
    assert_eq!(plain.verify(&answer.signature, &claims), Err(ScramError::OtherBinding));
    assert_eq!(plain.verify(&answer.signature, &Map::new()), Err(ScramError::OtherNonce));
    assert_eq!(plain.verify("????", &extra), Err(ScramError::Malformed));
    assert_eq!(plain.verify("", &extra), Err(ScramError::Malformed));
    assert!(plain.verify(&answer.signature, &extra).is_ok());
    for bad in [
        plain.extra().with("nonce", "other"),
        plain.extra().with("nonce", "abc"),
        plain.extra().with("kdf", "md5"),
        plain.extra().with("iterations", 0_u64),
        plain.extra().with("iterations", u64::from(u32::MAX)),
        plain.extra().with("salt", "?"),
    ] {
        assert!(client.answer(b"p", &bad).is_err(), "{bad:?}");
    }
}

#[test]
fn scram_records_do_not_show_their_keys() {
    let secret =
        ScramSecret::derive(ScramDialect::Wamp, Kdf::Pbkdf2 { iterations: 8 }, b"p", vec![1; 8]).expect("derived");
    assert!(format!("{secret:?}").contains("ScramKeys(..)"));
    assert_eq!(to_hex(&[0, 0xff, 0x1a]), "00ff1a");
    assert_eq!(from_hex::<2>("0g00"), None);
    assert!(secret.keys.stored_key != secret.keys.server_key);
}
