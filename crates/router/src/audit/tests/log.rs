use std::sync::Arc;

use crossgate_call::Kind;
use crossgate_store::Store;
use jiff::SignedDuration;
use proptest::prelude::*;

use super::{Kit, clock, open, quick, record, shared, start};
use crate::audit::{Audit, Config, Filter};

#[tokio::test]
async fn a_record_is_kept_whole_and_in_order() {
    let kit = Kit::with(20).await;
    let stored = kit.audit.after(0, 100).await.unwrap();
    assert_eq!(stored.len(), 20);
    for (n, stored) in stored.iter().enumerate() {
        let given = record(n);
        assert_eq!(stored.seq, n as i64 + 1);
        assert_eq!(stored.at, given.at);
        assert_eq!((&*stored.realm, &*stored.caller), (given.realm.as_str(), &*given.caller));
        assert_eq!(
            (&*stored.proof, stored.certificate.as_deref()),
            (given.proof.as_str(), given.certificate.as_deref())
        );
        assert_eq!((&*stored.procedure, &*stored.door), (&*given.procedure, given.door));
        assert_eq!(stored.source, given.source.map(|source| source.to_string()));
        assert_eq!((&*stored.outcome, &stored.detail), (given.outcome, &given.detail));
        assert_eq!((stored.duration_us, &stored.trace), (n as i64, &given.trace.to_string()));
    }
    let verified = kit.audit.verify(None).await.unwrap();
    assert_eq!((verified.records, verified.first_seq, verified.broken), (20, 1, None));
    assert_eq!(verified.head, stored[19].hash);
}

#[tokio::test]
async fn a_long_detail_keeps_its_beginning_and_the_chain_holds() {
    let kit = Kit::new().await;
    let mut long = record(1);
    long.detail = Some("é".repeat(5000));
    kit.audit.reserve().await.unwrap().record(long);
    kit.audit.flush().await.unwrap();
    let kept = kit.audit.tail(1).await.unwrap().remove(0).detail.unwrap();
    assert_eq!(kept, "é".repeat(512));
    assert_eq!(kit.audit.verify(None).await.unwrap().broken, None);
}

#[tokio::test]
async fn a_filter_finds_what_fits_all_of_it_newest_first_page_by_page() {
    let kit = Kit::with(60).await;
    let filter = Filter {
        caller: Some("caller 1".into()),
        procedure: Some("loans.balance".into()),
        outcome: Some("ok".into()),
        since: Some(start() + SignedDuration::from_secs(10)),
        until: Some(start() + SignedDuration::from_secs(50)),
        limit: 4,
        ..Filter::default()
    };
    let expected: Vec<i64> =
        (10..50).rev().filter(|n| n % 3 == 1 && n % 5 != 0 && n % 7 != 0).map(|n| n as i64 + 1).collect();
    let mut found = Vec::new();
    let mut before_seq = None;
    loop {
        let page = kit.audit.list(Filter { before_seq, ..filter.clone() }).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 4);
        before_seq = Some(last.seq);
        found.extend(page.iter().map(|record| record.seq));
    }
    assert_eq!(found, expected);
    let trace = record(33).trace.to_string();
    let one = kit.audit.list(Filter { trace: Some(trace), ..Filter::default() }).await.unwrap();
    assert_eq!(one.iter().map(|record| record.seq).collect::<Vec<_>>(), [34]);
    let refused = kit.audit.list(Filter { limit: 10_001, ..Filter::default() }).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Invalid);
}

