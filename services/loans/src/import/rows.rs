//! Rows of the two files, read one by one: everything that can be judged without looking at another row.

use std::borrow::Cow;
use std::io::{self, Read};

use super::faults::Faults;
use super::lines::{Lines, split};
use super::{OnProgress, PROGRESS_EVERY, Progress};
use crate::entry::{Kind, Terms};
use crate::{Day, NotAnAmount, Scale};

/// One row of the loans' file: `id,start,initial`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LoanRow {
    pub(super) line: u64,
    pub(super) id: i64,
    pub(super) terms: Terms,
}

/// One row of the events' file: `id,type,date,amount`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EventRow {
    pub(super) line: u64,
    pub(super) loan_id: i64,
    pub(super) effective_on: Day,
    pub(super) kind: Kind,
    pub(super) amount_minor: i64,
}

/// What is wrong with one row, and whose row it is if that much could be read.
struct BadRow {
    loan_id: Option<i64>,
    reasons: Vec<String>,
}

/// A file's good rows, and the loans that its bad rows speak of.
#[derive(Debug)]
pub(super) struct Rows<T> {
    pub(super) good: Vec<T>,
    pub(super) spoilt: Vec<i64>,
}

/// Reads the loans' file.
pub(super) fn loans(
    file: impl Read,
    scale: Scale,
    faults: &mut Faults,
    on_progress: &OnProgress,
) -> io::Result<Rows<LoanRow>> {
    read(file, faults, on_progress, |line, [id, start, initial]: [Cow<'_, str>; 3]| {
        let (id, start, initial) = (loan_id(&id), day(&start), amount(scale, &initial));
        match (id, start, initial) {
            (Ok(id), Ok(start_on), Ok(initial_minor)) => {
                Ok(LoanRow { line, id, terms: Terms { start_on, initial_minor } })
            }
            (id, start, initial) => Err(BadRow {
                loan_id: id.as_ref().ok().copied(),
                reasons: [id.err(), start.err(), initial.err()].into_iter().flatten().collect(),
            }),
        }
    })
}

/// Reads the events' file.
pub(super) fn events(
    file: impl Read,
    scale: Scale,
    faults: &mut Faults,
    on_progress: &OnProgress,
) -> io::Result<Rows<EventRow>> {
    read(file, faults, on_progress, |line, [id, kind, date, amount_text]: [Cow<'_, str>; 4]| {
        let (id, kind, date, amount) = (loan_id(&id), event_kind(&kind), day(&date), event_amount(scale, &amount_text));
        match (id, kind, date, amount) {
            (Ok(loan_id), Ok(kind), Ok(effective_on), Ok(amount_minor)) => {
                Ok(EventRow { line, loan_id, effective_on, kind, amount_minor })
            }
            (id, kind, date, amount) => Err(BadRow {
                loan_id: id.as_ref().ok().copied(),
                reasons: [id.err(), kind.err(), date.err(), amount.err()].into_iter().flatten().collect(),
            }),
        }
    })
}

fn read<T, const N: usize>(
    file: impl Read,
    faults: &mut Faults,
    on_progress: &OnProgress,
    mut parse: impl FnMut(u64, [Cow<'_, str>; N]) -> Result<T, BadRow>,
) -> io::Result<Rows<T>> {
    let mut rows = Rows { good: Vec::new(), spoilt: Vec::new() };
    let mut lines = Lines::new(file);
    let mut first = true;
    while let Some((line, text)) = lines.next()? {
        if line % PROGRESS_EVERY == 0 {
            on_progress(Progress::Read { lines: line });
        }
        let fields = text.and_then(split::<N>);
        let header = first && fields.as_ref().is_ok_and(|fields| fields.iter().all(|field| is_a_name(field)));
        first = false;
        match fields {
            Ok(_) if header => {}
            Ok(fields) => match parse(line, fields) {
                Ok(row) => rows.good.push(row),
                Err(bad) => {
                    rows.spoilt.extend(bad.loan_id);
                    faults.push(line, bad.reasons.join("; "));
                }
            },
            Err(reason) => faults.push(line, reason),
        }
    }
    Ok(rows)
}

/// Whether a field of the first line names its column: no value of any column begins with a letter in every
/// field of its row.
fn is_a_name(field: &str) -> bool {
    field.chars().next().is_some_and(char::is_alphabetic)
}

fn loan_id(text: &str) -> Result<i64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let id = digits.then(|| text.parse().ok()).flatten();
    id.ok_or_else(|| format!("`{}` is not a loan's number", shorten(text)))
}

fn event_kind(text: &str) -> Result<Kind, String> {
    [Kind::Fee, Kind::Interest, Kind::Payment]
        .into_iter()
        .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
        .ok_or_else(|| format!("`{}` is no type of event; it is fee, interest or payment", shorten(text)))
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).map_err(|reason| format!("`{}`: {reason}", shorten(text)))
}

