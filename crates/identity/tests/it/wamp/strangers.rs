//! Names that nobody has: the same questions, the same answers, and guessing is slowed down.

use std::collections::BTreeSet;
use std::time::Duration;

use crossgate_identity::{WAMP_CHALLENGE_LIFETIME, WampTransport};
use crossgate_store::Store;
use crossgate_wamp::{Map, Value};

use super::kit::*;
use crate::kit::{World, parsed};

const CONFIG: &str = r#"
[roles.client]
[wamp.principals.joe]
role = "client"
ticket = "secret-ticket"
secret = "a-derived-key"
salt = { salt = "c2FsdHNhbHRzYWx0", iterations = 1000, keylen = 32 }
public_keys = ["8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"]
[wamp.principals.joe.scram]
kdf = "pbkdf2"
iterations = 4096
salt = "00112233445566778899aabbccddeeff"
stored_key = "1111111111111111111111111111111111111111111111111111111111111111"
server_key = "2222222222222222222222222222222222222222222222222222222222222222"
"#;

const METHODS: [&str; 5] = ["ticket", "wampcra", "scram", "wamp-scram", "cryptosign"];

fn client<'w>(world: &'w World, method: &str, authid: &str) -> Client<'w> {
    Client::new(world, &[method]).named(authid).extra("nonce", "client-nonce")
}

/// Which keys a challenge has, with the types and lengths of their values.
fn shape(extra: &Map) -> BTreeSet<String> {
    let form = |value: &Value| match value {
        Value::Text(text) => format!("text of {}", text.len()),
        other => format!("{other:?}"),
    };
    extra.iter().map(|(key, value)| format!("{key}: {}", form(value))).collect()
}

#[tokio::test]
async fn a_name_that_nobody_has_is_challenged_and_refused_like_one_that_exists() {
    let world = World::open(CONFIG).await;
    for method in METHODS {
        let (joe, tom) = (client(&world, method, "joe"), client(&world, method, "tom"));
        let (known, one) = joe.challenged().await;
        let (unknown, other) = tom.challenged().await;
        assert_eq!(shape(&known), shape(&unknown), "{method}");
        let (known, unknown) = (joe.answer(one, "wrong").await, tom.answer(other, "wrong").await);
        assert_eq!(abort(known), abort(unknown), "{method}");
    }
}

#[tokio::test]
async fn what_is_made_up_for_a_name_stays_the_same_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        let config = crossgate_store::Config::at(directory.path().join("store.db"));
        let store = Store::open(&config).unwrap();
        let world = World::open_with(CONFIG, store.clone()).await;
        for _ in 0..2 {
            let (extra, _) = client(&world, "wampcra", "tom").challenged().await;
            let (scram, _) = client(&world, "scram", "tom").challenged().await;
            seen.insert((text(&extra, "salt").to_owned(), text(&scram, "salt").to_owned()));
        }
        drop(world);
        store.close().await.unwrap();
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    let world = World::open(CONFIG).await;
    let (extra, _) = client(&world, "wampcra", "tom").challenged().await;
    assert!(!seen.iter().any(|(salt, _)| salt == text(&extra, "salt")), "another installation's salt is another");
}

#[tokio::test]
async fn whoever_guesses_waits_whether_or_not_the_name_exists() {
    let world = World::open(CONFIG).await;
    for authid in ["joe", "tom"] {
        let fresh = |source: &str| {
            let source = Some(source.parse().unwrap());
            client(&world, "ticket", authid).over(WampTransport { source, ..transport() })
        };
        for _ in 0..6 {
            assert_eq!(uri(fresh("192.0.2.1").joined_with("wrong").await), "wamp.error.authentication_denied");
        }
        let (uri, message) = abort(fresh("192.0.2.2").joined_with("secret-ticket").await);
        assert_eq!(uri, "crossgate.error.too_many", "{authid}");
        assert!(message.contains("try again in 1 s"), "{message}");
    }
    world.clock.advance(Duration::from_secs(1));
    welcome(client(&world, "ticket", "joe").joined_with("secret-ticket").await);
}

#[tokio::test]
async fn whoever_guesses_many_names_from_one_place_waits_as_well() {
    let world = World::open(CONFIG).await;
    let mut refused = 0;
    for n in 0..25 {
        let client = client(&world, "wampcra", &format!("name{n}"));
        refused += usize::from(uri(client.joined_with("wrong").await) == "crossgate.error.too_many");
    }
    assert_eq!(refused, 4, "twenty-one are free");
}

#[tokio::test]
async fn a_challenge_does_not_live_for_ever() {
    let world = World::open(CONFIG).await;
    let joe = client(&world, "ticket", "joe");
    let (_, attempt) = joe.challenged().await;
    world.clock.advance(WAMP_CHALLENGE_LIFETIME);
    welcome(joe.answer(attempt, "secret-ticket").await);
    let (_, attempt) = joe.challenged().await;
    world.clock.advance(WAMP_CHALLENGE_LIFETIME + Duration::from_secs(1));
    assert_eq!(uri(joe.answer(attempt, "secret-ticket").await), "wamp.error.authentication_failed");
}

#[tokio::test]
async fn whoever_is_taken_out_of_the_configuration_does_not_get_in_by_an_old_challenge() {
    let world = World::open(CONFIG).await;
    let joe = client(&world, "ticket", "joe");
    let (_, attempt) = joe.challenged().await;
    world.identity.reload(parsed("[roles.client]")).unwrap();
    assert_eq!(uri(joe.answer(attempt, "secret-ticket").await), "wamp.error.authentication_failed");
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let world = World::open(CONFIG).await;
    for method in METHODS {
        let shown = format!("{:?}", client(&world, method, "joe").hello().await);
        for secret in ["secret-ticket", "a-derived-key", "1111111111"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    assert!(!format!("{:?}", parsed(CONFIG)).contains("secret-ticket"));
}