#[tokio::test]
async fn records_of_a_time_are_found_in_a_log_longer_than_a_window() {
    let kit = Kit::with(10_000).await;
    let filter = Filter {
        since: Some(start() + SignedDuration::from_secs(4_998)),
        until: Some(start() + SignedDuration::from_secs(5_002)),
        ..Filter::default()
    };
    let found = kit.audit.list(filter).await.unwrap();
    assert_eq!(found.iter().map(|record| record.seq).collect::<Vec<_>>(), [5002, 5001, 5000, 4999]);
    let rare = Filter { trace: Some(record(3).trace.to_string()), ..Filter::default() };
    assert_eq!(kit.audit.list(rare).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_tail_is_the_newest_and_following_goes_on_from_there() {
    let kit = Kit::with(10).await;
    let tail = kit.audit.tail(3).await.unwrap();
    assert_eq!(tail.iter().map(|record| record.seq).collect::<Vec<_>>(), [8, 9, 10]);
    assert!(kit.audit.after(10, 10).await.unwrap().is_empty());
    kit.add(10..12).await;
    let new: Vec<i64> = kit.audit.after(10, 10).await.unwrap().iter().map(|record| record.seq).collect();
    assert_eq!(new, [11, 12]);
    assert!(kit.audit.tail(0).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_empty_log_is_whole_and_lists_nothing() {
    let kit = Kit::new().await;
    assert!(kit.audit.list(Filter { since: Some(start()), ..Filter::default() }).await.unwrap().is_empty());
    assert!(kit.audit.tail(5).await.unwrap().is_empty());
    let verified = kit.audit.verify(None).await.unwrap();
    assert_eq!((verified.records, verified.broken), (0, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_append_to_one_chain() {
    let (_directory, config) = shared();
    let mut logs = Vec::new();
    for _ in 0..2 {
        logs.push(open(&Store::open(&config).unwrap(), &quick()).await);
    }
    let writers: Vec<_> = (0..8)
        .map(|writer: usize| {
            let audit = logs[writer % 2].clone();
            tokio::spawn(async move {
                for n in 0..50 {
                    audit.reserve().await.unwrap().record(record(writer * 50 + n));
                    if n % 10 == 0 {
                        audit.flush().await.unwrap();
                    }
                }
                audit.flush().await.unwrap();
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let verified = logs[0].verify(None).await.unwrap();
    assert_eq!((verified.records, verified.broken), (400, None));
    let mut traces: Vec<String> =
        logs[1].after(0, 1000).await.unwrap().into_iter().map(|record| record.trace).collect();
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces.len(), 400, "each once");
    for log in logs {
        log.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_log_goes_on_where_it_was_after_it_was_closed() {
    let (directory, _) = shared();
    let config = Config { path: directory.path().join("own.db"), ..Config::default() };
    for round in 0..3 {
        let audit = Audit::open(&config, clock()).await.unwrap();
        for n in 0..10 {
            audit.reserve().await.unwrap().record(record(round * 10 + n));
        }
        // Nothing is flushed: closing writes what waits.
        audit.close().await.unwrap();
        audit.close().await.unwrap();
        assert_eq!(audit.stats().written, 10);
        assert_eq!(audit.reserve().await.unwrap_err().kind(), Kind::Unavailable);
        assert!(audit.ready().await.is_err() && audit.flush().await.is_err());
    }
    let audit = Audit::open(&config, clock()).await.unwrap();
    let verified = audit.verify(None).await.unwrap();
    assert_eq!((verified.records, verified.broken), (30, None));
}

#[derive(Clone, Debug)]
enum Step {
    Reserve,
    Record(usize),
    Forget(usize),
    Flush,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Reserve),
        3 => (0..8usize).prop_map(Step::Record),
        1 => (0..8usize).prop_map(Step::Forget),
        1 => Just(Step::Flush),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn every_record_is_written_once_and_every_place_comes_back(steps in proptest::collection::vec(any_step(), 0..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let config = Config { queue_max: 10, ..quick() };
            let audit = open(&Store::temporary().unwrap(), &config).await;
            let (mut slots, mut given) = (Vec::new(), Vec::new());
            for step in steps {
                match step {
                    Step::Reserve => slots.extend(audit.try_reserve()),
                    Step::Record(at) if at < slots.len() => {
                        let n = given.len();
                        slots.swap_remove(at).record(record(n));
                        given.push(record(n).trace.to_string());
                    }
                    Step::Forget(at) if at < slots.len() => drop(slots.swap_remove(at)),
                    Step::Flush => audit.flush().await.unwrap(),
                    Step::Record(_) | Step::Forget(_) => {}
                }
                let stats = audit.stats();
                assert_eq!(stats.taken, slots.len() as u64 + stats.waiting);
                assert!(stats.taken <= 10);
            }
            audit.flush().await.unwrap();
            let written: Vec<String> = audit.after(0, 1000).await.unwrap().into_iter().map(|record| record.trace).collect();
            assert_eq!(written, given);
            drop(slots);
            assert_eq!(audit.stats().taken, 0);
            assert_eq!(audit.verify(None).await.unwrap().broken, None);
        });
    }
}

#[test]
fn a_slot_is_small() {
    assert_eq!(std::mem::size_of::<crate::audit::Slot>(), std::mem::size_of::<Arc<()>>());
}
