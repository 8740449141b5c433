//! Events on their way to the store: bounded in number and bytes, so that a slow disk costs past events and nothing else.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crossgate_call::Realm;
use crossgate_wamp::broker::PastEvent;
use tokio::sync::{Notify, watch};

use super::super::state::locked;
use super::Topic;

/// The most events of one realm that wait to be written.
const EVENTS_MAX: usize = 16_384;
/// The most bytes of them, unless one event alone has more.
const BYTES_MAX: usize = 32 << 20;

/// Why an event is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It alone is larger than all of its topic may be.
    Large,
    /// More events come than the store can write.
    Full,
    /// The program, or the realm, ended before it could be written.
    Ended,
}

/// Counts the events of a realm that should have been kept, and are not.
#[derive(Debug)]
pub(crate) struct Losses {
    realm: Realm,
    count: AtomicU64,
}

impl Losses {
    pub(crate) fn new(realm: &Realm) -> Self {
        Self { realm: realm.clone(), count: AtomicU64::new(0) }
    }

    pub(crate) fn count(&self, why: Why, events: u64) {
        if events == 0 {
            return;
        }
        self.count.fetch_add(events, Ordering::Relaxed);
        let why = match why {
            Why::Large => "large",
            Why::Full => "full",
            Why::Ended => "ended",
        };
        let realm = self.realm.to_string();
        metrics::counter!("crossgate_realm_history_lost_total", "realm" => realm, "why" => why).increment(events);
    }

    /// How many so far.
    pub(crate) fn so_far(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// An event, and for which topic it is kept.
pub(super) type Entry = (Arc<Topic>, PastEvent);

pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// There is something to do.
    pub(super) work: Notify,
    /// How many events have been dealt with, of those that were accepted.
    written: watch::Sender<u64>,
    losses: Arc<Losses>,
    realm: Realm,
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Entry>,
    /// Of those that wait, and of those that are being written.
    bytes: usize,
    writing: usize,
    accepted: u64,
    closed: bool,
    /// How many have been lost since there was no room.
    losing: u64,
}

impl Queue {
    pub(super) fn new(realm: &Realm, losses: &Arc<Losses>) -> Self {
        Self {
            waiting: Mutex::default(),
            work: Notify::new(),
            written: watch::Sender::new(0),
            losses: Arc::clone(losses),
            realm: realm.clone(),
        }
    }

    /// Takes an event, if there is room for it; otherwise it is lost, and counted.
    pub(super) fn push(&self, topic: &Arc<Topic>, event: PastEvent) {
        let size = event.size();
        let mut waiting = locked(&self.waiting);
        if waiting.closed {
            return self.losses.count(Why::Ended, 1);
        }
        let many = waiting.entries.len() + waiting.writing;
        if many >= EVENTS_MAX || (many > 0 && waiting.bytes + size > BYTES_MAX) {
            waiting.losing += 1;
            if waiting.losing == 1 {
                let realm = &self.realm;
                tracing::warn!(%realm, "the store cannot keep up with the events of realm {realm}: some are not kept");
            }
            return self.losses.count(Why::Full, 1);
        }
        waiting.bytes += size;
        waiting.accepted += 1;
        waiting.entries.push_back((Arc::clone(topic), event));
        let first = waiting.entries.len() == 1;
        drop(waiting);
        if first {
            self.work.notify_one();
        }
    }

    /// Takes out what is written next; they count as waiting until [`Queue::done`].
    pub(super) fn take(&self, events_max: usize) -> Vec<Entry> {
        let mut waiting = locked(&self.waiting);
        let count = waiting.entries.len().min(events_max);
        waiting.writing = count;
        waiting.entries.drain(..count).collect()
    }

    /// What was taken is in the store.
    pub(super) fn done(&self, entries: &[Entry]) {
        let mut waiting = locked(&self.waiting);
        waiting.writing = 0;
        waiting.bytes -= entries.iter().map(|(_, event)| event.size()).sum::<usize>();
        if waiting.losing > 0 && waiting.entries.len() < EVENTS_MAX / 2 && waiting.bytes < BYTES_MAX / 2 {
            let (realm, events) = (&self.realm, std::mem::take(&mut waiting.losing));
            tracing::warn!(%realm, events, "the events of realm {realm} are kept again; {events} were not");
        }
        drop(waiting);
        self.written.send_modify(|written| *written += entries.len() as u64);
    }

