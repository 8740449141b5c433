//! What the halves of a conversation tell each other. One task runs them all, so nobody has to be woken: whoever
//! is told is polled right after whoever tells.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::framing::Control;

/// Answers to pings that wait for the writer. Of a peer that sends more of them than it reads no more is read
/// until it does.
const PONGS_MAX: usize = 32;
/// How many bytes they may have together; RawSocket sets pings no limit of its own.
const PONG_BYTES_MAX: usize = 128 * 1024;

/// Between reader, ticker and writer.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// The peer was heard of since the ticker last looked.
    heard: AtomicBool,
    /// It is known who the peer is.
    joined: AtomicBool,
    /// There is something in `controls`.
    waiting: AtomicBool,
    /// What is queued is still to be sent, and nothing more will be.
    last: AtomicBool,
    /// A close is to be sent after that.
    closing: AtomicBool,
    controls: Mutex<Controls>,
    /// Told when the controls have been taken.
    taken: Notify,
}

#[derive(Debug, Default)]
struct Controls {
    pongs: Vec<Bytes>,
    pong_bytes: usize,
    ping: bool,
    close: Option<Option<(u16, &'static str)>>,
}

impl Link {
    pub(super) fn heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Whether the peer was heard of since the last time this was asked.
    pub(super) fn was_heard(&self) -> bool {
        self.heard.swap(false, Ordering::Relaxed)
    }

    pub(super) fn set_joined(&self, joined: bool) {
        self.joined.store(joined, Ordering::Relaxed);
    }

    pub(super) fn has_joined(&self) -> bool {
        self.joined.load(Ordering::Relaxed)
    }

    pub(super) fn ping(&self) {
        self.lock().ping = true;
        self.waiting.store(true, Ordering::Release);
    }

    /// Has a ping answered. Waits until there is room for more of them.
    pub(super) async fn pong(&self, payload: Bytes) {
        {
            let mut controls = self.lock();
            controls.pong_bytes += payload.len();
            controls.pongs.push(payload);
        }
        self.waiting.store(true, Ordering::Release);
        while self.is_full() {
            self.taken.notified().await;
        }
    }

    fn is_full(&self) -> bool {
        let controls = self.lock();
        controls.pongs.len() >= PONGS_MAX || controls.pong_bytes >= PONG_BYTES_MAX
    }

    /// Says goodbye, once: the first reason is the one that counts.
    pub(super) fn close(&self, reason: Option<(u16, &'static str)>) {
        self.lock().close.get_or_insert(reason);
        self.closing.store(true, Ordering::Release);
        self.waiting.store(true, Ordering::Release);
    }

    /// Lets the writer end when it has sent what is queued.
    pub(super) fn finish(&self) {
        self.last.store(true, Ordering::Release);
    }

    pub(super) fn is_finishing(&self) -> bool {
        self.last.load(Ordering::Acquire)
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// What is to be said besides messages, in order; a close comes last and says so.
    pub(super) fn take(&self) -> (Vec<Control>, bool) {
        self.waiting.store(false, Ordering::Release);
        let mut controls = self.lock();
        controls.pong_bytes = 0;
        let mut all: Vec<Control> = std::mem::take(&mut controls.pongs).into_iter().map(Control::Pong).collect();
        if std::mem::take(&mut controls.ping) {
            all.push(Control::Ping);
        }
        let close = controls.close.take();
        let closes = close.is_some();
        all.extend(close.map(Control::Close));
        drop(controls);
        self.taken.notify_one();
        (all, closes)
    }

    fn lock(&self) -> MutexGuard<'_, Controls> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn of_a_peer_that_does_not_read_no_more_pings_are_taken() {
        let link = Link::default();
        for (payload, fits) in
            [(Bytes::from_static(b"?"), PONGS_MAX - 1), (Bytes::from(vec![0; PONG_BYTES_MAX / 2]), 1)]
        {
            for _ in 0..fits {
                assert!(link.pong(payload.clone()).now_or_never().is_some());
            }
            let mut one_more = Box::pin(link.pong(payload));
            assert!(one_more.as_mut().now_or_never().is_none());
            assert_eq!(link.take().0.len(), fits + 1, "none is lost");
            assert!(one_more.now_or_never().is_some());
        }
    }

    #[test]
    fn the_first_reason_to_close_counts_and_comes_last() {
        let link = Link::default();
        link.close(Some((1002, "first")));
        link.close(Some((1000, "second")));
        link.ping();
        let (controls, closes) = link.take();
        assert!(closes && !link.is_waiting());
        assert!(matches!(controls[..], [Control::Ping, Control::Close(Some((1002, "first")))]));
    }
}
