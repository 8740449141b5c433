//! Past events: found by every bound, seen by who might have had them, and still there after a restart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use crossgate_call::{ManualClock, SystemClock};
use crossgate_router::realm::{HistoryMatch, HistoryRule, Keep, RealmConfig, RealmSummary};
use crossgate_store::Store;
use crossgate_wamp::id::Id;
use crossgate_wamp::options::{Audience, PublishOptions, SubscribeOptions};
use crossgate_wamp::uri::Match;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Map, Message, Value};
use jiff::Timestamp;

use super::client::{Client, World, everything, text};

fn rule(keep: Keep) -> HistoryRule {
    HistoryRule {
        topic: "com.".into(),
        r#match: HistoryMatch::Prefix,
        keep,
        events_max: 100,
        bytes_max: 1 << 20,
        age_max_s: None,
    }
}

fn config(rule: HistoryRule) -> RealmConfig {
    RealmConfig { history: vec![rule], ..RealmConfig::default() }
}

async fn opened(rule: HistoryRule, store: &Store) -> World {
    World::with_store(config(rule), store, Arc::new(SystemClock)).await
}

async fn subscribed(client: &mut Client) -> Id {
    let options = SubscribeOptions { policy: Match::Prefix, get_retained: false };
    match client.subscribe_with("com.", options).await {
        Message::Subscribed { subscription, .. } => subscription,
        other => panic!("{other:?}"),
    }
}

/// Publishes, and gives the publication's id.
async fn published(client: &mut Client, topic: &str, options: PublishOptions, value: &str) -> Id {
    let options = PublishOptions { acknowledge: true, ..options };
    client.publish_with(topic, options, &[text(value)]).await;
    match client.next().await {
        Message::Published { publication, .. } => publication,
        other => panic!("{other:?}"),
    }
}

async fn asked(client: &mut Client, subscription: Id, kwargs: Map) -> Vec<Map> {
    let answer = client.ask("wamp.subscription.get_events", &[subscription.into()], kwargs).await.unwrap();
    answer[0].as_list().unwrap().iter().map(|event| event.as_map().unwrap().clone()).collect()
}

fn values(events: &[Map]) -> Vec<String> {
    let first = |event: &Map| event.get("args").unwrap().as_list().unwrap()[0].as_text().unwrap().to_owned();
    events.iter().map(first).collect()
}

async fn kept(client: &mut Client, subscription: Id) -> Vec<String> {
    values(&asked(client, subscription, Map::new().with("limit", 1000_u64)).await)
}

fn summary(world: &World) -> RealmSummary {
    let summaries = world.kit.router.realm_summaries();
    summaries.into_iter().find(|summary| summary.realm.as_str() == "realm1").unwrap()
}

