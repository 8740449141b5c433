//! Hostile tokens: each is refused with 401 and a challenge, and says nothing about how near it came.

use crossgate_call::Kind;
use crossgate_identity::{Identity, Refusal};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;

use crate::kit::*;

fn assert_refused(name: &str, outcome: Result<std::sync::Arc<crossgate_call::Caller>, Refusal>) {
    let refusal = outcome.err().unwrap_or_else(|| panic!("{name} was accepted"));
    assert_eq!(refusal.error.kind(), Kind::Unauthenticated, "{name}");
    let challenge = &refusal.challenge;
    assert!(challenge.starts_with("Bearer realm=\"test\""), "{name}: {challenge}");
    assert!(challenge.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{name}: {challenge}");
    for secret in ["issuer.example", "gate.example", "k1", "alice"] {
        assert!(!challenge.contains(secret) && !refusal.error.public().contains(secret), "{name}: {challenge}");
    }
}

/// Tokens whose parts are wrong, with the right key's signature where one is possible.
fn hostile(pair: &Pair) -> Vec<(&'static str, String)> {
    let header = json!({"typ": "at+jwt", "alg": "EdDSA", "kid": pair.kid});
    let with_header = |changes: serde_json::Value| {
        let mut header = header.clone();
        for (name, value) in changes.as_object().unwrap() {
            header[name] = value.clone();
        }
        pair.token_with(&header, &claims().to_string())
    };
    let with = |changes: serde_json::Value| pair.token(&claims_but(&changes));
    let good = pair.token(&claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let text = claims().to_string();
    let stranger = Pair::make(Algorithm::EdDSA).named(&pair.kid);
    let none = format!("{}.{}.", encode(json!({"typ": "at+jwt", "alg": "none"}).to_string()), encode(&text));
    vec![
        ("garbage", "garbage".into()),
        ("only dots", "..".into()),
        ("four parts", format!("{good}.x")),
        ("five parts, as if encrypted", format!("{good}.x.y")),
        ("no signature", format!("{message}.")),
        ("half a signature", format!("{message}.{}", &signature[..40])),
        ("another's signature", stranger.token(&claims())),
        ("padding", format!("{good}=")),
        ("a space inside", good.replacen('.', " .", 1)),
        ("alg none", none.clone()),
        (
            "alg None",
            none.replace(
                &encode(json!({"typ": "at+jwt", "alg": "none"}).to_string()),
                &encode(r#"{"typ":"at+jwt","alg":"None"}"#),
            ),
        ),
        ("no alg", pair.token_with(&json!({"typ": "at+jwt"}), &text)),
        ("alg a number", with_header(json!({"alg": 5}))),
        ("alg of another family", with_header(json!({"alg": "RS256"}))),
        ("crit", with_header(json!({"crit": ["exp"]}))),
        ("crit, empty", with_header(json!({"crit": []}))),
        ("b64", with_header(json!({"b64": false}))),
        ("zip", with_header(json!({"zip": "DEF"}))),
        ("nested", with_header(json!({"cty": "JWT"}))),
        ("kid a number", with_header(json!({"kid": 7}))),
        ("kid unknown", with_header(json!({"kid": "another"}))),
        ("kid a path", with_header(json!({"kid": "../../../../dev/null"}))),
        ("kid an injection", with_header(json!({"kid": "' OR 1=1 --"}))),
        ("kid huge", with_header(json!({"kid": "k".repeat(4_000)}))),
        ("typ an id token", with_header(json!({"typ": "JWT"}))),
        ("typ a number", with_header(json!({"typ": 1}))),
        (
            "its own key",
            stranger
                .token_with(&json!({"typ": "at+jwt", "alg": "EdDSA", "kid": pair.kid, "jwk": stranger.jwk()}), &text),
        ),
        (
            "its own key's address",
            stranger.token_with(&json!({"typ": "at+jwt", "alg": "EdDSA", "jku": "https://evil.example/keys"}), &text),
        ),
        ("expired", with(json!({"exp": NOW_S - 31}))),
        ("exp long past", with(json!({"exp": 0}))),
        ("exp negative", with(json!({"exp": -1}))),
        ("exp text", with(json!({"exp": "9999999999"}))),
        ("exp huge", with(json!({"exp": 1e300}))),
        ("exp u64 max", with(json!({"exp": u64::MAX}))),
        ("exp missing", with(json!({"exp": null}))),
        ("nbf future", with(json!({"nbf": NOW_S + 31}))),
        ("nbf a list", with(json!({"nbf": [0]}))),
        ("iat future", with(json!({"iat": NOW_S + 31}))),
        ("iat missing", with(json!({"iat": null}))),
        ("iss missing", with(json!({"iss": null}))),
        ("iss a list", with(json!({"iss": [ISSUER]}))),
        ("iss without its slash", with(json!({"iss": ISSUER.trim_end_matches('/')}))),
        ("iss with more", with(json!({"iss": format!("{ISSUER}evil")}))),
        ("iss in capitals", with(json!({"iss": ISSUER.to_uppercase()}))),
        ("aud missing", with(json!({"aud": null}))),
        ("aud another", with(json!({"aud": "https://other.example"}))),
        ("aud with more", with(json!({"aud": format!("{AUDIENCE}.evil.example")}))),
        ("aud empty", with(json!({"aud": []}))),
        ("aud mixed", with(json!({"aud": [AUDIENCE, 7]}))),
        ("aud an object", with(json!({"aud": {"a": AUDIENCE}}))),
        ("sub missing", with(json!({"sub": null}))),
        ("sub a number", with(json!({"sub": 7}))),
        ("sub an object", with(json!({"sub": {"name": "x"}}))),
        ("sub empty", with(json!({"sub": ""}))),
        ("sub with a line end", with(json!({"sub": "x\r\ny: z"}))),
        ("sub huge", with(json!({"sub": "s".repeat(300)}))),
        ("roles an object", with(json!({"roles": {"reader": true}}))),
        ("roles mixed", with(json!({"roles": ["reader", 1]}))),
        ("too many roles", with(json!({"roles": vec!["r"; 200]}))),
        ("jti a number", with(json!({"jti": 1}))),
        ("cnf text", with(json!({"cnf": "x"}))),
        ("claims twice", pair.token_with(&header, &text.replacen('{', "{\"sub\":\"eve\",", 1))),
        ("header twice", sign_text(r#"{"alg":"EdDSA","typ":"at+jwt","alg":"EdDSA"}"#, &text, pair)),
        ("claims no object", pair.token_with(&header, "[]")),
        ("claims no JSON", pair.token_with(&header, "{")),
        ("claims with more behind", pair.token_with(&header, &format!("{text}x"))),
        ("claims deep", pair.token_with(&header, &format!("{{\"a\":{}1{}}}", "[".repeat(900), "]".repeat(900)))),
        ("huge", with(json!({"padding": "p".repeat(8 * 1024)}))),
    ]
}

fn sign_text(header: &str, claims: &str, pair: &Pair) -> String {
    sign(header, claims, &EncodingKey::from_ed_der(&pair.private_der), Algorithm::EdDSA)
}

#[tokio::test]
async fn every_hostile_token_is_refused_and_the_good_one_beside_them_is_not() {
    let pair = Pair::make(Algorithm::EdDSA).named("k1");
    let set = toml::Value::try_from(jwks([&pair])).unwrap().to_string().replace('\n', " ");
    let world = World::open(&issuer(&format!("jwks = {set}"))).await;
    for (name, token) in hostile(&pair) {
        assert_refused(name, world.bearer(&token).await);
        assert_refused(name, world.bearer(&token).await);
    }
    world.bearer(&pair.token(&claims())).await.unwrap();
    assert_eq!(world.web.asked(), 0, "no token makes us fetch anything");
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_shared_secret() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let pair = Pair::make(algorithm);
        let world = World::open(&issuer(&public_key(&pair))).await;
        let guesses =
            [pair.public_pem().into_bytes(), pair.public_pem().trim().as_bytes().to_vec(), pair.public_der.clone()];
        for secret in guesses {
            for hmac in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let header = json!({"typ": "at+jwt", "alg": format!("{hmac:?}")}).to_string();
                let token = sign(&header, &claims().to_string(), &EncodingKey::from_secret(&secret), hmac);
                assert_refused("HMAC with the public key", world.bearer(&token).await);
            }
        }
    }
}

#[tokio::test]
async fn one_issuers_key_does_not_speak_for_another_issuer() {
    let (a, b) = (Pair::make(Algorithm::EdDSA), Pair::make(Algorithm::EdDSA));
    let second =
        format!("[issuers.b]\nissuer = \"https://b.example\"\naudience = [\"{AUDIENCE}\"]\n{}\n", public_key(&b));
    let world = World::open(&format!("{}{second}", issuer(&public_key(&a)))).await;
    assert_refused("signed by the other", world.bearer(&b.token(&claims())).await);
    assert_refused(
        "signed by the other",
        world.bearer(&a.token(&claims_but(&json!({"iss": "https://b.example"})))).await,
    );
    world.bearer(&b.token(&claims_but(&json!({"iss": "https://b.example"})))).await.unwrap();
}

#[tokio::test]
async fn every_hostile_header_is_refused() {
    let pair = Pair::make(Algorithm::EdDSA);
    let world = World::open(&issuer(&public_key(&pair))).await;
    let token = pair.token(&claims());
    for header in
        ["", "Bearer", "Bearer ", "Basic YTpi", "Negotiate x", "bearer\t", "token", &token, "ApiKey ", "Bearer\u{a0}x"]
    {
        assert_refused(header, world.caller(Given { authorization: Some(header), ..Given::default() }).await);
    }
    let both = Given { authorization: Some(&format!("Bearer {token}")), api_key: Some("x"), ..Given::default() };
    assert_refused("two credentials", world.caller(both).await);
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let header = format!("{scheme}  {token} ");
        assert!(world.caller(Given { authorization: Some(&header), ..Given::default() }).await.is_ok(), "{scheme}");
    }
}

#[tokio::test]
async fn an_inspection_says_what_a_refusal_does_not() {
    let pair = Pair::make(Algorithm::EdDSA).named("k1");
    let world = World::open(&issuer(&public_key(&pair))).await;
    let good = world.identity.inspect(&format!(" {}\n", pair.token(&claims()))).await;
    assert!(good.valid && good.reason.is_none(), "{good:?}");
    assert_eq!((good.issuer.as_deref(), good.caller.as_deref()), (Some("test"), Some("alice")));
    for (name, token) in hostile(&pair) {
        // Without a key set, any key id may mean the one key there is.
        if ["kid unknown", "kid a path", "kid an injection"].contains(&name) {
            continue;
        }
        let inspection = world.identity.inspect(&token).await;
        assert!(!inspection.valid && inspection.reason.is_some(), "{name}: {inspection:?}");
    }
    let audience = world.identity.inspect(&pair.token(&claims_but(&json!({"aud": "x"})))).await;
    assert!(audience.reason.is_some_and(|reason| reason.contains("aud")));
}

#[test]
fn arbitrary_text_never_panics_and_never_makes_a_caller() {
    let pair = Pair::make(Algorithm::EdDSA);
    let runtime = runtime();
    let world = Shared(runtime.block_on(World::open(&issuer(&public_key(&pair)))));
    bolero::check!().with_iterations(3_000).with_type::<String>().for_each(|text| {
        assert!(runtime.block_on(world.bearer(text)).is_err());
        let _ = runtime.block_on(world.caller(Given { authorization: Some(text), ..Given::default() })).is_err();
        let caller = runtime.block_on(world.caller(Given { session: Some(text), ..Given::default() })).unwrap();
        assert!(caller.is_anonymous());
    });
}

#[test]
fn a_changed_byte_anywhere_makes_a_token_worthless() {
    let pair = Pair::make(Algorithm::EdDSA);
    let runtime = runtime();
    let world = Shared(runtime.block_on(World::open(&issuer(&public_key(&pair)))));
    let good = pair.token(&claims());
    bolero::check!().with_iterations(3_000).with_type::<(usize, u8)>().for_each(|(at, byte)| {
        let mut bytes = good.clone().into_bytes();
        let at = at % bytes.len();
        let byte = byte % 0x5e + 0x21;
        if bytes[at] != byte {
            bytes[at] = byte;
            let token = String::from_utf8(bytes).unwrap();
            assert!(runtime.block_on(world.bearer(&token)).is_err(), "{token}");
        }
    });
}

#[test]
fn nothing_about_the_handle_shows_a_secret() {
    let world = runtime().block_on(World::open(&issuer("secret = '0123456789abcdef0123456789abcdef'")));
    let identity: &Identity = &world.identity;
    assert_eq!(format!("{identity:?}"), "Identity { .. }");
}
