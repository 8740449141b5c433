//! Publications and events.

use std::time::Duration;

use crossgate_router::realm::{HistoryMatch, HistoryRule, Keep, RealmConfig};
use crossgate_wamp::options::{Audience, EventDetails, Passthru, PublishOptions, SubscribeOptions};
use crossgate_wamp::uri::Match;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Map, Message, Value};

use super::client::{World, error_uri, said, text};

fn acknowledged() -> PublishOptions {
    PublishOptions { acknowledge: true, ..PublishOptions::default() }
}

#[tokio::test]
async fn an_event_reaches_all_subscribers_in_their_formats_and_not_its_publisher() {
    let world = World::new().await;
    let mut publisher = world.join().await;
    publisher.subscribe("com.news").await;
    let mut subscribers = Vec::new();
    for format in Format::ALL {
        let mut subscriber = world.join_in(format).await;
        subscriber.subscribe("com.news").await;
        subscribers.push(subscriber);
    }
    publisher.publish("com.news", &[text("hé"), Value::Binary(vec![0, 200])]).await;
    let mut publications = Vec::new();
    for subscriber in &mut subscribers {
        let event = subscriber.event().await;
        assert_eq!(event.payload.arg_values().unwrap(), [text("hé"), Value::Binary(vec![0, 200])]);
        publications.push(event.publication);
    }
    assert!(publications.iter().all(|id| *id == publications[0]));
    assert!(publisher.come().await.is_empty(), "excluded, and not acknowledged");
}

#[tokio::test]
async fn a_publisher_that_wants_its_own_event_gets_published_before_it() {
    let world = World::new().await;
    let mut publisher = world.join().await;
    publisher.subscribe("com.news").await;
    let options = PublishOptions { exclude_me: Some(false), ..acknowledged() };
    let request = publisher.publish_with("com.news", options, &[]).await;
    let publication = match publisher.next().await {
        Message::Published { request: answered, publication } if answered == request => publication,
        other => panic!("{other:?}"),
    };
    assert_eq!(publisher.event().await.publication, publication);
}

#[tokio::test]
async fn each_matching_subscription_gets_one_event_with_the_topic_where_it_is_a_pattern() {
    let world = World::new().await;
    let (mut publisher, mut subscriber) = (world.join().await, world.join().await);
    let mut ids = Vec::new();
    for (topic, policy) in [("a.b.c", Match::Exact), ("a.", Match::Prefix), ("a..c", Match::Wildcard)] {
        match subscriber.subscribe_with(topic, SubscribeOptions { policy, get_retained: false }).await {
            Message::Subscribed { subscription, .. } => ids.push(subscription),
            other => panic!("{other:?}"),
        }
    }
    publisher.publish("a.b.c", &[]).await;
    let mut publication = None;
    for (at, expected) in ids.iter().enumerate() {
        let event = subscriber.event().await;
        assert_eq!(event.subscription, *expected);
        assert_eq!(*publication.get_or_insert(event.publication), event.publication);
        let topic = EventDetails::read(&event.details).unwrap().topic;
        assert_eq!(topic.as_deref(), (at > 0).then_some("a.b.c"));
    }
    assert!(subscriber.come().await.is_empty());
}

#[tokio::test]
async fn subscribing_twice_gives_one_subscription_and_one_event() {
    let world = World::new().await;
    let (mut publisher, mut subscriber) = (world.join().await, world.join().await);
    let first = subscriber.subscribe("com.news").await;
    assert_eq!(subscriber.subscribe("com.news").await, first);
    publisher.publish("com.news", &[]).await;
    assert_eq!(subscriber.come().await.len(), 1);
}

#[tokio::test]
async fn after_unsubscribing_no_event_comes() {
    let world = World::new().await;
    let (mut publisher, mut subscriber) = (world.join().await, world.join().await);
    let subscription = subscriber.subscribe("com.news").await;
    let request = subscriber.request();
    subscriber.send(Message::Unsubscribe { request, subscription }).await;
    assert!(matches!(subscriber.next().await, Message::Unsubscribed(_)));
    publisher.publish("com.news", &[]).await;
    assert!(subscriber.come().await.is_empty());
    let request = subscriber.request();
    subscriber.send(Message::Unsubscribe { request, subscription }).await;
    assert_eq!(error_uri(&subscriber.next().await), "wamp.error.no_such_subscription");
}

