//! Guessing is made slow: after a few failures in a row, a user name and a source wait ever longer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossgate_call::{Clock, Error, Result};

/// The most names and sources that are remembered; beyond it the oldest is forgotten.
const REMEMBERED_MAX: usize = 16_384;
/// A name or source that has not failed for so long is forgotten.
const FORGET: Duration = Duration::from_secs(3_600);
/// The wait after the first failure that counts; it doubles with each further one.
const WAIT_FIRST: Duration = Duration::from_secs(1);

/// Who is slowed down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Guesser {
    /// Whoever tries this name. The wait stays short, because a stranger can bring it upon an honest user.
    Name(String),
    /// Whoever tries from this place.
    Source(String),
}

impl Guesser {
    /// An address, or the name of whoever calls. One IPv6 subscriber has a /64 network and as many addresses as
    /// guesses: they are one source.
    pub(crate) fn source(text: &str) -> Self {
        Self::Source(match text.parse().map(|address: IpAddr| address.to_canonical()) {
            Ok(IpAddr::V6(v6)) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).to_string(),
            _ => text.to_owned(),
        })
    }

    /// Failures that cost nothing: people mistype.
    fn free(&self) -> u32 {
        match self {
            Self::Name(_) => 5,
            Self::Source(_) => 20,
        }
    }

    fn wait_max(&self) -> Duration {
        match self {
            Self::Name(_) => Duration::from_secs(60),
            Self::Source(_) => Duration::from_secs(900),
        }
    }

    fn wait(&self, failures: u32) -> Duration {
        match failures.saturating_sub(self.free()) {
            0 => Duration::ZERO,
            counted => WAIT_FIRST.saturating_mul(1 << (counted - 1).min(16)).min(self.wait_max()),
        }
    }
}

#[derive(Clone, Copy)]
struct Record {
    failures: u32,
    last: Instant,
}

/// Who has failed, and how often.
pub(crate) struct Lockout {
    clock: Arc<dyn Clock>,
    records: Mutex<HashMap<Guesser, Record>>,
}

impl Lockout {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, records: Mutex::default() }
    }

    /// Lets an attempt begin, counting it as failed until [`Lockout::succeeded`] says otherwise: many
    /// attempts at once are no way around the count.
    pub(crate) fn begin(&self, guessers: &[Guesser]) -> Result<()> {
        let now = self.clock.instant();
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        check(&records, guessers, now)?;
        count(&mut records, guessers, now);
        Ok(())
    }

    /// Whether an attempt may begin whose failure is counted once it has failed ([`Lockout::failed`]). For
    /// attempts of which honest clients make many at once, and guessers no more than they have connections.
    pub(crate) fn check(&self, guessers: &[Guesser]) -> Result<()> {
        check(&self.records.lock().unwrap_or_else(PoisonError::into_inner), guessers, self.clock.instant())
    }

    /// An attempt that was only checked has failed.
    pub(crate) fn failed(&self, guessers: &[Guesser]) {
        count(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner), guessers, self.clock.instant());
    }

    /// An attempt that was only checked has succeeded: the names' failures are forgotten.
    pub(crate) fn passed(&self, guessers: &[Guesser]) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        for guesser in guessers.iter().filter(|guesser| matches!(guesser, Guesser::Name(_))) {
            records.remove(guesser);
        }
    }

    /// The attempt succeeded. A name's failures are forgotten; a source's only shrink, or else one
    /// account of one's own would pay for guessing others'.
    pub(crate) fn succeeded(&self, guessers: &[Guesser]) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        for guesser in guessers {
            match guesser {
                Guesser::Name(_) => {
                    records.remove(guesser);
                }
                Guesser::Source(_) => {
                    if let Some(record) = records.get_mut(guesser) {
                        record.failures = record.failures.saturating_sub(1);
                    }
                }
            }
        }
    }

    /// The attempt was not judged at all (too many at once, the store away): it does not count.
    pub(crate) fn withdrawn(&self, guessers: &[Guesser]) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        for guesser in guessers {
            if let Some(record) = records.get_mut(guesser) {
                record.failures = record.failures.saturating_sub(1);
            }
        }
    }
}

