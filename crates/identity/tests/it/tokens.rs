//! Honest tokens: every kind of key, and what an issuer's configuration changes.

use std::time::Duration;

use crossgate_call::{Kind, Proof, Realm};
use crossgate_identity::Credentials;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;

use crate::kit::*;

const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

#[tokio::test]
async fn a_token_of_every_asymmetric_algorithm_makes_a_caller() {
    for algorithm in ALGORITHMS {
        let pair = Pair::make(algorithm);
        for keys in [public_key(&pair), format!("jwks = {}", toml_of(&jwks([&pair])))] {
            let world = World::open(&issuer(&keys)).await;
            let caller = world.bearer(&pair.token(&claims())).await.unwrap();
            assert_eq!(
                (&**caller.id(), caller.proof(), caller.realm()),
                ("alice", Proof::Token, &world.realm),
                "{algorithm:?}"
            );
            assert_eq!(caller.roles().iter().map(|role| &**role).collect::<Vec<_>>(), ["reader"]);
            assert_eq!(caller.expires().map(|expires| expires.as_second()), Some(NOW_S + 600 + 30));
        }
    }
}

/// JSON as inline TOML: for the values of a key set, the two differ in `:` and `=` only.
fn toml_of(value: &serde_json::Value) -> String {
    toml::Value::try_from(value).unwrap().to_string().replace('\n', " ")
}

#[tokio::test]
async fn a_token_signed_with_the_shared_secret_makes_a_caller() {
    let secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let key = EncodingKey::from_secret(secret.as_bytes());
    for (algorithm, settings, accepted) in [
        (Algorithm::HS256, "", true),
        (Algorithm::HS512, "", false),
        (Algorithm::HS256, "algorithms = [\"HS512\"]", false),
        (Algorithm::HS512, "algorithms = [\"HS384\", \"HS512\"]", true),
    ] {
        let world = World::open(&issuer(&format!("secret = \"{secret}\"\n{settings}"))).await;
        let header = json!({"typ": "at+jwt", "alg": format!("{algorithm:?}")}).to_string();
        let token = sign(&header, &claims().to_string(), &key, algorithm);
        assert_eq!(world.bearer(&token).await.is_ok(), accepted, "{algorithm:?} {settings}");
    }
}

#[tokio::test]
async fn a_key_in_a_file_serves_as_pem_as_a_certificate_and_as_a_key_set() {
    let pair = Pair::make(Algorithm::ES256);
    let directory = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::try_from(pair.private_der.as_slice()).unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["issuer.example".into()]).unwrap().self_signed(&key).unwrap();
    for (name, text) in
        [("a.pem", pair.public_pem()), ("b.pem", certificate.pem()), ("c.json", jwks([&pair]).to_string())]
    {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        let world = World::open(&issuer(&format!("file = '{}'", path.display()))).await;
        assert!(world.bearer(&pair.token(&claims())).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn algorithms_narrow_what_a_key_may_be_used_with() {
    let pair = Pair::make(Algorithm::RS256);
    let world = World::open(&issuer(&format!("{}\nalgorithms = [\"PS256\"]", public_key(&pair)))).await;
    let refusal = world.bearer(&pair.token(&claims())).await.unwrap_err();
    assert_eq!(refusal.error.kind(), Kind::Unauthenticated);
}

#[tokio::test]
async fn the_key_that_the_token_names_is_taken_among_many() {
    let pairs: Vec<Pair> = (0..5).map(|index| Pair::make(Algorithm::EdDSA).named(&format!("k{index}"))).collect();
    let world = World::open(&issuer(&format!("jwks = {}", toml_of(&jwks(&pairs))))).await;
    for pair in &pairs {
        assert!(world.bearer(&pair.token(&claims())).await.is_ok(), "{}", pair.kid);
    }
    let nameless = pairs[3].token_with(&json!({"typ": "at+jwt", "alg": "EdDSA"}), &claims().to_string());
    assert!(world.bearer(&nameless).await.is_ok(), "a token without a key id may mean any key");
}

#[tokio::test]
async fn a_remembered_token_ends_with_its_time_to_the_second() {
    let pair = Pair::make(Algorithm::EdDSA);
    let world = World::open(&issuer(&format!("{}\nleeway_s = 0", public_key(&pair)))).await;
    let token = pair.token(&claims());
    let first = world.bearer(&token).await.unwrap();
    world.clock.advance(Duration::from_secs(599));
    let again = world.bearer(&token).await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &again), "the second look is the first one, remembered");
    world.clock.advance(Duration::from_secs(1));
    let refusal = world.bearer(&token).await.unwrap_err();
    assert!(refusal.challenge.contains("error=\"invalid_token\""), "{}", refusal.challenge);
    assert!(refusal.challenge.contains("expired"), "{}", refusal.challenge);
}

