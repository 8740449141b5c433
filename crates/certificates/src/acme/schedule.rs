//! When to renew, and when to try again: decided on values.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// When a certificate is renewed: two thirds into its time, plus up to a thirtieth so that certificates of one day do not
/// come due in one second. `chance` is in 0..1.
pub(super) fn renewal(begins: Timestamp, ends: Timestamp, chance: f64) -> Timestamp {
    let life = (ends.as_second() - begins.as_second()).max(0);
    let jitter = fraction(life / 30, chance);
    later(begins, life / 3 * 2 + jitter)
}

/// When a certificate is renewed within the window that the authority suggests (RFC 9773 §4.2): at a random moment of it,
/// and never so late that nothing could be tried again.
pub(super) fn suggested(from_s: i64, to_s: i64, ends: Timestamp, chance: f64) -> Option<Timestamp> {
    let moment = from_s.checked_add(fraction(to_s.checked_sub(from_s).filter(|wide| *wide >= 0)?, chance))?;
    Timestamp::from_second(moment).ok().map(|moment| moment.min(ends))
}

/// How long to wait after so many failures in a row: doubling, never more than `most`, and at random between half and
/// all of that, so that a crowd that failed together does not come back together.
pub(super) fn pause(failures: u32, first: Duration, most: Duration, chance: f64) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(31))).min(most);
    doubled.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

pub(super) fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a part of a span of seconds, to the second"
)]
fn fraction(seconds: i64, chance: f64) -> i64 {
    (seconds as f64 * chance.clamp(0.0, 1.0)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_certificate_is_renewed_after_two_thirds_of_its_time() {
        for (life, chance, expected) in
            [(90, 0.0, 60), (90, 1.0, 63), (7_776_000, 0.5, 5_184_000 + 129_600), (0, 0.5, 0)]
        {
            assert_eq!(renewal(at(1000), at(1000 + life), chance), at(1000 + expected), "{life} {chance}");
        }
    }

    #[test]
    fn the_authority_may_suggest_another_time() {
        assert_eq!(suggested(100, 200, at(1000), 0.5), Some(at(150)));
        assert_eq!(suggested(2000, 3000, at(1000), 0.5), Some(at(1000)), "not after the end");
        assert_eq!(suggested(200, 100, at(1000), 0.5), None, "a window that ends before it begins");
        assert_eq!(suggested(i64::MIN, i64::MAX, at(1000), 0.5), None);
    }

    #[test]
    fn pauses_double_up_to_the_most_and_are_never_nothing() {
        let (first, most) = (Duration::from_secs(60), Duration::from_secs(3600));
        for (failures, seconds) in [(1, 60), (2, 120), (4, 480), (7, 3600), (u32::MAX, 3600)] {
            assert_eq!(pause(failures, first, most, 1.0), Duration::from_secs(seconds), "{failures}");
            assert_eq!(pause(failures, first, most, 0.0), Duration::from_secs(seconds) / 2, "{failures}");
        }
    }
}
