//! Verified credentials, remembered: a token's signature is checked once, not once per request.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;

use crossgate_call::{Caller, Realm};
use jiff::Timestamp;

use crate::jwt::Trust;

/// How much is remembered, in bytes; what is used least is forgotten first.
const REMEMBERED_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// What one entry weighs besides its credential, in bytes, about.
const ENTRY_BYTES: u32 = 512;
/// How much of a credential, from its end, goes into its hash: the end of a token is its signature,
/// which is different for each.
const HASHED_BYTES: usize = 64;

/// What kind of credential it is; a token is never taken for an API key of the same letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Token = 1,
    ApiKey = 2,
    Session = 3,
    Certificate = 4,
    Nothing = 5,
}

/// Everything that a caller depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'a> {
    pub(crate) kind: Kind,
    pub(crate) realm: &'a Realm,
    /// SHA-256 of the connection's certificate.
    pub(crate) certificate: Option<&'a [u8; 32]>,
    pub(crate) credential: &'a str,
}

/// A caller, and how long its credentials are known to hold.
pub(crate) struct Remembered {
    pub(crate) caller: Arc<Caller>,
    pub(crate) until: Timestamp,
    pub(crate) trust: Trust,
}

struct Entry {
    kind: Kind,
    certificate: Option<[u8; 32]>,
    credential: Box<str>,
    remembered: Remembered,
}

/// The callers of one state of the configuration; a reload begins with an empty one.
///
/// Entries are found by a hash with a random key and then compared in full, which is several times
/// cheaper than a cryptographic digest. The comparison tells nobody anything: only who knows the end of
/// a credential, or all of a short one, gets as far as being compared with it.
pub(crate) struct Cache {
    entries: moka::sync::Cache<u64, Arc<Entry>>,
    hash: RandomState,
}

impl Cache {
    pub(crate) fn new() -> Self {
        let weight = |_: &u64, entry: &Arc<Entry>| {
            ENTRY_BYTES.saturating_add(u32::try_from(entry.credential.len()).unwrap_or(u32::MAX))
        };
        let entries = moka::sync::Cache::builder().weigher(weight).max_capacity(REMEMBERED_BYTES_MAX).build();
        Self { entries, hash: RandomState::new() }
    }

    /// The caller, if the credential was verified and still holds at `now`.
    pub(crate) fn get(&self, key: &Key<'_>, now: Timestamp) -> Option<Arc<Caller>> {
        let entry = self.entries.get(&self.hash(key))?;
        let Remembered { caller, until, trust } = &entry.remembered;
        let same = entry.kind == key.kind
            && *entry.credential == *key.credential
            && entry.certificate.as_ref() == key.certificate
            && caller.realm() == key.realm;
        (same && now < *until && trust.holds()).then(|| Arc::clone(caller))
    }

    /// Remembers a caller. Should another credential have the same hash, it is forgotten.
    pub(crate) fn insert(&self, key: &Key<'_>, remembered: Remembered) {
        let (kind, certificate, credential) = (key.kind, key.certificate.copied(), key.credential.into());
        self.entries.insert(self.hash(key), Arc::new(Entry { kind, certificate, credential, remembered }));
    }

    fn hash(&self, key: &Key<'_>) -> u64 {
        let credential = key.credential.as_bytes();
        let mut hasher = self.hash.build_hasher();
        hasher.write_u8(key.kind as u8);
        hasher.write(&credential[credential.len().saturating_sub(HASHED_BYTES)..]);
        hasher.write(key.realm.as_str().as_bytes());
        if let Some(certificate) = key.certificate {
            hasher.write(certificate);
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use crossgate_call::{Proof, Vouched};

    use super::*;

    fn remembered(realm: &Realm) -> Remembered {
        let (id, roles, proof) = ("a".into(), Vec::new(), Proof::Token);
        let vouched = Vouched { id, roles, realm: realm.clone(), proof, expires: None, certificate: None };
        Remembered { caller: Arc::new(Caller::vouch(vouched)), until: Timestamp::MAX, trust: Trust::LASTING }
    }

    #[test]
    fn only_what_is_the_same_in_everything_is_found() {
        let (realm, other, now) = (Realm::new("a"), Realm::new("b"), Timestamp::UNIX_EPOCH);
        let end = "e".repeat(HASHED_BYTES);
        let credential = format!("x.{end}");
        let (mine, theirs) = ([1; 32], [2; 32]);
        let key = Key { kind: Kind::Token, realm: &realm, certificate: Some(&mine), credential: &credential };
        let cache = Cache::new();
        cache.insert(&key, remembered(&realm));
        assert!(cache.get(&key, now).is_some());
        assert!(cache.get(&key, Timestamp::MAX).is_none(), "its time has come");
        // The hash covers the end alone; these differ before it.
        let (changed, longer) = (format!("y.{end}"), format!("xx.{end}"));
        for wrong in [
            Key { kind: Kind::ApiKey, ..key },
            Key { realm: &other, ..key },
            Key { certificate: None, ..key },
            Key { certificate: Some(&theirs), ..key },
            Key { credential: &changed, ..key },
            Key { credential: &longer, ..key },
            Key { credential: &end, ..key },
        ] {
            assert!(cache.get(&wrong, now).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn of_two_credentials_with_one_hash_the_later_is_remembered() {
        let (realm, now) = (Realm::new("a"), Timestamp::UNIX_EPOCH);
        let end = "e".repeat(HASHED_BYTES);
        let (first, second) = (format!("1{end}"), format!("2{end}"));
        let key = |credential| Key { kind: Kind::Token, realm: &realm, certificate: None, credential };
        let cache = Cache::new();
        cache.insert(&key(&first), remembered(&realm));
        cache.insert(&key(&second), remembered(&realm));
        assert!(cache.get(&key(&first), now).is_none() && cache.get(&key(&second), now).is_some());
    }
}
