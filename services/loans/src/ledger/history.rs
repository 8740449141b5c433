//! The balance day by day, with the entries that made it.

use std::fmt;
use std::str::FromStr;

use crossgate_store::Sql;

use super::Ledger;
use super::table::{self, ENTRY_WIDTH, entry_columns};
use crate::Error;
use crate::entry::{Entry, Terms};

const ENTRIES: Sql = Sql::new(concat!(
    "SELECT ",
    entry_columns!(),
    ", b.balance_minor FROM loan_entries e JOIN loan_balances b ON b.loan_id = e.loan_id AND b.day = e.effective_on ",
    "WHERE e.loan_id = ? AND (e.effective_on, e.seq) > (?, ?) AND e.effective_on <= ? ",
    "ORDER BY e.effective_on, e.seq LIMIT ?"
));

/// Which part of a history is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The first day; the loan's own first day if that is later.
    pub from: crate::Day,
    /// The last day.
    pub to: crate::Day,
    /// The last entry of the page before; the first page when there is none.
    pub after: Option<Position>,
    /// The most entries on the page.
    pub limit: u32,
}

/// A place in a history: an entry, by the day it counts from and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    day: crate::Day,
    seq: i64,
}

/// A page of a loan's history.
#[derive(Clone, Debug)]
pub struct History {
    /// The loan's terms.
    pub terms: Terms,
    /// The days on which something counts. The first page begins with the first day asked for.
    pub days: Vec<Day>,
    /// Where the next page begins, if there is one.
    pub next: Option<Position>,
}

/// One day of a history.
#[derive(Clone, Debug)]
pub struct Day {
    /// The day.
    pub date: crate::Day,
    /// What is owed at its end, in minor units.
    pub balance_minor: i64,
    /// The entries that count from it, in the order of posting. A day with more entries than the page has room for
    /// goes on with the next page.
    pub entries: Vec<Entry>,
}

impl Ledger {
    /// A page of a loan's history.
    ///
    /// # Errors
    /// [`Error::UnknownLoan`], [`Error::Store`].
    pub async fn history(&self, loan_id: i64, wanted: Wanted) -> Result<History, Error> {
        let terms = self.terms(loan_id).await?;
        let first = wanted.from.max(terms.start_on);
        let mut history = History { terms, days: Vec::new(), next: None };
        if wanted.after.is_none() && first <= wanted.to {
            let balance_minor = self.balance(loan_id, first).await?;
            history.days.push(Day { date: first, balance_minor, entries: Vec::new() });
        }
        let after = wanted.after.unwrap_or(Position { day: first, seq: 0 });
        // One more than is shown tells whether there is a next page.
        let limit = i64::from(wanted.limit) + 1;
        let rows =
            self.store.read(ENTRIES, (loan_id, after.day.stored(), after.seq, wanted.to.stored(), limit)).await?;
        let shown = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
        for row in rows.iter().take(shown) {
            let (entry, balance_minor) = (table::entry(&row)?, row.get(ENTRY_WIDTH)?);
            history.next = (rows.len() > shown).then_some(Position { day: entry.effective_on, seq: entry.seq });
            match history.days.last_mut() {
                Some(day) if day.date == entry.effective_on => day.entries.push(entry),
                _ => history.days.push(Day { date: entry.effective_on, balance_minor, entries: vec![entry] }),
            }
        }
        Ok(history)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.day.stored(), self.seq)
    }
}

/// Not what a page gave as the position of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give the `next` of the page before, as it was")]
pub struct NotAPosition;

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let (day, seq) = text.split_once('-').ok_or(NotAPosition)?;
        let day = day.parse().ok().and_then(crate::Day::from_stored).ok_or(NotAPosition)?;
        let seq = seq.parse().map_err(|_| NotAPosition)?;
        Ok(Self { day, seq })
    }
}
