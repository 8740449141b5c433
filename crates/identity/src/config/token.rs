//! `[identity.tokens]` and `[identity.sessions]`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Rate, Secret};

/// The tokens that this program issues itself: at the token endpoint, for users who sign in, and by
/// `crossgate token issue`. Off without `issuer` and `key`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// The `iss` claim: the HTTPS URL under which this program is reached, without a slash at the end.
    pub issuer: String,
    /// The `aud` claim, and what is accepted as such; the issuer when empty.
    pub audience: Vec<String>,
    /// The private key that signs, in PEM (Ed25519, ECDSA P-256 or P-384, or RSA of at least 2048 bits):
    /// a `file:` or `env:` reference.
    pub key: Option<Secret>,
    /// Keys that no longer sign and whose tokens are still accepted: private or public, in PEM or as
    /// `file:` or `env:` references. Take a key out when the last of its tokens has expired.
    pub previous_keys: Vec<Secret>,
    /// How long tokens are valid, in seconds.
    pub lifetime_s: u64,
    /// Where the token endpoint is; `/oauth/token` under the issuer when empty. A client's assertion may
    /// name it as its audience.
    pub token_endpoint: String,
    /// Where our key set is; `/.well-known/jwks.json` under the issuer when empty.
    pub jwks_uri: String,
    /// How often one client may obtain a token.
    pub rate: Rate,
    /// Token ids (`jti` claims) that are refused although they have not expired.
    pub revoked: Vec<String>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            audience: Vec::new(),
            key: None,
            previous_keys: Vec::new(),
            lifetime_s: 900,
            token_endpoint: String::new(),
            jwks_uri: String::new(),
            rate: Rate { per_second: 5.0, burst: 20 },
            revoked: Vec::new(),
        }
    }
}

/// Browser sessions, which begin with a password.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// How long a session lasts at the most, in seconds.
    pub lifetime_s: u64,
    /// After how long without a request it ends, in seconds. It is measured to the minute.
    pub idle_s: u64,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { lifetime_s: 43_200, idle_s: 1_800 }
    }
}
