//! What waits to be sent to one peer: bounded in bytes, filled by many tasks, drained by one writer.
//!
//! [`Outbox::push`] never waits. When a peer reads more slowly than others write to it, events are left
//! out by the realm's policy and counted; answers and invocations are never left out: when they do
//! not fit, the peer is disconnected, and what it owed and was owed is settled as for any lost peer.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Notify;

/// What a queued message costs besides its bytes: its place in the queue and its share of the allocation.
const MESSAGE_OVERHEAD_BYTES: usize = 64;
/// The most bytes that the writer takes at a time, unless one message is larger.
const BATCH_BYTES_MAX: usize = 256 * 1024;
/// The most messages that the writer takes at a time.
const BATCH_MESSAGES_MAX: usize = 1024;
/// Old events make way only while they hold at least this part of the queue: one pass over the queue then
/// frees enough for many messages.
const EVICTION_SHARE: usize = 8;

/// What happens to events for a peer whose queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlowConsumer {
    /// The oldest events that wait make way for the new one.
    #[default]
    DropOldest,
    /// The new event is left out.
    DropNewest,
    /// The peer is disconnected.
    Disconnect,
}

/// How much may wait for one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxLimits {
    /// The most bytes that wait.
    pub bytes_max: usize,
    /// What gives way.
    pub slow_consumer: SlowConsumer,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self { bytes_max: 4 << 20, slow_consumer: SlowConsumer::default() }
    }
}

/// What kind of message it is, which decides whether it may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A part of a call.
    Rpc,
    /// An event.
    Event,
    /// The session's own messages: WELCOME, GOODBYE, SUBSCRIBED, and their like.
    Control,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It will be sent.
    Queued,
    /// Events were left out, this or older ones: so many.
    Dropped(u64),
    /// The peer is gone, or has to go because it did not fit.
    Closed,
}

thread_local! {
    /// The queues that were filled in the turn that this thread is in, if it is in one.
    static TURN: RefCell<Option<Vec<Arc<Shared>>>> = const { RefCell::new(None) };
}

/// Does a part of a task's work that waits for nothing: one poll. The writers of the queues that it fills are woken at its end and
/// not with the first message, and so write all that they got with one flush.
pub fn turn<T>(work: impl FnOnce() -> T) -> T {
    /// Wakes also when the work panics.
    struct Turn;
    impl Drop for Turn {
        fn drop(&mut self) {
            for shared in TURN.with_borrow_mut(Option::take).into_iter().flatten() {
                shared.filled.notify_one();
            }
        }
    }
    // One within another is a part of it.
    if TURN.with_borrow(Option::is_some) {
        return work();
    }
    TURN.set(Some(Vec::new()));
    let _turn = Turn;
    work()
}

/// Wakes a queue's writer, at the end of the turn if this is one.
fn wake(shared: &Arc<Shared>) {
    TURN.with_borrow_mut(|turn| match turn {
        Some(filled) => filled.push(Arc::clone(shared)),
        None => shared.filled.notify_one(),
    });
}

/// The senders' side. Clones share the queue.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

/// The writer's side.
pub struct Drain {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    filled: Notify,
    dropped: AtomicU64,
}

struct Queue {
    messages: VecDeque<(Bytes, Class)>,
    limits: OutboxLimits,
    bytes: usize,
    event_bytes: usize,
    /// How many messages were put in so far.
    pushed: u64,
    closed: bool,
    overflowed: bool,
}