#[tokio::test]
async fn past_events_are_found_by_every_bound_wherever_they_are_kept() {
    for keep in [Keep::Memory, Keep::Store] {
        let clock = Arc::new(ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap()));
        let store = Store::temporary().unwrap();
        let world = World::with_store(config(rule(keep)), &store, clock.clone()).await;
        let (mut publisher, mut reader) = (world.join().await, world.join().await);
        let subscription = subscribed(&mut reader).await;
        let mut ids = Vec::new();
        for number in 0..8_u64 {
            let topic = if number % 2 == 0 { "com.even" } else { "com.odd" };
            ids.push(published(&mut publisher, topic, PublishOptions::default(), &number.to_string()).await);
            clock.advance(Duration::from_secs(10));
        }
        reader.come().await;
        let at = |number: u64| -> String {
            let start: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
            (start + Duration::from_secs(10 * number)).to_string()
        };
        let all = Map::new;
        for (kwargs, expected) in [
            (all(), "01234567"),
            (all().with("limit", 3_u64), "012"),
            (all().with("limit", 3_u64).with("reverse", true), "765"),
            (all().with("limit", 0_u64), ""),
            (all().with("from_time", at(5)), "567"),
            (all().with("after_time", at(5)), "67"),
            (all().with("before_time", at(2)), "01"),
            (all().with("until_time", at(2)), "012"),
            (all().with("topic", "com.odd"), "1357"),
            (all().with("topic", "com.none"), ""),
            (all().with("from_publication", ids[5]), "567"),
            (all().with("after_publication", ids[5]), "67"),
            (all().with("before_publication", ids[2]), "01"),
            (all().with("until_publication", ids[2]), "012"),
            (all().with("after_publication", Id::new(1).unwrap()), ""),
            (all().with("after_publication", ids[1]).with("before_time", at(6)).with("topic", "com.even"), "24"),
            (all().with("after_publication", ids[6]).with("until_publication", ids[3]), ""),
            (all().with("until_publication", ids[6]).with("reverse", true).with("limit", 2_u64), "65"),
        ] {
            let events = asked(&mut reader, subscription, kwargs.clone()).await;
            assert_eq!(values(&events).concat(), expected, "{keep:?} {kwargs:?}");
        }
        let event = &asked(&mut reader, subscription, all().with("from_publication", ids[3])).await[0];
        assert_eq!(event.get("publication"), Some(&Value::from(ids[3])));
        assert_eq!(event.get("subscription"), Some(&Value::from(subscription)));
        assert_eq!(event.get("timestamp"), Some(&text("2026-11-22T12:00:30.000000Z")));
        assert_eq!(event.get("details").unwrap().as_map().unwrap().get("topic"), Some(&text("com.odd")));
    }
}

// On several threads, as the program is: the writer begins while the realm is still being opened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn past_events_in_the_store_are_there_after_a_restart_for_who_might_have_had_them() {
    let store = Store::temporary().unwrap();
    let world = opened(rule(Keep::Store), &store).await;
    let mut publisher = world.join_in(Format::Cbor).await;
    let named = vec![publisher.id()];
    let role = Some(vec!["worker".to_owned()]);
    for (audience, value) in [
        (Audience::default(), "all"),
        (Audience { eligible: Some(named.clone()), ..Audience::default() }, "one session"),
        (Audience { exclude: Some(named), ..Audience::default() }, "all but one session"),
        (Audience { eligible_authrole: role.clone(), ..Audience::default() }, "workers"),
        (Audience { exclude_authrole: role, ..Audience::default() }, "no workers"),
        (Audience { eligible_authid: Some(vec!["wanda".into()]), ..Audience::default() }, "wanda"),
        (Audience { eligible_authid: Some(Vec::new()), ..Audience::default() }, "nobody"),
    ] {
        published(&mut publisher, "com.x", PublishOptions { audience, ..PublishOptions::default() }, value).await;
    }
    world.kit.router.close_histories().await;
    drop((world, publisher));

    let world = opened(rule(Keep::Store), &store).await;
    let mut anybody = world.join().await;
    let subscription = subscribed(&mut anybody).await;
    assert_eq!(kept(&mut anybody, subscription).await, ["all", "no workers"]);
    let mut wanda = world.join_named("wanda").await;
    let subscription = subscribed(&mut wanda).await;
    assert_eq!(kept(&mut wanda, subscription).await, ["all", "workers", "wanda"]);
    published(&mut anybody, "com.x", PublishOptions::default(), "after").await;
    assert_eq!(kept(&mut anybody, subscription).await, ["all", "no workers", "after"]);
}

#[tokio::test]
async fn arguments_of_every_kind_come_back_as_they_were_published() {
    let store = Store::temporary().unwrap();
    let world = opened(rule(Keep::Store), &store).await;
    let mut reader = world.join_in(Format::Cbor).await;
    let subscription = subscribed(&mut reader).await;
    let args = vec![Value::Binary(vec![0, 255]), text("\u{e9}"), Value::Null, Map::new().with("a", 1_u64).into()];
    for format in Format::ALL {
        world.join_in(format).await.publish("com.x", &args).await;
        reader.event().await;
    }
    world.join().await.publish("com.nothing", &[]).await;
    reader.event().await;
    let events = asked(&mut reader, subscription, Map::new()).await;
    assert_eq!(events.len(), 4);
    for event in &events[..3] {
        assert_eq!(event.get("args"), Some(&Value::List(args.clone())));
    }
    assert_eq!(events[3].get("args"), Some(&Value::List(Vec::new())));
}

