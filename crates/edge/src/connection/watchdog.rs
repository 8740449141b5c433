//! Ends connections on which nothing happens, or too slowly.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::activity::Activity;

/// The idle timeout is watched in this many steps, so that a connection is closed at most one step late.
const STEPS: u32 = 4;
/// A peer that takes in fewer bytes in a step is not receiving an answer: this is more than its pings, and less
/// than the slowest link moves.
const PROGRESS_BYTES_MIN: u64 = 512;

/// Why a connection should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A request's head did not arrive in time.
    SlowHead,
    /// There was no request for the idle time.
    Idle,
    /// It has served its number of requests.
    Worn,
}

/// Watches one connection, from the task that drives it.
///
/// Requests do not touch the timer: it goes off at every step and looks whether anything has happened.
/// Only a head that arrives in pieces sets it anew.
pub(super) struct Watchdog {
    activity: Arc<Activity>,
    /// How long a head may take; `None` for HTTP/2, whose pings and idle time serve.
    headers: Option<Duration>,
    step: Duration,
    requests_max: u64,
    timer: Pin<Box<Sleep>>,
    reading: bool,
    begun: u64,
    written: u64,
    streamed: u64,
    quiet: u32,
    worn: bool,
}

impl Watchdog {
    pub(super) fn new(activity: Arc<Activity>, headers: Option<Duration>, idle: Duration, requests_max: u64) -> Self {
        let step = idle / STEPS;
        let timer = Box::pin(sleep(step));
        Self {
            activity,
            headers,
            step,
            requests_max,
            timer,
            reading: false,
            begun: 0,
            written: 0,
            streamed: 0,
            quiet: 0,
            worn: false,
        }
    }

    /// Waits until the connection should end. It must be polled whenever the connection has been.
    pub(super) async fn verdict(&mut self) -> Verdict {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Verdict> {
        if !self.worn && self.activity.begun() >= self.requests_max {
            self.worn = true;
            return Poll::Ready(Verdict::Worn);
        }
        self.notice_head();
        while self.timer.as_mut().poll(cx).is_ready() {
            if self.reading {
                return Poll::Ready(Verdict::SlowHead);
            }
            self.quiet = if self.has_happened() { 0 } else { self.quiet + 1 };
            self.timer.as_mut().reset(Instant::now() + self.step);
            if self.quiet >= STEPS {
                self.quiet = 0;
                return Poll::Ready(Verdict::Idle);
            }
        }
        Poll::Pending
    }

    /// Whether there was a request, or an answer on its way, since the last step.
    fn has_happened(&mut self) -> bool {
        let (begun, written) = (self.activity.begun(), self.activity.written());
        let answering = written - self.written >= PROGRESS_BYTES_MIN;
        let streamed = self.activity.streamed();
        let taken = streamed != self.streamed;
        let happened = self.activity.is_working() || begun != self.begun || answering || taken;
        (self.begun, self.written, self.streamed) = (begun, written, streamed);
        happened
    }

    fn notice_head(&mut self) {
        let Some(headers) = self.headers else { return };
        let reading = self.activity.is_reading_head();
        if reading != self.reading {
            self.reading = reading;
            self.quiet = 0;
            let wait = if reading { headers } else { self.step };
            self.timer.as_mut().reset(Instant::now() + wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched() -> (Arc<Activity>, Watchdog) {
        let activity = Arc::new(Activity::default());
        let watchdog = Watchdog::new(Arc::clone(&activity), None, Duration::from_secs(60), 10);
        (activity, watchdog)
    }

    #[tokio::test]
    async fn an_answer_on_its_way_is_no_idling_and_a_ping_is() {
        let (activity, mut watchdog) = watched();
        activity.has_written(100_000);
        assert!(watchdog.has_happened());
        activity.has_written(17);
        assert!(!watchdog.has_happened());
        let (request, _) = activity.begin();
        assert!(watchdog.has_happened() && watchdog.has_happened(), "as long as it is in flight");
        drop(request);
        assert!(!watchdog.has_happened());
    }

    #[tokio::test]
    async fn a_stream_that_nobody_takes_is_idling() {
        let (activity, mut watchdog) = watched();
        let (mut request, _) = activity.begin();
        request.stream();
        assert!(watchdog.has_happened(), "it has begun");
        assert!(!watchdog.has_happened() && activity.is_busy());
        request.asked();
        assert!(watchdog.has_happened() && !watchdog.has_happened());
        drop(request);
        assert!(!activity.is_busy() && !activity.is_working());
    }

    #[tokio::test]
    async fn a_connection_is_worn_once() {
        let (activity, mut watchdog) = watched();
        for _ in 0..10 {
            drop(activity.begin());
        }
        assert_eq!(watchdog.verdict().await, Verdict::Worn);
        assert!(futures_util::FutureExt::now_or_never(watchdog.verdict()).is_none());
    }
}
