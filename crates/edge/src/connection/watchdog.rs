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
    quiet: u32,
    worn: bool,
}

impl Watchdog {
    pub(super) fn new(activity: Arc<Activity>, headers: Option<Duration>, idle: Duration, requests_max: u64) -> Self {
        let step = idle / STEPS;
        let timer = Box::pin(sleep(step));
        Self { activity, headers, step, requests_max, timer, reading: false, begun: 0, quiet: 0, worn: false }
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
            let begun = self.activity.begun();
            let happened = self.activity.is_busy() || begun != self.begun;
            self.begun = begun;
            self.quiet = if happened { 0 } else { self.quiet + 1 };
            self.timer.as_mut().reset(Instant::now() + self.step);
            if self.quiet >= STEPS {
                self.quiet = 0;
                return Poll::Ready(Verdict::Idle);
            }
        }
        Poll::Pending
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
