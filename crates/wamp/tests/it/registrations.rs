//! Registrations: who may register, and which callee gets a call.

use crossgate_wamp::dealer::{RegisterError, Registrations};
use crossgate_wamp::options::{Policy, RegisterOptions};
use crossgate_wamp::uri::Match;
use crossgate_wamp::{Map, meta};

use crate::kit::id;

const NOW: &str = "2026-01-02T03:04:05.000Z";

fn shared(invoke: Policy) -> RegisterOptions {
    RegisterOptions { invoke, ..RegisterOptions::default() }
}

fn three(invoke: Policy) -> Registrations<u64> {
    let mut table = Registrations::default();
    for number in 1..=3 {
        table.register(id(number), number, shared(invoke), "a.b", NOW).expect("registered");
    }
    table
}

#[test]
fn a_procedure_is_shared_only_in_the_way_it_was_first_registered() {
    let mut table = three(Policy::RoundRobin);
    let register = |table: &mut Registrations<u64>, options| table.register(id(9), 9, options, "a.b", NOW);
    assert_eq!(register(&mut table, shared(Policy::Random)).expect_err("refused"), RegisterError::DifferentPolicy);
    assert_eq!(register(&mut table, shared(Policy::Single)).expect_err("refused"), RegisterError::DifferentPolicy);
    let again = table.register(id(1), 1, shared(Policy::RoundRobin), "a.b", NOW).expect("the same");
    assert!(!again.added && !again.created && again.registration.callees.len() == 3);
    let mut single = Registrations::default();
    single.register(id(1), 1, shared(Policy::Single), "a.b", NOW).expect("registered");
    assert_eq!(register(&mut single, shared(Policy::Single)).expect_err("refused"), RegisterError::AlreadyExists);
    let prefix = RegisterOptions { policy: Match::Prefix, ..RegisterOptions::default() };
    assert!(
        single.register(id(9), 9, prefix, "a.b", NOW).is_ok(),
        "another policy of matching is another registration"
    );
}

#[test]
fn a_forced_registration_displaces_all_callees() {
    let mut table = three(Policy::RoundRobin);
    let forced = RegisterOptions { force_reregister: true, ..RegisterOptions::default() };
    let registered = table.register(id(9), 9, forced, "a.b", NOW).expect("registered");
    let displaced = registered.displaced.expect("displaced");
    assert_eq!(displaced.callees.iter().map(|(session, _)| session.get()).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(registered.created && registered.registration.id != displaced.id);
    assert!(table.of_session(id(1)).is_empty() && table.len() == 1);
    assert!(table.unregister(id(1), displaced.id).is_none());
    assert_eq!(table.best("a.b").map(|found| found.id), Some(registered.registration.id));
}

#[test]
fn callees_are_picked_by_policy() {
    let picks = |invoke, usable: fn(u64) -> bool| -> Vec<u64> {
        let table = three(invoke);
        let registration = table.best("a.b").expect("registered");
        let pick = |_| {
            registration.pick(
                |session, _| usable(session.get()),
                |below| below - 1,
                |session, _| [9, 4, 4][session.get() as usize - 1],
            )
        };
        (0..4).filter_map(pick).map(|(session, _)| session.get()).collect()
    };
    assert_eq!(picks(Policy::First, |_| true), [1, 1, 1, 1]);
    assert_eq!(picks(Policy::First, |n| n != 1), [2, 2, 2, 2]);
    assert_eq!(picks(Policy::Last, |_| true), [3, 3, 3, 3]);
    assert_eq!(picks(Policy::Last, |n| n != 3), [2, 2, 2, 2]);
    assert_eq!(picks(Policy::RoundRobin, |_| true), [1, 2, 3, 1]);
    assert_eq!(picks(Policy::RoundRobin, |n| n != 2), [1, 3, 3, 1]);
    assert_eq!(picks(Policy::Random, |_| true), [3, 3, 3, 3]);
    assert_eq!(picks(Policy::Random, |n| n != 3), [2, 2, 2, 2]);
    assert_eq!(picks(Policy::LeastLoaded, |_| true), [2, 2, 3, 2], "of equally busy ones the next in turn");
    assert_eq!(picks(Policy::Random, |_| false), [0; 0]);
}

#[test]
fn no_pattern_catches_the_routers_own_procedures() {
    let mut table = Registrations::default();
    let all = RegisterOptions { policy: Match::Prefix, ..RegisterOptions::default() };
    table.register(id(1), (), all, "", NOW).expect("registered");
    let pair = RegisterOptions { policy: Match::Wildcard, ..RegisterOptions::default() };
    table.register(id(1), (), pair, "..", NOW).expect("registered");
    assert!(table.best("wamp.session.count").is_none() && table.best("a.b.c").is_some());
    table.register(id(2), (), RegisterOptions::default(), "wamp.session.count", NOW).expect("registered");
    assert!(table.best("wamp.session.count").is_some_and(|found| found.policy == Match::Exact));
}

#[test]
fn the_last_callee_ends_the_registration() {
    let mut table = three(Policy::First);
    let id_of = table.best("a.b").expect("registered").id;
    let details = meta::registration_details(table.get(id_of).expect("there"));
    let expected = Map::new()
        .with("id", 1_u64)
        .with("created", NOW)
        .with("uri", "a.b")
        .with("match", "exact")
        .with("invoke", "first");
    assert_eq!(details, expected);
    assert!(table.unregister(id(2), id_of).is_some_and(|left| !left.deleted));
    assert!(table.unregister(id(2), id_of).is_none());
    assert!(table.leave(id(1)).iter().all(|left| !left.deleted));
    assert!(table.leave(id(3)).iter().all(|left| left.deleted) && table.best("a.b").is_none() && table.is_empty());
}
