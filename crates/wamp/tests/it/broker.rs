//! Subscriptions, retained events, history, and what the meta API says of them.

use crossgate_wamp::broker::{
    History, HistoryFilter, HistoryLimits, PastEvent, RETAINED_PER_TOPIC_MAX, Retained, Subscriptions,
};
use crossgate_wamp::options::{Audience, EventDetails};
use crossgate_wamp::uri::Match;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Map, Payload, Text, Value, meta};

use crate::kit::id;

const NOW: &str = "2026-01-02T03:04:05.000Z";

#[test]
fn sessions_share_a_subscription_and_the_last_one_ends_it() {
    let mut table = Subscriptions::default();
    let first = table.subscribe(id(1), "one", Match::Exact, "a.b", NOW);
    let second = table.subscribe(id(2), "two", Match::Exact, "a.b", NOW);
    assert!(first.created && first.added && !second.created && second.added);
    assert_eq!(first.subscription.id, second.subscription.id);
    let again = table.subscribe(id(2), "two", Match::Exact, "a.b", NOW);
    assert!(!again.created && !again.added && again.subscription.subscribers.len() == 2);
    let snapshot = table.clone();
    let left = table.unsubscribe(id(1), first.subscription.id).expect("was subscribed");
    assert!(!left.deleted && table.unsubscribe(id(1), first.subscription.id).is_none());
    assert!(table.unsubscribe(id(3), first.subscription.id).is_none(), "a stranger");
    assert!(table.leave(id(2)).iter().all(|left| left.deleted) && table.is_empty());
    assert!(table.matching("a.b").next().is_none() && table.leave(id(2)).is_empty());
    let handles: Vec<_> =
        snapshot.matching("a.b").flat_map(|found| found.subscribers.iter().map(|(_, handle)| *handle)).collect();
    assert_eq!(handles, ["one", "two"], "whoever holds an earlier table still reads it");
    let next = table.subscribe(id(1), "one", Match::Exact, "a.b", NOW);
    assert_ne!(next.subscription.id, first.subscription.id, "ids are not used again");
}

#[test]
fn an_event_goes_to_every_matching_subscription_in_order() {
    let mut table = Subscriptions::default();
    let rows = [
        (Match::Wildcard, "a..c"),
        (Match::Prefix, "a"),
        (Match::Exact, "a.b.c"),
        (Match::Prefix, "a.b"),
        (Match::Wildcard, "..c"),
    ];
    for (policy, topic) in rows {
        table.subscribe(id(1), (), policy, topic, NOW);
    }
    let found: Vec<_> = table.matching("a.b.c").map(|found| (found.policy, found.topic.as_str())).collect();
    let expected = [
        (Match::Exact, "a.b.c"),
        (Match::Prefix, "a.b"),
        (Match::Prefix, "a"),
        (Match::Wildcard, "a..c"),
        (Match::Wildcard, "..c"),
    ];
    assert_eq!(found, expected);
    let lists = meta::ids_by_policy(table.iter().map(|found| (found.policy, found.id)));
    assert_eq!(lists.get("prefix"), Some(&Value::from(vec![id(2), id(4)])));
    let details = meta::subscription_details(table.lookup(Match::Prefix, "a.b").expect("there"));
    let expected = Map::new().with("id", 4_u64).with("created", NOW).with("uri", "a.b").with("match", "prefix");
    assert_eq!(details, expected);
    assert_eq!(table.of_session(id(1)).len(), 5);
}

fn event(publication: u64, topic: &str, audience: Audience) -> PastEvent {
    let payload = Payload::from_values(Format::Json, vec![Value::from(publication)], Map::new());
    PastEvent {
        publication: id(publication),
        topic: Text::from(topic),
        at_us: publication as i64 * 10,
        excluded_publisher: None,
        audience,
        details: EventDetails::default(),
        payload,
    }
}

fn for_role(role: &str) -> Audience {
    Audience { eligible_authrole: Some(vec![role.to_owned()]), ..Audience::default() }
}

fn numbers(events: &[&PastEvent]) -> Vec<u64> {
    events.iter().map(|event| event.publication.get()).collect()
}

#[test]
fn a_new_subscriber_gets_the_last_retained_event_that_it_would_have_received() {
    let mut retained = Retained::new(2, 1000);
    let user = (id(9), "joe", "user");
    assert!(retained.keep(event(1, "a.b", Audience::default())));
    assert!(retained.keep(event(2, "a.b", for_role("admin"))));
    assert_eq!(numbers(&retained.events(Match::Exact, "a.b", user)), [1]);
    assert_eq!(numbers(&retained.events(Match::Exact, "a.b", (id(9), "joe", "admin"))), [2]);
    let own = PastEvent { excluded_publisher: Some(id(9)), ..event(3, "a.b", Audience::default()) };
    assert!(retained.keep(own));
    assert_eq!(numbers(&retained.events(Match::Exact, "a.b", user)), [0; 0], "its own event");
    assert!(retained.keep(event(4, "a.c", Audience::default())));
    assert!(!retained.keep(event(5, "a.d", Audience::default())), "no more topics");
    let mut both = numbers(&retained.events(Match::Prefix, "a", (id(8), "eve", "user")));
    both.sort_unstable();
    assert_eq!(both, [3, 4]);
    assert_eq!(numbers(&retained.events(Match::Wildcard, ".c", user)), [4]);
    assert!(retained.forget("a.c") && !retained.forget("a.c") && retained.len() == 1);
}