#[tokio::test]
async fn no_more_is_kept_than_number_bytes_and_age_allow() {
    for keep in [Keep::Memory, Keep::Store] {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        let store = Store::temporary().unwrap();
        let bounded = HistoryRule { events_max: 5, bytes_max: 1000, age_max_s: Some(60), ..rule(keep) };
        let world = World::with_store(config(bounded.clone()), &store, clock.clone()).await;
        let (mut publisher, mut reader) = (world.join().await, world.join().await);
        let subscription = subscribed(&mut reader).await;
        for number in 0..9 {
            published(&mut publisher, "com.x", PublishOptions::default(), &number.to_string()).await;
        }
        reader.come().await;
        assert_eq!(kept(&mut reader, subscription).await.concat(), "45678", "{keep:?}: by number");
        for letter in ["a", "b", "c"] {
            published(&mut publisher, "com.x", PublishOptions::default(), &letter.repeat(390)).await;
        }
        reader.come().await;
        let left = kept(&mut reader, subscription).await;
        assert!(left.len() == 2 && left[0].starts_with('b'), "{keep:?}: by bytes: {left:?}");
        assert_eq!(summary(&world).history_lost, 0, "what has had its time is not lost");
        published(&mut publisher, "com.x", PublishOptions::default(), &"d".repeat(1000)).await;
        let names = Audience { exclude_authid: Some(vec!["x".repeat(1000)]), ..Audience::default() };
        let options = PublishOptions { audience: names, ..PublishOptions::default() };
        published(&mut publisher, "com.x", options, "names take room too").await;
        reader.come().await;
        assert_eq!(kept(&mut reader, subscription).await, left, "{keep:?}: too large by itself");
        assert_eq!(summary(&world).history_lost, 2, "and counted");
        clock.advance(Duration::from_secs(50));
        published(&mut publisher, "com.x", PublishOptions::default(), "new").await;
        clock.advance(Duration::from_secs(11));
        reader.come().await;
        assert_eq!(kept(&mut reader, subscription).await, ["new"], "{keep:?}: by age");
        published(&mut publisher, "com.x", PublishOptions::default(), "newer").await;
        reader.come().await;
        let small = HistoryRule { events_max: 1, ..bounded };
        let changed = BTreeMap::from([("realm1".to_owned(), config(small))]);
        world.kit.router.configure_realms(changed).unwrap();
        published(&mut publisher, "com.x", PublishOptions::default(), "newest").await;
        reader.come().await;
        assert_eq!(kept(&mut reader, subscription).await, ["newest"], "{keep:?}: by a changed rule");
        world.kit.router.close_histories().await;
        if keep == Keep::Store {
            let rows = store.read("SELECT count(*) FROM wamp_history", ()).await.unwrap();
            assert_eq!(rows.one().unwrap().get::<i64>(0).unwrap(), 1, "nothing else is left in the file");
            let totals = store.read("SELECT events, bytes FROM wamp_history_topic", ()).await.unwrap();
            let totals = totals.one().unwrap();
            assert_eq!(
                (totals.get::<i64>(0).unwrap(), totals.get::<i64>(1).unwrap()),
                (1, "[\"newest\"]".len() as i64)
            );
        }
    }
}

#[tokio::test]
async fn a_topic_that_is_not_kept_any_more_is_forgotten_and_other_realms_keep_theirs() {
    let store = Store::temporary().unwrap();
    let world = opened(rule(Keep::Store), &store).await;
    published(&mut world.join().await, "com.x", PublishOptions::default(), "here").await;
    let both = [("realm1", rule(Keep::Store)), ("realm2", rule(Keep::Store))];
    let both = both.map(|(name, rule)| (name.to_owned(), config(rule)));
    world.kit.router.configure_realms(BTreeMap::from(both)).unwrap();
    let mut there = world.join_as(Format::Json, "realm2", None, everything()).await;
    let subscription = subscribed(&mut there).await;
    assert_eq!(kept(&mut there, subscription).await, [""; 0], "of another realm");
    published(&mut there, "com.x", PublishOptions::default(), "there").await;
    world.kit.router.close_histories().await;

    let other = HistoryRule { topic: "org.".into(), ..rule(Keep::Store) };
    let world = opened(other, &store).await;
    // The first thing that the writer does is to look what is not kept any more.
    world.kit.router.close_histories().await;
    let rows = store.read("SELECT DISTINCT realm FROM wamp_history_topic", ()).await.unwrap();
    assert_eq!(rows.one().unwrap().get::<&str>(0).unwrap(), "realm2");
}

