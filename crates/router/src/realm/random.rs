//! Random numbers: ids by the operating system's generator, choices by a cheap one.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crossgate_wamp::id::Id;

/// Keys that nobody outside knows, for when the generator fails, and for choices.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
static COUNT: AtomicU64 = AtomicU64::new(0);

/// A number that cannot be told in advance without the keys: a keyed hash of a counter.
fn keyed() -> u64 {
    KEYS.hash_one(COUNT.fetch_add(1, Ordering::Relaxed))
}

/// An id for a session.
pub(crate) fn id() -> Id {
    Id::random().unwrap_or_else(|| Id::from_random_bits(keyed()))
}

/// An id for a publication. It is no secret and opens nothing, so the cheap generator does.
pub(crate) fn publication() -> Id {
    Id::from_random_bits(keyed())
}

/// A number below `count`.
pub(crate) fn below(count: usize) -> usize {
    keyed() as usize % count.max(1)
}

/// Where a session's traces begin.
pub(crate) fn trace() -> u128 {
    u128::from(keyed()) << 64 | u128::from(keyed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_publications_are_spread_over_the_whole_range_and_differ() {
        let mut ids: Vec<u64> = (0..4096).map(|_| publication().get()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 4096);
        let sixteenth = crossgate_wamp::id::ID_MAX / 16;
        for part in 0..16 {
            let within = ids.iter().filter(|id| **id / sixteenth == part).count();
            assert!((128..512).contains(&within), "part {part} has {within} of 4096");
        }
    }
}
