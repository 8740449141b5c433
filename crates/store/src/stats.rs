//! What a store has done so far, for metrics and tests.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Reads begun.
    pub reads: u64,
    /// Reads that had to wait for a connection.
    pub reads_waited: u64,
    /// Writes that were committed.
    pub writes: u64,
    /// Writes that failed, and left nothing behind.
    pub writes_failed: u64,
    /// Commits; fewer than `writes` when writes were grouped.
    pub commits: u64,
    /// Writes that wait for the writer now.
    pub queued: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) reads: AtomicU64,
    pub(crate) reads_waited: AtomicU64,
    pub(crate) writes: AtomicU64,
    pub(crate) writes_failed: AtomicU64,
    pub(crate) commits: AtomicU64,
}

impl Counters {
    pub(crate) fn stats(&self, queued: usize) -> Stats {
        Stats {
            reads: self.reads.load(Relaxed),
            reads_waited: self.reads_waited.load(Relaxed),
            writes: self.writes.load(Relaxed),
            writes_failed: self.writes_failed.load(Relaxed),
            commits: self.commits.load(Relaxed),
            queued: queued as u64,
        }
    }
}
