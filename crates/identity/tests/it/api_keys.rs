//! API keys.

use std::time::Duration;

use crossgate_call::{Kind, Proof};
use crossgate_identity::hash_client_secret;

use crate::kit::*;

fn config() -> String {
    format!(
        "[api_keys.meter]\nsha256 = \"{}\"\nroles = [\"reader\"]\n[api_keys.guest]\nsha256 = \"{}\"\nexpires = \"2027-01-16T00:00:00Z\"\n[roles.reader]\n",
        hash_client_secret("key-of-meter"),
        hash_client_secret("key-of-guest").trim_start_matches("sha256:").to_uppercase(),
    )
}

#[tokio::test]
async fn a_key_in_either_header_makes_its_program_the_caller() {
    let world = World::open(&config()).await;
    for given in [
        Given { api_key: Some("key-of-meter"), ..Given::default() },
        Given { authorization: Some("ApiKey key-of-meter"), ..Given::default() },
    ] {
        for _ in 0..2 {
            let caller = world.caller(given).await.unwrap();
            assert_eq!((&**caller.id(), caller.proof(), caller.expires()), ("meter", Proof::ApiKey, None));
            assert!(caller.has_role("reader"));
        }
    }
}

#[tokio::test]
async fn a_key_that_is_wrong_expired_or_sent_as_something_else_is_refused() {
    let world = World::open(&config()).await;
    world.caller(Given { api_key: Some("key-of-guest"), ..Given::default() }).await.unwrap();
    let end = "2027-01-16T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
    world.clock.advance(Duration::from_secs(u64::try_from(end - world.now_s()).unwrap()));
    for key in [
        "",
        "key-of-mete",
        "key-of-meterr",
        "KEY-OF-METER",
        "key-of-guest",
        &hash_client_secret("key-of-meter"),
        &"k".repeat(100_000),
    ] {
        let refusal = world.caller(Given { api_key: Some(key), ..Given::default() }).await.unwrap_err();
        assert_eq!(refusal.error.kind(), Kind::Unauthenticated, "{key}");
        assert_eq!(refusal.challenge, "Bearer realm=\"test\"");
    }
    assert!(world.bearer("key-of-meter").await.is_err());
}
