//! The token endpoint (RFC 6749 §4.4), what it publishes, and what its tokens are good for.

use crossgate_tests::{Http, Site};
use serde_json::{Value, json};

use super::{BALANCE, OWED, signed_in};

#[tokio::test]
async fn the_metadata_and_the_keys_are_where_clients_look() {
    let site = Site::with_loans();
    let program = site.start().await;
    let nobody = program.visitor("tls");
    // RFC 8414 §2: the issuer is the one that the tokens name.
    let metadata = nobody.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(metadata["issuer"], "https://crossgate.test", "{metadata}");
    assert_eq!(metadata["token_endpoint"], "https://crossgate.test/oauth/token", "{metadata}");
    assert!(
        metadata["grant_types_supported"].as_array().is_some_and(|types| types.contains(&json!("client_credentials")))
    );
    let at = metadata["jwks_uri"].as_str().and_then(|uri| uri.strip_prefix("https://crossgate.test")).expect("a place");
    let keys = nobody.get(at).await.json();
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["crv"]), (&json!("EC"), &json!("P-256")), "{keys}");
    assert!(key["d"].is_null(), "the private part stays here");
    let token = nobody.token(Site::LENDER.0, Site::LENDER.1).await;
    assert_eq!(header_of(&token)["kid"], key["kid"], "the token names the key that is published");
    program.stop().await;
}

/// A JWT's header.
fn header_of(token: &str) -> Value {
    let encoded = token.split('.').next().expect("a header");
    serde_json::from_slice(&base64url(encoded)).expect("JSON")
}

/// RFC 4648 §5, without padding.
fn base64url(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter).expect("base64url");
        bits = bits << 6 | u32::try_from(value).expect("below 64");
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).expect("a byte"));
        }
    }
    bytes
}

#[tokio::test]
async fn what_the_endpoint_refuses_it_refuses_in_oauth_s_words() {
    let site = Site::with_loans();
    let program = site.start().await;
    let nobody = program.visitor("tls");
    let (id, secret) = Site::LENDER;
    for (fields, status, error) in [
        (
            vec![("grant_type", "client_credentials"), ("client_id", id), ("client_secret", "wrong")],
            401,
            "invalid_client",
        ),
        (
            vec![("grant_type", "client_credentials"), ("client_id", "nobody"), ("client_secret", secret)],
            401,
            "invalid_client",
        ),
        (vec![("grant_type", "client_credentials"), ("client_id", id)], 401, "invalid_client"),
        (vec![("grant_type", "password"), ("client_id", id), ("client_secret", secret)], 400, "unsupported_grant_type"),
        (vec![("client_id", id), ("client_secret", secret)], 400, "invalid_request"),
        (
            vec![
                ("grant_type", "client_credentials"),
                ("client_id", id),
                ("client_secret", secret),
                ("scope", "everything"),
            ],
            400,
            "invalid_scope",
        ),
    ] {
        let answer = nobody.post_form("/oauth/token", &fields).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{fields:?}: {answer:?}");
        assert!(answer.header("cache-control").contains("no-store"), "{answer:?}");
    }
    let basic = nobody.with_header("authorization", "Basic YmlsbGluZzpiaWxsaW5nLXNlY3JldC0xZjBjMGU3YTlkM2I0YzU1");
    let answer = basic.post_form("/oauth/token", &[("grant_type", "client_credentials")]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["token_type"], "Bearer");
    program.stop().await;
}

#[tokio::test]
async fn a_token_bound_to_a_certificate_is_of_no_use_without_it() {
    let site = Site::with_loans();
    let (bank, thief) = (site.authority.client("bank"), site.authority.client("thief"));
    let client = "[identity.clients.bank]\ntls = { common_name = \"bank\" }\nroles = [\"lender\"]\n\n[services.loans]";
    site.reconfigure("[services.loans]", client);
    let program = site.start().await;
    let with = |leaf| program.visitor_with("tls", Http::Any, Some(leaf));
    let fields = [("grant_type", "client_credentials"), ("client_id", "bank")];
    let refused = with(&thief).post_form("/oauth/token", &fields).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (401, Some("invalid_client")), "{refused:?}");
    let answer = with(&bank).post_form("/oauth/token", &fields).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(with(&bank).with_token(&token).get(BALANCE).await.text(), OWED);
    with(&thief).with_token(&token).get(BALANCE).await.problem(401);
    program.visitor("tls").with_token(&token).get(BALANCE).await.problem(401);
    program.visitor("plain").with_token(&token).get(BALANCE).await.problem(401);
    program.stop().await;
}

#[tokio::test]
async fn somebody_who_calls_too_often_is_told_when_to_come_back_and_others_are_served() {
    let site = Site::with_loans();
    site.reconfigure("per_second = 1000000.0\nburst = 1000000", "per_second = 0.01\nburst = 3");
    let program = site.start().await;
    let (lender, auditor) = (signed_in(&program, Site::LENDER).await, signed_in(&program, Site::AUDITOR).await);
    for _ in 0..3 {
        assert_eq!(lender.get(BALANCE).await.text(), OWED);
    }
    let answer = lender.get(BALANCE).await;
    answer.problem(429);
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=101).contains(&wait), "{answer:?}");
    assert_eq!(auditor.get(BALANCE).await.text(), OWED, "each caller has its own measure");
    program.stop().await;
}