    /// Waits until everything that was accepted before is in the store.
    pub(super) async fn flushed(&self) {
        let accepted = locked(&self.waiting).accepted;
        // The queue holds the sender.
        drop(self.written.subscribe().wait_for(|written| *written >= accepted).await);
    }

    /// Takes no more.
    pub(super) fn close(&self) {
        locked(&self.waiting).closed = true;
        self.work.notify_one();
    }

    /// Whether no more can come, and nothing waits.
    pub(super) fn is_done(&self) -> bool {
        let waiting = locked(&self.waiting);
        waiting.closed && waiting.entries.is_empty()
    }

    /// How many events wait or are being written.
    pub(super) fn len(&self) -> usize {
        let waiting = locked(&self.waiting);
        waiting.entries.len() + waiting.writing
    }

    /// Counts what could not be written as lost; says how many that are.
    pub(super) fn abandon(&self) -> u64 {
        let mut waiting = locked(&self.waiting);
        let lost = (waiting.entries.len() + waiting.writing) as u64;
        waiting.entries.clear();
        waiting.writing = 0;
        drop(waiting);
        self.losses.count(Why::Ended, lost);
        lost
    }
}

#[cfg(test)]
mod tests {
    use crossgate_wamp::broker::HistoryLimits;
    use crossgate_wamp::id::Id;
    use crossgate_wamp::options::{Audience, EventDetails};
    use crossgate_wamp::uri::Match;
    use crossgate_wamp::wire::Format;
    use crossgate_wamp::{Map, Payload, Text, Value};

    use super::super::Bounds;
    use super::*;

    fn event(number: u64, bytes: usize) -> PastEvent {
        PastEvent {
            publication: Id::from_random_bits(number),
            topic: Text::from("a"),
            at_us: 0,
            excluded_publisher: None,
            audience: Audience::default(),
            details: EventDetails::default(),
            payload: Payload::from_values(Format::Json, vec![Value::from("x".repeat(bytes))], Map::new()),
        }
    }

    fn parts() -> (Queue, Arc<Losses>, Arc<Topic>) {
        let realm = Realm::new("realm1");
        let losses = Arc::new(Losses::new(&realm));
        let limits = HistoryLimits { events_max: 1, bytes_max: 1 };
        let bounds = Mutex::new(Bounds { limits, age_max_us: None });
        let topic = Topic { policy: Match::Exact, name: "a".into(), bounds };
        (Queue::new(&realm, &losses), losses, Arc::new(topic))
    }

    #[test]
    fn what_the_store_cannot_keep_up_with_is_lost_and_counted_and_there_is_room_again_once_it_has() {
        for (bytes, room) in [(1, EVENTS_MAX), (1 << 20, BYTES_MAX >> 20)] {
            let (queue, losses, topic) = parts();
            for number in 0..2 * room as u64 {
                queue.push(&topic, event(number, bytes));
            }
            let lost = losses.so_far();
            assert!(lost >= room as u64 && lost <= room as u64 + 1, "{lost} of {room}");
            let taken = queue.take(1);
            queue.push(&topic, event(0, bytes));
            assert_eq!(losses.so_far(), lost + 1, "what is being written still takes its place");
            queue.done(&taken);
            queue.push(&topic, event(0, bytes));
            assert_eq!(losses.so_far(), lost + 1);
        }
    }

    #[test]
    fn one_event_fits_however_large_it_is() {
        let (queue, losses, topic) = parts();
        queue.push(&topic, event(1, 2 * BYTES_MAX));
        assert_eq!((queue.len(), losses.so_far()), (1, 0));
    }

    #[test]
    fn after_the_end_nothing_is_taken_and_what_is_left_counts_as_lost() {
        let (queue, losses, topic) = parts();
        queue.push(&topic, event(1, 1));
        queue.close();
        queue.push(&topic, event(2, 1));
        assert!(!queue.is_done());
        assert_eq!((queue.abandon(), losses.so_far()), (1, 2));
        assert!(queue.is_done());
    }
}
