//! A rate per source address in a fixed amount of memory.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::config::Tokens;
use crate::gate::network_of;

/// Sources share this many slots, 32 KiB. Two that fall into the same one share a rate; which ones do
/// cannot be foreseen from outside, because the hash is keyed at random.
const SLOTS: u64 = 4096;

/// A generic cell rate algorithm per slot: a slot holds the time, in nanoseconds after `start`, until which
/// its source has used up its rate.
#[derive(Debug)]
pub(crate) struct Throttle {
    start: Instant,
    slots: Box<[AtomicU64]>,
    hash: RandomState,
    interval: u64,
    tolerance: u64,
}

impl Throttle {
    pub(crate) fn new(tokens: &Tokens, start: Instant) -> Self {
        let interval = 60_000_000_000 / u64::from(tokens.requests_per_minute.max(1));
        Self {
            start,
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            hash: RandomState::new(),
            interval,
            tolerance: interval.saturating_mul(tokens.burst.max(1).into()),
        }
    }

    /// Takes one request's worth, or says how long to wait.
    pub(crate) fn take(&self, source: IpAddr, now: Instant) -> Result<(), Duration> {
        let now = u64::try_from(now.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX);
        let index = self.hash.hash_one(network_of(source)) % SLOTS;
        let Some(slot) = usize::try_from(index).ok().and_then(|index| self.slots.get(index)) else { return Ok(()) };
        let advance = |used: u64| {
            let next = used.max(now).saturating_add(self.interval);
            (next - now <= self.tolerance).then_some(next)
        };
        slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, advance).map(drop).map_err(|used| {
            let excess = (used.max(now) - now).saturating_add(self.interval).saturating_sub(self.tolerance);
            Duration::from_nanos(excess)
        })
    }
}

#[cfg(test)]
mod tests {
    use crossgate_call::{Clock as _, SystemClock};

    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_holds_and_time_heals() {
        let start = SystemClock.instant();
        let throttle = Throttle::new(&Tokens { requests_per_minute: 60, burst: 3 }, start);
        let source = "192.0.2.1".parse().unwrap();
        for _ in 0..3 {
            assert_eq!(throttle.take(source, start), Ok(()));
        }
        assert_eq!(throttle.take(source, start), Err(Duration::from_secs(1)));
        assert_eq!(throttle.take(source, start + Duration::from_secs(1)), Ok(()));
        assert!(throttle.take(source, start + Duration::from_secs(1)).is_err());
    }

    #[test]
    fn the_largest_burst_is_no_less_than_a_small_one() {
        let start = SystemClock.instant();
        let throttle = Throttle::new(&Tokens { requests_per_minute: 1, burst: u32::MAX }, start);
        assert_eq!(throttle.take("192.0.2.1".parse().unwrap(), start), Ok(()));
    }
}
