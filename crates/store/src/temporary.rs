//! A database that goes away with its store: for tests, trials and examples.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Attempts to find a directory name that is not taken.
const ATTEMPTS_MAX: u32 = 16;

/// A directory of our own, removed with everything in it when dropped.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Result<Self> {
        let mut last = None;
        for attempt in 0..ATTEMPTS_MAX {
            // A fresh `RandomState` has fresh keys: its hash of anything is a random number.
            let unique = RandomState::new().hash_one(attempt);
            let path = std::env::temp_dir().join(format!("crossgate-store-{}-{unique:016x}", std::process::id()));
            let mut builder = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match builder.create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) => last = Some(error),
            }
        }
        let why = last.map(|error| error.to_string()).unwrap_or_default();
        Err(Error::unavailable(format!("no temporary directory could be made: {why}")))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "a temporary database could not be removed");
        }
    }
}