#[tokio::test]
async fn a_token_remembered_in_one_realm_makes_a_caller_of_the_other_realm_there() {
    let pair = Pair::make(Algorithm::EdDSA);
    let world = World::open(&issuer(&public_key(&pair))).await;
    let authorization = format!("Bearer {}", pair.token(&claims()));
    for name in ["a", "b", "a"] {
        let realm = Realm::new(name);
        let credentials = Credentials {
            realm: &realm,
            authorization: Some(&authorization),
            api_key: None,
            session: None,
            certificate: None,
        };
        assert_eq!(world.identity.caller(&credentials).await.unwrap().realm().as_str(), name);
    }
}

#[tokio::test]
async fn a_reload_forgets_what_was_verified_before_and_a_bad_one_changes_nothing() {
    let (old, new) = (Pair::make(Algorithm::EdDSA), Pair::make(Algorithm::EdDSA));
    let world = World::open(&issuer(&public_key(&old))).await;
    let token = old.token(&claims());
    world.bearer(&token).await.unwrap();
    assert!(world.identity.reload(parsed(&issuer("secret = 'short'"))).is_err());
    world.bearer(&token).await.unwrap();
    world.identity.reload(parsed(&issuer(&public_key(&new)))).unwrap();
    assert!(world.bearer(&token).await.is_err());
    assert!(world.bearer(&new.token(&claims())).await.is_ok());
}

#[tokio::test]
async fn roles_come_from_the_claim_the_pointer_the_map_or_the_scope() {
    let pair = Pair::make(Algorithm::EdDSA);
    let map = "role_map = { \"loan officer\" = [\"reader\", \"writer\"], root = [\"operator\"] }";
    for (settings, changes, expected) in [
        ("", json!({}), vec!["reader"]),
        ("", json!({"roles": ["writer", "reader", "writer", "unheard-of"]}), vec!["reader", "writer"]),
        ("", json!({"roles": "reader writer"}), vec!["reader", "writer"]),
        ("", json!({"roles": null, "scope": "openid writer"}), vec!["writer"]),
        ("", json!({"roles": [], "scope": "writer"}), vec![]),
        ("", json!({"roles": ["operator", "anonymous"]}), vec![]),
        ("roles_claim = \"/realm_access/roles\"", json!({"realm_access": {"roles": ["writer"]}}), vec!["writer"]),
        ("roles_claim = \"/realm_access/roles\"", json!({"realm_access": 7, "scope": "reader"}), vec!["reader"]),
        ("roles_claim = \"https://x.example/roles\"", json!({"https://x.example/roles": ["writer"]}), vec!["writer"]),
        (map, json!({"roles": ["loan officer"]}), vec!["reader", "writer"]),
        (map, json!({"roles": ["reader"]}), vec![]),
        (map, json!({"roles": ["root"]}), vec!["operator"]),
    ] {
        let world = World::open(&issuer(&format!("{}\n{settings}", public_key(&pair)))).await;
        let caller = world.bearer(&pair.token(&claims_but(&changes))).await.unwrap();
        assert_eq!(caller.roles().iter().map(|role| &**role).collect::<Vec<_>>(), expected, "{settings} {changes}");
    }
}

