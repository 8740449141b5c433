//! Records as JSON lines that prove themselves: a header, the records, and a line that closes the file.

use std::io::{BufRead, Read, Write};

use crossgate_call::{Error, Result};
use crossgate_store::Store;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::append::Head;
use super::chain::Hash;
use super::read::{between, page};
use super::verify::{Checker, Verified, base, broken};
use super::{Audit, Stored};

/// What the first line of a file says that it is.
const FORMAT: &str = "crossgate audit log 1";
/// Records that are read at a time.
const PAGE: usize = 1000;
/// Longest line that is read; a record's texts are bounded by what a door lets in.
const LINE_BYTES_MAX: usize = 4 << 20;

/// The first line: where the chain of this file begins.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    /// The place of the first record.
    first_seq: i64,
    /// The hash of the record before it.
    prev: Hash,
}

/// The last line: a file without it is not whole.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Footer {
    records: u64,
    head: Hash,
}

/// Why a file could not be verified at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// A line is not what it must be.
    #[error("line {line} is not {expected}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What it must be.
        expected: &'static str,
    },
}

impl Audit {
    /// Writes the records of a time, without gaps; answers how many. Records at the edges may
    /// be from shortly outside that time: the chain is written as it stands.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::Unavailable`]; [`crossgate_call::Kind::Internal`] when `out` fails.
    pub async fn export(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        out: &mut (impl Write + Send),
    ) -> Result<u64> {
        let store = &self.inner.store;
        let (first, last) = self.edges(since, until).await?;
        let mut next = page(store, first - 1, last, PAGE).await?;
        let head = match next.first() {
            Some(record) => Head { seq: record.seq - 1, hash: record.prev },
            None => before(store, first).await?,
        };
        line(out, &Header { format: FORMAT.to_owned(), first_seq: head.seq + 1, prev: head.hash })?;
        let mut footer = Footer { records: 0, head: head.hash };
        while let Some(end) = next.last().map(|record| record.seq) {
            for record in &next {
                line(out, record)?;
                footer = Footer { records: footer.records + 1, head: record.hash };
            }
            next = page(store, end, last, PAGE).await?;
            tokio::task::yield_now().await;
        }
        line(out, &footer)?;
        out.flush().map_err(Error::internal)?;
        Ok(footer.records)
    }

    /// The first and the last place of a time; in an empty range the last is before the first, which is where its records
    /// would stand.
    async fn edges(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<(i64, i64)> {
        let store = &self.inner.store;
        let Some((low, end)) = between(store, since, until).await? else {
            let first = base(store).await?.seq + 1;
            return Ok((first, first - 1));
        };
        let inside = |record: &&Stored| {
            since.is_none_or(|since| record.at >= since) && until.is_none_or(|until| record.at < until)
        };
        let mut edges: Option<(i64, i64)> = None;
        if since.is_none() && until.is_none() {
            return Ok((low, end - 1));
        }
        let mut after = low - 1;
        let mut behind = None;
        loop {
            let records = page(store, after, end - 1, PAGE).await?;
            for record in records.iter().filter(inside) {
                edges = Some((edges.map_or(record.seq, |(first, _)| first), record.seq));
            }
            let later = |record: &&Stored| since.is_none_or(|since| record.at >= since);
            behind = behind.or_else(|| records.iter().find(later).map(|record| record.seq));
            match records.last() {
                Some(record) => after = record.seq,
                None => {
                    let first = behind.unwrap_or(end);
                    return Ok(edges.unwrap_or((first, first - 1)));
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

/// What stands before a place at which nothing is exported.
async fn before(store: &Store, first: i64) -> crossgate_store::Result<Head> {
    // The record itself, should it be there, says it best; else the one before it, or what was removed last.
    for record in page(store, first - 2, first, 2).await? {
        if record.seq == first {
            return Ok(Head { seq: first - 1, hash: record.prev });
        }
        if record.seq == first - 1 {
            return Ok(Head { seq: record.seq, hash: record.hash });
        }
    }
    base(store).await
}

fn line(out: &mut impl Write, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(Error::internal)?;
    out.write_all(b"\n").map_err(Error::internal)
}

/// Follows the chain of a file that [`Audit::export`] wrote. What comes before its first record it takes
/// from the header: compare that with the file before, or with a hash noted elsewhere.
///
/// # Errors
/// [`ExportError`] when the file is not such a file. A broken chain is an answer, not an error.
pub fn verify_export(read: impl BufRead) -> std::result::Result<Verified, ExportError> {
    let mut lines = Lines { read, number: 0, text: Vec::new() };
    let header: Header = lines.next("the header of an exported audit log")?;
    if header.format != FORMAT || header.first_seq < 1 {
        return Err(ExportError::Line { line: 1, expected: "the header of an audit log that this version knows" });
    }
    let mut checker = Checker::new(Head { seq: header.first_seq - 1, hash: header.prev });
    let mut records = 0;
    loop {
        match lines.next("an audit record or the closing line")? {
            Line::Record(record) => {
                if let Err(broken) = checker.check(&record) {
                    return Ok(checker.done(Some(broken)));
                }
                records += 1;
            }
            Line::Footer(footer) => {
                let head = checker.head();
                let fits = footer.records == records && footer.head == head.hash;
                lines.end()?;
                return Ok(checker.done((!fits).then(|| broken(head.seq, "the closing line tells of other records"))));
            }
            Line::Missing => {
                let seq = checker.head().seq + 1;
                return Ok(checker.done(Some(broken(seq, "the file ends without its closing line"))));
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Record(Box<Stored>),
    Footer(Footer),
    Missing,
}

struct Lines<R> {
    read: R,
    number: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// The next line; at the end of the file it reads `null`, which is [`Line::Missing`] and no header.
    fn next<T: for<'de> Deserialize<'de>>(&mut self, expected: &'static str) -> std::result::Result<T, ExportError> {
        self.number += 1;
        self.text.clear();
        let read = self.read.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut self.text)?;
        let text = if read == 0 { b"null".as_slice() } else { &self.text };
        serde_json::from_slice(text).map_err(|_| ExportError::Line { line: self.number, expected })
    }

    /// Nothing may follow.
    fn end(&mut self) -> std::result::Result<(), ExportError> {
        match self.read.fill_buf()? {
            [] => Ok(()),
            _ => Err(ExportError::Line { line: self.number + 1, expected: "the end of the file" }),
        }
    }
}
