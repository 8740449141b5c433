//! Postings: entries are added, and undone by further entries.

use crossgate_store::{Sql, Tx};
use jiff::Timestamp;

use super::table::{self, entry_columns};
use super::{Ledger, add_to_balances, insert_entries};
use crate::entry::{Entry, Kind, Origin};
use crate::{Day, Error};

const START: Sql = Sql::new("SELECT start_on FROM loans WHERE id = ?");
const LAST_SEQ: Sql = Sql::new("SELECT COALESCE(MAX(seq), 0) FROM loan_entries WHERE loan_id = ?");
const BY_KEY: Sql = Sql::new(concat!(
    "SELECT ",
    entry_columns!(),
    " FROM loan_entries e WHERE e.posted_by = ? AND e.idempotency_key = ?"
));
const BY_SEQ: Sql =
    Sql::new(concat!("SELECT ", entry_columns!(), " FROM loan_entries e WHERE e.loan_id = ? AND e.seq = ?"));

/// What a caller wants written.
#[derive(Clone, Debug)]
pub struct Posting {
    /// The loan.
    pub loan_id: i64,
    /// A fee, interest, a payment or an adjustment.
    pub kind: Kind,
    /// The day from which it counts.
    pub effective_on: Day,
    /// The amount in minor units; without sign, but for an adjustment.
    pub amount_minor: i64,
    /// A reference or a reason.
    pub note: Option<String>,
}

/// What a caller wants undone.
#[derive(Clone, Debug)]
pub struct Reversal {
    /// The loan.
    pub loan_id: i64,
    /// The entry.
    pub seq: i64,
    /// The day from which the reversal counts; that of the entry when none is given.
    pub effective_on: Option<Day>,
    /// The reason.
    pub note: Option<String>,
}

/// In whose name, and under which key, something is posted.
#[derive(Clone, Debug)]
pub struct Under {
    /// The caller's stable name.
    pub by: String,
    /// The caller's idempotency key.
    pub key: String,
}

impl Ledger {
    /// Posts an entry. The same posting under the same key posts nothing and answers the entry of the first time.
    ///
    /// # Errors
    /// [`Error::UnknownLoan`], [`Error::Input`] for a day before the loan, [`Error::KeyReused`],
    /// [`Error::OutOfRange`], [`Error::Store`].
    pub async fn post(&self, posting: Posting, under: Under) -> Result<Entry, Error> {
        let now = self.now();
        self.store.try_write(move |tx| Box::pin(post(tx, posting, under, now))).await
    }

    /// Undoes an entry by a new one. Repeating it under the same key does nothing more.
    ///
    /// # Errors
    /// As [`Ledger::post`], and [`Error::UnknownEntry`], [`Error::AlreadyReversed`], [`Error::IsReversal`].
    pub async fn reverse(&self, reversal: Reversal, under: Under) -> Result<Entry, Error> {
        let now = self.now();
        self.store.try_write(move |tx| Box::pin(reverse(tx, reversal, under, now))).await
    }

