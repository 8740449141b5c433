//! Which method is taken, and what a client is told when there is none.

use crossgate_identity::{WAMP_ATTEMPTS_MAX, WampTransport};

use super::kit::*;
use crate::kit::World;

const CONFIG: &str = r#"
[roles.client]
[roles.anonymous]
[wamp.principals.joe]
role = "client"
ticket = "secret-ticket"
secret = "shared-secret"
[wamp.principals.inside]
role = "client"
auth = ["private"]
ticket = "inside-ticket"
[wamp.auth.private]
errors = "crossbar"
[wamp.auth.private.ticket]
[wamp.auth.private.wampcra]
"#;

fn private() -> WampTransport {
    WampTransport { listener: "private".into(), ..transport() }
}

#[tokio::test]
async fn the_clients_first_method_that_is_offered_is_taken() {
    let world = World::open(CONFIG).await;
    for (methods, taken) in [
        (["wampcra", "ticket"], "wampcra"),
        (["ticket", "wampcra"], "ticket"),
        (["tls", "ticket"], "ticket"),
        (["scram", "wampcra"], "wampcra"),
        (["cookie", "ticket"], "ticket"),
    ] {
        let (method, _, _) = challenge(Client::new(&world, &methods).named("joe").hello().await);
        assert_eq!(method, taken, "{methods:?}");
    }
}

#[tokio::test]
async fn there_is_no_second_method_after_a_refusal() {
    let world = World::open(CONFIG).await;
    let client = Client::new(&world, &["ticket", "anonymous"]).named("joe");
    assert_eq!(uri(client.joined_with("wrong-ticket").await), "wamp.error.authentication_denied");
}

#[tokio::test]
async fn a_method_that_nobody_knows_ends_the_attempt() {
    let world = World::open(CONFIG).await;
    let (uri, message) = abort(Client::new(&world, &["telepathy\u{7}", "anonymous"]).hello().await);
    assert_eq!((&*uri, &*message), ("wamp.error.no_matching_auth_method", "invalid authmethod \"telepathy\""));
}

#[tokio::test]
async fn without_a_method_in_common_the_error_has_the_name_that_the_listeners_clients_know() {
    let world = World::open(CONFIG).await;
    let client = Client::new(&world, &["cryptosign"]);
    assert_eq!(uri(client.hello().await), "wamp.error.no_matching_auth_method");
    assert_eq!(uri(client.clone().over(private()).hello().await), "wamp.error.no_auth_method");
    assert_eq!(uri(Client::new(&world, &[]).hello().await), "wamp.error.no_matching_auth_method", "an empty list");
    let joe = Client::new(&world, &["ticket"]).named("joe").over(private());
    assert_eq!(uri(joe.joined_with("wrong").await), "wamp.error.not_authorized");
}

#[tokio::test]
async fn a_listener_has_its_own_methods_and_principals() {
    let world = World::open(CONFIG).await;
    let anonymous = Client::new(&world, &["anonymous"]);
    welcome(anonymous.hello().await);
    assert_eq!(uri(anonymous.clone().over(private()).hello().await), "wamp.error.no_auth_method");
    let inside = Client::new(&world, &["ticket"]).named("inside");
    welcome(inside.clone().over(private()).joined_with("inside-ticket").await);
    assert_eq!(uri(inside.joined_with("inside-ticket").await), "wamp.error.authentication_denied");
    let narrowed = WampTransport { methods: Some(vec!["ticket".into()]), ..transport() };
    assert_eq!(uri(anonymous.over(narrowed).hello().await), "wamp.error.no_matching_auth_method");
}

#[tokio::test]
async fn a_connection_has_only_so_many_attempts_and_a_success_gives_them_back() {
    let world = World::open(CONFIG).await;
    let joe = Client::new(&world, &["ticket"]).named("joe");
    for _ in 0..WAMP_ATTEMPTS_MAX - 1 {
        joe.challenged().await;
    }
    welcome(joe.joined_with("secret-ticket").await);
    for _ in 0..WAMP_ATTEMPTS_MAX {
        joe.challenged().await;
    }
    let (uri, message) = abort(joe.hello().await);
    assert_eq!(uri, "wamp.error.authentication_denied");
    assert!(message.contains("connect again"), "{message}");
}

#[tokio::test]
async fn what_is_no_name_is_refused_before_anything_is_looked_up() {
    let world = World::open(CONFIG).await;
    for authid in ["x".repeat(257), "joe\n".to_owned()] {
        let client = Client::new(&world, &["ticket"]).named(&authid);
        assert_eq!(uri(client.hello().await), "wamp.error.no_such_principal");
    }
    for method in ["wampcra", "scram"] {
        let world = World::open(&format!("{CONFIG}\n[wamp.auth.public.{method}]\n")).await;
        assert_eq!(uri(Client::new(&world, &[method]).hello().await), "wamp.error.no_such_principal", "{method}");
    }
}
