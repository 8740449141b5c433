//! Importing a lender's files: `id,start,initial` and `id,type,date,amount`.
//!
//! The files are read and judged completely before anything is written, so that every bad row is reported at
//! once; then everything is written in one transaction, or nothing. An import only adds: a loan that the ledger
//! has with the same terms and an event that an earlier import brought are left as they are, so a file may be
//! imported again, or a longer version of it each month.

mod faults;
mod judge;
mod lines;
mod rows;
mod write;

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

pub use faults::{FAULTS_MAX, Fault, Faults};
pub use lines::LINES_MAX;

use crate::{Error, Ledger};

/// Lines or entries between two reports of progress.
const PROGRESS_EVERY: u64 = 10_000;

/// A file to import.
#[derive(Debug)]
pub struct Source<R> {
    /// What faults call it: its name or path.
    pub name: String,
    /// Its content. Buffered here.
    pub content: R,
}

/// How to import.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Take lines that say the same (loan, type, date, amount) for separate events, instead of refusing them.
    pub accept_repeats: bool,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Lines of one file have been read.
    Read {
        /// How many so far.
        lines: u64,
    },
    /// Entries have been written, to be kept when all are.
    Written {
        /// How many so far.
        entries: u64,
        /// How many events the file has.
        of: u64,
    },
}

/// What is told of the progress, now and then. Called from the importing task and from the thread that writes.
pub type OnProgress = dyn Fn(Progress) + Send + Sync;

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportReport {
    /// Loans that are new in the ledger.
    pub loans_added: u64,
    /// Loans that it had, with the same terms.
    pub loans_known: u64,
    /// Entries that are new in the ledger.
    pub entries_added: u64,
    /// Events that an earlier import had brought.
    pub entries_known: u64,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file could not be read to its end.
    #[error("{file} cannot be read: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        cause: io::Error,
    },
    /// Rows do not fit.
    #[error("nothing was imported: {count} bad rows\n{loans}{events}", count = .loans.count() + .events.count())]
    Faults {
        /// In the loans' file.
        loans: Faults,
        /// In the events' file.
        events: Faults,
    },
    /// The ledger refused.
    #[error("nothing was imported: {0}")]
    Ledger(#[from] Error),
}

/// Imports loans and their events.
///
/// Reading runs on the calling task. Writing takes one transaction, so other writes wait until it ends: some seconds
/// for a million events.
///
/// # Errors
/// [`ImportError`]; then nothing was imported.
pub async fn import(
    ledger: &Ledger,
    loans: Source<impl Read>,
    events: Source<impl Read>,
    options: Options,
    progress: Arc<OnProgress>,
) -> Result<ImportReport, ImportError> {
    let (mut loan_faults, mut event_faults) = (Faults::of(&loans.name), Faults::of(&events.name));
    let unreadable = |file: &str, cause| ImportError::Unreadable { file: file.to_owned(), cause };
    let loan_rows = rows::loans(loans.content, ledger.scale(), &mut loan_faults, &*progress)
        .map_err(|cause| unreadable(&loans.name, cause))?;
    let event_rows = rows::events(events.content, ledger.scale(), &mut event_faults, &*progress)
        .map_err(|cause| unreadable(&events.name, cause))?;
    let mentioned = loan_rows.good.iter().map(|row| row.id).chain(event_rows.good.iter().map(|row| row.loan_id));
    let known = known(ledger, mentioned.collect()).await?;
    let rules = judge::Rules { scale: ledger.scale(), accept_repeats: options.accept_repeats, loans_file: &loans.name };
    let plan = judge::judge(loan_rows, event_rows, &known, rules, &mut loan_faults, &mut event_faults);
    if loan_faults.count() + event_faults.count() > 0 {
        loan_faults.sort();
        event_faults.sort();
        return Err(ImportError::Faults { loans: loan_faults, events: event_faults });
    }
    let now = ledger.clock.now();
    let work = write::Work { plan, known, now, progress };
    Ok(ledger.store.try_write(move |tx| Box::pin(write::write(tx, work))).await?)
}

/// The terms of those loans that the ledger has.
async fn known(ledger: &Ledger, mentioned: HashSet<i64>) -> Result<judge::Known, Error> {
    let mut known = judge::Known::new();
    for loan_id in mentioned {
        if let Some(terms) = ledger.find_terms(loan_id).await? {
            known.insert(loan_id, terms);
        }
    }
    Ok(known)
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.loans_added == 0 && self.entries_added == 0 {
            return write!(
                f,
                "nothing to add: {} loans and {} events are in the ledger already",
                self.loans_known, self.entries_known
            );
        }
        write!(f, "added {} loans and {} events", self.loans_added, self.entries_added)?;
        if self.loans_known > 0 || self.entries_known > 0 {
            write!(f, "; {} loans and {} events were in the ledger already", self.loans_known, self.entries_known)?;
        }
        Ok(())
    }
}
