//! Writing what was judged good, in one transaction.
//!
//! Statements are prepared once and run row by row; there is nothing to gain from batches of rows in one
//! statement, as each row is a step in a B-tree either way. Events come sorted by loan and day, so almost every
//! day is appended after the loan's last one and its balance is a running total kept here; only a day before that
//! needs the later days shifted, which the ledger does as for any back-dated posting.

use std::collections::HashMap;
use std::sync::Arc;

use crossgate_store::{Error as StoreError, Sql, Tx};
use jiff::Timestamp;

use super::judge::{Known, Plan};
use super::rows::{EventRow, LoanRow};
use super::{ImportReport, OnProgress, PROGRESS_EVERY, Progress};
use crate::Error;
use crate::ledger::{EntryRow, add_to_balances, insert_entries, within};

const INSERT_LOAN: Sql = Sql::new("INSERT INTO loans (id, start_on, initial_minor, created_at) VALUES (?, ?, ?, ?)");
const INSERT_BALANCE: Sql = Sql::new("INSERT INTO loan_balances (loan_id, day, balance_minor) VALUES (?, ?, ?)");
const IMPORTED: Sql = Sql::new(
    "SELECT kind, effect_minor, COUNT(*) FROM loan_entries \
     WHERE loan_id = ? AND effective_on = ? AND posted_by IS NULL GROUP BY kind, effect_minor",
);
const LAST_SEQ: Sql = Sql::new("SELECT COALESCE(MAX(seq), 0) FROM loan_entries WHERE loan_id = ?");
const LAST_BALANCE: Sql =
    Sql::new("SELECT day, balance_minor FROM loan_balances WHERE loan_id = ? ORDER BY day DESC LIMIT 1");

/// All that the writing thread needs.
pub(super) struct Work {
    pub(super) plan: Plan,
    pub(super) known: Known,
    pub(super) now: Timestamp,
    pub(super) progress: Arc<OnProgress>,
}

/// Writes the plan.
pub(super) async fn write(tx: &mut Tx, work: Work) -> Result<ImportReport, Error> {
    let Work { plan, known, now, progress } = work;
    insert_loans(tx, &plan.new_loans, now).await?;
    let mut report = ImportReport {
        loans_added: plan.new_loans.len() as u64,
        loans_known: plan.loans_known,
        ..ImportReport::default()
    };
    let of = plan.events.len() as u64;
    let mut reported = 0;
    for events in plan.events.chunk_by(|a, b| a.loan_id == b.loan_id) {
        let Some(first) = events.first() else { continue };
        let fresh = match known.contains_key(&first.loan_id) {
            true => without_known(tx, events).await?,
            false => events.to_vec(),
        };
        report.entries_known += (events.len() - fresh.len()) as u64;
        report.entries_added += fresh.len() as u64;
        add_entries(tx, first.loan_id, &fresh, now).await?;
        let entries = report.entries_added + report.entries_known;
        if entries - reported >= PROGRESS_EVERY || entries == of {
            reported = entries;
            progress(Progress::Written { entries, of });
        }
    }
    Ok(report)
}

async fn insert_loans(tx: &mut Tx, loans: &[LoanRow], now: Timestamp) -> Result<(), Error> {
    let rows = loans.iter().map(|loan| (loan.id, loan.terms.start_on.stored(), loan.terms.initial_minor, now));
    match tx.execute_many(INSERT_LOAN, rows).await {
        // The files were judged against a ledger without these loans.
        Err(StoreError::Conflict(_) | StoreError::Constraint(_)) => return Err(Error::Changed),
        done => done?,
    };
    let first_days = loans.iter().map(|loan| (loan.id, loan.terms.start_on.stored(), loan.terms.initial_minor));
    tx.execute_many(INSERT_BALANCE, first_days).await?;
    Ok(())
}

/// The events of one loan less those that earlier imports brought: the n-th event that says the same is known when
/// the ledger has n of them.
async fn without_known(tx: &mut Tx, events: &[EventRow]) -> Result<Vec<EventRow>, Error> {
    let mut fresh = Vec::new();
    for day in events.chunk_by(|a, b| a.effective_on == b.effective_on) {
        let Some(first) = day.first() else { continue };
        let mut known = HashMap::new();
        for row in tx.query(IMPORTED, (first.loan_id, first.effective_on.stored())).await?.iter() {
            known.insert((row.get::<String>(0)?, row.get::<i64>(1)?), row.get::<i64>(2)?);
        }
        fresh.extend(day.iter().filter(|event| {
            let same = (event.kind.as_str().to_owned(), event.kind.effect(event.amount_minor));
            match known.get_mut(&same) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    false
                }
                _ => true,
            }
        }));
    }
    Ok(fresh)
}

/// Adds the entries of one loan, sorted by day, and their balances.
async fn add_entries(tx: &mut Tx, loan_id: i64, events: &[EventRow], now: Timestamp) -> Result<(), Error> {
    let last: i64 = tx.query(LAST_SEQ, (loan_id,)).await?.one()?.get(0)?;
    insert_entries(tx, (last.saturating_add(1)..).zip(events).map(|(seq, event)| entry_row(seq, event, now))).await?;

    let found = tx.query(LAST_BALANCE, (loan_id,)).await?;
    let row = found.first().ok_or(Error::Damaged("a loan has no balance on its first day"))?;
    let (last_day, mut balance): (i64, i64) = (row.get(0)?, row.get(1)?);
    let mut appended = Vec::new();
    for day in events.chunk_by(|a, b| a.effective_on == b.effective_on) {
        let Some(EventRow { effective_on, .. }) = day.first().copied() else { continue };
        let out_of_range = || Error::OutOfRange { loan_id, day: effective_on };
        let effect = day
            .iter()
            .try_fold(0_i64, |sum, event| sum.checked_add(event.kind.effect(event.amount_minor)))
            .ok_or_else(out_of_range)?;
        // Shifting the days before it moves the last one too, so its balance follows in both cases.
        balance = within(balance.checked_add(effect)).ok_or_else(out_of_range)?;
        if effective_on.stored() > last_day {
            appended.push((loan_id, effective_on.stored(), balance));
        } else {
            add_to_balances(tx, loan_id, effective_on, effect).await?;
        }
    }
    tx.execute_many(INSERT_BALANCE, appended).await?;
    Ok(())
}

fn entry_row(seq: i64, event: &EventRow, now: Timestamp) -> EntryRow<'static> {
    let effect_minor = event.kind.effect(event.amount_minor);
    let day = event.effective_on.stored();
    (event.loan_id, seq, event.kind.as_str(), day, now, effect_minor, None, None, None, None)
}
