//! How a call fails: a closed list of kinds, each with a sentence for the caller and, kept apart,
//! a cause for the operator.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// A call's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it is. The doors translate each kind once: to an HTTP status in
/// `crates/edge`, to a WAMP error URI in the WAMP door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The caller has not proved who it is, or its proof is not valid.
    Unauthenticated,
    /// The caller is known, and may not do this.
    Forbidden,
    /// There is no such operation or procedure.
    NoSuchProcedure,
    /// The operation exists; the thing that it was asked about does not.
    NotFound,
    /// The input does not fit; [`Error::fields`] says where.
    Invalid,
    /// The input fits, but not the present state of the thing.
    Conflict,
    /// The input is larger than allowed.
    TooLarge,
    /// The caller calls too often; [`Error::retry_after`] says when to try again.
    TooMany,
    /// Something that the call needs is not there now; worth trying again.
    Unavailable,
    /// The deadline passed before there was an answer.
    Deadline,
    /// A fault on our side. The caller learns a reference and nothing else.
    Internal,
}

impl Kind {
    /// The word used in audit records, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NoSuchProcedure => "no_such_procedure",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
            Self::Deadline => "deadline",
            Self::Internal => "internal",
        }
    }
}

/// One place in the input that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Field {
    /// Where the value came from: `path`, `query`, `header`, `cookie`, `body`; `input` for a call without HTTP.
    #[serde(rename = "in")]
    pub place: &'static str,
    /// JSON Pointer (RFC 6901) inside that place, `""` for the whole: `/patient_info/date_of_birth`.
    pub pointer: String,
    /// A sentence for people: what is wrong and what would be right.
    pub detail: String,
}

impl Field {
    /// Names a place and what is wrong there.
    pub fn new(place: &'static str, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place, pointer: pointer.into(), detail: detail.into() }
    }
}

/// A failed call.
///
/// `Display` and `Debug` give the kind and the public sentence only. The cause is reachable through
/// [`Error::cause`], for the operator's log, and by nothing that formats an error by accident; for
/// that reason this type also has no [`StdError::source`].
pub struct Error {
    kind: Kind,
    public: Cow<'static, str>,
    fields: Vec<Field>,
    retry_after: Option<Duration>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind`, with the sentence that the caller reads: lower case, no full stop, what to do.
    pub fn new(kind: Kind, public: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, public: public.into(), fields: Vec::new(), retry_after: None, cause: None }
    }

    /// The caller must prove who it is.
    pub fn unauthenticated(public: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unauthenticated, public)
    }

    /// The caller may not.
    pub fn forbidden(public: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Forbidden, public)
    }

    /// The thing is not there (or the caller may not know whether it is).
    pub fn not_found(public: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotFound, public)
    }

    /// The input does not fit, in these places.
    pub fn invalid(public: impl Into<Cow<'static, str>>, fields: Vec<Field>) -> Self {
        Self { fields, ..Self::new(Kind::Invalid, public) }
    }

    /// The input collides with the present state.
    pub fn conflict(public: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Conflict, public)
    }

    /// Something needed is away; worth retrying after the time given.
    pub fn unavailable(public: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(Kind::Unavailable, public) }
    }

    /// Too often; worth retrying after the time given.
    pub fn too_many(public: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(Kind::TooMany, public) }
    }

    /// A fault on our side, with its cause. The caller is told nothing about the cause.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::Internal, "something went wrong on our side; quote the reference when you report it")
            .because(cause)
    }

    /// Adds the operator's cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The caller's sentence.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The places in the input that do not fit.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// When to try again, for [`Kind::TooMany`] and [`Kind::Unavailable`].
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The operator's cause. For logs; never for an answer.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.public)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("public", &self.public)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_shows_in_no_formatting() {
        let error = Error::internal("password of db is hunter2").because("hunter2");
        for shown in [format!("{error}"), format!("{error:?}"), format!("{error:#?}")] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        assert!(StdError::source(&error).is_none());
        assert!(error.cause().is_some_and(|cause| cause.to_string() == "hunter2"));
    }
}