    /// The time, as exactly as the ledger keeps it.
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

async fn post(tx: &mut Tx, posting: Posting, under: Under, now: Timestamp) -> Result<Entry, Error> {
    let draft = Entry {
        loan_id: posting.loan_id,
        seq: 0,
        kind: posting.kind,
        effective_on: posting.effective_on,
        posted_at: now,
        effect_minor: posting.kind.effect(posting.amount_minor),
        reverses: None,
        note: posting.note,
        origin: Origin::Posted { by: under.by.clone(), key: under.key.clone() },
        reversed_by: None,
    };
    if let Some(earlier) = earlier(tx, &under).await? {
        return if says_the_same(&earlier, &draft) { Ok(as_answered(earlier)) } else { Err(Error::KeyReused) };
    }
    let start_on = tx.query(START, (posting.loan_id,)).await?.first().map(|row| table::day(&row, 0)).transpose()?;
    match start_on {
        None => Err(Error::UnknownLoan(posting.loan_id.to_string())),
        Some(start_on) if posting.effective_on < start_on => Err(Error::input(
            "effective_on",
            format!("loan {} starts on {start_on}; nothing counts from an earlier day", posting.loan_id),
        )),
        Some(_) => write(tx, draft).await,
    }
}

async fn reverse(tx: &mut Tx, reversal: Reversal, under: Under, now: Timestamp) -> Result<Entry, Error> {
    let (loan_id, seq) = (reversal.loan_id, reversal.seq);
    let earlier = earlier(tx, &under).await?;
    let found = tx.query(BY_SEQ, (loan_id, seq)).await?.first().map(|row| table::entry(&row)).transpose()?;
    let Some(reversed) = found else {
        let known = !tx.query(START, (loan_id,)).await?.is_empty();
        return Err(match earlier {
            Some(_) => Error::KeyReused,
            None if known => Error::UnknownEntry { loan_id, seq },
            None => Error::UnknownLoan(loan_id.to_string()),
        });
    };
    let draft = Entry {
        loan_id,
        seq: 0,
        kind: Kind::Reversal,
        effective_on: reversal.effective_on.unwrap_or(reversed.effective_on),
        posted_at: now,
        effect_minor: reversed.effect_minor.saturating_neg(),
        reverses: Some(seq),
        note: reversal.note,
        origin: Origin::Posted { by: under.by, key: under.key },
        reversed_by: None,
    };
    match (earlier, reversed.reversed_by) {
        (Some(earlier), _) if says_the_same(&earlier, &draft) => Ok(as_answered(earlier)),
        (Some(_), _) => Err(Error::KeyReused),
        (None, Some(by)) => Err(Error::AlreadyReversed { seq, by }),
        (None, None) if reversed.kind == Kind::Reversal => Err(Error::IsReversal(seq)),
        (None, None) if draft.effective_on < reversed.effective_on => Err(Error::input(
            "effective_on",
            format!("entry {seq} counts from {}; its reversal cannot count from an earlier day", reversed.effective_on),
        )),
        (None, None) => write(tx, draft).await,
    }
}

/// The entry that the caller posted under this key before, if any.
async fn earlier(tx: &mut Tx, under: &Under) -> Result<Option<Entry>, Error> {
    tx.query(BY_KEY, (&under.by, &under.key)).await?.first().map(|row| table::entry(&row)).transpose()
}

/// Whether two entries were asked for in the same words: all but what the ledger itself added.
fn says_the_same(earlier: &Entry, draft: &Entry) -> bool {
    let Entry { seq, posted_at, reversed_by, .. } = earlier;
    *earlier == Entry { seq: *seq, posted_at: *posted_at, reversed_by: *reversed_by, ..draft.clone() }
}

/// The entry as the first request was answered, when nothing had undone it yet.
fn as_answered(earlier: Entry) -> Entry {
    Entry { reversed_by: None, ..earlier }
}

/// Gives the draft its number and writes it, with the balances.
async fn write(tx: &mut Tx, draft: Entry) -> Result<Entry, Error> {
    let last: i64 = tx.query(LAST_SEQ, (draft.loan_id,)).await?.one()?.get(0)?;
    let entry = Entry { seq: last.saturating_add(1), ..draft };
    let (by, key) = match &entry.origin {
        Origin::Posted { by, key } => (Some(by.as_str()), Some(key.as_str())),
        Origin::Imported => (None, None),
    };
    let row = (
        entry.loan_id,
        entry.seq,
        entry.kind.as_str(),
        entry.effective_on.stored(),
        entry.posted_at,
        entry.effect_minor,
        entry.reverses,
        entry.note.as_deref(),
        by,
        key,
    );
    insert_entries(tx, [row]).await?;
    add_to_balances(tx, entry.loan_id, entry.effective_on, entry.effect_minor).await?;
    Ok(entry)
}