#[test]
fn no_more_bytes_are_retained_than_may_be_and_what_is_replaced_makes_room() {
    let large = |number, topic| PastEvent {
        payload: Payload::from_values(Format::Json, vec![Value::from("x".repeat(396))], Map::new()),
        ..event(number, topic, Audience::default())
    };
    let mut retained = Retained::new(10, 1000);
    assert!(retained.keep(large(1, "a")) && retained.keep(large(2, "b")));
    assert!(!retained.keep(large(3, "c")), "400 bytes each");
    assert!(retained.forget("a") && retained.keep(large(4, "c")));
    for number in 5..20 {
        assert!(retained.keep(large(number, "c")), "in place of the one before");
    }
    assert_eq!(retained.len(), 2);
}

#[test]
fn events_for_few_do_not_push_out_the_one_for_all() {
    let mut retained = Retained::new(1, 1000);
    retained.keep(event(1, "a", Audience::default()));
    for number in 2..=6 * RETAINED_PER_TOPIC_MAX as u64 {
        retained.keep(event(number, "a", for_role("admin")));
    }
    assert_eq!(numbers(&retained.events(Match::Exact, "a", (id(1), "joe", "user"))), [1]);
    assert_eq!(numbers(&retained.events(Match::Exact, "a", (id(1), "joe", "admin"))), [96]);
}

#[test]
fn history_is_bounded_and_answers_within_the_given_bounds() {
    let mut history = History::new(HistoryLimits { events_max: 6, bytes_max: 1000 });
    for number in 1..=8 {
        let topic = if number % 2 == 0 { "even" } else { "odd" };
        let audience = if number == 5 { for_role("admin") } else { Audience::default() };
        assert!(history.push(event(number, topic, audience)));
    }
    let named = Audience { exclude: Some(vec![id(1)]), ..Audience::default() };
    assert!(!history.push(event(9, "odd", named)), "sessions mean nothing later");
    let ask = |filter: HistoryFilter| numbers(&history.events(&filter, "joe", "user"));
    let none = HistoryFilter::default;
    assert_eq!(ask(none()), [3, 4, 6, 7, 8], "the oldest are gone, and 5 is not for this role");
    assert_eq!(numbers(&history.events(&none(), "joe", "admin")), [3, 4, 5, 6, 7, 8]);
    assert_eq!(ask(HistoryFilter { reverse: true, limit: Some(2), ..none() }), [8, 7]);
    assert_eq!(ask(HistoryFilter { topic: Some("even".into()), ..none() }), [4, 6, 8]);
    assert_eq!(ask(HistoryFilter { from_time_us: Some(60), before_time_us: Some(80), ..none() }), [6, 7]);
    assert_eq!(ask(HistoryFilter { after_time_us: Some(60), until_time_us: Some(80), ..none() }), [7, 8]);
    assert_eq!(ask(HistoryFilter { from_publication: Some(id(4)), before_publication: Some(id(7)), ..none() }), [4, 6]);
    assert_eq!(ask(HistoryFilter { after_publication: Some(id(4)), until_publication: Some(id(7)), ..none() }), [6, 7]);
    assert_eq!(
        ask(HistoryFilter { after_publication: Some(id(7)), before_publication: Some(id(4)), ..none() }),
        [0; 0]
    );
    assert_eq!(ask(HistoryFilter { after_publication: Some(id(1)), ..none() }), [0; 0], "no longer kept");
}

#[test]
fn history_is_bounded_in_bytes() {
    let size = event(1, "a", Audience::default()).payload.len();
    let mut history = History::new(HistoryLimits { events_max: 100, bytes_max: 3 * size });
    (1..=9).for_each(|number| assert!(history.push(event(number, "a", Audience::default()))));
    assert_eq!(history.len(), 3);
    let mut tiny = History::new(HistoryLimits { events_max: 100, bytes_max: size - 1 });
    assert!(!tiny.push(event(1, "a", Audience::default())) && tiny.is_empty());
}

#[test]
fn meta_events_have_the_documented_arguments() {
    assert_eq!(meta::session_left(id(1), "joe", "user"), [Value::from(1_u64), "joe".into(), "user".into()]);
    assert_eq!(meta::changed(id(1), id(2)), [Value::from(1_u64), Value::from(2_u64)]);
    let past = meta::past_event(id(4), &event(7, "a", Audience::default()), NOW).expect("said");
    let keys: Vec<_> = past.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["timestamp", "subscription", "publication", "details", "args", "kwargs"]);
    assert_eq!(past.get("args"), Some(&Value::from(vec![7_u64])));
    let auth = crossgate_wamp::session::AuthInfo { authid: "joe".into(), ..Default::default() };
    let joined = meta::session_details(id(3), &auth, Some(Map::new().with("peer", "x")));
    assert!(joined.get("authid").and_then(Value::as_text) == Some("joe") && joined.get("transport").is_some());
    assert_eq!(meta::created(id(1), Map::new()).len(), 2);
}
