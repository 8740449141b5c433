//! How the ledger refuses, and what its callers learn of it.

use crossgate_call as call;
use crossgate_store as store;

use crate::Day;

/// Why the ledger did not do what it was asked. The sentences are for the caller, except [`Error::Scale`]'s
/// (whoever starts the program) and [`Error::Store`]'s (the operator).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No loan has this number.
    #[error("there is no loan {0}")]
    UnknownLoan(String),
    /// The loan began later than the day asked about.
    #[error("loan {loan_id} did not exist on {on}; it starts on {start_on}")]
    NotYet {
        /// The loan.
        loan_id: i64,
        /// The day asked about.
        on: Day,
        /// Its first day.
        start_on: Day,
    },
    /// The loan has no such entry.
    #[error("loan {loan_id} has no entry {seq}")]
    UnknownEntry {
        /// The loan.
        loan_id: i64,
        /// The number asked for.
        seq: i64,
    },
    /// One value of the input does not fit.
    #[error("the {name} does not fit: {detail}")]
    Input {
        /// Its name in the input.
        name: &'static str,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// The idempotency key belongs to another posting of the same caller.
    #[error("this idempotency key was used for another posting; choose a new one")]
    KeyReused,
    /// The entry has been undone.
    #[error("entry {seq} has been reversed already, by entry {by}")]
    AlreadyReversed {
        /// The entry.
        seq: i64,
        /// Its reversal.
        by: i64,
    },
    /// The entry undoes another.
    #[error("entry {0} is a reversal itself; post the entry that it undid once more instead")]
    IsReversal(i64),
    /// A balance would be further from zero than [`crate::BALANCE_MINOR_MAX`].
    #[error("the balance of loan {loan_id} on or after {day} would leave the range that the ledger can hold")]
    OutOfRange {
        /// The loan.
        loan_id: i64,
        /// The day from which the amount counts.
        day: Day,
    },
    /// Somebody else wrote while an import was being checked.
    #[error("the ledger changed while the files were read; run the import again")]
    Changed,
    /// The configured scale is not the one in which the ledger was written.
    #[error(
        "the ledger is kept with {kept} decimals and the configuration says {configured}: a ledger's scale never changes"
    )]
    Scale {
        /// What the ledger was begun with.
        kept: u8,
        /// What the configuration says.
        configured: u8,
    },
    /// The configured scale is out of range.
    #[error("`minor_unit_digits` is {0}; it is from 0 to 4")]
    ScaleRange(u8),
    /// The database failed.
    #[error("the ledger's database failed: {0}")]
    Store(#[from] store::Error),
    /// The ledger holds something that it never writes.
    #[error("the ledger is damaged: {0}")]
    Damaged(&'static str),
}

impl Error {
    /// An input value that does not fit.
    pub(crate) fn input(name: &'static str, detail: impl Into<String>) -> Self {
        Self::Input { name, detail: detail.into() }
    }
}

impl From<Error> for call::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownLoan(_) | Error::NotYet { .. } | Error::UnknownEntry { .. } => {
                Self::not_found(error.to_string())
            }
            Error::Input { name, ref detail } => {
                let field = call::Field::new("input", format!("/{name}"), detail.clone());
                Self::invalid(error.to_string(), vec![field])
            }
            Error::KeyReused
            | Error::AlreadyReversed { .. }
            | Error::IsReversal(_)
            | Error::OutOfRange { .. }
            | Error::Changed => Self::conflict(error.to_string()),
            Error::Store(cause) => cause.into(),
            Error::Scale { .. } | Error::ScaleRange(_) | Error::Damaged(_) => Self::internal(error),
        }
    }
}
