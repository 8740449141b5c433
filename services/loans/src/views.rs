//! What the procedures answer.

use serde::Serialize;

use crate::entry::{Entry, Loan, Origin};
use crate::ledger::HistoryDay;
use crate::{Day, Scale};

#[derive(Debug, Serialize)]
pub(crate) struct StatusView {
    pub(crate) status: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct LoanView {
    id: i64,
    start_on: Day,
    initial: String,
    balance: Option<String>,
    entries: i64,
}

impl LoanView {
    pub(crate) fn new(loan: &Loan, scale: Scale) -> Self {
        Self {
            id: loan.id,
            start_on: loan.terms.start_on,
            initial: scale.show(loan.terms.initial_minor),
            balance: loan.balance_minor.map(|balance| scale.show(balance)),
            entries: loan.entries,
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct LoansView {
    pub(crate) as_of: Day,
    pub(crate) loans: Vec<LoanView>,
    pub(crate) next: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct EntryView<'a> {
    loan_id: i64,
    seq: i64,
    r#type: &'static str,
    effective_on: Day,
    posted_at: jiff::Timestamp,
    amount: String,
    effect: String,
    origin: &'static str,
    posted_by: Option<&'a str>,
    back_dated: bool,
    note: Option<&'a str>,
    reverses: Option<i64>,
    reversed_by: Option<i64>,
}

impl<'a> EntryView<'a> {
    pub(crate) fn new(entry: &'a Entry, scale: Scale) -> Self {
        let (origin, posted_by) = match &entry.origin {
            Origin::Posted { by, .. } => ("posted", Some(by.as_str())),
            Origin::Imported => ("imported", None),
        };
        Self {
            loan_id: entry.loan_id,
            seq: entry.seq,
            r#type: entry.kind.as_str(),
            effective_on: entry.effective_on,
            posted_at: entry.posted_at,
            amount: scale.show(entry.amount_minor()),
            effect: scale.show(entry.effect_minor),
            origin,
            posted_by,
            back_dated: entry.is_back_dated(),
            note: entry.note.as_deref(),
            reverses: entry.reverses,
            reversed_by: entry.reversed_by,
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct HistoryView<'a> {
    pub(crate) loan_id: i64,
    pub(crate) start_on: Day,
    pub(crate) initial: String,
    pub(crate) days: Vec<DayView<'a>>,
    pub(crate) next: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DayView<'a> {
    date: Day,
    balance: String,
    entries: Vec<EntryView<'a>>,
}

impl<'a> DayView<'a> {
    pub(crate) fn new(day: &'a HistoryDay, scale: Scale) -> Self {
        Self {
            date: day.date,
            balance: scale.show(day.balance_minor),
            entries: day.entries.iter().map(|entry| EntryView::new(entry, scale)).collect(),
        }
    }
}
