//! `[identity.issuers.NAME]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Secret;

/// Somebody whose bearer tokens are accepted. Exactly one of `jwks`, `public_key`, `file`, `jwks_url`
/// and `secret` says with which keys they are checked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Issuer {
    /// The exact value of the tokens' `iss` claim, to the last slash.
    pub issuer: String,
    /// The values of the `aud` claim that mean us; a token must name one of them.
    pub audience: Vec<String>,
    /// The signature algorithms that may be used. When empty: what fits each key's type (`RS256` ...
    /// `PS512` for RSA, `ES256` or `ES384` by curve, `EdDSA` for Ed25519, `HS256` for a secret). The
    /// token's own header never widens it.
    pub algorithms: Vec<String>,
    /// A JSON Web Key Set (RFC 7517), written out: `{ keys = [ ... ] }`.
    pub jwks: Option<serde_json::Value>,
    /// A public key or certificate in PEM, written out.
    pub public_key: Option<String>,
    /// A file with a JSON Web Key Set or with one public key or certificate in PEM.
    pub file: Option<PathBuf>,
    /// Where the issuer publishes its key set; HTTPS, or HTTP on this machine.
    pub jwks_url: Option<String>,
    /// The shared secret of HMAC signatures, at least 32 bytes: a `file:` or `env:` reference, or the secret.
    pub secret: Option<Secret>,
    /// How far the issuer's clock may be off, in seconds.
    pub leeway_s: u64,
    /// The claim that lists the caller's roles; a JSON Pointer (`/realm_access/roles`) reaches inside.
    /// When the token has none, the words of its `scope` claim are taken.
    pub roles_claim: String,
    /// From the issuer's words to roles here. When empty, the words are taken as role names (never as
    /// `anonymous` or `operator`); otherwise words that are not listed give nothing.
    pub role_map: BTreeMap<String, Vec<String>>,
    /// Refuses tokens issued longer ago than this, in seconds, however long they say they are valid.
    pub max_token_age_s: Option<u64>,
    /// Accepts tokens that do not follow RFC 9068: `typ` absent or `JWT`, without `iat`.
    pub compat: bool,
    /// Refuses tokens without an `exp` claim.
    pub require_exp: bool,
    /// The claims that may name the caller; the first that the token has is taken.
    pub subject_claims: Vec<String>,
    /// Put in front of the caller's name, so that two issuers' `alice` are told apart: `corp:`.
    pub subject_prefix: String,
    /// Token ids (`jti` claims) that are refused although they have not expired.
    pub revoked: Vec<String>,
    /// How long a fetched key set is used before it is fetched again, in seconds.
    pub jwks_ttl_s: u64,
    /// The least time between two fetches, in seconds, however many unknown key ids come in.
    pub jwks_refetch_s: u64,
    /// How long a key set is used past its time while it cannot be fetched, in seconds.
    pub jwks_stale_s: u64,
}

impl Default for Issuer {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            audience: Vec::new(),
            algorithms: Vec::new(),
            jwks: None,
            public_key: None,
            file: None,
            jwks_url: None,
            secret: None,
            leeway_s: 30,
            roles_claim: "roles".into(),
            role_map: BTreeMap::new(),
            max_token_age_s: None,
            compat: false,
            require_exp: true,
            subject_claims: vec!["sub".into()],
            subject_prefix: String::new(),
            revoked: Vec::new(),
            jwks_ttl_s: 600,
            jwks_refetch_s: 30,
            jwks_stale_s: 86_400,
        }
    }
}
