//! Balances, loans and single entries.

use crossgate_store::{Row, Sql};

use super::Ledger;
use super::table::{self, entry_columns};
use crate::entry::{Entry, Loan, Terms};
use crate::{Day, Error};

/// One step in the primary key, however long the loan's history.
pub(crate) const BALANCE: Sql =
    Sql::new("SELECT balance_minor FROM loan_balances WHERE loan_id = ? AND day <= ? ORDER BY day DESC LIMIT 1");
const TERMS: Sql = Sql::new("SELECT start_on, initial_minor FROM loans WHERE id = ?");
const LOANS: Sql = Sql::new(
    "SELECT l.id, l.start_on, l.initial_minor, \
     (SELECT b.balance_minor FROM loan_balances b WHERE b.loan_id = l.id AND b.day <= ? ORDER BY b.day DESC LIMIT 1), \
     (SELECT COALESCE(MAX(e.seq), 0) FROM loan_entries e WHERE e.loan_id = l.id) \
     FROM loans l WHERE l.id > ? AND l.id <= ? ORDER BY l.id LIMIT ?",
);
const ENTRY: Sql =
    Sql::new(concat!("SELECT ", entry_columns!(), " FROM loan_entries e WHERE e.loan_id = ? AND e.seq = ?"));

impl Ledger {
    /// What is owed at the end of a day, in minor units. A day to come is answered with what is posted so far.
    ///
    /// # Errors
    /// [`Error::UnknownLoan`], [`Error::NotYet`], [`Error::Store`].
    pub async fn balance(&self, loan_id: i64, on: Day) -> Result<i64, Error> {
        match self.store.read(BALANCE, (loan_id, on.stored())).await?.first() {
            Some(row) => Ok(row.get(0)?),
            // A loan has a balance from its first day on: there is none, or it begins later.
            None => Err(Error::NotYet { loan_id, on, start_on: self.terms(loan_id).await?.start_on }),
        }
    }

    /// A loan's terms.
    ///
    /// # Errors
    /// [`Error::UnknownLoan`], [`Error::Store`].
    pub async fn terms(&self, loan_id: i64) -> Result<Terms, Error> {
        self.find_terms(loan_id).await?.ok_or_else(|| Error::UnknownLoan(loan_id.to_string()))
    }

    /// A loan's terms, if there is such a loan.
    pub(crate) async fn find_terms(&self, loan_id: i64) -> Result<Option<Terms>, Error> {
        self.store.read(TERMS, (loan_id,)).await?.first().map(|row| table::terms(&row, 0)).transpose()
    }

    /// Up to `limit` loans with a number above `after`, by number, with their balances on `as_of`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn loans(&self, after: Option<i64>, limit: u32, as_of: Day) -> Result<Vec<Loan>, Error> {
        let rows = self.store.read(LOANS, (as_of.stored(), after.unwrap_or(-1), i64::MAX, limit)).await?;
        rows.iter().map(|row| loan(&row)).collect()
    }

    /// One loan, with its balance on `as_of`.
    ///
    /// # Errors
    /// [`Error::UnknownLoan`], [`Error::Store`].
    pub async fn loan(&self, loan_id: i64, as_of: Day) -> Result<Loan, Error> {
        let only = (as_of.stored(), loan_id.saturating_sub(1), loan_id, 1);
        let rows = self.store.read(LOANS, only).await?;
        rows.first().map_or_else(|| Err(Error::UnknownLoan(loan_id.to_string())), |row| loan(&row))
    }

    /// One entry of a loan.
    ///
    /// # Errors
    /// [`Error::UnknownLoan`], [`Error::UnknownEntry`], [`Error::Store`].
    pub async fn entry(&self, loan_id: i64, seq: i64) -> Result<Entry, Error> {
        match self.store.read(ENTRY, (loan_id, seq)).await?.first() {
            Some(row) => table::entry(&row),
            None => {
                self.terms(loan_id).await?;
                Err(Error::UnknownEntry { loan_id, seq })
            }
        }
    }
}

fn loan(row: &Row<'_>) -> Result<Loan, Error> {
    Ok(Loan { id: row.get(0)?, terms: table::terms(row, 1)?, balance_minor: row.get(3)?, entries: row.get(4)? })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crossgate_call::SystemClock;
    use crossgate_store::{Config, Store};
    use rusqlite::{Connection, StatementStatus};

    use super::*;
    use crate::import::{Options, Source, import};

    /// A loan with so many events, ten on each day.
    async fn ledger(directory: &std::path::Path, events: i64) -> std::path::PathBuf {
        let path = directory.join(format!("{events}.db"));
        let store = Store::open(&Config::at(&path)).unwrap();
        let ledger = Ledger::open(crate::Config::default(), store.clone(), Arc::new(SystemClock)).await.unwrap();
        let day = |n: i64| jiff::civil::date(1990, 1, 1).checked_add(jiff::Span::new().days(n / 10)).unwrap();
        let lines: String = (0..events).map(|n| format!("1,fee,{},{}\n", day(n), 1 + n % 10)).collect();
        let loans = Source { name: String::new(), content: b"1,1990-01-01,5\n".as_slice() };
        let events = Source { name: String::new(), content: lines.as_bytes() };
        import(&ledger, loans, events, Options::default(), Arc::new(|_| {})).await.unwrap();
        store.close().await.unwrap();
        path
    }

    /// Steps of SQLite's virtual machine and rows passed over for one balance, and its plan.
    fn cost(path: &std::path::Path, on: Day) -> (i32, i32, String) {
        let conn = Connection::open(path).unwrap();
        let plan = conn.query_row(&format!("EXPLAIN QUERY PLAN {}", BALANCE.all), (1, on.stored()), |row| row.get(3));
        let mut statement = conn.prepare(BALANCE.all).unwrap();
        let _: i64 = statement.query_row((1, on.stored()), |row| row.get(0)).unwrap();
        (
            statement.get_status(StatementStatus::VmStep),
            statement.get_status(StatementStatus::FullscanStep),
            plan.unwrap(),
        )
    }

    #[tokio::test]
    async fn a_balance_costs_the_same_with_ten_events_and_with_a_hundred_thousand() {
        let directory = tempfile::tempdir().unwrap();
        let short = ledger(directory.path(), 10).await;
        let long = ledger(directory.path(), 100_000).await;
        for on in ["1990-01-01", "1990-06-01", "2016-05-01", "9999-12-31"] {
            let on = Day::parse(on).unwrap();
            let (steps, passed_over, plan) = cost(&long, on);
            assert_eq!((steps, passed_over), (cost(&short, on).0, 0));
            assert_eq!(plan, "SEARCH loan_balances USING PRIMARY KEY (loan_id=? AND day<?)");
        }
    }
}
