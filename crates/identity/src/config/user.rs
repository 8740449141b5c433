//! `[identity.users.NAME]` and `[identity.api_keys.NAME]`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Secret;

/// Somebody who signs in with a password.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct User {
    /// The argon2id hash of the password (`$argon2id$...`, from `crossgate hash password`), or a
    /// `file:` or `env:` reference to it.
    pub password: Option<Secret>,
    /// The roles that the user holds.
    pub roles: Vec<String>,
}

/// A program that presents an API key.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ApiKey {
    /// The SHA-256 of the key, 64 hex digits. The key itself is kept by its user alone, and must be
    /// random: at least 128 bits.
    pub sha256: String,
    /// The roles that it gives.
    pub roles: Vec<String>,
    /// When it ends, in quotes: `"2027-01-01T00:00:00Z"`; never when absent.
    #[schemars(with = "Option<String>")]
    pub expires: Option<Timestamp>,
}
