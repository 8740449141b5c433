//! Key sets at an address: cached, rotated, limited, and stale only within bounds.

use std::time::Duration;

use crossgate_call::Kind;
use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::kit::*;

const URL: &str = "jwks_url = \"https://issuer.example/keys\"";

/// A token that is valid for days, so that only its key decides.
fn lasting(pair: &Pair) -> String {
    pair.token(&claims_but(&json!({"exp": NOW_S + 10_000_000})))
}

async fn world(settings: &str) -> World {
    World::open(&issuer(&format!("{URL}\n{settings}"))).await
}

fn key(kid: &str) -> Pair {
    Pair::make(Algorithm::EdDSA).named(kid)
}

#[tokio::test]
async fn a_key_set_is_fetched_once_for_everybody_who_waits_for_it() {
    let pair = key("a");
    let world = world("").await;
    world.web.answers([Ok(jwks([&pair]))]);
    let tokens: Vec<String> =
        (0..20).map(|index| pair.token(&claims_but(&json!({"jti": index.to_string()})))).collect();
    let mut waiting = tokio::task::JoinSet::new();
    let world = std::sync::Arc::new(world);
    for token in tokens {
        let world = std::sync::Arc::clone(&world);
        waiting.spawn(async move { world.bearer(&token).await.is_ok() });
    }
    while let Some(accepted) = waiting.join_next().await {
        assert!(accepted.unwrap());
    }
    assert_eq!(world.web.asked(), 1);
}

#[tokio::test]
async fn an_unknown_key_id_brings_the_new_keys_and_strangers_cannot_make_us_fetch_often() {
    let (old, new, never) = (key("old"), key("new"), key("never"));
    let world = world("").await;
    world.web.answers([Ok(jwks([&old])), Ok(jwks([&old, &new]))]);
    world.bearer(&lasting(&old)).await.unwrap();
    assert_eq!(world.web.asked(), 1);
    assert!(world.bearer(&lasting(&new)).await.is_err(), "not within 30 s of the last fetch");
    assert_eq!(world.web.asked(), 1);
    world.clock.advance(Duration::from_secs(30));
    world.bearer(&lasting(&new)).await.unwrap();
    assert_eq!(world.web.asked(), 2);
    for _ in 0..100 {
        assert_eq!(world.bearer(&lasting(&never)).await.unwrap_err().error.kind(), Kind::Unauthenticated);
    }
    assert_eq!(world.web.asked(), 2);
    world.clock.advance(Duration::from_secs(30));
    for _ in 0..100 {
        assert!(world.bearer(&lasting(&never)).await.is_err());
    }
    assert_eq!(world.web.asked(), 3);
    world.bearer(&lasting(&old)).await.unwrap();
}

#[tokio::test]
async fn a_key_that_leaves_the_set_takes_its_remembered_tokens_with_it() {
    let (leaked, good) = (key("leaked"), key("good"));
    let world = world("jwks_ttl_s = 60").await;
    world.web.answers([Ok(jwks([&leaked, &good])), Ok(jwks([&good]))]);
    let (bad, fine) = (lasting(&leaked), lasting(&good));
    world.bearer(&bad).await.unwrap();
    world.bearer(&fine).await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    world.bearer(&fine).await.unwrap();
    assert_eq!(world.web.asked(), 2);
    assert!(world.bearer(&bad).await.is_err());
}

#[tokio::test]
async fn a_withdrawn_key_ends_tokens_that_were_verified_a_moment_ago() {
    let (leaked, good, next) = (key("leaked"), key("good"), key("next"));
    let world = world("").await;
    world.web.answers([Ok(jwks([&leaked, &good])), Ok(jwks([&good, &next]))]);
    let bad = lasting(&leaked);
    world.bearer(&bad).await.unwrap();
    world.clock.advance(Duration::from_secs(30));
    world.bearer(&lasting(&next)).await.unwrap();
    assert!(world.bearer(&bad).await.is_err(), "well within the time that it was remembered for");
}

