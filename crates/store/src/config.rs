//! What an operator may say about a database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Error, Result};

/// Most read-only connections that may be asked for.
const READERS_MAX: usize = 64;
/// Read-only connections when the configuration leaves the number open: one per core, up to this.
const READERS_AUTOMATIC_MAX: usize = 8;
/// Longest queue of writes that may be asked for.
const WRITE_QUEUE_LIMIT: usize = 1_000_000;
/// Longest wait that may be asked for, in milliseconds.
const WAIT_MS_MAX: u64 = 600_000;
/// Most rows of one answer that may be asked for.
const ROWS_LIMIT: usize = 10_000_000;

/// One database file and how it is used.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The SQLite file. It is made when it is not there (readable by its owner only); its directory must exist.
    pub path: PathBuf,
    /// What survives a power cut. `normal`: the file stays whole, the last commits may be lost. `full`:
    /// every answered write survives; each commit waits for the disk. A crash of the program alone
    /// loses nothing in either.
    pub durability: Durability,
    /// Read-only connections, and so reads at one time. 0: one per core, at most 8.
    pub readers: usize,
    /// Writes that may wait for the writer, in number. When they do, further writes wait `wait_ms`.
    pub write_queue_max: usize,
    /// How long a read waits for a connection, and a write for a place in the queue, in milliseconds;
    /// then it fails as unavailable.
    pub wait_ms: u64,
    /// How long to wait while another process holds the file's lock, in milliseconds.
    pub busy_timeout_ms: u64,
    /// Page cache of each connection, in MiB, filled as it is needed.
    pub cache_mib: u32,
    /// How much of the file is read through a memory map, in MiB. 0 turns it off: do so where the disk
    /// may go away, because a failed read of mapped memory ends the program.
    pub mmap_mib: u32,
    /// Most rows of one answer; a query that finds more fails.
    pub rows_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: PathBuf::from("crossgate.db"),
            durability: Durability::default(),
            readers: 0,
            write_queue_max: 1024,
            wait_ms: 5_000,
            busy_timeout_ms: 5_000,
            cache_mib: 16,
            mmap_mib: 256,
            rows_max: 100_000,
        }
    }
}

/// What survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The file stays whole; the last commits may be lost.
    #[default]
    Normal,
    /// Every answered write survives. For ledgers.
    Full,
}

impl Config {
    /// The defaults, for the file at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// Makes a relative path relative to the configuration file's folder.
    pub fn relative_to(&mut self, folder: &Path) {
        if self.path.is_relative() {
            self.path = folder.join(&self.path);
        }
    }

    /// Checks every value without touching the file, for `crossgate check`.
    ///
    /// # Errors
    /// [`Error::Refused`], naming the setting and its range.
    pub fn validate(&self) -> Result<()> {
        if self.path.as_os_str().is_empty() {
            return Err(Error::refused("`path` is empty: name the database file"));
        }
        within("readers", self.readers, 0, READERS_MAX)?;
        within("write_queue_max", self.write_queue_max, 1, WRITE_QUEUE_LIMIT)?;
        within("wait_ms", self.wait_ms, 1, WAIT_MS_MAX)?;
        within("busy_timeout_ms", self.busy_timeout_ms, 1, WAIT_MS_MAX)?;
        within("rows_max", self.rows_max, 1, ROWS_LIMIT)
    }

    pub(crate) fn readers_count(&self) -> usize {
        match self.readers {
            0 => std::thread::available_parallelism().map_or(1, usize::from).min(READERS_AUTOMATIC_MAX),
            asked => asked,
        }
    }

    pub(crate) fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }
}

fn within<T: PartialOrd + std::fmt::Display + Copy>(name: &str, value: T, least: T, most: T) -> Result<()> {
    if value < least || value > most {
        return Err(Error::refused(format!("`{name}` is {value}: it must be from {least} to {most}")));
    }
    Ok(())
}