impl Outbox {
    /// An empty queue, with the side that empties it.
    pub fn new(limits: OutboxLimits) -> (Self, Drain) {
        let queue = Queue {
            messages: VecDeque::new(),
            limits,
            bytes: 0,
            event_bytes: 0,
            pushed: 0,
            closed: false,
            overflowed: false,
        };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), filled: Notify::new(), dropped: AtomicU64::new(0) });
        (Self { shared: Arc::clone(&shared) }, Drain { shared })
    }

    /// Puts a message at the end.
    pub fn push(&self, message: Bytes, class: Class) -> Pushed {
        let mut queue = self.shared.lock();
        let was_idle = queue.messages.is_empty();
        let pushed = queue.push(message, class);
        drop(queue);
        match pushed {
            Pushed::Queued if !was_idle => {}
            Pushed::Queued => wake(&self.shared),
            Pushed::Closed => self.shared.filled.notify_one(),
            Pushed::Dropped(events) => {
                self.shared.dropped.fetch_add(events, Ordering::Relaxed);
            }
        }
        pushed
    }

    /// Takes over the limits of the realm that the peer joined. What waits already stays.
    pub fn limit(&self, limits: OutboxLimits) {
        self.shared.lock().limits = limits;
    }

    /// Takes no more messages; those that wait are still sent, and then the connection is closed.
    pub fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.filled.notify_one();
    }

    /// Whether it takes no more messages.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().closed
    }

    /// How many bytes wait, with what each message costs besides.
    pub fn bytes(&self) -> usize {
        self.shared.lock().bytes
    }

    /// How many messages were taken in so far, to be sent.
    pub fn pushed(&self) -> u64 {
        self.shared.lock().pushed
    }

    /// How many events were left out so far.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl Drain {
    /// Waits for messages and appends them to `batch`, in order, a bounded number at a time; `false` when the
    /// queue is closed and empty, and the connection is to be closed.
    pub async fn next(&mut self, batch: &mut Vec<Bytes>) -> bool {
        loop {
            {
                let mut queue = self.shared.lock();
                if queue.take(batch) {
                    return true;
                }
                if queue.closed {
                    return false;
                }
            }
            // A message that came in between has left a permit behind.
            self.shared.filled.notified().await;
        }
    }

    /// Waits until the peer has to go because it did not read what could not be left out: for a writer that is in the middle of
    /// something, and would notice at its next message only.
    pub async fn overflow(&self) {
        // Whoever fills the queue or overflows it leaves a permit behind; `next` looks into the queue before it waits for one.
        while !self.overflowed() {
            self.shared.filled.notified().await;
        }
    }

    /// Whether the peer has to go because it did not read what could not be left out.
    pub fn overflowed(&self) -> bool {
        self.shared.lock().overflowed
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        queue.clear();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(message: &Bytes) -> usize {
    message.len() + MESSAGE_OVERHEAD_BYTES
}

impl Queue {
    fn push(&mut self, message: Bytes, class: Class) -> Pushed {
        if self.closed {
            return Pushed::Closed;
        }
        let bytes = cost(&message);
        // One message alone always fits: how large it may be is for the transport to say.
        if self.bytes + bytes <= self.limits.bytes_max || self.messages.is_empty() {
            self.append(message, class, bytes);
            return Pushed::Queued;
        }
        match (self.limits.slow_consumer, class) {
            (SlowConsumer::Disconnect, _) => self.overflow(),
            (SlowConsumer::DropNewest, Class::Event) => Pushed::Dropped(1),
            (_, class) => {
                let evicted = self.evict(bytes);
                let fits = self.bytes + bytes <= self.limits.bytes_max;
                match class {
                    Class::Event if !fits => return Pushed::Dropped(evicted + 1),
                    _ if !fits => return self.overflow(),
                    _ => self.append(message, class, bytes),
                }
                Pushed::Dropped(evicted)
            }
        }
    }

    fn append(&mut self, message: Bytes, class: Class, bytes: usize) {
        self.bytes += bytes;
        self.pushed += 1;
        if class == Class::Event {
            self.event_bytes += bytes;
        }
        self.messages.push_back((message, class));
    }

    /// Removes the oldest events until `wanted` bytes fit, and some more, so that the next pass is far away.
    fn evict(&mut self, wanted: usize) -> u64 {
        let share = self.limits.bytes_max / EVICTION_SHARE;
        if self.event_bytes < share {
            return 0;
        }
        let target = self.limits.bytes_max.saturating_sub(wanted.max(share));
        let (mut bytes, mut event_bytes, mut evicted) = (self.bytes, self.event_bytes, 0);
        self.messages.retain(|(message, class)| {
            let evicts = *class == Class::Event && bytes > target;
            if evicts {
                bytes -= cost(message);
                event_bytes -= cost(message);
                evicted += 1;
            }
            !evicts
        });
        (self.bytes, self.event_bytes) = (bytes, event_bytes);
        evicted
    }

    fn overflow(&mut self) -> Pushed {
        self.clear();
        (self.closed, self.overflowed) = (true, true);
        Pushed::Closed
    }

    fn clear(&mut self) {
        self.messages = VecDeque::new();
        (self.bytes, self.event_bytes) = (0, 0);
    }

    fn take(&mut self, batch: &mut Vec<Bytes>) -> bool {
        let (mut taken, mut messages) = (0, 0);
        batch.reserve(self.messages.len().min(BATCH_MESSAGES_MAX));
        while taken < BATCH_BYTES_MAX && messages < BATCH_MESSAGES_MAX {
            let Some((message, class)) = self.messages.pop_front() else { break };
            let bytes = cost(&message);
            self.bytes -= bytes;
            if class == Class::Event {
                self.event_bytes -= bytes;
            }
            taken += bytes;
            messages += 1;
            batch.push(message);
        }
        if self.messages.is_empty() && self.messages.capacity() > BATCH_MESSAGES_MAX {
            self.messages = VecDeque::new();
        }
        messages > 0
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("bytes", &self.bytes()).field("dropped", &self.dropped()).finish()
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}
