//! What is recorded of a call, before and after it is written.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Proof, Realm, Trace};
use crossgate_store::Row;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::{Fields, Hash};

/// What is known of a call when it has ended. Made of what the call holds anyway: no text is copied.
#[derive(Clone, Debug)]
pub struct Record {
    /// When it ended.
    pub at: Timestamp,
    /// The realm that it was made in.
    pub realm: Realm,
    /// The caller's stable name.
    pub caller: Arc<str>,
    /// How the caller proved who it is.
    pub proof: Proof,
    /// SHA-256 of the caller's certificate, lower-case hex.
    pub certificate: Option<Arc<str>>,
    /// The procedure's name.
    pub procedure: Arc<str>,
    /// Where it came in: `http`, `wamp`, `cli`, `service`.
    pub door: &'static str,
    /// The address that it came from, where there is one.
    pub source: Option<IpAddr>,
    /// How it ended: `ok`, [`crossgate_call::Kind::as_str`], or `abandoned`.
    pub outcome: &'static str,
    /// The sentence that the caller was told. Never a cause, never an input. Its first 1024 bytes are kept.
    pub detail: Option<String>,
    /// From admission to the end; kept in microseconds.
    pub duration: Duration,
    /// The trace that it belongs to.
    pub trace: Trace,
}

/// A record as it stands in the log. Its JSON form is what `export` writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Its place in the log, from 1, without gaps.
    pub seq: i64,
    /// When the call ended, to the microsecond.
    #[serde(serialize_with = "six_digits")]
    pub at: Timestamp,
    /// The realm.
    pub realm: String,
    /// The caller's stable name.
    pub caller: String,
    /// How the caller proved who it is.
    pub proof: String,
    /// SHA-256 of the caller's certificate, lower-case hex.
    pub certificate: Option<String>,
    /// The procedure's name.
    pub procedure: String,
    /// Where it came in.
    pub door: String,
    /// The address that it came from.
    pub source: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// The sentence that the caller was told.
    pub detail: Option<String>,
    /// From admission to the end, in microseconds.
    pub duration_us: i64,
    /// The trace that it belongs to, 32 lower-case hex digits.
    pub trace: String,
    /// The hash of the record before; of the first record, the genesis.
    pub prev: Hash,
    /// SHA-256 of `prev` and of this record's fields.
    pub hash: Hash,
}

fn six_digits<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.6}"))
}

impl Stored {
    /// The columns that [`Stored::from_row`] reads, in its order.
    pub(super) const COLUMNS: &'static str = "seq, at, realm, caller, proof, certificate, procedure, door, source, \
                                              outcome, detail, duration_us, trace, prev, hash";

    pub(super) fn from_row(row: Row<'_>) -> crossgate_store::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            at: row.get(1)?,
            realm: row.get(2)?,
            caller: row.get(3)?,
            proof: row.get(4)?,
            certificate: row.get(5)?,
            procedure: row.get(6)?,
            door: row.get(7)?,
            source: row.get(8)?,
            outcome: row.get(9)?,
            detail: row.get(10)?,
            duration_us: row.get(11)?,
            trace: row.get(12)?,
            prev: Hash(row.get(13)?),
            hash: Hash(row.get(14)?),
        })
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields {
            seq: self.seq,
            at_us: self.at.as_microsecond(),
            duration_us: self.duration_us,
            texts: [
                Some(&self.realm),
                Some(&self.caller),
                Some(&self.proof),
                self.certificate.as_deref(),
                Some(&self.procedure),
                Some(&self.door),
                self.source.as_deref(),
                Some(&self.outcome),
                self.detail.as_deref(),
                Some(&self.trace),
            ],
        }
    }
}
