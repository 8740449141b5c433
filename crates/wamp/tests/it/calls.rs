//! Calls on their way: each gets exactly one answer.

use std::collections::BTreeMap;

use crossgate_wamp::dealer::{Answer, CallKey, Calls, Continuation, Lost, NewCall, TOMBSTONES_MAX, Waiting};
use crossgate_wamp::options::CancelMode;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::kit::id;

fn key(caller: u64, request: u64) -> CallKey {
    CallKey { caller: id(caller), request: id(request) }
}

fn call(caller: u64, request: u64, callee: u64) -> NewCall<()> {
    NewCall {
        key: key(caller, request),
        callee: id(callee),
        receive_progress: false,
        progressive: false,
        callee_cancels: true,
        repeatable: false,
        tried: Vec::new(),
        data: (),
    }
}

/// A table with one call of session 1 at session 2, which is invocation 1 there.
fn one(change: impl FnOnce(&mut NewCall<()>)) -> Calls<()> {
    let mut calls = Calls::default();
    let mut new = call(1, 7, 2);
    change(&mut new);
    assert_eq!(calls.begin(new).expect("a new call").invocation, id(1));
    calls
}

#[test]
fn only_the_callee_that_was_asked_can_answer_and_only_once() {
    let mut calls = one(|_| ());
    assert_eq!(calls.yielded(id(3), id(1), false), Answer::Violation, "another session guesses the invocation");
    assert_eq!(calls.failed(id(3), id(1), false), Answer::Violation);
    assert_eq!(calls.yielded(id(2), id(2), false), Answer::Violation);
    assert!(matches!(calls.yielded(id(2), id(1), false), Answer::Final(found) if found.call.key == key(1, 7)));
    assert_eq!(calls.yielded(id(2), id(1), false), Answer::Violation, "a second answer");
    assert!(calls.is_empty() && calls.load(id(2)) == 0 && calls.of_caller(id(1)) == 0);
}

#[test]
fn invocations_are_counted_per_callee() {
    let mut calls = Calls::default();
    let numbers: Vec<_> = [(1, 2), (2, 2), (3, 3), (4, 2)]
        .map(|(request, callee)| calls.begin(call(1, request, callee)).expect("new").invocation.get())
        .into();
    assert_eq!(numbers, [1, 2, 1, 3]);
    assert_eq!((calls.load(id(2)), calls.load(id(3)), calls.of_caller(id(1))), (3, 1, 4));
    assert!(calls.begin(call(1, 4, 3)).is_err(), "the request is in use");
}

#[test]
fn partial_results_pass_only_to_those_who_asked() {
    let mut calls = one(|new| new.receive_progress = true);
    assert!(matches!(calls.yielded(id(2), id(1), true), Answer::Progress(_)));
    assert!(matches!(calls.yielded(id(2), id(1), false), Answer::Final(_)));
    let mut calls = one(|_| ());
    assert_eq!(calls.yielded(id(2), id(1), true), Answer::Dropped);
    assert!(matches!(calls.yielded(id(2), id(1), false), Answer::Final(_)));
}

#[test]
fn each_mode_of_canceling_answers_as_specified() {
    use CancelMode::{Kill, KillNoWait, Skip};
    // mode, whether the callee can, whether the caller is answered at once, what the callee hears
    let cases = [
        (Skip, true, true, None),
        (Kill, true, false, Some(Kill)),
        (KillNoWait, true, true, Some(KillNoWait)),
        (Skip, false, true, None),
        (Kill, false, true, None),
        (KillNoWait, false, true, None),
    ];
    for (mode, callee_cancels, at_once, heard) in cases {
        let mut calls = one(|new| new.callee_cancels = callee_cancels);
        let canceled = calls.cancel(key(1, 7), mode).expect("on its way");
        assert_eq!(canceled.ended.is_some(), at_once, "{mode:?} {callee_cancels}");
        assert_eq!(canceled.interrupt.map(|interrupt| interrupt.mode), heard, "{mode:?} {callee_cancels}");
        let late = calls.yielded(id(2), id(1), false);
        assert_eq!(matches!(late, Answer::Final(_)), !at_once, "after kill a result may still win");
        assert!(at_once == (late == Answer::Dropped));
        assert_eq!(calls.yielded(id(2), id(1), false), Answer::Violation, "the tombstone is used up");
        assert_eq!(calls.cancel(key(1, 7), mode), None, "it is over");
    }
}

#[test]
fn a_killed_call_can_still_be_abandoned_and_the_callee_is_interrupted_once() {
    let mut calls = one(|_| ());
    assert!(calls.cancel(key(1, 7), CancelMode::Kill).is_some_and(|c| c.ended.is_none() && c.interrupt.is_some()));
    assert!(calls.cancel(key(1, 7), CancelMode::Kill).is_some_and(|c| c.ended.is_none() && c.interrupt.is_none()));
    let timed_out = calls.cancel(key(1, 7), CancelMode::KillNoWait).expect("on its way");
    assert!(timed_out.ended.is_some() && timed_out.interrupt.is_none());
    assert_eq!(calls.failed(id(2), id(1), false), Answer::Dropped);
}

