//! `[[webhooks]]`.

use std::path::Path;

use crossgate_router::realm::HistoryMatch;
use schemars::JsonSchema;
use serde::Deserialize;

/// Events of a realm that are posted to an address of yours, signed by Standard Webhooks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// What the log, the metrics and the audit log call it; each has its own.
    pub(crate) name: String,
    /// The realm; the built-in services' when absent.
    #[serde(default)]
    pub(crate) realm: Option<String>,
    /// The topic or pattern.
    pub(crate) topic: String,
    /// How it stands for others.
    #[serde(default)]
    pub(crate) r#match: HistoryMatch,
    /// The one role of the webhook's session: it must be granted to subscribe to the topic.
    pub(crate) role: String,
    /// Where events are posted to: `https://…`.
    pub(crate) url: String,
    /// `file:PATH` or `env:NAME` of the signing secret: `whsec_` and base64 of 24 to 64 random bytes.
    pub(crate) secret: String,
    /// How often one event is tried before it is given up.
    #[serde(default = "attempts")]
    pub(crate) attempts_max: u32,
    /// The wait before the second attempt, in milliseconds; each further one is about twice as long, at most five minutes.
    #[serde(default = "backoff")]
    pub(crate) backoff_ms: u64,
    /// How long one attempt may take, in milliseconds.
    #[serde(default = "timeout")]
    pub(crate) timeout_ms: u64,
    /// The most events that wait for their delivery, retries included; further ones are given up.
    #[serde(default = "queue")]
    pub(crate) queue_max: usize,
    /// How many are posted at a time.
    #[serde(default = "concurrency")]
    pub(crate) concurrency: usize,
    /// Lets the address be `http://`.
    #[serde(default)]
    pub(crate) allow_http: bool,
    /// Lets the address be in a private or other special-purpose network.
    #[serde(default)]
    pub(crate) allow_private: bool,
}

const fn attempts() -> u32 {
    8
}

const fn backoff() -> u64 {
    1_000
}

const fn timeout() -> u64 {
    15_000
}

const fn queue() -> usize {
    1_000
}

const fn concurrency() -> usize {
    4
}

impl Config {
    /// The realm whose events it posts.
    pub(crate) fn realm<'a>(&'a self, program: &'a str) -> &'a str {
        self.realm.as_deref().unwrap_or(program)
    }

    /// Makes a relative path in the secret's reference relative to the configuration file's folder.
    pub(crate) fn relative_to(&mut self, folder: &Path) {
        if let Some(path) = self.secret.strip_prefix("file:") {
            self.secret = format!("file:{}", folder.join(path).display());
        }
    }
}
