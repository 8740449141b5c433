//! What a connection is doing: kept by those who do it, read by the watchdog.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// The state of one connection. Counters only, so that a request costs a few relaxed additions.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// Bytes that HTTP has read, after TLS.
    read: AtomicU64,
    /// `read` when a request last began or ended: what came after belongs to the next request's head.
    mark: AtomicU64,
    /// Bytes that the peer has taken in.
    written: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
    /// Of those, the answers that go on: a stream that nobody takes is no reason to keep a connection.
    streaming: AtomicU64,
    /// How often a stream was asked for more.
    streamed: AtomicU64,
    closing: AtomicBool,
    told: Notify,
    /// A request was answered although its body had not been read.
    unread: AtomicBool,
}

/// A request in flight; it ends when this is dropped.
pub(crate) struct InFlight {
    activity: Arc<Activity>,
    streaming: bool,
}

impl Activity {
    /// Counts a request in; the number tells which of the connection it is, from 1.
    pub(crate) fn begin(self: &Arc<Self>) -> (InFlight, u64) {
        self.settle();
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        (InFlight { activity: Arc::clone(self), streaming: false }, number)
    }

    pub(crate) fn has_read(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn has_written(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes written so far.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Requests begun so far.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.begun() != self.ended.load(Ordering::Relaxed)
    }

    /// Whether a request is being worked on; an answer that goes on counts only while it is taken.
    pub(crate) fn is_working(&self) -> bool {
        self.begun() != self.ended.load(Ordering::Relaxed) + self.streaming.load(Ordering::Relaxed)
    }

    /// How often streams were asked for more so far.
    pub(crate) fn streamed(&self) -> u64 {
        self.streamed.load(Ordering::Relaxed)
    }

    /// Says that the connection ends when its answers have ended: those that go on end now.
    pub(crate) fn say_goodbye(&self) {
        self.closing.store(true, Ordering::Release);
        self.told.notify_waiters();
    }

    /// Waits until the connection is to end.
    pub(crate) async fn goodbye(&self) {
        let mut told = std::pin::pin!(self.told.notified());
        // Listening first, and then looking: whoever says it in between is heard.
        told.as_mut().enable();
        if !self.closing.load(Ordering::Acquire) {
            told.await;
        }
    }

    /// Whether a part of a request's head has arrived and nothing else is going on. Means something for
    /// HTTP/1.1 only, where requests come one after the other.
    pub(crate) fn is_reading_head(&self) -> bool {
        self.read.load(Ordering::Relaxed) != self.mark.load(Ordering::Relaxed) && !self.is_busy()
    }

    /// Says that a request's body is left where it is.
    pub(crate) fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    fn settle(&self) {
        self.mark.store(self.read.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl InFlight {
    /// From here on it is an answer that goes on.
    pub(crate) fn stream(&mut self) {
        if !std::mem::replace(&mut self.streaming, true) {
            self.activity.streaming.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Its stream was asked for more: the peer takes what it is given.
    pub(crate) fn asked(&self) {
        self.activity.streamed.fetch_add(1, Ordering::Relaxed);
    }

    /// What the connection does.
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.streaming {
            self.activity.streaming.fetch_sub(1, Ordering::Relaxed);
        }
        self.activity.settle();
        self.activity.ended.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_between_requests_are_a_head_and_bytes_within_one_are_not() {
        let activity = Arc::new(Activity::default());
        assert!(!activity.is_reading_head());
        activity.has_read(10);
        assert!(activity.is_reading_head());
        let (request, number) = activity.begin();
        activity.has_read(100);
        assert!(activity.is_busy() && !activity.is_reading_head());
        drop(request);
        assert!(!activity.is_busy() && !activity.is_reading_head());
        activity.has_read(1);
        assert!(activity.is_reading_head());
        assert_eq!((number, activity.begun()), (1, 1));
    }
}