#[test]
fn tombstones_are_bounded_and_then_doubt_counts_for_the_callee() {
    let mut calls = Calls::default();
    for request in 1..=TOMBSTONES_MAX as u64 + 2 {
        calls.begin(call(1, request, 2)).expect("new");
        calls.cancel(key(1, request), CancelMode::Skip).expect("on its way");
    }
    assert_eq!(calls.yielded(id(2), id(1), false), Answer::Dropped, "forgotten, and no violation");
}

#[test]
fn a_callee_that_is_unavailable_or_lost_gives_the_call_back() {
    let mut calls = one(|_| ());
    assert!(matches!(calls.failed(id(2), id(1), true), Answer::Reroute(found) if found.call.callee == id(2)));
    assert!(matches!(one(|new| new.progressive = true).failed(id(2), id(1), true), Answer::Final(_)));
    let mut killed = one(|_| ());
    killed.cancel(key(1, 7), CancelMode::Kill);
    assert!(matches!(killed.failed(id(2), id(1), true), Answer::Final(_)), "nobody wants it any more");
    assert!(matches!(&one(|new| new.repeatable = true).callee_left(id(2))[..], [Lost::Reroute(_)]));
    assert!(matches!(&one(|_| ()).callee_left(id(2))[..], [Lost::Fail(_)]));
    let mut calls = one(|new| new.repeatable = true);
    calls.cancel(key(1, 7), CancelMode::Kill);
    assert!(matches!(&calls.callee_left(id(2))[..], [Lost::Fail(_)]));
    assert_eq!(calls.yielded(id(2), id(1), false), Answer::Violation, "the session is gone");
}

#[test]
fn a_lost_callers_calls_are_interrupted_without_an_answer() {
    let mut calls = one(|_| ());
    calls.begin(NewCall { callee_cancels: false, ..call(1, 8, 3) }).expect("new");
    calls.begin(call(5, 1, 2)).expect("new");
    let interrupts = calls.caller_left(id(1));
    assert_eq!(interrupts.iter().map(|i| (i.callee, i.mode)).collect::<Vec<_>>(), [(id(2), CancelMode::KillNoWait)]);
    assert_eq!(calls.yielded(id(2), id(1), false), Answer::Dropped);
    assert_eq!(calls.yielded(id(3), id(1), false), Answer::Dropped);
    assert_eq!(calls.len(), 1, "the slots are free again");
}

#[test]
fn progressive_arguments_go_to_the_same_invocation_until_the_last() {
    let mut calls = one(|new| new.progressive = true);
    let same = |step: Continuation<'_, ()>| matches!(step, Continuation::Forward(found) if found.invocation == id(1));
    assert!(same(calls.continuation(key(1, 7), true)) && same(calls.continuation(key(1, 7), false)));
    assert_eq!(calls.continuation(key(1, 7), true), Continuation::Violation, "that was the last");
    assert_eq!(calls.continuation(key(1, 8), true), Continuation::New);
    assert_eq!(one(|_| ()).continuation(key(1, 7), false), Continuation::Violation);
}

#[test]
fn arguments_that_crossed_the_answer_are_dropped_until_the_last() {
    let mut calls = one(|new| new.progressive = true);
    assert!(matches!(calls.yielded(id(2), id(1), false), Answer::Final(_)));
    assert_eq!(calls.continuation(key(1, 7), true), Continuation::Dropped);
    assert_eq!(calls.continuation(key(1, 7), false), Continuation::Dropped);
    assert_eq!(calls.continuation(key(1, 7), false), Continuation::New);
    let mut left = one(|new| new.progressive = true);
    left.caller_left(id(1));
    assert_eq!(left.continuation(key(1, 7), true), Continuation::New, "nothing is kept of a session that left");
}

#[test]
fn waiting_calls_are_bounded_and_can_be_taken_back() {
    let mut waiting = Waiting::new(3);
    for request in 1..=3 {
        waiting.push(key(1, request), request).expect("room");
    }
    assert_eq!(waiting.push(key(1, 4), 4), Err(4));
    assert_eq!((waiting.remove(key(1, 2)), waiting.remove(key(1, 2))), (Some(2), None));
    assert_eq!(waiting.pop(), Some((key(1, 1), 1)));
    waiting.push(key(2, 9), 9).expect("room");
    waiting.caller_left(id(1));
    assert_eq!(waiting.drain().map(|(_, call)| call).collect::<Vec<_>>(), [9]);
    assert!(waiting.is_empty());
}

#[derive(Debug, Clone)]
enum Event {
    Call { caller: u64, callee: u64, flags: [bool; 4] },
    More { caller: u64, back: usize, progress: bool },
    Yield { callee: u64, invocation: u64, progress: bool },
    Fail { callee: u64, invocation: u64, unavailable: bool },
    Cancel { caller: u64, back: usize, mode: CancelMode },
    CallerLeft(u64),
    CalleeLeft(u64),
}

