//! The meta API: procedures and events.

use crossgate_router::realm::{OnLeave, RealmConfig};
use crossgate_wamp::options::{Policy, RegisterOptions, SubscribeOptions};
use crossgate_wamp::uri::Match;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Map, Message, Value};

use super::client::{Client, World, everything, revoked, said, text};

async fn ask(client: &mut Client, procedure: &str, args: &[Value]) -> Value {
    client.ask(procedure, args, Map::new()).await.unwrap().pop().unwrap_or(Value::Null)
}

/// The events that came, as topic-free arguments.
async fn events(client: &mut Client) -> Vec<Vec<Value>> {
    let come = client.come().await;
    come.iter()
        .map(|message| match message {
            Message::Event(event) => event.payload.arg_values().unwrap(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn sessions_are_counted_listed_and_described() {
    let world = World::new().await;
    let (mut one, wanda) = (world.join().await, world.join_named("wanda").await);
    assert_eq!(ask(&mut one, "wamp.session.count", &[]).await, Value::from(2_u64));
    let workers = Value::from(vec!["worker"]);
    assert_eq!(ask(&mut one, "wamp.session.count", std::slice::from_ref(&workers)).await, Value::from(1_u64));
    assert_eq!(ask(&mut one, "wamp.session.list", &[workers]).await, Value::from(vec![wanda.id()]));
    let details = ask(&mut one, "wamp.session.get", &[wanda.id().into()]).await;
    let details = details.as_map().unwrap();
    for (key, value) in [("authid", "wanda"), ("authrole", "worker"), ("authmethod", "ticket"), ("realm", "realm1")] {
        assert_eq!(details.get(key).and_then(Value::as_text), Some(value), "{key}");
    }
    let transport = details.get("transport").and_then(Value::as_map).unwrap();
    for key in ["peer_cert", "client_cert", "http_headers_received"] {
        assert!(transport.get(key).is_some(), "{key}");
    }
}

#[tokio::test]
async fn joins_and_leaves_are_told_with_what_the_specification_says() {
    let world = World::new().await;
    let mut watcher = world.join().await;
    watcher.subscribe("wamp.session.on_join").await;
    let wanda = world.join_named("wanda").await;
    let joined = events(&mut watcher).await;
    assert_eq!(joined.len(), 1);
    assert_eq!(joined[0][0].as_map().unwrap().get("session"), Some(&Value::from(wanda.id())));
    watcher.subscribe("wamp.session.on_leave").await;
    let id = wanda.id();
    wanda.lose().await;
    assert_eq!(events(&mut watcher).await, [vec![id.into(), text("wanda"), text("worker")]]);
}

#[tokio::test]
async fn a_realm_can_tell_of_leaves_as_crossbar_does() {
    let world = World::with(RealmConfig { on_leave: OnLeave::Session, ..RealmConfig::default() }).await;
    let (mut watcher, other) = (world.join().await, world.join().await);
    watcher.subscribe("wamp.session.on_leave").await;
    let id = other.id();
    other.lose().await;
    assert_eq!(events(&mut watcher).await, [vec![Value::from(id)]]);
}

#[tokio::test]
async fn kill_ends_another_session_with_its_reason_and_message() {
    let world = World::new().await;
    let (mut one, mut two) = (world.join().await, world.join().await);
    let kwargs = Map::new().with("reason", "com.reason.mine").with("message", "out");
    one.ask("wamp.session.kill", &[two.id().into()], kwargs).await.unwrap();
    let Message::Goodbye { reason, details } = two.next().await else { panic!() };
    assert_eq!(reason, "com.reason.mine");
    assert_eq!(details.to_map().unwrap().get("message").and_then(Value::as_text), Some("out"));
    let gone = one.ask("wamp.session.kill", &[two.id().into()], Map::new()).await;
    assert_eq!(gone.unwrap_err(), "wamp.error.no_such_session");
    let own = vec![one.id().into()];
    assert_eq!(one.ask("wamp.session.kill", &own, Map::new()).await.unwrap_err(), "wamp.error.no_such_session");
    let wrong = Map::new().with("reason", "no uri!");
    assert_eq!(one.ask("wamp.session.kill", &own, wrong).await.unwrap_err(), "wamp.error.invalid_uri");
}

#[tokio::test]
async fn kill_by_authid_by_role_and_all_leave_out_who_asks() {
    let world = World::new().await;
    let mut asker = world.join_named("wanda").await;
    for (procedure, args, expected) in [
        ("wamp.session.kill_by_authid", vec![text("wanda")], None),
        ("wamp.session.kill_by_authrole", vec![text("worker")], Some(1_u64)),
        ("wamp.session.kill_all", vec![], Some(1)),
    ] {
        let mut other = world.join_named("wanda").await;
        let answer = ask(&mut asker, procedure, &args).await;
        assert_eq!(answer, expected.map_or_else(|| Value::from(vec![other.id()]), Value::from), "{procedure}");
        let Message::Goodbye { reason, .. } = other.next().await else { panic!() };
        assert_eq!(reason, "wamp.close.killed");
    }
    assert!(asker.come().await.is_empty());
}

#[tokio::test]
async fn details_of_a_session_can_be_added_to_but_not_forged() {
    let world = World::new().await;
    let (mut one, two) = (world.join().await, world.join().await);
    let changes = Map::new().with("x_room", "12");
    one.ask("wamp.session.modify_details", &[two.id().into(), changes.into()], Map::new()).await.unwrap();
    let details = ask(&mut one, "wamp.session.get", &[two.id().into()]).await;
    assert_eq!(details.as_map().unwrap().get("x_room").and_then(Value::as_text), Some("12"));
    let forged = Map::new().with("authrole", "operator");
    let refused = one.ask("wamp.session.modify_details", &[two.id().into(), forged.into()], Map::new()).await;
    assert_eq!(refused.unwrap_err(), "wamp.error.invalid_argument");
}

#[tokio::test]
async fn registrations_are_found_described_and_their_callees_listed() {
    let world = World::new().await;
    let (mut asker, mut callee) = (world.join().await, world.join().await);
    let options = RegisterOptions { policy: Match::Prefix, invoke: Policy::RoundRobin, ..RegisterOptions::default() };
    let id = callee.registered("com.work", options).await;
    let prefix = Map::new().with("match", "prefix");
    assert_eq!(ask(&mut asker, "wamp.registration.lookup", &[text("com.work"), prefix.into()]).await, Value::from(id));
    assert_eq!(ask(&mut asker, "wamp.registration.lookup", &[text("com.work")]).await, Value::Null);
    assert_eq!(ask(&mut asker, "wamp.registration.match", &[text("com.worker")]).await, Value::from(id));
    let details = ask(&mut asker, "wamp.registration.get", &[id.into()]).await;
    let details = details.as_map().unwrap();
    for (key, value) in [("uri", "com.work"), ("match", "prefix"), ("invoke", "roundrobin")] {
        assert_eq!(details.get(key).and_then(Value::as_text), Some(value));
    }
    assert_eq!(ask(&mut asker, "wamp.registration.list_callees", &[id.into()]).await, Value::from(vec![callee.id()]));
    let list = ask(&mut asker, "wamp.registration.list", &[]).await;
    assert_eq!(list.as_map().unwrap().get("prefix"), Some(&Value::from(vec![id])));
    let none = asker.ask("wamp.registration.get", &[Value::from(999_u64)], Map::new()).await;
    assert_eq!(none.unwrap_err(), "wamp.error.no_such_registration");
}

#[tokio::test]
async fn registrations_come_and_go_with_events_that_name_the_session() {
    let world = World::new().await;
    let mut watcher = world.join().await;
    let prefix = SubscribeOptions { policy: Match::Prefix, get_retained: false };
    watcher.subscribe_with("wamp.registration.", prefix).await;
    let mut callee = world.join().await;
    let id = callee.register("com.work").await;
    let session = callee.id();
    let created = events(&mut watcher).await;
    assert_eq!(created.len(), 2, "on_create, on_register");
    assert_eq!((&created[0][0], &created[1]), (&Value::from(session), &vec![session.into(), id.into()]));
    assert_eq!(created[0][1].as_map().unwrap().get("uri").and_then(Value::as_text), Some("com.work"));
    callee.lose().await;
    let gone = vec![Value::from(session), Value::from(id)];
    assert_eq!(events(&mut watcher).await, [gone.clone(), gone], "on_unregister, on_delete, also of a lost session");
}

#[tokio::test]
async fn subscriptions_come_and_go_with_events_and_can_be_looked_up() {
    let world = World::new().await;
    let mut watcher = world.join().await;
    let prefix = SubscribeOptions { policy: Match::Prefix, get_retained: false };
    watcher.subscribe_with("wamp.subscription.", prefix).await;
    let mut subscriber = world.join().await;
    let id = subscriber.subscribe("com.news").await;
    let session = subscriber.id();
    assert_eq!(events(&mut watcher).await.len(), 2, "on_create, on_subscribe");
    assert_eq!(ask(&mut watcher, "wamp.subscription.match", &[text("com.news")]).await, Value::from(vec![id]));
    assert_eq!(ask(&mut watcher, "wamp.subscription.match", &[text("com.other")]).await, Value::Null);
    assert_eq!(ask(&mut watcher, "wamp.subscription.lookup", &[text("com.news")]).await, Value::from(id));
    assert_eq!(ask(&mut watcher, "wamp.subscription.count_subscribers", &[id.into()]).await, Value::from(1_u64));
    subscriber.lose().await;
    let gone = vec![Value::from(session), Value::from(id)];
    assert_eq!(events(&mut watcher).await, [gone.clone(), gone]);
}

#[tokio::test]
async fn callees_and_subscribers_can_be_taken_out_and_are_told() {
    let world = World::new().await;
    let (mut asker, mut other) = (world.join().await, world.join().await);
    let registration = other.register("com.work").await;
    let subscription = other.subscribe("com.news").await;
    let other_id = Value::from(other.id());
    let reason = Map::new().with("reason", "com.reason.mine");
    let args = [registration.into(), other_id.clone()];
    asker.ask("wamp.registration.remove_callee", &args, reason.clone()).await.unwrap();
    let told = revoked(&other.next().await);
    assert_eq!(told.get("reason").and_then(Value::as_text), Some("com.reason.mine"));
    asker.ask("wamp.subscription.remove_subscriber", &[subscription.into(), other_id], reason).await.unwrap();
    assert_eq!(revoked(&other.next().await).get("subscription"), Some(&Value::from(subscription)));
    asker.call("com.work", &[]).await;
    assert_eq!(asker.error().await.error, "wamp.error.no_such_procedure");
    asker.publish("com.news", &[]).await;
    assert!(other.come().await.is_empty());
}

#[tokio::test]
async fn testaments_are_published_when_a_session_is_gone_the_detached_ones_first() {
    let world = World::new().await;
    for way in ["lost", "goodbye", "killed"] {
        let (mut heir, mut one) = (world.join_in(Format::Cbor).await, world.join().await);
        heir.subscribe("com.will").await;
        for (words, scope) in [("second", "destroyed"), ("first", "detached"), ("third", "destroyed")] {
            let args = [text("com.will"), Value::from(vec![words]), Map::new().into()];
            one.ask("wamp.session.add_testament", &args, Map::new().with("scope", scope)).await.unwrap();
        }
        match way {
            "lost" => one.lose().await,
            "killed" => {
                drop(world.join().await.ask("wamp.session.kill", &[one.id().into()], Map::new()).await.unwrap())
            }
            _ => {
                let details = crossgate_wamp::Dict::empty(one.format);
                one.send(Message::Goodbye { details, reason: "wamp.close.close_realm".into() }).await;
            }
        }
        let said: Vec<String> =
            events(&mut heir).await.iter().map(|args| args[0].as_text().unwrap().to_owned()).collect();
        assert_eq!(said, ["first", "second", "third"], "{way}");
    }
}

#[tokio::test]
async fn a_flushed_testament_is_not_published_and_none_may_say_what_its_session_may_not() {
    let world = World::new().await;
    let (mut heir, mut one) = (world.join().await, world.join().await);
    heir.subscribe("com.will").await;
    let add = |topic: &str| [text(topic), Value::List(Vec::new()), Map::new().into()];
    one.ask("wamp.session.add_testament", &add("com.will"), Map::new()).await.unwrap();
    assert_eq!(ask(&mut one, "wamp.session.flush_testaments", &[]).await, Value::from(1_u64));
    for (topic, expected) in
        [("secret.plans", "wamp.error.not_authorized"), ("wamp.session.on_join", "wamp.error.invalid_uri")]
    {
        let refused = one.ask("wamp.session.add_testament", &add(topic), Map::new()).await;
        assert_eq!(refused.unwrap_err(), expected);
    }
    one.lose().await;
    assert!(heir.come().await.is_empty());
}

#[tokio::test]
async fn a_testaments_publish_options_count() {
    let world = World::new().await;
    let (mut heir, mut worker, mut one) = (
        world.join().await,
        world.join_named("wanda").await,
        world.join_as(Format::Json, "realm1", None, everything()).await,
    );
    heir.subscribe("com.will").await;
    worker.subscribe("com.will").await;
    let options = Map::new().with("exclude_authrole", vec!["anonymous"]);
    let args = [text("com.will"), Value::from(vec!["mine"]), Map::new().into()];
    one.ask("wamp.session.add_testament", &args, Map::new().with("publish_options", options)).await.unwrap();
    one.lose().await;
    assert_eq!(said(&worker.event().await.payload), "mine");
    assert!(heir.come().await.is_empty());
}
