//! The read-only connections: a few, opened when first needed, each used by one read at a time.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};

use crate::stats::Counters;
use crate::{Config, Error, Result, sqlite};

/// How often to look for the connection that a permit promises. It is there at the first look,
/// except in the instant in which another thread is just putting one back.
const LOOKS_MAX: u32 = 10_000;

pub(crate) struct Readers {
    config: Config,
    wait: Duration,
    // As many permits as slots: whoever holds one finds a slot that is free.
    permits: Semaphore,
    slots: Box<[Mutex<Option<Connection>>]>,
}

impl Readers {
    pub(crate) fn new(config: &Config) -> Self {
        let count = config.readers_count();
        Self {
            config: config.clone(),
            wait: config.wait(),
            permits: Semaphore::new(count),
            slots: (0..count).map(|_| Mutex::new(None)).collect(),
        }
    }

    /// Waits for one's turn, as a rule not at all.
    pub(crate) async fn enter(&self, counters: &Counters) -> Result<SemaphorePermit<'_>> {
        counters.reads.fetch_add(1, Relaxed);
        match self.permits.try_acquire() {
            Ok(permit) => Ok(permit),
            Err(TryAcquireError::Closed) => Err(closed()),
            Err(TryAcquireError::NoPermits) => {
                counters.reads_waited.fetch_add(1, Relaxed);
                match tokio::time::timeout(self.wait, self.permits.acquire()).await {
                    Ok(permit) => permit.map_err(|_| closed()),
                    Err(_) => Err(Error::unavailable("every read-only connection has been in use for too long")),
                }
            }
        }
    }

    /// Runs `read` on a free connection; the permit is the right to one.
    pub(crate) fn with<T>(&self, _: &SemaphorePermit<'_>, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let first = hint();
        for look in 0..LOOKS_MAX as usize {
            let Some(slot) = self.slots.get(first.wrapping_add(look) % self.slots.len()) else { break };
            let mut slot = match slot.try_lock() {
                Ok(slot) => slot,
                // A read that panicked leaves a connection that is as good as before.
                Err(TryLockError::Poisoned(slot)) => slot.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    std::hint::spin_loop();
                    continue;
                }
            };
            return match &*slot {
                Some(conn) => read(conn),
                None => read(slot.insert(sqlite::open_reader(&self.config)?)),
            };
        }
        Err(Error::unavailable("no read-only connection was free"))
    }

    /// Lets the reads that have begun end, refuses new ones, and closes the connections.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        // An error means that it is closed already.
        let permits = self.permits.acquire_many(all).await;
        self.permits.close();
        for slot in &self.slots {
            drop(slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take());
        }
        drop(permits);
    }
}

fn closed() -> Error {
    Error::unavailable("the database is closed")
}

/// A number per thread, so that each tends to its own connection and its warm cache.
fn hint() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<Option<usize>> = const { Cell::new(None) };
    }
    MINE.with(|mine| {
        mine.get().unwrap_or_else(|| {
            let number = NEXT.fetch_add(1, Relaxed);
            mine.set(Some(number));
            number
        })
    })
}
