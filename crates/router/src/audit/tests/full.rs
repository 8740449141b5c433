use std::sync::mpsc;
use std::time::Duration;

use crossgate_call::Kind;
use crossgate_store::Store;

use super::{open, quick, record, shared};
use crate::audit::{Audit, Config, WhenFull};

#[tokio::test]
async fn a_call_without_a_place_is_refused_at_once_or_after_a_wait() {
    for when_full in [WhenFull::Refuse, WhenFull::Wait] {
        let config = Config { queue_max: 2, when_full, wait_ms: 10, ..quick() };
        let audit = open(&Store::temporary().unwrap(), &config).await;
        let first = audit.reserve().await.unwrap();
        let second = audit.reserve().await.unwrap();
        assert!(audit.try_reserve().is_none());
        let refused = audit.reserve().await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Unavailable);
        assert!(refused.retry_after().is_some());
        assert_eq!(audit.stats().refused, 1);
        // A place comes back unused, and the other one when its record is written.
        drop(first);
        let third = audit.try_reserve().unwrap();
        second.record(record(2));
        audit.flush().await.unwrap();
        let fourth = audit.try_reserve().unwrap();
        assert_eq!(audit.stats().taken, 2);
        drop((third, fourth));
        audit.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_call_that_waits_gets_the_next_place() {
    let config = Config { queue_max: 1, wait_ms: 60_000, ..quick() };
    let audit = open(&Store::temporary().unwrap(), &config).await;
    let slot = audit.reserve().await.unwrap();
    let waits = tokio::spawn({
        let audit = audit.clone();
        async move { audit.reserve().await.map(drop) }
    });
    tokio::task::yield_now().await;
    slot.record(record(1));
    waits.await.unwrap().unwrap();
}

/// Holds the file's lock from another store, as a process that has gone astray would.
async fn lock(store: &Store) -> (mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
    let (release, released) = mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let store = store.clone();
    let held = tokio::spawn(async move {
        store
            .write(move |_| {
                Box::pin(async move {
                    let _ = begun.send(());
                    let _ = released.recv();
                    Ok(())
                })
            })
            .await
            .unwrap();
    });
    begins.await.unwrap();
    (release, held)
}

async fn until(what: impl AsyncFn() -> bool) {
    while !what().await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn while_the_database_cannot_be_written_records_wait_and_none_is_lost() {
    let (_directory, config) = shared();
    let other = Store::open(&config).unwrap();
    let audit =
        open(&Store::open(&config).unwrap(), &Config { queue_max: 20, when_full: WhenFull::Refuse, ..quick() }).await;
    audit.ready().await.unwrap();

    let (release, held) = lock(&other).await;
    for n in 0..20 {
        audit.reserve().await.unwrap().record(record(n));
    }
    until(async || audit.ready().await.is_err()).await;
    assert_eq!(audit.reserve().await.unwrap_err().kind(), Kind::Unavailable, "no place is left");
    assert_eq!(audit.stats().waiting, 20);

    drop(release);
    held.await.unwrap();
    audit.flush().await.unwrap();
    audit.ready().await.unwrap();
    assert_eq!((audit.stats().written, audit.stats().taken), (20, 0));
    let verified = audit.verify(None).await.unwrap();
    assert_eq!((verified.records, verified.broken), (20, None));
}

#[tokio::test]
async fn closing_waits_for_the_calls_that_hold_a_place() {
    let (_directory, config) = shared();
    let audit = open(&Store::open(&config).unwrap(), &quick()).await;
    let (kept, unused) = (audit.reserve().await.unwrap(), audit.reserve().await.unwrap());
    let closing = tokio::spawn({
        let audit = audit.clone();
        async move { audit.close().await }
    });
    until(async || audit.try_reserve().is_none()).await;
    assert!(!closing.is_finished());
    kept.record(record(1));
    drop(unused);
    closing.await.unwrap().unwrap();
    let again = open(&Store::open(&config).unwrap(), &quick()).await;
    assert_eq!(again.tail(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn closing_gives_up_after_a_while_and_says_how_many_records_are_lost() {
    let (_directory, config) = shared();
    let other = Store::open(&config).unwrap();
    let audit = open(&Store::open(&config).unwrap(), &quick()).await;
    let late = audit.reserve().await.unwrap();
    let (release, held) = lock(&other).await;
    for n in 0..3 {
        audit.reserve().await.unwrap().record(record(n));
    }
    let lost = audit.close_within(Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(lost.cause().unwrap().to_string(), "3 audit records are lost");
    late.record(record(4));
    drop(release);
    held.await.unwrap();
}

#[tokio::test]
async fn records_that_come_together_are_written_together() {
    let (_directory, config) = shared();
    let store = Store::open(&config).unwrap();
    let audit = open(&store, &Config { delay_ms: 1000, ..Config::default() }).await;
    let before = store.stats().commits;
    for n in 0..500 {
        audit.reserve().await.unwrap().record(record(n));
    }
    audit.flush().await.unwrap();
    assert_eq!(audit.stats().written, 500);
    assert!(store.stats().commits - before <= 2, "{:?}", store.stats());
}

#[tokio::test]
async fn a_setting_out_of_range_is_refused_by_name() {
    for (config, name) in [
        (Config { queue_max: 0, ..quick() }, "queue_max"),
        (Config { wait_ms: 60_001, ..quick() }, "wait_ms"),
        (Config { delay_ms: 1_001, ..quick() }, "delay_ms"),
        (Config { keep_days: Some(0), ..quick() }, "keep_days"),
    ] {
        let refused = Audit::open(&config, super::clock()).await.unwrap_err();
        assert!(refused.to_string().contains(name), "{refused}");
    }
}
