//! Rows against each other and against the ledger: pure, so that every rule can be tested without a database.

use std::collections::{HashMap, HashSet};

use super::faults::Faults;
use super::rows::{EventRow, LoanRow, Rows};
use crate::Scale;
use crate::entry::Terms;

/// What the ledger knew before the import: the terms of those loans that the files speak of.
pub(super) type Known = HashMap<i64, Terms>;

/// What is to be written if nothing is wrong.
#[derive(Debug)]
pub(super) struct Plan {
    /// Loans that the ledger does not have.
    pub(super) new_loans: Vec<LoanRow>,
    /// Loans that it has, with the same terms.
    pub(super) loans_known: u64,
    /// Events by loan, then day, then line.
    pub(super) events: Vec<EventRow>,
}

/// How the rows are judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'a> {
    pub(super) scale: Scale,
    pub(super) accept_repeats: bool,
    /// The loans' file, as faults in the other name it.
    pub(super) loans_file: &'a str,
}

/// Judges all rows, adding to the faults that reading found.
pub(super) fn judge(
    loans: Rows<LoanRow>,
    events: Rows<EventRow>,
    known: &Known,
    rules: Rules<'_>,
    loan_faults: &mut Faults,
    event_faults: &mut Faults,
) -> Plan {
    // A loan whose own row is bad is reported once, there, and not again by each of its events.
    let spoilt: HashSet<i64> = loans.spoilt.into_iter().collect();
    let mut terms = known.clone();
    let (new_loans, loans_known) = judge_loans(loans.good, &mut terms, known, rules.scale, loan_faults);
    let mut events = events.good;
    events.sort_unstable_by_key(|event| (event.loan_id, event.effective_on, event.line));
    for event in &events {
        match terms.get(&event.loan_id) {
            _ if spoilt.contains(&event.loan_id) => {}
            Some(terms) if event.effective_on < terms.start_on => event_faults.push(
                event.line,
                format!("{} is before the start of loan {} on {}", event.effective_on, event.loan_id, terms.start_on),
            ),
            Some(_) => {}
            None => event_faults.push(
                event.line,
                format!("loan {} is neither in {} nor in the ledger", event.loan_id, rules.loans_file),
            ),
        }
    }
    if !rules.accept_repeats {
        refuse_repeats(&events, event_faults);
    }
    Plan { new_loans, loans_known, events }
}

fn judge_loans(
    rows: Vec<LoanRow>,
    terms: &mut Known,
    known: &Known,
    scale: Scale,
    faults: &mut Faults,
) -> (Vec<LoanRow>, u64) {
    let mut lines: HashMap<i64, u64> = HashMap::with_capacity(rows.len());
    let (mut new_loans, mut loans_known) = (Vec::new(), 0);
    for row in rows {
        if let Some(line) = lines.get(&row.id) {
            faults.push(row.line, format!("loan {} is on line {line} already", row.id));
            continue;
        }
        lines.insert(row.id, row.line);
        match known.get(&row.id) {
            None => {
                terms.insert(row.id, row.terms);
                new_loans.push(row);
            }
            Some(same) if *same == row.terms => loans_known += 1,
            Some(other) => faults.push(
                row.line,
                format!(
                    "loan {} is in the ledger with other terms: it starts on {} with {}",
                    row.id,
                    other.start_on,
                    scale.show(other.initial_minor)
                ),
            ),
        }
    }
    (new_loans, loans_known)
}

