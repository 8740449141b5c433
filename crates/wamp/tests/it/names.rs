//! URIs, realm names and ids.

use crossgate_wamp::id::{Gaps, ID_MAX, Id, Order, Sequence, Watermark};
use crossgate_wamp::uri::{self, Match, Rules};

#[test]
fn uris_follow_the_rules_of_their_policy() {
    use Match::{Exact, Prefix, Wildcard};
    // uri, then loose and strict for exact, prefix, wildcard
    let cases: &[(&str, [bool; 6])] = &[
        ("com.myapp.topic1", [true, true, true, true, true, true]),
        ("com.MyApp.topic-1", [true, false, true, false, true, false]),
        ("com.myapp.", [false, false, true, true, true, true]),
        ("com..topic", [false, false, false, false, true, true]),
        ("..", [false, false, false, false, true, true]),
        (".com", [false, false, false, false, true, true]),
        (".", [false, false, false, false, true, true]),
        ("", [false, false, true, true, true, true]),
        ("com.my app", [false, false, false, false, false, false]),
        ("com.my#app", [false, false, false, false, false, false]),
        ("com.täst", [true, false, true, false, true, false]),
        ("com.\u{2003}x", [false, false, false, false, false, false]),
    ];
    for (text, expected) in cases {
        let found = [Exact, Prefix, Wildcard]
            .map(|policy| [Rules::Loose.allow(text, policy), Rules::Strict.allow(text, policy)]);
        assert_eq!(found.as_flattened(), expected, "{text:?}");
    }
    assert!(!Rules::Loose.allow(&"a".repeat(uri::URI_BYTES_MAX + 1), Exact));
}

#[test]
fn only_the_first_component_wamp_is_reserved() {
    for reserved in ["wamp", "wamp.session.count", "wamp."] {
        assert!(uri::is_reserved(reserved), "{reserved}");
    }
    for free in ["wampx.session", "com.wamp.x", "wam", "", "Wamp.x"] {
        assert!(!uri::is_reserved(free), "{free}");
    }
}

#[test]
fn realm_names_are_checked() {
    let address = format!("0x{}", "aB".repeat(20));
    for good in ["realm1", "com.example.realm", "a-b_c@d", "abc", address.as_str()] {
        assert!(uri::is_realm(good), "{good}");
    }
    for bad in ["", "ab", "1realm", "realm 1", "re#alm", "0x12", "réalm", &"a".repeat(256)] {
        assert!(!uri::is_realm(bad), "{bad}");
    }
}

#[test]
fn a_pattern_stands_for_what_its_policy_says() {
    let cases = [
        (Match::Exact, "a.b", "a.b", true),
        (Match::Exact, "a.b", "a.bc", false),
        (Match::Prefix, "a.b", "a.bc", true),
        (Match::Prefix, "a.b", "a", false),
        (Match::Prefix, "", "anything", true),
        (Match::Wildcard, "com.myapp..proc1", "com.myapp.object1.proc1", true),
        (Match::Wildcard, "com.myapp..proc1", "com.myapp.object1.proc1.sub", false),
        (Match::Wildcard, "com.myapp..proc1", "com.myapp.proc1", false),
        (Match::Wildcard, "..", "a.b.c", true),
        (Match::Wildcard, "..", "a.b", false),
    ];
    for (policy, pattern, text, expected) in cases {
        assert_eq!(uri::matches(policy, pattern, text), expected, "{policy} {pattern:?} {text:?}");
    }
}

#[test]
fn ids_stay_within_their_range() {
    assert_eq!(Id::new(0), None);
    assert_eq!(Id::new(ID_MAX + 1), None);
    assert_eq!(Id::new(ID_MAX).map(Id::get), Some(ID_MAX));
    assert_eq!(Id::from_random_bits(u64::MAX), Id::LAST);
    assert_eq!(Id::from_random_bits(0), Id::FIRST);
    assert_eq!(Id::from_random_bits(ID_MAX), Id::FIRST);
    let drawn: std::collections::BTreeSet<_> = (0..64).map(|_| Id::random().expect("a generator")).collect();
    assert_eq!(drawn.len(), 64, "64 draws out of 2^53 differ");
}

#[test]
fn a_sequence_begins_again_after_its_last_id() {
    let mut sequence = Sequence::from(Id::LAST);
    assert_eq!([sequence.take(), sequence.take()], [Id::LAST, Id::FIRST]);
    assert_eq!(Sequence::default().take(), Id::FIRST);
}

#[test]
fn gaps_in_request_ids_are_seen_when_they_are_refused() {
    let id = |n| Id::new(n).expect("an id");
    let mut strict = Watermark::default();
    let orders: Vec<_> = [1, 2, 4, 2, 3].map(|n| strict.judge(id(n), Gaps::Refused)).into();
    assert_eq!(orders, [Order::New, Order::New, Order::Gap, Order::Old, Order::New]);
    let mut lenient = Watermark::default();
    assert!([77, 5, 5, 900].into_iter().all(|n| lenient.judge(id(n), Gaps::Allowed) == Order::New));
    let mut wrapping = Watermark::default();
    wrapping.judge(Id::LAST, Gaps::Allowed);
    assert_eq!(wrapping.judge(Id::FIRST, Gaps::Refused), Order::New);
}
