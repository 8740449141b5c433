//! Writing records at the end of the chain, inside a transaction.

use std::fmt::{self, Display, Write};
use std::net::IpAddr;

use crossgate_store::{Param, Params, Result, Sql, Tx};

use super::Record;
use super::chain::{Fields, Hash};

/// Bytes of a detail sentence that are kept.
const DETAIL_BYTES_MAX: usize = 1024;

const LAST: Sql = Sql::new("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
const CHECKPOINT: Sql = Sql::new("SELECT upto, hash FROM audit_checkpoint ORDER BY upto DESC LIMIT 1");
const INSERT: Sql = Sql::new(
    "INSERT INTO audit (seq, at, realm, caller, proof, certificate, procedure, door, source, outcome, detail, \
     duration_us, trace, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
);

/// The end of the chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) seq: i64,
    pub(super) hash: Hash,
}

impl Head {
    pub(super) fn genesis() -> Self {
        Self { seq: 0, hash: Hash::genesis() }
    }
}

/// Where the records that are still there begin: behind the last checkpoint, or the genesis.
pub(super) async fn base(tx: &mut Tx) -> Result<Head> {
    match tx.query(CHECKPOINT, ()).await?.first() {
        Some(row) => Ok(Head { seq: row.get(0)?, hash: Hash(row.get(1)?) }),
        None => Ok(Head::genesis()),
    }
}

/// Writes records behind the last one, whoever wrote that: several processes may append to one
/// file, and the transaction holds the file's lock from before this look.
pub(super) async fn append(tx: &mut Tx, records: &[Record]) -> Result<()> {
    let last = match tx.query(LAST, ()).await?.first() {
        Some(row) => Some(Head { seq: row.get(0)?, hash: Hash(row.get(1)?) }),
        None => None,
    };
    let mut head = match last {
        Some(head) => head,
        None => base(tx).await?,
    };
    let mut scratch = Scratch::default();
    tx.execute_many(INSERT, records.iter().map(|record| line(&mut head, record, &mut scratch))).await?;
    Ok(())
}

/// What is used again from record to record.
#[derive(Default)]
struct Scratch {
    buffer: Vec<u8>,
    // Calls come in runs from one address.
    source: Option<(IpAddr, Short)>,
}

impl Scratch {
    fn source(&mut self, address: IpAddr) -> Short {
        match self.source {
            Some((known, text)) if known == address => text,
            _ => self.source.insert((address, Short::written(address))).1,
        }
    }
}

fn line<'a>(head: &mut Head, record: &'a Record, scratch: &mut Scratch) -> Line<'a> {
    let prev = head.hash;
    let source = record.source.map(|address| scratch.source(address));
    let trace = Short::written(record.trace);
    let mut line = Line { record, seq: head.seq + 1, source, trace, prev, hash: prev };
    line.hash = line.fields().hash(prev, &mut scratch.buffer);
    *head = Head { seq: line.seq, hash: line.hash };
    line
}

/// A record with its place in the chain, as the statement's values.
struct Line<'a> {
    record: &'a Record,
    seq: i64,
    source: Option<Short>,
    trace: Short,
    prev: Hash,
    hash: Hash,
}

impl Line<'_> {
    fn duration_us(&self) -> i64 {
        i64::try_from(self.record.duration.as_micros()).unwrap_or(i64::MAX)
    }

    fn detail(&self) -> Option<&str> {
        let detail = self.record.detail.as_deref()?;
        detail.get(..detail.floor_char_boundary(DETAIL_BYTES_MAX))
    }

    fn fields(&self) -> Fields<'_> {
        Fields {
            seq: self.seq,
            at_us: self.record.at.as_microsecond(),
            duration_us: self.duration_us(),
            texts: [
                Some(self.record.realm.as_str()),
                Some(&self.record.caller),
                Some(self.record.proof.as_str()),
                self.record.certificate.as_deref(),
                Some(&self.record.procedure),
                Some(self.record.door),
                self.source.as_ref().map(Short::as_str),
                Some(self.record.outcome),
                self.detail(),
                Some(self.trace.as_str()),
            ],
        }
    }
}

impl Params for Line<'_> {
    fn count(&self) -> usize {
        15
    }

    fn at(&self, index: usize) -> Param<'_> {
        let record = self.record;
        let value = match index {
            0 => Some(Param::Int(self.seq)),
            1 => Some(Param::Int(record.at.as_microsecond())),
            2 => Some(Param::Text(record.realm.as_str())),
            3 => Some(Param::Text(&record.caller)),
            4 => Some(Param::Text(record.proof.as_str())),
            5 => record.certificate.as_deref().map(Param::Text),
            6 => Some(Param::Text(&record.procedure)),
            7 => Some(Param::Text(record.door)),
            8 => self.source.as_ref().map(|source| Param::Text(source.as_str())),
            9 => Some(Param::Text(record.outcome)),
            10 => self.detail().map(Param::Text),
            11 => Some(Param::Int(self.duration_us())),
            12 => Some(Param::Text(self.trace.as_str())),
            13 => Some(Param::Blob(&self.prev.0)),
            14 => Some(Param::Blob(&self.hash.0)),
            _ => None,
        };
        value.unwrap_or(Param::Null)
    }
}

/// A short text without an allocation: an address (45 bytes at the most) or a trace (32).
#[derive(Clone, Copy)]
struct Short {
    bytes: [u8; SHORT_BYTES],
    length: usize,
}

const SHORT_BYTES: usize = 48;

impl Short {
    fn written(value: impl Display) -> Self {
        let mut short = Self { bytes: [0; SHORT_BYTES], length: 0 };
        // It fits, as said above; what would not fit is left out, in the hash and the column alike.
        let _: fmt::Result = write!(short, "{value}");
        short
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
