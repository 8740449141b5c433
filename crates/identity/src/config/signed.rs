//! `[identity.signed_keys.NAME]`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Secret;

/// A program that signs its requests with a secret that it shares with us, as clients of Crossbar's HTTP bridge do. The key's name
/// is what it sends as `key`, and what the audit log calls it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignedKey {
    /// The shared secret, at least 16 bytes: `file:PATH` or `env:NAME`.
    pub secret: Option<Secret>,
    /// The roles that it gives.
    pub roles: Vec<String>,
    /// How far a request's timestamp may be from our clock, in seconds, either way; at most an hour.
    pub window_s: u64,
}

impl Default for SignedKey {
    fn default() -> Self {
        Self { secret: None, roles: Vec::new(), window_s: 300 }
    }
}
