//! Rows of the tables, read and written alike by everything in this crate.

use crossgate_store::{Row, Sql, Tx};
use jiff::Timestamp;

use crate::entry::{Entry, Kind, Origin, Terms};
use crate::{BALANCE_MINOR_MAX, Day, Error};

/// The columns of an entry, of `loan_entries e`, in the order of [`entry`].
macro_rules! entry_columns {
    () => {
        "e.loan_id, e.seq, e.kind, e.effective_on, e.posted_at, e.effect_minor, e.reverses, e.note, e.posted_by, \
         e.idempotency_key, (SELECT r.seq FROM loan_entries r WHERE r.loan_id = e.loan_id AND r.reverses = e.seq)"
    };
}
pub(super) use entry_columns;

/// How many columns [`entry_columns`] names.
pub(super) const ENTRY_WIDTH: usize = 11;

const INSERT_ENTRY: Sql = Sql::new(
    "INSERT INTO loan_entries (loan_id, seq, kind, effective_on, posted_at, effect_minor, reverses, note, posted_by, \
     idempotency_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
);
const LATEST_BALANCE: Sql =
    Sql::new("SELECT day, balance_minor FROM loan_balances WHERE loan_id = ? AND day <= ? ORDER BY day DESC LIMIT 1");
const INSERT_BALANCE: Sql = Sql::new("INSERT INTO loan_balances (loan_id, day, balance_minor) VALUES (?, ?, ?)");
const SET_BALANCE: Sql = Sql::new("UPDATE loan_balances SET balance_minor = ? WHERE loan_id = ? AND day = ?");
const SHIFT_LATER: Sql =
    Sql::new("UPDATE loan_balances SET balance_minor = balance_minor + ? WHERE loan_id = ? AND day > ?");

/// An entry as it is inserted.
pub(crate) type EntryRow<'a> =
    (i64, i64, &'static str, i64, Timestamp, i64, Option<i64>, Option<&'a str>, Option<&'a str>, Option<&'a str>);

/// Inserts entries. Their balances are the caller's next step.
pub(crate) async fn insert_entries<'a>(tx: &mut Tx, rows: impl IntoIterator<Item = EntryRow<'a>>) -> Result<(), Error> {
    tx.execute_many(INSERT_ENTRY, rows).await?;
    Ok(())
}

/// Lets an effect count from `day` on: one row for the day, and every later day shifted.
///
/// The cost is one row per later day on which something counts, and none when there is no later day.
pub(crate) async fn add_to_balances(tx: &mut Tx, loan_id: i64, day: Day, effect_minor: i64) -> Result<(), Error> {
    let found = tx.query(LATEST_BALANCE, (loan_id, day.stored())).await?;
    let row = found.first().ok_or(Error::Damaged("a loan has no balance on its first day"))?;
    let (latest_on, latest_minor): (i64, i64) = (row.get(0)?, row.get(1)?);
    let balance = within(latest_minor.checked_add(effect_minor)).ok_or(Error::OutOfRange { loan_id, day })?;
    if latest_on == day.stored() {
        tx.execute(SET_BALANCE, (balance, loan_id, latest_on)).await?;
    } else {
        tx.execute(INSERT_BALANCE, (loan_id, day.stored(), balance)).await?;
    }
    match tx.execute(SHIFT_LATER, (effect_minor, loan_id, day.stored())).await {
        // The one constraint that this statement can break is the range of a balance.
        Err(crossgate_store::Error::Constraint(_)) => Err(Error::OutOfRange { loan_id, day }),
        done => Ok(done.map(drop)?),
    }
}

/// A sum that the ledger can hold as a balance.
pub(crate) fn within(balance_minor: Option<i64>) -> Option<i64> {
    balance_minor.filter(|balance| (-BALANCE_MINOR_MAX..=BALANCE_MINOR_MAX).contains(balance))
}

/// Reads a day.
pub(crate) fn day(row: &Row<'_>, column: usize) -> Result<Day, Error> {
    Day::from_stored(row.get(column)?).ok_or(Error::Damaged("a day is no day of the calendar"))
}

/// Reads a loan's terms from two columns: its first day and its initial amount.
pub(crate) fn terms(row: &Row<'_>, column: usize) -> Result<Terms, Error> {
    Ok(Terms { start_on: day(row, column)?, initial_minor: row.get(column + 1)? })
}

/// Reads an entry from [`entry_columns`].
pub(super) fn entry(row: &Row<'_>) -> Result<Entry, Error> {
    let origin = match (row.get(8)?, row.get(9)?) {
        (Some(by), Some(key)) => Origin::Posted { by, key },
        _ => Origin::Imported,
    };
    Ok(Entry {
        loan_id: row.get(0)?,
        seq: row.get(1)?,
        kind: Kind::from_word(row.get(2)?).ok_or(Error::Damaged("an entry is of no known kind"))?,
        effective_on: day(row, 3)?,
        posted_at: row.get(4)?,
        effect_minor: row.get(5)?,
        reverses: row.get(6)?,
        note: row.get(7)?,
        origin,
        reversed_by: row.get(10)?,
    })
}
