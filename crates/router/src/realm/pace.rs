//! How fast a session may send: a bucket that fills steadily, and a sender that waits while it is empty.

use std::time::{Duration, Instant};

use super::config::SessionLimits;

/// The bucket of one connection.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Until when everything that was sent so far is paid for. Before now: the bucket is full.
    paid_until: Option<Instant>,
}

impl Pace {
    /// Takes one message out of the bucket; how long to wait before it is dealt with, if it is too early.
    pub(crate) fn take(&mut self, limits: &SessionLimits, now: Instant) -> Option<Duration> {
        if limits.messages_per_second == 0 {
            return None;
        }
        let price = Duration::from_secs(1) / limits.messages_per_second;
        let depth = price * limits.messages_burst;
        let paid = self.paid_until.map_or(now, |paid| paid.max(now)) + price;
        self.paid_until = Some(paid);
        let ahead = paid.saturating_duration_since(now);
        ahead.checked_sub(depth).filter(|wait| !wait.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use crossgate_call::{Clock as _, SystemClock};

    use super::*;

    #[test]
    fn a_burst_goes_through_and_then_one_message_per_interval() {
        let limits = SessionLimits { messages_per_second: 10, messages_burst: 3, ..SessionLimits::default() };
        let start = SystemClock.instant();
        let mut pace = Pace::default();
        let waits: Vec<Option<Duration>> = (0..5).map(|_| pace.take(&limits, start)).collect();
        let ms = Duration::from_millis;
        assert_eq!(waits, [None, None, None, Some(ms(100)), Some(ms(200))]);
        assert_eq!(pace.take(&limits, start + ms(500)), None, "it fills again");
        let any = SessionLimits::default();
        assert!((0..10_000).all(|_| pace.take(&any, start).is_none()));
    }
}
