//! Verified credentials, remembered: a token's signature is checked once, not once per request.

use std::sync::Arc;

use crossgate_call::{Caller, Realm};
use jiff::Timestamp;

use crate::certificate::PeerCertificate;
use crate::digest::sha256;
use crate::jwt::Trust;

/// How many credentials are remembered; the least used are forgotten first.
const REMEMBERED_MAX: u64 = 16_384;

/// SHA-256 over everything that the caller depends on: the credential, the realm, the connection's
/// certificate. Nobody can make two credentials with one digest, so a look-up by it needs no comparison.
pub(crate) type Digest = [u8; 32];

/// What kind of credential it is; a token is never taken for an API key of the same letters.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Token = 1,
    ApiKey = 2,
    Session = 3,
    Certificate = 4,
    Nothing = 5,
}

/// A caller, and how long its credentials are known to hold.
#[derive(Clone)]
pub(crate) struct Remembered {
    pub(crate) caller: Arc<Caller>,
    pub(crate) until: Timestamp,
    pub(crate) trust: Trust,
}

/// The callers of one state of the configuration; a reload begins with an empty one.
pub(crate) struct Cache(moka::sync::Cache<Digest, Remembered>);

impl Cache {
    pub(crate) fn new() -> Self {
        Self(moka::sync::Cache::new(REMEMBERED_MAX))
    }

    /// What the credential is remembered by.
    pub(crate) fn digest(
        kind: Kind,
        realm: &Realm,
        certificate: Option<&Arc<PeerCertificate>>,
        credential: &str,
    ) -> Digest {
        let realm = realm.as_str().as_bytes();
        let length = (realm.len() as u64).to_be_bytes();
        match certificate {
            None => sha256(&[&[kind as u8, 0], &length, realm, credential.as_bytes()]),
            Some(certificate) => {
                sha256(&[&[kind as u8, 1], certificate.thumbprint(), &length, realm, credential.as_bytes()])
            }
        }
    }

    /// The caller, if the credential was verified and still holds at `now`.
    pub(crate) fn get(&self, digest: &Digest, now: Timestamp) -> Option<Arc<Caller>> {
        let found = self.0.get(digest)?;
        (now < found.until && found.trust.holds()).then_some(found.caller)
    }

    pub(crate) fn insert(&self, digest: Digest, remembered: Remembered) {
        self.0.insert(digest, remembered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_apart_has_another_digest() {
        let (a, b) = (Realm::new("a"), Realm::new("ab"));
        let digests = [
            Cache::digest(Kind::Token, &a, None, "bc"),
            Cache::digest(Kind::Token, &b, None, "c"),
            Cache::digest(Kind::ApiKey, &a, None, "bc"),
            Cache::digest(Kind::Token, &a, None, "bd"),
        ];
        for (index, digest) in digests.iter().enumerate() {
            assert!(!digests[index + 1..].contains(digest));
        }
    }
}
