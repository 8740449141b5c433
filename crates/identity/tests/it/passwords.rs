//! Users, sign-in, sessions.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Call, Caller, Clock as _, Kind, Outcome, Payload, Proof, Trace};
use crossgate_identity::{hash_password, procedures};
use crossgate_store::Store;
use jsonwebtoken::Algorithm;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::kit::*;

fn config() -> String {
    let users = format!(
        "[users.alice]\npassword = '{}'\nroles = [\"reader\"]\n[roles.reader]\n[roles.writer]\n",
        hash_password("wonderland").unwrap()
    );
    issuing(&Pair::make(Algorithm::EdDSA), &users)
}

async fn begin(world: &World, user: &str, password: &str) -> String {
    world.identity.begin_session(&world.realm, user, password).await.unwrap().cookie_value.expose_secret().to_owned()
}

async fn session(world: &World, value: &str) -> Arc<Caller> {
    world.caller(Given { session: Some(value), ..Given::default() }).await.unwrap()
}

async fn login(world: &World, input: Value) -> Result<Value, crossgate_call::Error> {
    login_from(world, input, None).await
}

async fn login_from(world: &World, input: Value, source: Option<IpAddr>) -> Result<Value, crossgate_call::Error> {
    let rows = procedures(&world.identity);
    let row = rows.iter().find(|row| row.name == "identity.login").unwrap();
    assert_eq!(row.operation, Some("POST /token"));
    let call = Call {
        procedure: row.name.into(),
        caller: world.caller(Given::default()).await.unwrap(),
        payload: Payload::from_value(input),
        deadline: world.clock.instant() + row.deadline,
        trace: Trace::from_random(1),
        source,
    };
    match (row.run)(call).await? {
        Outcome::Value(payload) => Ok(payload.value()?.clone()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_password_becomes_a_token_that_is_accepted() {
    let world = World::open(&config()).await;
    let answer = login(&world, json!({"user": "alice", "pw": "wonderland"})).await.unwrap();
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(900)));
    let caller = world.bearer(answer["access_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(&**caller.id(), "alice");
    assert!(caller.has_role("reader") && !caller.has_role("writer"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_told_alike() {
    let world = World::open(&config()).await;
    let mut told = Vec::new();
    for input in [
        json!({"user": "alice", "pw": "x"}),
        json!({"user": "nobody", "pw": "wonderland"}),
        json!({"user": "", "pw": ""}),
        json!({"user": "a".repeat(1_000), "pw": "x"}),
    ] {
        let error = login(&world, input).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unauthenticated);
        told.push(error.public().to_owned());
    }
    assert!(told.iter().all(|sentence| *sentence == told[0]), "{told:?}");
    for input in [
        json!({}),
        json!({"user": "alice"}),
        json!({"user": 1, "pw": 2}),
        json!([]),
        json!({"user": "a", "pw": "b", "x": 1}),
    ] {
        assert_eq!(login(&world, input).await.unwrap_err().kind(), Kind::Invalid);
    }
}

#[tokio::test]
async fn after_five_wrong_guesses_even_the_right_password_waits() {
    let world = World::open(&config()).await;
    for _ in 0..6 {
        let error = login(&world, json!({"user": "alice", "pw": "x"})).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unauthenticated);
    }
    let error = login(&world, json!({"user": "alice", "pw": "wonderland"})).await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (Kind::TooMany, Some(Duration::from_secs(1))));
    world.clock.advance(Duration::from_secs(1));
    login(&world, json!({"user": "alice", "pw": "wonderland"})).await.unwrap();
}

#[tokio::test]
async fn who_tries_one_name_after_the_other_waits_wherever_in_the_network_the_next_guess_comes_from() {
    let world = World::open(&config()).await;
    let mut last = None;
    for guess in 0_u8..30 {
        let source = format!("2001:db8::{guess:x}").parse().ok();
        last = login_from(&world, json!({"user": format!("user-{guess}"), "pw": "x"}), source).await.err();
    }
    assert_eq!(last.unwrap().kind(), Kind::TooMany);
    let elsewhere = "2001:db8:0:1::1".parse().ok();
    login_from(&world, json!({"user": "alice", "pw": "wonderland"}), elsewhere).await.unwrap();
}

#[tokio::test]
async fn a_session_lasts_until_it_is_ended() {
    let world = World::open(&config()).await;
    let value = begin(&world, "alice", "wonderland").await;
    for _ in 0..2 {
        let caller = session(&world, &value).await;
        assert_eq!((&**caller.id(), caller.proof()), ("alice", Proof::Session));
        assert!(caller.has_role("reader"));
    }
    let other = begin(&world, "alice", "wonderland").await;
    assert_ne!(value, other);
    world.identity.end_session(&value).await;
    assert!(session(&world, &value).await.is_anonymous(), "ended at once, although it was remembered");
    assert!(!session(&world, &other).await.is_anonymous());
    world.identity.end_session(&value).await;
    world.identity.end_session(&"x".repeat(100_000)).await;
}

#[tokio::test]
async fn a_session_ends_when_idle_and_at_the_latest_with_its_lifetime() {
    let world =
        World::open(&config().replace("[tokens]", "[sessions]\nidle_s = 600\nlifetime_s = 2000\n[tokens]")).await;
    let value = begin(&world, "alice", "wonderland").await;
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(599));
        assert!(!session(&world, &value).await.is_anonymous());
    }
    world.clock.advance(Duration::from_secs(203));
    assert!(session(&world, &value).await.is_anonymous(), "2000 s have passed");
    let value = begin(&world, "alice", "wonderland").await;
    world.clock.advance(Duration::from_secs(600));
    assert!(session(&world, &value).await.is_anonymous(), "600 s without a request");
}

#[tokio::test]
async fn a_session_belongs_to_its_realm_and_its_password() {
    let store = Store::temporary().unwrap();
    let mut world = World::open_with(&config(), store).await;
    let value = begin(&world, "alice", "wonderland").await;
    world.realm = crossgate_call::Realm::new("another");
    assert!(session(&world, &value).await.is_anonymous());
    world.realm = crossgate_call::Realm::new("test");
    assert!(!session(&world, &value).await.is_anonymous());
    world.identity.reload(parsed(&config())).unwrap();
    assert!(session(&world, &value).await.is_anonymous(), "the password's hash is another now");
}

#[tokio::test]
async fn a_user_that_was_added_signs_in_and_one_that_was_removed_does_not() {
    let world = World::open(&config()).await;
    let identity = &world.identity;
    let roles = ["writer".to_owned()];
    identity.add_user("bob", "builder", &roles, false).await.unwrap();
    assert_eq!(identity.users().await.unwrap()[0].name, "bob");
    let value = begin(&world, "bob", "builder").await;
    assert!(session(&world, &value).await.has_role("writer"));
    assert_eq!(identity.add_user("bob", "x", &roles, false).await.unwrap_err().kind(), Kind::Conflict);
    identity.add_user("bob", "rebuilt", &[], true).await.unwrap();
    assert!(session(&world, &value).await.is_anonymous());
    let value = begin(&world, "bob", "rebuilt").await;
    identity.remove_user("bob").await.unwrap();
    assert!(session(&world, &value).await.is_anonymous());
    assert_eq!(identity.remove_user("bob").await.unwrap_err().kind(), Kind::NotFound);
    assert!(identity.begin_session(&world.realm, "bob", "rebuilt").await.is_err());
}

#[tokio::test]
async fn a_user_that_cannot_be_is_not_added_and_every_reason_is_told() {
    let world = World::open(&config()).await;
    let error = world.identity.add_user("a\nb", "", &["raeder".to_owned()], false).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    let pointers: Vec<&str> = error.fields().iter().map(|field| field.pointer.as_str()).collect();
    assert_eq!(pointers, ["/name", "/roles/0", "/password"]);
    assert!(error.fields()[1].detail.contains("did you mean `reader`?"), "{error:?}");
    let taken = world.identity.add_user("alice", "x", &[], true).await.unwrap_err();
    assert_eq!(taken.kind(), Kind::Conflict, "the configuration's user would come first");
}

#[tokio::test]
async fn users_and_sessions_survive_a_restart() {
    let store = Store::temporary().unwrap();
    let text = config();
    let first = World::open_with(&text, store.clone()).await;
    first.identity.add_user("bob", "builder", &[], false).await.unwrap();
    let value = begin(&first, "bob", "builder").await;
    drop(first);
    let second = World::open_with(&text, store).await;
    assert_eq!(&**session(&second, &value).await.id(), "bob");
}

#[tokio::test]
async fn the_store_gives_nobody_a_session_or_a_password() {
    let store = Store::temporary().unwrap();
    let world = World::open_with(&config(), store.clone()).await;
    world.identity.add_user("bob", "builder-builder", &[], false).await.unwrap();
    let value = begin(&world, "bob", "builder-builder").await;
    let mut kept = String::new();
    for table in ["identity_users", "identity_sessions"] {
        let rows = store.read(crossgate_store::Sql::assembled(&format!("SELECT * FROM {table}")), ()).await.unwrap();
        assert_eq!(rows.len(), 1, "{table}");
        kept.push_str(&format!("{:?}", rows));
    }
    assert!(!kept.contains("builder-builder") && !kept.contains(&value), "{kept}");
}

#[tokio::test]
async fn somebody_at_the_machine_is_the_operator_and_a_stranger_is_nobody() {
    let world = World::open("").await;
    let operator = world.identity.local(&world.realm, "root");
    assert_eq!((operator.proof(), operator.has_role("operator")), (Proof::Local, true));
    let grants = world.identity.grants();
    assert!(grants.permits(operator.roles(), crossgate_identity::Action::Call, "anything.at.all"));
    let stranger = world.caller(Given::default()).await.unwrap();
    assert!(stranger.is_anonymous());
    assert!(!grants.permits(stranger.roles(), crossgate_identity::Action::Call, "anything.at.all"));
}