fn any_event() -> impl Strategy<Value = Event> {
    let (caller, callee) = (1_u64..4, 11_u64..14);
    let mode = proptest::sample::select(CancelMode::ALL.to_vec());
    prop_oneof![
        4 => (caller.clone(), callee.clone(), any::<[bool; 4]>()).prop_map(|(caller, callee, flags)| Event::Call { caller, callee, flags }),
        2 => (caller.clone(), 0_usize..4, any::<bool>()).prop_map(|(caller, back, progress)| Event::More { caller, back, progress }),
        4 => (callee.clone(), 1_u64..8, any::<bool>()).prop_map(|(callee, invocation, progress)| Event::Yield { callee, invocation, progress }),
        3 => (callee.clone(), 1_u64..8, any::<bool>()).prop_map(|(callee, invocation, unavailable)| Event::Fail { callee, invocation, unavailable }),
        3 => (caller.clone(), 0_usize..4, mode).prop_map(|(caller, back, mode)| Event::Cancel { caller, back, mode }),
        1 => caller.prop_map(Event::CallerLeft),
        1 => callee.prop_map(Event::CalleeLeft),
    ]
}

/// The table, and how many final answers each call had.
#[derive(Default)]
struct Run {
    calls: Calls<()>,
    requests: BTreeMap<u64, Vec<u64>>,
    answers: BTreeMap<CallKey, usize>,
    gone: Vec<u64>,
}

impl Run {
    fn answered(&mut self, key: CallKey) {
        assert!(!self.gone.contains(&key.caller.get()), "an answer to a session that left");
        *self.answers.entry(key).or_default() += 1;
    }

    /// The call goes to another callee, or fails when it has been everywhere.
    fn elsewhere(&mut self, mut call: NewCall<()>) {
        call.tried.push(call.callee);
        match (11..14).map(id).find(|callee| !call.tried.contains(callee)) {
            Some(callee) => drop(self.calls.begin(NewCall { callee, ..call }).expect("it was given back")),
            None => self.answered(call.key),
        }
    }

    fn step(&mut self, event: &Event) {
        let request = |run: &Self, caller: u64, back: usize| {
            let requests = run.requests.get(&caller).map_or(&[][..], Vec::as_slice);
            key(caller, requests.iter().rev().nth(back).copied().unwrap_or(1))
        };
        match *event {
            Event::Call { caller, callee, flags: [receive_progress, progressive, callee_cancels, repeatable] } => {
                self.gone.retain(|gone| *gone != caller);
                let requests = self.requests.entry(caller).or_default();
                let number = requests.last().map_or(1, |last| last + 1);
                requests.push(number);
                let new = call(caller, number, callee);
                let new = NewCall { receive_progress, progressive, callee_cancels, repeatable, ..new };
                self.answers.insert(new.key, 0);
                self.calls.begin(new).expect("a new request");
            }
            Event::More { caller, back, progress } => {
                let _ = self.calls.continuation(request(self, caller, back), progress);
            }
            Event::Yield { callee, invocation, progress } => {
                if let Answer::Final(call) = self.calls.yielded(id(callee), id(invocation), progress) {
                    self.answered(call.call.key);
                }
            }
            Event::Fail { callee, invocation, unavailable } => {
                match self.calls.failed(id(callee), id(invocation), unavailable) {
                    Answer::Final(call) => self.answered(call.call.key),
                    Answer::Reroute(call) => self.elsewhere(call.call),
                    _ => {}
                }
            }
            Event::Cancel { caller, back, mode } => {
                let canceled = self.calls.cancel(request(self, caller, back), mode);
                if let Some(call) = canceled.and_then(|canceled| canceled.ended) {
                    self.answered(call.call.key);
                }
            }
            Event::CallerLeft(caller) => {
                self.calls.caller_left(id(caller));
                self.gone.push(caller);
                // Those that were on their way will never be answered.
                self.answers.retain(|key, answers| key.caller != id(caller) || *answers > 0);
            }
            Event::CalleeLeft(callee) => {
                for lost in self.calls.callee_left(id(callee)) {
                    match lost {
                        Lost::Fail(call) => self.answered(call.call.key),
                        Lost::Reroute(call) => self.elsewhere(call.call),
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn every_call_gets_exactly_one_answer_however_things_cross(events in vec(any_event(), 0..80)) {
        let mut run = Run::default();
        for event in events {
            run.step(&event);
            for (key, answers) in &run.answers {
                let on_its_way = usize::from(run.calls.get(*key).is_some());
                prop_assert_eq!(answers + on_its_way, 1, "{:?} is on its way or answered, and never both", key);
            }
        }
        // In the end all callees go: whatever was still open is answered.
        for round in [11, 12, 13, 11, 12, 13] {
            run.step(&Event::CalleeLeft(round));
        }
        prop_assert!(run.calls.is_empty());
        prop_assert!(run.answers.values().all(|answers| *answers == 1));
        prop_assert!((11..14).all(|callee| run.calls.load(id(callee)) == 0));
    }
}
