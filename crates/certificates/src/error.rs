//! What can go wrong, in sentences for the operator.

use std::path::{Path, PathBuf};

/// Why something was not done. No formatting of it shows a key or a passphrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It was asked for what is not done; the sentence says what to do instead.
    #[error("{0}")]
    Refused(String),
    /// A file could not be read or written.
    #[error("{doing} {path}: {source}", path = path.display())]
    File {
        /// `cannot read`, `cannot write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The cryptography or the encoding failed.
    #[error("the certificate cannot be made: {0}")]
    Making(#[from] rcgen::Error),
    /// A date that cannot be written.
    #[error("the clock, or the validity asked for, is beyond what certificates can say")]
    Time,
}

impl Error {
    pub(crate) fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(sentence.into())
    }

    pub(crate) fn reading(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File { doing: "cannot read", path: path.to_owned(), source }
    }

    pub(crate) fn writing(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File { doing: "cannot write", path: path.to_owned(), source }
    }
}