#[tokio::test]
async fn exactly_the_eligible_who_are_not_excluded_receive_an_event() {
    let world = World::new().await;
    let mut publisher = world.join().await;
    let (mut wanda, mut nobody) = (world.join_named("wanda").await, world.join().await);
    wanda.subscribe("com.news").await;
    nobody.subscribe("com.news").await;
    let (w, n) = (wanda.id(), nobody.id());
    let roles = |role: &str| Some(vec![role.to_owned()]);
    let cases = [
        (Audience { eligible: Some(vec![w]), ..Audience::default() }, (true, false)),
        (Audience { eligible: Some(Vec::new()), ..Audience::default() }, (false, false)),
        (Audience { exclude: Some(vec![n]), ..Audience::default() }, (true, false)),
        (Audience { exclude: Some(Vec::new()), ..Audience::default() }, (true, true)),
        (Audience { eligible_authid: roles("wanda"), ..Audience::default() }, (true, false)),
        (Audience { exclude_authid: roles("wanda"), ..Audience::default() }, (false, true)),
        (Audience { eligible_authrole: roles("anonymous"), ..Audience::default() }, (false, true)),
        (Audience { exclude_authrole: roles("anonymous"), ..Audience::default() }, (true, false)),
        (
            Audience { eligible: Some(vec![w, n]), exclude_authrole: roles("worker"), ..Audience::default() },
            (false, true),
        ),
        (
            Audience { eligible: Some(vec![w]), eligible_authrole: roles("anonymous"), ..Audience::default() },
            (false, false),
        ),
    ];
    for (audience, expected) in cases {
        let options = PublishOptions { audience: audience.clone(), ..PublishOptions::default() };
        publisher.publish_with("com.news", options, &[]).await;
        let found = (!wanda.come().await.is_empty(), !nobody.come().await.is_empty());
        assert_eq!(found, expected, "{audience:?}");
    }
}

#[tokio::test]
async fn the_exclusion_of_the_publisher_wins_over_its_being_eligible() {
    let world = World::new().await;
    let mut publisher = world.join().await;
    publisher.subscribe("com.news").await;
    let audience = Audience { eligible: Some(vec![publisher.id()]), ..Audience::default() };
    publisher.publish_with("com.news", PublishOptions { audience, ..PublishOptions::default() }, &[]).await;
    assert!(publisher.come().await.is_empty());
}

#[tokio::test]
async fn a_publisher_is_disclosed_when_it_wants() {
    let world = World::new().await;
    let (mut publisher, mut subscriber) = (world.join_named("wanda").await, world.join().await);
    subscriber.subscribe("com.news").await;
    for disclose_me in [None, Some(true)] {
        publisher.publish_with("com.news", PublishOptions { disclose_me, ..PublishOptions::default() }, &[]).await;
        let details = EventDetails::read(&subscriber.event().await.details).unwrap();
        let expected = disclose_me.map(|_| publisher.id());
        assert_eq!((details.publisher, details.publisher_authid), (expected, disclose_me.map(|_| "wanda".to_owned())));
    }
}

#[tokio::test]
async fn trust_levels_are_those_of_the_publishers_role() {
    let trustlevels = [("worker".to_owned(), 7)].into();
    let world = World::with(RealmConfig { trustlevels, ..RealmConfig::default() }).await;
    let (mut trusted, mut other, mut subscriber) =
        (world.join_named("wanda").await, world.join().await, world.join().await);
    subscriber.subscribe("com.news").await;
    for (publisher, expected) in [(&mut trusted, Some(7)), (&mut other, None)] {
        publisher.publish("com.news", &[]).await;
        assert_eq!(EventDetails::read(&subscriber.event().await.details).unwrap().trustlevel, expected);
    }
}

#[tokio::test]
async fn a_refused_publication_is_answered_only_when_an_answer_was_asked_for() {
    let world = World::new().await;
    let mut publisher = world.join().await;
    for (topic, expected) in [
        ("secret.plans", "wamp.error.not_authorized"),
        ("wamp.session.on_join", "wamp.error.invalid_uri"),
        ("com..news", "wamp.error.invalid_uri"),
    ] {
        publisher.publish(topic, &[]).await;
        assert!(publisher.come().await.is_empty(), "{topic}");
        publisher.publish_with(topic, acknowledged(), &[]).await;
        assert_eq!(error_uri(&publisher.next().await), expected, "{topic}");
    }
}

#[tokio::test]
async fn a_retained_event_comes_after_subscribed_to_those_who_want_it() {
    let world = World::new().await;
    let mut publisher = world.join().await;
    for value in ["old", "new"] {
        publisher
            .publish_with("com.state", PublishOptions { retain: true, ..PublishOptions::default() }, &[text(value)])
            .await;
    }
    for (get_retained, expected) in [(true, 1), (false, 0)] {
        let mut late = world.join_in(Format::Cbor).await;
        let options = SubscribeOptions { policy: Match::Prefix, get_retained };
        assert!(matches!(late.subscribe_with("com.", options).await, Message::Subscribed { .. }));
        let come = late.come().await;
        assert_eq!(come.len(), expected);
        for message in come {
            let Message::Event(event) = message else { panic!("{message:?}") };
            let details = EventDetails::read(&event.details).unwrap();
            assert!(details.retained);
            assert_eq!((details.topic.as_deref(), said(&event.payload).as_str()), (Some("com.state"), "new"));
        }
    }
}

