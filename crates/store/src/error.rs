//! How the database fails, in the few kinds that a caller can act on.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::ErrorCode;
use rusqlite::ffi;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// When it makes sense to try again after [`Error::Unavailable`].
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What went wrong, for the operator.
#[derive(Clone)]
pub struct Detail {
    message: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{:?} ({source})", self.message),
            None => write!(f, "{:?}", self.message),
        }
    }
}

/// A failed read or write. Its text is for the operator; callers of a service get the sentence of
/// the [`crossgate_call::Error`] that it converts into.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot answer now: locked, full, away, overloaded or closed. Nothing was written;
    /// trying again is worth while.
    Unavailable(Detail),
    /// A unique key exists already.
    Conflict(Detail),
    /// Another constraint (foreign key, check, not null, a trigger's refusal) does not hold.
    Constraint(Detail),
    /// More rows or bytes than one answer may have.
    TooLarge(Detail),
    /// The configuration or the schema in the file does not suit this program.
    Refused(Detail),
    /// A fault: a statement that does not compile, a value of another type, a damaged file, a panic.
    Other(Detail),
}

impl Error {
    /// The database cannot answer now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable(Detail { message: message.into(), source: None })
    }

    /// The configuration or the schema does not suit.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::Refused(Detail { message: message.into(), source: None })
    }

    /// More than one answer may have.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::TooLarge(Detail { message: message.into(), source: None })
    }

    /// A fault.
    pub fn other(message: impl Into<String>) -> Self {
        Self::Other(Detail { message: message.into(), source: None })
    }

    /// Whether the same call may succeed later without a change.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    fn detail(&self) -> &Detail {
        match self {
            Self::Unavailable(detail)
            | Self::Conflict(detail)
            | Self::Constraint(detail)
            | Self::TooLarge(detail)
            | Self::Refused(detail)
            | Self::Other(detail) => detail,
        }
    }

    /// Puts what was being done before the message.
    #[must_use]
    pub(crate) fn during(mut self, what: impl fmt::Display) -> Self {
        let (Self::Unavailable(detail)
        | Self::Conflict(detail)
        | Self::Constraint(detail)
        | Self::TooLarge(detail)
        | Self::Refused(detail)
        | Self::Other(detail)) = &mut self;
        detail.message = format!("{what}: {}", detail.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.detail().fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.detail().source.as_deref().map(|source| source as _)
    }
}

/// What a service's caller learns when a service passes a database error on.
impl From<Error> for crossgate_call::Error {
    fn from(error: Error) -> Self {
        use crossgate_call::Error as Call;
        match &error {
            Error::Unavailable(_) => Call::unavailable("the database is not available; try again", RETRY_AFTER),
            Error::Conflict(_) => Call::conflict("this exists already"),
            Error::TooLarge(_) => Call::new(crossgate_call::Kind::TooLarge, "the answer is too large; ask for less"),
            Error::Constraint(_) | Error::Refused(_) | Error::Other(_) => return Call::internal(error),
        }
        .because(error)
    }
}

/// Sorts SQLite's result codes (<https://sqlite.org/rescode.html>) into our kinds.
pub(crate) fn from_sqlite(error: rusqlite::Error) -> Error {
    let code = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => Some(*failure),
        _ => None,
    };
    let kind = code.map_or(Error::Other as fn(Detail) -> Error, |failure| match failure.code {
        ErrorCode::ConstraintViolation => match failure.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
                Error::Conflict
            }
            _ => Error::Constraint,
        },
        ErrorCode::TooBig => Error::TooLarge,
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::OutOfMemory
        | ErrorCode::OperationInterrupted
        | ErrorCode::FileLockingProtocolFailed => Error::Unavailable,
        _ => Error::Other,
    });
    let told = code.and_then(|failure| in_words(failure.code));
    let message = told.map_or_else(|| error.to_string(), |words| format!("{words} ({error})"));
    kind(Detail { message, source: Some(Arc::new(error)) })
}

fn in_words(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => "another process holds the database's lock",
        ErrorCode::DiskFull => "the disk is full",
        ErrorCode::SystemIoFailure => "the disk reports an error",
        ErrorCode::CannotOpen => "the database file cannot be opened",
        ErrorCode::ReadOnly => "the database file or its directory cannot be written",
        ErrorCode::PermissionDenied => "the database file may not be accessed",
        ErrorCode::DatabaseCorrupt => "the database file is damaged",
        ErrorCode::NotADatabase => "the file is not a database",
        _ => return None,
    })
}
