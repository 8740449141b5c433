//! New trace ids.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crossgate_call::Trace;

/// Makes trace ids that do not repeat and cannot be foreseen, without asking the operating system each time:
/// a keyed hash (SipHash, keys from the operating system) of a counter. A trace id is a name, not a secret.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    high: RandomState,
    low: RandomState,
    count: AtomicU64,
}

impl Traces {
    pub(crate) fn make(&self) -> Trace {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        Trace::from_random(u128::from(self.high.hash_one(count)) << 64 | u128::from(self.low.hash_one(count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_differ_within_and_between_processes() {
        let traces = Traces::default();
        let first = traces.make();
        assert_ne!(first, traces.make());
        assert_ne!(first, Traces::default().make(), "the keys are random");
    }
}
