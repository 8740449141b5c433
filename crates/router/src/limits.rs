//! How often: token buckets (GCRA) per caller and per role, rebuilt when the configuration changes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crossgate_call::{Caller, Error, Result};
use crossgate_identity::{Grants, Rate};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// After this many checks the buckets that are full again are forgotten, so that names which are
/// never seen again do not stay in memory.
const CHECKS_PER_SWEEP: u32 = 16_384;

/// Whose bucket it is. Nobody in particular is told apart by network, lest one stranger use up
/// what all strangers have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Named(Arc<str>),
    Network(Option<IpAddr>),
}

/// What one stranger has: an IPv4 address, or the /64 network of one IPv6 subscriber, who could otherwise take a
/// bucket for each of its addresses.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The longest time between two calls that a rate can mean.
const PERIOD_MAX: Duration = Duration::from_secs(86_400 * 366);

/// The buckets that belong to one state of the configuration.
pub(crate) struct Limits {
    grants: Arc<Grants>,
    caller: Option<DefaultKeyedRateLimiter<Key>>,
    roles: HashMap<Arc<str>, DefaultDirectRateLimiter>,
    checks: AtomicU32,
}

impl Limits {
    pub(crate) fn new(grants: Arc<Grants>) -> Self {
        let roles = grants
            .rated_roles()
            .filter_map(|(role, rate)| Some((Arc::clone(role), RateLimiter::direct(quota(rate)?))))
            .collect();
        let caller = grants.caller_rate().and_then(quota).map(RateLimiter::keyed);
        Self { grants, caller, roles, checks: AtomicU32::new(0) }
    }

    /// The grants that these limits were made for.
    pub(crate) fn grants(&self) -> &Arc<Grants> {
        &self.grants
    }

    /// Takes one call out of the caller's bucket and out of each of its roles' buckets.
    pub(crate) fn take(&self, caller: &Caller, source: Option<IpAddr>) -> Result<()> {
        if let Some(limiter) = &self.caller {
            self.sweep(limiter);
            let key = match caller.is_anonymous() {
                true => Key::Network(source.map(network_of)),
                false => Key::Named(Arc::clone(caller.id())),
            };
            limiter
                .check_key(&key)
                .map_err(|not_until| too_many("you call", not_until.wait_time_from(DefaultClock::default().now())))?;
        }
        if self.roles.is_empty() {
            return Ok(());
        }
        for role in caller.roles() {
            if let Some(limiter) = self.roles.get(role) {
                limiter.check().map_err(|not_until| {
                    too_many("callers of your role call", not_until.wait_time_from(DefaultClock::default().now()))
                })?;
            }
        }
        Ok(())
    }

    fn sweep(&self, limiter: &DefaultKeyedRateLimiter<Key>) {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CHECKS_PER_SWEEP == CHECKS_PER_SWEEP - 1 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn too_many(who: &str, wait: Duration) -> Error {
    // Whole seconds, rounded up: that is what Retry-After can say (RFC 9110 section 10.2.3).
    let wait = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(Duration::from_secs(1));
    Error::too_many(format!("{who} more often than allowed; try again in {} s", wait.as_secs()), wait)
}

fn quota(rate: Rate) -> Option<Quota> {
    let burst = NonZeroU32::new(rate.burst)?;
    if rate.per_second.is_nan() || rate.per_second <= 0.0 {
        return None;
    }
    // A rate close to zero has a period beyond what can be written down.
    let period = Duration::try_from_secs_f64(1.0 / rate.per_second).unwrap_or(PERIOD_MAX).min(PERIOD_MAX);
    Some(Quota::with_period(period)?.allow_burst(burst))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rate_however_small_or_large_makes_it_panic() {
        for per_second in [f64::MIN_POSITIVE, 1e-300, 1e-20, 1e-9, 1.0, 1e9] {
            assert!(quota(Rate { per_second, burst: 1 }).is_some(), "{per_second}");
        }
        quota(Rate { per_second: f64::MAX, burst: u32::MAX });
        assert!(quota(Rate { per_second: 0.0, burst: 1 }).is_none());
    }
}
