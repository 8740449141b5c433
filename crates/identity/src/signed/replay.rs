//! Which signatures were seen, for as long as they would hold.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// How many signatures of one key are remembered at a time. Beyond that its requests are refused: what cannot be remembered
/// could be replayed.
pub(crate) const SIGNATURES_PER_KEY_MAX: usize = 65_536;

/// Why a signature is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It was taken before.
    Before,
    /// There is no place to remember it; there will be after this time.
    TooMany(Duration),
}

/// The signatures of each key. It outlives a reload.
#[derive(Default)]
pub(crate) struct Signatures(Mutex<HashMap<Arc<str>, OfKey>>);

#[derive(Default)]
struct OfKey {
    seen: HashSet<Box<[u8]>>,
    /// By when they end, to the second.
    ends: BTreeMap<i64, Vec<Box<[u8]>>>,
}

impl Signatures {
    /// Takes a signature, which holds until `until`.
    pub(crate) fn take(&self, key: &Arc<str>, signature: &[u8], until: Timestamp, now: Timestamp) -> Result<(), Seen> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_key = keys.entry(Arc::clone(key)).or_default();
        of_key.forget(now);
        if of_key.seen.contains(signature) {
            return Err(Seen::Before);
        }
        if of_key.seen.len() >= SIGNATURES_PER_KEY_MAX {
            let first = of_key.ends.keys().next().map_or(0, |end| end.saturating_sub(now.as_second()));
            return Err(Seen::TooMany(Duration::from_secs(u64::try_from(first).unwrap_or(0).max(1))));
        }
        of_key.seen.insert(signature.into());
        // A second more than it holds: ends are whole seconds.
        of_key.ends.entry(until.as_second().saturating_add(1)).or_default().push(signature.into());
        Ok(())
    }
}

impl OfKey {
    fn forget(&mut self, now: Timestamp) {
        while let Some(first) = self.ends.first_entry() {
            if *first.key() >= now.as_second() {
                return;
            }
            for signature in first.remove() {
                self.seen.remove(&signature);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_signature_is_good_once_until_it_has_ended() {
        let (seen, key) = (Signatures::default(), Arc::from("app"));
        assert_eq!(seen.take(&key, b"one", at(100), at(50)), Ok(()));
        assert_eq!(seen.take(&key, b"one", at(100), at(100)), Err(Seen::Before));
        assert_eq!(seen.take(&Arc::from("other"), b"one", at(100), at(50)), Ok(()), "each key has its own");
        assert_eq!(seen.take(&key, b"one", at(300), at(200)), Ok(()), "by now its timestamp is refused");
    }

    #[test]
    fn what_cannot_be_remembered_is_refused_until_there_is_place() {
        let (seen, key) = (Signatures::default(), Arc::from("app"));
        for number in 0..SIGNATURES_PER_KEY_MAX {
            assert_eq!(seen.take(&key, &number.to_be_bytes(), at(100), at(50)), Ok(()));
        }
        assert_eq!(seen.take(&key, b"more", at(100), at(50)), Err(Seen::TooMany(Duration::from_secs(51))));
        assert_eq!(seen.take(&Arc::from("other"), b"more", at(100), at(50)), Ok(()), "nobody else pays for it");
        assert_eq!(seen.take(&key, b"more", at(300), at(102)), Ok(()));
    }
}
