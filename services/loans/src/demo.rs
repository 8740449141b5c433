//! Loans to try the program with: invented, and no lender's.

use std::sync::Arc;

use crate::import::{self, ImportError, ImportReport, Options, Source};
use crate::{Day, Ledger};

const LOANS: &str = include_str!("../demo/loans.csv");
const EVENTS: &str = include_str!("../demo/loan_events.csv");

/// Puts six loans with their histories into a ledger that has none. A ledger with any loan is left alone, and the
/// report says that nothing was added.
///
/// # Errors
/// [`ImportError`].
pub async fn seed_demo(ledger: &Ledger) -> Result<ImportReport, ImportError> {
    if !ledger.loans(None, 1, Day::LAST).await?.is_empty() {
        return Ok(ImportReport::default());
    }
    let loans = Source { name: "demo/loans.csv".to_owned(), content: LOANS.as_bytes() };
    let events = Source { name: "demo/loan_events.csv".to_owned(), content: EVENTS.as_bytes() };
    import::import(ledger, loans, events, Options::default(), Arc::new(|_| {})).await
}
