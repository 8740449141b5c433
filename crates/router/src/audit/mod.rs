//! The audit log: who called what, when, and how it ended. Append-only and chained by hashes.
//!
//! A place is taken before a call runs ([`Audit::reserve`]), so that nothing runs that could not be
//! recorded; the record follows when the call has ended ([`Slot::record`]) and is written a moment later,
//! many in one transaction, off the call's path. While the database cannot be written, records
//! wait; when no places are left, calls wait or are refused, as configured. Nothing is dropped.
//!
//! Each record holds the hash of the one before it, so that a later change of any of them shows:
//! see `chain.rs` for the encoding and `docs/audit.md` for what the chain proves and what it does not.

mod append;
mod chain;
mod config;
mod export;
mod queue;
mod read;
mod record;
mod repeats;
mod retain;
mod schema;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossgate_call::{Clock, Error, Result};
use crossgate_store::Store;
use tokio::task::JoinHandle;

pub use chain::{Hash, NotAHash};
pub use config::{Config, WhenFull};
pub use export::{ExportError, verify_export};
pub use queue::{Slot, Stats};
pub use read::Filter;
pub use record::{Record, Stored};
pub use retain::Retained;
pub use verify::{Broken, Verified};

use queue::Queue;
use repeats::{Repeats, Seen};

/// How long [`Audit::close`] waits for calls that still run and for the database.
const CLOSE_WAIT: Duration = Duration::from_secs(10);
/// How often it is looked which refusals are to be told of.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// When a caller that found the log full may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The audit log, opened. Clones share it.
#[derive(Clone)]
pub struct Audit {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<Queue>,
    store: Store,
    clock: Arc<dyn Clock>,
    writer: Mutex<Option<JoinHandle<()>>>,
    retention: Option<JoinHandle<()>>,
    repeats: Arc<Repeats>,
    /// Tells of refusals that were counted.
    telling: Option<JoinHandle<()>>,
}

impl Audit {
    /// Opens the log in its own database file and starts its writer on the current runtime.
    ///
    /// # Errors
    /// When the file cannot be opened or was written by a newer version.
    pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> crossgate_store::Result<Self> {
        // Before the file is made.
        config.validate()?;
        let store = Store::open(&config.store())?;
        Self::with_store(config, store, clock).await
    }

    /// As [`Audit::open`], on a database that is open already. The log closes it when it is closed.
    ///
    /// # Errors
    /// As [`Audit::open`].
    pub async fn with_store(config: &Config, store: Store, clock: Arc<dyn Clock>) -> crossgate_store::Result<Self> {
        config.validate()?;
        store.migrate("audit", schema::MIGRATIONS).await?;
        let queue = Arc::new(Queue::new(config));
        let writer = writer::Writer::new(Arc::clone(&queue), store.clone(), config.delay());
        let writer = Mutex::new(Some(tokio::spawn(writer.run())));
        let retention =
            config.keep_days.map(|days| tokio::spawn(retain::keep(store.clone(), Arc::clone(&clock), days)));
        let repeats = Arc::new(Repeats::new(config.repeats()));
        let telling = (config.repeats_s > 0)
            .then(|| tokio::spawn(keep_telling(Arc::clone(&queue), Arc::clone(&repeats), Arc::clone(&clock))));
        Ok(Self { inner: Arc::new(Inner { queue, store, clock, writer, retention, repeats, telling }) })
    }

    /// Takes a place for one record, before the call that it will tell of.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::Unavailable`] when there is none, at once or after the configured wait.
    pub async fn reserve(&self) -> Result<Slot> {
        self.inner.queue.reserve().await
    }

    /// Takes a place if one is free now.
    pub fn try_reserve(&self) -> Option<Slot> {
        self.inner.queue.try_reserve()
    }

    /// Records that somebody was refused: at once, or, when the same (in source, outcome, reason, realm and procedure) was
    /// recorded a short while ago, by counting it for the record that tells of all of them.
    ///
    /// # Errors
    /// As [`Audit::reserve`].
    pub async fn refusal(&self, record: Record, reason: &str) -> Result<()> {
        if self.inner.repeats.see(&record, reason, self.inner.clock.instant()) == Seen::Again {
            metrics::counter!("crossgate_audit_repeats_total").increment(1);
            return Ok(());
        }
        self.reserve().await?.record(record);
        Ok(())
    }

    /// Waits until everything that has been recorded so far is committed.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::Unavailable`] when the log is closed before that.
    pub async fn flush(&self) -> Result<()> {
        self.inner.queue.flush().await
    }

    /// Whether records can be written now.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::Unavailable`], with the reason as its cause.
    pub async fn ready(&self) -> Result<()> {
        if self.inner.queue.is_failing() {
            return Err(unavailable("records wait because the database cannot be written"));
        }
        self.inner.store.ready().await.map_err(|error| unavailable("its database is not ready").because(error))
    }

    /// What waits and what was written.
    pub fn stats(&self) -> Stats {
        self.inner.queue.stats()
    }

    /// Takes no more places, waits for the calls that hold one, writes everything and closes the
    /// database. Closing again does nothing.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::Unavailable`] when records could not be written in time; the cause says how many.
    pub async fn close(&self) -> Result<()> {
        self.close_within(CLOSE_WAIT).await
    }

    /// Records the refusals that were counted: those whose time is over, or all.
    async fn tell_repeats(&self, all: bool) -> Result<()> {
        let inner = &*self.inner;
        tell(&inner.queue, &inner.repeats, &*inner.clock, all).await
    }

    async fn close_within(&self, wait: Duration) -> Result<()> {
        if let Some(telling) = &self.inner.telling {
            telling.abort();
        }
        if self.tell_repeats(true).await.is_err() {
            let refusals = self.inner.repeats.untold();
            tracing::error!(refusals, "no record tells of the last refusals that were counted: there is no place");
        }
        self.inner.queue.close();
        if let Some(retention) = &self.inner.retention {
            // Between two transactions, or before the one that is under way is answered: either is whole.
            retention.abort();
        }
        let writer = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut writer) = writer
            && tokio::time::timeout(wait, &mut writer).await.is_err()
        {
            writer.abort();
        }
        let lost = self.inner.queue.end();
        let closed = self.inner.store.close().await;
        if lost == 0 {
            return Ok(closed?);
        }
        tracing::error!(records = lost, "the audit log was closed with records that could not be written");
        Err(unavailable("it was closed with records unwritten").because(format!("{lost} audit records are lost")))
    }
}

/// Tells of what was counted, now and again. Runs until it is aborted.
async fn keep_telling(queue: Arc<Queue>, repeats: Arc<Repeats>, clock: Arc<dyn Clock>) {
    let mut tick = tokio::time::interval(TELL_EVERY);
    loop {
        tick.tick().await;
        if let Err(error) = tell(&queue, &repeats, &*clock, false).await {
            tracing::warn!(%error, "refusals that were counted wait for a place in the audit log");
        }
    }
}

/// A record takes its place before what it tells of is forgotten.
async fn tell(queue: &Arc<Queue>, repeats: &Repeats, clock: &dyn Clock, all: bool) -> Result<()> {
    for kind in repeats.due(clock.instant(), all) {
        let slot = queue.reserve().await?;
        if let Some(record) = repeats.told(&kind, clock.instant(), clock.now()) {
            slot.record(record);
        }
    }
    Ok(())
}

fn unavailable(why: &'static str) -> Error {
    Error::unavailable("the call cannot be recorded now; try again", RETRY_AFTER)
        .because(format!("the audit log: {why}"))
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
