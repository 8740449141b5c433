//! `[identity.clients.ID]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{CertificateRule, Secret};

/// A program that may obtain tokens at the token endpoint (RFC 6749 section 4.4). At least one of
/// `secret_hash`, a key (`jwks`, `public_key`, `file`, `jwks_url`) and `tls` says how it proves itself.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    /// The hash of its secret: argon2id (`$argon2id$...`, from `crossgate hash password`), or `sha256:`
    /// and 64 hex digits for a secret of at least 128 random bits. Or a `file:` or `env:` reference to it.
    pub secret_hash: Option<Secret>,
    /// The key set that checks its assertions (`private_key_jwt`, RFC 7523), written out.
    pub jwks: Option<serde_json::Value>,
    /// The public key that checks its assertions, in PEM.
    pub public_key: Option<String>,
    /// A file with the key set, or with one public key or certificate in PEM.
    pub file: Option<PathBuf>,
    /// Where it publishes its key set; HTTPS, or HTTP on this machine.
    pub jwks_url: Option<String>,
    /// The TLS client certificate that it proves itself with (`tls_client_auth`, RFC 8705). `id` and
    /// `roles` stay empty here.
    pub tls: Option<CertificateRule>,
    /// The roles that its tokens carry. Each is also a scope that it may ask for alone.
    pub roles: Vec<String>,
    /// Further scopes that it may ask for. They are written into the token and grant nothing here.
    pub scopes: Vec<String>,
    /// How long its tokens are valid, in seconds; `tokens.lifetime_s` when absent.
    pub lifetime_s: Option<u64>,
    /// Binds its tokens to the certificate that it connects with (RFC 8705 section 3), so that they are
    /// of no use to anybody else. When absent: yes for clients with `tls`, no for others.
    pub certificate_bound: Option<bool>,
}