#[tokio::test]
async fn while_the_issuer_is_away_its_keys_are_used_but_not_for_ever() {
    let pair = key("a");
    let world = world("jwks_ttl_s = 600\njwks_stale_s = 3600").await;
    world.web.answers([Ok(jwks([&pair])), Err("away")]);
    let token = |n: u32| pair.token(&claims_but(&json!({"exp": NOW_S + 10_000_000, "jti": n.to_string()})));
    world.bearer(&token(0)).await.unwrap();
    world.clock.advance(Duration::from_secs(600));
    world.bearer(&token(1)).await.unwrap();
    assert_eq!(world.web.asked(), 2);
    world.bearer(&token(2)).await.unwrap();
    assert_eq!(world.web.asked(), 2, "a failed fetch is not repeated at once");
    world.clock.advance(Duration::from_secs(3_599));
    world.bearer(&token(3)).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let refusal = world.bearer(&token(4)).await.unwrap_err();
    assert_eq!(refusal.error.kind(), Kind::Unavailable, "nobody can tell whether the token holds");
    assert!(refusal.error.retry_after().is_some());
    world.web.answers([Ok(jwks([&pair]))]);
    world.clock.advance(Duration::from_secs(2));
    world.bearer(&token(4)).await.unwrap();
}

#[tokio::test]
async fn answers_that_are_no_usable_key_set_change_nothing() {
    let pair = key("a");
    let secret = json!({"keys": [{"kty": "oct", "kid": "a", "k": encode("0123456789abcdef0123456789abcdef")}]});
    let weak = json!({"keys": [{"kty": "RSA", "kid": "a", "n": encode([0xffu8; 128]), "e": "AQAB"}]});
    let encrypts = json!({"keys": [{"kty": "RSA", "kid": "a", "use": "enc", "n": encode([0xffu8; 256]), "e": "AQAB"}]});
    let huge = json!({"keys": [], "padding": "p".repeat(crossgate_identity::FETCH_BYTES_MAX)});
    let many = json!({"keys": vec![pair.jwk(); 65]});
    for bad in [
        json!({}),
        json!([]),
        json!("keys"),
        json!({"keys": []}),
        json!({"keys": [7, {}]}),
        secret,
        weak,
        encrypts,
        huge,
        many,
    ] {
        let world = world("jwks_ttl_s = 60").await;
        world.web.answers([Ok(jwks([&pair])), Ok(bad.clone())]);
        world.bearer(&lasting(&pair)).await.unwrap();
        world.clock.advance(Duration::from_secs(60));
        world.bearer(&lasting(&pair)).await.unwrap();
        assert_eq!(world.web.asked(), 2, "{bad}");
    }
}

#[tokio::test]
async fn unknown_kinds_of_keys_are_passed_over() {
    let pair = key("a");
    let mut set = jwks([&pair]);
    set["keys"].as_array_mut().unwrap().extend([
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"}),
        json!({"kty": "EC", "crv": "P-521", "x": "x", "y": "y"}),
        json!({"kty": "RSA", "alg": "RSA-OAEP", "n": encode([0xffu8; 256]), "e": "AQAB"}),
    ]);
    let world = world("").await;
    world.web.answers([Ok(set)]);
    world.bearer(&lasting(&pair)).await.unwrap();
}

#[tokio::test]
async fn a_set_without_key_ids_rotates_too() {
    let (old, new) = (Pair::make(Algorithm::ES256), Pair::make(Algorithm::ES256));
    let nameless = |pair: &Pair| {
        let mut set = jwks([pair]);
        set["keys"][0].as_object_mut().unwrap().remove("kid");
        set
    };
    let token = |pair: &Pair| pair.token_with(&json!({"typ": "at+jwt", "alg": "ES256"}), &claims().to_string());
    let world = world("").await;
    world.web.answers([Ok(nameless(&old)), Ok(nameless(&new))]);
    world.bearer(&token(&old)).await.unwrap();
    world.clock.advance(Duration::from_secs(30));
    world.bearer(&token(&new)).await.unwrap();
    assert!(world.bearer(&token(&old)).await.is_err());
}

#[tokio::test]
async fn a_reload_keeps_what_was_fetched_and_warming_fetches_what_was_not() {
    let pair = key("a");
    let world = world("").await;
    assert_eq!(world.identity.warm().await, ["https://issuer.example/keys"]);
    world.web.answers([Ok(jwks([&pair]))]);
    world.clock.advance(Duration::from_secs(2));
    assert!(world.identity.warm().await.is_empty());
    let asked = world.web.asked();
    world.identity.reload(parsed(&issuer(URL))).unwrap();
    world.bearer(&lasting(&pair)).await.unwrap();
    assert_eq!(world.web.asked(), asked);
}
