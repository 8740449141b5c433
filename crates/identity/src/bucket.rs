//! A token bucket, for what this crate limits itself: the token endpoint. Calls are limited by the router.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Rate;

/// One bucket.
pub(crate) struct Bucket {
    rate: Rate,
    /// How much is in it, and when that was so.
    level: Mutex<(f64, Option<Instant>)>,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, level: Mutex::new((f64::from(rate.burst), None)) }
    }

    /// Takes one out; when it is empty, says how long until there is one.
    pub(crate) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (held, since) = *level;
        let gained =
            since.map_or(0.0, |since| now.saturating_duration_since(since).as_secs_f64() * self.rate.per_second);
        let held = (held + gained).min(f64::from(self.rate.burst));
        let taken = held >= 1.0;
        *level = (if taken { held - 1.0 } else { held }, Some(now));
        if taken {
            return Ok(());
        }
        // Whole seconds, rounded up: that is what Retry-After can say (RFC 9110 section 10.2.3).
        let wait_s = ((1.0 - held) / self.rate.per_second).ceil().clamp(1.0, 86_400.0);
        Err(Duration::from_secs_f64(wait_s))
    }
}

#[cfg(test)]
mod tests {
    use crossgate_call::{Clock as _, SystemClock};

    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_does() {
        let bucket = Bucket::new(Rate { per_second: 0.5, burst: 2 });
        let start = SystemClock.instant();
        assert_eq!(bucket.take(start), Ok(()));
        assert_eq!(bucket.take(start), Ok(()));
        assert_eq!(bucket.take(start), Err(Duration::from_secs(2)));
        let later = start + Duration::from_secs(2);
        assert_eq!(bucket.take(later), Ok(()));
        assert!(bucket.take(later).is_err());
        let much_later = start + Duration::from_secs(1_000);
        assert_eq!([bucket.take(much_later), bucket.take(much_later)], [Ok(()), Ok(())]);
        assert!(bucket.take(much_later).is_err(), "no more than the burst is ever held");
    }
}
