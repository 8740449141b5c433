//! Following the chain from its beginning and finding the first record that does not fit.

use std::fmt;

use crossgate_call::{Error, Field, Result};
use crossgate_store::{Sql, Store};

use super::append::Head;
use super::chain::Hash;
use super::read::page;
use super::retain::{PROCEDURE as RETAIN, told};
use super::{Audit, Stored};

/// Records that are read at a time.
const PAGE: usize = 1000;
/// Beginnings again, when retention shortens the log meanwhile.
const ATTEMPTS_MAX: u32 = 3;

const CHECKPOINT: Sql = Sql::new("SELECT upto, hash FROM audit_checkpoint ORDER BY upto DESC LIMIT 1");

/// What following the chain has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Records that fit, from the first on.
    pub records: u64,
    /// The place of the first of them; of the record that would come first, when there is none.
    pub first_seq: i64,
    /// The hash of the last record that fits. Kept outside this machine, it proves later that these
    /// records are still what they are now.
    pub head: Hash,
    /// The first record that does not fit.
    pub broken: Option<Broken>,
}

/// Where the chain is broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The place of the record.
    pub seq: i64,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}: {}", self.seq, self.reason)
    }
}

/// Follows a chain, record by record.
pub(super) struct Checker {
    head: Head,
    first_seq: i64,
    records: u64,
    buffer: Vec<u8>,
}

impl Checker {
    /// Begins behind `base`.
    pub(super) fn new(base: Head) -> Self {
        Self { head: base, first_seq: base.seq + 1, records: 0, buffer: Vec::new() }
    }

    pub(super) fn head(&self) -> Head {
        self.head
    }

    /// The next record.
    pub(super) fn check(&mut self, record: &Stored) -> std::result::Result<(), Broken> {
        let expected = self.head.seq + 1;
        if record.seq != expected {
            return Err(broken(expected, format!("it is missing; the next one is {}", record.seq)));
        }
        if record.prev != self.head.hash {
            return Err(broken(
                expected,
                "it does not follow the record before: that one, or its own `prev`, was changed",
            ));
        }
        if record.fields().hash(record.prev, &mut self.buffer) != record.hash {
            return Err(broken(expected, "its fields do not have its hash: it was changed"));
        }
        self.head = Head { seq: record.seq, hash: record.hash };
        self.records += 1;
        Ok(())
    }

    pub(super) fn done(self, broken: Option<Broken>) -> Verified {
        Verified { records: self.records, first_seq: self.first_seq, head: self.head.hash, broken }
    }
}

pub(super) fn broken(seq: i64, reason: impl Into<String>) -> Broken {
    Broken { seq, reason: reason.into() }
}

impl Audit {
    /// Follows the whole chain. With `expect_head`, a hash noted earlier, some record must have
    /// that hash: then everything up to that record is as it was when the hash was noted.
    ///
    /// Without such a hash a log cannot show that its end was cut off, nor that somebody who may
    /// write the file computed the whole chain anew.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::Invalid`] when `expect_head` is no hash; [`crossgate_call::Kind::Unavailable`].
    /// A broken chain is an answer, not an error.
    pub async fn verify(&self, expect_head: Option<&str>) -> Result<Verified> {
        let expected = match expect_head.map(str::parse::<Hash>).transpose() {
            Ok(expected) => expected,
            Err(error) => {
                return Err(Error::invalid(
                    "the expected head is not a hash",
                    vec![Field::new("input", "/expect_head", error.to_string())],
                ));
            }
        };
        let store = &self.inner.store;
        let mut attempt = 1;
        loop {
            let base = base(store).await?;
            let verified = follow(store, base, expected).await?;
            // A gap that retention has made since we began is none.
            if verified.broken.is_none() || attempt == ATTEMPTS_MAX || base.seq == self::base(store).await?.seq {
                return Ok(verified);
            }
            attempt += 1;
        }
    }
}

pub(super) async fn base(store: &Store) -> crossgate_store::Result<Head> {
    match store.read(CHECKPOINT, ()).await?.first() {
        Some(row) => Ok(Head { seq: row.get(0)?, hash: Hash(row.get(1)?) }),
        None => Ok(Head::genesis()),
    }
}

async fn follow(store: &Store, base: Head, expected: Option<Hash>) -> crossgate_store::Result<Verified> {
    let mut checker = Checker::new(base);
    // The removal of records is itself a record.
    let removal = (base.seq > 0).then(|| told(base));
    let mut removal_told = removal.is_none();
    let mut met = expected.is_none_or(|hash| hash == base.hash);
    let mut limit = PAGE;
    loop {
        let records = match page(store, checker.head().seq, i64::MAX, limit).await {
            Ok(records) => records,
            // A value that no record has: somebody was there. One by one they show where.
            Err(crossgate_store::Error::Other(_)) if limit > 1 => {
                limit = 1;
                continue;
            }
            Err(error @ crossgate_store::Error::Other(_)) => {
                let seq = checker.head().seq + 1;
                return Ok(checker.done(Some(broken(seq, format!("it cannot be read: {error}")))));
            }
            Err(error) => return Err(error),
        };
        for record in &records {
            if let Err(broken) = checker.check(record) {
                return Ok(checker.done(Some(broken)));
            }
            met = met || expected == Some(record.hash);
            removal_told = removal_told || (record.procedure == RETAIN && record.detail == removal);
        }
        if records.len() < limit {
            break;
        }
        tokio::task::yield_now().await;
    }
    let end = checker.head().seq;
    let broken = if !removal_told {
        Some(broken(base.seq + 1, "the records before it were removed, and no record tells of that"))
    } else if !met {
        Some(broken(end, "no record has the expected hash: records were cut off at the end, or written anew"))
    } else {
        None
    };
    Ok(checker.done(broken))
}
