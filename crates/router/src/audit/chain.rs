//! The hash chain: how a record becomes bytes, and bytes a hash. `docs/audit.md` states the same for
//! those who verify without this program; the two change together, and only with a new version.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// Hashed, it stands in the place of the hash before the first record.
pub(super) const GENESIS: &[u8] = b"crossgate audit log 1";
/// The length that stands for a text that is absent.
const ABSENT: u32 = u32::MAX;

/// A SHA-256 hash. In text, 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Hash(pub(super) [u8; 32]);

impl Hash {
    /// The hash that stands before the first record.
    pub fn genesis() -> Self {
        Self::of(GENESIS)
    }

    fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        // A SHA-256 digest has 32 bytes; `zip` needs no proof of that.
        hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()).for_each(|(to, from)| *to = *from);
        Self(hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// Not 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 hex digits")]
pub struct NotAHash;

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NotAHash);
        }
        for (index, byte) in hash.iter_mut().enumerate() {
            let digits = text.get(2 * index..2 * index + 2).ok_or(NotAHash)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NotAHash)?;
        }
        Ok(Self(hash))
    }
}

impl TryFrom<String> for Hash {
    type Error = NotAHash;

    fn try_from(text: String) -> Result<Self, NotAHash> {
        text.parse()
    }
}

/// What the hash of a record covers: everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    pub(super) seq: i64,
    pub(super) at_us: i64,
    pub(super) duration_us: i64,
    /// Realm, caller, proof, certificate, procedure, door, source, outcome, detail, trace.
    pub(super) texts: [Option<&'a str>; 10],
}

impl Fields<'_> {
    /// The hash of this record behind `prev`. The buffer is only there to be used again.
    ///
    /// Three numbers of 8 bytes, then ten texts, each behind its length in 4 bytes: whatever the
    /// texts hold, no two records have the same bytes.
    pub(super) fn hash(&self, prev: Hash, buffer: &mut Vec<u8>) -> Hash {
        buffer.clear();
        buffer.extend_from_slice(&prev.0);
        for number in [self.seq, self.at_us, self.duration_us] {
            buffer.extend_from_slice(&number.to_be_bytes());
        }
        for text in self.texts {
            // A text longer than 4 GiB cannot come in through any door.
            let length = text.map_or(ABSENT, |text| u32::try_from(text.len()).unwrap_or(ABSENT));
            buffer.extend_from_slice(&length.to_be_bytes());
            buffer.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
        Hash::of(buffer)
    }
}
