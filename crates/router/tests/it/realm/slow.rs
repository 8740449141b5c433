//! Peers that read slowly, or never.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use bytes::Bytes;
use crossgate_router::realm::{Class, Outbox, OutboxLimits, Pushed, RealmConfig, SlowConsumer, turn};
use crossgate_wamp::Message;
use proptest::prelude::*;

use super::client::{PATIENCE, World, error_uri, text};

const LIMIT: usize = 64 * 1024;

fn config(slow_consumer: SlowConsumer) -> RealmConfig {
    RealmConfig { outbox_bytes_max: LIMIT, slow_consumer, ..RealmConfig::default() }
}

#[tokio::test]
async fn a_reader_that_never_reads_costs_no_more_memory_than_its_limit() {
    for policy in [SlowConsumer::DropOldest, SlowConsumer::DropNewest] {
        let world = World::with(config(policy)).await;
        let (mut publisher, mut sleeper) = (world.join().await, world.join().await);
        sleeper.subscribe("com.flood").await;
        let mut most = 0;
        // Fifty times as much as may wait.
        for number in 0..3_200_u64 {
            publisher.publish("com.flood", &[number.into(), text(&"x".repeat(1000))]).await;
            most = most.max(sleeper.outbox.bytes());
        }
        assert!(most <= LIMIT, "{policy:?}: {most}");
        let events = sleeper.come().await;
        assert_eq!(events.len() as u64 + sleeper.outbox.dropped(), 3_200, "{policy:?}: each is delivered or counted");
        let number = |message: &Message| match message {
            Message::Event(event) => event.payload.arg_values().unwrap()[0].as_unsigned().unwrap(),
            other => panic!("{other:?}"),
        };
        let numbers: Vec<u64> = events.iter().map(number).collect();
        assert!(numbers.is_sorted(), "what is delivered is in order");
        match policy {
            SlowConsumer::DropOldest => assert_eq!(numbers.last(), Some(&3_199)),
            _ => assert_eq!(numbers.first(), Some(&0)),
        }
    }
}

/// Counts how often it was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_writer_is_woken_once_per_turn_and_not_before_its_end() {
    let push = |outbox: &Outbox| assert_eq!(outbox.push(Bytes::from_static(b"event"), Class::Event), Pushed::Queued);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let times = || woken.0.swap(0, Ordering::Relaxed);
    // A turn, one within another, one that panics; and none.
    for case in ["turn", "nested", "panic", "none"] {
        let (outbox, mut drain) = Outbox::new(OutboxLimits::default());
        let mut batch = Vec::new();
        {
            let mut next = pin!(drain.next(&mut batch));
            assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            let work = || {
                push(&outbox);
                if case == "nested" {
                    turn(|| push(&outbox));
                }
                push(&outbox);
                assert_eq!(times(), usize::from(case == "none"), "{case}: within");
                assert!(case != "panic", "on purpose");
            };
            let done = catch_unwind(AssertUnwindSafe(|| if case == "none" { work() } else { turn(work) }));
            assert_eq!(done.is_err(), case == "panic", "{case}");
            assert_eq!(times(), usize::from(case != "none"), "{case}: at the end");
            assert!(next.poll(&mut Context::from_waker(&waker)).is_ready());
        }
        assert_eq!(batch.len(), if case == "nested" { 3 } else { 2 });
    }
}

