//! Places and records that wait: a bounded queue whose places are taken before there is a record.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossgate_call::Result;
use tokio::sync::{Notify, Semaphore, oneshot};

use super::{Config, Record, WhenFull, unavailable};

/// Waiting records at which the writer stops gathering and writes.
const HURRY_AT: usize = 1024;

/// What waits and what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Places that are taken: calls that run, and records that are not written yet.
    pub taken: u64,
    /// Records that wait to be written.
    pub waiting: u64,
    /// Records written since the log was opened.
    pub written: u64,
    /// Calls that got no place.
    pub refused: u64,
}

pub(super) struct Queue {
    size: usize,
    when_full: WhenFull,
    wait: Duration,
    // A permit is a free place. It comes back when the record is committed, or the slot dropped unused.
    places: Semaphore,
    waiting: Mutex<Waiting>,
    /// There is something to write, or the log closes.
    pub(super) work: Notify,
    /// There is no time to gather.
    pub(super) hurry: Notify,
    closing: AtomicBool,
    failing: AtomicBool,
    // Records that the writer has taken and not committed yet.
    writing: AtomicU64,
    written: AtomicU64,
    refused: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    records: Vec<Record>,
    flushes: Vec<oneshot::Sender<()>>,
    ended: bool,
}

impl Queue {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            size: config.queue_max,
            when_full: config.when_full,
            wait: config.wait(),
            places: Semaphore::new(config.queue_max),
            waiting: Mutex::default(),
            work: Notify::new(),
            hurry: Notify::new(),
            closing: AtomicBool::new(false),
            failing: AtomicBool::new(false),
            writing: AtomicU64::new(0),
            written: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    pub(super) fn try_reserve(self: &Arc<Self>) -> Option<Slot> {
        self.places.try_acquire().ok()?.forget();
        Some(Slot { queue: Some(Arc::clone(self)) })
    }

    pub(super) async fn reserve(self: &Arc<Self>) -> Result<Slot> {
        if let Some(slot) = self.try_reserve() {
            return Ok(slot);
        }
        let waited = match self.when_full {
            WhenFull::Refuse => None,
            WhenFull::Wait => {
                tokio::time::timeout(self.wait, self.places.acquire()).await.ok().and_then(|got| got.ok())
            }
        };
        let Some(place) = waited else {
            self.refused.fetch_add(1, Relaxed);
            metrics::counter!("crossgate_audit_refused_total").increment(1);
            return Err(unavailable(if self.is_closing() { "it is closed" } else { "no place is left" }));
        };
        place.forget();
        Ok(Slot { queue: Some(Arc::clone(self)) })
    }

    fn push(&self, record: Record) {
        let mut waiting = self.lock();
        if waiting.ended {
            drop(waiting);
            tracing::error!(
                procedure = %record.procedure, caller = %record.caller, outcome = record.outcome, trace = %record.trace,
                "a call ended after the audit log was closed, and is not in it"
            );
            return;
        }
        waiting.records.push(record);
        let count = waiting.records.len();
        drop(waiting);
        if count == 1 {
            self.work.notify_one();
        } else if count == HURRY_AT {
            self.hurry.notify_one();
        }
    }

    /// Moves what waits into `into`, which is empty, and its room the other way. Gives whom to tell.
    pub(super) fn take(&self, into: &mut Vec<Record>) -> Vec<oneshot::Sender<()>> {
        let mut waiting = self.lock();
        std::mem::swap(&mut waiting.records, into);
        self.writing.store(into.len() as u64, Relaxed);
        std::mem::take(&mut waiting.flushes)
    }

    /// Gives the places of committed records back.
    pub(super) fn committed(&self, count: usize) {
        self.writing.fetch_sub(count as u64, Relaxed);
        self.written.fetch_add(count as u64, Relaxed);
        self.places.add_permits(count);
    }

    pub(super) async fn flush(&self) -> Result<()> {
        let (tell, told) = oneshot::channel();
        {
            let mut waiting = self.lock();
            if waiting.ended {
                return Err(unavailable("it is closed"));
            }
            waiting.flushes.push(tell);
        }
        self.work.notify_one();
        self.hurry.notify_one();
        told.await.map_err(|_| unavailable("it is closed"))
    }

    pub(super) fn close(&self) {
        self.closing.store(true, SeqCst);
        self.places.close();
        self.work.notify_one();
        self.hurry.notify_one();
    }

    /// Whether the log closes, and nothing is to come any more.
    pub(super) fn is_done(&self) -> bool {
        self.is_closing() && self.places.available_permits() == self.size
    }

    pub(super) fn is_closing(&self) -> bool {
        // Ordered with the count of places: the last slot to go sees it, or the writer sees the place.
        self.closing.load(SeqCst)
    }

    /// Accepts no records any more; answers how many there are that were not written.
    pub(super) fn end(&self) -> u64 {
        let mut waiting = self.lock();
        waiting.ended = true;
        waiting.flushes.clear();
        let lost = std::mem::take(&mut waiting.records).len() as u64;
        lost + self.writing.swap(0, Relaxed)
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Relaxed)
    }

    /// Notes whether writing works; answers whether that is news.
    pub(super) fn set_failing(&self, failing: bool) -> bool {
        self.failing.swap(failing, Relaxed) != failing
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            taken: (self.size.saturating_sub(self.places.available_permits())) as u64,
            waiting: self.lock().records.len() as u64 + self.writing.load(Relaxed),
            written: self.written.load(Relaxed),
            refused: self.refused.load(Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for one record. Dropped without one, it gives the place back.
#[must_use = "a slot holds a place in the audit log until its record is given or it is dropped"]
pub struct Slot {
    queue: Option<Arc<Queue>>,
}

impl Slot {
    /// Hands the record over. It is written soon; this does not wait.
    pub fn record(mut self, record: Record) {
        if let Some(queue) = self.queue.take() {
            queue.push(record);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(queue) = &self.queue {
            queue.places.add_permits(1);
            if queue.is_closing() {
                queue.work.notify_one();
            }
        }
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}