#[tokio::test]
async fn a_retained_event_that_was_not_for_everybody_stays_so_and_subscribing_is_answered() {
    let world = World::new().await;
    let mut publisher = world.join().await;
    let audience = Audience { eligible_authrole: Some(vec!["worker".into()]), ..Audience::default() };
    let options = PublishOptions { retain: true, audience, ..PublishOptions::default() };
    publisher.publish_with("com.state", options, &[text("for workers")]).await;
    let retained = SubscribeOptions { policy: Match::Exact, get_retained: true };
    for (mut late, expected) in [(world.join_named("wanda").await, 1), (world.join().await, 0)] {
        assert!(matches!(late.subscribe_with("com.state", retained).await, Message::Subscribed { .. }));
        assert_eq!(late.come().await.len(), expected);
    }
}

#[tokio::test]
async fn the_past_events_of_a_configured_topic_are_kept_for_those_who_might_have_had_them() {
    let rule = HistoryRule {
        topic: "com.".into(),
        r#match: HistoryMatch::Prefix,
        keep: Keep::Memory,
        events_max: 3,
        bytes_max: 10_000,
        age_max_s: None,
    };
    let world = World::with(RealmConfig { history: vec![rule], ..RealmConfig::default() }).await;
    let (mut publisher, mut reader) = (world.join().await, world.join().await);
    for value in ["1", "2", "3", "4"] {
        publisher.publish("com.news", &[text(value)]).await;
    }
    let audience = Audience { eligible: Some(vec![reader.id()]), ..Audience::default() };
    publisher
        .publish_with("com.news", PublishOptions { audience, ..PublishOptions::default() }, &[text("named")])
        .await;
    let options = SubscribeOptions { policy: Match::Prefix, get_retained: false };
    let Message::Subscribed { subscription, .. } = reader.subscribe_with("com.", options).await else { panic!() };
    let events = reader.ask("wamp.subscription.get_events", &[subscription.into()], Map::new()).await.unwrap();
    let said = |events: &[Value]| -> Vec<String> {
        let list = events[0].as_list().unwrap().to_vec();
        list.iter()
            .map(|event| {
                event.as_map().unwrap().get("args").unwrap().as_list().unwrap()[0].as_text().unwrap().to_owned()
            })
            .collect()
    };
    assert_eq!(said(&events), ["2", "3", "4"], "the oldest went; what was for one session alone is not kept");
    let newest = Map::new().with("limit", 1_u64).with("reverse", true);
    let events = reader.ask("wamp.subscription.get_events", &[subscription.into()], newest).await.unwrap();
    assert_eq!(said(&events), ["4"]);
    let subscribers =
        reader.ask("wamp.subscription.list_subscribers", &[subscription.into()], Map::new()).await.unwrap();
    assert_eq!(subscribers, [Value::from(vec![reader.id()])], "the router itself is no subscriber");
    let mut stranger = world.join_named("walt").await;
    let refused = stranger.ask("wamp.subscription.get_events", &[subscription.into()], Map::new()).await;
    assert_eq!(refused.unwrap_err(), "wamp.error.not_authorized");
}

#[tokio::test]
async fn a_subscription_without_history_says_so() {
    let world = World::new().await;
    let mut reader = world.join().await;
    let subscription = reader.subscribe("com.news").await;
    let refused = reader.ask("wamp.subscription.get_events", &[subscription.into()], Map::new()).await;
    assert_eq!(refused.unwrap_err(), "wamp.error.history_unavailable");
}

#[tokio::test]
async fn passthru_attributes_of_both_dialects_come_with_the_event() {
    let world = World::new().await;
    let (mut publisher, mut subscriber) = (world.join().await, world.join_in(Format::Cbor).await);
    subscriber.subscribe("com.news").await;
    for passthru in [
        Passthru { ppt_scheme: Some("mqtt".into()), ppt_keyid: Some("7".into()), ..Passthru::default() },
        Passthru { enc_algo: Some("cryptobox".into()), enc_serializer: Some("cbor".into()), ..Passthru::default() },
    ] {
        let options = PublishOptions { passthru: passthru.clone(), ..PublishOptions::default() };
        publisher.publish_with("com.news", options, &[Value::Binary(vec![9])]).await;
        assert_eq!(EventDetails::read(&subscriber.event().await.details).unwrap().passthru, passthru);
    }
}

#[tokio::test]
async fn events_from_one_publisher_keep_their_order() {
    let world = World::new().await;
    let (mut publisher, mut subscriber) = (world.join().await, world.join().await);
    subscriber.subscribe("com.count").await;
    for number in 0..500_u64 {
        publisher.publish("com.count", &[number.into()]).await;
    }
    for number in 0..500_u64 {
        assert_eq!(subscriber.event().await.payload.arg_values().unwrap(), [Value::from(number)]);
    }
    let none = tokio::time::timeout(Duration::ZERO, subscriber.next()).await;
    assert!(none.is_err());
}
