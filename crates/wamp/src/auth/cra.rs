//! WAMP-CRA: a challenge signed with a shared secret.

use std::num::NonZeroU32;

use aws_lc_rs::{hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{AuthError, secrets_equal, to_hex};
use crate::id::Id;
use crate::value::Map;

/// How the secret was salted, if it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CraSalt {
    /// The salt, as text.
    pub salt: String,
    /// How often the function is applied.
    pub iterations: u32,
    /// The key's length in bytes.
    pub keylen: usize,
}

/// The longest key in bytes.
const KEYLEN_MAX: usize = 256;

/// The key out of a password: base64 of PBKDF2 with SHA-256.
///
/// # Errors
/// No iterations, or a length of 0 or beyond 256.
pub fn cra_key(password: &[u8], salt: &CraSalt) -> Result<String, AuthError> {
    let iterations = NonZeroU32::new(salt.iterations).ok_or(AuthError("the salt has no iterations"))?;
    if salt.keylen == 0 || salt.keylen > KEYLEN_MAX {
        return Err(AuthError("the salt has no useful key length"));
    }
    let mut key = vec![0; salt.keylen];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt.salt.as_bytes(), password, &mut key);
    Ok(STANDARD.encode(key))
}

/// The answer to a challenge: base64 of HMAC with SHA-256. The key is the secret itself, or [`cra_key`].
#[must_use]
pub fn cra_sign(key: &[u8], challenge: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    STANDARD.encode(hmac::sign(&key, challenge.as_bytes()))
}

/// Whether an answer fits.
#[must_use]
pub fn cra_verify(key: &[u8], challenge: &str, signature: &str) -> bool {
    secrets_equal(cra_sign(key, challenge).as_bytes(), signature.as_bytes())
}

/// What the router asks the client to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CraChallenge {
    challenge: String,
}

impl CraChallenge {
    /// The challenge for a session that is about to be. The nonce is random and the timestamp RFC 3339: with the
    /// session's id they make it new each time.
    #[must_use]
    pub fn new(session: Id, authid: &str, authrole: &str, provider: &str, nonce: [u8; 32], timestamp: &str) -> Self {
        let challenge = serde_json::json!({
            "authid": authid,
            "authrole": authrole,
            "authmethod": "wampcra",
            "authprovider": provider,
            "nonce": to_hex(&nonce),
            "timestamp": timestamp,
            "session": session.get(),
        });
        Self { challenge: challenge.to_string() }
    }

    /// The text to be signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.challenge
    }

    /// CHALLENGE.Extra.
    #[must_use]
    pub fn extra(&self, salt: Option<&CraSalt>) -> Map {
        let extra = Map::new().with("challenge", self.challenge.as_str());
        match salt {
            None => extra,
            Some(salt) => extra
                .with("salt", salt.salt.as_str())
                .with("iterations", u64::from(salt.iterations))
                .with("keylen", salt.keylen as u64),
        }
    }
}