#[tokio::test]
async fn an_issuers_settings_widen_and_narrow_what_is_accepted() {
    let pair = Pair::make(Algorithm::EdDSA);
    let jwt = json!({"typ": "JWT", "alg": "EdDSA", "kid": pair.kid});
    let untyped = json!({"alg": "EdDSA"});
    let logout = json!({"typ": "logout+jwt", "alg": "EdDSA"});
    let long = json!({"typ": "application/AT+JWT", "alg": "EdDSA"});
    for (settings, header, changes, accepted) in [
        ("", &long, json!({}), true),
        ("", &jwt, json!({}), false),
        ("", &untyped, json!({}), false),
        ("compat = true", &jwt, json!({}), true),
        ("compat = true", &untyped, json!({"iat": null}), true),
        ("compat = true", &logout, json!({}), false),
        ("compat = true", &jwt, json!({"exp": null}), false),
        ("compat = true\nrequire_exp = false", &jwt, json!({"exp": null}), true),
        ("", &long, json!({"iat": null}), false),
        ("max_token_age_s = 100", &long, json!({"iat": NOW_S - 129}), true),
        ("max_token_age_s = 100", &long, json!({"iat": NOW_S - 131}), false),
        ("compat = true\nmax_token_age_s = 100", &long, json!({"iat": null}), false),
        ("", &long, json!({"aud": ["https://other.example", AUDIENCE]}), true),
        ("", &long, json!({"sub": null}), false),
        ("subject_claims = [\"sub\", \"azp\"]", &long, json!({"sub": null, "azp": "alice"}), true),
        ("subject_claims = [\"sub\", \"azp\"]", &long, json!({"sub": 7, "azp": "alice"}), false),
        ("revoked = [\"1\"]", &long, json!({}), false),
        ("revoked = [\"2\"]", &long, json!({}), true),
        ("leeway_s = 60", &long, json!({"nbf": NOW_S + 59}), true),
        ("leeway_s = 60", &long, json!({"nbf": NOW_S + 61}), false),
        ("", &long, json!({"exp": NOW_S as f64 + 1.5}), true),
    ] {
        let world = World::open(&issuer(&format!("{}\n{settings}", public_key(&pair)))).await;
        let token = pair.token_with(header, &claims_but(&changes).to_string());
        let outcome = world.bearer(&token).await;
        assert_eq!(outcome.is_ok(), accepted, "{settings} {header} {changes} {:?}", outcome.err().map(|r| r.challenge));
    }
}

#[tokio::test]
async fn a_prefix_tells_two_issuers_alices_apart() {
    let pair = Pair::make(Algorithm::EdDSA);
    let world = World::open(&issuer(&format!("{}\nsubject_prefix = \"corp:\"", public_key(&pair)))).await;
    assert_eq!(&**world.bearer(&pair.token(&claims())).await.unwrap().id(), "corp:alice");
}

#[tokio::test]
async fn a_bound_token_is_good_with_its_certificate_only() {
    let pair = Pair::make(Algorithm::EdDSA);
    let world = World::open(&issuer(&public_key(&pair))).await;
    let (mine, other) = (certificate("mine", vec![]), certificate("other", vec![]));
    let token = pair.token(&claims_but(&json!({"cnf": {"x5t#S256": encode(mine.thumbprint())}})));
    let authorization = format!("Bearer {token}");
    let with =
        |certificate| world.caller(Given { authorization: Some(&authorization), certificate, ..Given::default() });
    for _ in 0..2 {
        let caller = with(Some(&mine)).await.unwrap();
        assert_eq!(caller.certificate(), Some(mine.sha256()));
        assert_eq!(caller.proof(), Proof::Token);
        assert!(with(Some(&other)).await.is_err());
        let refusal = with(None).await.unwrap_err();
        assert!(refusal.challenge.contains("certificate"), "{}", refusal.challenge);
    }
    let unknown_binding = pair.token(&claims_but(&json!({"cnf": {"jkt": "x"}})));
    assert!(world.bearer(&unknown_binding).await.is_err(), "a binding that cannot be checked is not ignored");
}
