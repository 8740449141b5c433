//! The task that writes what waits: gathers a moment, then one transaction, again and again.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crossgate_store::Store;

use super::Record;
use super::append::append;
use super::queue::Queue;

/// Most records in one transaction.
const GROUP_MAX: usize = 1024;
/// The first pause after a failure; it doubles up to the longest.
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
/// The longest pause after a failure.
const BACKOFF_LONGEST: Duration = Duration::from_secs(5);

pub(super) struct Writer {
    queue: Arc<Queue>,
    store: Store,
    delay: Duration,
    // Shared with the transaction for as long as it runs, and used again after it.
    batch: Arc<Vec<Record>>,
}

impl Writer {
    pub(super) fn new(queue: Arc<Queue>, store: Store, delay: Duration) -> Self {
        Self { queue, store, delay, batch: Arc::default() }
    }

    /// Works until the log closes and everything is written.
    pub(super) async fn run(mut self) {
        while !self.queue.is_done() {
            self.queue.work.notified().await;
            self.gather().await;
            self.round().await;
        }
    }

    /// Lets more records come together, unless somebody waits for them.
    async fn gather(&self) {
        if !self.delay.is_zero() && !self.queue.is_closing() {
            // Running out of time is the ordinary case.
            let _ = tokio::time::timeout(self.delay, self.queue.hurry.notified()).await;
        }
    }

    /// Writes everything that waits now, however long that takes.
    async fn round(&mut self) {
        if Arc::get_mut(&mut self.batch).is_none() {
            self.batch = Arc::default();
        }
        let Some(batch) = Arc::get_mut(&mut self.batch) else { return };
        batch.clear();
        let flushes = self.queue.take(batch);
        let count = self.batch.len();
        for start in (0..count).step_by(GROUP_MAX) {
            self.write(start..count.min(start + GROUP_MAX)).await;
        }
        if let Some(batch) = Arc::get_mut(&mut self.batch) {
            batch.clear();
        }
        // Whoever does not wait any longer need not be told.
        for flush in flushes {
            let _: Result<(), ()> = flush.send(());
        }
    }

    /// Writes some records of the batch, and tries until that has worked.
    async fn write(&self, range: Range<usize>) {
        let count = range.len();
        let mut pause = BACKOFF_FIRST;
        loop {
            metrics::gauge!("crossgate_audit_waiting").set(self.queue.stats().waiting as f64);
            let (batch, range) = (Arc::clone(&self.batch), range.clone());
            let written = self
                .store
                .write(move |tx| Box::pin(async move { append(tx, batch.get(range).unwrap_or_default()).await }))
                .await;
            match written {
                Ok(()) => break,
                Err(error) if self.queue.set_failing(true) => {
                    tracing::error!(%error, "the audit log cannot be written: records wait, and calls when no place is left");
                }
                Err(error) => tracing::debug!(%error, "the audit log still cannot be written"),
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(BACKOFF_LONGEST);
        }
        self.queue.committed(count);
        metrics::counter!("crossgate_audit_records_total").increment(count as u64);
        metrics::gauge!("crossgate_audit_waiting").set(self.queue.stats().waiting as f64);
        if self.queue.set_failing(false) {
            tracing::info!("the audit log can be written again");
        }
    }
}
