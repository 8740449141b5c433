//! Many sessions at once, callees that die at any moment: every call gets exactly one answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossgate_wamp::Message;
use crossgate_wamp::id::Id;
use crossgate_wamp::options::{CallOptions, Policy, RegisterOptions};
use crossgate_wamp::wire::Format;

use super::client::{Client, World};

const CALLERS: usize = 8;
const CALLEES: usize = 5;
const CALLS: usize = 300;
/// How many calls a caller has on their way at a time.
const DEPTH: usize = 16;

/// Numbers that look random and come again with the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Answers calls in one of several ways, and is lost after a few; then another takes its place.
async fn callee(world: Arc<World>, seed: u64, stop: Arc<AtomicBool>) {
    let mut dice = Dice(seed);
    while !stop.load(Ordering::Acquire) {
        let mut client = world.join_in(Format::ALL[dice.below(3) as usize]).await;
        let concurrency = (dice.below(2) == 0).then_some(3);
        let options = RegisterOptions { invoke: Policy::RoundRobin, concurrency, ..RegisterOptions::default() };
        client.registered("com.work", options).await;
        let mut left = 5 + dice.below(40);
        while left > 0 && !stop.load(Ordering::Acquire) {
            let next = tokio::time::timeout(std::time::Duration::from_millis(50), client.next());
            let Ok(message) = next.await else { continue };
            left -= 1;
            if let Message::Invocation(invocation) = message {
                match dice.below(8) {
                    0 => drop(client.fail(invocation.request, "wamp.error.unavailable").await),
                    1 => drop(client.fail(invocation.request, "com.error.mine").await),
                    2 => drop(client.progress(invocation.request, &[]).await),
                    3 => {}
                    _ => drop(client.answer(invocation.request, &[]).await),
                }
            }
        }
        // With whatever it was asked and did not answer.
        client.lose().await;
    }
}

/// Makes calls of all kinds, and counts the answers to each.
async fn caller(world: Arc<World>, seed: u64) -> (Client, HashMap<Id, usize>) {
    let mut dice = Dice(seed);
    let mut client = world.join_in(Format::ALL[dice.below(3) as usize]).await;
    let mut answers: HashMap<Id, usize> = HashMap::new();
    let mut open = 0;
    for _ in 0..CALLS {
        let options = CallOptions {
            repeatable: dice.below(2) == 0,
            receive_progress: dice.below(2) == 0,
            // Some callees never answer: a call that must end by itself has a timeout.
            timeout: Some(200 + dice.below(200)),
            ..CallOptions::default()
        };
        let request = client.call_with("com.work", options, &[]).await;
        answers.insert(request, 0);
        open += 1;
        if dice.below(6) == 0 {
            let mode = [None, Some("skip"), Some("kill"), Some("killnowait")][dice.below(4) as usize];
            client.cancel(request, mode).await;
        }
        while open >= DEPTH {
            open -= usize::from(count(&client.next().await, &mut answers));
        }
    }
    while open > 0 {
        open -= usize::from(count(&client.next().await, &mut answers));
    }
    (client, answers)
}

/// Counts an answer; partial results are none.
fn count(message: &Message, answers: &mut HashMap<Id, usize>) -> bool {
    let request = match message {
        Message::Result(result) => {
            let details = crossgate_wamp::options::ResultDetails::read(&result.details).unwrap();
            if details.progress {
                assert_eq!(answers[&result.request], 0, "a part after the answer");
                return false;
            }
            result.request
        }
        Message::Error(error) => error.request,
        other => panic!("{other:?}"),
    };
    *answers.get_mut(&request).unwrap() += 1;
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_gets_exactly_one_answer_whoever_dies_when() {
    let world = Arc::new(World::new().await);
    let stop = Arc::new(AtomicBool::new(false));
    let callees: Vec<_> = (0..CALLEES as u64)
        .map(|seed| tokio::spawn(callee(Arc::clone(&world), 1_000 + seed, Arc::clone(&stop))))
        .collect();
    let callers: Vec<_> = (0..CALLERS as u64).map(|seed| tokio::spawn(caller(Arc::clone(&world), seed))).collect();
    let mut clients = Vec::new();
    for caller in callers {
        let (client, answers) = caller.await.unwrap();
        let wrong: Vec<_> = answers.iter().filter(|(_, count)| **count != 1).collect();
        assert!(answers.len() == CALLS && wrong.is_empty(), "{wrong:?}");
        clients.push(client);
    }
    stop.store(true, Ordering::Release);
    for callee in callees {
        callee.await.unwrap();
    }
    for client in &mut clients {
        let late = client.come().await;
        assert!(late.is_empty(), "answers that nobody waited for: {late:?}");
    }
    let summary =
        world.kit.router.realm_summaries().into_iter().find(|realm| realm.realm.as_str() == "realm1").unwrap();
    assert_eq!((summary.calls, summary.calls_waiting, summary.registrations), (0, 0, 0), "nothing is left behind");
}