/// Reports each event that says the same as an earlier line. `events` are sorted by loan and day.
fn refuse_repeats(events: &[EventRow], faults: &mut Faults) {
    for day in events.chunk_by(|a, b| (a.loan_id, a.effective_on) == (b.loan_id, b.effective_on)) {
        if day.len() < 2 {
            continue;
        }
        let mut lines = HashMap::with_capacity(day.len());
        for event in day {
            let first = *lines.entry((event.kind, event.amount_minor)).or_insert(event.line);
            if first != event.line {
                faults.push(
                    event.line,
                    format!("says the same as line {first}; when both happened, import with repeats accepted"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows;
    use super::*;
    use crate::Day;

    fn check(loans: &str, events: &str, known: &[(i64, &str, i64)], accept_repeats: bool) -> (Plan, Vec<String>) {
        let (mut loan_faults, mut event_faults) = (Faults::of("loans.csv"), Faults::of("events.csv"));
        let loans = rows::loans(loans.as_bytes(), Scale::CENTS, &mut loan_faults, &|_| {}).unwrap();
        let events = rows::events(events.as_bytes(), Scale::CENTS, &mut event_faults, &|_| {}).unwrap();
        let known = known
            .iter()
            .map(|&(id, start, initial_minor)| (id, Terms { start_on: Day::parse(start).unwrap(), initial_minor }))
            .collect();
        let rules = Rules { scale: Scale::CENTS, accept_repeats, loans_file: "loans.csv" };
        let plan = judge(loans, events, &known, rules, &mut loan_faults, &mut event_faults);
        (plan, loan_faults.list().iter().chain(event_faults.list()).map(ToString::to_string).collect())
    }

    #[test]
    fn a_loan_twice_in_the_file_or_in_the_ledger_with_other_terms_is_refused() {
        let (_, faults) =
            check("1,2020-01-01,5\n2,2020-01-01,5\n1,2020-01-01,5\n", "", &[(2, "2020-01-01", 600)], false);
        assert_eq!(
            faults,
            [
                "loans.csv:2: loan 2 is in the ledger with other terms: it starts on 2020-01-01 with 6.00",
                "loans.csv:3: loan 1 is on line 1 already",
            ]
        );
    }

    #[test]
    fn a_loan_in_the_ledger_with_the_same_terms_is_no_news() {
        let (plan, faults) = check("1,2020-01-01,5\n2,2020-1-1,6.00\n", "", &[(2, "2020-01-01", 600)], false);
        assert_eq!(faults, [""; 0]);
        assert_eq!((plan.new_loans.len(), plan.loans_known), (1, 1));
    }

    #[test]
    fn an_event_needs_a_loan_that_has_begun() {
        let events = "1,fee,2019-12-31,1\n1,fee,2020-01-01,1\n9,fee,2020-01-01,1\n4,fee,2020-02-01,1\n";
        let (_, faults) = check("1,2020-01-01,5\n", events, &[(4, "2020-03-01", 1)], false);
        assert_eq!(
            faults,
            [
                "events.csv:1: 2019-12-31 is before the start of loan 1 on 2020-01-01",
                "events.csv:4: 2020-02-01 is before the start of loan 4 on 2020-03-01",
                "events.csv:3: loan 9 is neither in loans.csv nor in the ledger",
            ]
        );
    }

    #[test]
    fn a_bad_loan_row_is_reported_once_and_not_by_each_of_its_events() {
        let (_, faults) = check("1,2020-01-32,5\n", "1,fee,2020-01-01,1\n1,fee,2020-01-02,1\n", &[], false);
        assert_eq!(faults, ["loans.csv:1: `2020-01-32`: 2020-01-32 is not a day of the calendar"]);
    }

    #[test]
    fn a_repeated_event_is_refused_unless_repeats_are_accepted() {
        let events = "1,fee,2020-02-01,1\n1,fee,2020-2-1,1.00\n1,fee,2020-02-01,2\n1,payment,2020-02-01,1\n";
        let (_, faults) = check("1,2020-01-01,5\n", events, &[], false);
        assert_eq!(faults, ["events.csv:2: says the same as line 1; when both happened, import with repeats accepted"]);
        let (plan, faults) = check("1,2020-01-01,5\n", events, &[], true);
        assert_eq!(faults, [""; 0]);
        assert_eq!(plan.events.len(), 4);
    }
}
