//! The life of sessions: joining, leaving, breaking the protocol, realms apart from one another.

use bytes::Bytes;
use crossgate_call::Realm;
use crossgate_router::realm::{GoodbyeReply, RealmConfig, RequestIds, Step};
use crossgate_wamp::message::{Error, Kind};
use crossgate_wamp::session::Welcome;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Dict, Message, Payload, Text};

use super::client::{Client, World, error_uri, everything, id, text};

fn abort_uri(message: &Message) -> &str {
    match message {
        Message::Abort { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

async fn goodbye(client: &mut Client, reason: &str) -> Step {
    let details = Dict::empty(client.format);
    client.send(Message::Goodbye { details, reason: Text::from(reason) }).await
}

#[tokio::test]
async fn welcome_tells_who_the_client_is_and_what_the_router_does() {
    let world = World::new().await;
    let mut client = world.connect(Format::Json);
    client.hello("realm1", None, everything()).await;
    let Message::Welcome { details, .. } = client.next().await else { panic!() };
    let welcome = Welcome::read(&details).unwrap();
    assert_eq!((welcome.auth.realm.as_str(), welcome.auth.authrole.as_str()), ("realm1", "anonymous"));
    assert_eq!(welcome.auth.authmethod, "anonymous");
    let roles = details.to_map().unwrap();
    let roles = roles.get("roles").unwrap().as_map().unwrap();
    assert_eq!(roles.iter().map(|(role, _)| role).collect::<Vec<_>>(), ["broker", "dealer"]);
    assert!(welcome.dealer.call_reroute && welcome.dealer.progressive_call_invocations);
    assert!(!welcome.broker.x_acknowledged_event_delivery, "what is not done is not announced");
}

#[tokio::test]
async fn a_ticket_lets_in_whom_it_belongs_to_and_nobody_else() {
    let world = World::new().await;
    world.join_named("wanda").await;
    let mut liar = world.connect(Format::Json);
    liar.hello("realm1", Some("wanda"), everything()).await;
    assert!(matches!(liar.next().await, Message::Challenge { .. }));
    let extra = Dict::empty(liar.format);
    assert_eq!(liar.send(Message::Authenticate { signature: Text::from("guess"), extra }).await, Step::Close);
    assert_eq!(abort_uri(&liar.next().await), "wamp.error.authentication_denied");
    assert!(liar.next_or_end().await.is_none());
    let record = world.kit.record().await;
    assert!(record.contains(&("wamp.join".into(), "ok".into())), "{record:?}");
    assert!(record.contains(&("wamp.join".into(), "unauthenticated".into())), "{record:?}");
}

#[tokio::test]
async fn a_realm_that_is_not_there_or_not_served_here_is_refused_alike() {
    let world = World::new().await;
    let only = Some(vec![Realm::new("realm2")]);
    for (realm, realms) in [("realm3", None), ("realm1", only), ("no realm!", None)] {
        let mut client = world.connect_with(Format::Json, usize::MAX, realms);
        assert_eq!(client.hello(realm, None, everything()).await, Step::Close);
        assert_eq!(abort_uri(&client.next().await), "wamp.error.no_such_realm", "{realm}");
    }
}

#[tokio::test]
async fn a_new_session_may_follow_on_the_same_connection() {
    let world = World::new().await;
    let mut client = world.join().await;
    let first = client.id();
    client.subscribe("com.news").await;
    assert_eq!(goodbye(&mut client, "wamp.close.close_realm").await, Step::Continue);
    let Message::Goodbye { reason, .. } = client.next().await else { panic!() };
    assert_eq!(reason, "wamp.close.goodbye_and_out");
    client.hello("realm2", None, everything()).await;
    let Message::Welcome { session, .. } = client.next().await else { panic!() };
    assert_ne!(session, first);
    let mut publisher = world.join().await;
    publisher.publish("com.news", &[]).await;
    assert!(client.come().await.is_empty(), "the first session's subscription is gone");
}

#[tokio::test]
async fn a_realm_can_answer_goodbye_as_crossbar_does() {
    let world = World::with(RealmConfig { goodbye_reply: GoodbyeReply::Normal, ..RealmConfig::default() }).await;
    let mut client = world.join().await;
    goodbye(&mut client, "wamp.close.normal").await;
    let Message::Goodbye { reason, .. } = client.next().await else { panic!() };
    assert_eq!(reason, "wamp.close.normal");
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_session_with_abort() {
    let world = World::new().await;
    let wrong_error = |client: &Client| {
        let (details, payload) = (Dict::empty(client.format), Payload::empty(client.format));
        let error = Error { request_kind: Kind::Call, request: id(1), details, error: Text::from("x.y"), payload };
        Message::Error(error).to_bytes(Format::Json).unwrap()
    };
    let frames: [Bytes; 7] = [
        Bytes::from_static(b"[]"),
        Bytes::from_static(b"{\"a\":"),
        Bytes::from_static(b"[999]"),
        Bytes::from_static(b"[48,1]"),
        Bytes::from_static(b"[1,\"realm1\",{\"roles\":{\"caller\":{}}}]"),
        Bytes::from_static(b"[50,1,{}]"),
        wrong_error(&world.join().await),
    ];
    for frame in frames {
        let mut client = world.join().await;
        client.register("com.held").await;
        assert_eq!(client.send_bytes(frame.clone()).await, Step::Close, "{frame:?}");
        assert_eq!(abort_uri(&client.next().await), "wamp.error.protocol_violation", "{frame:?}");
        assert!(client.next_or_end().await.is_none());
        let mut caller = world.join().await;
        caller.call("com.held", &[]).await;
        assert_eq!(error_uri(&caller.next().await), "wamp.error.no_such_procedure", "what it held is gone");
    }
}

#[tokio::test]
async fn anything_before_hello_breaks_the_protocol() {
    let world = World::new().await;
    let mut client = world.connect(Format::Json);
    assert_eq!(client.call_again(id(1), "com.x", Default::default(), &[]).await, Step::Close);
    assert_eq!(abort_uri(&client.next().await), "wamp.error.protocol_violation");
}

#[tokio::test]
async fn request_ids_may_have_gaps_unless_the_realm_is_strict() {
    for (request_ids, expected) in [(RequestIds::Lenient, Step::Continue), (RequestIds::Strict, Step::Close)] {
        let world = World::with(RealmConfig { request_ids, ..RealmConfig::default() }).await;
        let mut client = world.join().await;
        client.call("com.first", &[]).await;
        client.next().await;
        assert_eq!(client.call_again(id(9), "com.x", Default::default(), &[]).await, expected);
    }
}

#[tokio::test]
async fn realms_are_apart() {
    let world = World::new().await;
    let mut here = world.join().await;
    let mut there = world.join_as(Format::Json, "realm2", None, everything()).await;
    there.subscribe("com.news").await;
    there.register("com.work").await;
    there.subscribe("wamp.session.on_join").await;
    here.publish("com.news", &[]).await;
    here.call("com.work", &[]).await;
    assert_eq!(error_uri(&here.next().await), "wamp.error.no_such_procedure");
    world.join().await;
    let outsider = vec![there.id().into()];
    let gone = here.ask("wamp.session.get", &outsider, crossgate_wamp::Map::new()).await;
    assert_eq!(gone.unwrap_err(), "wamp.error.no_such_session");
    assert!(there.come().await.is_empty());
}

#[tokio::test]
async fn at_shutdown_everybody_is_told_and_nobody_joins_any_more() {
    let world = World::new().await;
    let (mut one, mut two) = (world.join().await, world.join().await);
    world.kit.router.close_realms(std::time::Duration::from_millis(20)).await;
    for client in [&mut one, &mut two] {
        let Message::Goodbye { reason, .. } = client.next().await else { panic!() };
        assert_eq!(reason, "wamp.close.system_shutdown");
        assert!(client.next_or_end().await.is_none());
    }
    let mut late = world.connect(Format::Json);
    assert_eq!(late.hello("realm1", None, everything()).await, Step::Close);
    assert_eq!(abort_uri(&late.next().await), "wamp.close.system_shutdown");
}

#[tokio::test]
async fn logging_out_ends_the_browsers_other_sessions_and_nobody_elses() {
    let world = World::new().await;
    let cookie = world.kit.identity.wamp_cookie(None).unwrap();
    let mut clients = [
        world.connect_with_cookie(cookie.clone()),
        world.connect_with_cookie(cookie),
        world.connect_with_cookie(world.kit.identity.wamp_cookie(None).unwrap()),
    ];
    for client in &mut clients {
        client.hello("realm1", None, everything()).await;
        assert!(matches!(client.next().await, Message::Welcome { .. }));
    }
    let [mut one, mut two, mut stranger] = clients;
    goodbye(&mut one, "wamp.close.logout").await;
    let Message::Goodbye { reason, .. } = two.next().await else { panic!() };
    assert_eq!(reason, "wamp.close.logout");
    let Message::Goodbye { reason, .. } = one.next().await else { panic!() };
    assert_eq!(reason, "wamp.close.goodbye_and_out");
    assert!(stranger.come().await.is_empty());
}

#[tokio::test]
async fn a_killed_session_that_does_not_answer_is_disconnected() {
    let world = World::with(RealmConfig { goodbye_wait_ms: 10, ..RealmConfig::default() }).await;
    let (mut asker, mut deaf, mut polite) = (world.join().await, world.join().await, world.join().await);
    asker.ask("wamp.session.kill_all", &[], crossgate_wamp::Map::new()).await.unwrap();
    assert!(matches!(polite.next().await, Message::Goodbye { .. }));
    goodbye(&mut polite, "wamp.close.goodbye_and_out").await;
    assert!(matches!(deaf.next().await, Message::Goodbye { .. }));
    assert!(deaf.next_or_end().await.is_none());
    assert!(!polite.outbox.is_closed());
    polite.hello("realm1", None, everything()).await;
    assert!(matches!(polite.next().await, Message::Welcome { .. }), "a new session on the same connection");
}

#[tokio::test]
async fn a_door_that_closes_says_goodbye_and_takes_the_answer() {
    let world = World::new().await;
    let mut client = world.join().await;
    client.close("wamp.close.system_shutdown");
    let Message::Goodbye { reason, .. } = client.next().await else { panic!() };
    assert_eq!(reason, "wamp.close.system_shutdown");
    // A message that crossed the GOODBYE is no fault, and has no effect.
    client.publish("com.news", &[text("late")]).await;
    assert_eq!(goodbye(&mut client, "wamp.close.goodbye_and_out").await, Step::Close, "no session follows this one");
    assert!(client.come().await.is_empty());
}

#[tokio::test]
async fn a_realm_that_is_taken_out_of_the_configuration_says_goodbye() {
    let world = World::new().await;
    let mut client = world.join_as(Format::Json, "realm2", None, everything()).await;
    let mut other = world.join().await;
    let left = [("realm1".to_owned(), RealmConfig::default())].into();
    world.kit.router.configure_realms(left).unwrap();
    let Message::Goodbye { reason, .. } = client.next().await else { panic!() };
    assert_eq!(reason, "wamp.close.close_realm");
    assert!(other.come().await.is_empty());
}

#[tokio::test]
async fn a_configuration_with_a_fault_changes_nothing() {
    let world = World::new().await;
    let wrong = RealmConfig { outbox_bytes_max: 1, ..RealmConfig::default() };
    let refused = world.kit.router.configure_realms([("realm1".to_owned(), wrong)].into());
    assert_eq!(refused.unwrap_err().key, "outbox_bytes_max");
    world.join_as(Format::Json, "realm2", None, everything()).await;
}