/// Whoever has to wait is told for how long.
fn check(records: &HashMap<Guesser, Record>, guessers: &[Guesser], now: Instant) -> Result<()> {
    for guesser in guessers {
        let Some(record) = records.get(guesser) else { continue };
        let left = guesser.wait(record.failures).saturating_sub(now.saturating_duration_since(record.last));
        if !left.is_zero() {
            let wait = Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0));
            return Err(Error::too_many(format!("too many failed attempts; try again in {} s", wait.as_secs()), wait));
        }
    }
    Ok(())
}

fn count(records: &mut HashMap<Guesser, Record>, guessers: &[Guesser], now: Instant) {
    for guesser in guessers {
        make_room(records, guesser, now);
        let record = records.entry(guesser.clone()).or_insert(Record { failures: 0, last: now });
        let old = now.saturating_duration_since(record.last) > FORGET;
        record.failures = if old { 1 } else { record.failures.saturating_add(1) };
        record.last = now;
    }
}

fn make_room(records: &mut HashMap<Guesser, Record>, for_whom: &Guesser, now: Instant) {
    if records.len() < REMEMBERED_MAX || records.contains_key(for_whom) {
        return;
    }
    records.retain(|_, record| now.saturating_duration_since(record.last) <= FORGET);
    if records.len() < REMEMBERED_MAX {
        return;
    }
    // A flood of invented names pushes out other names that failed once, before those that are being guessed.
    let mut by_weight: Vec<(u32, Instant)> = records.values().map(|record| (record.failures, record.last)).collect();
    let middle = by_weight.len() / 4;
    let (_, limit, _) = by_weight.select_nth_unstable(middle);
    let limit = *limit;
    records.retain(|_, record| (record.failures, record.last) > limit);
}

#[cfg(test)]
mod tests {
    use crossgate_call::{Kind, ManualClock};
    use jiff::Timestamp;

    use super::*;

    fn name(name: &str) -> Guesser {
        Guesser::Name(name.into())
    }

    #[test]
    fn the_sixth_wrong_guess_at_a_name_must_wait_and_the_wait_doubles_up_to_a_minute() {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        let lockout = Lockout::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let alice = [name("alice")];
        for _ in 0..6 {
            lockout.begin(&alice).unwrap();
        }
        for expected_s in [1, 2, 4, 8, 16, 32, 60, 60] {
            let error = lockout.begin(&alice).unwrap_err();
            assert_eq!((error.kind(), error.retry_after()), (Kind::TooMany, Some(Duration::from_secs(expected_s))));
            lockout.begin(&[name("bob")]).unwrap();
            lockout.succeeded(&[name("bob")]);
            clock.advance(Duration::from_secs(expected_s));
            lockout.begin(&alice).unwrap();
        }
        clock.advance(Duration::from_secs(60));
        lockout.begin(&alice).unwrap();
        lockout.succeeded(&alice);
        lockout.begin(&alice).unwrap();
    }

    #[test]
    fn a_success_does_not_wash_a_source_clean() {
        let lockout = Lockout::new(Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)));
        let source = [Guesser::Source("192.0.2.1".into())];
        for _ in 0..20 {
            lockout.begin(&source).unwrap();
            lockout.begin(&source).unwrap();
            lockout.succeeded(&source);
        }
        lockout.begin(&source).unwrap();
        assert!(lockout.begin(&source).is_err());
    }

    #[test]
    fn the_addresses_of_one_subscriber_are_one_source() {
        assert_eq!(Guesser::source("2001:db8:1:2::1"), Guesser::source("2001:db8:1:2:ffff::9"));
        assert_ne!(Guesser::source("2001:db8:1:2::1"), Guesser::source("2001:db8:1:3::1"));
        assert_ne!(Guesser::source("192.0.2.1"), Guesser::source("192.0.2.2"));
        assert_ne!(Guesser::source("::ffff:192.0.2.1"), Guesser::source("::ffff:192.0.2.2"));
        assert_eq!(Guesser::source("billing"), Guesser::Source("billing".into()));
    }

    #[test]
    fn a_flood_of_names_does_not_make_it_forget_the_one_that_is_guessed() {
        let lockout = Lockout::new(Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)));
        for _ in 0..6 {
            lockout.begin(&[name("alice")]).unwrap();
        }
        for index in 0..REMEMBERED_MAX * 2 {
            lockout.begin(&[name(&format!("invented-{index}"))]).unwrap();
        }
        assert!(lockout.begin(&[name("alice")]).is_err());
        assert!(lockout.records.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
