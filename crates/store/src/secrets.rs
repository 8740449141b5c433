//! Where secrets come from: a file or an environment variable, named by a reference in the configuration.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

use secrecy::SecretString;

/// Most bytes that a secret may have; keys and certificates fit many times over.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Why a secret could not be had. It never shows the secret, nor text that may be one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The reference names no source.
    #[error("a secret is not written into the configuration: use `file:PATH` or `env:NAME`")]
    Literal,
    /// The environment has no such variable, or it is not UTF-8.
    #[error("the environment variable `{0}` is not set to a text")]
    Environment(String),
    /// The file cannot be read.
    #[error("the secret file `{path}` cannot be read: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is there and does not serve.
    #[error("the secret file `{path}` {problem}")]
    Unfit {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The source holds nothing.
    #[error("the secret `{0}` is empty")]
    Empty(String),
}

/// Fetches the secret that `file:PATH` or `env:NAME` names. One line end at the end is not part of it.
///
/// A file that others may read is used, with a warning: container platforms mount secrets that way.
/// A file that others may write is refused.
///
/// # Errors
/// [`SecretError`]; [`SecretError::Literal`] for anything that is not a reference.
pub fn resolve(reference: &str) -> Result<SecretString, SecretError> {
    if let Some(path) = reference.strip_prefix("file:") {
        return from_file(Path::new(path));
    }
    if let Some(name) = reference.strip_prefix("env:") {
        let value = std::env::var(name).map_err(|_| SecretError::Environment(name.to_owned()))?;
        return finish(reference, value);
    }
    Err(SecretError::Literal)
}

/// As [`resolve`], and takes what is not a reference as the secret itself: for trials and tests.
///
/// # Errors
/// As [`resolve`], but for [`SecretError::Literal`].
pub fn resolve_or_literal(reference: &str) -> Result<SecretString, SecretError> {
    match resolve(reference) {
        Err(SecretError::Literal) if reference.is_empty() => Err(SecretError::Empty(String::new())),
        Err(SecretError::Literal) => Ok(SecretString::from(reference)),
        resolved => resolved,
    }
}

/// Whether a text is a reference, as opposed to something that may be a secret.
pub fn is_reference(text: &str) -> bool {
    text.starts_with("file:") || text.starts_with("env:")
}

fn from_file(path: &Path) -> Result<SecretString, SecretError> {
    let shown = path.display().to_string();
    let unreadable = |source| SecretError::File { path: shown.clone(), source };
    // Looked at before it is opened: opening a pipe would wait for somebody to write to it.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if let Some(problem) = unfit(&metadata) {
        return Err(SecretError::Unfit { path: shown, problem });
    }
    if readable_by_others(&metadata) {
        tracing::warn!(path = %shown, "the secret file can be read by every user of this machine: chmod 600 it");
    }
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text));
    match read {
        Ok(read) if read as u64 > SECRET_BYTES_MAX => {
            Err(SecretError::Unfit { path: shown, problem: "is larger than 64 KiB" })
        }
        Ok(_) => finish(&shown, text),
        Err(error) => Err(unreadable(error)),
    }
}

fn unfit(metadata: &Metadata) -> Option<&'static str> {
    if !metadata.is_file() {
        return Some("is not a regular file");
    }
    if metadata.len() > SECRET_BYTES_MAX {
        return Some("is larger than 64 KiB");
    }
    (mode(metadata) & 0o002 != 0).then_some("can be changed by every user of this machine: chmod 600 it")
}

fn readable_by_others(metadata: &Metadata) -> bool {
    mode(metadata) & 0o004 != 0
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata)
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0
}

fn finish(shown: &str, mut text: String) -> Result<SecretString, SecretError> {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(SecretError::Empty(shown.to_owned()));
    }
    Ok(SecretString::from(text))
}