#[tokio::test]
async fn lost_events_are_told_of_and_calls_are_answered_all_the_same() {
    let world = World::with(config(SlowConsumer::DropOldest)).await;
    let (mut publisher, mut sleeper, mut watcher) = (world.join().await, world.join().await, world.join().await);
    sleeper.subscribe("com.flood").await;
    watcher.subscribe("wamp.session.on_events_dropped").await;
    sleeper.register("com.work").await;
    for _ in 0..200 {
        publisher.publish("com.flood", &[text(&"x".repeat(1000))]).await;
    }
    let told = watcher.event().await.payload.arg_values().unwrap();
    assert_eq!(told[0], sleeper.id().into());
    publisher.call("com.work", &[]).await;
    let come = sleeper.come().await;
    let Some(Message::Invocation(invocation)) = come.last() else { panic!() };
    sleeper.answer(invocation.request, &[]).await;
    publisher.result().await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_its_calls_is_disconnected_and_they_are_answered() {
    let world = World::with(config(SlowConsumer::DropOldest)).await;
    let (mut caller, mut sleeper) = (world.join().await, world.join().await);
    sleeper.register("com.work").await;
    let mut calls = 0;
    while !sleeper.outbox.is_closed() {
        caller.call("com.work", &[text(&"x".repeat(1000))]).await;
        calls += 1;
        assert!(calls < 1000, "it is disconnected");
    }
    assert!(sleeper.next_or_end().await.is_none(), "its connection is closed");
    sleeper.lose().await;
    for _ in 0..calls {
        let error = caller.next().await;
        let uri = error_uri(&error);
        assert!(["wamp.error.canceled", "wamp.error.no_available_callee"].contains(&uri), "{uri}");
    }
    assert!(caller.come().await.is_empty());
}

#[tokio::test]
async fn a_writer_in_the_middle_of_a_write_is_told_that_its_peer_has_to_go() {
    let limits = OutboxLimits { bytes_max: 1000, ..OutboxLimits::default() };
    let (outbox, mut drain) = Outbox::new(limits);
    let message = Bytes::from_static(&[b'x'; 400]);
    outbox.push(message.clone(), Class::Rpc);
    let mut batch = Vec::new();
    assert!(drain.next(&mut batch).await && batch.len() == 1);
    let fill = async {
        while outbox.push(message.clone(), Class::Rpc) != Pushed::Closed {
            tokio::task::yield_now().await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, drain.overflow());
    assert!(tokio::join!(told, fill).0.is_ok());
    assert!(!drain.next(&mut batch).await, "and nothing more is to be written");
}

#[tokio::test]
async fn a_realm_can_disconnect_who_reads_too_slowly() {
    let world = World::with(config(SlowConsumer::Disconnect)).await;
    let (mut publisher, mut sleeper) = (world.join().await, world.join().await);
    sleeper.subscribe("com.flood").await;
    for _ in 0..100 {
        publisher.publish("com.flood", &[text(&"x".repeat(1000))]).await;
    }
    assert!(sleeper.outbox.is_closed());
    assert!(sleeper.next_or_end().await.is_none());
}

proptest! {
    #[test]
    fn an_outbox_keeps_order_limit_and_every_message_that_is_no_event(
        pushes in proptest::collection::vec((0..3_u8, 1..400_usize), 1..400),
        bytes_max in 1_000..20_000_usize,
        reads in 0..5_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (outbox, mut drain) = Outbox::new(OutboxLimits { bytes_max, slow_consumer: SlowConsumer::DropOldest });
            let (mut kept, mut sent, mut dropped, mut batch) = (Vec::new(), Vec::new(), 0, Vec::new());
            let mut is_closed = false;
            for (number, (class, length)) in pushes.iter().enumerate() {
                let mut message = format!("{class} {number:06} ").into_bytes();
                message.resize(message.len() + length, b'x');
                let message = Bytes::from(message);
                let class = [Class::Rpc, Class::Control, Class::Event][usize::from(*class)];
                match outbox.push(message.clone(), class) {
                    Pushed::Closed => { is_closed = true; break; }
                    Pushed::Dropped(events) => dropped += events,
                    Pushed::Queued => {}
                }
                if class != Class::Event { kept.push(message); } else { sent.push(message); }
                prop_assert!(outbox.bytes() <= bytes_max.max(500));
                if reads > 0 && number % (reads * 7) == 0 && outbox.bytes() > 0 {
                    drain.next(&mut batch).await;
                }
            }
            if is_closed {
                let mut rest = Vec::new();
                prop_assert!(!drain.next(&mut rest).await && drain.overflowed());
                return Ok(());
            }
            outbox.close();
            while drain.next(&mut batch).await {}
            let number = |message: &Bytes| String::from_utf8_lossy(&message[2..8]).parse::<usize>().unwrap();
            prop_assert!(batch.is_sorted_by_key(number));
            let others: Vec<Bytes> = batch.iter().filter(|message| message[0] != b'2').cloned().collect();
            prop_assert_eq!(others, kept);
            prop_assert_eq!(batch.iter().filter(|message| message[0] == b'2').count() as u64 + dropped, sent.len() as u64);
            prop_assert_eq!(outbox.dropped(), dropped);
            Ok(())
        })?;
    }
}
