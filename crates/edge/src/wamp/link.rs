//! What the halves of a conversation tell each other. One task runs them all, so nobody has to be woken: whoever
//! is told is polled right after whoever tells.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::framing::Control;

/// Answers to pings that wait for the writer. A peer that sends more of them than it reads gets the newest only,
/// which the standard permits (RFC 6455 §5.5.3).
const PONGS_MAX: usize = 32;
/// How many bytes they may have together; RawSocket sets pings no limit of its own.
const PONG_BYTES_MAX: usize = 128 * 1024;

/// Between reader, ticker and writer.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// The peer was heard of since the ticker last looked.
    heard: AtomicBool,
    /// The first message has come.
    greeted: AtomicBool,
    /// There is something in `controls`.
    waiting: AtomicBool,
    /// What is queued is still to be sent, and nothing more will be.
    last: AtomicBool,
    controls: Mutex<Controls>,
}

#[derive(Debug, Default)]
struct Controls {
    pongs: VecDeque<Bytes>,
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

    pub(super) fn greet(&self) {
        self.greeted.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_greeted(&self) -> bool {
        self.greeted.load(Ordering::Relaxed)
    }

    pub(super) fn ping(&self) {
        self.lock().ping = true;
        self.waiting.store(true, Ordering::Release);
    }

    pub(super) fn pong(&self, payload: Bytes) {
        let mut controls = self.lock();
        controls.pong_bytes += payload.len();
        controls.pongs.push_back(payload);
        while controls.pongs.len() > PONGS_MAX || controls.pong_bytes > PONG_BYTES_MAX {
            let Some(oldest) = controls.pongs.pop_front() else { break };
            controls.pong_bytes -= oldest.len();
        }
        drop(controls);
        self.waiting.store(true, Ordering::Release);
    }

    /// Says goodbye, once: the first reason is the one that counts.
    pub(super) fn close(&self, reason: Option<(u16, &'static str)>) {
        self.lock().close.get_or_insert(reason);
        self.waiting.store(true, Ordering::Release);
    }

    /// Lets the writer end when it has sent what is queued.
    pub(super) fn finish(&self) {
        self.last.store(true, Ordering::Release);
    }

    pub(super) fn is_finishing(&self) -> bool {
        self.last.load(Ordering::Acquire)
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// What is to be said besides messages, in order; a close comes last and says so.
    pub(super) fn take(&self) -> (Vec<Control>, bool) {
        self.waiting.store(false, Ordering::Release);
        let mut controls = self.lock();
        controls.pong_bytes = 0;
        let mut all: Vec<Control> = controls.pongs.drain(..).map(Control::Pong).collect();
        if std::mem::take(&mut controls.ping) {
            all.push(Control::Ping);
        }
        let close = controls.close.take();
        let closes = close.is_some();
        all.extend(close.map(Control::Close));
        (all, closes)
    }

    fn lock(&self) -> MutexGuard<'_, Controls> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_pings_is_answered_with_the_newest() {
        let link = Link::default();
        for number in 0..100_u8 {
            link.pong(Bytes::copy_from_slice(&[number]));
        }
        let (controls, closes) = link.take();
        assert!(!closes && controls.len() == PONGS_MAX);
        assert!(matches!(controls.last(), Some(Control::Pong(payload)) if payload[0] == 99));
        for _ in 0..3 {
            link.pong(Bytes::from(vec![0; PONG_BYTES_MAX / 2]));
        }
        assert_eq!(link.take().0.len(), 2);
        link.pong(Bytes::from(vec![0; PONG_BYTES_MAX + 1]));
        assert_eq!(link.take().0.len(), 0, "more than we keep at all");
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
