//! The functions behind the table's rows.

use std::sync::Arc;

use crossgate_call::{Call, Outcome, Result};
use serde::de::IgnoredAny;

use crate::entry::{Entry, Kind};
use crate::ledger::{Posting, Reversal, Under, Wanted};
use crate::views::{DayView, EntryView, HistoryView, LoanView, LoansView, StatusView};
use crate::{Day, Error, Ledger, inputs};

/// Most loans on one page, and how many when nobody says.
const LOANS_MAX: u32 = 200;
const LOANS_DEFAULT: u32 = 50;
/// Most entries on one page of a history, and how many when nobody says.
const ENTRIES_MAX: u32 = 1000;
const ENTRIES_DEFAULT: u32 = 500;
/// Longest note and idempotency key, in characters. The tables and the contract say the same.
const NOTE_MAX: usize = 500;
const KEY_MAX: usize = 255;

pub(crate) async fn status(_: Arc<Ledger>, _: Call, _: IgnoredAny) -> Result<Outcome> {
    Outcome::value(&StatusView { status: "Loan Info \u{b5}-Service is running." })
}

pub(crate) async fn balance(ledger: Arc<Ledger>, _: Call, input: inputs::Balance) -> Result<Outcome> {
    let on = day("date", &input.date)?;
    let balance = ledger.balance(input.loan_id.possible()?, on).await?;
    Outcome::value(&ledger.scale().show(balance))
}

pub(crate) async fn list(ledger: Arc<Ledger>, _: Call, input: inputs::List) -> Result<Outcome> {
    let limit = limit(input.limit, LOANS_DEFAULT, LOANS_MAX)?;
    let after = input.cursor.map(|cursor| cursor.parse().map_err(|_| bad_cursor())).transpose()?;
    let as_of = ledger.today();
    // One more than is shown tells whether there is a next page.
    let mut loans = ledger.loans(after, limit + 1, as_of).await?;
    let more = loans.len() > limit as usize;
    loans.truncate(limit as usize);
    let next = loans.last().filter(|_| more).map(|loan| loan.id.to_string());
    let loans = loans.iter().map(|loan| LoanView::new(loan, ledger.scale())).collect();
    Outcome::value(&LoansView { as_of, loans, next })
}

pub(crate) async fn show(ledger: Arc<Ledger>, _: Call, input: inputs::One) -> Result<Outcome> {
    let loan = ledger.loan(input.loan_id.possible()?, ledger.today()).await?;
    Outcome::value(&LoanView::new(&loan, ledger.scale()))
}

pub(crate) async fn history(ledger: Arc<Ledger>, _: Call, input: inputs::History) -> Result<Outcome> {
    let loan_id = input.loan_id.possible()?;
    let wanted = Wanted {
        from: input.from.map_or(Ok(Day::FIRST), |text| day("from", &text))?,
        to: input.to.map_or(Ok(Day::LAST), |text| day("to", &text))?,
        after: input.cursor.map(|cursor| cursor.parse().map_err(|_| bad_cursor())).transpose()?,
        limit: limit(input.limit, ENTRIES_DEFAULT, ENTRIES_MAX)?,
    };
    let history = ledger.history(loan_id, wanted).await?;
    let scale = ledger.scale();
    Outcome::value(&HistoryView {
        loan_id,
        start_on: history.terms.start_on,
        initial: scale.show(history.terms.initial_minor),
        days: history.days.iter().map(|day| DayView::new(day, scale)).collect(),
        next: history.next.map(|next| next.to_string()),
    })
}

pub(crate) async fn entry(ledger: Arc<Ledger>, _: Call, input: inputs::OneEntry) -> Result<Outcome> {
    let entry = ledger.entry(input.loan_id.possible()?, input.seq).await?;
    Outcome::value(&EntryView::new(&entry, ledger.scale()))
}

pub(crate) async fn post(ledger: Arc<Ledger>, call: Call, input: inputs::Post) -> Result<Outcome> {
    let kind = kind(&input.kind)?;
    let posting = Posting {
        loan_id: input.loan_id.possible()?,
        kind,
        effective_on: day("effective_on", &input.effective_on)?,
        amount_minor: amount(&ledger, kind, &input.amount)?,
        note: note(input.note)?,
    };
    let entry = ledger.post(posting, under(&call, input.idempotency_key)?).await?;
    posted(&ledger, &entry)
}

pub(crate) async fn reverse(ledger: Arc<Ledger>, call: Call, input: inputs::Reverse) -> Result<Outcome> {
    let reversal = Reversal {
        loan_id: input.loan_id.possible()?,
        seq: input.seq,
        effective_on: input.effective_on.map(|text| day("effective_on", &text)).transpose()?,
        note: note(input.note)?,
    };
    let entry = ledger.reverse(reversal, under(&call, input.idempotency_key)?).await?;
    posted(&ledger, &entry)
}

fn posted(ledger: &Ledger, entry: &Entry) -> Result<Outcome> {
    let value = match Outcome::value(&EntryView::new(entry, ledger.scale()))? {
        Outcome::Value(value) => value,
        other => return Ok(other),
    };
    Ok(Outcome::Created { location: format!("/api/v1/loans/{}/entries/{}", entry.loan_id, entry.seq), value })
}

fn under(call: &Call, key: String) -> Result<Under, Error> {
    if !(1..=KEY_MAX).contains(&key.chars().count()) {
        return Err(Error::input("Idempotency-Key", format!("a key has 1 to {KEY_MAX} characters")));
    }
    Ok(Under { by: call.caller.id().to_string(), key })
}

fn day(name: &'static str, text: &str) -> Result<Day, Error> {
    Day::parse(text).map_err(|reason| Error::input(name, reason.to_string()))
}

fn kind(word: &str) -> Result<Kind, Error> {
    Kind::from_word(word)
        .filter(|kind| *kind != Kind::Reversal)
        .ok_or_else(|| Error::input("type", "the type is fee, interest, payment or adjustment"))
}

fn amount(ledger: &Ledger, kind: Kind, text: &str) -> Result<i64, Error> {
    let read = match kind {
        Kind::Adjustment => ledger.scale().parse(text),
        _ => ledger.scale().parse_unsigned(text),
    };
    match read {
        Ok(0) => Err(Error::input("amount", crate::NotAnAmount::Zero.to_string())),
        read => read.map_err(|reason| Error::input("amount", reason.to_string())),
    }
}

fn note(note: Option<String>) -> Result<Option<String>, Error> {
    match note {
        Some(text) if !(1..=NOTE_MAX).contains(&text.chars().count()) => {
            Err(Error::input("note", format!("a note has 1 to {NOTE_MAX} characters")))
        }
        note => Ok(note),
    }
}

fn limit(asked: Option<u32>, default: u32, most: u32) -> Result<u32, Error> {
    match asked.unwrap_or(default) {
        limit if (1..=most).contains(&limit) => Ok(limit),
        _ => Err(Error::input("limit", format!("a page has 1 to {most} items"))),
    }
}

fn bad_cursor() -> Error {
    Error::input("cursor", "give the `next` of the page before, as it was")
}