/// An event of nothing would stand in the ledger for ever and change nothing: as in a posting, it is refused.
fn event_amount(scale: Scale, text: &str) -> Result<i64, String> {
    match amount(scale, text)? {
        0 => Err(format!("`{text}`: {}", NotAnAmount::Zero)),
        amount => Ok(amount),
    }
}

fn amount(scale: Scale, text: &str) -> Result<i64, String> {
    scale.parse_unsigned(text).map_err(|reason| format!("`{}`: {reason}", shorten(text)))
}

/// As much of a bad value as helps to find it, with nothing that could play tricks on a terminal.
fn shorten(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    let mut short: String = text.chars().take(CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENTS: Scale = Scale::CENTS;

    fn read_events(text: &[u8]) -> (Vec<EventRow>, Vec<String>) {
        let mut faults = Faults::of("events.csv");
        let rows = events(text, CENTS, &mut faults, &|_| {}).unwrap();
        (rows.good, faults.list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_header_is_recognised_and_a_bad_first_row_is_not_taken_for_one() {
        for text in ["loan_id,type,date,amount\n7,fee,2020-01-02,5.00", "7,Fee, 2020-1-2,\"5\"\r\n"] {
            let (rows, faults) = read_events(text.as_bytes());
            assert_eq!(faults, [""; 0]);
            assert_eq!(rows.len(), 1);
            assert_eq!((rows[0].kind, rows[0].amount_minor), (Kind::Fee, 500));
        }
        let (rows, faults) = read_events(b"x7,fee,2020-01-02,5.00\n");
        assert!(rows.is_empty());
        assert_eq!(faults, ["events.csv:1: `x7` is not a loan's number"]);
    }

    #[test]
    fn everything_wrong_with_a_row_is_said_at_once() {
        let (_, faults) =
            read_events(b"-1,refund,2020-02-30,1.005\n1,payment,2020-02-28,NaN\n1,payment,2020-02-28,-3\n");
        assert_eq!(
            faults,
            [
                "events.csv:1: `-1` is not a loan's number; `refund` is no type of event; it is fee, interest or payment; \
                 `2020-02-30`: 2020-02-30 is not a day of the calendar; `1.005`: an amount has at most 2 decimals",
                "events.csv:2: `NaN`: an amount is written in digits with a decimal point, as in 423.00",
                "events.csv:3: `-3`: an amount must not be negative: the type of the entry says whether it is added or taken off",
            ]
        );
    }

    #[test]
    fn an_event_of_nothing_is_refused_as_in_a_posting() {
        let (rows, faults) = read_events(b"1,payment,2020-02-28,0\n1,payment,2020-02-28,0.00\n");
        assert!(rows.is_empty());
        assert_eq!(faults[0], "events.csv:1: `0`: an amount of zero changes nothing; give one above zero");
        assert_eq!(faults.len(), 2);
    }

    #[test]
    fn a_bad_value_is_shown_short_and_tame() {
        assert_eq!(shorten("\u{1b}[2Jx"), "\\u{1b}[2Jx");
        assert_eq!(shorten(&"y".repeat(50)).chars().count(), 41);
    }

    #[test]
    fn any_bytes_are_rows_or_faults() {
        bolero::check!().for_each(|bytes: &[u8]| {
            let mut faults = Faults::of("any.csv");
            let rows = events(bytes, CENTS, &mut faults, &|_| {}).unwrap();
            assert!(rows.good.iter().all(|row| row.amount_minor >= 0 && row.loan_id >= 0));
            let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
            assert!(rows.good.len() as u64 + faults.count() <= lines);
            loans(bytes, CENTS, &mut Faults::of("any.csv"), &|_| {}).unwrap();
        });
    }
}
