//! Cookies: of a session at the console, and of an earlier WAMP session.

use std::time::Duration;

use crossgate_call::Proof;
use crossgate_identity::{WampCookie, WampTransport, hash_password};
use secrecy::{ExposeSecret as _, SecretString};

use super::kit::*;
use crate::kit::{World, parsed};
use crossgate_call::Realm;

const CONFIG: &str = r#"
[roles.client]
[wamp.principals.joe]
role = "client"
ticket = "secret-ticket"
[wamp.principals.amy]
role = "client"
ticket = "amys-ticket"
[wamp.auth.public.ticket]
[wamp.auth.public.anonymous]
[wamp.auth.public.cookie]
lifetime_s = 600
"#;

fn with<'w>(world: &'w World, cookie: &WampCookie) -> Client<'w> {
    let over = WampTransport { cookie: Some(cookie.clone()), ..transport() };
    Client::new(world, &["cookie", "ticket"]).named("joe").over(over)
}

fn value(cookie: &WampCookie) -> String {
    cookie.to_set().unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn a_browser_that_proved_itself_goes_on_by_its_cookie() {
    let world = World::open(CONFIG).await;
    let cookie = world.identity.wamp_cookie(None).unwrap();
    let (method, _, attempt) = challenge(with(&world, &cookie).hello().await);
    assert_eq!(method, "ticket", "a cookie that stands for nobody is passed over");
    welcome(with(&world, &cookie).answer(attempt, "secret-ticket").await);

    let again = world.identity.wamp_cookie(Some(&value(&cookie))).unwrap();
    assert!(again.to_set().is_none(), "the browser has it already");
    assert_eq!(again.tag(), cookie.tag());
    let joined = welcome(with(&world, &again).hello().await);
    assert_eq!((&*joined.authid, &*joined.authrole, joined.authmethod), ("joe", "client", "cookie"));
    assert_eq!(joined.caller.proof(), Proof::Session);
    let elsewhere = with(&world, &again).realm("realm2");
    assert_eq!(challenge(elsewhere.hello().await).0, "ticket", "in another realm it stands for nobody");
}

#[tokio::test]
async fn a_cookie_ends_by_its_time_by_logging_out_and_by_a_reload() {
    let world = World::open(CONFIG).await;
    let joined = async || {
        let cookie = world.identity.wamp_cookie(None).unwrap();
        let (_, _, attempt) = challenge(with(&world, &cookie).hello().await);
        welcome(with(&world, &cookie).answer(attempt, "secret-ticket").await);
        welcome(with(&world, &cookie).hello().await);
        cookie
    };
    let late = joined().await;
    world.clock.advance(Duration::from_secs(600));
    let logged_out = joined().await;
    world.identity.wamp_forget(&logged_out);
    let reloaded = joined().await;
    world.identity.reload(parsed(CONFIG)).unwrap();
    for cookie in [late, logged_out, reloaded] {
        assert_eq!(challenge(with(&world, &cookie).hello().await).0, "ticket");
        assert_ne!(world.identity.wamp_cookie(Some(&value(&cookie))).unwrap().tag(), cookie.tag());
    }
}

#[tokio::test]
async fn a_cookie_that_was_planted_never_becomes_somebodys() {
    let world = World::open(CONFIG).await;
    let invented = "x".repeat(43);
    let given = world.identity.wamp_cookie(Some(&invented)).unwrap();
    assert_ne!(value(&given), invented, "only the router makes values");
    for odd in ["", &"y".repeat(4_096)] {
        assert!(world.identity.wamp_cookie(Some(odd)).unwrap().to_set().is_some());
    }
    // Mallory's own cookie, in Joe's browser: Joe's ticket does not make it Joe's.
    let mallory = world.identity.wamp_cookie(None).unwrap();
    let amy = Client::new(&world, &["ticket"]).named("amy");
    let amy = amy.over(WampTransport { cookie: Some(mallory.clone()), ..transport() });
    welcome(amy.joined_with("amys-ticket").await);
    let planted = world.identity.wamp_cookie(Some(&value(&mallory))).unwrap();
    let joe = Client::new(&world, &["ticket"]).named("joe");
    let joe = joe.over(WampTransport { cookie: Some(planted.clone()), ..transport() });
    welcome(joe.joined_with("secret-ticket").await);
    assert_eq!(&*welcome(with(&world, &planted).hello().await).authid, "amy");
}

#[tokio::test]
async fn an_anonymous_session_leaves_no_cookie_behind() {
    let world = World::open(CONFIG).await;
    let cookie = world.identity.wamp_cookie(None).unwrap();
    let anonymous = Client::new(&world, &["anonymous"]);
    welcome(anonymous.over(WampTransport { cookie: Some(cookie.clone()), ..transport() }).hello().await);
    assert_eq!(challenge(with(&world, &cookie).hello().await).0, "ticket");
}

#[tokio::test]
async fn a_session_at_the_console_is_a_cookie_too() {
    let hash = hash_password("correct horse").unwrap();
    let world = World::open(&format!("{CONFIG}\n[users.alice]\npassword = '{hash}'\nroles = [\"client\"]\n")).await;
    let session = world.identity.begin_session(&Realm::new(REALM), "alice", "correct horse").await.unwrap();
    let client = |value: &str| {
        let over = WampTransport { session_cookie: Some(SecretString::from(value)), ..transport() };
        Client::new(&world, &["cookie", "anonymous"]).over(over)
    };
    let joined = welcome(client(session.cookie_value.expose_secret()).hello().await);
    assert_eq!((&*joined.authid, joined.authmethod, joined.authprovider), ("alice", "cookie", "session"));
    assert_eq!(welcome(client("invented").hello().await).authmethod, "anonymous");
    world.identity.end_session(session.cookie_value.expose_secret()).await;
    assert_eq!(welcome(client(session.cookie_value.expose_secret()).hello().await).authmethod, "anonymous");
}

#[tokio::test]
async fn no_formatting_shows_a_cookie() {
    let world = World::open(CONFIG).await;
    let cookie = world.identity.wamp_cookie(None).unwrap();
    let over = WampTransport {
        cookie: Some(cookie.clone()),
        session_cookie: Some(SecretString::from("browser-secret")),
        ..transport()
    };
    let shown = format!("{cookie:?} {over:?}");
    assert!(!shown.contains(&value(&cookie)) && !shown.contains("browser-secret"), "{shown}");
}
