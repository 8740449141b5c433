//! What an operator may say about the audit log.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossgate_store::{Durability, Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// Most places that may be asked for.
const QUEUE_LIMIT: usize = 1_000_000;
/// Longest gathering that may be asked for, in milliseconds.
const DELAY_MS_MAX: u64 = 1_000;
/// Longest time that one refusal may stand for others, in seconds.
const REPEATS_S_MAX: u64 = 3_600;
/// Longest wait for a place that may be asked for, in milliseconds.
const WAIT_MS_MAX: u64 = 60_000;

/// The audit log. It has a database file of its own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The SQLite file. It is made when it is not there; its directory must exist.
    pub path: PathBuf,
    /// What survives a power cut. `full`: every record that was written; `normal`: perhaps not the last ones.
    pub durability: Durability,
    /// Records that may wait to be written, and calls that may run, together, in number.
    pub queue_max: usize,
    /// What happens to a call for which no place is left.
    pub when_full: WhenFull,
    /// How long a call waits for a place with `when_full = "wait"`, in milliseconds.
    pub wait_ms: u64,
    /// How long records are gathered before they are written together, in milliseconds. A crash loses
    /// the records of this time at the most; a smaller value costs more work per record.
    pub delay_ms: u64,
    /// How long a refusal stands for others of the same kind from the same source, in seconds: those are counted, and one
    /// record tells of them then. While they go on the time doubles, up to an hour. 0 records each.
    pub repeats_s: u64,
    /// Days that records are kept; older ones are removed once they are verified. Without it they are kept for ever.
    pub keep_days: Option<u32>,
}

/// What happens to a call for which no place is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// It waits for `wait_ms`, and is refused then.
    #[default]
    Wait,
    /// It is refused at once.
    Refuse,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: PathBuf::from("audit.db"),
            durability: Durability::Full,
            queue_max: 32_768,
            when_full: WhenFull::default(),
            wait_ms: 2_000,
            delay_ms: 20,
            repeats_s: 60,
            keep_days: None,
        }
    }
}

impl Config {
    /// Makes a relative path relative to the configuration file's folder.
    pub fn relative_to(&mut self, folder: &Path) {
        if self.path.is_relative() {
            self.path = folder.join(&self.path);
        }
    }

    /// Checks every value without touching the file.
    ///
    /// # Errors
    /// [`Error::Refused`], naming the setting and its range.
    pub fn validate(&self) -> Result<()> {
        let checks = [
            ("queue_max", (1..=QUEUE_LIMIT).contains(&self.queue_max), format!("from 1 to {QUEUE_LIMIT}")),
            ("wait_ms", self.wait_ms <= WAIT_MS_MAX, format!("at most {WAIT_MS_MAX}")),
            ("delay_ms", self.delay_ms <= DELAY_MS_MAX, format!("at most {DELAY_MS_MAX}")),
            ("repeats_s", self.repeats_s <= REPEATS_S_MAX, format!("at most {REPEATS_S_MAX}")),
            ("keep_days", self.keep_days != Some(0), "at least 1, or left out".to_owned()),
        ];
        match checks.into_iter().find(|(_, fits, _)| !fits) {
            Some((name, _, range)) => Err(Error::refused(format!("`{name}` must be {range}"))),
            None => self.store().validate(),
        }
    }

    pub(super) fn store(&self) -> crossgate_store::Config {
        crossgate_store::Config { durability: self.durability, ..crossgate_store::Config::at(&self.path) }
    }

    pub(super) fn repeats(&self) -> Duration {
        Duration::from_secs(self.repeats_s)
    }

    pub(super) fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }

    pub(super) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}
