//! The tables that are shared between readers and one writer.

use std::collections::{BTreeMap, HashMap};

use crossgate_wamp::table::{Hamt, Patterns, Roster};
use crossgate_wamp::uri::{Match, matches};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::kit::id;

fn any_policy() -> impl Strategy<Value = Match> {
    proptest::sample::select(Match::ALL.to_vec())
}

/// Few components, so that patterns meet.
fn any_uri() -> impl Strategy<Value = String> {
    vec(proptest::sample::select(vec!["a", "b", "ab", ""]), 1..5).prop_map(|parts| parts.join("."))
}

/// The specification's order among wildcards: how many literal components stand before each wildcard.
fn portions(pattern: &str) -> Vec<usize> {
    pattern.split('.').fold(vec![0], |mut portions, part| {
        if part.is_empty() {
            portions.push(0);
        } else if let Some(last) = portions.last_mut() {
            *last += 1;
        }
        portions
    })
}

proptest! {
    #[test]
    fn patterns_are_found_as_by_asking_each_of_them(
        changes in vec((any_policy(), any_uri(), any::<bool>()), 0..40), uri in any_uri()
    ) {
        let mut table = Patterns::default();
        let mut naive = BTreeMap::new();
        for (policy, pattern, put) in changes {
            let key = (policy, pattern.clone());
            if put {
                prop_assert_eq!(table.insert(policy, &pattern, key.clone()), naive.insert(key.clone(), key));
            } else {
                prop_assert_eq!(table.remove(policy, &pattern), naive.remove(&key));
            }
        }
        for (policy, pattern) in naive.keys() {
            prop_assert!(table.get(*policy, pattern).is_some());
        }
        let found: Vec<_> = table.matching(&uri).map(|(_, key)| key.clone()).collect();
        let mut expected: Vec<_> = naive.into_keys().filter(|(policy, pattern)| matches(*policy, pattern, &uri)).collect();
        expected.sort_by_key(|(policy, pattern)| {
            let length = if *policy == Match::Prefix { pattern.len() } else { 0 };
            let portions = if *policy == Match::Wildcard { portions(pattern) } else { Vec::new() };
            (*policy, std::cmp::Reverse(length), std::cmp::Reverse(portions))
        });
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_map_is_like_the_standard_one_and_its_clones_do_not_change(
        changes in vec((0_u64..300, any::<bool>()), 0..600), at in any::<proptest::sample::Index>()
    ) {
        let (mut table, mut model) = (Hamt::default(), HashMap::new());
        let stop = at.index(changes.len() + 1);
        let mut kept = (table.clone(), model.clone());
        for (step, (key, put)) in changes.into_iter().enumerate() {
            if step == stop {
                kept = (table.clone(), model.clone());
            }
            if put {
                prop_assert_eq!(table.insert(key, step), model.insert(key, step));
            } else {
                prop_assert_eq!(table.remove(&key), model.remove(&key));
            }
        }
        for (table, model) in [(table, model), kept] {
            prop_assert_eq!(table.len(), model.len());
            prop_assert_eq!(table.iter().map(|(key, value)| (*key, *value)).collect::<HashMap<_, _>>(), model.clone());
            prop_assert!((0..300).all(|key| table.get(&key) == model.get(&key)));
        }
    }

    #[test]
    fn a_roster_keeps_its_order(changes in vec((1_u64..400, any::<bool>()), 0..900)) {
        let (mut roster, mut model) = (Roster::default(), Vec::new());
        for (number, put) in changes {
            let known = model.iter().position(|other| *other == number);
            match (put, known) {
                (true, None) => {
                    roster.push(id(number), number);
                    model.push(number);
                }
                (true, Some(_)) => prop_assert_eq!(roster.get(id(number)), Some(&number)),
                (false, known) => {
                    prop_assert_eq!(roster.remove(id(number)), known.map(|at| model.remove(at)));
                }
            }
        }
        prop_assert_eq!(roster.len(), model.len());
        prop_assert_eq!(roster.iter().map(|(_, number)| *number).collect::<Vec<_>>(), model);
    }
}

#[test]
fn the_specifications_example_of_overlapping_patterns_holds() {
    let mut table = Patterns::default();
    let rows = [
        (Match::Exact, "a1.b2.c3.d4.e55"),
        (Match::Prefix, "a1.b2.c3"),
        (Match::Prefix, "a1.b2.c3.d4"),
        (Match::Wildcard, "a1.b2..d4.e5"),
        (Match::Wildcard, "a1.b2.c33..e5"),
        (Match::Wildcard, "a1.b2..d4.e5..g7"),
        (Match::Wildcard, "a1.b2..d4..f6.g7"),
    ];
    for (number, (policy, pattern)) in rows.into_iter().enumerate() {
        table.insert(policy, pattern, number + 1);
    }
    let best = |uri: &str| table.matching(uri).next().map(|(_, number)| *number);
    assert_eq!(best("a1.b2.c3.d4.e55"), Some(1));
    assert_eq!(best("a1.b2.c3.d98.e74"), Some(2));
    assert_eq!(best("a1.b2.c3.d4.e325"), Some(3));
    assert_eq!(best("a1.b2.c55.d4.e5"), Some(4));
    // The specification expects 5, and says in the same breath that a prefix is a string: `a1.b2.c33` begins with `a1.b2.c3`.
    assert_eq!(best("a1.b2.c33.d4.e5"), Some(2));
    assert_eq!(best("a1.b2.c88.d4.e5.f6.g7"), Some(6));
    assert_eq!(best("a2.b2.c2.d2.e2"), None);
}

#[test]
fn prefixes_are_tried_between_characters_only() {
    let mut table = Patterns::default();
    table.insert(Match::Prefix, "ab", 1);
    table.insert(Match::Prefix, "", 2);
    assert_eq!(table.matching("a\u{e9}").map(|(_, n)| *n).collect::<Vec<_>>(), [2]);
}