#[tokio::test]
async fn a_store_that_cannot_keep_up_costs_past_events_counted_and_nothing_else() {
    let store = Store::temporary().unwrap();
    let rule = HistoryRule { bytes_max: 1 << 30, ..rule(Keep::Store) };
    let world = opened(rule, &store).await;
    let (mut publisher, mut reader) = (world.join_in(Format::Cbor).await, world.join_in(Format::Cbor).await);
    let subscription = subscribed(&mut reader).await;
    let (release, held) = mpsc::channel::<()>();
    let blocked = tokio::spawn({
        let store = store.clone();
        async move {
            store.write(move |_| Box::pin(async move { Ok(held.recv().is_err()) })).await.unwrap();
        }
    });
    const EVENTS: usize = 80;
    let large = text(&"x".repeat(1 << 20));
    for _ in 0..EVENTS {
        publisher.publish("com.x", std::slice::from_ref(&large)).await;
        reader.event().await;
    }
    let during = summary(&world);
    assert!(during.history_lost > 0 && during.history_waiting > 0, "{during:?}");
    assert_eq!(during.history_lost as usize + during.history_waiting, EVENTS, "each is counted, and none twice");
    drop(release);
    blocked.await.unwrap();
    let newest = Map::new().with("reverse", true).with("limit", 1_u64);
    assert_eq!(asked(&mut reader, subscription, newest).await.len(), 1);
    assert_eq!(summary(&world).history_waiting, 0);
    publisher.publish("com.x", &[text("kept again")]).await;
    reader.event().await;
    let newest = Map::new().with("reverse", true).with("limit", 1_u64);
    assert_eq!(values(&asked(&mut reader, subscription, newest).await), ["kept again"]);
}

#[tokio::test]
async fn an_answer_holds_no_more_than_fits_and_the_rest_is_asked_for_from_there() {
    for keep in [Keep::Memory, Keep::Store] {
        let store = Store::temporary().unwrap();
        let rule = HistoryRule { bytes_max: 1 << 30, ..rule(keep) };
        let world = opened(rule, &store).await;
        let (mut publisher, mut reader) = (world.join_in(Format::Cbor).await, world.join_in(Format::Cbor).await);
        let subscription = subscribed(&mut reader).await;
        for number in 0..10 {
            publisher.publish("com.x", &[text(&number.to_string().repeat(1 << 20))]).await;
            reader.event().await;
        }
        let mut all = String::new();
        let mut kwargs = Map::new();
        loop {
            let page = asked(&mut reader, subscription, kwargs).await;
            let Some(last) = page.last() else { break };
            assert!(page.len() < 10, "{keep:?}");
            kwargs = Map::new().with("after_publication", last.get("publication").unwrap().clone());
            all.extend(values(&page).iter().map(|value| &value[..1]));
        }
        assert_eq!(all, "0123456789", "{keep:?}");
    }
}

#[tokio::test]
async fn without_an_open_store_nothing_is_kept_there_and_asking_says_so() {
    let world = World::with(config(rule(Keep::Store))).await;
    let mut reader = world.join().await;
    let subscription = subscribed(&mut reader).await;
    world.join().await.publish("com.x", &[text("gone")]).await;
    reader.event().await;
    let refused = reader.ask("wamp.subscription.get_events", &[subscription.into()], Map::new()).await;
    assert_eq!(refused.unwrap_err(), "wamp.error.history_unavailable");
}
