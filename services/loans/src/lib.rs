//! Loans: what is owed on any day, from an append-only ledger.
//!
//! This service owns the ledger: its tables, its rules, the import of a lender's files. It knows nothing of HTTP,
//! tokens or who may call; it is given admitted calls and answers values. Its promises are in `contracts/loans.yaml`.
//!
//! | procedure | HTTP operation | function |
//! |---|---|---|
//! | `loans.status` | `GET /status` | `procedures::status` |
//! | `loans.balance` | `GET /api/v1/loan/{loan_id}/{date}` | `procedures::balance` |
//! | `loans.history` | `GET /api/v1/loan/{loan_id}/history` | `procedures::history` |
//! | `loans.list` | `GET /api/v1/loans` | `procedures::list` |
//! | `loans.show` | `GET /api/v1/loans/{loan_id}` | `procedures::show` |
//! | `loans.entry` | `GET /api/v1/loans/{loan_id}/entries/{seq}` | `procedures::entry` |
//! | `loans.post` | `POST /api/v1/loans/{loan_id}/entries` | `procedures::post` |
//! | `loans.reverse` | `POST /api/v1/loans/{loan_id}/entries/{seq}/reversal` | `procedures::reverse` |
//!
//! The rules of the ledger, kept by its tables as well as by its code:
//! - a loan's terms and its entries are added and never changed; a mistake is undone by a reversal that names it;
//! - a balance is the initial amount and all effects up to and including the day: one look-up, however long the history;
//! - amounts are integers of minor units, within named limits, and nothing is rounded.

mod config;
mod day;
mod demo;
mod entry;
mod error;
pub mod import;
mod inputs;
mod ledger;
mod money;
mod procedures;
mod views;

use std::sync::Arc;

use crossgate_call::{Audit, Clock, Procedure, Readiness, Service};
use crossgate_store::Store;

pub use config::Config;
pub use day::{Day, NotADay};
pub use demo::seed_demo;
pub use entry::{Entry, Kind, Loan, Origin, Terms};
pub use error::Error;
pub use ledger::{History, HistoryDay, Ledger, Position, Posting, Reversal, Under, Wanted};
pub use money::{AMOUNT_MINOR_MAX, BALANCE_MINOR_MAX, NotAnAmount, Scale};

/// The contract, `contracts/loans.yaml`. Its `POST /token` is answered by `identity.login`.
pub const CONTRACT: &str = include_str!("../../../contracts/loans.yaml");

/// The same promises as a Swagger 2.0 document, for clients that ask for `/swagger.json`.
pub const SWAGGER: &str = include_str!("../../../contracts/loans.swagger2.json");

/// Opens the service.
///
/// # Errors
/// As [`Ledger::open`].
pub async fn open(config: Config, store: Store, clock: Arc<dyn Clock>) -> Result<Service, Error> {
    Ok(service(&Ledger::open(config, store, clock).await?))
}

/// The service of a ledger that is open, for whoever imports into it as well.
pub fn service(ledger: &Arc<Ledger>) -> Service {
    let probed = Arc::clone(ledger);
    let ready: Readiness = Arc::new(move || {
        let ledger = Arc::clone(&probed);
        Box::pin(async move { Ok(ledger.ready().await?) })
    });
    Service { name: "loans", procedures: table(ledger), ready }
}

#[rustfmt::skip]
fn table(ledger: &Arc<Ledger>) -> Vec<Procedure> {
    use procedures::{balance, entry, history, list, post, reverse, show, status};
    vec![
        Procedure::new("loans.status", Some("GET /status"), ledger, status).audit(Audit::Refusals),
        Procedure::new("loans.balance", Some("GET /api/v1/loan/{loan_id}/{date}"), ledger, balance),
        Procedure::new("loans.history", Some("GET /api/v1/loan/{loan_id}/history"), ledger, history),
        Procedure::new("loans.list", Some("GET /api/v1/loans"), ledger, list),
        Procedure::new("loans.show", Some("GET /api/v1/loans/{loan_id}"), ledger, show),
        Procedure::new("loans.entry", Some("GET /api/v1/loans/{loan_id}/entries/{seq}"), ledger, entry),
        Procedure::new("loans.post", Some("POST /api/v1/loans/{loan_id}/entries"), ledger, post),
        Procedure::new("loans.reverse", Some("POST /api/v1/loans/{loan_id}/entries/{seq}/reversal"), ledger, reverse),
    ]
}
