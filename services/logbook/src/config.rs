//! What an operator may say about the logbook.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

/// The longest line that may be asked for, in bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// What log daemons report, and for how long it is kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long entries are kept, in days.
    #[schemars(range(min = 1, max = 36500))]
    pub keep_days: u32,
    /// The most entries that are kept; the oldest go first.
    #[schemars(range(min = 1))]
    pub entries_max: u64,
    /// The most bytes of entries that are kept; the oldest go first.
    #[schemars(range(min = 1))]
    pub bytes_max: u64,
    /// What is kept of one line, in bytes; the rest is cut off. At most 64 KiB.
    #[schemars(range(min = 16, max = 65536))]
    pub line_bytes_max: usize,
    /// The most readers of the live stream at a time.
    pub streams_max: usize,
    /// The most of one caller.
    pub streams_per_caller_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keep_days: 30,
            entries_max: 1_000_000,
            bytes_max: 512 * 1024 * 1024,
            line_bytes_max: 8 * 1024,
            streams_max: 256,
            streams_per_caller_max: 16,
        }
    }
}

impl Config {
    /// What cannot be meant; the sentence is for whoever starts the program.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        if !(1..=36_500).contains(&self.keep_days) {
            return Some("`keep_days` is from 1 to 36500");
        }
        if self.entries_max == 0 || self.bytes_max == 0 {
            return Some("`entries_max` and `bytes_max` are at least 1");
        }
        if !(16..=LINE_BYTES_MAX).contains(&self.line_bytes_max) {
            return Some("`line_bytes_max` is from 16 to 65536");
        }
        None
    }

    pub(crate) fn keep(&self) -> Duration {
        Duration::from_secs(u64::from(self.keep_days) * 86_400)
    }
}
